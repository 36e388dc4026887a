"""Notebooks as people treat them, at random: nothing is lost, nothing is spent twice, what is shown is what is sent."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sheet_kit import Sheet

import ipy_sessions as ses
from ipy_sessions.ask import Ask
from ipy_sessions.replay import Branch, Order, Replay, decide
from ipy_sessions.turns import Turn

PROMPTS = ("My name is Alice", "count to 3", "What is my name?", "hi")
STEP = st.tuples(
    st.sampled_from(["insert", "insert", "edit", "move", "copy", "delete", "run", "run", "all", "all", "restart"])
    | st.sampled_from(["rewind", "rename", "session", "stopped", "drop"]),
    st.integers(0, 50),
    st.integers(0, 3),
)


class Rules:
    """The rules of a cell, on turns that are tuples of a parent, a cell and what it asks; for one ask a cell."""

    def __init__(self) -> None:
        self.turns: list[tuple[int, str, str]] = [(-1, "", "")]
        self.leaf = 0
        self.left_at: dict[int, int] = {}
        self.asked = 0

    @property
    def way(self) -> list[int]:
        """The turns from the first to the leaf."""
        found, at = [], self.leaf
        while at > 0:
            found.append(at)
            at = self.turns[at][0]
        return found[::-1]

    def stand(self, at: int) -> None:
        """Move the leaf."""
        self.leaf = at
        for turn in self.way:
            self.left_at[turn] = at

    def child(self, parent: int, cell: str, ask: str) -> int:
        """Return the latest child of this kind; 0 for none."""
        wanted = (parent, cell, ask)
        return next((n for n in range(len(self.turns) - 1, 0, -1) if self.turns[n] == wanted), 0)

    def add(self, parent: int, cell: str, ask: str) -> int:
        """Add a turn."""
        self.turns.append((parent, cell, ask))
        return len(self.turns) - 1

    def run(self, cell: str, ask: str, order: list[str]) -> None:
        """Run a cell."""
        way, parent = self.way, self.leaf
        mine = [n for n in way if self.turns[n][1] == cell]
        if any(self.turns[n][2] == ask for n in mine):
            return
        if mine:
            parent = self.turns[mine[-1]][0]
            for n in way[way.index(mine[-1]) + 1 :]:
                if order.index(self.turns[n][1]) < order.index(cell) if self.turns[n][1] in order else False:
                    parent = self.child(parent, *self.turns[n][1:]) or self.add(parent, *self.turns[n][1:])
        known = self.child(parent, cell, ask)
        if known:
            self.stand(self.left_at.get(known, known) if mine else known)
        else:
            self.asked += 1
            self.stand(self.add(parent, cell, ask))


@given(st.lists(st.tuples(st.sampled_from("iiemdrrraab"), st.integers(0, 50), st.sampled_from("pqr")), max_size=40))
def test_the_rules_are_those_of_the_design(  # noqa: C901, PLR0915 - a step of each kind
    steps: list[tuple[str, int, str]],
) -> None:
    """Inserted, edited, moved, deleted, run, run all, gone back: the same turns in the same order at the same cost."""
    rules, asked, session = Rules(), 0, ses.SessionManager.in_memory().create()
    cells: dict[str, str] = {}

    def run(cell: str) -> int:
        ask = Ask(cells[cell], cell=cell)
        rules.run(cell, cells[cell], list(cells))
        decision = decide(session.turns, ask, Order(tuple(cells)))
        if isinstance(decision, Replay):
            session.stand_as(decision)
            return 0
        if isinstance(decision, Branch):
            session.branch_off(decision)
        session.append(ses.user(ask.text, **ask.fields))
        session.append(ses.assistant("yes"))
        return 1

    for number, (step, some, prompt) in enumerate(steps):
        order = list(cells)
        cell = order[some % len(order)] if order else ""
        if step == "i" or not order:
            order.insert(some % (len(order) + 1), f"cell {number}")
            cells = {one: cells.get(one, prompt) for one in order}
        elif step == "e":
            cells[cell] = prompt
        elif step == "m":
            order.insert(some % len(order), order.pop(order.index(cell)))
            cells = {one: cells[one] for one in order}
        elif step == "d":
            del cells[cell]
        elif step == "r":
            asked += run(cell)
        elif step == "a":
            asked += sum(map(run, cells))
            assert sum(map(run, cells)) == 0
        elif step == "b" and (way := rules.way):
            session.rewind(back := some % len(way) + 1)
            rules.leaf = rules.turns[way[-back]][0]
            rules.stand(rules.leaf)
        active = [(turn.ask.cell, turn.ask.text) for turn in session.turns.active()]
        assert active == [rules.turns[n][1:] for n in rules.way]
        assert asked == rules.asked


@settings(
    max_examples=25, deadline=None, phases=[Phase.generate], suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(STEP, min_size=3, max_size=14))
def test_a_notebook_that_is_treated_as_people_do(
    make_shell: Callable[..., Any], steps: list[tuple[str, int, int]]
) -> None:
    """Nothing is lost; Run All twice sends nothing the second time; what is shown then is on the active branch."""
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            Random(Sheet(make_shell, Path(folder) / "work.ipynb")).play(steps)
        finally:
            make_shell()
            os.chdir("/")


class Random:
    """Treats a notebook."""

    def __init__(self, sheet: Sheet) -> None:
        self._sheet = sheet
        self._count = 0
        self._known: dict[str, dict[str, Any]] = {}

    def play(self, steps: list[tuple[str, int, int]]) -> None:
        """Take the steps; look after each that nothing is lost, and run everything twice in the end."""
        for step, some, which in [*steps, ("all", 0, 0)]:
            cells = list(self._sheet.cells)
            cell = cells[some % len(cells)] if cells else ""
            if step == "insert" or not cells:
                self._insert(f"%agent {PROMPTS[which]}", cells[some % len(cells)] if cells else "")
            else:
                getattr(self, f"_{step}")(cell, which)
            self._nothing_is_lost()

    def _insert(self, source: str, above: str) -> None:
        self._count += 1
        self._sheet.put(f"cell-{self._count}", source, above)

    def _edit(self, cell: str, which: int) -> None:
        if self._asks(cell):
            self._sheet.edit(cell, f"%agent {PROMPTS[which]}")

    def _move(self, cell: str, which: int) -> None:
        cells = [one for one in self._sheet.cells if one != cell]
        self._sheet.put(cell, self._sheet.cells[cell], cells[which % len(cells)] if cells else "")

    def _copy(self, cell: str, _: int) -> None:
        self._insert(self._sheet.cells[cell], "")

    def _delete(self, cell: str, _: int) -> None:
        del self._sheet.cells[cell]
        self._sheet.save()

    def _run(self, cell: str, _: int) -> None:
        self._sheet.run(cell)

    def _restart(self, *_: Any) -> None:
        self._sheet.restart()

    def _rename(self, *_: Any) -> None:
        self._count += 1
        self._sheet.path = self._sheet.path.rename(self._sheet.path.with_name(f"work-{self._count}.ipynb"))
        self._sheet.restart()

    def _rewind(self, *_: Any) -> None:
        self._insert("%session rewind", "")

    def _drop(self, _: str, which: int) -> None:
        """Drop one of the last turns of the session that the kernel is in."""
        with suppress(ses.SessionsError):  # there is none, or it is only read
            session = ses.current()
            for turn in session.turns.active()[-1 - which :][:1]:
                session.drop(turn)

    def _session(self, cell: str, _: int) -> None:
        self._count += 1
        self._insert(f"%session new talk-{self._count}", cell)

    def _stopped(self, cell: str, _: int) -> None:
        """Let the cell's last answer have broken off."""
        with suppress(ses.SessionsError):  # there is none, or it is only read
            session = ses.current()
            session.append(ses.user(self._sheet.cells[cell].removeprefix("%agent ") or "hi", cell_id=cell))
            session.append(ses.assistant("Yes, b", stop_reason=None, end="interrupted"))

    def _all(self, *_: Any) -> None:
        self._sheet.run_all()
        asked = self._sheet.asked
        shown = self._sheet.run_all()
        assert self._sheet.asked == asked, list(self._sheet.cells.items())
        for cell, text in shown.items():
            if self._asks(cell):
                assert "replayed from" in text, (cell, text)
                self._is_shown(cell, aside="left it behind" in text)

    def _is_shown(self, cell: str, *, aside: bool) -> None:
        """Look that what the cell says is answered on an active branch; or was left behind by a rewind below it."""
        turns: list[Turn] = []
        for session in self._sessions():
            turns += session.turns if aside else session.turns.active()
        said = self._sheet.cells[cell].removeprefix("%agent ")
        assert any(turn.ask.cell == cell and turn.ask.text == said and turn.complete for turn in turns), cell

    def _asks(self, cell: str) -> bool:
        return self._sheet.cells[cell].startswith("%agent")

    def _sessions(self) -> list[ses.Session]:
        manager = ses.SessionManager(self._sheet.path.parent / ".sessions")
        return [manager.open(row, read_only=True) for row in manager.list(archived=None)]

    def _nothing_is_lost(self) -> None:
        sessions = self._sessions()
        lines = {line["id"]: line for line in self._sheet.lines}
        assert self._known.items() <= lines.items()
        self._known = lines
        for session in sessions:
            assert session.tree.missing == []
            for turn in session.turns:
                assert turn.id in [one.id for one in session.turns.path(turn.last)]
