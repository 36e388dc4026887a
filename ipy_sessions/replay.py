"""What running an ask comes to: show the logged answer, branch, ask at the end, or refuse.

Pure: it decides and does nothing. A cell is a place in the conversation, since every turn records its cell; so an ask
that is run again is replayed, one that was changed branches where it stood, and what stands above it in the notebook
comes along. Only complete turns are ever replayed, and none that was dropped: `Turns` leaves those out.

The rules, with a mode of ``"auto"``:

1. A complete turn of this place with the same ask is on the active branch: it is replayed, and the leaf stays.
2. Else, a turn of this place is on the active branch: the conversation branches from where the last such turn began.
   Turns behind it that belong to places above are carried along. If the ask was answered there already, that is
   replayed, and the leaf moves to where that branch was last left.
3. Else a child of the leaf with this place and ask is replayed, and the leaf moves to it. A turn that a moving command
   of a cell below has left behind is replayed, too, and the leaf stays. Or else it is asked at the leaf.

Hosts without stable cell ids match asks by their text (`match`), each turn once a kernel.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import compress
from typing import TypeAlias

from ipy_sessions.ask import Ask, Place
from ipy_sessions.entries import Entry
from ipy_sessions.turns import Turn, Turns

LOOKED_AT = 300  # turns, of which the one that is most like an ask is found


@dataclass(frozen=True, slots=True)
class Order:
    """The cells of the saved notebook, from top to bottom.

    Parameters
    ----------
    cells
        Their ids.
    saved
        When it was saved, as the log writes times; empty when that is not known.
    moving
        Those of the cells that hold a moving command; ``None`` when that is not known.
    """

    cells: tuple[str, ...] = ()
    saved: str = ""
    moving: frozenset[str] | None = None

    def above(self, place: Place, others: Iterable[Place]) -> list[bool]:
        """Tell of each of some places whether it stands above another.

        What is not in the notebook is below, or has nothing above it. The cells are gone through once for all of them.
        """
        cell, number = place
        if cell not in self.cells:
            return [False for _ in others]
        cells = frozenset(self.cells[: self.cells.index(cell)])
        return [one in cells or (number > 1 and one == cell and asked < number) for one, asked in others]

    def stands_above(self, place: Place, other: Place) -> bool:
        """Tell whether a place stands above another."""
        return self.above(other, [place])[0]

    def is_below(self, cell: str, ask: Ask, written: str) -> bool:
        """Tell whether a cell that moved at a time, and still would, stands below that of an ask.

        One that was not saved yet does.
        """
        if cell not in self.cells:
            return self.saved < written
        moves = self.moving is None or cell in self.moving
        return moves and ask.cell in self.cells and self.cells.index(cell) > self.cells.index(ask.cell)

    def is_doubled(self, cell: str | None) -> bool:
        """Tell whether two cells have the same id, as after copying them by hand."""
        return cell is not None and self.cells.count(cell) > 1


@dataclass(frozen=True, slots=True)
class Replay:
    """Show a logged answer.

    Parameters
    ----------
    turn
        The turn.
    moves, leaf
        Whether the leaf moves, and where to.
    aside
        Whether a moving command has left the turn behind, so that what follows does not see it.
    """

    turn: Turn
    moves: bool = False
    leaf: str | None = None
    aside: bool = False


@dataclass(frozen=True, slots=True)
class Branch:
    """Ask elsewhere than at the leaf.

    Parameters
    ----------
    over
        The turn of this place that it becomes a sibling of.
    at
        Where the new branch begins: the leaf moves there first.
    carried
        Turns to be copied behind that, in this order.
    left
        Ids of the questions that were active, and are on the other branch then; that of `over` is not among them.
    """

    over: Turn
    at: str | None
    carried: list[Turn] = field(default_factory=list)
    left: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Append:
    """Ask at the leaf."""


@dataclass(frozen=True, slots=True)
class Missing:
    """Refuse: only what is logged may be shown, and this is not.

    Parameters
    ----------
    near
        The turn that was asked at this place, or otherwise comes nearest; ``None`` when there is none.
    """

    near: Turn | None


Decision: TypeAlias = Replay | Branch | Append


def decide(turns: Turns, ask: Ask, order: Order = Order()) -> Decision:
    """Return what running an ask comes to, in a host with stable cell ids; `order` is that of the notebook's cells."""
    mine = [turn for turn in turns.of_cell(ask.cell) if turn.ask.number == ask.number]
    if order.is_doubled(ask.cell):
        mine = [turn for turn in mine if turn.ask.says_as(ask)]  # two cells of one id are told apart by what they say
    active = [turn for turn in mine if turns.is_active(turn)]
    for turn in reversed(active):
        if turn.ask.says_as(ask) and turn.complete:
            return Replay(turn)
    if active:
        return _branched(turns, ask, order, active[-1])
    return _at_the_leaf(turns, ask, order, mine)


