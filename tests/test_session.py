"""A session: what is asked and answered is in its log, in the right order, whatever happens."""

from __future__ import annotations

import errno
import json
import os
import signal
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from conftest import scripted

from ipy_sessions import (
    Finished,
    InvalidEntryError,
    LogWriteError,
    ModelError,
    NewEntry,
    SessionClosedError,
    SessionManager,
    SettingError,
    Settings,
    TextDelta,
    TurnRunningError,
    UnknownModelError,
    assistant,
    user,
)
from ipy_sessions.context import build
from ipy_sessions.identifiers import SystemSource
from ipy_sessions.store.log import FileLog
from ipy_sessions.store.reading import read


def lines(path: Path) -> list[dict[str, Any]]:
    """Return the lines of a file."""
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def test_a_prompt_writes_both_messages_and_what_they_were_sent_with(manager: SessionManager) -> None:
    """Header, settings, question, answer: each follows the one before."""
    session = manager.create("alice")
    reply = session.prompt("My name is Alice", cell_id="a1", execution_count=3)
    header, settings, question, answer = lines(session.file)
    assert (header["type"], header["version"], header["name"], header["id"]) == ("session", 1, "alice", session.id)
    assert settings["model"] == "offline"
    assert settings["options"] == {"max_tokens": 16_000}
    assert question["content"] == [{"type": "text", "text": "My name is Alice"}]
    assert (question["cell_id"], question["execution_count"]) == ("a1", 3)
    assert answer["content"] == reply.content
    assert (answer["model"], answer["stop_reason"], answer["cost_usd"]) == ("offline", "end_turn", 0.0)
    assert [line.get("parent_id") for line in (settings, question, answer)] == [None, settings["id"], question["id"]]
    assert [line["seq"] for line in (settings, question, answer)] == [1, 2, 3]
    assert {line["session"] for line in (settings, question, answer)} == {session.id}


def test_the_file_is_known_at_once_and_exists_from_the_first_user_message(manager: SessionManager) -> None:
    """A session that nobody spoke in leaves nothing behind; what was noted before is in the file when it comes."""
    session = manager.create()
    session.note(name="alice")
    assert session.file.parent == manager.store.path
    assert not session.file.exists()
    session.append(user("hi"))
    assert [line["type"] for line in lines(session.file)] == ["session", "info", "message"]
    assert manager.open(session.file).name == "alice"


def test_the_question_is_on_disk_before_the_model_is_asked(manager: SessionManager) -> None:
    """A model that never answers loses no question."""
    seen: list[list[str]] = []

    def look() -> None:
        (file,) = manager.store.path.glob("*.jsonl")
        seen.append([line["type"] for line in lines(file)])

    session, _ = scripted(manager, [look, "hello"])
    session.prompt("hi")
    assert seen == [["session", "settings", "message"]]


def test_an_answer_that_breaks_off_is_kept_with_its_reason(manager: SessionManager) -> None:
    """After an error the partial text is in the log, and the session goes on."""
    session, model = scripted(manager, ["so ", "far", ModelError("gone")], "again")
    with pytest.raises(ModelError):
        session.prompt("hi")
    last = lines(session.file)[-1]
    assert (last["content"], last["stop_reason"], last["end"]) == ([{"type": "text", "text": "so far"}], None, "error")
    assert session.info().interrupted
    assert session.prompt("go on").text == "again"
    assert [message["role"] for message in model.requests[1].messages] == ["user", "assistant", "user"]


def test_who_stops_listening_stops_the_answer(manager: SessionManager) -> None:
    """Closing the stream logs the answer as interrupted; after its last event it is complete."""
    session, _ = scripted(manager, ["one ", "two ", "three"], "whole")
    events = session.stream("hi")
    next(event for event in events if isinstance(event, TextDelta))
    events.close()
    assert (session.tree[str(session.leaf)].text, session.tree[str(session.leaf)].fields["end"]) == (
        "one ",
        "interrupted",
    )
    events = session.stream("hi")
    next(event for event in events if isinstance(event, Finished))
    events.close()
    assert "end" not in session.tree[str(session.leaf)].fields
    assert session.tree[str(session.leaf)].fields["stop_reason"] == "end_turn"


def test_stop_before_the_first_word_leaves_a_session_that_goes_on(manager: SessionManager) -> None:
    """An empty answer is logged and never sent, since the API refuses messages without content."""
    session, model = scripted(manager, [KeyboardInterrupt()], "hello")
    with pytest.raises(KeyboardInterrupt):
        session.prompt("hi")
    assert lines(session.file)[-1]["content"] == []
    session.prompt("again")
    assert [message["role"] for message in model.requests[1].messages] == ["user", "assistant", "user"]


