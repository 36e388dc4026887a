"""What running a notebook would do, told without doing it."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from conftest import Shell
from hypothesis import given
from hypothesis import strategies as st

import ipy_sessions as ses
from ipy_sessions import CommandError, PlanStep, Session, SessionManager, Settings, assistant, user
from ipy_sessions.notebook import Cell
from ipy_sessions.notebook_cells import Line, lines_of
from ipy_sessions.planning import plan
from ipy_sessions.replay import Append, Branch, Missing, Order, Replay, decide, strictly
from ipy_sessions.turns import Turn

Written: TypeAlias = dict[str, list[str]]
"""Cells from top to bottom: the prompts of each."""


def offline() -> Session:
    """Return a conversation in memory."""
    return SessionManager.in_memory(Settings(model="offline", offline_delay=0)).create()


def read(written: Written) -> tuple[list[Line], Order]:
    """Return what a notebook asks, and the order of its cells."""
    cells = [Cell(name, "code", "\n".join(f"%agent {ask}" for ask in asks)) for name, asks in written.items()]
    return lines_of(cells), Order(tuple(written), "2026-03-01T10:15:00.000Z")


def run(session: Session, line: Line, order: Order, mode: str = "auto") -> Replay | Branch | Append | Missing:
    """Run one ask as a cell does; return what it came to."""
    assert line.ask is not None
    ask = session.masked(line.ask)
    decision = decide(session.turns, ask, order)
    found = strictly(session.turns, ask, decision) if mode == "strict" else decision
    if isinstance(found, Replay):
        session.stand_as(found)
    elif not isinstance(found, Missing):
        session.prompt(ask.text, branch=found if isinstance(found, Branch) else None, **ask.fields)
    return found


def run_all(session: Session, written: Written) -> int:
    """Run a notebook; return how often it asked."""
    lines, order = read(written)
    return sum(not isinstance(run(session, line, order), Replay) for line in lines)


def brief(steps: list[PlanStep]) -> list[tuple[Any, ...]]:
    """Return what each step does, and to which turns."""
    return [(step.does, step.turn, step.carried, step.left) for step in steps]


def test_a_notebook_that_was_never_run_asks_everything() -> None:
    """And one that was run asks nothing: each answer is replayed from its turn."""
    session, written = offline(), {"c1": ["a"], "c2": ["b", "c"]}
    planned = plan(session, *read(written))
    assert (brief(planned), planned.asks) == ([("ask", None, (), ())] * 3, 3)
    assert run_all(session, written) == 3
    planned = plan(session, *read(written))
    assert brief(planned) == [("replay", 1, (), ()), ("replay", 2, (), ()), ("replay", 3, (), ())]
    assert [step.when for step in planned] == [turn.question.ts for turn in session.turns]
    assert planned.asks == 0


def test_an_edit_branches_and_says_what_comes_along_and_what_is_left() -> None:
    """A cell that ran late and stands above comes along; what stands below is left, and asked again."""
    session, written = offline(), {"c1": ["a"], "c3": ["c"]}
    run_all(session, written)
    written = {"c1": ["a"], "c2": ["b"], "c3": ["c"], "c4": ["d"]}
    run_all(session, written)  # the new cells ran behind c3
    written["c3"] = ["changed"]
    planned = plan(session, *read(written))
    assert brief(planned)[1:] == [
        ("replay", 3, (), ()),
        ("branch", 2, (3,), (2, 4)),
        ("ask", None, (), ()),
    ]
    assert "branch at turn 2" in repr(planned)
    assert "turn 3 comes along; turns 2, 4 are on the other branch then" in repr(planned)
    assert "Run All asks the model 2 times." in repr(planned)


def test_an_edit_that_was_undone_goes_back_to_the_other_branch() -> None:
    """Nothing is asked."""
    session = offline()
    for asked in ("a", "b"):
        run_all(session, {"c1": [asked]})
    planned = plan(session, *read({"c1": ["a"]}))
    assert brief(planned) == [("replay", 1, (), ())]
    assert planned[0].note == "and goes on there"


def test_strict_refuses_what_is_not_logged() -> None:
    """And names the nearest turn; a cell may say otherwise for itself, and off always asks."""
    session = offline()
    run_all(session, {"c1": ["what is a cat?"]})
    lines, order = read({"c1": ["what is a cat?"], "c2": ["what is a hat?"]})
    planned = plan(session, lines, order, "strict")
    assert brief(planned) == [("replay", 1, (), ()), ("refuse", 1, (), ())]
    assert "refused: it is not logged; nearest is turn 1" in repr(planned)
    assert "It stops at cell 2, which fails, after asking nothing." in repr(planned)
    assert [step.does for step in plan(session, lines, order, "off")] == ["ask", "ask"]
    own = lines_of([Cell("c1", "code", "%agent --replay off what is a cat?\n%agent --replay strict b")])
    assert [step.does for step in plan(session, own, Order(("c1",)))] == ["ask", "refuse"]


def test_what_is_no_ask_of_this_session_is_told() -> None:
    """Other sessions, commands that move, and what cannot be read; what stands below a move depends on it."""
    source = "%agent a\n%agent -s bob b\n%session rewind\n%agent --modle x c\nfor _ in x:\n    %agent d"
    planned = plan(offline(), lines_of([Cell("c1", "code", source)]), Order(("c1",)))
    assert [step.does for step in planned] == ["ask", "elsewhere", "move", "error", "ask"]
    assert [step.depends for step in planned] == [False] * 3 + [True] * 2
    shown = repr(planned)
    for expected in (
        "goes to the session bob",
        "fails: '--modle' is not understood; did you mean --model?",
        "Run All asks the model 2 times, and other sessions up to once.",
        "It stops at cell 1, which fails, after asking the model once.",
        "depends on the commands that move the conversation, in cell 1.",
        "What is indented counts once",
    ):
        assert expected in shown


def test_cells_without_ids_are_known_by_their_text() -> None:
    """Each turn is shown once; the third of three equal asks is new."""
    session = offline()
    for text in ("a", "a", "b"):
        session.prompt(text)
    cells = [Cell(None, "code", f"%%agent {text}") for text in ("b", "a", "a", "a")]
    assert brief(plan(session, lines_of(cells), Order())) == [
        ("replay", 3, (), ()),
        ("replay", 1, (), ()),
        ("replay", 2, (), ()),
        ("ask", None, (), ()),
    ]


def test_a_host_that_tells_no_cells_asks_again_what_this_kernel_has_shown(notebook: Shell, tmp_path: Path) -> None:
    """As it does when a cell runs a second time there; after a restart the answers are found by their text."""
    saved_notebook(tmp_path / "work" / "analysis.ipynb", ("cell-1", "%%agent\nhello"))
    notebook.ip.kernel.has_ids = False
    notebook.ip.user_ns["__vsc_ipynb_file__"] = str(tmp_path / "work" / "analysis.ipynb")
    notebook.run("%%agent\nhello")
    assert [step.does for step in ses.plan()] == ["ask"]
    assert [step.does for step in ses.plan(ses.current())] == ["ask"]
    assert [one.state for one in ses.cells()] == ["current"]


def test_a_secret_in_a_cell_is_compared_as_the_log_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Masked: the answer is found again."""
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-api03-" + "x" * 40)
    session, written = offline(), {"c1": ["my key is sk-ant-api03-" + "x" * 40]}
    run_all(session, written)
    assert "xxx" not in session.turns.numbered(1).ask.text
    assert [step.does for step in plan(session, *read(written))] == ["replay"]


