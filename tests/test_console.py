"""jupyter console, behind a pty: a kernel whose front end is a terminal."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from hosts_kit import Terminal, lines, messages

from ipy_sessions.testing.script import Fault, Reply
from ipy_sessions.testing.server import MessagesServer

UP = psutil.CONN_ESTABLISHED
TEXT = " ".join(f"word{number}" for number in range(40))


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[MessagesServer]:
    """A server whose first model answers when none is named."""
    with MessagesServer() as server:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", server.url)
        monkeypatch.delenv("IPY_SESSIONS_MODEL")
        monkeypatch.setenv("PYDEVD_DISABLE_FILE_VALIDATION", "1")  # its warning comes at a moment of its own
        yield server


class Console(Terminal):
    """jupyter console with the extension loaded."""

    def __init__(self) -> None:
        file = Path("connection.json").resolve()
        file.unlink(missing_ok=True)
        super().__init__("-m", "jupyter_console", "--simple-prompt", "-f", str(file))
        self._number = 1
        self.until(r"In \[1\]: ")
        self._wait_until_it_listens(json.loads(file.read_text())["iopub_port"])
        self.run("%load_ext ipy_sessions")

    def _wait_until_it_listens(self, port: int, seconds: float = 30) -> None:
        """Wait for the channel on which the kernel publishes.

        jupyter console shows its prompt before that, and waits for ever for a cell whose end it has missed.
        """
        program = psutil.Process(self.child)
        deadline = time.monotonic() + seconds
        while not any(one.raddr and one.raddr.port == port for one in program.net_connections() if one.status == UP):
            assert time.monotonic() < deadline
            time.sleep(0.01)

    def begin(self, line: str) -> None:
        """Type a line; its echo is read."""
        self.type(f"{line}\n")
        self.until(re.escape(line) + r"\n")

    def prompt(self) -> str:
        """Read until the next prompt; return what was shown before it."""
        self._number += 1
        mark = f"In [{self._number}]: "
        return self.until(re.escape(mark)).removesuffix(mark)

    def run(self, line: str) -> str:
        """Type a line; return what it shows."""
        self.begin(line)
        return self.prompt()


@pytest.fixture
def console(server: MessagesServer) -> Iterator[Console]:  # noqa: ARG001 - it names the server to the kernel
    """A console in an empty folder, with a server to ask."""
    console = Console()
    yield console
    console.close()


def test_a_reply_grows_and_is_whole_and_there_once(console: Console, server: MessagesServer) -> None:
    """The text comes while the model speaks; at the end all of it stands there, once, with the last line below it."""
    held = Fault("silence", seconds=60)
    server.push(Reply(TEXT, fault=held))
    console.begin("%agent hello")
    begun = console.until("word9 ")
    assert "word30" not in begun
    assert len(messages(Path())) == 1
    held.release()
    whole = begun + console.prompt()
    assert whole.count(TEXT) == 1
    assert whole.count("word0 ") == 1
    assert re.search(TEXT + r"\n\nclaude-sonnet-5-5 · \d+ in, \d+ out · hello · \.sessions/\S+\.jsonl\n", whole)


def test_control_c_stops_and_the_next_ask_goes_on(console: Console, server: MessagesServer) -> None:
    """Ctrl-C ends the reply at once; what came is shown and logged, and the conversation goes on."""
    server.push(Reply(TEXT, fault=Fault("silence", seconds=60)))
    console.begin("%agent hello")
    begun = console.until("word9 ")
    console.type("\x03")
    below = begun + console.prompt()
    assert "\n\nstopped; what came until then is kept · claude-sonnet-5-5" in below
    assert "Stopped. What came until then is kept in the session." in below
    assert "Traceback" not in below
    assert (lines(Path())[-1]["end"], lines(Path())[-1]["stop_reason"]) == ("interrupted", None)
    kept = lines(Path())[-1]["content"][0]["text"]
    assert TEXT.startswith(kept)
    assert kept.rstrip() in below
    assert "You said: and now?" in console.run("%agent and now?")
    sent = server.asked[-1]["messages"]
    assert [message["role"] for message in sent] == ["user", "assistant", "user"]
    assert "word9" in str(sent[1])


def test_it_is_a_terminal_without_a_notebook(console: Console) -> None:
    """The sessions are in the working directory; a console of the next day goes on with the last of them."""
    console.run("%agent My name is Alice")
    assert "notebook  none" in console.run("%session")
    header = lines(Path())[0]
    assert (header["notebook"], header["cwd"], header["key"].split(":")[2]) == (None, str(Path.cwd()), "console")
    again = Console()
    try:
        assert "is open elsewhere" in again.run("%agent What is my name?")
        console.close()
        opened = again.run("%session open My name is Alice --wait 20")  # its kernel ends a moment after it
        shown = again.run("%agent What is my name?")
    finally:
        again.close()
    assert "opened My name is Alice, 2 messages, .sessions/" in opened
    assert "You said: What is my name?" in shown
    assert [line["role"] for line in messages(Path())] == ["user", "assistant"] * 2


def test_a_failure_is_one_line(console: Console, server: MessagesServer) -> None:
    """The stream breaks: the text until then, how it ended, one line of error; no traceback."""
    server.push(Reply(TEXT, fault=Fault("error")))
    below = console.run("%agent hello")
    assert "word9 " in below
    assert "broken off; what came until then is kept" in below
    assert below.rstrip().splitlines()[-1].startswith("UsageError: http://127.0.0.1:")
    assert "Traceback" not in below
    assert "You said: again" in console.run("%agent again")


def test_a_prompt_that_is_wanted_again_is_shown(console: Console, server: MessagesServer) -> None:
    """A console without a line editor has no prompt to fill; nothing is asked."""
    console.run("%agent hello")
    assert "%%agent\nhello\n" in console.run("%session again 1")
    assert len(server.asked) == 1