def test_a_second_prompt_during_a_reply_is_refused(manager: SessionManager) -> None:
    """One turn at a time; the refused one has written nothing."""
    session, _ = scripted(manager, ["one", "two"])
    events = session.stream("hi")
    next(events)
    before = len(session.tree)
    with pytest.raises(TurnRunningError, match="is still answering"):
        session.prompt("another")
    with pytest.raises(TurnRunningError, match="cannot be closed"):
        session.close()
    assert len(session.tree) == before
    list(events)
    assert not session.streaming


def test_nothing_is_sent_or_written_for_a_model_that_does_not_exist(manager: SessionManager) -> None:
    """The name is checked first."""
    session = manager.create()
    with pytest.raises(UnknownModelError, match="The model 'gpt' needs a key"):
        session.prompt("hi", model="gpt")
    assert not session.file.exists()
    assert len(session.tree) == 0


def test_an_option_holds_for_its_turn_and_the_session_keeps_its_own(manager: SessionManager) -> None:
    """Each request can be rebuilt from the log as it was sent, one-turn options included."""
    session, model = scripted(manager, "1", "2", "3", "4")
    session.prompt("a", system="Be brief.")
    session.prompt("b")
    session.prompt("c")
    session.configure(system="Be long.")
    session.prompt("d")
    sent = [request.parameters.system for request in model.requests]
    assert sent == ["Be brief.", session.parameters.changed(system=sent[1]).system, sent[1], "Be long."]
    path = read(session.file).tree.path()
    asked = [number for number, entry in enumerate(path) if entry.role == "user"]
    for number, request in zip(asked, model.requests, strict=True):
        rebuilt = build(path[: number + 1])
        assert rebuilt.parameters == request.parameters
        assert rebuilt.messages == request.messages
    assert [entry.type for entry in path].count("settings") == 4


def test_model_and_system_text_come_back_with_the_session(manager: SessionManager) -> None:
    """They belong to the session and not to the kernel that opens it."""
    session = manager.create("alice")
    session.configure(system="You are a pirate.", max_tokens=99)
    session.prompt("hi")
    manager.close()
    again = SessionManager(manager.store.path).open("alice")
    assert (again.parameters.system, again.parameters.max_tokens) == ("You are a pirate.", 99)
    again.close()


def test_configure_refuses_what_no_turn_could_use(manager: SessionManager) -> None:
    """A bad value changes nothing."""
    session = manager.create()
    with pytest.raises(SettingError):
        session.configure(max_tokens=0)
    with pytest.raises(UnknownModelError):
        session.configure(model="gpt")
    assert len(session.tree) == 0


def test_secrets_reach_neither_the_disk_nor_the_model(manager: SessionManager, monkeypatch: pytest.MonkeyPatch) -> None:
    """Live credentials, those set a moment ago included, and keys by their shape are masked everywhere."""
    session, model = scripted(manager, ["your key is hunter2-hunter2"])
    monkeypatch.setenv("SOME_SERVICE_TOKEN", "hunter2-hunter2")
    key = "sk-ant-" + "api03-abcdefghijkl"
    session.prompt(f"use hunter2-hunter2 and {key}", system="hunter2-hunter2", note={"hunter2-hunter2": [key]})
    data = session.file.read_text()
    assert "hunter2" not in data
    assert key not in data
    assert "hunter2" not in str(model.requests)
    assert data.count("[masked SOME_SERVICE_TOKEN]") == 4


def test_a_closed_session_says_so(manager: SessionManager) -> None:
    """Closing twice is one close; using it afterwards raises a sentence that says how to open it again."""
    session = manager.create("alice")
    session.prompt("hi")
    session.close()
    session.close()
    for use in (lambda: session.prompt("x"), lambda: session.append(user("x")), session.keep):
        with pytest.raises(SessionClosedError, match=r"alice is closed. Open it again with `%session open "):
            use()


def test_a_session_in_memory_alone_is_written_by_keep(manager: SessionManager) -> None:
    """Nothing on disk until then, everything afterwards."""
    session = manager.create("draft", temporary=True)
    session.prompt("My name is Alice")
    assert not manager.store.path.exists()
    session.keep()
    session.prompt("What is my name?")
    assert [line["type"] for line in lines(session.file)].count("message") == 4
    assert [entry.id for entry in read(session.file).tree] == [entry.id for entry in session.tree]