def test_a_session_that_is_only_read_is_planned_where_it_stands(manager: SessionManager) -> None:
    """Also when it stands elsewhere in memory alone."""
    session = manager.create("a")
    run_all(session, {"c1": ["a"]})
    run_all(session, {"c1": ["b"]})
    manager.close(session)
    session = manager.open("a", read_only=True)
    lines, order = read({"c1": ["a"], "c2": ["x"]})
    found = run(session, lines[0], order)
    assert isinstance(found, Replay)
    assert found.moves
    leaf = session.leaf
    assert brief(plan(session, lines, order))[0] == ("replay", 1, (), ())
    assert plan(session, lines, order)[0].note == ""
    assert session.leaf == leaf


ASKS = st.lists(st.sampled_from("abc"), min_size=1, max_size=2)
NOTEBOOKS = st.lists(st.tuples(st.sampled_from(["c1", "c2", "c3", "c4"]), ASKS), max_size=4).map(dict)
HISTORIES = st.lists(
    st.one_of(NOTEBOOKS, st.integers(1, 3), st.just("stop early")),
    max_size=5,
)


def lived(history: list[Any]) -> Session:
    """Return a conversation after some notebooks, as they were edited, some rewinds and some answers that stopped."""
    session = offline()
    for step in history:
        if isinstance(step, dict):
            run_all(session, step)
        elif isinstance(step, int):
            if step <= len(session.turns.active()):
                session.rewind(step, cell_id=f"c{step}")
        else:
            session.append(user("a", cell_id="c2"))
            session.append(assistant("…", stop_reason=None))
    return session


