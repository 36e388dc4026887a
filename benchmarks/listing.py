"""Ten thousand sessions in a list, beside asking the system for the size and time of every file.

A list is made by a manager that is new each time, as after a kernel's start. Titles, times and counts are worked out
when they are looked at, so lists with all of them are reported, too.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

from figures import Figure, medians
from transcripts import write_many

from ipy_sessions import SessionInfo, SessionManager

SESSIONS, MESSAGES = 10_000, 6
PAGE = 100
ROUNDS = 15
SLOW_ROUNDS = 5  # of what takes seconds


def listing() -> list[Figure]:
    """List in turn with the floor: what is known from the last time, and everything anew."""
    with tempfile.TemporaryDirectory() as parent:
        folder = Path(parent) / ".sessions"
        write_many(folder, SESSIONS, MESSAGES)
        _listed(folder)
        return [*_with_index(folder), *_without_index(folder)]


def _with_index(folder: Path) -> list[Figure]:
    page, full, looked_at, floor = medians(
        ROUNDS,
        lambda: _listed(folder, PAGE),
        lambda: _listed(folder),
        lambda: _titles(_listed(folder)),
        lambda: _floor(folder),
    )
    return [
        _figure(f"{SESSIONS:,} unchanged sessions: the first {PAGE}, sorted", page, floor, 1.25),
        _figure(f"{SESSIONS:,} unchanged sessions: all", full, floor, 2.0),
        _figure(f"{SESSIONS:,} unchanged sessions: all, each title and time", looked_at, floor, None),
    ]


def _without_index(folder: Path) -> list[Figure]:
    before = _forgetting(folder)
    full, floor = medians(ROUNDS, lambda: _listed(folder), lambda: _floor(folder), before=before)
    counted, slow_floor = medians(SLOW_ROUNDS, lambda: _counts(_listed(folder)), lambda: _floor(folder), before=before)
    return [
        _figure(f"{SESSIONS:,} sessions without an index: all", full, floor, 3.5),
        _figure(f"{SESSIONS:,} sessions without an index: all, each counted", counted, slow_floor, None),
    ]


def _figure(name: str, ours: float, floor: float, target: float | None) -> Figure:
    return Figure(name, ours * 1000, floor * 1000, "ms", "ratio", target)


def _listed(folder: Path, limit: int | None = None) -> list[SessionInfo]:
    """List the sessions of a folder as a new kernel does."""
    rows = SessionManager(folder).list(limit=limit)
    if len(rows) != (limit or SESSIONS):
        raise AssertionError(f"{len(rows)} rows")
    return rows


def _titles(rows: Iterable[SessionInfo]) -> None:
    for row in rows:
        _ = row.title, row.modified


def _counts(rows: Iterable[SessionInfo]) -> None:
    for row in rows:
        if row.message_count != MESSAGES:
            raise AssertionError(f"{row.message_count} messages")


def _floor(folder: Path) -> None:
    """Ask the system for every file's size and time."""
    with os.scandir(folder) as entries:
        for entry in entries:
            entry.stat()


def _forgetting(folder: Path) -> Callable[[], None]:
    return lambda: (folder / ".index").unlink(missing_ok=True)
