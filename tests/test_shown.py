"""Values show themselves, in a notebook and in a terminal, also without ``%load_ext``."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hostile_kit import HOSTILE
from IPython.core.interactiveshell import InteractiveShell

import ipy_sessions as ses
from ipy_sessions import shown
from ipy_sessions.render.reply import growing


@pytest.fixture
def session(tmp_path: Path) -> Any:
    """A session with two branches; the offline model has answered."""
    with ses.SessionManager(tmp_path / ".sessions", settings=ses.Settings(model="offline")) as manager:
        session = manager.create("alice")
        session.prompt("My name is <b>Alice</b>")
        session.prompt("What's my name?")
        session.rewind(1)
        session.prompt("How many turns is this?")
        yield session


@pytest.fixture
def shell() -> Any:
    """A shell of IPython that imports the package."""
    shell = InteractiveShell.instance()
    shown.tell_ipython()
    yield shell
    InteractiveShell.clear_instance()


def bundle(shell: Any, value: object) -> dict[str, str]:
    """Return what a notebook gets of a value."""
    data, _ = shell.display_formatter.format(value)
    return dict(data)


def test_a_message_shows_who_said_what_and_when(shell: Any, session: ses.Session) -> None:
    """The question as it was typed, its tags shown; the answer as Markdown; in a list one line each."""
    question, answer = [entry for entry in session.tree.path() if entry.role][:2]
    seen = bundle(shell, question)
    assert "> My name is \\<b\\>Alice" in seen["text/markdown"]
    assert "message of the user · " in seen["text/plain"]
    assert seen["text/plain"].endswith("My name is <b>Alice</b>")
    assert "Nice to meet you" in bundle(shell, answer)["text/markdown"]
    assert "message of offline · " in bundle(shell, answer)["text/plain"]
    listed = bundle(shell, [question, answer])["text/plain"]
    assert listed.count("<Entry ") == 2
    assert repr(question) == f"<Entry {question.seq} message user {question.id[-6:]} 'My name is <b>Alice</b>'>"


def test_a_line_that_is_no_message_shows_its_fields(shell: Any, session: ses.Session) -> None:
    """Settings, labels and the like are shown as what stands in the file."""
    settings = session.tree.path()[0]
    seen = bundle(shell, settings)
    assert seen["text/markdown"].startswith("<small>settings · ")
    assert '"model": "offline"' in seen["text/markdown"]
    assert '"model": "offline"' in seen["text/plain"]


def test_a_row_and_a_list_show_themselves(shell: Any, session: ses.Session, tmp_path: Path) -> None:
    """A row says what is known of a session; a list is a table; an empty one says so."""
    with ses.SessionManager(tmp_path / ".sessions") as manager:
        rows = manager.list()
        assert "- session: `alice (" in bundle(shell, rows[0])["text/markdown"]
        assert "3, 6 messages" in bundle(shell, rows[0])["text/plain"]
        seen = bundle(shell, rows)
        assert f"| {session.id[-6:]} | alice | offline | — | " in seen["text/markdown"]
        assert seen["text/plain"].splitlines()[0].split() == ["id", "session", "model", "notebook", "last", "message"]
    with ses.SessionManager(tmp_path / "none") as manager:
        assert bundle(shell, manager.list())["text/plain"] == "No sessions."
        assert manager.list() == []


def test_a_context_shows_what_would_be_sent(shell: Any, session: ses.Session) -> None:
    """The messages, numbered, with who says them."""
    seen = bundle(shell, session.build_context())
    assert seen["text/markdown"].startswith("<small>4 messages would be sent.</small>")
    assert "| 1 | user | “My name is \\<b\\>Alice\\</b\\>” |" in seen["text/markdown"]


def test_a_tree_and_a_turn_show_themselves(shell: Any, session: ses.Session) -> None:
    """The tree is its picture; a turn is its question and its answer."""
    seen = bundle(shell, session.tree)
    assert seen["image/svg+xml"].startswith("<svg ")
    assert "3 turns on 2 branches" in seen["text/plain"]
    assert repr(session.tree).startswith("<Tree of ")
    turn = session.turns.numbered(2)
    assert "Your name is" in bundle(shell, turn)["text/markdown"]
    assert repr(turn) == '<Turn 2 "What\'s my name?">'


@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_reply_is_shown_and_not_obeyed(shell: Any, hostile: str) -> None:
    """JupyterLab sanitises nothing of its own cells: a reply that ends one is tamed as a live one is."""
    seen = bundle(shell, ses.Reply([{"type": "text", "text": hostile.strip()}], "a model"))
    assert seen["text/markdown"] == growing("", hostile.strip()).markdown
    assert not hasattr(ses.Reply, "_repr_markdown_")  # which a host would take that was not told


def test_a_reply_shows_its_text_its_thinking_and_what_it_called(shell: Any) -> None:
    """As it was shown while it came; one without anything says so; in a list one line each."""
    blocks = [{"type": "thinking", "thinking": "<b>hm"}, {"type": "text", "text": "**Yes**"}]
    called = {"type": "tool_use", "id": "1", "name": "<i>", "input": {}}
    seen = bundle(shell, ses.Reply([*blocks, called], "a model"))
    assert seen["text/plain"] == "[thinking, 1 word]\n\n**Yes**\n[call <i>]"
    assert seen["text/markdown"].startswith("<details><summary>thinking, 1 word</summary>\n\n> \\<b\\>hm")
    assert seen["text/markdown"].endswith("**Yes**\n\n<small>\\[call \\<i\\>\\]</small>")
    assert bundle(shell, ses.Reply([], "a model"))["text/plain"] == "[no answer]"


def test_importing_the_package_is_enough_and_imports_nothing_that_shows() -> None:
    """A notebook that has not loaded the extension shows values all the same, and pays when one is shown."""
    code = """
import sys
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
import ipy_sessions
assert "ipy_sessions.render" not in sys.modules
entry = ipy_sessions.SessionManager.in_memory().create().append(ipy_sessions.user("hello"))
data, _ = shell.display_formatter.format(entry)
print(data["text/markdown"])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "> hello" in done.stdout
