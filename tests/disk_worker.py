"""A program that writes to a disk which the system itself makes small: `python disk_worker.py limit|tmpfs FOLDER`.

``limit`` is RLIMIT_FSIZE, so that the kernel refuses in the middle of a write with EFBIG; ``tmpfs`` is a file system of
4 MB that it mounts, and fills, so that it is ENOSPC. What must hold is asserted here, where the disk is; printed is
what happened, as JSON.
"""

from __future__ import annotations

import base64
import json
import os
import resource
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from ipy_sessions import LogWriteError, Session, SessionManager, Settings, assistant, user
from ipy_sessions.store.reading import read

QUIET = Settings(model="offline", offline_delay=0)
PAGE = 4096


class Limit:
    """No file of this process may be longer than the session's is now and some bytes."""

    def fill(self, file: Path, room: int) -> None:
        """Leave so many bytes."""
        resource.setrlimit(resource.RLIMIT_FSIZE, (file.stat().st_size + room, resource.RLIM_INFINITY))

    def make_room(self) -> None:
        """Take the limit away."""
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


class Small:
    """A file system of its own, with a file that fills it."""

    def __init__(self, folder: Path) -> None:
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", folder], check=True)  # noqa: S607
        self._ballast = folder / "ballast"

    def fill(self, file: Path, room: int) -> None:
        """Leave so many bytes, in whole pages."""
        del file
        with self._ballast.open("ab", buffering=0) as ballast, suppress(OSError):
            while ballast.write(bytes(PAGE)):
                pass
        os.truncate(self._ballast, max(0, self._ballast.stat().st_size - room // PAGE * PAGE))

    def make_room(self) -> None:
        """Delete that file."""
        self._ballast.unlink()


def refused(session: Session, manager: SessionManager, text: str) -> list[str]:
    """Try everything that needs room; return what was said of it."""
    picture = base64.b64encode(bytes(1_000_000)).decode()
    block = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": picture}}
    before, leaf = session.file.read_bytes(), session.leaf
    there = sorted(path.name for path in session.file.parent.rglob("*"))
    said = []
    for attempt in (
        lambda: session.append(user(text)),
        lambda: session.append(user([block])),
        lambda: manager.create("another").append(user(text * 200)),
        lambda: session._recorder.insist(assistant(f"answer {text}")),
        lambda: session.prompt("and on"),
    ):
        try:
            attempt()
        except LogWriteError as error:
            said.append(str(error))
        assert session.file.read_bytes() == before
        assert session.leaf == leaf
        assert [row.name for row in manager.list()] == ["alice"]
    assert sorted(path.name for path in session.file.parent.rglob("*")) == there
    return said


def main(disk: Limit | Small, folder: Path) -> None:
    """Fill the disk to different heights, and make room again."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    manager = SessionManager(folder / ".sessions", settings=QUIET)
    session = manager.create("alice")
    session.append(user("hello"))
    session.append(user([{"type": "tool_result", "tool_use_id": "x", "content": "y" * 70_000}]))
    manager.list()
    said, expected = [], [entry.id for entry in session.tree]
    for number in range(12):
        text = f"line {number} " + "é" * 8000
        disk.fill(session.file, number * 450)
        said += refused(session, manager, text)
        disk.make_room()
        entry = session.append(user(text))
        answer = session.tree[str(entry.parent_id)]
        assert answer.text == f"answer {text}"
        expected += [answer.id, entry.id]
        contents = read(session.file)
        assert contents.bad_lines == []
        assert [one.id for one in contents.tree] == expected == [one.id for one in session.tree]
        assert contents.tree.leaf == session.leaf == entry.id
        assert session.file.read_bytes().endswith(b"\n")
    manager.close()
    sys.stdout.write(json.dumps({"said": said, "entries": len(expected)}))


if __name__ == "__main__":
    main(Limit() if sys.argv[1] == "limit" else Small(Path(sys.argv[2])), Path(sys.argv[2]))
