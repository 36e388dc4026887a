"""Which turns are drawn, in which order, and how far in. Pure.

A line of turns stays at one depth, however long it is. Where several turns follow the same one, all but one of them
are side branches, each a step further in, and drawn first; then the line goes on. It goes on with the active turn, or
with the one that most turns follow, so that the depth grows with the logarithm of a tree and not with its length.

Nothing here calls itself: a conversation may be deeper than Python's stack.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ipy_sessions.turns import Turn, Turns

SHOWN = 200  # turns of a picture; the others are counted


@dataclass(frozen=True, slots=True)
class Row:
    """One turn in its place.

    Parameters
    ----------
    turn
        The turn.
    depth
        How far in it stands.
    above
        The row's number, from 0, of the turn that it follows; ``None`` for a first one.
    branches
        Whether it begins a side branch.
    skips
        Whether turns between it and the one above are left out.
    active
        Whether it is on the active branch.
    here
        Whether the conversation stands at it.
    dropped
        Id of the question that it was dropped with, which may be its own; empty when it was not.
    """

    turn: Turn
    depth: int
    above: int | None
    branches: bool
    skips: bool
    active: bool
    here: bool
    dropped: str = ""


@dataclass(frozen=True, slots=True)
class Shape:
    """A tree, ready to be drawn.

    Parameters
    ----------
    rows
        The turns that are drawn, from top to bottom.
    left_out
        How many others there are, but for dropped ones.
    dropped
        How many were dropped, drawn or not.
    ends
        How many branches there are: turns that no turn follows; dropped ones do not count.
    here
        The turn that the conversation stands at; ``None`` before the first.
    within
        Whether it stands inside of that turn, as between a question and its answer.
    has_start
        Whether the place before the first turn is drawn: it is a fork, or the conversation stands there.
    """

    rows: tuple[Row, ...]
    left_out: int
    dropped: int
    ends: int
    here: Turn | None
    within: bool
    has_start: bool

    @property
    def count(self) -> int:
        """How many turns there are that were not dropped."""
        return sum(not row.dropped for row in self.rows) + self.left_out


def shape(turns: Turns, most: int | None = SHOWN) -> Shape:
    """Return how a tree is drawn, with at most so many turns; ``None`` for all, dropped ones too."""
    questions = turns.ids if most is None else turns.kept
    before = _uncircled({question: turns.question_before(question) for question in questions})
    dropped = turns.dropped
    leaf = turns.question_of(turns.leaf)
    shown = before.keys() if most is None or len(before) <= most else _chosen(turns, most)
    above = _contracted(before, shown)
    here = None if leaf is None else turns.at(leaf)
    firsts = sum(follows is None for follows in above.values())
    return Shape(
        tuple(_rows(turns, above, before, leaf)),
        len(before) - len(above),
        len(dropped),
        _ends(before, dropped),
        here,
        here is not None and turns.leaf in {entry.id for entry in here.entries[:-1]},
        firsts > 1 or (firsts == 1 and here is None),
    )


def _ends(before: Mapping[str, str | None], dropped: Collection[str]) -> int:
    kept = before.keys() - dropped
    return len(kept - {before[question] for question in kept})


def _uncircled(before: dict[str, str | None]) -> dict[str, str | None]:
    """Cut each circle where it closes, as a damaged file may hold one."""
    found = dict(before)
    ended: set[str | None] = {None}
    for question in before:
        way: set[str] = set()
        at: str | None = question
        while at is not None and at not in ended and at not in way:
            way.add(at)
            at = found[at]
        if at is not None and at in way:
            found[at] = None
        ended |= way
    return found


def _chosen(turns: Turns, most: int) -> set[str]:
    """Return the turns that are drawn of many: the end of the active branch, labelled ones, the latest of all."""
    active = turns.questions(turns.leaf)[: -most // 2 - 1 : -1]
    kept, dropped = turns.kept, turns.dropped
    labelled = [question for question in turns.labels if question not in dropped]
    wanted = dict.fromkeys([*active, *labelled, *reversed(kept)])
    return set(list(wanted)[:most])


def _contracted(before: Mapping[str, str | None], shown: Collection[str]) -> dict[str, str | None]:
    """Return what each turn that is drawn follows among those."""
    nearest: dict[str | None, str | None] = {None: None}
    for question in before:
        way: list[str] = []
        at: str | None = question
        while at not in nearest:
            way.append(str(at))
            at = before[str(at)]
        for step in reversed(way):
            follows = before[step]
            nearest[step] = follows if follows in shown else nearest[follows]
    return {question: nearest[question] for question in before if question in shown}


def _rows(
    turns: Turns, above: Mapping[str, str | None], before: Mapping[str, str | None], leaf: str | None
) -> Iterator[Row]:
    active, dropped = set(turns.questions(leaf)), turns.dropped
    places: dict[str | None, int] = {None: -1}
    for question, depth, branches in _in_order(above, active, dropped):
        follows = above[question]
        yield Row(
            turns.at(question),
            depth,
            None if follows is None else places[follows],
            branches=branches,
            skips=follows != before[question],
            active=question in active,
            here=question == leaf,
            dropped=dropped.get(question, ""),
        )
        places[question] = len(places) - 1


def _in_order(
    above: Mapping[str, str | None], active: Collection[str], dropped: Collection[str]
) -> Iterator[tuple[str, int, bool]]:
    """Yield each turn with its depth, and whether it begins a side branch: these first, and then the line."""
    following: dict[str | None, list[str]] = {}
    for question, follows in above.items():
        following.setdefault(follows, []).append(question)
    weights = _weights(above, following)

    def behind(question: str | None, depth: int) -> Iterator[tuple[str, int, bool]]:
        """Yield what follows a turn, the last one first."""
        ones = following.get(question, ())
        line = max(reversed(ones), key=lambda one: (one in active, one not in dropped, weights[one]), default=None)
        if line is not None:
            yield line, depth, False
        yield from ((one, depth + 1, True) for one in reversed(ones) if one != line)

    waiting = list(behind(None, 0))
    while waiting:
        found = waiting.pop()
        yield found
        waiting += behind(*found[:2])


def _weights(above: Mapping[str, str | None], following: Mapping[str | None, Sequence[str]]) -> dict[str, int]:
    """Return for each turn how many stand behind it, itself included."""
    ordered = list(following.get(None, ()))
    for question in ordered:  # it grows while it is gone through
        ordered += following.get(question, ())
    weights = dict.fromkeys(above, 1)
    for question in reversed(ordered):
        follows = above[question]
        if follows is not None:
            weights[follows] += weights[question]
    return weights