def test_an_entry_of_any_kind_can_be_appended(manager: SessionManager) -> None:
    """What this version does not know is a step when something follows it."""
    session = manager.create()
    first = session.append(user("hi"))
    other = session.append(NewEntry("compaction", {"summary": "s", "first_kept": first.id}))
    assert session.append(assistant("hello")).parent_id == other.id
    assert session.leaf == session.tree.path()[-1].id


def test_the_leaf_and_the_numbers_go_on_after_opening(manager: SessionManager) -> None:
    """A reopened session continues where it was."""
    session = manager.create("alice")
    session.prompt("hi")
    leaf, seq = session.leaf, session.tree.last_seq
    manager.close()
    again = manager.open("alice")
    entry = again.append(user("on"))
    assert (entry.parent_id, entry.seq) == (leaf, seq + 1)


def test_a_stop_never_cuts_an_append_in_two(manager: SessionManager) -> None:
    """Interrupts at random moments: the file and the tree always hold the same whole entries."""
    session = manager.create()
    session.append(user("start"))
    stop = threading.Event()

    def press() -> None:
        while not stop.is_set():
            time.sleep(0.0007)
            os.kill(os.getpid(), signal.SIGINT)

    presser = threading.Thread(target=press)
    interrupts = 0
    presser.start()
    deadline = time.monotonic() + 1.5
    while True:
        try:
            while time.monotonic() < deadline:
                session.append(user("x" * 500))
            stop.set()
            presser.join()
            break
        except KeyboardInterrupt:
            interrupts += 1
    assert interrupts > 20
    contents = read(session.file)
    assert contents.bad_lines == []
    assert [entry.id for entry in contents.tree] == [entry.id for entry in session.tree]
    assert [entry.seq for entry in contents.tree] == list(range(1, len(session.tree) + 1))


class StopAt(SystemSource):
    """A clock that presses Stop when it is read for the nth time."""

    def __init__(self, reading: int) -> None:
        self._left = reading

    def monotonic(self) -> float:
        """Return the time, and press Stop when it is time for that."""
        self._left -= 1
        if not self._left:
            signal.raise_signal(signal.SIGINT)
        return super().monotonic()


@pytest.mark.parametrize("reading", [1, 2])
def test_a_stop_at_either_end_of_a_turn_loses_nothing(manager: SessionManager, reading: int) -> None:
    """Before the question is written there is no turn; after the last word the answer is logged."""
    stopped = SessionManager(manager.store.path, settings=manager.settings, source=StopAt(reading)).create()
    with pytest.raises(KeyboardInterrupt):
        stopped.prompt("My name is Alice")
    written = [entry.role for entry in stopped.tree if entry.type == "message"]
    assert written == ([] if reading == 1 else ["user", "assistant"])
    assert not stopped.streaming
    assert stopped.prompt("again").stop_reason == "end_turn"


def test_a_stop_while_the_question_is_written_leaves_an_answer_that_says_so(manager: SessionManager) -> None:
    """The question is on disk, and behind it that it was interrupted."""

    class Pressing(dict[str, str]):
        def items(self) -> Any:
            """Press Stop when the environment is read."""
            signal.raise_signal(signal.SIGINT)
            return super().items()

    session = manager.create()
    session.prompt("one")
    session._recorder._mask._environ = Pressing()
    with pytest.raises(KeyboardInterrupt):
        session.prompt("two")
    last = lines(session.file)[-2:]
    assert [(line["role"], line.get("end")) for line in last] == [("user", None), ("assistant", "interrupted")]


def test_an_answer_that_the_disk_refuses_is_not_lost(manager: SessionManager) -> None:
    """The error carries it, and keep, or the next write, puts it where it belongs."""

    def refuse(_fd: int, _data: bytes | memoryview) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    def fill() -> None:
        file_log()._write = refuse

    def file_log() -> FileLog:
        log = session._recorder._log
        assert isinstance(log, FileLog)
        return log

    def delete() -> None:
        session.file.unlink()

    session, _ = scripted(manager, ["a paid-for answer", fill], "two", ["gone", delete])
    with pytest.raises(LogWriteError) as raised:
        session.prompt("one")
    assert str(raised.value.reply) == "a paid-for answer"
    assert not session.streaming
    file_log()._write = os.write
    session.prompt("next")
    with pytest.raises(LogWriteError):
        session.prompt("third")
    session.keep()
    texts = [line["content"][0]["text"] for line in lines(session.file) if line["type"] == "message"]
    assert texts == ["one", "a paid-for answer", "next", "two", "third", "gone"]


