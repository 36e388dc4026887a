"""The store that everybody has: a folder of files beside the notebook.

It puts the parts together: names and permissions (`folder`), lines (`log`, `lease`, `reading`), rows (`catalog`),
payloads (`blobs`) and what was deleted (`trash`).
"""

from __future__ import annotations

import errno
import os
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from pathlib import Path

from ipy_sessions.entries import Header
from ipy_sessions.errors import (
    FolderError,
    LogWriteError,
    SessionNotFoundError,
    SessionReadOnlyError,
    StaleSessionError,
)
from ipy_sessions.findings import Finding
from ipy_sessions.identifiers import SYSTEM
from ipy_sessions.store.blobs import FolderBlobs
from ipy_sessions.store.filesystem import is_network_kind, kind_of
from ipy_sessions.store.folder import Folder, absolute
from ipy_sessions.store.interface import Listing
from ipy_sessions.store.lease import HEARTBEAT, Lease, holders
from ipy_sessions.store.log import FileLog, publish
from ipy_sessions.store.mending import trash
from ipy_sessions.store.mending.verify import examine, repaired
from ipy_sessions.store.owner import Owner
from ipy_sessions.store.reading import Contents, Reading, identity, open_file, read, read_header, refuse_newer
from ipy_sessions.store.rows.catalog import Catalog
from ipy_sessions.store.whole import beside, write_whole
from ipy_sessions.summary import SessionInfo
from ipy_sessions.watching import Progress


