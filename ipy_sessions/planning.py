"""What running a whole notebook would do to a conversation, told without doing it.

The plan is a rehearsal: the conversation is copied into memory, and there each ask is decided as it would be and
carried out with a stand-in for the answer, so that what comes below is decided by it. Nothing is asked or written, and
the session stays as it is. Commands that move are told and not carried out: run again from the same cell they do
nothing, and what they do the first time is theirs to say.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace

from ipy_sessions.ask import Ask
from ipy_sessions.cell_values import PlanStep
from ipy_sessions.entries import assistant, user
from ipy_sessions.manager import SessionManager
from ipy_sessions.notebook_cells import Line
from ipy_sessions.render import cells as shown
from ipy_sessions.replay import Append, Branch, Decision, Missing, Order, Replay, decide, match, strictly
from ipy_sessions.session import Session
from ipy_sessions.settings import Settings
from ipy_sessions.turns import Turn


class Plan(list[PlanStep]):
    """What running a notebook would do, from top to bottom.

    Parameters
    ----------
    steps
        Its lines that ask, move or cannot be read.
    saved
        When the notebook was saved; empty when that is not known.
    """

    def __init__(self, steps: Iterable[PlanStep], saved: str = "") -> None:
        super().__init__(steps)
        self.saved = saved

    @property
    def asks(self) -> int:
        """How often the model would be asked in this session, if every line runs once."""
        return sum(step.asks for step in self)

    def __repr__(self) -> str:
        return shown.plan(self, self.saved).plain

    def _repr_markdown_(self) -> str:
        return shown.plan(self, self.saved).markdown


def plan(session: Session, lines: Iterable[Line], order: Order, mode: str = "auto", used: Collection[str] = ()) -> Plan:
    """Return what running some lines, from the first to the last, would do.

    Parameters
    ----------
    session
        The conversation; it stays as it is.
    lines
        What `notebook_cells.lines_of` has read.
    order
        That of the notebook's cells.
    mode
        The setting `replay`: ``"auto"``, ``"strict"`` or ``"off"``.
    used
        Ids of the questions that the kernel has shown or asked already; it matters to cells without ids.
    """
    with SessionManager.in_memory(Settings()) as scratch:
        rehearsal = _Rehearsal(session, scratch.create(), order, mode, used)
        steps: list[PlanStep] = []
        depends = False
        for line in lines:
            step = replace(rehearsal.step(line), in_block=line.in_block, depends=depends)
            steps.append(step)
            depends = depends or step.does == "move"
    return Plan(steps, order.saved)


class _Rehearsal:
    """A conversation in memory that goes on as another one would.

    Parameters
    ----------
    session
        The real one.
    copy
        An empty one, in memory alone.
    order, mode, used
        Those of `plan`.
    """

    def __init__(self, session: Session, copy: Session, order: Order, mode: str, used: Collection[str]) -> None:
        copy.begin_as(session)
        copy.tree.leaf = session.leaf  # which a session that is only read may have moved in memory alone
        self._mask = session.masked
        self._turns = session.turns
        self._copy = copy
        self._order = order
        self._mode = mode
        self._used = set(used)

    def step(self, line: Line) -> PlanStep:
        """Return what a line does, and carry it out in the copy."""
        step = PlanStep(line.position, line.cell, line.text, "move")
        if line.error:
            return replace(step, does="error", note=line.error)
        if line.ask is None:
            return step
        if line.session is not None:
            return replace(step, does="elsewhere", note=f"the session {line.session}")
        ask = self._mask(line.ask)
        decision = self._decided(ask, line.mode or self._mode)
        told = self._told(step, decision)
        self._carry_out(ask, decision)
        return told

    def _decided(self, ask: Ask, mode: str) -> Decision | Missing:
        turns = self._copy.turns
        if mode == "off":
            return Append()
        found = match(turns, ask, self._used) if ask.cell is None else decide(turns, ask, self._order)
        return strictly(turns, ask, found) if mode == "strict" else found

    def _told(self, step: PlanStep, decision: Decision | Missing) -> PlanStep:
        if isinstance(decision, Replay):
            aside = "which a command below has left behind" if decision.aside else ""
            note = "and goes on there" if decision.moves else aside
            return self._at(replace(step, does="replay", note=note), decision.turn)
        if isinstance(decision, Branch):
            carried = tuple(map(self._number, decision.carried))
            left = tuple(self._number(self._copy.turns.at(question)) for question in decision.left)
            left = tuple(sorted({self._number(decision.over), *left}))
            return self._at(replace(step, does="branch", carried=carried, left=left), decision.over)
        if isinstance(decision, Missing):
            step = replace(step, does="refuse")
            return step if decision.near is None else self._at(step, decision.near)
        return replace(step, does="ask")

    def _at(self, step: PlanStep, turn: Turn) -> PlanStep:
        real = self._known(turn)
        return replace(step, turn=self._number(turn), when="" if real is None else real.question.ts)

    def _known(self, turn: Turn) -> Turn | None:
        """Return the real turn that a turn of the copy is, or is a copy of; ``None`` for one that is still to come."""
        name = turn.id if turn.id in self._turns else turn.original
        return self._turns.at(name) if name in self._turns else None

    def _number(self, turn: Turn) -> int:
        return (self._known(turn) or turn).number

    def _carry_out(self, ask: Ask, decision: Decision | Missing) -> None:
        if isinstance(decision, Missing):
            return
        if isinstance(decision, Replay):
            self._copy.stand_as(decision)
            self._used.add(decision.turn.id)
            return
        if isinstance(decision, Branch):
            self._copy.branch_off(decision)
        self._used.add(self._copy.append(user(ask.text, **ask.fields)).id)
        self._copy.append(assistant("…"))
