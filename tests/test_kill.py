"""A writer that dies: at every byte of every line, and by `kill -9` at any moment. Nothing that was saved is lost."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
import tempfile
from codecs import BOM_UTF8
from collections.abc import Callable, Iterator
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import pytest
from processes_kit import raw_lines

from ipy_sessions import Entry, SessionInfo, SessionManager, Settings, assistant, user
from ipy_sessions.entries import NewEntry
from ipy_sessions.store.log import FileLog
from ipy_sessions.store.reading import read
from ipy_sessions.testing import FixedSource

WORKER = Path(__file__).with_name("kill_worker.py")
QUIET = Settings(model="offline", offline_delay=0)
PICTURE = base64.b64encode(bytes(range(256)) * 300).decode()


def image(data: str) -> dict[str, Any]:
    """Return a block that holds a picture."""
    return {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": data}}


def kinds(first: str) -> list[NewEntry]:
    """Return entries of every kind that there is, and of one that there is not; `first` is an entry to refer to."""
    calls = [{"type": "tool_use", "id": f"t{number}", "name": "run", "input": {"n": number}} for number in (1, 2)]
    results = [{"type": "tool_result", "tool_use_id": f"t{number}", "content": "ok"} for number in (1, 2)]
    thought = {"type": "thinking", "thinking": "hm …", "signature": "c2ln"}
    return [
        user("Zoë 😀 \u2028 日本語", cell_id="c1", execution_count=1),
        assistant([thought, *calls], stop_reason="tool_use", usage={"input_tokens": 5, "output_tokens": 7}),
        user(results),
        assistant("done", cost_usd=0.25, latency_ms=3),
        NewEntry("settings", {"system": "Be brief.", "options": {}}),
        NewEntry("info", {"name": "ünter", "tags": ["a"], "pinned": True}),
        NewEntry("label", {"target_id": first, "label": "★"}),
        NewEntry("leaf", {"target_id": first}),
        NewEntry("usage", {"usage": {"input_tokens": 1}, "cost_usd": None}),
        NewEntry("compaction", {"summary": "so far", "first_kept": first}),
        NewEntry("branch_summary", {"summary": "elsewhere", "from": first}),
        NewEntry("context_edit", {"target_id": first, "hide": True}),
        NewEntry("redaction", {"target_id": first}),
        NewEntry("repair", {"reason": "before", "fragment": '{"a', "encoding": "utf-8", "bytes": 3}),
        NewEntry("checkpoint", {"commit": "abc"}),
        NewEntry("from_the_future", {"x": {"y": [1.0, None, "\x85"]}}),
    ]


def fifty(folder: Path) -> Path:
    """Write a session of 50 entries of all kinds, two of them with payloads of their own; return its file."""
    manager = SessionManager(folder / ".sessions", settings=QUIET, source=FixedSource())
    session = manager.create("fifty")
    first = session.append(user("hello"))
    session.append(user([image(PICTURE)]))
    session.append(assistant([{"type": "tool_result", "tool_use_id": "t0", "content": "long " * 20_000}]))
    for new in islice(cycle(kinds(first.id)), 47):
        session.append(new)
    manager.close()
    assert len(session.tree) == 50
    return session.file


def fragments(entries: list[dict[str, Any]]) -> list[bytes]:
    """Return what some ``repair`` entries keep."""
    return [
        base64.b64decode(entry["fragment"]) if entry["encoding"] == "base64" else entry["fragment"].encode()
        for entry in entries
    ]


def go_on(manager: SessionManager, row: SessionInfo) -> list[Entry]:
    """Open a session, add a message, close it, and do the same once more; return the two entries."""
    added = []
    for text in ("and on", "and on again"):
        session = manager.open(row)
        added.append(session.append(user(text)))
        manager.close(session)
    return added


def check(manager: SessionManager, row: SessionInfo, whole: list[bytes], fragment: bytes) -> None:
    """Go on with a session of some whole lines and a torn one; everything is there, once, in its order."""
    added = go_on(manager, row)
    path = row.path
    data = path.read_bytes()
    assert data.startswith(b"\n".join(whole) + b"\n")
    entries = raw_lines(path)
    kept = len(whole) - 1
    new = entries[kept:]
    assert [entry["type"] for entry in new] == ["repair"] * bool(fragment) + ["message", "message"]
    assert fragments(new[:-2]) == [fragment] * bool(fragment)
    assert [entry["id"] for entry in new[-2:]] == [entry.id for entry in added]
    assert new[-1]["parent_id"] == added[0].id
    stood = None
    for entry in entries[:kept]:
        if entry["type"] == "leaf":
            stood = entry["target_id"]
        elif entry["parent_id"] or entry["type"] in {"message", "settings"}:
            stood = entry["id"]
    assert new[-2]["parent_id"] == stood
    seqs = [entry["seq"] for entry in entries]
    assert seqs == list(range(1, len(entries) + 1))
    contents = read(path)
    assert contents.bad_lines == []
    assert [entry.id for entry in contents.tree] == [entry["id"] for entry in entries]


@pytest.fixture
def quick(tmp_path: Path) -> Iterator[Path]:
    """Return a folder whose disk is memory, where there is one: fourteen thousand cuts wait for no platter."""
    memory = Path("/dev/shm")  # noqa: S108 - made by `mkdtemp`
    folder = Path(tempfile.mkdtemp(dir=memory if memory.is_dir() else tmp_path))
    yield folder
    shutil.rmtree(folder)


def test_a_session_cut_at_every_byte_loses_nothing_that_was_whole(quick: Path) -> None:
    """Every line before the cut stays as it was, the fragment is kept once, and so it is after a second opening."""
    path = fifty(quick)
    data = path.read_bytes()
    with SessionManager(path.parent, settings=QUIET) as manager:
        (row,) = manager.list()
        for position in range(data.index(b"\n"), len(data) + 1):
            *whole, tail = data[:position].split(b"\n")
            if data[position : position + 1] == b"\n":  # whole but for its line break
                whole, tail = [*whole, tail], b""
            path.write_bytes(data[:position])
            try:
                check(manager, row, whole, tail)
            except AssertionError as error:
                raise AssertionError(f"cut at byte {position}") from error


@pytest.mark.parametrize("seed", [1, 2])
def test_a_hundred_killed_writers_keep_what_they_have_acknowledged(tmp_path: Path, seed: int) -> None:
    """Whoever comes next has the lease at once, every entry that `append` had returned, and a file of whole lines."""
    folder = tmp_path / "killed"
    folder.mkdir()
    worker = subprocess.run(
        [sys.executable, WORKER, folder, "100", str(seed)], stdout=subprocess.PIPE, text=True, check=True
    )
    sessions = [json.loads(line) for line in worker.stdout.splitlines()]
    assert sum(len(session["told"]) for session in sessions) == 100
    for session in sessions:
        told = [line for writer in session["told"] for line in writer]
        assert not [line for line in told if line.startswith("failed")]  # nobody found the session busy
        manager = SessionManager(session["folder"], settings=QUIET)
        (row,) = manager.list()
        last = manager.open(row).append(user("the last"))
        manager.close()
        entries = raw_lines(row.path)
        ids = [entry["id"] for entry in entries]
        assert [entry_id for entry_id in ids if entry_id in set(told)] == told
        assert ids[-1] == last.id
        assert [entry["seq"] for entry in entries] == list(range(1, len(entries) + 1))
        assert sum(entry["type"] == "repair" for entry in entries) <= sum(session["torn"])
        assert manager.open(row).bad_lines == []
        manager.close()
        assert len(read(row.path).tree.leaves) == 1
        row.path.unlink()


TAILS = {
    "cut inside a character": '{"text":"日'.encode()[:-1],
    "NULs, as after a power cut": b"\0" * 300,
    "garbage": b"\x89PNG\r\x1a\xff",
    "JSON that is no entry": b'{"a":1}',
    "a number": b"123",
    "a list": b"[]",
    "deep JSON": b"[" * 100_000,
    "a secret-looking text": b'{"type":"message","content":"\\ud800',
}


@pytest.mark.parametrize("tail", TAILS.values(), ids=TAILS.keys())
def test_a_tail_that_is_no_line_is_kept_as_it_was(tmp_path: Path, tail: bytes) -> None:
    """Whatever a crash has left there goes into the repair entry, byte for byte, and everything before it stays."""
    path = fifty(tmp_path)
    whole = path.read_bytes().split(b"\n")[:-1]
    with path.open("ab") as file:
        file.write(tail)
    with SessionManager(path.parent, settings=QUIET) as manager:
        check(manager, manager.list()[0], whole, tail)


@pytest.mark.parametrize("tail", [b"  ", b"\r", b"\t \r", b"\n\n", b"\r\n"], ids=repr)
def test_blanks_at_the_end_are_no_fragment(tmp_path: Path, tail: bytes) -> None:
    """They are nobody's line: no repair entry, and no bad line is forgotten for them."""
    path = fifty(tmp_path)
    with path.open("ab") as file:
        file.write(b"not JSON\n" + tail)
    with SessionManager(path.parent, settings=QUIET) as manager:
        session = manager.open(path)
        session.append(user("on"))
        assert [line.number for line in session.bad_lines] == [52]
        assert [entry.type for entry in session.tree][50:] == ["message"]
    contents = read(path)
    assert [line.number for line in contents.bad_lines] == [52]
    assert len(contents.tree) == 51


