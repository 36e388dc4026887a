"""Sessions to choose from, as they stand where nothing can be clicked. Pure: values in, `Markup` out.

It refuses to count messages, which needs whole files: the picker that stands in its place comes at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

from ipy_sessions.render.markup import Markup, table
from ipy_sessions.render.panels import Listing, line, stacked, when

OFFERED = 20  # rows that are shown
LONGEST = 60  # signs of a name
NAMED = 5  # files that are no sessions, which are named


def offered(listing: Listing, now: datetime, skipped: Sequence[tuple[Path, str]] = ()) -> Markup:
    """Return the latest sessions, each with what opens it.

    Parameters
    ----------
    listing
        The sessions; their numbers are those of this list.
    now
        The time, for "2 hours ago".
    skipped
        Files that are no sessions, each with the reason.
    """
    current = [] if listing.current is None else [("▸ 0", listing.current)]
    numbered = [*current, *((str(number), row) for number, row in enumerate(listing.others[:OFFERED], start=1))]
    notes = list(_notes(listing)) if numbered else ["No session yet: ask something, and there is one."]
    notes += [f"Skipped {path.name}: {reason}" for path, reason in skipped[:NAMED]]
    if len(skipped) > NAMED:
        notes.append(f"Skipped, too, {len(skipped) - NAMED:,} more files: `%session list` names them.")
    shown = table(
        ("#", "session", "last message", "notebook", "id"),
        [(number, _cut(row.title), when(row, now), row.notebook or "", row.tail) for number, row in numbered],
        right=(0,),
    )
    return stacked([*([shown] if numbered else []), *map(line, notes)])


def _notes(listing: Listing) -> Iterator[str]:
    """Yield what is to be typed for one of them."""
    if listing.others:
        first = listing.others[0].tail
        yield f"`%session open 1` opens the first of them; in another kernel its id does: `%session open {first}`."
    elif listing.current is not None:
        yield f"It is in use here; in another kernel its id opens it: `%session open {listing.current.tail}`."
    if len(listing.others) > OFFERED:
        yield f"{len(listing.others) - OFFERED:,} more: `%session list --all` shows them."


def _cut(title: str) -> str:
    return title if len(title) <= LONGEST else f"{title[: LONGEST - 1]}…"
