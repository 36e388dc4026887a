"""Real hosts: a kernel over its sockets, nbclient, a terminal behind a pty, the first notebook."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from hosts_kit import Kernel, Terminal, last_line, shown
from nbclient import NotebookClient

from ipy_sessions.testing import MessagesServer

ROOT = Path(__file__).parents[1]


@pytest.fixture
def kernel() -> Iterator[Kernel]:
    """A real kernel with the extension loaded, in an empty folder."""
    kernel = Kernel(IPY_SESSIONS_OFFLINE_DELAY="0.01")
    yield kernel
    kernel.stop()


def test_a_reply_streams_into_one_display(kernel: Kernel) -> None:
    """One display, updates at most ten a second, a last one with everything."""
    messages = [m for m in kernel.messages(kernel.send("%%agent\ncount to 200")) if "display" in m["msg_type"]]
    ids = [message["content"]["transient"].get("display_id") for message in messages]
    replies = [message for message, one in zip(messages, ids, strict=True) if one]
    assert len({one for one in ids if one}) == 1
    assert [message["msg_type"] for message in replies[:2]] == ["display_data", "update_display_data"]
    assert 2 < len(replies) < 200  # fewer than words; how many exactly is tested with a clock of our own
    lengths = [len(message["content"]["data"]["text/markdown"]) for message in replies]
    assert lengths == sorted(lengths)
    assert replies[-1]["content"]["data"]["text/plain"].startswith("I am the offline model")
    assert " 199 200\n\noffline · " in replies[-1]["content"]["data"]["text/plain"]


def test_stop_keeps_what_came_and_queued_cells_do_not_run(kernel: Kernel) -> None:
    """Idle at once, one line instead of a traceback, the partial answer shown and logged; the session goes on."""
    asked, queued = kernel.send("%%agent\ncount to 2000"), kernel.send("ran = True")
    messages = []
    pressed = False
    for message in kernel.messages(asked):
        messages.append(message)
        if " 20 " in str(message["content"]) and not pressed:
            pressed = True
            kernel.manager.interrupt_kernel()
    errors = [message["content"] for message in messages if message["msg_type"] == "error"]
    assert [error["traceback"] for error in errors] == [["Stopped. What came until then is kept in the session."]]
    below = shown(messages)
    assert "stopped; what came until then is kept · offline" in below
    list(kernel.messages(queued))
    assert "NameError" in kernel.run("ran")
    logged = last_line()
    assert " 1000 " not in logged["content"][0]["text"]  # of 2000 words: it did not wait for the model
    assert (logged["end"], logged["stop_reason"]) == ("interrupted", None)
    assert logged["content"][0]["text"].rstrip() in below
    assert "This is turn 2" in kernel.run("%agent How many turns is this?")


def test_a_killed_kernel_loses_no_question(kernel: Kernel) -> None:
    """Kill -9 while a reply streams: the question is in the log, and the session resumes."""
    for message in kernel.messages(kernel.send("%%agent\nMy name is Alice. count to 2000")):
        if " 20 " in str(message["content"]):
            break
    os.kill(int(kernel.pid), signal.SIGKILL)
    assert last_line()["role"] == "user"
    again = Kernel()
    try:
        assert "interrupted" in again.run("%session list")
        assert "Your name is **Alice**." in again.run("%agent What is my name?")
    finally:
        again.stop()


def test_the_kernel_completes_our_lines(kernel: Kernel) -> None:
    """Tab in a front end: the words, and where they go."""
    for line, expected in (("%session o", "%session open"), ("%%agent --mo", "%%agent --model")):
        answer = kernel.client.complete(line, len(line), reply=True, timeout=20)["content"]
        made = [line[: answer["cursor_start"]] + match for match in answer["matches"]]
        assert made == [expected]


def test_nbclient_runs_a_notebook_and_leaves_whole_answers(tmp_path: Path) -> None:
    """Without a browser and without a key; each run is a session of its own."""
    cells = ["%load_ext ipy_sessions", "%%agent\nMy name is Alice", "%agent What is my name?"]
    for _ in range(2):
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
        NotebookClient(notebook, timeout=60, resources={"metadata": {"path": str(tmp_path)}}).execute()
        (reply,) = notebook.cells[2].outputs
        assert reply.data["text/markdown"].startswith("Your name is **Alice**.\n\n<small>offline")
        assert reply.data["text/plain"].startswith("Your name is **Alice**.\n\noffline")
    assert len(list((tmp_path / ".sessions").glob("*.jsonl"))) == 2


def test_the_first_notebook_runs_from_top_to_bottom(tmp_path: Path) -> None:
    """Every cell, and it teaches what it says."""
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "demo.py"), str(ROOT / "notebooks" / "01_first_session.ipynb")],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    told = [
        "Nice to meet you, Alice!",
        "In the one message of yours that I was sent, you do not tell your name",
        "1  user       My name is Alice",
        "This is turn 3",
        "opened alice, 8 messages",
        "Your favourite language is **Rust**.",
        "9 messages are whole",
        "[BadLine(number=12",
        "repair {'fragment': ",
        "assistant           517",
    ]
    for sentence in told:
        assert sentence in done.stdout
    assert list(tmp_path.glob("**/*.jsonl")) == []


def test_the_first_notebook_spends_nothing_where_there_is_a_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also opened outside of `make lab`: every ask of it names the offline model, and no server is asked."""
    monkeypatch.delenv("IPY_SESSIONS_MODEL")
    notebook = nbformat.read(ROOT / "notebooks" / "01_first_session.ipynb", as_version=4)
    with MessagesServer() as server:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", server.url)
        NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(tmp_path)}}).execute()
        assert server.requests == []