def rewound(history: list[Any]) -> bool:
    """Tell whether a command has gone back."""
    return any(isinstance(step, int) for step in history)


@given(HISTORIES, NOTEBOOKS, st.sampled_from(["auto", "strict"]))
def test_what_the_plan_says_is_what_happens(history: list[Any], written: Written, mode: str) -> None:
    """Whatever happened before: each ask comes to what was said, turn by turn, and asks as often; then, nothing.

    But for what a command has left behind: it is asked when the cell of that command is changed in the same run.
    """
    session = lived(history)
    lines, order = read(written)
    before, leaf, asked = list(session.tree), session.leaf, len(session.turns)
    planned = plan(session, lines, order, mode)
    assert (list(session.tree), session.leaf) == (before, leaf)
    known = set(session.turns.ids)

    def number(turn: Turn) -> int:
        name = turn.id if turn.id in known else turn.original
        return session.turns.at(name).number if name in known else turn.number

    came: list[tuple[Any, ...]] = []
    for line in lines:
        turns = session.turns
        found = run(session, line, order, mode)
        if isinstance(found, Replay):
            came.append(("replay", number(found.turn), (), ()))
        elif isinstance(found, Branch):
            left = {number(found.over), *(number(turns.at(one)) for one in found.left)}
            carried = tuple(number(turn) for turn in found.carried)
            came.append(("branch", number(found.over), carried, tuple(sorted(left))))
        elif isinstance(found, Missing):
            came.append(("refuse", found.near and number(found.near), (), ()))
        else:
            came.append(("ask", None, (), ()))
    assert brief(planned) == came
    copies = sum(len(step.carried) for step in planned)
    assert len(session.turns) - asked == planned.asks + copies
    assert mode == "strict" or rewound(history) or plan(session, lines, order).asks == 0


def saved_notebook(path: Path, *cells: tuple[str, str]) -> None:
    """Save a notebook of code cells at a known time."""
    written = [{"id": name, "cell_type": "code", "source": source} for name, source in cells]
    path.write_text(json.dumps({"cells": written}))
    os.utime(path, (1_772_360_100, 1_772_360_100))


def test_plan_in_a_notebook(notebook: Shell, tmp_path: Path) -> None:
    """Before the first ask, and after; nothing is asked, said or written by it."""
    path = tmp_path / "work" / "analysis.ipynb"
    saved_notebook(path, ("cell-1", "%%agent\nMy name is Alice"), ("cell-2", "%agent -s bob hi"), ("cell-3", "1 + 1"))
    shown = notebook.run("%session plan")
    assert not notebook.failed
    assert re.search(r"^ +1  “My name is Alice” +ask$", shown, re.MULTILINE)
    assert "Run All asks the model once, and other sessions up to once." in shown
    assert "As the notebook was saved, 2026-03-01" in shown
    assert not (tmp_path / "work" / ".sessions").exists()
    notebook.run("%%agent\nMy name is Alice", at="cell-1")
    (log,) = (tmp_path / "work" / ".sessions").glob("*.jsonl")
    before, leaf = log.read_bytes(), ses.current().leaf
    assert re.search(r"“My name is Alice” +replay turn 1 \(", notebook.run("%session plan"))
    assert [output["data"].keys() for output in notebook.outputs] == [{"text/markdown", "text/plain"}]
    assert re.search(r"“My name is Alice” +ask$", notebook.run("%session plan --replay off"), re.MULTILINE)
    assert (log.read_bytes(), ses.current().leaf) == (before, leaf)


