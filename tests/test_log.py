"""The log of a session on disk: whatever happens to the file, nothing that was whole is lost."""

from __future__ import annotations

import errno
import json
import os
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ipy_sessions as ses
from ipy_sessions import LogLostError, LogWriteError, NotASessionError, SessionManager, Settings, assistant, user
from ipy_sessions.render.transcript import transcript
from ipy_sessions.store.log import FileLog
from ipy_sessions.store.reading import read
from ipy_sessions.testing import FixedSource

TEXTS = ["My name is Zoë 😀", "a\nb", "x" * 300]


def written(folder: Path) -> Path:
    """Write a session of a few messages, some of them not ASCII; return its file."""
    manager = SessionManager(folder / ".sessions", settings=Settings(offline_delay=0), source=FixedSource())
    session = manager.create("Zoë")
    for text in TEXTS:
        session.append(user(text))
        session.append(assistant(text.upper()))
    session.note(name="Zoë again")
    manager.close()
    return session.file


def keep(fragment: bytes) -> bytes:
    """Return a line that keeps a fragment."""
    return json.dumps({"type": "repair", "id": "r", "fragment": fragment.decode()}).encode() + b"\n"


WHOLE = written(Path(tempfile.mkdtemp())).read_bytes()
HEADER_END = WHOLE.index(b"\n") + 1


def cut(data: bytes, change: Callable[[bytes], bytes] = bytes) -> Path:
    """Write the bytes of a session to a new folder; return the file."""
    path = Path(tempfile.mkdtemp()) / ".sessions" / "20260301T101500Z-session-000001.jsonl"
    path.parent.mkdir()
    path.write_bytes(change(data))
    return path


def check_cut(path: Path) -> None:
    """Open a file that was cut somewhere, add to it, and compare with what was whole in it."""
    data = path.read_bytes()
    whole_lines = data.split(b"\n")[:-1]
    tail = data[len(b"\n".join(whole_lines)) + bool(whole_lines) :]
    complete = bool(tail) and WHOLE[len(data) : len(data) + 1] == b"\n"
    expected = whole_lines[1:] + ([tail] if complete else [])

    before = path.stat()
    contents = read(path)
    assert [entry.id for entry in contents.tree] == [json.loads(line)["id"] for line in expected]
    assert len(contents.bad_lines) == (1 if tail and not complete else 0)
    assert path.read_bytes() == data
    assert path.stat().st_mtime_ns == before.st_mtime_ns

    manager = SessionManager(path.parent, settings=Settings(offline_delay=0))
    session = manager.open(path)
    added = session.append(user("and on"))
    manager.close()

    lines = path.read_bytes().split(b"\n")
    assert lines[-1] == b""
    entries = [json.loads(line) for line in lines[1:-1]]  # valid JSONL again, for every other tool
    repairs = [entry for entry in entries if entry["type"] == "repair"]
    assert [entry["id"] for entry in entries if entry["type"] != "repair"] == [
        *(json.loads(line)["id"] for line in expected),
        added.id,
    ]
    assert len(repairs) == (1 if tail and not complete else 0)
    assert sum(entry["bytes"] for entry in repairs) == (0 if complete else len(tail))
    assert read(path).bad_lines == []


@settings(max_examples=150, deadline=None)
@given(st.integers(HEADER_END, len(WHOLE)))
def test_a_crash_at_any_byte_loses_at_most_the_line_being_written(position: int) -> None:
    """Every whole entry is read; after the next append nothing else is lost and the file is valid again."""
    check_cut(cut(WHOLE[:position]))


def test_a_crash_inside_the_header_leaves_a_file_that_is_refused_untouched() -> None:
    """There was nothing in it yet, and nothing is made of it."""
    for position in range(HEADER_END - 1):
        path = cut(WHOLE[:position])
        with pytest.raises(NotASessionError):
            SessionManager(path.parent).open(path)
        assert path.read_bytes() == WHOLE[:position]


def test_a_crash_at_each_byte_of_the_last_line() -> None:
    """The same for every single byte of the last two lines, the cut inside a character included."""
    last = WHOLE.rindex(b"\n", 0, WHOLE.rindex(b"\n", 0, -1)) + 1
    for position in range(last, len(WHOLE) + 1):
        check_cut(cut(WHOLE[:position]))


