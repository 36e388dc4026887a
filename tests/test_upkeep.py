"""House-keeping: what is marked, thrown away, brought back, pruned, mended and taken out."""

from __future__ import annotations

import base64
import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ipy_sessions import (
    FolderStore,
    InvalidEntryError,
    LogLostError,
    LogWriteError,
    Policy,
    Session,
    SessionBusyError,
    SessionManager,
    SessionNotFoundError,
    SessionReadOnlyError,
    SessionsError,
    SettingError,
    Settings,
    StaleSessionError,
    Upkeep,
    assistant,
    user,
)
from ipy_sessions.entries import NewEntry
from ipy_sessions.store.reading import Contents
from ipy_sessions.testing import FixedSource

PICTURE = os.urandom(100_000)


def talk(manager: SessionManager, name: str | None, *texts: str) -> Session:
    """Return a closed session in which something was said."""
    session = manager.create(name)
    for text in texts or ("hi",):
        session.append(user(text))
        session.append(assistant("hello"))
    manager.close(session)
    return session


def image(data: bytes) -> NewEntry:
    """Return a question with a picture."""
    source = {"type": "base64", "media_type": "image/png", "data": base64.b64encode(data).decode()}
    return user([{"type": "image", "source": source}, {"type": "text", "text": "What is it?"}])


def days(manager: SessionManager, *ages: int, name: str | None = None) -> list[Session]:
    """Return sessions whose last message is so many days old, seen from the first of March."""
    made = []
    for age in ages:
        manager._source = FixedSource(datetime(2026, 3, 1, tzinfo=UTC) - timedelta(days=age))
        made.append(manager.create(name, id=f"session-{age:03}-{name or 'x'}"))
        made[-1].append(user(f"{age} days ago"))
        manager.close(made[-1])
    return made


@pytest.fixture
def upkeep(manager: SessionManager) -> Upkeep:
    """Return the keeper of an empty folder, on the first of March."""
    return Upkeep(manager, FixedSource(datetime(2026, 3, 1, tzinfo=UTC)))


def titles(manager: SessionManager, **wanted: Any) -> list[str]:
    """Return what a list shows, in alphabetical order."""
    return sorted(row.title for row in manager.list(**wanted))


def test_tags_and_marks_are_lines_of_the_log(manager: SessionManager, upkeep: Upkeep) -> None:
    """They survive, narrow lists, and can be taken away."""
    talk(manager, "alice")
    talk(manager, "bob")
    assert upkeep.tag("alice", "draft", " review ", "draft") == ("draft", "review")
    assert upkeep.tag("alice", "draft", remove=True) == ("review",)
    upkeep.mark("alice", "pinned")
    upkeep.mark("bob", "archived")
    fresh = SessionManager(manager.store.path)
    assert [(row.title, row.tags, row.pinned) for row in fresh.list(tag="review")] == [("alice", ("review",), True)]
    assert (titles(fresh), titles(fresh, archived=True), titles(fresh, archived=None)) == (
        ["alice"],
        ["bob"],
        ["alice", "bob"],
    )
    upkeep.mark("bob", "archived", on=False)
    assert titles(fresh) == ["alice", "bob"]


def test_a_deleted_session_can_be_brought_back(manager: SessionManager, upkeep: Upkeep) -> None:
    """Byte for byte; and what went is written down."""
    session = talk(manager, "alice")
    before = session.file.read_bytes()
    upkeep.delete("alice")
    assert (titles(manager), [row.title for row in upkeep.trashed()]) == ([], ["alice"])
    with pytest.raises(SessionNotFoundError, match=r"There is no session 'bob' in the trash. In the trash are 'alice'"):
        upkeep.restore("bob")
    assert upkeep.restore("alice").read_bytes() == before
    assert titles(manager) == ["alice"]
    (noted,) = (manager.store.path / ".trash" / "removed.log").read_text().splitlines()
    assert json.loads(noted)["file"] == session.file.name


def test_a_session_that_is_open_elsewhere_stays(manager: SessionManager, upkeep: Upkeep) -> None:
    """One that is open here is closed first."""
    talk(manager, "alice")
    other = SessionManager(manager.store.path)
    held = other.open("alice")
    with pytest.raises(SessionBusyError):
        upkeep.delete("alice")
    other.close()
    assert held.closed
    manager.open("alice")
    upkeep.delete("alice")
    assert manager.opened == ()


