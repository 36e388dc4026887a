"""One writer: what a second one is told, what an owner's death frees, what a fork and a thread may do, who may read."""

from __future__ import annotations

import gc
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from processes_kit import Process, raw_lines, run

from ipy_sessions import (
    LogLostError,
    Session,
    SessionBusyError,
    SessionManager,
    SessionReadOnlyError,
    Settings,
    assistant,
    user,
)
from ipy_sessions.store import lease as leases
from ipy_sessions.store import lines
from ipy_sessions.store.lease import SILENCE, Lease
from ipy_sessions.store.owner import Owner, write_owner
from ipy_sessions.store.reading import read

QUIET = Settings(model="offline", offline_delay=0)
NOW = datetime(2026, 3, 1, 10, 15, tzinfo=UTC)


@pytest.fixture
def session(manager: SessionManager) -> Session:
    """Return a session in a file, called alice, that is open here."""
    session = manager.create("alice")
    session.append(user("hi"))
    return session


@pytest.fixture
def other() -> Iterator[Process]:
    """Return another process."""
    with Process() as process:
        yield process


def open_there(process: Process, folder: Path, **options: Any) -> str:
    """Open alice in another process; return what it says of it when it cannot."""
    process.run(f"manager = SessionManager({str(folder)!r})")
    said = process.ask(f"manager.open('alice', **{options!r}).title")
    return str(said)


def test_a_second_kernel_is_told_who_has_it_and_the_three_ways_on(
    manager: SessionManager, other: Process, tmp_path: Path
) -> None:
    """Process, machine, notebook and since when, in the error and in its sentence; reading, copying, waiting."""
    notebook = tmp_path / "work" / "analysis.ipynb"
    manager.notebook = notebook
    manager.create("alice").append(user("hi"))
    said = open_there(other, manager.store.path)
    assert said.startswith("SessionBusyError: ")
    assert f"{notebook} (process {os.getpid()} on {socket.gethostname()}, since " in said
    (tail,) = set(re.findall(r"`%session (?:open|fork) (\w+)", said))
    for way in (f"`%session open {tail} --read-only`", f"`%session fork {tail}`", f"`%session open {tail} --wait 60`"):
        assert way in said
    other.run("try: manager.open('alice')\nexcept SessionBusyError as error: owner = error.owner")
    owner = other.ask("[owner.pid, owner.host, owner.notebook, owner.since]")
    assert owner[:3] == [os.getpid(), socket.gethostname(), str(notebook)]
    assert datetime.fromisoformat(owner[3]).tzinfo is not None
    assert raw_lines(manager.list()[0].path)[0]["content"][0]["text"] == "hi"


def test_a_killed_owner_leaves_the_lease_to_the_next_at_once(session: Session, manager: SessionManager) -> None:
    """By signal 9, in the middle of its work: nothing to clean up and nothing to wait for."""
    manager.close()
    for number in range(3):
        with Process() as owner:
            assert open_there(owner, manager.store.path) == "alice"
            owner.run(f"manager.opened[0].append(user('from {number}'))")
            with pytest.raises(SessionBusyError) as raised:
                manager.open(session.file)
            assert isinstance(raised.value.owner, Owner)
            assert raised.value.owner.pid == owner.pid
            owner.kill()
        manager.open(session.file).append(user("and on"))
        manager.close()
    assert len(raw_lines(session.file)) == 7


def test_whoever_waits_gets_it_when_it_is_free(session: Session, manager: SessionManager, other: Process) -> None:
    """And is told who has it when the time is over."""
    assert open_there(other, manager.store.path, wait=0.3).startswith("SessionBusyError: ")
    other.tell("eval", "manager.open('alice', wait=60).title")
    time.sleep(0.3)
    manager.close(session)
    assert other.answer() == "alice"
    with pytest.raises(SessionBusyError):
        manager.open(session.file, wait=0.2)


# Where locks do not decide


def record_of(path: Path) -> Path:
    """Return where the owner of a session's file is written down."""
    return path.parent / ".cache" / f"{path.name}.owner"


def here(**changes: Any) -> Owner:
    """Return this process as an owner, or one that differs from it."""
    return msgspec.structs.replace(Owner.here(NOW), **changes)


@pytest.fixture
def free(session: Session, manager: SessionManager) -> Path:
    """Return a session's file that nobody has open."""
    manager.close()
    return session.file


def takes(path: Path, **options: Any) -> bool:
    """Tell whether a lease can be taken, and let go of it."""
    try:
        Lease.open(path, here(), **options).release()
    except SessionBusyError:
        return False
    return True


