"""Which session is meant."""

from __future__ import annotations

import json
import os
import subprocess
from datetime import UTC
from pathlib import Path

import pytest
from conftest import scripted

from ipy_sessions import (
    AmbiguousReferenceError,
    InvalidIdError,
    MemoryStore,
    Session,
    SessionClosedError,
    SessionManager,
    SessionNotFoundError,
    SettingError,
    Settings,
    TurnRunningError,
    user,
)
from ipy_sessions.testing import FixedSource, ScriptedModel


def spoken(manager: SessionManager, name: str, text: str = "hi") -> Session:
    """Return a new session that something was said in."""
    session = manager.create(name)
    session.append(user(text))
    return session


def test_each_reference_finds_its_session(manager: SessionManager) -> None:
    """By name, id, the end of the id as shown, path, file name and row of the list."""
    session = spoken(manager, "alice")
    spoken(manager, "bob")
    manager.close()
    info = next(row for row in manager.list() if row.name == "alice")
    for ref in ("alice", session.id, info.tail, session.file, str(session.file), session.file.name, info):
        assert manager.open(ref).id == session.id


def test_a_name_wins_over_the_end_of_an_id(manager: SessionManager) -> None:
    """What the user has named is nearer than what a machine has."""
    first = spoken(manager, "alice")
    spoken(manager, first.info().tail)
    assert manager.open(first.info().tail).name == first.info().tail


def test_an_unknown_reference_names_what_is_near(manager: SessionManager) -> None:
    """Typing errors and parts of names lead to what was meant; nothing changes."""
    with pytest.raises(SessionNotFoundError, match="there are none here yet"):
        manager.open("alice")
    spoken(manager, "alice")
    spoken(manager, "alice in wonderland")
    spoken(manager, "bob")
    with pytest.raises(SessionNotFoundError, match=r"Near it: 'alice' \(\w+\)"):
        manager.open("alcie")
    with pytest.raises(SessionNotFoundError, match="'alice in wonderland'"):
        manager.open("wonder")
    with pytest.raises(SessionNotFoundError, match="`%session list --all` shows"):
        manager.open("zebra")


def test_an_ambiguous_reference_lists_those_that_answer_to_it(manager: SessionManager) -> None:
    """Two sessions of one name are told apart by their ids."""
    tails = [spoken(manager, "alice").info().tail for _ in range(2)]
    with pytest.raises(AmbiguousReferenceError, match="2 sessions answer to 'alice'") as raised:
        manager.open("alice")
    assert all(tail in str(raised.value) for tail in tails)


def test_an_id_of_ones_own_must_be_valid_and_unused(manager: SessionManager) -> None:
    """Ids stand in file names and tables: none that looks like a number or a path."""
    session = manager.create(id="lesson-one_2026")
    session.append(user("hi"))
    assert manager.open("lesson-one_2026") is session
    for bad in ("short", "../../etc/passwd", "12345678", "with space", "a" * 65, ""):
        with pytest.raises(InvalidIdError, match="cannot be an id"):
            manager.create(id=bad)
    with pytest.raises(InvalidIdError, match="is taken"):
        manager.create(id="lesson-one_2026")


def test_the_latest_is_the_one_of_the_last_message(manager: SessionManager) -> None:
    """Not of the last change to a file: renaming does not make a session recent."""
    old, new = spoken(manager, "old"), spoken(manager, "new")
    old.note(name="older")
    assert [row.name for row in manager.list()] == ["new", "older"]
    assert manager.continue_recent() is new


def test_continue_recent_is_the_notebooks_own_or_a_new_one(manager: SessionManager, tmp_path: Path) -> None:
    """With a notebook, another notebook's sessions do not count."""
    assert len(manager.continue_recent().tree) == 0
    other = SessionManager(manager.store.path, notebook=tmp_path / "work" / "b.ipynb", source=FixedSource())
    spoken(other, "b's")
    manager.notebook = tmp_path / "work" / "a.ipynb"
    spoken(manager, "a's")
    assert other.continue_recent().name == "b's"
    assert manager.continue_recent().name == "a's"
    other.close()


def test_a_renamed_notebook_keeps_its_sessions_and_a_copy_gets_none(manager: SessionManager, tmp_path: Path) -> None:
    """By path, or by the cells that a session has seen once the path is gone."""
    first = tmp_path / "work" / "first.ipynb"
    cells = {"cells": [{"id": "c1"}, {"id": "c2"}]}
    first.write_text(json.dumps(cells))
    manager.notebook = first
    session = manager.create("mine")
    session.append(user("hi", cell_id="c2"))
    copy = tmp_path / "work" / "copy.ipynb"
    copy.write_text(json.dumps(cells))
    assert manager.list(notebook=copy) == []
    first.unlink()
    assert [row.name for row in manager.list(notebook=copy)] == ["mine"]
    assert manager.list(notebook=tmp_path / "work" / "stranger.ipynb") == []


