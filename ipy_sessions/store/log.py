"""The append-only log of one session: lines go in at the end, whole, and nothing else ever changes.

A session lives in a `MemoryLog` until its first user message; then its lines are written to a `FileLog`. Both know
bytes and nothing of what they mean.

How a line is written, so that a crash at any byte loses at most that line and never the next one:

1. The file is asked for its size. If that is not the size that we left, something was cut or written by others, and
   `FileLog.mend` looks at the last line before anything is put behind it: whole but for its newline, it gets it;
   a fragment is cut off and handed back, so that the session can keep it in a ``repair`` entry.
2. One ``write`` on a descriptor opened with ``O_APPEND``. A short count is continued; a refusal (disk full) takes back
   what was written of the line.
3. At the end of a turn, `flush` makes the disk itself hold it.

A reader mends nothing: that is `reading`'s promise.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from ipy_sessions.entries import decode
from ipy_sessions.errors import LogLostError, LogWriteError

CHUNK = 64 * 1024  # bytes read at a time when looking for the start of the last line

# macOS has no fdatasync; there fsync is what there is.
_sync: Callable[[int], None] = getattr(os, "fdatasync", os.fsync)


class Log(Protocol):
    """Where a session's lines go."""

    def append(self, line: bytes) -> None:
        r"""Put one line, which ends in ``\n``, behind the others."""

    def mend(self) -> bytes | None:
        """Make the end fit to be appended to; return a fragment that had to be cut off for it."""

    def flush(self) -> None:
        """Return when the disk holds every line."""

    def close(self) -> None:
        """Flush, and let go of the file; nothing can be appended any more."""


class MemoryLog:
    """The log of a session that is in memory alone: its entries are in its tree, and that is all."""

    def append(self, line: bytes) -> None:
        """Do nothing."""

    def mend(self) -> None:
        """Do nothing: memory has no torn ends."""

    def flush(self) -> None:
        """Do nothing: there is no disk."""

    def close(self) -> None:
        """Do nothing: there is no file."""


class FileLog:
    """The file of one session, open for appending.

    Parameters
    ----------
    path
        The file, which must exist.
    write
        ``os.write``, or a stand-in with its behaviour, for tests of short counts and full disks.

    Raises
    ------
    LogWriteError
        When the file cannot be opened for writing.
    """

    def __init__(self, path: Path, write: Callable[[int, bytes | memoryview], int] = os.write) -> None:
        self.path = path
        self._size = -1  # unknown, so that `mend` looks at the end before the first line is put behind it
        self._write = write
        try:
            # Without O_CREAT: a file that was deleted must not come back without its header.
            self._fd = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CLOEXEC)
        except OSError as error:
            raise _refused(path, error) from error

    @classmethod
    def create(cls, path: Path, lines: list[bytes]) -> FileLog:
        """Create the file, readable by its owner alone, with its first lines.

        Raises
        ------
        LogWriteError
            When it cannot be created or written, or exists already.
        """
        try:
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600))
        except OSError as error:
            raise _refused(path, error) from error
        log = cls(path)
        log.mend()
        try:
            for line in lines:
                log.append(line)
        except LogWriteError:
            log.close()
            path.unlink(missing_ok=True)  # it is ours, a moment old, and every line is still in memory
            raise
        return log

    def append(self, line: bytes) -> None:
        r"""Write one line, which ends in ``\n``, as a whole.

        Raises
        ------
        LogWriteError
            When the disk refuses; the file is then as it was.
        """
        try:
            written = self._write(self._fd, line)
            while written < len(line):
                written += self._write(self._fd, memoryview(line)[written:])
        except OSError as error:
            os.ftruncate(self._fd, self._size)
            raise _refused(self.path, error) from error
        self._size += len(line)

    def mend(self) -> bytes | None:
        """Make the end of the file fit to be appended to.

        Returns
        -------
        bytes or None
            The fragment that was cut off, if there was one: a line that a crash has left unfinished.

        Raises
        ------
        LogLostError
            When the file was deleted since it was opened.
        """
        status = os.fstat(self._fd)
        if status.st_nlink == 0:
            raise LogLostError(
                f"{self.path} was deleted while the session was open. What is in memory can be written to a new file "
                "with `%session keep`."
            )
        if status.st_size == self._size:
            return None
        self._size = status.st_size
        tail = self._last_line()
        if not tail or tail.endswith(b"\n"):
            return None
        try:
            decode(tail)
        except ValueError:
            self._size -= len(tail)
            os.ftruncate(self._fd, self._size)
            return tail
        self.append(b"\n")
        return None

    def _last_line(self) -> bytes:
        """Return what follows the last newline, or that newline itself when nothing does."""
        start, tail = self._size, b""
        while start > 0:
            step = min(CHUNK, start)
            start -= step
            tail = os.pread(self._fd, step, start) + tail
            if tail.endswith(b"\n"):
                return b"\n"
            if b"\n" in tail:
                return tail[tail.rindex(b"\n") + 1 :]
        return tail

    def flush(self) -> None:
        """Return when the disk holds every line.

        Raises
        ------
        LogWriteError
            When the disk cannot.
        """
        try:
            _sync(self._fd)
        except OSError as error:
            raise _refused(self.path, error) from error

    def close(self) -> None:
        """Flush and let go of the file."""
        try:
            self.flush()
        finally:
            os.close(self._fd)


def _refused(path: Path, error: OSError) -> LogWriteError:
    return LogWriteError(f"{path} could not be written: {error.strerror or error}. What was there before is untouched.")