@pytest.mark.parametrize(
    ("changes", "is_free"),
    [
        ({}, False),
        ({"started": 5.0}, True),
        ({"pid": 2**22 + 1}, True),
        ({"host": "elsewhere"}, False),
        ({"host": "elsewhere", "pid": 2**22 + 1}, False),
    ],
    ids=["it lives", "its number went to another", "it is gone", "another machine", "a number of another machine"],
)
@pytest.mark.parametrize("how", ["network", "no locks"])
def test_without_locks_to_trust_the_owner_on_record_decides(
    free: Path, monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any], is_free: bool, how: str
) -> None:
    """A process that lives, or a machine that gave a sign of life just now, keeps others out; no other does."""
    if how == "no locks":
        monkeypatch.setattr(leases, "fcntl", None)  # as on Windows
    write_owner(record_of(free), here(**changes))
    assert takes(free, network=how == "network") is is_free
    assert takes(free, network=how == "network") is is_free


@pytest.mark.parametrize("days", [-400, 0, 400])
def test_a_machine_that_is_silent_counts_as_gone_by_the_file_systems_clock(
    free: Path, monkeypatch: pytest.MonkeyPatch, days: int
) -> None:
    """A minute after its last sign of life, however wrong this machine's own clock is."""
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + days * 86400)
    record = record_of(free)
    write_owner(record, here(host="elsewhere"))
    assert not takes(free, network=True)
    at = record.stat().st_mtime
    os.utime(record, (at, at - SILENCE + 10))
    assert not takes(free, network=True)
    os.utime(record, (at, at - SILENCE - 10))
    assert takes(free, network=True)
    assert not record.exists()


