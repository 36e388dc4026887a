"""Who has a session open: a process, on a machine, for a notebook, since when.

It owns the record that stands beside an open session, and whether the process that it names still lives. The record
decides nothing where the system's locks work (`lease`); there it only says whom to ask.
"""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from datetime import datetime
from functools import cache
from pathlib import Path

import msgspec

from ipy_sessions.identifiers import moment, timestamp
from ipy_sessions.store.whole import make_private, write_whole

SAME_START = 2.0  # seconds by which two readings of one process's start may differ


class Owner(msgspec.Struct, frozen=True):
    """Who has a session open.

    Parameters
    ----------
    pid, host
        The process and its machine.
    started
        When the process began, in seconds; with it a process is told from a later one that has its number.
    since
        When the session was opened: UTC, ISO 8601.
    notebook
        The notebook that it runs for, if there is one.
    """

    pid: int
    host: str
    started: float
    since: str
    notebook: str | None = None

    @classmethod
    def here(cls, now: datetime, notebook: Path | None = None) -> Owner:
        """Return this process."""
        host, started = _this_process(os.getpid())
        return cls(os.getpid(), host, started, timestamp(now), None if notebook is None else str(notebook))

    @property
    def is_here(self) -> bool:
        """Whether it is this process."""
        return self.pid == os.getpid() and self.on_this_host and self.lives

    @property
    def on_this_host(self) -> bool:
        """Whether its machine is this one."""
        return self.host == socket.gethostname()

    @property
    def lives(self) -> bool:
        """Whether the process still runs, for one of this machine; a later one that has its number is another."""
        started = _started(self.pid)
        return started is not None and abs(started - self.started) <= SAME_START

    def __str__(self) -> str:
        if self.is_here:
            return "this kernel"
        where = self.notebook or "a program without a notebook"
        with suppress(ValueError):
            since = moment(self.since).astimezone()
            return f"{where} (process {self.pid} on {self.host}, since {since:%-d %B %H:%M})"
        return f"{where} (process {self.pid} on {self.host})"


def read_owner(record: Path) -> Owner | None:
    """Return whom a record names; ``None`` where there is none, or none that can be read."""
    with suppress(OSError, msgspec.MsgspecError):
        return msgspec.json.decode(record.read_bytes(), type=Owner)
    return None


def write_owner(record: Path, owner: Owner) -> None:
    """Write a record, whole; where that cannot be done there is none, and a lock alone has to do."""
    with suppress(OSError):
        make_private(record.parent)
        write_whole(record, [msgspec.json.encode(owner)], sync=False)


@cache
def _this_process(pid: int) -> tuple[str, float]:
    return socket.gethostname(), _started(pid) or 0.0


def _started(pid: int) -> float | None:
    import psutil

    try:
        return float(psutil.Process(pid).create_time())
    except psutil.NoSuchProcess:
        return None
    except psutil.Error:  # there is one, and more we are not told
        return 0.0