def test_running_all_cells_does_what_the_plan_said(notebook: Shell, tmp_path: Path) -> None:
    """Through the magics: two asks in one cell, an option, an edit above them; and then nothing more is asked."""
    path = tmp_path / "work" / "analysis.ipynb"
    cells = [("c1", "%%agent\nhello"), ("c2", "%agent I like tea\n%agent --stop x count to 3"), ("c3", "%agent bye")]
    for name in ("hello", "hi"):
        cells[0] = ("c1", f"%%agent\n{name}")
        saved_notebook(path, *cells)
        planned, before = ses.plan(), len(ses.current().turns) if name == "hi" else 0
        assert [step.does for step in planned] == ["ask" if name == "hello" else "branch", "ask", "ask", "ask"]
        for cell, source in cells:
            notebook.run(source, at=cell)
        assert len(ses.current().turns) - before == planned.asks == 4
        assert [step.does for step in ses.plan()] == ["replay"] * 4


def test_plan_after_a_restart_opens_nothing(make_shell: Callable[..., Shell], tmp_path: Path) -> None:
    """It is seen beside the session that an ask would go on with, or one that is named, and neither is taken."""
    path = tmp_path / "work" / "analysis.ipynb"
    saved_notebook(path, ("cell-1", "%%agent\nhello"))
    make_shell(notebook=path).run("%session new alice\n%agent hello", at="cell-1")
    shell = make_shell(notebook=path)
    assert "replay turn 1" in shell.run("%session plan")
    assert "continued" not in shell.run("%session plan alice")
    assert "none open; an ask continues alice" in shell.run("%session")
    assert "There is no session 'nobody'" in shell.run("%session plan nobody")


def test_without_a_notebook_one_sentence_says_so(terminal: Shell) -> None:
    """In a terminal, and where the file is not there."""
    for command in ("plan", "cells"):
        shown = terminal.run(f"%session {command}")
        assert "No notebook is known here (a terminal has none). Name it: `%config IPySessions.notebook" in shown
        assert terminal.failed
    terminal.run("%config IPySessions.notebook = 'none.ipynb'")
    assert "none.ipynb cannot be read as a notebook. Save it first." in terminal.run("%session plan")
    assert "invalid choice: 'x'" in terminal.run("%session plan --replay x")


def test_the_plan_in_python(notebook: Shell, tmp_path: Path) -> None:
    """Of this kernel, or of a session and the notebook that it belongs to; it shows itself."""
    path = tmp_path / "work" / "analysis.ipynb"
    saved_notebook(path, ("cell-1", "%%agent\nhello"))
    notebook.run("%%agent\nhello", at="cell-1")
    planned = ses.plan()
    assert isinstance(planned, ses.Plan)
    assert [(step.cell, step.does, step.turn) for step in planned] == [("cell-1", "replay", 1)]
    assert ses.plan(ses.current()) == ses.plan(ses.current(), path) == planned
    assert ses.plan(replay="off").asks == 1
    assert re.search(r"“hello” +replay turn 1", notebook.run("import ipy_sessions as ses\nprint(ses.plan())"))
    with pytest.raises(ses.SessionsError, match="replay can be 'auto' or 'strict' or 'off', and not 'never'"):
        ses.plan(replay="never")
    with pytest.raises(CommandError, match="belongs to no notebook"):
        ses.plan(offline())
    assert "No cell of the saved notebook asks anything." in repr(plan(offline(), [], Order()))
