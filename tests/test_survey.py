"""How the cells of a notebook stand to the conversation."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from conftest import Shell
from hypothesis import given
from test_planning import HISTORIES, NOTEBOOKS, Written, lived, offline, read, rewound, run_all, saved_notebook

import ipy_sessions as ses
from ipy_sessions import CellState, Session, assistant, user
from ipy_sessions.notebook import Cell
from ipy_sessions.notebook_cells import lines_of
from ipy_sessions.planning import plan
from ipy_sessions.replay import Order
from ipy_sessions.survey import misplaced, survey


def states(session: Session, written: Written) -> list[tuple[str | None, str, int | None]]:
    """Return of each ask its cell, how it stands and by which turn."""
    return [(one.cell, one.state, one.turn) for one in survey(session, *read(written))]


def test_what_was_run_is_current() -> None:
    """What was changed since, added or taken out is told apart."""
    session = offline()
    run_all(session, {"c1": ["a"], "c2": ["b", "c"], "c3": ["d"]})
    assert states(session, {"c1": ["a"], "c2": ["x"], "c4": ["e"]}) == [
        ("c1", "current", 1),
        ("c2", "changed", 2),
        ("c4", "never asked", None),
        ("c2", "missing", 3),
        ("c3", "missing", 4),
    ]


def test_an_answer_that_stopped_early_is_unfinished() -> None:
    """It would be asked again."""
    session = offline()
    session.append(user("a", cell_id="c1"))
    session.append(assistant("half", stop_reason=None))
    assert states(session, {"c1": ["a"]}) == [("c1", "unfinished", 1)]
    session.rewind()
    assert states(session, {"c1": ["a"]}) == [("c1", "unfinished", 1)]


def test_what_an_edit_has_left_is_on_another_branch() -> None:
    """Until it is asked on this one."""
    session = offline()
    run_all(session, {"c1": ["a"], "c2": ["b"]})
    run_all(session, {"c1": ["x"]})
    assert states(session, {"c1": ["x"], "c2": ["b"]}) == [("c1", "current", 3), ("c2", "on another branch", 2)]
    assert states(session, {"c1": ["x"], "c2": ["y"]})[1] == ("c2", "changed", 2)


def test_what_a_command_of_a_cell_below_has_left_is_left_behind() -> None:
    """It is still shown; what a command elsewhere has left is on another branch."""
    session, written = offline(), {"c1": ["a"], "c2": ["b"], "c3": []}
    run_all(session, written)
    session.rewind(1, cell_id="c3")
    assert states(session, written) == [("c1", "current", 1), ("c2", "left behind", 2)]
    session = offline()
    run_all(session, written)
    session.rewind(1)
    assert states(session, written)[1] == ("c2", "on another branch", 2)


def test_a_turn_that_stands_before_one_of_a_cell_above_is_out_of_order() -> None:
    """As after inserting or moving a cell; the cell above is as it should be."""
    session = offline()
    run_all(session, {"c1": ["a"], "c3": ["c"]})
    run_all(session, {"c1": ["a"], "c2": ["b"], "c3": ["c"]})
    found = survey(session, *read({"c1": ["a"], "c2": ["b"], "c3": ["c"]}))
    assert [(one.cell, one.out_of_order) for one in found] == [("c1", False), ("c2", False), ("c3", True)]
    assert "current; out of order: it stands before a turn of a cell above" in repr(found)


def test_two_cells_of_one_id_are_told() -> None:
    """They are known by what they say."""
    session = offline()
    cells = [Cell("c1", "code", "%%agent a"), Cell("c1", "code", "%%agent b")]
    session.prompt("a", cell_id="c1")
    found = survey(session, lines_of(cells), Order(("c1", "c1")))
    assert [(one.position, one.state, one.doubled) for one in found] == [
        (1, "current", True),
        (2, "never asked", True),
    ]
    assert "never asked; another cell has its id" in repr(found)


def test_what_is_no_ask_of_this_session_is_told() -> None:
    """Another session, what cannot be read; what a loop has asked is not called missing."""
    session = offline()
    for number in (1, 2):
        session.prompt("d", cell_id="c2", **({"ask": 2} if number > 1 else {}))
    cells = [
        Cell("c1", "code", "%agent -s bob b\n%agent --modle x\n%session rewind"),
        Cell("c2", "code", "for _ in x:\n  %agent d"),
    ]
    found = survey(session, lines_of(cells), Order(("c1", "c2")))
    assert [one.state for one in found] == ["elsewhere", "error", "current"]
    assert "goes to the session bob" in repr(found)
    assert "cannot be read: '--modle' is not understood" in repr(found)


def test_cells_without_ids_are_known_by_their_text() -> None:
    """On the active branch first."""
    session = offline()
    session.prompt("a")
    session.prompt("b")
    session.rewind()
    cells = [Cell(None, "code", f"%%agent {text}") for text in ("a", "a", "b", "c")]
    found = survey(session, lines_of(cells), Order())
    assert [one.state for one in found] == ["current", "never asked", "on another branch", "never asked"]


@given(HISTORIES, NOTEBOOKS)
def test_what_is_current_would_be_replayed(history: list[Any], written: Written) -> None:
    """Whatever happened before; after Run All everything is current, but for what a command has left behind."""
    session = lived(history)
    before, leaf = list(session.tree), session.leaf
    lines, order = read(written)
    found = survey(session, lines, order)
    assert (list(session.tree), session.leaf) == (before, leaf)
    asks = [one for one in found if one.state != "missing"]
    assert [one.cell for one in asks] == [line.cell for line in lines]
    for one, step in zip(asks, plan(session, lines, order), strict=True):
        if one.state != "current":
            break  # what stands below may be decided otherwise
        assert (step.does, step.turn) == ("replay", one.turn)
    run_all(session, written)
    after = survey(session, lines, order)
    assert rewound(history) or {one.state for one in after} <= {"current", "missing"}


@given(HISTORIES, NOTEBOOKS)
def test_out_of_order_is_what_it_says(history: list[Any], written: Written) -> None:
    """A turn is, exactly when one of a place above stands behind it."""
    path, (_, order) = lived(history).turns.active(), read(written)
    there = [(number, turn) for number, turn in enumerate(path) if turn.ask.cell in order.cells]
    wrong = {
        turn.id
        for number, turn in there
        if any(later > number and order.stands_above(other.ask.place, turn.ask.place) for later, other in there)
    }
    assert misplaced(path, order) == wrong


def test_cells_in_a_notebook(notebook: Shell, tmp_path: Path) -> None:
    """A table, in both forms; the same in Python, as values."""
    path = tmp_path / "work" / "analysis.ipynb"
    saved_notebook(path, ("cell-1", "%%agent\nhello"), ("cell-2", "%%agent\nagain"))
    assert re.search(r"“hello” +never asked", notebook.run("%session cells"))
    notebook.run("%%agent\nhello", at="cell-1")
    (log,) = (tmp_path / "work" / ".sessions").glob("*.jsonl")
    before = log.read_bytes()
    shown = notebook.run("%session cells")
    assert re.search(r"^ +1  “hello” +current +1 \(", shown, re.MULTILINE)
    assert re.search(r"^ +2  “again” +never asked$", shown, re.MULTILINE)
    assert log.read_bytes() == before
    saved_notebook(path, ("cell-2", "%%agent\nagain"), ("cell-3", "1"))
    missing = re.search(r"“hello” +missing: its cell does not ask it any more +1 \(", notebook.run("%session cells"))
    assert missing
    second, first = ses.cells()
    assert second == CellState(1, "cell-2", "again", "never asked")
    assert (first.cell, first.state, first.turn) == ("cell-1", "missing", 1)
    assert ses.cells(ses.current(), str(path)) == ses.cells()
    notebook.run("from ipy_sessions import cells\ncells()")
    assert "never asked" in repr(notebook.result.result)
    assert "| cell | says |" in notebook.result.result._repr_markdown_()