@pytest.mark.parametrize(
    "change",
    [lambda data: data.replace(b"\n", b"\r\n"), lambda data: BOM_UTF8 + data],
    ids=["CRLF", "byte order mark"],
)
def test_what_an_editor_on_windows_makes_of_it_can_be_cut_anywhere(
    quick: Path, change: Callable[[bytes], bytes]
) -> None:
    """Windows' line breaks, and a byte order mark: the last three lines cut at every byte lose nothing whole."""
    path = fifty(quick)
    data = change(path.read_bytes())
    start = [at for at in range(len(data)) if data[at : at + 1] == b"\n"][-4]
    with SessionManager(path.parent, settings=QUIET) as manager:
        (row,) = manager.list()
        for position in range(start, len(data) + 1):
            path.write_bytes(data[:position])
            *whole, tail = data[:position].split(b"\n")
            if data[position : position + 2].startswith((b"\n", b"\r\n")):
                whole, tail = [*whole, tail], b""
            added = [entry.id for entry in go_on(manager, row)]
            expected = [json.loads(line)["id"] for line in whole[1:]]
            assert data[: len(b"\n".join(whole))] == path.read_bytes()[: len(b"\n".join(whole))]
            contents = read(path)
            assert contents.bad_lines == []
            new = [entry for entry in contents.tree if entry.id not in expected]
            assert [entry.id for entry in contents.tree if entry not in new] == expected
            repairs = [entry.fields for entry in new if entry.type == "repair"]
            assert fragments(repairs) == [tail] * bool(tail.strip())
            assert [entry.id for entry in new if entry.type != "repair"] == added