def test_an_owner_on_a_network_gives_signs_of_life_until_it_lets_go(
    free: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The record is touched again and again, and is gone afterwards."""
    monkeypatch.setattr(leases, "HEARTBEAT", 0.01)
    lease = Lease.open(free, here(), network=True)
    record = record_of(free)
    os.utime(record, (0, 0))
    until = time.monotonic() + 30
    while record.stat().st_mtime < 1000:
        assert time.monotonic() < until
        time.sleep(0.01)
    lease.release()
    assert not record.exists()
    assert takes(free)


def test_a_damaged_record_keeps_nobody_out(free: Path) -> None:
    """It names no owner, so there is none."""
    for data in (b"", b"{", b"[]", b'{"pid":"x"}', b"\xff\x00"):
        record_of(free).parent.mkdir(exist_ok=True)
        record_of(free).write_bytes(data)
        assert takes(free, network=True)
        record_of(free).write_bytes(data)
        assert takes(free)


def test_a_folder_in_which_no_record_can_be_kept_still_has_one_writer(session: Session, other: Process) -> None:
    """The lock decides; whose it is cannot be said, and the sentence says that."""
    session.close()
    cache = session.file.parent / ".cache"
    cache.rmdir()
    cache.touch()
    manager = SessionManager(session.file.parent, settings=QUIET)
    manager.open(session.file).append(user("on"))
    assert "alice" not in (said := open_there(other, session.file.parent))
    assert "is open elsewhere: in another program. To read it here" in said
    manager.close()
    assert open_there(other, session.file.parent) == "alice"


# Forks, threads, forgotten sessions

FORK = """
import json, multiprocessing, os, sys, time
from ipy_sessions import SessionManager, SessionReadOnlyError, user
manager = SessionManager(sys.argv[1])
session = manager.open("alice")

def child(say):
    said = []
    for use in (lambda: session.append(user("from the child")), lambda: session.prompt("x"), session.keep):
        try:
            use()
        except SessionReadOnlyError as error:
            said.append(str(error))
    said.append([entry.text for entry in session.tree])
    manager.close()
    os.write(say, json.dumps(said).encode())

reading, writing = os.pipe()
if sys.argv[2] == "fork":
    if os.fork() == 0:
        child(writing)
        os._exit(0)
    os.wait()
else:
    process = multiprocessing.get_context("fork").Process(target=child, args=(writing,))
    process.start()
    process.join()
os.close(writing)
said = json.loads(os.read(reading, 100_000))
again = SessionManager(sys.argv[1])
try:
    again.open("alice")
except Exception as error:
    held = type(error).__name__
session.append(user("from the parent"))
print(json.dumps([said, held]))
"""


@pytest.mark.parametrize("how", ["fork", "multiprocessing"])
def test_a_forked_child_only_reads_and_its_end_changes_nothing(
    session: Session, manager: SessionManager, how: str
) -> None:
    """It cannot append, ask or keep; when it is over, the parent has its lease and its file, and goes on."""
    manager.close()
    said, held = run(FORK, manager.store.path, how)
    assert [sentence for sentence in said if "was forked" not in sentence] == [["hi"]]
    assert held == "SessionBusyError"
    assert [entry.text for entry in read(session.file).tree] == ["hi", "from the parent"]


ORPHAN = """
import os, sys, threading, time
from ipy_sessions import SessionManager
manager = SessionManager(sys.argv[1])
if sys.argv[2] == "while it waits":
    waiting = threading.Thread(target=manager.open, args=("alice",), kwargs={"wait": 60}, daemon=True)
    waiting.start()
    time.sleep(0.5)
else:
    manager.open("alice")
child = os.fork()
if child == 0:
    os.close(1)
    time.sleep(60)
    os._exit(0)
print(child, flush=True)
if sys.argv[2] == "while it waits":
    waiting.join()
    print("open", flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("when", ["it has it open", "while it waits"])
def test_a_forked_child_does_not_keep_the_lease_of_a_dead_parent(
    session: Session, manager: SessionManager, when: str
) -> None:
    """The parent killed, the child alive for a minute: the session is free as soon as the child has begun."""
    if when == "it has it open":
        manager.close()
    parent = subprocess.Popen([sys.executable, "-c", ORPHAN, manager.store.path, when], stdout=subprocess.PIPE)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    try:
        if when == "while it waits":
            manager.close()
            assert parent.stdout.readline() == b"open\n"
        with pytest.raises(SessionBusyError):
            manager.open(session.file)
        parent.kill()
        parent.wait()
        manager.open(session.file, wait=20).append(user("on"))
    finally:
        os.kill(child, signal.SIGKILL)
        parent.kill()
        parent.wait()
        parent.stdout.close()
    assert len(raw_lines(session.file)) == 2


def test_eight_threads_of_one_kernel_append_one_chain(manager: SessionManager) -> None:
    """1,600 entries: each is there once, numbered one after the other, and each follows the one before."""
    session = manager.create("alice")
    session.append(user("first"))
    begin = threading.Barrier(8)

    def work(number: int) -> None:
        begin.wait()
        for count in range(200):
            session.append(user(f"{number}:{count} " + "é" * (count % 97)))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    manager.close()
    entries = raw_lines(session.file)
    assert [entry["seq"] for entry in entries] == list(range(1, 1602))
    assert [entry["parent_id"] for entry in entries] == [None, *(entry["id"] for entry in entries[:-1])]
    texts = [entry["content"][0]["text"].split()[0] for entry in entries[1:]]
    for number in range(8):
        assert [text for text in texts if text.startswith(f"{number}:")] == [f"{number}:{n}" for n in range(200)]


def test_a_session_that_nobody_holds_any_more_is_free(free: Path) -> None:
    """A manager that was dropped without being closed keeps neither the lease nor an open file."""
    descriptors = Path("/dev/fd")
    gc.collect()
    before = len(list(descriptors.iterdir()))
    SessionManager(free.parent, settings=QUIET).open(free).append(user("on"))
    gc.collect()
    assert len(list(descriptors.iterdir())) == before
    assert not record_of(free).exists()
    with SessionManager(free.parent, settings=QUIET) as manager:
        manager.open(free).append(user("and on"))
    assert len(raw_lines(free)) == 3


# Reading what another writes


def test_a_reader_sees_what_the_owner_writes_and_changes_nothing(session: Session, other: Process) -> None:
    """`refresh` takes in what is new; bytes and time of change are the owner's alone."""
    folder = session.file.parent
    assert open_there(other, folder, read_only=True) == "alice"
    assert other.ask("manager.opened[0].refresh()") is False
    for number in range(3):
        session.append(user(f"line {number}"))
        session.append(assistant("é" * 100_000))
        before = session.file.stat()
        data = session.file.read_bytes()
        assert other.ask("manager.opened[0].refresh()") is True
        assert other.ask("manager.opened[0].refresh()") is False
        assert other.ask("manager.opened[0].leaf") == session.leaf
        assert other.ask("[e.text[:6] for e in manager.opened[0].tree][-2]") == f"line {number}"
        assert "SessionReadOnlyError" in other.ask("manager.opened[0].append(user('x'))")
        assert session.file.read_bytes() == data
        assert session.file.stat().st_mtime_ns == before.st_mtime_ns


def test_a_reader_takes_no_half_line_for_a_whole_one(session: Session) -> None:
    """What is being written is no entry yet, and is one when it is whole."""
    reader = SessionManager(session.file.parent, settings=QUIET)
    reading = reader.open(session.file, read_only=True)
    line = session.file.read_bytes().split(b"\n")[1].replace(b'"hi"', b'"ho"')
    line = re.sub(rb'"id":"[^"]+"', b'"id":"new-entry"', line)
    for position in range(1, len(line)):
        with session.file.open("r+b") as file:
            size = file.seek(0, os.SEEK_END)
            file.write(line[:position])
        assert reading.refresh()
        assert [entry.text for entry in reading.tree] == ["hi"]
        assert [bad.number for bad in reading.bad_lines] == [3]
        os.truncate(session.file, size)
        assert reading.refresh()
        assert reading.bad_lines == []
    with session.file.open("ab") as file:
        file.write(line + b"\n")
    assert reading.refresh()
    assert [entry.text for entry in reading.tree] == ["hi", "ho"]
    reader.close()


@pytest.mark.parametrize("in_memory", [True, False], ids=["a small file", "a large one"])
def test_a_reader_that_follows_for_hours_grows_with_the_session_alone(
    session: Session, monkeypatch: pytest.MonkeyPatch, in_memory: bool
) -> None:
    """What was read before is let go of: no copies of the file, and no descriptors."""
    if not in_memory:
        monkeypatch.setattr(lines, "IN_MEMORY", 0)
    descriptors = Path("/dev/fd")
    reader = SessionManager(session.file.parent, settings=QUIET)
    reading = reader.open(session.file, read_only=True)
    before = len(list(descriptors.iterdir()))
    gc.collect()
    copies = sum(isinstance(one, lines.Lines) for one in gc.get_objects())
    for number in range(20):
        session.append(user(f"line {number}"))
        assert reading.refresh()
    gc.collect()
    assert sum(isinstance(one, lines.Lines) for one in gc.get_objects()) <= copies
    assert len(list(descriptors.iterdir())) <= before
    assert [entry.text for entry in reading.tree][-1] == "line 19"
    reader.close()


def test_a_session_that_is_open_elsewhere_can_be_forked(
    session: Session, manager: SessionManager, other: Process
) -> None:
    """The copy has what was written so far and names where it is from; the owner goes on undisturbed."""
    other.run(f"manager = SessionManager({str(manager.store.path)!r})")
    data, before = session.file.read_bytes(), session.file.stat().st_mtime_ns
    other.run("copy = manager.fork('alice')")
    assert other.ask("copy.header.fields['parent_session']") == session.id
    other.run("copy.append(user('in the copy'))")
    assert other.ask("[e.text for e in copy.tree if e.role]") == ["hi", "in the copy"]
    assert (session.file.read_bytes(), session.file.stat().st_mtime_ns) == (data, before)
    session.append(user("in the original"))
    assert [entry.text for entry in read(session.file).tree] == ["hi", "in the original"]


def test_a_fork_of_a_session_in_memory_has_its_pictures(manager: SessionManager) -> None:
    """What was too large for a line comes along, although no file has it yet, and is there when the copy is kept."""
    block = {"type": "tool_result", "tool_use_id": "t", "content": "long " * 20_000}
    draft = manager.create("draft", temporary=True)
    draft.append(user([block]))
    copy = manager.fork("draft")
    assert copy.content(next(iter(copy.tree))) == [block]
    copy.keep()
    manager.close(copy)
    again = manager.open(copy.file)
    assert again.content(next(iter(again.tree))) == [block]


# Two who write nevertheless

GUARDLESS = """
from ipy_sessions.identifiers import SYSTEM
from ipy_sessions.store.disk import FolderStore
from ipy_sessions.store.log import FileLog
from ipy_sessions.store.owner import Owner
from ipy_sessions.store.reading import read
from ipy_sessions.store.recorder import Recorder
from pathlib import Path

def begin(path):
    path, settings = Path(path), Settings()
    contents = read(path)
    return Recorder(
        FolderStore(path.parent), path, contents, FileLog(path, contents.reading),
        owner=lambda: None, source=SYSTEM, settings=lambda: settings,
    )

def write(recorder, name):
    for number in range(1000):
        size = 2_000_000 if number % 250 == 100 else 100 * (1 + number % 30)
        recorder.write(user(f"{name}:{number} " + "é" * (size // 2)))
    recorder.close()
"""


def test_two_writers_without_a_lease_tear_no_line_and_diverge_visibly(free: Path) -> None:
    """A thousand records each, 100 B to 2 MB: all there, numbered on, and two leaves instead of one."""
    with Process() as one, Process() as two:
        for process in (one, two):
            process.run(GUARDLESS)
            process.run(f"recorder = begin({str(free)!r})")
        for process, name in ((one, "one"), (two, "two")):
            process.tell("eval", f"write(recorder, {name!r})")
        assert one.answer() is None
        assert two.answer() is None
    contents = read(free)
    assert contents.bad_lines == []
    entries = list(contents.tree)
    assert [entry.seq for entry in entries] == list(range(1, 2002))
    assert len(contents.tree.leaves) == 2
    for leaf in contents.tree.leaves:
        steps = [entry.text.split()[0].split(":") for entry in contents.tree.path(leaf)[1:]]
        assert len({name for name, _ in steps}) == 1
        assert [int(number) for _, number in steps] == list(range(1000))


# The file taken away


def set_aside(file: Path) -> None:
    """Save as an editor does that keeps the former version."""
    former = file.rename(f"{file}~")
    file.write_bytes(former.read_bytes())


def replace_by_copy(file: Path) -> None:
    """Put another file of the same bytes in its place."""
    copy = file.with_name("copy")
    copy.write_bytes(file.read_bytes())
    copy.replace(file)


def replace_by_folder(file: Path) -> None:
    """Put a folder in its place."""
    file.unlink()
    file.mkdir()


def leave_a_link(file: Path) -> None:
    """Delete it, so that it goes on under another name."""
    file.with_name("link").hardlink_to(file)
    file.unlink()


AWAY: dict[str, Callable[[Path], object]] = {
    "deleted": Path.unlink,
    "deleted, with another link": leave_a_link,
    "renamed": lambda file: file.rename(file.with_name("renamed.jsonl")),
    "moved to another folder": lambda file: file.rename(file.parent.parent / file.name),
    "its folder renamed": lambda file: file.parent.rename(file.parent.with_name("renamed")),
    "set aside by an editor that saves": set_aside,
    "replaced by a copy": replace_by_copy,
    "replaced by a folder": replace_by_folder,
    "emptied": lambda file: os.truncate(file, 0),
    "cut short": lambda file: os.truncate(file, file.stat().st_size - 1),
}


@pytest.mark.parametrize("take_away", AWAY.values(), ids=AWAY.keys())
def test_a_file_that_was_taken_away_is_noticed_and_written_anew(
    session: Session, take_away: Callable[[Path], object], tmp_path: Path
) -> None:
    """No line goes where nobody will look for it, nothing is made without a header, and `keep` has the whole of it."""
    take_away(session.file)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    for _ in range(2):
        with pytest.raises(LogLostError, match=r"deleted, moved, replaced or cut short.*type `%session keep`"):
            session.append(user("two"))
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
    session.keep()
    session.append(user("two"))
    contents = read(session.file)
    assert [entry.text for entry in contents.tree] == ["hi", "two"]
    assert contents.header.id == session.id
    kept = {path: data for path, data in before.items() if path.suffix in {".jsonl", ".jsonl~"}}
    assert all(path.read_bytes() == data for path, data in kept.items())


@pytest.fixture
def nobody(free: Path) -> Iterator[None]:
    """Be somebody who may read the session and not write it; root may do anything."""
    free.chmod(0o444)
    for parent in free.parents:
        parent.chmod(parent.stat().st_mode | 0o055)
    free.parent.chmod(0o777)
    if os.geteuid():
        yield
        return
    os.seteuid(65534)
    yield
    os.seteuid(0)


@pytest.mark.parametrize("by", ["append", "prompt", "note", "fork"])
@pytest.mark.usefixtures("nobody")
def test_a_file_that_cannot_be_written_is_read(free: Path, by: str) -> None:
    """It opens, says why it cannot be written, can be forked, and stays as it is."""
    data = free.read_bytes()
    manager = SessionManager(free.parent, settings=QUIET)
    session = manager.open("alice")
    assert [entry.text for entry in session.tree] == ["hi"]
    if by == "fork":
        assert [entry.text for entry in manager.fork("alice").tree if entry.role] == ["hi"]
    else:
        with pytest.raises(SessionReadOnlyError, match="cannot be written here"):
            session.note(name="x") if by == "note" else getattr(session, by)(user("x") if by == "append" else "x")
    assert free.read_bytes() == data
    manager.close()
