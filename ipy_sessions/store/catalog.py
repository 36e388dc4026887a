"""The sessions of a folder, each summed up.

Every file is asked for its size and time of change; the rows of those that are as they were come out of the `index`,
the others are read. One odd file never breaks the list: what could not be read is returned beside the rows, with its
reason.
"""

from __future__ import annotations

import os
import stat
from functools import partial
from pathlib import Path

import msgspec

from ipy_sessions.counting import count
from ipy_sessions.errors import FolderError
from ipy_sessions.store.index import Index, Known, Stamp
from ipy_sessions.store.interface import Listing, Progress, Skipped
from ipy_sessions.store.outlines import Before, read_outline
from ipy_sessions.store.reading import FLAGS, read, refuse_odd
from ipy_sessions.summary import Counts, Outline, SessionInfo, cursor

SUFFIX = ".jsonl"
LONG = 16 * 1024 * 1024  # bytes of a file that nobody wants to count twice
STEP = 500  # files between two reports of progress


class Catalog:
    """The rows of one folder.

    Parameters
    ----------
    folder
        The folder; it need not exist.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
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
            index.save()

    def _rows(self, fd: int, index: Index, progress: Progress | None) -> Listing:
        names = [name for name in os.listdir(fd) if name.endswith(SUFFIX)]
        rows: list[SessionInfo] = []
        skipped: list[Skipped] = []
        begin, known = f"{self._folder}{os.sep}", index.known
        for number, name in enumerate(names):
            if progress is not None and number % STEP == 0:
                progress(number, len(names))
            try:
                status = os.stat(name, dir_fd=fd)
                stamp = status.st_ino, status.st_size, status.st_mtime_ns
                row = known.get(name)
                if row is None or row[0] != stamp:
                    row = self._look(name, fd, status, row)
                    index.put(name, row)
                rows.append(SessionInfo(begin + name, row[1], stamp[1], row[2], partial(self._count, name, stamp)))
            except Exception as error:  # noqa: BLE001 - whatever one file holds, the others are listed
                if not isinstance(error, IsADirectoryError | FileNotFoundError):
                    skipped.append(Skipped(self._folder / name, _reason(error)))
        if progress is not None:
            progress(len(names), len(names))
        index.keep_only(set(names))
        return Listing(rows, sorted(skipped))

    def _look(self, name: str, folder: int, status: os.stat_result, before: Known | None) -> Known:
        """Read what is new of a file."""
        if stat.S_ISDIR(status.st_mode):
            raise IsADirectoryError(name)
        refuse_odd(status)
        fd = os.open(name, FLAGS, dir_fd=folder)
        try:
            same = before is not None and before.stamp[0] == status.st_ino and before.stamp[1] <= status.st_size
            known = Before(_unpacked(before), before.stamp[1]) if same and before else None
            line = read_outline(fd, status.st_size, name, known)
        finally:
            os.close(fd)
        stamp = status.st_ino, status.st_size, status.st_mtime_ns
        return Known(stamp, cursor(line.modified, line.id), line, None)

    def _count(self, name: str, stamp: Stamp) -> Counts:
        """Return what every line of a file adds to, from the index when it was counted before."""
        index = self._index = self._index or Index(self._folder)
        known = index.known.get(name)
        if known is not None and known.stamp == stamp and (counted := _counted(known)) is not None:
            return counted
        _, tree, bad_lines, reading = read(self._folder / name)
        counts = count(tree, (line.number for line in bad_lines))
        if known is not None and known.stamp == stamp and reading is not None and reading.size == stamp[1]:
            index.put(name, known._replace(counts=counts))
            if reading.size > LONG:
                index.save()  # what took that long is kept also when the kernel is killed
        return counts

    def forget(self, name: str) -> None:
        """Forget what is known of a file, on disk too: what was taken out of it must not stay in the index."""
        index = self._index = self._index or Index(self._folder)
        index.keep_only(index.known.keys() - {name})
        index.save()

    def close(self) -> None:
        """Keep what was counted."""
        if self._index is not None:
            self._index.save()


def _unpacked(known: Known) -> Outline:
    line = known.outline
    return line if isinstance(line, Outline) else msgspec.msgpack.decode(line, type=Outline)


def _counted(known: Known) -> Counts | None:
    counts = known.counts
    return msgspec.msgpack.decode(counts, type=Counts | None) if isinstance(counts, msgspec.Raw) else counts


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"It cannot be read: {error.strerror}."
    return str(error)