def test_the_fragment_is_kept_byte_for_byte() -> None:
    """What was cut off stands in the repair entry, as text or, cut inside a character, as base64."""
    position = WHOLE.index("😀".encode()) + 2
    path = cut(WHOLE[:position])
    session = SessionManager(path.parent).open(path)
    session.append(user("on"))
    session.close()
    repair = next(entry for entry in read(path).tree if entry.type == "repair")
    assert repair.fields["encoding"] == "base64"
    assert repair.fields["bytes"] == position - WHOLE.rindex(b"\n", 0, position) - 1
    assert repair.parent_id is None


@pytest.mark.parametrize(
    ("change", "bad"),
    [
        (lambda data: data.replace(b"\n", b"\r\n"), []),
        (lambda data: b"\xef\xbb\xbf" + data, []),
        (lambda data: data.replace(b"\n", b"\n\n"), []),
        (lambda data: data.replace(b'"seq":2', b'"seq":\x00', 1), [3]),
        (lambda data: data.replace(b'"seq":2,', b"", 1), []),
        (lambda data: data + data[HEADER_END:].split(b"\n")[0] + b"\n", [9]),
        (lambda data: data + data[:HEADER_END], [9]),
    ],
    ids=["windows newlines", "byte order mark", "blank lines", "a NUL", "a field less", "a line twice", "two headers"],
)
def test_damage_inside_costs_the_damaged_line_alone(change: Callable[[bytes], bytes], bad: list[int]) -> None:
    """Bad lines are skipped and reported with their numbers; all others are read, and can be added to."""
    path = cut(WHOLE, change)
    contents = read(path)
    assert [line.number for line in contents.bad_lines] == bad
    assert len(contents.tree) == (6 if bad == [3] else 7)  # line 3 was an entry of the seven, line 9 is one too many
    session = SessionManager(path.parent).open(path)
    session.append(user("on"))
    assert session.info().bad_lines == tuple(bad)
    session.close()
    assert [line.number for line in read(path).bad_lines] == bad


@pytest.mark.parametrize(
    "data", [b"", b"\x89PNG\r\n\x1a\n", b'{"type":"info","id":"x"}\n', b"[]\n", b"plain text\n" * 1000]
)
def test_a_file_that_is_no_session_is_refused_untouched(data: bytes) -> None:
    """Opening another file by mistake costs nothing but a sentence."""
    path = cut(data)
    with pytest.raises(NotASessionError, match="is not a session: its first line is"):
        SessionManager(path.parent).open(path)
    assert path.read_bytes() == data


def test_unknown_types_and_fields_survive_and_can_be_added_to() -> None:
    """What a newer version or another tool wrote stays, byte for byte."""
    strange = (
        b'{"type":"from_the_future","seq":8,"id":"f-1","parent_id":null,"session":"s","ts":"t","x":{"y":[1.0,null]}}\n'
    )
    path = cut(WHOLE + strange)
    session = SessionManager(path.parent).open(path)
    session.append(user("on"))
    session.close()
    assert path.read_bytes().startswith(WHOLE + strange)
    assert session.tree["f-1"].fields == {"x": {"y": [1.0, None]}}


def test_short_writes_are_continued(tmp_path: Path) -> None:
    """A write that takes only some bytes is followed by another for the rest."""
    path = tmp_path / "log.jsonl"
    path.touch()
    log = FileLog(path, write=lambda fd, data: os.write(fd, bytes(data)[:7]))
    log.mend(keep)
    log.append(b"a line that is longer than seven bytes\n")
    log.close()
    assert path.read_bytes() == b"a line that is longer than seven bytes\n"


def test_a_full_disk_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    """What was written of a refused line is taken back, and the error says so in one sentence."""
    calls = iter([7])

    def write(fd: int, data: bytes | memoryview) -> int:
        for allowed in calls:
            return os.write(fd, bytes(data)[:allowed])
        raise OSError(errno.ENOSPC, "No space left on device")

    path = tmp_path / "log.jsonl"
    path.write_bytes(b'{"type":"info","id":"1"}\n')
    log = FileLog(path, write=write)
    log.mend(keep)
    with pytest.raises(LogWriteError, match=r"log\.jsonl could not be written: No space left on device"):
        log.append(b"a line that does not fit\n")
    log.close()
    assert path.read_bytes() == b'{"type":"info","id":"1"}\n'


