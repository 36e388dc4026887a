"""Imports: transcripts become sessions, once, and what was said here since stays."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import Shell
from exchange_kit import Diary
from hypothesis import given
from hypothesis import strategies as st
from test_upkeep import PICTURE, image

from ipy_sessions import Exchange, MemoryStore, Session, SessionManager, Settings, Upkeep, assistant, user
from ipy_sessions.exchange import Taken
from ipy_sessions.readers.registry import register
from ipy_sessions.testing import FixedSource

KEY = "sk-ant-api03-" + "a" * 95
FIRST = ("u1 - hello", "a1 u1 hi there")
MORE = ("u2 a1 and now", "a2 u2 something else")


@pytest.fixture(autouse=True)
def _diary() -> None:
    register(Diary())


def diary(*lines: str, name: str = "one") -> Path:
    """Write a transcript of another agent."""
    path = Path(f"{name}.diary")
    path.write_text("\n".join([f"DIARY {name}", *lines]))
    return path


def take(manager: SessionManager, *lines: str, name: str = "one") -> Taken:
    """Import a transcript of another agent."""
    return Exchange(manager).import_files(diary(*lines, name=name))


def said(session: Session) -> list[str]:
    """Return what was said on the active branch."""
    return [entry.text for entry in session.tree.path() if entry.type == "message"]


def lines(path: Path) -> list[dict[str, Any]]:
    """Return the lines of a session's file."""
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_transcript_becomes_a_session(manager: SessionManager) -> None:
    """It keeps times, parents and where it comes from, is numbered as ours are, and can be gone on with."""
    (done,) = take(manager, *FIRST, "?3 a1 glad").done
    assert (done.is_new, done.added, done.row.message_count, done.row.output_tokens) == (True, 3, 2, 5)
    header, question, answer, unknown = lines(done.row.path)
    assert header["source"] == {"format": "diary", "id": "one"}
    assert [line["seq"] for line in (question, answer, unknown)] == [1, 2, 3]
    assert (question["ts"], answer["parent_id"]) == ("2026-01-02T03:04:05.000Z", question["id"])
    assert answer["source"] == {"format": "diary", "id": "a1"}
    assert unknown["source"]["raw"]["is"] == "glad"
    session = manager.open("hello")
    assert said(session) == ["hello", "hi there"]
    session.prompt("My name is Alice")
    assert Upkeep(manager).verify(session) == []


def test_importing_twice_writes_nothing(manager: SessionManager) -> None:
    """Not a byte; and the session may be open elsewhere."""
    (row,) = (one.row for one in take(manager, *FIRST).done)
    before = row.path.read_bytes()
    with SessionManager(manager.store.path) as other:
        other.open("hello")
        (again,) = take(manager, *FIRST).done
    assert (again.added, again.is_new, again.row.id) == (0, False, row.id)
    assert row.path.read_bytes() == before


def test_a_transcript_that_has_grown_adds_what_is_new(manager: SessionManager) -> None:
    """And the conversation stands at its end; nothing is counted twice."""
    take(manager, *FIRST)
    (grown,) = take(manager, *FIRST, *MORE).done
    assert (grown.added, grown.is_new, grown.row.output_tokens) == (2, False, 10)
    assert said(manager.open("hello")) == ["hello", "hi there", "and now", "something else"]
    assert len(manager.list()) == 1


def test_what_was_said_here_since_stays_where_it_stands(manager: SessionManager) -> None:
    """What has come there is another branch, and both are there after the session is opened anew."""
    take(manager, *FIRST)
    session = manager.open("hello")
    session.prompt("My name is Alice")
    session.note(name="mine")
    ours = said(session)
    leaf = session.leaf
    take(manager, *FIRST, *MORE)
    assert (session.leaf, said(session)) == (leaf, ours)
    session.prompt("What's my name?")
    manager.close(session)
    again = manager.open("mine")
    assert said(again)[:4] == ours
    assert len(again.tree.leaves) == 2
    assert {"and now", "something else"} <= {entry.text for entry in again.tree if entry.type == "message"}