def test_the_first_notebook_survives_a_restart_in_its_middle(tmp_path: Path) -> None:
    """Its subject: the kernel of the second half is another one, and it remembers."""
    notebook = nbformat.read(ROOT / "notebooks" / "01_first_session.ipynb", as_version=4)
    ids = [cell.id for cell in notebook.cells]
    middle = ids.index("continue")
    halves = [notebook.cells[:middle], notebook.cells[middle:]]
    for cells in halves:
        half = nbformat.v4.new_notebook(cells=cells, metadata=notebook.metadata)
        NotebookClient(half, timeout=60, resources={"metadata": {"path": str(tmp_path)}}).execute()
        cells[:] = half.cells
    below = {cell.id: "".join(str(output) for output in cell.get("outputs", [])) for half in halves for cell in half}
    assert "continued alice, 4 messages" in below["continue"]
    assert "Your name is **Alice**." in below["still-there"]
    assert "This is turn 3" in below["still-there"]
    assert "**Rust**" in below["back"]


def test_a_terminal_prints_deltas_as_they_come(monkeypatch: pytest.MonkeyPatch) -> None:
    """Through a pty: text grows, Ctrl-C keeps what came in one line, nothing is printed twice."""
    monkeypatch.setenv("IPY_SESSIONS_OFFLINE_DELAY", "0.01")
    terminal = Terminal("-m", "IPython", "--simple-prompt", "--no-banner", "--colors=nocolor")
    try:
        terminal.until(r"In \[1\]: ")
        terminal.type("%load_ext ipy_sessions\n")
        terminal.until(r"In \[2\]: ")
        terminal.type("%agent count to 2000\n")
        first = terminal.until(r" 20 ")
        assert "I am the offline model" in first
        terminal.type("\x03")
        rest = terminal.until(r"In \[3\]: ")
        assert "stopped; what came until then is kept · offline" in rest
        assert "Stopped. What came until then is kept in the session." in rest
        assert "I am the offline model" not in rest
        assert "Traceback" not in rest
        terminal.type("%agent How many turns is this?\n")
        assert "This is turn 2" in terminal.until(r"In \[4\]: ")
    finally:
        terminal.close()
    assert last_line()["role"] == "assistant"


def test_tab_completes_in_a_terminal() -> None:
    """Commands, sessions and models, as one types them, in IPython's own line editor."""
    terminal = Terminal("-m", "IPython", "--no-banner", "--colors=nocolor", kind="xterm")
    try:
        for number, line in enumerate(("%load_ext ipy_sessions", "%session new alice", "%agent hello"), start=1):
            terminal.until(rf"In \[{number}\]:")
            terminal.type(f"{line}\r")
        terminal.until(r"In \[4\]:")
        for begun, whole in (("%session o", "pen"), (" ali", "ce")):
            terminal.type(begun)
            terminal.until(re.escape(begun.strip()))  # it is the editor that shows what is typed
            terminal.type("\t")
            terminal.until(whole)
        terminal.type("\r")
        assert "already in alice, 2 messages" in terminal.until(r"In \[5\]:")
        terminal.type("%agent --model off")
        terminal.until("off")
        terminal.type("\t")
        terminal.until("line")
        terminal.type(" What did I say first?\r")
        assert "> hello" in terminal.until(r"In \[6\]:")
    finally:
        terminal.close()
