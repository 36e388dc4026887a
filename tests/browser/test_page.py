"""What happens to the page and to the kernel in the middle of a reply, in a real JupyterLab."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import nbformat
import pytest
from browser.labkit import Lab
from hosts_kit import messages, sessions

from ipy_sessions.testing.script import Fault, Reply
from ipy_sessions.testing.server import MessagesServer

pytestmark = pytest.mark.browser

TEXT = " ".join(f"word{number}" for number in range(40))


@contextmanager
def another_page(lab: Lab) -> Iterator[Lab]:
    """Give a second page with the same notebook."""
    name = str(lab.path.relative_to(lab.server.root))
    browser = lab.page.context.browser
    assert browser is not None
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    try:
        yield Lab(page, lab.server).open(name)
    finally:
        page.close()


def begin(lab: Lab, model: MessagesServer) -> tuple[int, Fault]:
    """Ask in a new cell and wait for the middle of the reply; return the cell and what holds the reply there."""
    held = Fault("silence", seconds=60)
    model.push(Reply(TEXT, fault=held))
    index = lab.type("%%agent hello")
    lab.save()
    lab.run(index, wait=False)
    lab.until(lambda: "word0 " in lab.text(index))
    assert [line["role"] for line in messages(lab.folder)] == ["user"]
    return index, held


def test_a_page_closed_in_the_middle_of_a_reply_loses_nothing(asking: Lab, model: MessagesServer) -> None:
    """She closes the tab; the answer ends in the log, and `%session show --last` shows it when she is back."""
    _, held = begin(asking, model)
    folder, kernels = asking.folder, asking.server.api("/api/kernels")
    name = str(asking.path.relative_to(asking.server.root))
    asking.page.goto("about:blank")
    asking.until(lambda: asking.server.api("/api/kernels")[0]["connections"] == 0)
    assert len(messages(folder)) == 1
    held.release()
    asking.until(lambda: len(messages(folder)) == 2)
    answer = messages(folder)[-1]
    assert (answer["content"][0]["text"], answer["stop_reason"]) == (TEXT, "end_turn")
    asking.open(name)
    assert [one["id"] for one in asking.server.api("/api/kernels")] == [one["id"] for one in kernels]
    shown = asking.ask("%session show --last")
    assert f"{TEXT}\n\n<small>claude-sonnet-5-5 · " in shown
    assert "You said: and now?" in asking.ask("%agent and now?")
    assert [message["role"] for message in model.asked[-1]["messages"]] == ["user", "assistant", "user"]


def test_a_kernel_restarted_in_the_middle_of_a_reply_loses_no_question(asking: Lab, model: MessagesServer) -> None:
    """The menu's Restart while the model speaks: the question is in the log, and the next ask sends it along."""
    _, _ = begin(asking, model)
    asking.restart()
    assert messages(asking.folder)[0]["content"][0]["text"] == "hello"
    asking.run(0)
    shown = asking.ask("%agent and now?")
    assert "continued **hello**, " in shown
    assert "You said: " in shown
    assert "and now?" in shown
    assert len(sessions(asking.folder)) == 1
    sent = model.asked[-1]["messages"]
    assert "hello" in str(sent[0])
    assert "and now?" in str(sent[-1])


def test_two_pages_of_one_notebook_share_the_conversation(asking: Lab, model: MessagesServer) -> None:
    """While one tab gets an answer, one types in the other, runs cells next, reads the answer and goes on with it."""
    asking.save()
    with another_page(asking) as other:
        index, held = begin(asking, model)
        written = other.type("1 + 1")
        held.release()
        asking.idle()
        other.idle()
        other.run(written)
        assert other.text(written) == "2"
        assert TEXT in other.ask("%session show")
        assert "You said: from the other\n\n<small>claude-sonnet-5-5 · " in other.ask("%agent from the other")
    assert f"{TEXT}\n\n<small>" in asking.text(index)
    assert [line["role"] for line in messages(asking.folder)] == ["user", "assistant"] * 2
    assert [message["role"] for message in model.asked[-1]["messages"]] == ["user", "assistant", "user"]


def test_the_saved_notebook_holds_text_and_nothing_else(asking: Lab, model: MessagesServer) -> None:
    """Every ask leaves one display, as Markdown and as plain text; no widget, and no state of one."""
    thinking = {"type": "thinking", "thinking": "She greets me."}
    model.push(Reply([thinking, {"type": "text", "text": TEXT}]), Reply(TEXT, fault=Fault("error")))
    good = asking.type("%%agent hello")
    asking.run(good)
    bad = asking.type("%%agent again")
    asking.run(bad)
    asking.save()
    saved = nbformat.read(asking.path, as_version=4)
    _, reply = saved.cells[good].outputs
    assert reply.output_type == "display_data"
    assert set(reply.data) == {"text/markdown", "text/plain"}
    assert reply.data["text/markdown"].startswith("<details><summary>thinking, 3 words</summary>\n\n> She greets me.")
    assert f"</details>\n\n{TEXT}\n\n<small>claude-sonnet-5-5 · " in reply.data["text/markdown"]
    assert reply.data["text/plain"].startswith(f"[thinking, 3 words]\n\n{TEXT}\n\nclaude-sonnet-5-5 · ")
    broken, error = saved.cells[bad].outputs
    assert set(broken.data) == {"text/markdown", "text/plain"}
    assert "broken off; what came until then is kept · claude-sonnet-5-5" in broken.data["text/plain"]
    (line,) = error.traceback
    assert line.startswith("UsageError: http://127.0.0.1:")
    assert "widgets" not in saved.metadata