def test_a_deleted_file_is_noticed_and_can_be_written_anew(manager: SessionManager) -> None:
    """A session whose file was deleted does not go on into nothing, nor bring back a file without its header."""
    session = manager.create("alice")
    session.append(user("one"))
    session.file.unlink()
    with pytest.raises(LogLostError, match="was deleted, moved, replaced or cut short while the session was open"):
        session.append(user("two"))
    assert not session.file.exists()
    session.keep()
    session.append(user("two"))
    assert [entry.text for entry in read(session.file).tree] == ["one", "two"]


def test_files_are_their_owners_alone(manager: SessionManager) -> None:
    """0600 in a 0700 folder that git ignores."""
    session = manager.create()
    assert not manager.store.path.exists()
    session.append(user("hi"))
    assert stat.S_IMODE(session.file.stat().st_mode) == 0o600
    assert stat.S_IMODE(manager.store.path.stat().st_mode) == 0o700
    assert (manager.store.path / ".gitignore").read_text() == "*\n"


def test_a_newer_format_is_read_and_never_written() -> None:
    """A log of a higher version opens for reading alone."""
    path = cut(WHOLE, lambda data: data.replace(b'"version":1', b'"version":2', 1))
    data = path.read_bytes()
    session = SessionManager(path.parent).open(path)
    assert len(session.build_context().messages) == 6
    with pytest.raises(Exception, match="written by a newer ipy_sessions") as raised:
        session.append(user("on"))
    assert type(raised.value).__name__ == "SessionReadOnlyError"
    session.close()
    assert path.read_bytes() == data


def test_a_file_cut_short_under_us_is_noticed(manager: SessionManager) -> None:
    """To nothing or to the middle: no line goes behind what is left, and keep writes everything anew beside it."""
    for size in (0, 100, 700):
        session = manager.create()
        session.prompt("one")
        first = session.file
        os.truncate(first, size)
        with pytest.raises(LogLostError):
            session.prompt("two")
        assert first.stat().st_size == size
        session.keep()
        session.prompt("three")
        assert session.file != first
        assert [entry.text for entry in read(session.file).tree if entry.role == "user"] == ["one", "three"]


def test_a_file_replaced_under_us_is_noticed(manager: SessionManager) -> None:
    """By an editor or a checkout: what is there now stays, and keep writes ours beside it."""
    session = manager.create()
    session.prompt("one")
    other = session.file.with_suffix(".new")
    other.write_bytes(session.file.read_bytes())
    other.replace(session.file)
    replaced = session.file.read_bytes()
    with pytest.raises(LogLostError):
        session.prompt("two")
    first = session.file
    session.keep()
    session.prompt("two")
    assert first.read_bytes() == replaced
    assert session.file != first


def test_a_full_disk_does_not_cost_the_fragment(tmp_path: Path) -> None:
    """When the repair does not fit either, the torn tail stays as it was."""
    whole, torn = b'{"type":"info","id":"1"}\n', b'{"type":"message","text":"precious'
    path = tmp_path / "log.jsonl"
    path.write_bytes(whole + torn)
    room = len(whole) + len(torn)

    def write(fd: int, data: bytes | memoryview) -> int:
        if os.fstat(fd).st_size + len(data) > room:
            raise OSError(errno.ENOSPC, "No space left on device")
        return os.write(fd, data)

    log = FileLog(path, write=write)
    with pytest.raises(LogWriteError):
        log.mend(keep)
    assert path.read_bytes() == whole + torn
    room = 10_000
    log.mend(keep)
    log.close()
    assert path.read_bytes() == whole + keep(torn)


def test_a_header_is_never_cut_off() -> None:
    """Even with a byte order mark before it and no newline behind it."""
    path = cut(b"\xef\xbb\xbf" + WHOLE[: HEADER_END - 1])
    session = SessionManager(path.parent).open(path)
    session.append(user("on"))
    session.close()
    assert [entry.text for entry in read(path).tree] == ["on"]


def test_a_long_torn_tail_is_mended_at_once() -> None:
    """Ten megabytes of one unfinished line."""
    path = cut(WHOLE + b'{"type":"message","text":"' + b"x" * 10_000_000)
    session = SessionManager(path.parent).open(path)
    session.append(user("on"))
    session.close()
    assert [entry.fields["bytes"] for entry in read(path).tree if entry.type == "repair"] == [10_000_026]


