"""Notebook 7, in a real browser: the same notebook, the same promises, with the real SDK behind them."""

from __future__ import annotations

import nbformat
import pytest
from browser.labkit import Lab
from hosts_kit import lines, messages
from playwright.sync_api import expect

from ipy_sessions.testing.script import Fault, Reply
from ipy_sessions.testing.server import MessagesServer

pytestmark = pytest.mark.browser

TEXT = " ".join(f"word{number}" for number in range(40))


def test_a_reply_grows_stays_and_is_saved(notebook7: Lab, model: MessagesServer) -> None:
    """She runs a cell with the keyboard and reads while the model speaks; the saved file has it whole, once."""
    held = Fault("silence", seconds=60)
    model.push(Reply(f"**{TEXT}**", fault=held))
    index = notebook7.type("%%agent hello")
    notebook7.page.keyboard.press("Control+Enter")
    notebook7.until(lambda: "word0" in notebook7.below(index))
    assert "word39" not in notebook7.below(index)
    held.release()
    notebook7.idle()
    cell = notebook7.page.locator(".jp-Notebook .jp-Cell").nth(index)
    expect(cell.locator("strong").last).to_have_text(TEXT)
    expect(cell.locator("small").last).to_contain_text("claude-sonnet-5-5 · ")
    assert "talk.ipynb (from the Jupyter server)" in notebook7.ask("%session")
    assert lines(notebook7.folder)[0]["notebook"] == "talk.ipynb"
    notebook7.save()
    saved = nbformat.read(notebook7.path, as_version=4)
    where, reply = saved.cells[index].outputs
    assert where.data["text/plain"].startswith("new session ")
    assert reply.output_type == "display_data"
    assert set(reply.data) == {"text/markdown", "text/plain"}
    assert reply.data["text/markdown"].startswith(f"**{TEXT}**\n\n<small>claude-sonnet-5-5 · ")
    assert reply.data["text/plain"].startswith(f"**{TEXT}**\n\nclaude-sonnet-5-5 · ")
    assert messages(notebook7.folder)[0]["cell_id"] == saved.cells[index].id
    assert "widgets" not in saved.metadata


def test_stop_keeps_what_came_and_queued_cells_do_not_run(notebook7: Lab, model: MessagesServer) -> None:
    """The toolbar's Stop in the middle of a reply: shown, logged, and the next ask goes on with it."""
    model.push(Reply(TEXT, fault=Fault("silence", seconds=60)))
    asked = notebook7.type("%%agent\nhello")
    queued = notebook7.type("print('ran')")
    notebook7.run(asked, wait=False)
    notebook7.run(queued, wait=False)
    notebook7.until(lambda: "word0 " in notebook7.text(asked))
    notebook7.stop()
    notebook7.idle()
    text = notebook7.text(asked)
    assert "**stopped; what came until then is kept** · claude-sonnet-5-5" in text
    assert "Stopped. What came until then is kept in the session." in text
    assert "Traceback" not in text
    assert notebook7.outputs(queued) == []
    last = messages(notebook7.folder)[-1]
    assert (last["end"], last["stop_reason"]) == ("interrupted", None)
    assert last["content"][0]["text"].rstrip() in text
    assert "You said: and now?" in notebook7.ask("%agent and now?")
    assert "word0" in str(model.asked[-1]["messages"][1])


def test_it_remembers_after_a_restart_and_history_is_a_table(notebook7: Lab) -> None:
    """The kernel is restarted from the menu; the session of this notebook goes on, and is a frame."""
    notebook7.ask("%%agent\nMy name is Alice")
    notebook7.restart()
    notebook7.run(0)
    shown = notebook7.ask("%%agent\nWhat's my name?")
    assert "continued **My name is Alice**, 2 messages, `.sessions/" in shown
    assert [line["role"] for line in messages(notebook7.folder)] == ["user", "assistant"] * 2
    index = notebook7.type("%session history")
    notebook7.run(index)
    table = notebook7.page.locator(".jp-Notebook .jp-Cell").nth(index).locator("table")
    expect(table.locator("tbody tr")).to_have_count(4)
    expect(table).to_contain_text("You said: My name is Alice")


def test_tab_offers_our_words(notebook7: Lab) -> None:
    """The completer of the page shows our commands, and the models of the server."""
    notebook7.type("%session op")
    notebook7.page.keyboard.press("Tab")
    expect(notebook7.page.locator(".jp-Completer-item")).to_contain_text(["open"])
    notebook7.page.keyboard.press("Enter")
    notebook7.page.wait_for_function(
        "() => jupyterapp.shell.currentWidget.content.activeCell.model.sharedModel.getSource() === '%session open'"
    )
    notebook7.ask(
        "%agent hello"
    )  # the SDK is imported by then: the page waits for a completion no longer than a second
    notebook7.type("%%agent --model ")
    notebook7.page.keyboard.press("Tab")
    expect(notebook7.page.locator(".jp-Completer-item", has_text="claude-sonnet-5-5")).to_be_visible()
