"""An append, beside what it is at least: a lock, the file's size, the entry into JSON, one write.

A turn appends through its session: ids, times, the look for secrets, Stop held back, the tree; that is reported beside
the log's own append, as is what looking for keys takes (`masking`). Several programs append
through the log alone, with a lock for each line, and take in what the others have written; a reader then has to find
every line whole.
"""

from __future__ import annotations

import fcntl
import math
import multiprocessing
import os
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any, NoReturn, TypeAlias

import msgspec
from figures import Figure, medians

from ipy_sessions import Session, SessionManager, Settings, user
from ipy_sessions.encoding import encode
from ipy_sessions.entries import Entry, Header
from ipy_sessions.store.log import FileLog
from ipy_sessions.store.reading import read

ROUNDS = 4000
SIZES = {200: None, 1200: 2, 20_000: None}  # characters of text, and how often the floor an append may take
SYNCED_ROUNDS = 400
WRITERS, EACH = 8, 400  # processes, and lines that each of them writes
SMALLEST, LARGEST = 100, 200_000  # bytes of a line, log-uniform
RACES = 15

Write: TypeAlias = Callable[[Path, list[bytes]], Callable[[], None]]
"""Writes the lines of one writer and returns what closes the file."""

_json = msgspec.json.Encoder().encode


def append() -> list[Figure]:
    """Append in turn with the floor: entry by entry, with the disk asked for each, and by several processes."""
    figures = [figure for size, target in SIZES.items() for figure in _figures(size, target)]
    return [*figures, *_durable(), *_race()]


# One writer


