"""What happens when a cell runs again, in a real JupyterLab, beside a server that counts what it is asked."""

from __future__ import annotations

import pytest
from browser.labkit import Lab

from ipy_sessions.testing.server import MessagesServer

pytestmark = pytest.mark.browser

ASKS = [f"%%agent\nquestion {number}" for number in range(1, 6)]


def edit(lab: Lab, index: int, text: str) -> None:
    """Type over what a cell says."""
    lab.select(index)
    lab.page.locator(".jp-Notebook .jp-Cell").nth(index).locator(".cm-content").click()
    lab.page.keyboard.press("Control+A")
    lab.page.keyboard.type(text)


def run_all(lab: Lab) -> list[str]:
    """Run every cell; return what each shows."""
    lab.command("notebook:run-all-cells")
    lab.idle()
    return [lab.text(index) for index in range(lab.count())]


def test_five_cells_are_edited_undone_and_run_again(asking: Lab, model: MessagesServer) -> None:
    """An edit asks once, its undo nothing, and Run All after a restart nothing."""
    for text in ASKS:
        asking.ask(text)
    asking.save()
    assert len(model.asked) == 5
    edit(asking, 2, "%%agent\nquestion 2, changed")
    asking.run(2)
    assert len(model.asked) == 6
    shown = asking.text(2)
    assert "This cell has changed since turn 2" in shown
    assert "3 turns are on the other branch now" in shown
    assert [message["content"][0]["text"] for message in model.asked[-1]["messages"] if message["role"] == "user"] == [
        "question 1",
        "question 2, changed",
    ]
    edit(asking, 2, ASKS[1])
    asking.run(2)
    assert "replayed from" in asking.text(2)
    asking.save()
    asking.restart()
    shown_by = run_all(asking)
    assert all("replayed from" in text for text in shown_by[1:])
    assert len(model.asked) == 6


def test_cells_that_are_inserted_moved_and_duplicated(asking: Lab, model: MessagesServer) -> None:
    """What is new is asked, once; what only stands elsewhere is not."""
    for text in ASKS[:3]:
        asking.ask(text)
    asking.select(1)
    asking.command("notebook:insert-cell-above")
    edit(asking, 1, "%%agent\ninserted")
    asking.run(1)
    assert len(model.asked) == 4
    asking.select(4)
    asking.command("notebook:move-cell-up")
    asking.select(3)
    asking.command("notebook:copy-cell")
    asking.command("notebook:paste-cell-below")
    asking.save()
    run_all(asking)
    assert len(model.asked) == 5  # the pasted cell has an id of its own
    asking.restart()
    run_all(asking)
    assert len(model.asked) == 5
    cells = asking.ask("%session cells")
    assert "out of order" in cells


def test_a_stopped_turn_is_asked_again(lab: Lab) -> None:
    """Its part is kept beside the new answer."""
    index = lab.type("%%agent\ncount to 3000")
    lab.run(index, wait=False)
    lab.until(lambda: " 20 " in lab.text(index))
    lab.stop()
    lab.idle()
    edit(lab, index, "%%agent\ncount to 30")
    lab.run(index)
    assert "29 30" in lab.text(index)
    edit(lab, index, "%%agent\ncount to 3000")
    lab.run(index, wait=False)
    lab.until(lambda: " 25 " in lab.text(index))
    lab.stop()
    lab.idle()
    assert "replayed" not in lab.text(index)
