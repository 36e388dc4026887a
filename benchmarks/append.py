"""An append, beside the same system calls with the same bytes already encoded.

Of a long text most is spent on looking through it for secrets (see masking.py) and on encoding it, so the longest is
reported.
"""

from __future__ import annotations

import os
import signal
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from figures import Figure

from ipy_sessions import Session, SessionManager, user
from ipy_sessions.encoding import encode

ROUNDS = 4000
SIZES = {200: 2, 1200: 2, 20_000: None}  # characters of text, and how often the floor an append within a turn may take


def append() -> list[Figure]:
    """Append in turn with the floor, entry by entry, for three sizes of message."""
    return [figure for size, target in SIZES.items() for figure in _figures(size, target)]


def _figures(size: int, target: float | None) -> list[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        session = SessionManager(Path(folder) / ".sessions").create()
        new = user("Some words of a message. " * (size // 25))
        line = encode(session.append(new))
        fd = os.open(Path(folder) / "floor", os.O_CREAT | os.O_RDWR | os.O_APPEND | os.O_CLOEXEC, 0o600)
        ours, in_turn, floor = _times(
            lambda: session.append(new), lambda: _in_a_turn(session, new), lambda: _floor(fd, line)
        )
        os.close(fd)
        session.close()
    name = f"append, a line of {len(line):,} bytes"
    return [
        Figure(f"{name}, within a turn", in_turn, floor, "us", "ratio", target),
        Figure(f"{name}, alone (the environment is read for secrets)", ours, floor, "us", "ratio", None),
    ]


def _in_a_turn(session: Session, new: object) -> None:
    """Append as a turn does, which has read the environment's credentials once at its start."""
    session._recorder.write(new)  # type: ignore[arg-type] # noqa: SLF001 - the step that is measured


def _floor(fd: int, line: bytes) -> None:
    """Make the system calls of one append: Stop held back, the size asked, one write, Stop let go."""
    before = signal.getsignal(signal.SIGINT)
    signal.signal(signal.SIGINT, _nothing)
    os.fstat(fd)
    os.write(fd, line)
    signal.signal(signal.SIGINT, before)


def _nothing(*_: object) -> None:
    """Handle an interrupt by doing nothing."""


def _times(*steps: Callable[[], object]) -> list[float]:
    """Return the median time of each step in microseconds, all of them measured in turn."""
    found: list[list[int]] = [[] for _ in steps]
    for _ in range(ROUNDS):
        for step, times in zip(steps, found, strict=True):
            started = time.perf_counter_ns()
            step()
            times.append(time.perf_counter_ns() - started)
    return [statistics.median(times) / 1000 for times in found]
