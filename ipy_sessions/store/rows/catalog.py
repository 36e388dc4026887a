"""The sessions of a folder, each summed up.

Every file is asked for its size and time of change; the rows of those that are as they were come out of the `index`,
the others are read. One odd file never breaks the list: what could not be read is returned beside the rows, with its
reason.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable
from pathlib import Path

from ipy_sessions.errors import FolderError
from ipy_sessions.store.interface import Listing, Skipped
from ipy_sessions.store.reading import FLAGS, refuse_odd
from ipy_sessions.store.rows.index import Index, Known
from ipy_sessions.store.rows.outlines import Before, glance, read_outline
from ipy_sessions.summary import SessionInfo
from ipy_sessions.watching import Progress

SUFFIX = ".jsonl"
GLANCED = 64 * 1024  # bytes; of a new file up to this size the place in the list is all that is read at first
STEP = 500  # files between two reports of progress


class Catalog:
    """The rows of one folder.

    Parameters
    ----------
    folder
        The folder; it need not exist.
    keeps
        Whether what was read is kept in the index.
    """

    def __init__(self, folder: Path, *, keeps: bool = True) -> None:
        self._folder = folder
        self._keeps = keeps
        self._index: Index | None = None

    def rows(self, progress: Progress | None = None) -> Listing:
        """Return the sessions of the folder and the files that are none.

        Raises
        ------
        FolderError
            When the folder cannot be read.
        """
        try:
            fd = os.open(self._folder, os.O_RDONLY)
        except (FileNotFoundError, NotADirectoryError):
            return Listing([], [])
        except OSError as error:
            raise FolderError(f"{self._folder} cannot be read: {error.strerror or error}.") from error
        index = self._index = self._index or Index(self._folder)
        try:
            return self._rows(fd, index, progress)
        finally:
            os.close(fd)
            if self._keeps:
                index.save()

    def _rows(self, fd: int, index: Index, progress: Progress | None) -> Listing:
        there, known = os.listdir(fd), index.known
        new = [name for name in there if name not in known]
        if len(there) - len(new) < len(known):
            index.keep_only(set(there))
        files: list[Known | str] = [*known.values(), *(name for name in new if name.endswith(SUFFIX))]
        rows: list[SessionInfo] = []
        skipped: list[Skipped] = []
        for begin in range(0, len(files), STEP):
            if progress is not None:
                progress(begin, len(files))
            changed = _take_unchanged(files[begin : begin + STEP], fd, rows)
            for file in _take_glanced(changed, fd, index, rows):
                try:
                    rows.append(_look(file, fd, index))
                except Exception as error:  # noqa: BLE001 - whatever one file holds, the others are listed
                    if not isinstance(error, IsADirectoryError | FileNotFoundError):
                        name = file if isinstance(file, str) else file.file
                        skipped.append(Skipped(self._folder / name, _reason(error)))
        if progress is not None:
            progress(len(files), len(files))
        return Listing(rows, sorted(skipped))

    def forget(self, name: str) -> None:
        """Forget what is known of a file, on disk too: what was taken out of it must not stay in the index."""
        index = self._index = self._index or Index(self._folder)
        index.keep_only(index.known.keys() - {name})
        index.save()

    def close(self) -> None:
        """Keep what was counted."""
        if self._index is not None and self._keeps:
            self._index.save()


def _take_unchanged(files: Iterable[Known | str], folder: int, rows: list[SessionInfo]) -> list[Known | str]:
    """Add to `rows` those of the files that are as they were; return the others."""
    others: list[Known | str] = []
    for file in files:
        if isinstance(file, str):
            others.append(file)
            continue
        try:
            status = os.stat(file._file, dir_fd=folder)  # noqa: SLF001 - a property would take as long as half a call
        except OSError:
            others.append(file)
            continue
        if file.changed == status.st_mtime_ns and file.size == status.st_size and file.inode == status.st_ino:
            rows.append(file)
        else:
            others.append(file)
    return others


def _take_glanced(
    files: Iterable[Known | str], folder: int, index: Index, rows: list[SessionInfo]
) -> list[Known | str]:
    """Add to `rows` those of the new files whose place can be seen at a glance; return the others."""
    others: list[Known | str] = []
    for file in files:
        if isinstance(file, str):
            try:
                fd = os.open(file, FLAGS, dir_fd=folder)
            except OSError:
                others.append(file)
                continue
            status = os.fstat(fd)
            size = status.st_size
            place = glance(os.pread(fd, size, 0)) if size < GLANCED and stat.S_ISREG(status.st_mode) else None
            os.close(fd)
            if place is not None:
                rows.append(index.put_glanced(file, status, place))
                continue
        others.append(file)
    return others


def _look(file: Known | str, folder: int, index: Index) -> Known:
    """Read what is new of a file."""
    before, name = (None, file) if isinstance(file, str) else (file, file.file)
    fd = os.open(name, FLAGS, dir_fd=folder)
    try:
        status = os.fstat(fd)
        if stat.S_ISDIR(status.st_mode):
            raise IsADirectoryError(name)
        refuse_odd(status)
        same = before is not None and before.inode == status.st_ino and before.size <= status.st_size
        known = Before(before.outline, before.size) if before is not None and same else None
        line = read_outline(fd, status.st_size, name, known)
    finally:
        os.close(fd)
    return index.put(name, status, line)


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.errno == errno.ELOOP:
        return "It is a link, and links are not followed. `%session open` with the path that it leads to opens that."
    if isinstance(error, OSError) and error.strerror:
        return f"It cannot be read: {error.strerror}."
    return str(error)