def test_switching_lets_go_of_the_session_before(manager: SessionManager) -> None:
    """The old one is closed; one that cannot be opened leaves everything as it was."""
    spoken(manager, "alice")
    manager.close()
    bob = manager.begin("bob")
    bob.append(user("hi"))
    with pytest.raises(SessionNotFoundError):
        manager.switch("nobody")
    assert manager.current is bob
    assert not bob.closed
    alice = manager.switch("alice")
    assert manager.current is alice
    with pytest.raises(SessionClosedError):
        bob.prompt("x")
    assert manager.switch("alice") is alice


def test_a_switch_while_a_reply_streams_is_refused(manager: SessionManager) -> None:
    """The session stays, and so does the reply."""
    session, _ = scripted(manager, ["one ", "two"])
    manager.current = session
    events = session.stream("hi")
    next(events)
    for switch in (manager.begin, manager.leave):
        with pytest.raises(TurnRunningError, match="is still answering, so the session stays"):
            switch()
    assert manager.current is session
    list(events)
    assert session.tree[str(session.leaf)].text == "one two"


def test_a_session_in_memory_is_not_lost_by_switching(manager: SessionManager) -> None:
    """It stays listed and can be opened again, as long as the kernel lives."""
    draft = manager.begin("draft", temporary=True)
    draft.prompt("hi")
    manager.begin("other")
    assert [row.name for row in manager.list()] == ["draft"]
    assert manager.switch("draft") is draft


def test_persistence_none_writes_nothing(tmp_path: Path) -> None:
    """As a setting, and as the manager in memory."""
    manager = SessionManager(tmp_path / "s", settings=Settings(persistence="none", offline_delay=0))
    manager.begin("a").prompt("hi")
    assert not (tmp_path / "s").exists()
    with SessionManager(".sessions", settings=Settings(offline_delay=0)) as on_disk:
        on_disk.create("on disk").prompt("hi")
    before = sorted(Path.cwd().rglob("*"))
    memory = SessionManager.in_memory(find_model=lambda _: ScriptedModel("hello"))
    assert memory.list() == []
    assert memory.continue_recent().prompt("hi").text == "hello"
    assert len(memory.list()) == 1
    assert sorted(Path.cwd().rglob("*")) == before


