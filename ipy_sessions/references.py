"""Which sessions and turns are meant, by a reference or by what they have, and what to say when none or too many are.

Pure.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from ipy_sessions.errors import SessionBusyError, TurnNotFoundError
from ipy_sessions.summary import SessionInfo
from ipy_sessions.turns import Turn, Turns

Rows: TypeAlias = list[SessionInfo]

SHORTEST_TAIL = 4  # characters of an id's end that may stand for it


def matching(ref: str, rows: Sequence[SessionInfo]) -> Rows:
    """Return the sessions that a reference means: by name, else by id, its end or beginning, else by title."""
    if named := [row for row in rows if row.name == ref]:
        return named
    bare = ref.replace("-", "").lower()
    exact = [row for row in rows if row.id == ref]
    ends = [row for row in rows if len(bare) >= SHORTEST_TAIL and row.id.replace("-", "").lower().endswith(bare)]
    begins = [row for row in rows if len(ref) >= SHORTEST_TAIL and row.id.startswith(ref)]
    return exact or ends or begins or [row for row in rows if row.title == ref]


def unknown(ref: str, rows: Sequence[SessionInfo]) -> str:
    """Return the sentence for a reference that none answers to, with those that are near it."""
    if not rows:
        return f"There is no session {ref!r}: there are none here yet. Ask something, and there is one."
    folded = ref.casefold()
    within = [row for row in rows if folded in row.title.casefold() or row.tail.startswith(folded)]
    titles = {row.title: row for row in rows}
    near = within or [titles[title] for title in difflib.get_close_matches(ref, titles, n=3, cutoff=0.5)]
    if near:
        return f"There is no session {ref!r}. Near it: {names(near[:5])}."
    return f"There is no session {ref!r}. `%session list --all` shows those that there are."


def names(rows: Sequence[SessionInfo]) -> str:
    """Return what tells some sessions apart: titles with the ends of ids, or with files where those ends agree."""
    tails = [row.tail for row in rows]
    return ", ".join(f"{row.title!r} ({row.tail if tails.count(row.tail) == 1 else row.path.name})" for row in rows)


def busy(called: str, error: SessionBusyError) -> str:
    """Return the sentence for a session that another kernel has open, with the three ways on."""
    here = getattr(error.owner, "is_here", False)
    where = "in this kernel, by another SessionManager" if here else f"elsewhere: {error.owner or 'in another program'}"
    return (
        f"{called} is open {where}. To read it here, type `%session open {called} --read-only`; to go on in a copy, "
        f"`%session fork {called}`; to wait until it is free, `%session open {called} --wait 60`."
    )


def turn_meant(written: str, turns: Turns, title: str) -> Turn:
    """Return the turn that is meant by its number, its label, its id or the end of that; `title` is the session's.

    Raises
    ------
    TurnNotFoundError
        When none, or more than one, answers to it.
    """
    labelled = [turn for turn, label in turns.labels.items() if label == written]
    if len(labelled) == 1:
        return turns.at(labelled[0])
    bare = written.removeprefix("turn ").removeprefix("#")
    if bare.isdecimal() and 1 <= int(bare[:9]) <= len(turns):
        return turns.numbered(int(bare))
    end = _undashed(bare)
    ends = [turn for turn in turns.ids if len(end) >= SHORTEST_TAIL and _undashed(turn).endswith(end)]
    if len(ends) == 1 and not labelled:
        return turns.at(ends[0])
    if labelled or ends:
        called = ", ".join(str(turns.at(turn).number) for turn in labelled or ends)
        raise TurnNotFoundError(f"Several turns answer to {written!r}: say which by its number, {called}.")
    there = f"Its turns are 1 to {len(turns)}" if len(turns) else "It has none yet"
    raise TurnNotFoundError(f"{title} has no turn {written!r}. {there}: `%session tree` shows them.")


def _undashed(turn: str) -> str:
    return turn.replace("-", "").lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which rows are wanted; the attributes are the parameters of `SessionManager.list`."""

    name: str | None = None
    tag: str | None = None
    model: str | None = None
    key: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    def takes(self, row: SessionInfo) -> bool:
        """Tell whether a row is wanted."""
        return (
            (self.name is None or self.name.casefold() in row.title.casefold())
            and (self.tag is None or self.tag in row.tags)
            and (self.model is None or self.model == row.model)
            and (self.key is None or (row.key or "").startswith(self.key))
            and (self.since is None or row.modified >= self.since)
            and (self.until is None or row.modified <= self.until)
        )
