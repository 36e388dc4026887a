"""Which session a reference means, and what to say when none or more than one does. Pure."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import TypeAlias

from ipy_sessions.summary import SessionInfo

Rows: TypeAlias = list[SessionInfo]

SHORTEST_TAIL = 4  # characters of an id's end that may stand for it


def matching(ref: str, rows: Sequence[SessionInfo]) -> Rows:
    """Return the sessions that a reference means: by name, or else by id or the end of one."""
    if named := [row for row in rows if row.name == ref]:
        return named
    bare = ref.replace("-", "").lower()
    exact = [row for row in rows if row.id == ref]
    return exact or [
        row for row in rows if len(bare) >= SHORTEST_TAIL and row.id.replace("-", "").lower().endswith(bare)
    ]


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
