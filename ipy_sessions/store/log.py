"""The append-only log of one session: lines go in at the end, whole, and nothing else ever changes.

A `FileLog` knows bytes and nothing of what they mean.

How a line is written, so that a crash at any byte loses at most that line and never the next one:

1. The path is asked which file it leads to, and for its size. Another file, or less of it, is an error: a line must not
   go where nobody will look for it. If there is more than we left, others have written, and `FileLog.mend` looks at
   the last line before anything is put behind it: whole but for its newline, it gets it; a fragment gives way to a
   ``repair`` entry that keeps it.
2. One ``write`` on a descriptor opened with ``O_APPEND``. A short count is continued; a refusal (disk full) takes back
   what was written of the line.
3. At the end of a turn, `flush` makes the disk itself hold it.

A reader mends nothing: that is `reading`'s promise.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext, suppress
from pathlib import Path
from typing import NoReturn

from ipy_sessions.encoding import decode
from ipy_sessions.errors import LogLostError, LogWriteError
from ipy_sessions.store.interface import Repair
from ipy_sessions.store.lease import Lease, lock, open_to_append, unlock
from ipy_sessions.store.owner import Owner
from ipy_sessions.store.reading import Reading, identity
from ipy_sessions.store.whole import beside, sync_folder

CHUNK = 64 * 1024  # bytes read at a time when looking for the start of the last line

# macOS has no fdatasync; there fsync is what there is.
_sync: Callable[[int], None] = getattr(os, "fdatasync", os.fsync)


class FileLog:
    """The file of one session, appended to under a lease, or else under a lock for each line.

    Parameters
    ----------
    path
        The file, which must exist.
    read
        What the session has read: its size in bytes, and which file it was. Less, or another file, later means that it
        was cut short or replaced. Without it nothing was read, and `mend` returns nothing of what others write.
    lease
        The right to write it alone. Without one others may append too; every line is then locked by itself.
    write
        ``os.write``, or a stand-in with its behaviour, for tests of short counts and full disks.
    """

    def __init__(
        self,
        path: Path,
        read: Reading | None = None,
        lease: Lease | None = None,
        write: Callable[[int, bytes | memoryview], int] = os.write,
    ) -> None:
        self.path = path
        self.alone: AbstractContextManager[object] = nullcontext() if lease is not None else _Locked(self)
        """Hold this from `mend` to `append`; with a lease it is nothing."""
        self._lease = lease
        self._size = read.size if read is not None else 0
        self._whole = read.whole if read is not None else 0
        self._file = read.file if read is not None else None
        self._follows = read is not None
        self._fragment = b""  # cut off, and neither in a repair nor in the file
        self._end_is_whole = False  # not known yet, so `mend` looks at it before the first line is put behind it
        self._write = write
        self._sync = _sync
        self._fd: int | None = None if lease is None else lease.fd
        self._closed = False

    @classmethod
    def create(cls, path: Path, lines: Iterable[bytes], owner: Owner) -> FileLog:
        """Create the file, readable by its owner alone, with its first lines, and hold its lease.

        Raises
        ------
        LogWriteError
            When it cannot be created or written, or exists already; nothing of it is left behind.
        """
        new = beside(path)
        try:
            fd = os.open(new, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_APPEND | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise _refused(path, error) from error
        lease = Lease(fd, path, owner)
        log = cls(path, Reading(0, identity(os.fstat(fd))), lease)
        log._end_is_whole = True
        try:
            for line in lines:
                log.append(line)
            lease.take()
            publish(new, path)
        except BaseException:
            lease.release()
            raise
        finally:
            new.unlink(missing_ok=True)
        return log

    def append(self, line: bytes) -> None:
        r"""Write one line, which ends in ``\n``, as a whole.

        Raises
        ------
        LogWriteError
            When the disk refuses; the file is then as it was.
        """
        fd = self._opened()
        try:
            written = self._write(fd, line)
            while written < len(line):
                written += self._write(fd, memoryview(line)[written:]) or _nothing_written()
        except OSError as error:
            with suppress(OSError):  # the first refusal is the one to tell; `mend` finds what could not be taken back
                os.ftruncate(fd, self._size)
            raise _refused(self.path, error) from error
        self._size += len(line)
        self._whole = self._size

    def mend(self, repair: Repair) -> bytes:
        """Make the end of the file fit to be appended to.

        A last line that is whole but for its newline, or blank, gets it. A fragment, a line that a crash has left
        unfinished, gives way to the line that `repair` makes of it; when the disk refuses that one, the fragment stays
        where it was.

        Returns
        -------
        bytes
            The whole lines that others have written since; with a lease there are none.

        Raises
        ------
        LogLostError
            When the file was deleted, moved, replaced or cut short since the session has read it.
        LogWriteError
            When the disk refuses.
        """
        try:
            return self._mended(self._opened(), repair)
        except OSError as error:
            raise _refused(self.path, error) from error

    def _mended(self, fd: int, repair: Repair) -> bytes:
        size = self._size_now()
        if size == self._size and self._end_is_whole:
            return b""
        grown, known = size > self._size, self._whole
        self._size, self._end_is_whole = size, False
        tail = self._last_line(fd)
        if tail.endswith(b"\n"):
            end = self._size
        elif not tail.strip() or _is_line(tail) or len(tail) == self._size:  # the header is never cut off
            self.append(b"\n")
            end = self._size
        else:
            end = self._size - len(tail)
            self._cut_off(fd, tail)
        if self._fragment:
            self._keep_fragment(repair)
        self._end_is_whole = True
        return os.pread(fd, end - known, known) if self._follows and grown and end > known else b""

    def _cut_off(self, fd: int, fragment: bytes) -> None:
        os.ftruncate(fd, self._size - len(fragment))
        self._size -= len(fragment)
        self._fragment = fragment

    def _keep_fragment(self, repair: Repair) -> None:
        try:
            self.append(repair(self._fragment))
        except LogWriteError:
            with suppress(LogWriteError):  # refused, too, it waits in memory
                self.append(self._fragment)  # into the room that it has just left
                self._fragment = b""
            raise
        self._fragment = b""

    def _last_line(self, fd: int) -> bytes:
        """Return what follows the last newline, or a newline when nothing does."""
        if os.pread(fd, 1, max(self._size - 1, 0)) == b"\n":  # as it nearly always is
            return b"\n"
        start, chunks = self._size, [b""]
        while start > 0 and b"\n" not in chunks[-1]:
            step = min(CHUNK, start)
            start -= step
            chunks.append(os.pread(fd, step, start))
        tail = b"".join(reversed(chunks)).rpartition(b"\n")[2]
        return tail or b"\n"

    def leads_here(self) -> bool:
        """Tell whether the path still leads to this file, and the file still holds what the session has read."""
        try:
            return self._size_now() >= 0
        except (OSError, LogLostError):
            return False

    def _size_now(self) -> int:
        try:
            status = os.stat(self.path)  # noqa: PTH116 - asked for each line
        except FileNotFoundError:
            raise _lost(self.path) from None
        if self._file not in (None, identity(status)) or status.st_size < self._size:
            raise _lost(self.path)
        return status.st_size

    def flush(self) -> None:
        """Return when the disk holds every line.

        Raises
        ------
        LogWriteError
            When the disk cannot.
        """
        if self._fd is None:
            return
        try:
            self._sync(self._fd)
        except OSError as error:
            raise _refused(self.path, error) from error

    def close(self) -> None:
        """Flush and let go of the file."""
        self._closed = True
        if self._fd is None:
            return
        try:
            self.flush()
        finally:
            fd, self._fd = self._fd, None
            if self._lease is None:
                os.close(fd)
            else:
                self._lease.release()

    def _opened(self) -> int:
        if self._closed:  # or it would be opened again here, without the lease
            raise LogWriteError(f"{self.path} was let go of here. Open the session again to write to it.")
        if self._fd is None:
            try:
                self._fd = open_to_append(self.path)
            except FileNotFoundError:
                raise _lost(self.path) from None
            except OSError as error:
                raise _refused(self.path, error) from error
            found = identity(os.fstat(self._fd))
            if self._file not in (None, found):
                os.close(self._fd)
                self._fd = None
                raise _lost(self.path)
            self._file = found
        return self._fd


class _Locked:
    """Context in which a file's other writers wait."""

    def __init__(self, log: FileLog) -> None:
        self._log = log

    def __enter__(self) -> None:
        lock(self._log._opened(), wait=True)  # noqa: SLF001 - a part of it

    def __exit__(self, *_: object) -> None:
        if self._log._fd is not None:  # noqa: SLF001
            unlock(self._log._fd)  # noqa: SLF001


def _nothing_written() -> NoReturn:
    raise OSError(errno.EIO, os.strerror(errno.EIO))


def publish(new: Path, path: Path) -> None:
    """Give a file that is written its name, all at once and over no other.

    Raises
    ------
    LogWriteError
        When there is a file of this name.
    """
    try:
        try:
            path.hardlink_to(new)  # which, unlike a rename, never takes another's place
        except FileExistsError:
            raise
        except OSError as error:  # a file system without such links
            if path.exists():
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST)) from error
            new.rename(path)
    except OSError as error:
        raise _refused(path, error) from error
    sync_folder(path.parent)


def _is_line(tail: bytes) -> bool:
    try:
        decode(tail)
    except ValueError:
        return False
    return True


def _lost(path: Path) -> LogLostError:
    return LogLostError(
        f"{path} was deleted, moved, replaced or cut short while the session was open. What is in memory can be "
        "written to a file again: type `%session keep`."
    )


def _refused(path: Path, error: OSError) -> LogWriteError:
    return LogWriteError(f"{path} could not be written: {error.strerror or error}. What was written before is there.")
