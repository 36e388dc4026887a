"""A program that does one thing with a large session and tells what it took: `python large_worker.py WHAT FILE`.

Printed is JSON: the most memory that it had at once, and the bytes that it read, both beyond what it had and had read
before; and what was found.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ipy_sessions import SessionManager, Settings, user
from ipy_sessions.store.reading import last

QUIET = Settings(model="offline", offline_delay=0)


def number(file: str, name: str) -> int:
    """Return a number that Linux keeps of this process."""
    found = re.search(rf"^{name}:\s+(\d+)", Path("/proc/self", file).read_text(encoding="ascii"), re.MULTILINE)
    assert found is not None
    return int(found[1])


def open_it(manager: SessionManager, path: Path) -> object:
    """Open it, add to it, and look at its end."""
    session = manager.open(manager.list()[0])
    session.append(user("and on"))
    del path
    return [len(session.tree), len(session.bad_lines)]


def list_it(manager: SessionManager, path: Path) -> object:
    """List it without an index."""
    del path
    (row,) = manager.list()
    return [row.title, row.first_message[:5], row.modified.isoformat(), row.model, row.interrupted]


def read_last(manager: SessionManager, path: Path) -> object:
    """Read the last hundred messages."""
    del manager
    return [entry.seq for entry in last(path, 100)]


def fork_it(manager: SessionManager, path: Path) -> object:
    """Copy it."""
    session = manager.fork(manager.list()[0])
    del path
    return [len(session.tree), str(session.file)]


WHAT: dict[str, Callable[[SessionManager, Path], Any]] = {
    "open": open_it, "list": list_it, "last": read_last, "fork": fork_it,
}  # fmt: skip


def main(what: str, path: Path) -> None:
    """Do it."""
    manager = SessionManager(path.parent, settings=QUIET)
    small = manager.create()
    small.build_context()
    before, read = number("status", "VmRSS"), number("io", "rchar")
    found = WHAT[what](manager, path)
    # VmHWM and not `ru_maxrss`, in which a parent's memory from before the exec may be counted.
    taken = {"memory": 1024 * (number("status", "VmHWM") - before), "read": number("io", "rchar") - read}
    manager.close()
    sys.stdout.write(json.dumps({**taken, "found": found}))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