class FolderStore:
    """Sessions as the files of one folder.

    Parameters
    ----------
    path
        The folder; created with the first session.
    index
        Whether what was read of the files is kept for the next time. Without it, reading leaves the folder as it is.
    """

    def __init__(self, path: Path | str, *, index: bool = True) -> None:
        if not hasattr(os, "pread"):
            raise FolderError(
                "Sessions in a folder need locks and reads that Windows does not have. Run Jupyter in WSL, or keep "
                "them in memory: `SessionManager(store=MemoryStore())`, `%config IPySessions.persistence = 'none'`."
            )
        self._folder = Folder(Path(path))
        self.path = self._folder.path
        """The folder."""
        self.blobs = FolderBlobs(self.path / "blobs", self._folder.make)
        """The payloads that are too large for a line."""
        self._catalog = Catalog(self.path, keeps=index)
        self._trash = Catalog(self.path / trash.NAME, keeps=index)

    @property
    def caution(self) -> str:
        """What the folder's file system does not promise, in a sentence; empty for a local one."""
        kind = kind_of(self.path if self.path.exists() else self.path.parent)
        if not is_network_kind(kind):
            return ""
        return (
            f"{self.path} is on a network file system ({kind}): one writer is kept there by signs of life, every "
            f"{HEARTBEAT:.0f} seconds, and what a turn's end has written may reach the server's disk later."
        )

    def path_for(self, session_id: str, created: datetime, notebook: Path | None, taken: Collection[Path] = ()) -> Path:
        """Return a path for a new session that is free now."""
        return self._folder.free(self._folder.file_for(session_id, created, notebook), taken)

    def create(self, path: Path, lines: Iterable[bytes], owner: Owner) -> FileLog:
        """Write a new session's file, whole or not at all, and hold its lease."""
        self._folder.make()
        return FileLog.create(self._folder.free(path), lines, owner)

    def open(self, path: Path, owner: Owner, wait: float = 0.0) -> tuple[Contents, FileLog]:
        """Take a session's lease and read its file."""
        _refuse_others(path)
        try:
            lease = Lease.open(path, owner, wait=wait)
        except OSError as error:
            why = "it is a link to another file" if error.errno == errno.ELOOP else error.strerror or error
            raise SessionReadOnlyError(f"{path} cannot be written here: {why}.") from error
        try:
            contents = self.read(path)
            refuse_newer(contents.header, path)
        except BaseException:
            lease.release()
            raise
        return contents, FileLog(path, contents.reading, lease)

    def read(self, path: Path) -> Contents:
        """Read a session's file; nothing is changed."""
        try:
            return read(path)
        except OSError as error:
            raise _not_found(path, error) from error

    def rewrite(self, path: Path, lines: Iterable[bytes], owner: Owner, expect: Reading | None = None) -> None:
        """Put another file in the place of a session's: written beside it, synced, then renamed."""
        lease = self._alone(path, owner)
        try:
            status = os.fstat(lease.fd)
            if expect is not None and (expect.size, expect.file) != (status.st_size, identity(status)):
                raise StaleSessionError(f"{path} was written to by another program in the meantime.")
            write_whole(path, lines)
            (self._catalog if path.parent == self.path else self._trash).forget(path.name)
        except OSError as error:
            raise LogWriteError(f"{path} could not be written anew: {error.strerror or error}.") from error
        finally:
            lease.release()

    def rows(self, progress: Progress | None = None) -> Listing:
        """Return every session of the folder, summed up."""
        return self._catalog.rows(progress)

    def is_held(self, path: Path) -> bool:
        """Tell whether anybody has a session open."""
        try:
            return Lease.is_taken(path, Owner.here(SYSTEM.now()))
        except OSError:
            return False

    def holders(self) -> dict[Path, Owner]:
        """Return who has sessions of the folder open, this process left out, by the sessions' files."""
        return holders(self.path, Owner.here(SYSTEM.now()))

    def delete(self, path: Path, owner: Owner, reason: str = "") -> Path:
        """Move a session's file into the trash."""
        lease = self._alone(path, owner, here=True)
        try:
            return trash.throw_away(path, reason)
        finally:
            lease.release()

    def trashed(self) -> Sequence[SessionInfo]:
        """Return the sessions in the trash."""
        return self._trash.rows().rows

    def restore(self, path: Path) -> Path:
        """Move a session's file out of the trash."""
        if path.parent != self.path / trash.NAME or not path.is_file():
            raise SessionNotFoundError(f"{path} is not in the trash.")
        return trash.bring_back(path)

    def erase(self, path: Path, reason: str = "") -> None:
        """Delete a session's file from the trash."""
        if path.parent != self.path / trash.NAME or not path.is_file():
            raise SessionNotFoundError(f"{path} is not in the trash.")
        trash.erase(path, reason)

    def examine(self, path: Path) -> list[Finding]:
        """Return what is wrong with a session's file."""
        try:
            return examine(
                path,
                blob_exists=lambda name: self.blobs.get(name, "") is not None,
                notebook_exists=lambda notebook: absolute(self.path, notebook).exists(),
            )
        except OSError as error:
            raise _not_found(path, error) from error

    def repair(self, path: Path, owner: Owner) -> Path:
        """Put a mended copy in the place of a session's file; return where in the trash the file itself is now.

        Raises
        ------
        SessionBusyError
            When another has it open.
        LogWriteError
            When the copy cannot be written.
        """
        lease = self._alone(path, owner, here=True)
        new = beside(path)
        try:
            repaired(path, new, self.examine(path), SYSTEM)
            kept = trash.throw_away(path, "damaged; a mended copy took its place")
            try:
                publish(new, path)
            except BaseException:
                trash.bring_back(kept)
                raise
        except OSError as error:
            raise LogWriteError(f"{path} could not be mended: {error.strerror or error}.") from error
        finally:
            new.unlink(missing_ok=True)
            lease.release()
        return kept

    def left_over(self) -> list[Path]:
        """Return the blobs that no session refers to any more."""
        return trash.left_over(self.path, self.blobs)

    def collect(self, names: Collection[str] = ()) -> list[Path]:
        """Delete the blobs that no session refers to any more."""
        return trash.collect(self.path, self.blobs, names)

    def close(self) -> None:
        """Keep what was counted in the index."""
        self._catalog.close()

    def _alone(self, path: Path, owner: Owner, *, here: bool = False) -> Lease:
        """Take the lease of a session that is to be changed as a file; `here`: only of one in this folder."""
        if here and path.parent != self.path:
            raise SessionNotFoundError(f"{path} is not in {self.path}, so it is left where it is.")
        refuse_newer(_refuse_others(path), path)
        try:
            return Lease.open(path, owner)
        except OSError as error:
            raise _not_found(path, error) from error


def _refuse_others(path: Path) -> Header:
    """Refuse what is no session before anything is asked of it; return its header."""
    try:
        with open_file(path) as file:
            return read_header(file, path)[0]
    except OSError as error:
        raise _not_found(path, error) from error


def _not_found(path: Path, error: OSError) -> SessionNotFoundError:
    why = "it is a link to another file" if error.errno == errno.ELOOP else error.strerror or error
    return SessionNotFoundError(f"{path} could not be read: {why}.")
