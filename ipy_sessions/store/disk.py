"""The store that everybody has: a folder of files beside the notebook.

It puts the parts together: names and permissions (`folder`), lines (`log`, `lease`, `reading`), rows (`catalog`),
payloads (`blobs`) and what was deleted (`trash`).
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from datetime import datetime
from io import FileIO
from pathlib import Path

from ipy_sessions.errors import LogWriteError, SessionBusyError, SessionNotFoundError, SessionReadOnlyError
from ipy_sessions.store import trash
from ipy_sessions.store.blobs import FolderBlobs
from ipy_sessions.store.catalog import Catalog
from ipy_sessions.store.folder import Folder
from ipy_sessions.store.interface import Listing, Progress
from ipy_sessions.store.lease import Lease
from ipy_sessions.store.log import FileLog, sync_folder
from ipy_sessions.store.owner import Owner
from ipy_sessions.store.reading import Contents, read, read_header, refuse_newer
from ipy_sessions.summary import SessionInfo


class FolderStore:
    """Sessions as the files of one folder.

    Parameters
    ----------
    path
        The folder; created with the first session.
    """

    def __init__(self, path: Path | str) -> None:
        self._folder = Folder(Path(path))
        self.path = self._folder.path
        """The folder."""
        self.blobs = FolderBlobs(self.path / "blobs", self._folder.make)
        """The payloads that are too large for a line."""
        self._catalog = Catalog(self.path)
        self._trash = Catalog(self.path / trash.NAME)

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
            raise SessionReadOnlyError(f"{path} cannot be written here: {error.strerror or error}.") from error
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

    def rewrite(self, path: Path, lines: Iterable[bytes], owner: Owner) -> None:
        """Put another file in the place of a session's: written beside it, synced, then renamed."""
        lease = self._alone(path, owner)
        beside = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            with os.fdopen(os.open(beside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
                file.writelines(lines)
                file.flush()
                os.fsync(file.fileno())
            beside.replace(path)
            sync_folder(path.parent)
        except OSError as error:
            raise LogWriteError(f"{path} could not be written anew: {error.strerror or error}.") from error
        finally:
            with suppress(OSError):
                beside.unlink()
            lease.release()

    def rows(self, progress: Progress | None = None) -> Listing:
        """Return every session of the folder, summed up."""
        return self._catalog.rows(progress)

    def delete(self, path: Path, owner: Owner) -> Path:
        """Move a session's file into the trash."""
        lease = self._alone(path, owner)
        try:
            return trash.throw_away(path)
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

    def collect(self) -> list[Path]:
        """Delete the blobs that no session refers to any more."""
        return trash.collect(self.path, self.blobs)

    def close(self) -> None:
        """Keep what was counted in the index."""
        self._catalog.close()

    def _alone(self, path: Path, owner: Owner) -> Lease:
        try:
            return Lease.open(path, owner)
        except SessionBusyError:
            raise
        except OSError as error:
            raise _not_found(path, error) from error


def _refuse_others(path: Path) -> None:
    """Refuse what is no session before anything is asked of it."""
    try:
        with FileIO(path) as file:
            read_header(file, path)
    except OSError as error:
        raise _not_found(path, error) from error


def _not_found(path: Path, error: OSError) -> SessionNotFoundError:
    return SessionNotFoundError(f"{path} could not be read: {error.strerror or error}.")