@pytest.mark.parametrize(
    ("entry", "sentence"),
    [
        (user("x", seq=3), "'seq' is set by the session"),
        (user("x", id="abc"), "'id' is set by the session"),
        (NewEntry("session", {}), "cannot be of the type 'session'"),
        (NewEntry("message", {"role": "user"}), "A message needs content"),
        (NewEntry("message", {"content": []}), "The role of a message is"),
        (user("x", what=object()), "It cannot be written"),
        ("hello", "is no entry"),
    ],
)
def test_what_could_not_be_read_back_is_not_written(manager: SessionManager, entry: Any, sentence: str) -> None:
    """Refused in one sentence; the session is as it was."""
    session = manager.create()
    session.append(user("hi"))
    before = session.file.read_bytes()
    with pytest.raises(InvalidEntryError, match=sentence):
        session.append(entry)
    assert session.file.read_bytes() == before
    assert len(session.tree) == 1


def test_nothing_to_ask_is_refused(manager: SessionManager) -> None:
    """The API takes no empty text."""
    with pytest.raises(InvalidEntryError, match="the prompt is empty"):
        manager.create().prompt(" \n")


def test_the_header_is_cleaned_and_masked_too(manager: SessionManager, monkeypatch: pytest.MonkeyPatch) -> None:
    """Names come from users as prompts do."""
    monkeypatch.setenv("SOME_TOKEN", "hunter2-hunter2")
    session = manager.create("hunter2-hunter2 and \ud800")
    session.append(user("hi"))
    assert session.name == "[masked SOME_TOKEN] and �"
    assert lines(session.file)[0]["name"] == session.name


def test_threads_append_one_after_the_other(manager: SessionManager) -> None:
    """Whole lines, each number once, the file and the tree in the same order."""
    session = manager.create()
    session.append(user("start"))

    def work() -> None:
        for _ in range(50):
            session.append(user("x"))

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    contents = read(session.file)
    assert [entry.id for entry in contents.tree] == [entry.id for entry in session.tree]
    assert [entry.seq for entry in contents.tree] == list(range(1, 302))


def test_what_a_message_is_cannot_be_changed_by_a_field(manager: SessionManager) -> None:
    """A question stays the user's."""
    with pytest.raises(InvalidEntryError, match="'role'"):
        manager.create().prompt("hi", role="assistant")


def test_a_session_and_a_manager_close_themselves(manager: SessionManager) -> None:
    """In a with statement."""
    with manager, manager.create("alice") as session:
        session.prompt("hi")
        assert repr(session).startswith("<Session 'alice', 2 messages, ")
    assert session.closed


def test_a_file_grows_with_what_is_said_and_with_nothing_else(manager: SessionManager) -> None:
    """A hundred turns, ten compactions and fifty resumes: lines of one size, and none for a resume."""
    session = manager.create("alice")
    for number in range(100):
        session.prompt(f"turn {number:03}")
        if number % 10 == 9:
            first_kept = session.tree.path()[-2].id
            session.append(NewEntry("compaction", {"summary": "Turns.", "first_kept_entry_id": first_kept}))
    manager.close()
    size = session.file.stat().st_size
    for _ in range(50):
        with SessionManager(manager.store.path, settings=manager.settings) as other:
            other.open("alice")
    assert session.file.stat().st_size == size
    lengths = [len(line) for line in session.file.read_bytes().splitlines()[2:]]
    assert max(lengths[1:]) < 1000
    assert len(lengths) == 210


@pytest.mark.parametrize("sync", ["never", "turn", "entry"])
def test_when_the_disk_has_to_hold_it_is_a_setting(tmp_path: Path, sync: str) -> None:
    """Never, once at the end of a turn, or with every entry."""
    settings = Settings(model="offline", offline_delay=0, sync=sync)
    with SessionManager(tmp_path / "s", settings=settings) as manager:
        session = manager.create()
        session.prompt("hi")
        log = session._recorder._log
        assert isinstance(log, FileLog)
        synced: list[int] = []
        log._sync = synced.append
        session.prompt("again")
        assert len(synced) == {"never": 0, "turn": 1, "entry": 3}[sync]
        session.flush()
        assert bool(synced) is (sync != "never")