def test_garbage_in_the_middle_costs_itself_alone(tmp_path: Path) -> None:
    """Bytes of any kind between the lines: every line is read, the bad ones are named, and stay as they are."""
    path = fifty(tmp_path)
    *lines, _ = path.read_bytes().split(b"\n")
    garbage = [b"\0" * 70, b"\xff\xfe", b"{}", b"[" * 5000, lines[9][:40], lines[9] + lines[10], b"\x00" + lines[11]]
    mixed = [*lines[:10], *garbage, *lines[10:]]
    path.write_bytes(b"\n".join(mixed) + b"\n")
    numbers = list(range(11, 11 + len(garbage)))
    with SessionManager(path.parent, settings=QUIET) as manager:
        session = manager.open(path)
        assert [line.number for line in session.bad_lines] == numbers
        assert len(session.tree) == 50
        session.append(user("on"))
        assert [line.number for line in session.bad_lines] == numbers
    assert path.read_bytes().split(b"\n")[: len(mixed)] == mixed
    assert len(read(path).tree) == 51


def test_a_cut_costs_no_payload(tmp_path: Path) -> None:
    """What stands beside the log comes back for each line that is whole, wherever the log was cut behind it."""
    path = fifty(tmp_path)
    lines = path.read_bytes().split(b"\n")
    for kept in range(3, 50, 7):
        path.write_bytes(b"\n".join(lines[: kept + 1]) + b'\n{"type":"mess')
        with SessionManager(path.parent, settings=QUIET) as manager:
            session = manager.open(path)
            session.append(user("on"))
            pictures = [session.content(entry) for entry in session.tree if entry.seq == 2]
            assert pictures == [[image(PICTURE)]]


class Killed(BaseException):
    """The process ends here."""


def test_a_crash_in_the_middle_of_mending_loses_nothing_that_was_whole(tmp_path: Path) -> None:
    """Killed at every byte of the repair entry: the next who opens finds every whole line, and mends what is left."""
    path = tmp_path / "log.jsonl"
    whole = b'{"type":"session","version":1,"id":"s"}\n{"type":"info","id":"1"}\n'
    torn = b'{"type":"message","id":"2","content":"precious'

    def repair(fragment: bytes) -> bytes:
        return json.dumps({"type": "repair", "id": "r", "fragment": fragment.decode()}).encode() + b"\n"

    for position in range(len(repair(torn)) + 1):
        path.write_bytes(whole + torn)

        def write(fd: int, data: bytes | memoryview, allowed: int = position) -> int:
            os.write(fd, bytes(data)[:allowed])
            raise Killed

        log = FileLog(path, write=write)
        with pytest.raises(Killed):
            log.mend(repair)
        log.close()
        again = FileLog(path)
        again.mend(repair)
        again.append(b'{"type":"info","id":"3"}\n')
        again.close()
        assert path.read_bytes().startswith(whole)
        assert [entry["id"] for entry in raw_lines(path) if entry["type"] != "repair"] == ["1", "3"]
