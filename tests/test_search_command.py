"""%session search in a shell: what is found can be opened, and Stop keeps what was found."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Shell
from progress_kit import stopping

import ipy_sessions as ses
from ipy_sessions import SessionManager, assistant, user
from ipy_sessions.commands.session import parse_session
from ipy_sessions.commands.values import Search, Show
from ipy_sessions.errors import CommandError


@pytest.fixture
def told(terminal: Shell) -> Shell:
    """A shell whose folder has two sessions."""
    with SessionManager(".sessions") as manager:
        for name, text in (("alps", "over the Alps"), ("sea", "by the sea, and don't stop")):
            session = manager.create(name)
            session.append(user("first"))
            session.append(assistant("yes"))
            session.append(user(text))
            session.append(assistant("A good way."))
    return terminal


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("search one two", Search("one two")),
        ('search one "two three"', Search(["one", "two three"])),
        ('search don\'t "two three"', Search('don\'t "two three"')),
        (r"search --regex a\d+ b", Search(r"a\d+ b", {"regex": True})),
        (
            "search x --case --deep --user --limit 3",
            Search("x", {"deep": True, "case": True, "role": "user", "limit": 3}),
        ),
        ("search x --tool bash --notebook work --here", Search("x", {"tool": "bash", "notebook": "work"}, here=True)),
        ("search x --since 7d --in a --in b", Search("x", dates={"since": "7d"}, paths=["a", "b"])),
        ("show 2 --turn 7", Show("2", turn="7")),
    ],
)
def test_a_search_is_read_as_it_was_typed(line: str, value: Search | Show) -> None:
    """Words, phrases and what narrows them."""
    assert parse_session(line) == value


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("search", "required: TEXT"),
        ("search x --limit 0", "--limit takes a number from 1, and not '0'"),
        ("search x --limit no", "--limit takes a number from 1, and not 'no'"),
        ("search x --user --assistant", "exclude each other"),
    ],
)
def test_a_search_that_cannot_be_is_refused(line: str, says: str) -> None:
    """In one sentence."""
    with pytest.raises(CommandError, match=says):
        parse_session(line)


def test_what_was_found_says_how_to_read_it_and_to_go_on(told: Shell) -> None:
    """The row's number means its session, and the turn alone can be shown."""
    shown = told.run("%session search alps")
    assert "over the «Alps»" in shown
    assert "1 message in 1 session." in shown
    assert "`%session show 1 --turn 2`" in shown
    turn = told.run("%session show 1 --turn 2")
    assert "over the Alps" in turn
    assert "A good way." in turn
    assert "first" not in turn
    assert "opened alps" in told.run("%session open 1")


def test_an_apostrophe_is_no_quote(told: Shell) -> None:
    """A word that has one is found."""
    assert "«don't»" in told.run("%session search don't stop")


def test_what_is_not_found_is_said(told: Shell) -> None:
    """And what stands in no session, or where there is none."""
    assert "Nothing was found." in told.run("%session search nowhere")
    assert "No file is named by" in told.run("%session search alps --in nowhere.jsonl")


def test_without_a_session_there_is_nothing_to_look_in(terminal: Shell) -> None:
    """It says what to do."""
    assert "There is no session to look in yet. Ask something" in terminal.run("%session search x")


def test_what_is_in_memory_alone_is_found(terminal: Shell) -> None:
    """Its row can be meant as well."""
    terminal.run("%session new --temp")
    terminal.run("%agent a needle")
    assert "«needle»" in terminal.run("%session search needle")
    assert "a needle" in terminal.run("%session show 1 --turn 1")


def test_the_sessions_of_this_notebook(make_shell: Callable[..., Shell], tmp_path: Path) -> None:
    """Those of others are found without --here."""
    for name in ("one", "two"):
        path = tmp_path / "work" / f"{name}.ipynb"
        path.write_text(json.dumps({"cells": []}))
        shell = make_shell(notebook=path)
        shell.run(f"%agent a needle in {name}")
    here = shell.run("%session search needle --here")
    assert "in two" in here
    assert "in one" not in here
    assert "in one" in shell.run("%session search needle")


def test_what_is_in_memory_alone_may_be_of_another_notebook(notebook: Shell) -> None:
    """Then it is found without --here, and not with it."""
    notebook.run("%session new --temp")
    notebook.run("%agent a needle")
    assert "«needle»" in notebook.run("%session search needle --here")
    ses.current().note(notebook="elsewhere.ipynb")
    assert "Nothing was found." in notebook.run(
        "%session search needle --here --limit 1"
    ) or "no session" in notebook.run("%session search needle --here")
    assert "«needle»" in notebook.run("%session search needle")


def test_a_turn_or_the_last_answer(told: Shell) -> None:
    """Both at once is no way to show one."""
    assert "Either a turn is shown, or the last answer" in told.run("%session show alps --turn 1 --last")
    assert "has no turn '9'" in told.run("%session show alps --turn 9")


def test_stop_keeps_what_was_found(told: Shell) -> None:
    """The hits so far are shown, with a sentence, and the cell has not gone through."""
    from ipy_sessions.magics.extension import find

    extension = find(told.ip)
    assert extension is not None
    extension.host.watch = stopping(extension.host.output, after=1, what="sessions")
    shown = told.run("%session search first")
    assert "Stopped after 1 sessions: this is what was found by then." in shown
    assert "1 message in 1 session." in shown
    assert shown.rstrip().endswith("Stopped.")
    assert extension.host.listing is not None
    assert len(extension.host.listing.others) == 1