def test_what_comes_back_takes_nobodys_place(manager: SessionManager, upkeep: Upkeep) -> None:
    """A file that has its name in the meantime stays, and both are listed."""
    session = talk(manager, "alice")
    upkeep.delete("alice")
    session.file.write_bytes(b"in the meantime")
    assert upkeep.restore("alice") != session.file
    assert session.file.read_bytes() == b"in the meantime"
    assert titles(manager) == ["alice"]


def test_pruning_shows_first_and_then_does_just_that(manager: SessionManager, upkeep: Upkeep) -> None:
    """Age by the last message; named, pinned, labelled and open ones stay."""
    days(manager, 10, 50, 60, 70)
    (named,), (pinned,), (labelled,), (held,) = (
        days(manager, 80, name="named"), days(manager, 81), days(manager, 82), days(manager, 83)
    )  # fmt: skip
    upkeep.mark(pinned.id, "pinned")
    session = manager.open(labelled.id)
    session.append(NewEntry("label", {"target_id": session.leaf, "label": "here"}))
    manager.close(session)
    other = SessionManager(manager.store.path)
    other.open(held.id)
    os.utime(labelled.file)  # touching a file, like reading it, makes nothing younger
    planned = upkeep.plan(Policy.parse(older_than="40d"))
    assert [one.candidate.title for one in planned.going] == ["70 days ago", "60 days ago", "50 days ago"]
    assert {(one.candidate.id, one.why) for one in planned.staying} == {
        (named.id, "named"), (pinned.id, "pinned"), (labelled.id, "labelled"), (held.id, "open")
    }  # fmt: skip
    assert len(manager.list()) == 8
    assert upkeep.prune(Policy.parse(older_than="40d")) == planned.going
    assert len(manager.list()) == 5
    assert len(upkeep.trashed()) == 3
    other.close()


def test_the_trash_goes_only_when_told(manager: SessionManager, upkeep: Upkeep) -> None:
    """For good, and with the payloads that nothing else refers to."""
    session = manager.create("alice")
    session.append(image(PICTURE))
    manager.close()
    (blob,) = (manager.store.path / "blobs").iterdir()
    os.utime(blob, (0, 0))
    upkeep.delete("alice")
    assert upkeep.collect() == []
    assert [row.title for row, _ in upkeep.plan_trash(Policy())] == ["alice"]
    gone, blobs = upkeep.empty(Policy())
    assert ([row.title for row, _ in gone], blobs) == (["alice"], [blob])
    assert upkeep.trashed() == []


def test_the_preset_archives_and_deletes_nothing(manager: SessionManager, upkeep: Upkeep) -> None:
    """What was last said more than thirty days ago, and all but the latest hundred."""
    days(manager, 1, 29, 31, 90)
    assert sorted(row.title for row in upkeep.tidy()) == ["31 days ago", "90 days ago"]
    assert len(manager.list(archived=None)) == 4
    assert upkeep.tidy() == []


def test_a_damaged_session_is_mended_on_a_copy(manager: SessionManager, upkeep: Upkeep) -> None:
    """The damaged file is in the trash, byte for byte."""
    session = talk(manager, "alice", "one", "two")
    lines = session.file.read_bytes().splitlines(keepends=True)
    damaged = b"".join([*lines[:2], b"garbage\n", *lines[2:], b'{"type":"mess'])
    session.file.write_bytes(damaged)
    (found,) = upkeep.verify("alice")
    assert [finding.kind for finding in found.findings] == ["bad line", "torn tail"]
    assert session.file.read_bytes() == damaged
    (mended,) = upkeep.verify(repair=True)
    assert mended.original is not None
    assert mended.original.read_bytes() == damaged
    assert upkeep.verify() == []
    again = manager.open("alice")
    assert [entry.text for entry in again.tree if entry.type == "message"] == ["one", "hello", "two", "hello"]


