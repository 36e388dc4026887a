"""Opening long sessions, beside reading their files and counting the lines.

To open is to take the lease, to read every line, and to walk from the leaf to the first message. The memory is that of
a fresh process, over what it had after its imports.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from figures import Figure, medians
from transcripts import write_one

from ipy_sessions.identifiers import SYSTEM
from ipy_sessions.store.disk import FolderStore
from ipy_sessions.store.interface import Log
from ipy_sessions.store.owner import Owner
from ipy_sessions.store.reading import Contents, last

LONG, LONGEST = 10_000, 100_000  # messages
ROUNDS = {LONG: 41, LONGEST: 7}
LAST = 100  # messages

# In a fresh process: the highest that its memory ever was, before and after. `ru_maxrss` would begin with its parent's.
OPEN = """
import sys
from pathlib import Path
from ipy_sessions.identifiers import SYSTEM
from ipy_sessions.store.disk import FolderStore
from ipy_sessions.store.owner import Owner

def peak():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))

path = Path(sys.argv[1])
owner = Owner.here(SYSTEM.now())
before = peak()
contents, log = FolderStore(path.parent).open(path, owner)
contents.tree.path()
print((peak() - before) / 1024)
"""


def opening() -> list[Figure]:
    """Open in turn with the floor: a long session, the same with a damaged line, one that is ten times as long."""
    with tempfile.TemporaryDirectory() as parent:
        folder = Path(parent)
        whole, damaged, longest = (folder / f"{name}.jsonl" for name in ("whole", "damaged", "longest"))
        write_one(whole, LONG)
        _damage(whole, damaged)
        write_one(longest, LONGEST)
        return [
            _opened(whole, LONG, f"opening {LONG:,} messages, {_size(whole)}", 2.0),
            _opened(damaged, LONG, f"opening {LONG:,} messages, one line damaged", 3.5),
            _opened(longest, LONGEST, f"opening {LONGEST:,} messages, {_size(longest)}", 1.6),
            _memory(longest),
            _last(whole, LONG),
            _last(longest, LONGEST),
        ]


def _opened(path: Path, messages: int, name: str, target: float) -> Figure:
    opened: list[tuple[Contents, Log]] = []
    owner = Owner.here(SYSTEM.now())

    def ours() -> None:
        opened.append(FolderStore(path.parent).open(path, owner))
        contents = opened[-1][0]
        if len(contents.tree.path()) < messages - 1:
            raise AssertionError(f"{len(contents.tree.path())} messages")

    def close() -> None:
        while opened:
            opened.pop()[1].close()

    time, floor = medians(ROUNDS[messages], ours, _floor(path), before=close)
    close()
    return Figure(name, time * 1000, floor * 1000, "ms", "ratio", target)


def _floor(path: Path) -> Callable[[], object]:
    return lambda: path.read_bytes().count(b"\n")


def _memory(path: Path) -> Figure:
    found = subprocess.run([sys.executable, "-c", OPEN, str(path)], check=True, capture_output=True, text=True)
    extra, size = float(found.stdout), path.stat().st_size / 1024**2
    return Figure(f"opening {LONGEST:,} messages: extra memory, beside the file", extra, size, "MB", "ours", 300)


def _last(path: Path, messages: int) -> Figure:
    """Read the last messages, beside reading as many bytes at the end of the file."""
    data = path.read_bytes()
    lines = data.splitlines(keepends=True)
    size = sum(map(len, lines[-LAST:]))
    start = len(data) - size

    def ours() -> None:
        if len(last(path, LAST)) != LAST:
            raise AssertionError("not all of the last messages")

    def floor() -> None:
        fd = os.open(path, os.O_RDONLY)
        os.pread(fd, size, start).count(b"\n")
        os.close(fd)

    read, floored = medians(ROUNDS[LONG], ours, floor)
    return Figure(f"the last {LAST} of {messages:,} messages", read * 1000, floored * 1000, "ms", "ours", 2)


def _damage(path: Path, damaged: Path) -> None:
    """Copy a session with one line, in its middle, that is not whole."""
    lines = path.read_bytes().splitlines(keepends=True)
    middle = len(lines) // 2
    lines[middle] = lines[middle][: len(lines[middle]) // 2] + b"\n"
    damaged.write_bytes(b"".join(lines))


def _size(path: Path) -> str:
    return f"{path.stat().st_size / 1e6:.0f} MB"