def _figures(size: int, target: float | None) -> list[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        session = SessionManager(Path(folder) / ".sessions").create()
        new = user("Some words of a message. " * (size // 25))
        entry = session.append(new)
        fields = msgspec.json.decode(encode(entry))
        shared = Path(folder) / "shared.jsonl"
        shared.write_bytes(session.file.read_bytes())
        log = FileLog(shared, read(shared).reading)
        fd = os.open(Path(folder) / "floor", os.O_CREAT | os.O_RDWR | os.O_APPEND | os.O_CLOEXEC, 0o600)
        ours, in_turn, shared_log, floor = _times(
            lambda: session.append(new),
            lambda: _in_a_turn(session, new),
            lambda: _locked(log, entry),
            lambda: _floor(fd, fields),
        )
        os.close(fd)
        log.close()
        session.close()
    name = f"append, a line of {len(encode(entry)):,} bytes"
    return [
        Figure(f"{name}, locked by itself", shared_log, floor, "us", "ratio", target),
        Figure(f"{name}, within a turn", in_turn, floor, "us", "ratio", None),
        Figure(f"{name}, alone (reads the environment)", ours, floor, "us", "ratio", None),
    ]


def _in_a_turn(session: Session, new: object) -> None:
    """Append as a turn does, which has read the environment's credentials once at its start."""
    session._recorder.write(new)  # type: ignore[arg-type] # noqa: SLF001 - the step that is measured


def _locked(log: FileLog, entry: Entry, then: Callable[[], None] = lambda: None) -> None:
    """Append to a log that others may append to."""
    with log.alone:
        log.mend(_unwanted)
        log.append(encode(entry))
    then()


def _floor(fd: int, fields: dict[str, Any]) -> None:
    """Do what an append is at least."""
    fcntl.flock(fd, fcntl.LOCK_EX)
    os.fstat(fd)
    os.write(fd, _json(fields) + b"\n")
    fcntl.flock(fd, fcntl.LOCK_UN)


def _unwanted(fragment: bytes) -> NoReturn:
    raise AssertionError(f"a line was cut: {fragment!r:.100}")


def _times(*steps: Callable[[], object]) -> list[float]:
    """Return the median time of each step in microseconds, all of them measured in turn."""
    found: list[list[int]] = [[] for _ in steps]
    for _ in range(ROUNDS):
        for step, times in zip(steps, found, strict=True):
            started = time.perf_counter_ns()
            step()
            times.append(time.perf_counter_ns() - started)
    return [statistics.median(times) / 1000 for times in found]


# The disk asked for each line


def _durable() -> list[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        session = SessionManager(Path(folder) / ".sessions", settings=Settings(sync="entry")).create()
        new = user("Some words of a message. " * 48)
        entry = session.append(new)
        line = encode(entry)
        shared = Path(folder) / "shared.jsonl"
        shared.write_bytes(session.file.read_bytes())
        log = FileLog(shared, read(shared).reading)
        fd = os.open(Path(folder) / "floor", os.O_CREAT | os.O_RDWR | os.O_APPEND | os.O_CLOEXEC, 0o600)
        in_turn, locked, floor = medians(
            SYNCED_ROUNDS,
            lambda: _in_a_turn(session, new),
            lambda: _locked(log, entry, log.flush),
            lambda: _synced(fd, line),
        )
        os.close(fd)
        log.close()
        session.close()
    name = f"append, a line of {len(line):,} bytes, on the disk when it returns"
    return [
        Figure(f"{name}, locked by itself", locked * 1e6, floor * 1e6, "us", "ratio", 1.3),
        Figure(f"{name}, within a turn", in_turn * 1e6, floor * 1e6, "us", "ratio", None),
    ]


def _synced(fd: int, line: bytes) -> None:
    os.write(fd, line)
    os.fdatasync(fd)


# Several writers


def _race() -> list[Figure]:
    """Let several processes write to one file, in turn with locks and without; count the lines that are not whole."""
    times: dict[Write, list[float]] = {_with_locks: [], _following: [], _only_locks: [], _without: []}
    bad = 0
    for turn in range(RACES + 1):
        for write, found in times.items():
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / "a.jsonl"
                path.write_bytes(encode(Header(1, "a-session", "", {})))
                took = _raced(path, write)
                if turn:  # the first pair warms the caches
                    found.append(took)
                if write in (_with_locks, _following):
                    contents = read(path)
                    bad += len(contents.bad_lines) + WRITERS * EACH - len(contents.tree)
    ours, following, locks, floor = (statistics.median(found) * 1000 for found in times.values())
    name = f"{WRITERS} writers of {EACH} lines up to 200 kB"
    return [
        Figure(f"{name}, beside no locks", ours, floor, "ms", "ratio", 1.0),
        Figure(f"{name}, flock and write alone, beside no locks", locks, floor, "ms", "ratio", None),
        Figure(f"{name}, each taking in all others'", following, floor, "ms", "ratio", None),
        Figure(f"{name}: lines lost or not whole", bad, 0, "", "ours", 0),
    ]


def _raced(path: Path, write: Write) -> float:
    """Return the seconds from the moment at which all writers are ready to the end of the last."""
    context = multiprocessing.get_context("fork")
    barrier = context.Barrier(WRITERS + 1)
    writers = [context.Process(target=_writer, args=(path, write, barrier, number)) for number in range(WRITERS)]
    for writer in writers:
        writer.start()
    barrier.wait()
    started = time.perf_counter()
    barrier.wait()
    took = time.perf_counter() - started
    for writer in writers:
        writer.join()
        if writer.exitcode:
            raise AssertionError(f"a writer has ended with {writer.exitcode}")
    return took


def _writer(path: Path, write: Write, barrier: Barrier, number: int) -> None:
    chance = random.Random(number)  # noqa: S311 - lengths are no secret
    lengths = [round(math.exp(chance.uniform(math.log(SMALLEST), math.log(LARGEST)))) for _ in range(EACH)]
    lines = [
        encode(
            Entry("message", seq, f"{number}-{seq}", None, "a-session", "", {"role": "user", "content": "x" * length})
        )
        for seq, length in enumerate(lengths)
    ]
    barrier.wait()
    close = write(path, lines)
    barrier.wait()
    close()


def _with_locks(path: Path, lines: list[bytes]) -> Callable[[], None]:
    log = FileLog(path)
    for line in lines:
        with log.alone:
            log.mend(_unwanted)
            log.append(line)
    return log.close  # which asks the disk to hold it all


def _following(path: Path, lines: list[bytes]) -> Callable[[], None]:
    log = FileLog(path, read(path).reading)
    for line in lines:
        with log.alone:
            log.mend(_unwanted)
            log.append(line)
    return log.close


def _only_locks(path: Path, lines: list[bytes]) -> Callable[[], None]:
    """Write under a lock and look at nothing: what no safe append of ours can be faster than."""
    fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
    for line in lines:
        fcntl.flock(fd, fcntl.LOCK_EX)
        os.write(fd, line)
        fcntl.flock(fd, fcntl.LOCK_UN)
    return lambda: os.close(fd)


def _without(path: Path, lines: list[bytes]) -> Callable[[], None]:
    fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
    for line in lines:
        os.write(fd, line)
    return lambda: os.close(fd)