def test_a_secret_is_taken_out_of_what_is_written(manager: SessionManager, upkeep: Upkeep) -> None:
    """Out of texts, arguments, results and payloads; signatures stay, and those that no longer hold go."""
    secret = "hunter2-" + "correct horse"
    session = manager.create("alice")
    session.append(user(f"My password is {secret}"))
    call = {"type": "tool_use", "id": "t", "name": "login", "input": {"password": secret}}
    thought = {"type": "thinking", "thinking": "Hm.", "signature": "c2ln"}
    leak = {"type": "thinking", "thinking": f"It is {secret}.", "signature": "c2ln"}
    session.append(assistant([thought, leak, call]))
    result = {"type": "tool_result", "tool_use_id": "t", "content": "x" * 70_000 + secret}
    session.append(user([result]))
    session.append(image(b"PNG" + secret.encode() + PICTURE))
    manager.close()
    done = upkeep.redact("alice", secret)
    assert len(done.entries) == 4
    kept = [path.read_bytes() for path in manager.store.path.rglob("*") if path.is_file()]
    assert not [data for data in kept if secret.encode() in data]
    again = manager.open("alice")
    assert [entry.type for entry in again.tree][-1] == "redaction"
    assert [block.get("signature") for block in list(again.tree)[1].content] == ["c2ln", "", None]
    assert upkeep.redact("alice", secret).entries == []


def test_damaged_lines_are_mended_before_anything_is_taken_out(manager: SessionManager, upkeep: Upkeep) -> None:
    """They would be lost."""
    session = talk(manager, "alice")
    with session.file.open("ab") as file:
        file.write(b"garbage\n")
    with pytest.raises(SessionReadOnlyError, match=r"has damaged lines, which would be lost. Type `%session verify"):
        upkeep.redact("alice", "hello")


def test_large_payloads_stand_beside_the_log(manager: SessionManager) -> None:
    """The line names them, the model gets them, and the same picture is kept once."""
    session = manager.create("alice")
    session.append(image(PICTURE))
    session.append(assistant("A picture."))
    session.append(image(PICTURE))
    manager.close()
    (blob,) = (manager.store.path / "blobs").iterdir()
    assert (blob.suffix, blob.read_bytes()) == (".png", PICTURE)
    assert session.file.stat().st_size < 5000
    again = manager.open("alice")
    data = base64.b64encode(PICTURE).decode()
    assert [message["content"][0]["source"] for message in again.build_context().messages[::2]] == [
        {"type": "base64", "media_type": "image/png", "data": data}
    ] * 2
    blob.unlink()
    assert again.build_context().messages[0]["content"][0] == {
        "type": "text", "text": "(A payload of 100000 bytes is missing here.)"
    }  # fmt: skip


def test_a_session_in_memory_keeps_its_payloads_until_it_has_a_file(tmp_path: Path) -> None:
    """Nothing is on disk before."""
    manager = SessionManager(tmp_path / "s")
    session = manager.create("alice", temporary=True)
    session.append(image(PICTURE))
    assert not (tmp_path / "s").exists()
    assert session.build_context().messages[0]["content"][0]["source"]["data"]
    session.keep()
    assert len(list((tmp_path / "s" / "blobs").iterdir())) == 1
    manager.close()


def test_a_fork_is_a_copy_that_knows_where_it_is_from(manager: SessionManager) -> None:
    """Entries keep their ids; the other is not touched, also while another kernel has it open."""
    session = talk(manager, "alice", "one", "two")
    before, changed = session.file.read_bytes(), session.file.stat().st_mtime_ns
    other = SessionManager(manager.store.path)
    other.open("alice")
    fork = manager.fork("alice")
    assert (fork.name, fork.header.fields["parent_session"]) == ("alice (fork)", session.id)
    assert [entry.id for entry in fork.tree.path()] == [entry.id for entry in session.tree.path()]
    assert {entry.session for entry in fork.tree.path()} == {session.id}
    fork.prompt("three")
    other.close()
    assert (session.file.read_bytes(), session.file.stat().st_mtime_ns) == (before, changed)
    assert [row.parent_session for row in manager.list(name="fork")] == [session.id]
    assert Upkeep(manager).verify() == []


class Busy(FolderStore):
    """A folder in which somebody goes on writing as soon as a session was read."""

    def read(self, path: Path) -> Contents:
        """Read a session, a moment too early."""
        contents = super().read(path)
        with SessionManager(self.path) as other:
            other.open(path).append(user("in the meantime"))
        return contents


