"""Sessions to choose from, as they stand where nothing can be clicked. Pure: values in, `Markup` out.

It refuses to count messages, which needs whole files: the picker that stands in its place comes at once.
"""

from __future__ import annotations

from datetime import datetime

from ipy_sessions.render.markup import Markup, table
from ipy_sessions.render.panels import Listing, line, stacked, when

OFFERED = 20  # rows that are shown


def offered(listing: Listing, now: datetime) -> Markup:
    """Return the latest sessions, each with what opens it.

    Parameters
    ----------
    listing
        The sessions; their numbers are those of this list.
    now
        The time, for "2 hours ago".
    """
    current = [] if listing.current is None else [("▸ 0", listing.current)]
    numbered = [*current, *((str(number), row) for number, row in enumerate(listing.others[:OFFERED], start=1))]
    if not numbered:
        return line("No session yet: ask something, and there is one.")
    shown = table(
        ("#", "session", "last message", "notebook", "id"),
        [(number, row.title, when(row, now), row.notebook or "", row.tail) for number, row in numbered],
        right=(0,),
    )
    example = numbered[-1][1] if listing.current is None or not listing.others else listing.others[0]
    notes = [
        f"`%session open 1` opens the first of them; in another kernel its id does: `%session open {example.tail}`."
    ]
    if len(listing.others) > OFFERED:
        notes.append(f"{len(listing.others) - OFFERED:,} more: `%session list --all` shows them.")
    return stacked([shown, *map(line, notes)])
