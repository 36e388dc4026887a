"""How the cells of a notebook stand to a conversation as it is.

It reads and does nothing. It sees what `replay` sees: an ask is current when running it would show its answer and move
nothing, left behind when its answer would be shown where a command has left it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from ipy_sessions.ask import Ask, Place
from ipy_sessions.cell_values import CellState
from ipy_sessions.notebook_cells import Line
from ipy_sessions.render import cells as shown
from ipy_sessions.replay import Order, Replay, decide, match
from ipy_sessions.session import Session
from ipy_sessions.turns import Turn, Turns


class Survey(list[CellState]):
    """How the asks of a notebook stand to a conversation, from top to bottom, and then what is not in it any more.

    Parameters
    ----------
    states
        One for each ask.
    saved
        When the notebook was saved; empty when that is not known.
    """

    def __init__(self, states: Iterable[CellState], saved: str = "") -> None:
        super().__init__(states)
        self.saved = saved

    def __repr__(self) -> str:
        return shown.survey(self, self.saved).plain

    def _repr_markdown_(self) -> str:
        return shown.survey(self, self.saved).markdown


def survey(session: Session, lines: Sequence[Line], order: Order) -> Survey:
    """Return how the asks among some lines stand to a conversation, and which of its turns have none.

    Parameters
    ----------
    session
        The conversation; it stays as it is.
    lines
        What `notebook_cells.lines_of` has read.
    order
        That of the notebook's cells.
    """
    return Survey(_Survey(session, order).states(lines), order.saved)


class _Survey:
    """One look at a conversation; the parameters are those of `survey`."""

    def __init__(self, session: Session, order: Order) -> None:
        self._session = session
        self._turns: Turns = session.turns
        self._order = order
        self._misplaced = misplaced(self._turns.active(), order)
        self._used: set[str] = set()

    def states(self, lines: Sequence[Line]) -> Iterator[CellState]:
        """Yield how each ask stands, and then what is missing."""
        for line in lines:
            if line.ask is not None or line.error:
                yield replace(self._state(line), doubled=self._order.is_doubled(line.cell))
        yield from self._missing(lines)

    def _state(self, line: Line) -> CellState:
        state = CellState(line.position, line.cell, line.text, "never asked")
        if line.error or line.ask is None:
            return replace(state, state="error", note=line.error)
        if line.session is not None:
            return replace(state, state="elsewhere", note=f"the session {line.session}")
        ask = self._session.masked(line.ask)
        return self._by_text(state, ask) if ask.cell is None else self._by_place(state, ask)

    def _by_text(self, state: CellState, ask: Ask) -> CellState:
        """Tell by its text how an ask stands whose cell has no id."""
        said = [turn for turn in self._turns.that_say(ask) if turn.id not in self._used]
        found = match(self._turns, ask, self._used)
        if not isinstance(found, Replay):
            return self._elsewhere(state, ask, said)
        self._used.add(found.turn.id)
        return self._told(state, "on another branch" if found.moves else "current", found.turn)

    def _by_place(self, state: CellState, ask: Ask) -> CellState:
        found = decide(self._turns, ask, self._order)
        if isinstance(found, Replay) and not found.moves:
            return self._told(state, "left behind" if found.aside else "current", found.turn)
        mine = [turn for turn in self._turns.of_cell(ask.cell) if turn.ask.number == ask.number]
        same = [turn for turn in mine if turn.ask.says_as(ask)]
        if self._order.is_doubled(ask.cell):
            mine = same
        active = [turn for turn in mine if self._turns.is_active(turn)]
        if active:
            return self._told(state, "unfinished" if active[-1].ask.says_as(ask) else "changed", active[-1])
        return self._elsewhere(state, ask, same) if same or not mine else self._told(state, "changed", mine[-1])

    def _elsewhere(self, state: CellState, ask: Ask, said: Sequence[Turn]) -> CellState:
        """Tell of an ask by the turns that say the same and are not on the active branch, or have no whole answer."""
        whole = [turn for turn in said if turn.complete]
        if whole:
            return self._told(state, "on another branch", whole[-1])
        return self._told(state, "unfinished", said[-1]) if said else self._dropped(state, ask)

    def _dropped(self, state: CellState, ask: Ask) -> CellState:
        """Tell of an ask that nothing else is known of by the turn that says the same and was dropped."""
        for turn in map(self._turns.at, reversed(self._turns.dropped)):
            if ask.cell in (None, turn.ask.cell) and turn.ask.says_as(ask):
                return self._told(state, "dropped", turn)
        return state

    def _told(self, state: CellState, said: str, turn: Turn) -> CellState:
        wrong = turn.id in self._misplaced
        return replace(state, state=said, turn=turn.number, when=turn.question.ts, out_of_order=wrong)

    def _missing(self, lines: Sequence[Line]) -> Iterator[CellState]:
        """Yield the turns of the active branch whose ask is not in the notebook; what a loop asks cannot be told."""
        there = {line.ask.place for line in lines if line.ask is not None}
        unsure = {line.cell for line in lines if line.in_block or line.error}
        gone = CellState(None, None, "", "missing")
        for turn in self._turns.active():
            cell, text = turn.ask.cell, turn.ask.text
            if cell is not None and turn.ask.place not in there and cell not in unsure:
                yield replace(gone, cell=cell, text=text, turn=turn.number, when=turn.question.ts)


def misplaced(path: Sequence[Turn], order: Order) -> frozenset[str]:
    """Return the ids of the questions that stand before one of a place above theirs."""
    rows = {cell: row for row, cell in reversed(list(enumerate(order.cells)))}

    def row(place: Place) -> tuple[int, int] | None:
        return None if place[0] not in rows else (rows[place[0]], place[1])

    found: set[str] = set()
    highest: tuple[int, int] | None = None
    for turn in reversed(path):
        mine = row(turn.ask.place)
        if mine is not None and highest is not None and highest < mine:
            found.add(turn.id)
        if mine is not None:
            highest = mine if highest is None else min(highest, mine)
    return frozenset(found)
