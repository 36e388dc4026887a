"""A store without a disk: the same lines, in memory, for as long as the process lives."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from pathlib import Path

from ipy_sessions.counting import summarise
from ipy_sessions.errors import LogLostError, LogWriteError, SessionBusyError, SessionNotFoundError, StaleSessionError
from ipy_sessions.store.blobs import MemoryBlobs
from ipy_sessions.store.interface import Listing, Repair, Skipped
from ipy_sessions.store.owner import Owner
from ipy_sessions.store.reading import Contents, Reading, parse, parse_header, refuse_newer
from ipy_sessions.summary import SessionInfo
from ipy_sessions.watching import Progress


class MemoryStore:
    """Sessions in memory.

    Parameters
    ----------
    sessions
        What to begin with: the bytes of sessions' files, as somebody else has kept them.

    Raises
    ------
    NotASessionError
        When one of them is none.
    """

    def __init__(self, sessions: Iterable[bytes] = ()) -> None:
        self.path = Path("/in memory")
        """What stands for a folder."""
        self.blobs = MemoryBlobs()
        """The payloads that are too large for a line."""
        self._lines: dict[Path, bytearray] = {}
        self._trash: dict[Path, bytearray] = {}
        self._held: dict[Path, Owner] = {}
        for data in sessions:
            header = parse_header(data.partition(b"\n")[0], "What was given")
            self._lines[self._free(self.path / f"{header.id}.jsonl")] = bytearray(data)

    def path_for(self, session_id: str, created: datetime, notebook: Path | None, taken: Collection[Path] = ()) -> Path:
        """Return a path for a new session that is free now."""
        del created, notebook
        return self._free(self.path / f"{session_id}.jsonl", taken)

    def create(self, path: Path, lines: Iterable[bytes], owner: Owner) -> MemoryLog:
        """Keep a new session and hold it."""
        free = self._free(path)
        self._lines[free] = bytearray(b"".join(lines))
        return self._hold(free, owner)

    def open(self, path: Path, owner: Owner, wait: float = 0.0) -> tuple[Contents, MemoryLog]:
        """Read a session and hold it."""
        del wait  # whoever has it is in this very process, and would be waited for in vain
        contents = self.read(path)
        refuse_newer(contents.header, path)
        return contents, self._hold(path, owner)

    def read(self, path: Path) -> Contents:
        """Read a session."""
        self._refuse_missing(path)
        return parse(bytes(self._lines[path]), path)

    def rewrite(self, path: Path, lines: Iterable[bytes], owner: Owner, expect: Reading | None = None) -> None:
        """Put other lines in the place of a session's."""
        del owner
        self._refuse_missing(path)
        self._refuse_held(path)
        refuse_newer(self.read(path).header, path)
        if expect is not None and expect.size != len(self._lines[path]):
            raise StaleSessionError(f"{path} has lines that were not read.")
        self._lines[path] = bytearray(b"".join(lines))

    def rows(self, progress: Progress | None = None) -> Listing:
        """Return every session, summed up."""
        return _listing(self._lines, progress)

    def is_held(self, path: Path) -> bool:
        """Tell whether a session is open."""
        return path in self._held

    def delete(self, path: Path, owner: Owner, reason: str = "") -> Path:
        """Put a session into the trash."""
        del owner, reason
        self._refuse_missing(path)
        self._refuse_held(path)
        lines = self._lines.pop(path)
        kept = self._free(path, self._trash)
        self._trash[kept] = lines
        return kept

    def trashed(self) -> Sequence[SessionInfo]:
        """Return what is in the trash."""
        return _listing(self._trash).rows

    def restore(self, path: Path) -> Path:
        """Take a session out of the trash."""
        if path not in self._trash:
            raise SessionNotFoundError(f"{path} is not in the trash.")
        free = self._free(path)
        self._lines[free] = self._trash.pop(path)
        return free

    def erase(self, path: Path, reason: str = "") -> None:
        """Take a session out of the trash for good."""
        del reason
        if self._trash.pop(path, None) is None:
            raise SessionNotFoundError(f"{path} is not in the trash.")

    def collect(self, names: Collection[str] = ()) -> list[Path]:
        """Drop the payloads that no session refers to any more."""
        del names
        text = b"".join([*self._lines.values(), *self._trash.values()])
        gone = [name for name in self.blobs.held if name.encode() not in text]
        for name in gone:
            del self.blobs.held[name]
        return [self.path / name for name in gone]

    def close(self) -> None:
        """Do nothing: memory is not kept."""

    def _free(self, path: Path, taken: Collection[Path] = ()) -> Path:
        number, free = 1, path
        while free in self._lines or free in taken:
            number += 1
            free = path.with_stem(f"{path.stem}-{number}")
        return free

    def _hold(self, path: Path, owner: Owner) -> MemoryLog:
        self._refuse_held(path)
        self._held[path] = owner
        return MemoryLog(path, self._lines[path], self._let_go)

    def _let_go(self, path: Path) -> None:
        self._held.pop(path, None)

    def _refuse_missing(self, path: Path) -> None:
        if path not in self._lines:
            raise SessionNotFoundError(f"{path} is not there.")

    def _refuse_held(self, path: Path) -> None:
        if path in self._held:
            raise SessionBusyError(f"It is open in {self._held[path]}.", self._held[path])


def _listing(lines: Mapping[Path, bytearray], progress: Progress | None = None) -> Listing:
    rows, skipped = [], []
    for number, (path, data) in enumerate(list(lines.items()), start=1):
        try:
            header, tree, bad_lines, _ = parse(bytes(data), path)
            rows.append(summarise(path, header, tree, (line.number for line in bad_lines), len(data)))
        except Exception as error:  # noqa: BLE001 - whatever one holds, the others are listed
            skipped.append(Skipped(path, str(error)))
        if progress is not None:
            progress(number, len(lines))
    return Listing(rows, skipped)


class MemoryLog:
    """The lines of one session in memory.

    Parameters
    ----------
    path
        What the store calls it.
    lines
        The lines.
    let_go
        Called with `path` at the end.
    """

    def __init__(self, path: Path, lines: bytearray, let_go: Callable[[Path], None]) -> None:
        self.path = path
        self.alone: AbstractContextManager[object] = nullcontext()
        """Nobody else can write to it."""
        self._lines = lines
        self._known = len(lines)
        self._let_go = let_go
        self._closed = False

    def append(self, line: bytes) -> None:
        """Put one line behind the others."""
        if self._closed:
            raise LogWriteError(f"{self.path} was let go of here. Open the session again to write to it.")
        self._lines += line
        self._known = len(self._lines)

    def mend(self, repair: Repair) -> bytes:
        """Do nothing: memory has no torn ends."""
        del repair
        if len(self._lines) < self._known:
            raise LogLostError(f"{self.path} was cut short while the session was open.")
        return b""

    def leads_here(self) -> bool:
        """Tell that memory forgets nothing."""
        return True

    def flush(self) -> None:
        """Do nothing: there is no disk."""

    def close(self) -> None:
        """Let go of it."""
        if not self._closed:  # or it would be the next one's that is let go of
            self._closed = True
            self._let_go(self.path)