def test_opening_to_read_asks_for_nothing_but_reading(manager: SessionManager) -> None:
    """No descriptor stays open, and nobody is kept out."""
    session = manager.create("alice")
    session.append(user("hi"))
    manager.close()
    descriptors = Path("/dev/fd")
    before = len(list(descriptors.iterdir()))
    reader = SessionManager(manager.store.path)
    assert reader.open("alice", read_only=True).build_context().messages[0]["content"][0]["text"] == "hi"
    assert len(list(descriptors.iterdir())) == before
    reader.close()


def test_one_damaged_line_does_not_cost_what_was_said_before_it(manager: SessionManager) -> None:
    """The step that stood before in the file takes the place of the missing one."""
    session = manager.create("alice")
    for text in ("My name is Bo", "two", "three"):
        session.prompt(text)
    manager.close()
    lines = session.file.read_bytes().split(b"\n")
    lines[3] = lines[3][:-5]  # the first answer
    session.file.write_bytes(b"\n".join(lines))
    again = manager.open(session.file)
    assert [line.number for line in again.bad_lines] == [4]
    assert len(again.tree.missing) == 1
    assert [message["role"] for message in again.build_context().messages] == ["user", "assistant"] * 2
    assert again.prompt("What is my name?").text == "Your name is **Bo**."


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"text":"My name is Zoë 😀"', '"text":null'),
        ('"ts":"2026-03-01T10:15:03.000Z"', '"ts":"0001-01-01T00:00:00+14:00"'),
        ('"ts":"2026-03-01T10:15:03.000Z"', '"ts":"yesterday"'),
        ('"role":"assistant"', '"role":"assistant","usage":{"input_tokens":1180591620717411303424}'),
        ('"role":"assistant"', '"role":"assistant","usage":"many","cost_usd":"much","model":5'),
        ('"notebook":null', '"notebook":"' + "x" * 6000 + '"'),
        ('"name":"Zoë again"', '"name":["Zo"]'),
    ],
)
def test_damage_by_hand_never_raises_anything_strange(old: str, new: str) -> None:
    """Listing, opening, summing up, tables and transcripts go on."""
    assert old.encode() in WHOLE
    path = cut(WHOLE, lambda data: data.replace(old.encode(), new.encode()))
    manager = SessionManager(path.parent, settings=Settings(offline_delay=0))
    assert len(manager.list()) == 1
    assert manager.list(notebook=path.parent.parent / "a.ipynb") == []
    session = manager.open(path)
    assert session.info().message_count == 6
    assert len(ses.history(session)) == 6
    assert transcript(session.title, session.tree.path()).plain
    session.prompt("on")
    manager.close()


def test_the_disk_is_asked_to_hold_each_turn(manager: SessionManager) -> None:
    """Once at its end, when both messages are written, and once more when the session is closed."""
    session = manager.create()
    session.prompt("one")
    held: list[int] = []
    log = session._recorder._log
    assert isinstance(log, FileLog)
    log._sync = lambda fd: held.append(os.fstat(fd).st_size)
    session.prompt("two")
    assert held == [session.file.stat().st_size]
    session.append(user("a line"))
    manager.close()
    assert held[1:] == [session.file.stat().st_size]


def test_a_file_replaced_before_the_first_append_is_noticed(manager: SessionManager) -> None:
    """Our line never lands in another session."""
    mine, other = manager.create("mine"), manager.create("other")
    mine.prompt("one")
    for text in ("a", "b", "c"):
        other.prompt(text)
    manager.close()
    again = manager.open(mine.file)
    other.file.replace(mine.file)
    before = mine.file.read_bytes()
    with pytest.raises(LogLostError):
        again.prompt("two")
    assert mine.file.read_bytes() == before


def test_a_gitignore_that_was_deleted_stays_away(manager: SessionManager) -> None:
    """Whoever wants the sessions in the repository is not asked again; a folder of another name has one, too."""
    manager.create().append(user("hi"))
    (manager.store.path / ".gitignore").unlink()
    manager.create().append(user("hi"))
    assert not (manager.store.path / ".gitignore").exists()
    other = SessionManager(manager.store.path.parent / "talks")
    other.create().append(user("hi"))
    assert (other.store.path / ".gitignore").exists()
    other.close()