def _branched(turns: Turns, ask: Ask, order: Order, over: Turn) -> Decision:
    """Branch from where a turn began, keeping what stands above its place."""
    at, carried = over.before, list[Turn]()
    behind = turns.questions(turns.leaf, behind=over.id)
    above = order.above(ask.place, turns.places(behind))
    for turn in map(turns.at, compress(behind, above)):
        there = None if carried else _same(turns.behind(at), turn.ask, complete=turn.complete)
        if there is None:
            carried.append(turn)
        else:
            at = there.last
    answered = None if carried else _same(turns.behind(at), ask, complete=True)
    if answered is not None:
        return Replay(answered, moves=True, leaf=turns.branches.tip(answered.last))
    left = [question for question, stays in zip(behind, above, strict=True) if not stays]
    return Branch(over, at, carried, left)


def _same(candidates: Sequence[Turn], ask: Ask, *, complete: bool) -> Turn | None:
    """Return the latest of some turns with the same place and ask."""
    for turn in reversed(candidates):
        if turn.ask.place == ask.place and turn.ask.says_as(ask) and turn.complete is complete:
            return turn
    return None


def _at_the_leaf(turns: Turns, ask: Ask, order: Order, mine: Sequence[Turn]) -> Decision:
    child = _same(turns.behind(turns.leaf), ask, complete=True)
    aside = _set_aside(turns, ask, order, mine)
    if aside is not None:
        return Replay(aside, aside=True)
    return Append() if child is None else Replay(child, moves=True, leaf=child.last)


def _set_aside(turns: Turns, ask: Ask, order: Order, mine: Sequence[Turn]) -> Turn | None:
    """Return the answered turn that a moving command of a cell below has left behind, if it is still left behind."""
    answered = [turn for turn in mine if turn.complete and turn.ask.says_as(ask)]
    for move in in_effect(turns) if answered else ():
        if order.is_below(move.fields["cell_id"], ask, move.ts):
            for turn in reversed(answered):
                if turns.branches.is_left(turn.id, move.fields["from_id"]):
                    return turn
    return None


def in_effect(turns: Turns) -> list[Entry]:
    """Return the moves that commands of cells have made and that still hold, the latest first.

    One holds while the conversation is where it led, and not where it was before; or while where it led was left
    behind by a later one that holds.
    """
    found: list[Entry] = []
    for move in reversed(turns.moves):
        target, before = move.fields.get("target_id"), move.fields.get("from_id")
        if not isinstance(move.fields.get("cell_id"), str) or before not in turns.branches:
            continue
        left = any(turns.branches.is_left(target, later.fields["from_id"]) for later in found)
        if (left or turns.branches.is_active(target)) and not turns.branches.is_active(before):
            found.append(move)
    return found


def match(turns: Turns, ask: Ask, used: Collection[str]) -> Decision:
    """Return what running an ask comes to, in a host without stable cell ids.

    Parameters
    ----------
    turns
        The session's.
    ask
        The ask.
    used
        Ids of the questions that this kernel has shown or asked already.
    """
    free = [turn for turn in turns.that_say(ask) if turn.id not in used and turn.complete]
    for turn in free:
        if turns.is_active(turn):
            return Replay(turn)
    children = {turn.id for turn in turns.behind(turns.leaf)}
    other = next((turn for turn in free if turn.id in children), None) or next(iter(free), None)
    return Append() if other is None else Replay(other, moves=True, leaf=other.last)


def next_take(turns: Turns, ask: Ask) -> int:
    """Return the first take that was not asked for yet, of what is asked at a place."""
    asks = [] if ask.cell is None else [turn.ask for turn in turns.of_cell(ask.cell) if turn.ask.number == ask.number]
    return 1 + max((one.take for one in asks if replace(one, take=ask.take).says_as(ask)), default=ask.take)


def strictly(turns: Turns, ask: Ask, decision: Decision) -> Replay | Missing:
    """Return a decision as far as it asks nothing: what is not logged is refused."""
    if isinstance(decision, Replay):
        return decision
    if isinstance(decision, Branch):
        return Missing(decision.over)
    here = [turn for turn in turns.of_cell(ask.cell) if turn.ask.number == ask.number] if ask.cell else []
    return Missing(here[-1] if here else _nearest(turns, ask))


def _nearest(turns: Turns, ask: Ask) -> Turn | None:
    """Return the turn whose question is most like an ask."""
    from difflib import SequenceMatcher

    def likeness(turn: Turn) -> float:
        return SequenceMatcher(None, turn.question.text[:500], ask.text[:500]).quick_ratio()

    return max(map(turns.at, turns.kept[-LOOKED_AT:]), key=likeness, default=None)
