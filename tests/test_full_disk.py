"""A disk that refuses, full, failing or at its quota, at every byte of a line: no half line, no lost answer."""

from __future__ import annotations

import base64
import errno
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from processes_kit import raw_lines

from ipy_sessions import InvalidEntryError, LogWriteError, Session, SessionManager, Settings, assistant, user
from ipy_sessions.store.log import FileLog
from ipy_sessions.store.reading import read

QUIET = Settings(model="offline", offline_delay=0)
WORKER = Path(__file__).with_name("disk_worker.py")
PRIVATE = ("unshare", "--user", "--map-root-user", "--mount")
"""A place of its own to mount in: nothing is left behind, however the program ends."""


def can_mount() -> bool:
    """Tell whether a file system can be mounted here."""
    if shutil.which("unshare") is None:
        return False
    command = [*PRIVATE, "mount", "-t", "tmpfs", "tmpfs", "/mnt"]
    return subprocess.run(command, check=False, capture_output=True).returncode == 0


DISKS = ["limit", "tmpfs"] if can_mount() else ["limit"]


class Disk:
    """A stand-in for ``os.write`` that takes so many bytes and then refuses, `step` of them at a time."""

    def __init__(self, room: int, number: int = errno.ENOSPC, step: int = 1 << 30) -> None:
        self.room = room
        self._number = number
        self._step = step

    def __call__(self, fd: int, data: bytes | memoryview) -> int:
        """Write, or refuse."""
        if self.room <= 0:
            if self._number == 0:
                return 0  # as POSIX allows
            raise OSError(self._number, os.strerror(self._number))
        count = os.write(fd, bytes(data)[: min(self.room, self._step)])
        self.room -= count
        return count


def log_of(session: Session) -> FileLog:
    """Return the log of a session, whose disk a test replaces."""
    log = session._recorder._log
    assert isinstance(log, FileLog)
    return log


def check(session: Session) -> None:
    """Compare memory with the disk: the same entries, the same leaf, and no half line."""
    contents = read(session.file)
    assert contents.bad_lines == []
    assert [entry.id for entry in contents.tree] == [entry.id for entry in session.tree]
    assert contents.tree.leaf == session.leaf
    raw_lines(session.file)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EFBIG, errno.EIO, errno.EDQUOT, 0])
def test_a_disk_that_refuses_at_any_byte_of_a_line_leaves_no_part_of_it(manager: SessionManager, number: int) -> None:
    """The error is told, memory stands where the file stands, and the same line fits as soon as there is room."""
    session = manager.create("alice")
    session.append(user("first"))
    log = log_of(session)
    for room in range(len(session.file.read_bytes())):
        before, leaf = session.file.read_bytes(), session.leaf
        log._write = Disk(room, number, step=1 + room % 7)
        try:
            session.append(user("again"))
        except LogWriteError as error:
            assert os.strerror(number or errno.EIO) in str(error)  # noqa: PT017 - late in the loop there is room
            assert session.file.read_bytes() == before
            assert session.leaf == leaf
            log._write = os.write
            session.append(user("again"))
        check(session)