def test_lines_that_come_while_something_is_taken_out_are_not_lost(manager: SessionManager) -> None:
    """What was read is not any more what is there, so nothing is written over it."""
    session = talk(manager, "alice", "the word is swordfish")
    with pytest.raises(StaleSessionError):
        Upkeep(SessionManager(store=Busy(manager.store.path))).redact("alice", "swordfish")
    assert b"in the meantime" in session.file.read_bytes()


def test_no_word_of_the_format_is_taken_for_a_secret(manager: SessionManager) -> None:
    """Roles, types and names stay what they are, so that the session can be read; short texts are refused."""
    upkeep = Upkeep(manager)
    talk(manager, "alice", "I am a user of text")
    for word in ("user", "text", "message", "assistant"):
        upkeep.redact("alice", word)
    again = manager.open("alice")
    assert [entry.role for entry in again.tree if entry.type == "message"] == ["user", "assistant"]
    assert next(iter(again.tree)).text == "I am a [redacted] of [redacted]"
    manager.close()
    with pytest.raises(InvalidEntryError, match="too short"):
        upkeep.redact("alice", "am")


def test_what_is_no_session_or_elsewhere_is_left_where_it_is(manager: SessionManager, upkeep: Upkeep) -> None:
    """A file of another program, of another folder, of a newer version."""
    session = talk(manager, "alice")
    other = manager.store.path.parent / "notes.jsonl"
    other.write_text('{"a":1}\n')
    moved = manager.store.path.parent / "moved.jsonl"
    moved.write_bytes(session.file.read_bytes())
    for path in (other, moved):
        before = path.read_bytes()
        with pytest.raises(SessionsError):
            upkeep.delete(path)
        assert path.read_bytes() == before
    newer = session.file.read_bytes().replace(b'"version":1', b'"version":2', 1)
    session.file.write_bytes(newer)
    with pytest.raises(SessionReadOnlyError):
        upkeep.redact("alice", "hello")
    assert session.file.read_bytes() == newer


def test_what_was_lost_on_disk_is_not_let_go_of(manager: SessionManager, upkeep: Upkeep) -> None:
    """The file deleted under an open session: it stays in memory until it is kept."""
    session = manager.begin("alice")
    session.append(user("precious"))
    session.file.unlink()
    for step in (lambda: upkeep.redact(session, "precious"), lambda: upkeep.delete(session), manager.leave):
        with pytest.raises(LogLostError, match="%session keep"):
            step()
    session.keep()
    manager.leave()
    assert titles(manager) == ["alice"]


