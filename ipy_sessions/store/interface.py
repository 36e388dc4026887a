"""What a store of sessions is: the door between a session and wherever its lines are kept.

A session, the manager and the magics know this and nothing behind it. `disk.FolderStore` is the one that everybody has,
`memory.MemoryStore` the one without a disk; `SessionManager(store=…)` takes any other that passes
`ipy_sessions.testing.check_store`.

A store knows lines and refuses to know conversations: what an entry means, when one is written and what is secret in it
is decided before it comes here.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import NamedTuple, Protocol, TypeAlias

from ipy_sessions import watching
from ipy_sessions.store.blobs import Blobs
from ipy_sessions.store.owner import Owner
from ipy_sessions.store.reading import Contents, Reading
from ipy_sessions.summary import SessionInfo

Repair = Callable[[bytes], bytes]
"""From a fragment that a crash has left to the line that keeps it."""


Progress: TypeAlias = watching.Progress
"""What `Store.rows` tells how many of how many files are done; whatever it raises ends the work."""


class Log(Protocol):
    """Where one session's lines go."""

    path: Path
    """What the store calls it."""
    alone: AbstractContextManager[object]
    """Hold this from `mend` to `append`."""

    def append(self, line: bytes) -> None:
        r"""Put one line, which ends in ``\n``, behind the others: whole, or not at all.

        Raises
        ------
        LogWriteError
            When it cannot be written, or the log was closed.
        """

    def mend(self, repair: Repair) -> bytes:
        """Make the end fit to be appended to; return the lines that others have written since."""

    def leads_here(self) -> bool:
        """Tell whether the store still holds, at this path, what was written here."""

    def flush(self) -> None:
        """Return when the store holds every line for good."""

    def close(self) -> None:
        """Flush, and let go; a second time does nothing."""


class Skipped(NamedTuple):
    """Something in a store that is no session.

    Parameters
    ----------
    path
        What the store calls it.
    reason
        Why it is none, in a sentence.
    """

    path: Path
    reason: str


class Listing(NamedTuple):
    """The sessions of a store.

    Parameters
    ----------
    rows
        In no order.
    skipped
        What could not be read.
    """

    rows: list[SessionInfo]
    skipped: list[Skipped]


class Store(Protocol):
    """Where sessions are kept."""

    @property
    def path(self) -> Path:
        """The folder, or what stands for it: notebooks are named as seen from its parent."""

    @property
    def blobs(self) -> Blobs:
        """The payloads that are too large for a line."""

    def path_for(self, session_id: str, created: datetime, notebook: Path | None, taken: Collection[Path] = ()) -> Path:
        """Return a path for a new session that is free now; nothing is written."""

    def create(self, path: Path, lines: Iterable[bytes], owner: Owner) -> Log:
        """Keep a new session, whole or not at all, and hold it open; its path is another when this one was taken.

        Raises
        ------
        LogWriteError, FolderError
            When it cannot be kept.
        """

    def open(self, path: Path, owner: Owner, wait: float = 0.0) -> tuple[Contents, Log]:
        """Read a session and hold it open for writing, alone.

        Raises
        ------
        SessionBusyError
            When another has it open and keeps it for `wait` seconds.
        SessionReadOnlyError
            When it can be read and not be written.
        NotASessionError, SessionNotFoundError
            As `read`.
        """

    def read(self, path: Path) -> Contents:
        """Read a session; nothing is changed and nobody kept out.

        Raises
        ------
        NotASessionError
            When it is something else.
        SessionNotFoundError
            When it is not there, or cannot be read.
        """

    def rewrite(self, path: Path, lines: Iterable[bytes], owner: Owner, expect: Reading | None = None) -> None:
        """Put other lines in the place of a session's, whole or not at all.

        Raises
        ------
        StaleSessionError
            When it is not any more what was read, as `expect` tells: lines that came since would be lost.
        SessionReadOnlyError
            When a newer version wrote it.
        SessionBusyError
            When another has it open.
        SessionNotFoundError
            When it is not there.
        LogWriteError
            When it cannot be written.
        """

    def rows(self, progress: Progress | None = None) -> Listing:
        """Return every session, summed up."""

    def is_held(self, path: Path) -> bool:
        """Tell whether anybody has a session open for writing, this program included."""

    def delete(self, path: Path, owner: Owner, reason: str = "") -> Path:
        """Put a session into the trash and return what it is called there; the reason is written down.

        Raises
        ------
        SessionBusyError
            When another has it open.
        SessionNotFoundError
            When it is not there.
        """

    def trashed(self) -> Sequence[SessionInfo]:
        """Return what is in the trash."""

    def restore(self, path: Path) -> Path:
        """Take a session out of the trash; return its path, another than before when that was taken.

        Raises
        ------
        SessionNotFoundError
            When it is not in the trash.
        LogWriteError
            When it cannot be brought back.
        """

    def erase(self, path: Path, reason: str = "") -> None:
        """Take a session out of the trash for good; the reason is written down.

        Raises
        ------
        SessionNotFoundError
            When it is not in the trash.
        """

    def collect(self, names: Collection[str] = ()) -> list[Path]:
        """Drop the blobs that no session refers to any more, those in the trash counted; return them.

        A young one may belong to a line that is just being written, and stays unless it is among `names`.
        """

    def close(self) -> None:
        """Keep what was learned for the next time; the store can go on being used."""