def test_a_script_honours_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a notebook does; what it is given explicitly is nearer, and a bad value is one sentence."""
    monkeypatch.setenv("IPY_SESSIONS_SYSTEM", "Be brief.")
    assert SessionManager("s").create().parameters.system == "Be brief."
    assert SessionManager.in_memory().create().parameters.system == "Be brief."
    assert SessionManager("s", settings=Settings(system="Be long.")).create().parameters.system == "Be long."
    monkeypatch.setenv("IPY_SESSIONS_MAX_TOKENS", "many")
    with pytest.raises(SettingError, match="max_tokens is a number, and not 'many'"):
        SessionManager("s")


def test_odd_files_never_break_the_list(manager: SessionManager) -> None:
    """They are skipped, each with its reason; what was copied in appears."""
    session = spoken(manager, "alice")
    folder = manager.store.path
    (folder / "torn.jsonl").write_text('{"type":"ses')
    (folder / "folder.jsonl").mkdir()
    (folder / "notes.txt").write_text("hello")
    (folder / "empty.jsonl").touch()
    odd = session.file.read_text().replace('"content":[{"type":"text","text":"hi"}]', '"content":[],"usage":7')
    (folder / "odd.jsonl").write_text(odd.replace(session.id, "another-id"))
    rows, skipped = manager.scan()
    assert {row.id for row in rows} == {session.id, "another-id"}
    assert [path.name for path, _ in skipped] == ["empty.jsonl", "torn.jsonl"]


def test_a_hundred_switches_leave_no_open_file(manager: SessionManager) -> None:
    """Whoever is let go of holds no file."""
    descriptors = Path("/proc/self/fd")
    if not descriptors.exists():
        descriptors = Path("/dev/fd")
    before = len(list(descriptors.iterdir()))
    for number in range(100):
        manager.begin(f"s{number}").append(user("hi"))
    assert len(list(descriptors.iterdir())) <= before + 1
    manager.close()
    assert len(list(descriptors.iterdir())) <= before


def test_session_info_sums_up(manager: SessionManager) -> None:
    """Every field of it, of a session that was read from its file."""
    session = manager.create("alice")
    session.prompt("My name is Alice", cell_id="c1")
    session.prompt("What is my name?", cell_id="c2")
    manager.close()
    info = manager.list()[0]
    assert (info.path, info.id, info.name, info.title) == (session.file, session.id, "alice", "alice")
    assert (info.message_count, info.turn_count, info.leaf_count) == (4, 2, 1)
    assert (info.first_message, info.model, info.notebook) == ("My name is Alice", "offline", None)
    assert info.input_tokens > info.output_tokens > 0
    assert (info.cost_usd, info.interrupted, info.bad_lines, list(info.cells)) == (0.0, False, (), ["c1", "c2"])
    assert info.created < info.modified
    assert info.created.tzinfo is UTC


def test_a_session_that_nobody_spoke_in_yet_can_be_opened(manager: SessionManager) -> None:
    """By name, id and path; there is never a second one for it."""
    session = manager.create("alice", temporary=True)
    for ref in ("alice", session.id, session.file):
        assert manager.open(ref) is session
    assert manager.list() == []


def test_own_ids_with_the_same_end_are_two_sessions(manager: SessionManager) -> None:
    """Each has a file of its own."""
    first, second = (manager.create(name, id=f"{name}-session") for name in ("alice", "bobby"))
    third = SessionManager(manager.store.path, source=FixedSource()).create(id="carol-session")
    assert first.file != second.file
    first.append(user("a"))
    second.append(user("b"))
    assert third.file == first.file
    third.append(user("c"))
    manager.close()
    assert {row.id for row in manager.list()} == {"alice-session", "bobby-session", "carol-session"}
    assert manager.open("alice-session").build_context().messages[0]["content"][0]["text"] == "a"
    third.close()


def test_a_copied_file_is_listed_and_told_apart(manager: SessionManager) -> None:
    """Two files of one id are two rows, named by their files."""
    session = spoken(manager, "alice")
    copy = session.file.with_name("copy.jsonl")
    copy.write_bytes(session.file.read_bytes())
    assert len(manager.list()) == 2
    with pytest.raises(AmbiguousReferenceError, match=r"copy\.jsonl"):
        manager.open("alice")
    manager.open(copy)
    manager.close()
    assert session.closed


@pytest.mark.parametrize("ref", ["~nosuchuser", "~nosuchuser/x.jsonl", "a" * 5000 + ".jsonl", "a\0b.jsonl", "/", ""])
def test_an_odd_reference_is_one_that_is_not_found(manager: SessionManager, ref: str) -> None:
    """Never anything else."""
    spoken(manager, "alice")
    with pytest.raises(SessionNotFoundError):
        manager.open(ref)


def test_the_repository_is_in_the_header(manager: SessionManager) -> None:
    """Branch and commit, as git tells them; nothing where there is none."""
    assert manager.create().header.fields["git"] is None
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@example.com"]
    for command in (["init", "-q", "-b", "topic"], ["commit", "-q", "--allow-empty", "-m", "x"]):
        subprocess.run([*git, *command], check=True)
    told = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True)
    assert manager.create().header.fields["git"] == {"branch": "topic", "commit": told.stdout.strip()}


def test_a_working_directory_that_is_gone_does_not_matter(manager: SessionManager, tmp_path: Path) -> None:
    """The header says that there was none."""
    (tmp_path / "gone").mkdir()
    os.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    session = spoken(manager, "alice")
    assert session.header.fields["cwd"] is None


def test_sessions_that_somebody_else_has_kept_go_on_in_memory(manager: SessionManager) -> None:
    """Their bytes are enough; nothing is on disk."""
    session = manager.create("alice")
    session.prompt("My name is Alice")
    manager.close()
    kept = session.file.read_bytes()
    with SessionManager(store=MemoryStore([kept]), settings=manager.settings) as other:
        assert other.open("alice").prompt("What's my name?").text == "Your name is **Alice**."
        assert [row.message_count for row in other.list()] == [4]
    assert session.file.read_bytes() == kept


def test_a_name_moves_no_cursor(manager: SessionManager) -> None:
    """What a log says is data: escapes and turned directions are not shown; the name itself is kept."""
    session = manager.create("\x1b[31mred\u202eabc \U0001f469\u200d\U0001f52c")
    assert session.title == session.info().title == "[31mredabc \U0001f469\u200d\U0001f52c"
    assert session.name is not None
    assert "\x1b" in session.name