def test_a_repair_that_fails_leaves_the_session_where_it_was(
    manager: SessionManager, upkeep: Upkeep, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the list, damaged as it is."""
    session = talk(manager, "alice")
    with session.file.open("ab") as file:
        file.write(b"garbage\n")
    before = session.file.read_bytes()

    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("ipy_sessions.store.disk.publish", refuse)
    with pytest.raises(LogWriteError, match="No space left"):
        upkeep.verify("alice", repair=True)
    assert session.file.read_bytes() == before
    assert titles(manager) == ["alice"]


def test_a_session_that_is_read_here_is_not_pruned(manager: SessionManager, upkeep: Upkeep) -> None:
    """Open is open."""
    talk(manager, None, "hello there")
    manager.open("hello there", read_only=True)
    assert upkeep.prune(Policy(max_bytes=1)) == []


def test_a_copy_of_what_is_in_memory_alone_is_in_memory_alone(tmp_path: Path) -> None:
    """Until it is kept."""
    manager = SessionManager(tmp_path / "s")
    manager.create("alice", temporary=True).append(user("hi"))
    assert manager.fork("alice").temporary
    assert not (tmp_path / "s").exists()


def test_a_session_that_is_open_elsewhere_is_named_with_the_ways_on(manager: SessionManager, upkeep: Upkeep) -> None:
    """Whatever was to be done with it; of a whole folder the others are mended."""
    for name in ("alice", "bob"):
        session = talk(manager, name)
        with session.file.open("ab") as file:
            file.write(b"garbage\n")
    other = SessionManager(manager.store.path)
    held = other.open("alice")
    with pytest.raises(SessionBusyError, match="%session fork"):
        upkeep.delete("alice")
    mended = {found.path: found.original for found in upkeep.verify(repair=True)}
    assert mended.pop(held.file) is None
    assert all(mended.values())
    other.close()


def test_limits_at_load_are_called_as_they_were_typed() -> None:
    """By the setting's name; a number may be one."""
    assert Settings(prune_keep=7).pruning == Policy(keep=7)  # type: ignore[arg-type]
    with pytest.raises(SettingError, match=r"^prune_older_than is an age"):
        Settings(prune_older_than="soon")


def test_no_link_leads_out_of_the_folder(manager: SessionManager, upkeep: Upkeep, tmp_path: Path) -> None:
    """A session is not read through one, and nothing is put into the trash or among the payloads through one."""
    session = talk(manager, "alice")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    secret = elsewhere / "secret.jsonl"
    secret.write_bytes(session.file.read_bytes())
    (manager.store.path / "linked.jsonl").symlink_to(secret)
    (manager.store.path / ".trash").symlink_to(elsewhere)
    (manager.store.path / "blobs").symlink_to(elsewhere)
    assert titles(manager) == ["alice"]
    with pytest.raises(SessionNotFoundError, match="link"):
        manager.store.read(manager.store.path / "linked.jsonl")
    with pytest.raises(LogWriteError, match="link"):
        upkeep.delete("alice")
    with manager.open("alice") as opened, pytest.raises(LogWriteError, match="link"):
        opened.append(image(PICTURE))
    assert titles(manager) == ["alice"]
    assert list(elsewhere.iterdir()) == [secret]


def test_numbers_are_taken_out_too(manager: SessionManager, upkeep: Upkeep) -> None:
    """What was given to a tool as a number is no text in the log."""
    session = manager.create("alice")
    session.append(user("Call me."))
    call = {"type": "tool_use", "id": "t", "name": "call", "input": {"phone": 491701234567, "x": [1.5, True]}}
    session.append(assistant([call]))
    manager.close(session)
    assert len(upkeep.redact("alice", "491701234567").entries) == 1
    (message,) = [entry for entry in manager.open("alice").tree if entry.role == "assistant"]
    assert message.content[0]["input"] == {"phone": "[redacted]", "x": [1.5, True]}


def test_a_copy_of_a_session_is_another_session_to_a_policy(manager: SessionManager, upkeep: Upkeep) -> None:
    """A file that was copied by hand has the same id; each is counted, and what is named stays."""
    (session,) = days(manager, 50)
    copy = session.file.with_name("copy.jsonl")
    copy.write_bytes(session.file.read_bytes())
    going = upkeep.plan(Policy.parse(older_than="40d")).going
    assert sorted(one.candidate.path for one in going) == sorted(map(str, (session.file, copy)))
    assert len(upkeep.prune(Policy.parse(older_than="40d"))) == 2


def test_what_cannot_be_a_tag_a_mark_or_a_limit_is_refused(manager: SessionManager, upkeep: Upkeep) -> None:
    """Tags are found by what looks the same; a mark that there is not, a date without a zone: one sentence."""
    talk(manager, "alice")
    assert upkeep.tag("alice", "cafe\u0301  au\nlait", "caf\u00e9 au lait") == ("caf\u00e9 au lait",)
    with pytest.raises(InvalidEntryError, match="100 characters"):
        upkeep.tag("alice", "x" * 101)
    with pytest.raises(InvalidEntryError, match="'pinned' or 'archived'"):
        upkeep.mark("alice", "liked")
    with pytest.raises(SettingError, match="-1"):
        manager.list(limit=-1)
    with pytest.raises(SettingError, match="time zone"):
        manager.list(since=datetime(2026, 3, 1))  # noqa: DTZ001 - which is what is refused


def test_a_name_can_be_taken_away(manager: SessionManager) -> None:
    """The session is then called by its first question again."""
    talk(manager, "alice", "What is a log?")
    with manager.open("alice") as session:
        session.note(name=None)
    assert titles(SessionManager(manager.store.path)) == ["What is a log?"]