def test_what_cannot_even_be_taken_back_is_mended_before_the_next_line(
    manager: SessionManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A failing disk that refuses the cutting, too: the half line never gets another one behind it."""

    def refuse(*_: object) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    session = manager.create("alice")
    session.append(user("first"))
    with session.file.open("ab") as file:
        file.write(b"not JSON\n")
    manager.close()
    session = manager.open(session.file)
    log = log_of(session)
    log._write = Disk(20)
    with monkeypatch.context() as patched:
        patched.setattr(os, "ftruncate", refuse)
        for _ in range(2):  # the second finds the half line, and cannot cut it off either
            with pytest.raises(LogWriteError):
                session.append(user("second"))
    log._write = os.write
    session.append(user("third"))
    assert [entry.type for entry in session.tree][-3:] == ["message", "repair", "message"]
    assert [line.number for line in session.bad_lines] == [3]
    assert [line.number for line in read(session.file).bad_lines] == [3]


def test_a_fragment_survives_a_disk_that_is_full_for_its_repair(tmp_path: Path) -> None:
    """Refused at every byte of the repair entry, and on its way back, it is written as soon as there is room."""
    path = tmp_path / "log.jsonl"
    whole, torn = b'{"type":"info","id":"1"}\n', b'{"type":"message","id":"2","content":"precious'
    line = b'{"type":"repair","id":"r","fragment":"kept"}' + b" " * 50 + b"\n"
    for room in range(len(line)):
        path.write_bytes(whole + torn)
        log = FileLog(path, write=Disk(room))
        with pytest.raises(LogWriteError):
            log.mend(lambda _: line)
        assert path.read_bytes() in {whole + torn, whole}  # the latter when its way back was refused, too
        log._write = os.write
        log.mend(lambda fragment: line if fragment == torn else b"")
        log.close()
        assert path.read_bytes() == whole + line


def test_a_refused_answer_waits_and_is_written_before_the_next_line(manager: SessionManager) -> None:
    """It is in the error, in memory after the next line, and in the file in its place."""
    session = manager.create("alice")
    session.prompt("My name is Bo")
    log = log_of(session)
    for _ in range(3):
        log._write = Refusing('"assistant"')
        with pytest.raises(LogWriteError) as raised:
            session.prompt("What is my name?")
        assert "Bo" in raised.value.reply.text  # type: ignore[attr-defined]
        check(session)
        assert session.tree[str(session.leaf)].role == "user"
        log._write = os.write
        session.prompt("and on")
        check(session)
    roles = [entry.role for entry in session.tree if entry.role]
    assert roles == ["user", "assistant"] * (len(roles) // 2)


class Refusing:
    """A disk that has room for every line but those in which a text stands."""

    def __init__(self, text: str) -> None:
        self._text = text.encode()

    def __call__(self, fd: int, data: bytes | memoryview) -> int:
        """Write, or refuse."""
        if self._text in bytes(data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return os.write(fd, data)


def refuse_twice(session: Session, disk: Any, *texts: str) -> None:
    """Let a disk refuse some answers, one after the other."""
    log_of(session)._write = disk
    for text in texts:
        with pytest.raises(LogWriteError):
            session._recorder.insist(assistant(text))
    log_of(session)._write = os.write


def test_every_refused_answer_waits(manager: SessionManager) -> None:
    """A second one does not take the place of the first, and both are written in their order."""
    session = manager.create("alice")
    session.append(user("hi"))
    refuse_twice(session, Disk(0), "one", "two", "three")
    session.append(user("on"))
    assert [entry.text for entry in session.tree] == ["hi", "one", "two", "three", "on"]
    check(session)


@pytest.mark.parametrize("by", ["keep", "close"])
def test_a_refused_answer_is_written_when_the_session_is_kept_or_closed(manager: SessionManager, by: str) -> None:
    """Nothing more has to be said for it."""
    session = manager.create("alice")
    session.append(user("hi"))
    refuse_twice(session, Disk(0), "one")
    session.keep() if by == "keep" else manager.close(session)
    assert [entry.text for entry in read(session.file).tree] == ["hi", "one"]


def test_a_session_is_not_closed_over_an_answer_that_was_refused(manager: SessionManager) -> None:
    """Closing says so and leaves it open, with the answer; with room again it is written and closed."""
    session = manager.create("alice")
    session.append(user("hi"))
    refuse_twice(session, Disk(0), "precious")
    log_of(session)._write = Disk(0)
    for _ in range(2):
        with pytest.raises(LogWriteError):
            manager.close(session)
        assert not session.closed
    log_of(session)._write = os.write
    manager.close(session)
    assert [entry.text for entry in read(session.file).tree] == ["hi", "precious"]
    assert manager.open(session.file) is not session


def test_an_answer_that_can_be_no_line_does_not_wait(manager: SessionManager) -> None:
    """It is refused once, and what comes after it is written."""
    session = manager.create("alice")
    session.append(user("hi"))
    with pytest.raises(InvalidEntryError):
        session._recorder.insist(assistant("x", odd=object()))
    session.append(user("on"))
    check(session)


def test_a_disk_that_cannot_sync_never_doubles_an_answer(tmp_path: Path) -> None:
    """The error is told; the line is in the file, once."""

    def refuse(_fd: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    manager = SessionManager(tmp_path / "s", settings=Settings(model="offline", offline_delay=0, sync="entry"))
    session = manager.create("alice")
    session.append(user("hi"))
    log = log_of(session)
    sync, log._sync = log._sync, refuse
    with pytest.raises(LogWriteError, match="Input/output error"):
        session._recorder.insist(assistant("one"))
    with pytest.raises(LogWriteError, match="Input/output error"):
        session.append(user("two"))
    log._sync = sync
    session.append(user("three"))
    check(session)
    assert [entry.text for entry in session.tree] == ["hi", "one", "two", "three"]
    manager.close()


@pytest.mark.parametrize("kind", DISKS)
def test_a_disk_that_the_kernel_itself_refuses(tmp_path: Path, kind: str) -> None:
    """Beyond a limit of size, and on a full file system: nothing half, nothing left over, and all of it later."""
    folder = tmp_path / "small"
    folder.mkdir()
    prefix = PRIVATE if kind == "tmpfs" else ()
    done = subprocess.run([*prefix, sys.executable, WORKER, kind, folder], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["entries"] == 26
    assert len(told["said"]) >= 12
    reason = os.strerror(errno.EFBIG if kind == "limit" else errno.ENOSPC)
    assert all(reason in said for said in told["said"])


def test_a_refused_picture_does_not_weigh_on_the_next_line(manager: SessionManager) -> None:
    """Its payload goes with it, and is not tried again with a line that would fit."""
    session = manager.create("alice")
    session.append(user("hi"))
    picture = base64.b64encode(bytes(100_000)).decode()
    block = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": picture}}
    blobs = manager.store.path / "blobs"
    blobs.touch()  # so that no payload can be kept
    with pytest.raises(LogWriteError, match="A payload could not be written"):
        session.append(user([block]))
    session.append(user("on"))
    blobs.unlink()
    session.append(user("and on"))
    check(session)
    assert not blobs.exists()