def test_an_import_follows_until_it_is_gone_on_with(manager: SessionManager) -> None:
    """Where the other agent went back and took another way, the conversation stands at the end of that."""
    take(manager, *FIRST, *MORE)
    take(manager, *FIRST, "u3 a1 instead", *MORE)
    assert said(manager.open("hello"))[-1] == "something else"
    take(manager, *FIRST, "u3 a1 instead", *MORE, "u4 u3 on")
    assert said(manager.open("hello"))[-1] == "on"


GROWTH = st.lists(st.sampled_from(["there", "here", "import"]), max_size=8)


@given(GROWTH)
def test_nothing_is_ever_lost(steps: list[str]) -> None:
    """Whoever goes on, in whichever order: all that was said is there once, and our branch stays the active one."""
    store, told, here = MemoryStore(), list(FIRST), 0
    with SessionManager(store=store, settings=Settings(model="offline"), source=FixedSource()) as manager:
        take(manager, *told)
        for number, step in enumerate(steps):
            if step == "there":
                told.append(f"u9{number} {told[-1].split()[0]} there {number}")
            elif step == "here":
                manager.open(manager.list()[0]).append(user(f"here {number}"))
                here = number + 1
            else:
                take(manager, *told)
        take(manager, *told)
        for session in manager.opened:
            manager.close(session)
        session = manager.open(manager.list()[0])
        texts = [entry.text for entry in session.tree if entry.type == "message"]
        assert len(texts) == len(set(texts)) == len(told) + steps.count("here")
        assert said(session)[-1] == (f"here {here - 1}" if here else told[-1].split(" ", 2)[2])


def test_a_sub_agents_conversation_is_a_session_of_its_own(manager: SessionManager) -> None:
    """It names its parent."""
    parent, child = take(manager, *FIRST, "s1 ! look at that").done
    assert child.row.parent_session == parent.row.id
    assert len(manager.list()) == 2


def test_secrets_are_masked_on_their_way_in(manager: SessionManager) -> None:
    """In what was said, and in what is kept without being understood; also when it is added later."""
    take(manager, *FIRST)
    (done,) = take(manager, *FIRST, f"u2 a1 the key is {KEY}", f"?3 u2 {KEY}").done
    text = done.row.path.read_text()
    assert (KEY in text, text.count("[masked API key]")) == (False, 2)


def test_our_own_sessions_are_copied_in(manager: SessionManager, tmp_path: Path) -> None:
    """With their ids, branches and payloads; and again when they have grown."""
    with SessionManager(tmp_path / "elsewhere", settings=Settings(model="offline", offline_delay=0)) as other:
        session = other.create("alice")
        session.append(image(PICTURE))
        session.append(assistant("a cat"))
        session.prompt("and now")
        session.rewind(1)
        (done,) = Exchange(manager).import_files(session.file).done
        copied = manager.open("alice")
        assert (copied.id, [entry.id for entry in copied.tree]) == (session.id, [entry.id for entry in session.tree])
        assert (said(copied), copied.build_context()) == (said(session), session.build_context())
        assert done.row.path.parent == manager.store.path
        manager.close(copied)
        session.prompt("another")
        (grown,) = Exchange(manager).import_files(session.file).done
        assert grown.added > 0
        assert said(manager.open("alice")) == said(session)
    shutil.rmtree(tmp_path / "elsewhere")
    assert copied.content(next(entry for entry in copied.tree if entry.role == "user"))[0]["source"]["data"]


def test_a_name_that_was_given_here_stays(manager: SessionManager, tmp_path: Path) -> None:
    """Whatever it is called there later; what was only said there is taken over."""
    with SessionManager(tmp_path / "elsewhere", settings=Settings(model="offline", offline_delay=0)) as other:
        session = other.create("theirs")
        session.prompt("hello")
        Exchange(manager).import_files(session.file)
        Upkeep(manager).tag("theirs", "read")
        session.note(name="theirs, later")
        Exchange(manager).import_files(session.file)
        assert [row.title for row in manager.list(tag="read")] == ["theirs, later"]
        manager.open("theirs, later").note(name="mine")
        session.note(name="theirs, at last")
        Exchange(manager).import_files(session.file)
    assert [row.title for row in manager.list(tag="read")] == ["mine"]


def test_in_memory_it_stays_in_memory() -> None:
    """Twice does no harm there, either, and nothing is written."""
    with SessionManager.in_memory(Settings(model="offline")) as manager:
        (done,) = take(manager, *FIRST).done
        assert take(manager, *FIRST, *MORE).done[0].added == 2
        assert said(manager.open(done.row.id))[-1] == "something else"
        assert len(manager.list()) == 1
    assert [path.name for path in Path().iterdir()] == ["one.diary"]


def test_what_is_no_transcript_is_named_and_skipped(manager: SessionManager) -> None:
    """And the others are taken in, each once, though two patterns mean it."""
    diary(*FIRST, name="a")
    diary("u1 - bonjour", name="b")
    Path("notes.diary").write_text("nothing of the kind")
    diary(name="empty")
    Path("below").mkdir()
    Path("below/loop.jsonl").symlink_to("loop.jsonl")
    taken = Exchange(manager).import_files("*.diary", "a.diary", "gone-*.diary", "below")
    assert sorted(one.row.title for one in taken.done) == ["bonjour", "hello"]
    reasons = " ".join(reason for _, reason in taken.skipped)
    assert "No file is named by 'gone-*.diary'" in reasons
    assert "notes.diary is no transcript" in reasons
    assert "empty.diary holds no messages" in reasons
    assert "loop.jsonl is no file" in reasons


def test_a_session_that_is_open_elsewhere_is_left(manager: SessionManager) -> None:
    """What would have been written is said to be left, with the reason."""
    take(manager, *FIRST)
    with SessionManager(manager.store.path) as other:
        other.open("hello")
        taken = take(manager, *FIRST, *MORE)
    assert taken.done == []
    assert "is open in this kernel" in taken.skipped[0].reason


def test_a_hostile_header_stays_in_the_folder(manager: SessionManager) -> None:
    """An id that looks like a path names no file elsewhere."""
    header = {"type": "session", "version": 1, "id": "x/../../a", "ts": "yesterday"}
    entry = {"type": "message", "seq": 1, "id": "e-1", "parent_id": None, "session": "s", "ts": "never", "role": "user"}
    text = "\n".join(json.dumps(line) for line in (header, {**entry, "content": "hi"}))
    Path("bad.jsonl").write_text(text)
    (done,) = Exchange(manager).import_files("bad.jsonl").done
    assert done.row.path.parent == manager.store.path
    newer = json.dumps({**header, "id": "newer-one", "version": 99}) + "\n" + json.dumps({**entry, "content": "hi"})
    Path("newer.jsonl").write_text(newer)
    assert "newer ipy_sessions" in Exchange(manager).import_files("newer.jsonl").skipped[0].reason


def test_no_ask_goes_on_with_an_import_unasked(terminal: Shell, make_shell: Callable[..., Shell]) -> None:
    """A fresh terminal goes on with what was said in one, and not with a conversation of another agent."""
    terminal.run("%agent My name is Alice")
    later = diary(*FIRST)
    later.write_text(later.read_text().replace("DIARY one", "DIARY 2999"))
    terminal.run(f"%session import {later}")
    assert "Your name is **Alice**." in make_shell().run("%agent What is my name?")
    assert "opened hello" in make_shell().run("%session open hello")


def test_the_command_says_what_came(notebook: Shell) -> None:
    """What is new, what is known, what was not understood, what could not be read."""
    path = diary(*FIRST, "?3 a1 glad", "cut off")
    told = notebook.run(f"%session import {path}")
    assert "hello" in told
    assert "diary" in told
    assert "1 record of a kind not known here was kept, unread: mood (1)." in told
    assert "1 line could not be read: one.diary (5)." in told
    assert "1 session was here already, with nothing new." in notebook.run(f"%session import {path}")
    diary(*FIRST, *MORE)
    assert "2 new entries" in notebook.run("%session import one.diary")
    assert "Skipped: No file is named by 'gone'" in notebook.run("%session import gone")
    assert "hi there" in notebook.run("%session show hello")
