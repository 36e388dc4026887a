"""One writer per session, by a lease that dies with its owner.

The lease is the system's own lock on the session's file (``flock``), held for as long as the session is open: it ends
with the process, however that ends, so a killed kernel, a rebooted machine or a process number used again leave nothing
behind that somebody would have to clean up. Readers are never kept out.

Where such locks are not to be trusted, the owner's record decides, together with a sign of life every `HEARTBEAT`
seconds: on network file systems, whose locks may end at the machine, and where there are none at all. Times are then
read from the file system alone, so that clocks that disagree do no harm.

A forked child has its parent's files open; it closes them at once and never writes (`Lease.is_ours`).
"""

from __future__ import annotations

import os
import threading
import time
import weakref
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from ipy_sessions.errors import SessionBusyError
from ipy_sessions.store.filesystem import is_network
from ipy_sessions.store.owner import Owner, read_owner, write_owner

fcntl: Any
try:
    import fcntl
except ImportError:  # Windows has no such lock
    fcntl = None

CACHE = ".cache"
RECORD = ".owner"
HEARTBEAT = 15.0  # seconds between two signs of life
SILENCE = 60.0  # seconds without one, after which an owner on another machine counts as gone
STEP = 0.1  # seconds between two looks while waiting


class Holder(NamedTuple):
    """Who keeps us out; `owner` is ``None`` where nothing says who."""

    owner: Owner | None


class Lease:
    """The right to append to one session's file, and the open file to do it with.

    Parameters
    ----------
    fd
        The file, open for appending; it becomes this object's own.
    path
        Its name.
    owner
        Who asks for it.
    network
        Whether the file is on another machine; by default, found out.
    """

    def __init__(self, fd: int, path: Path, owner: Owner, *, network: bool | None = None) -> None:
        self.fd = fd
        """The file; -1 when it was let go of."""
        self.owner = owner
        self._record = path.parent / CACHE / f"{path.name}{RECORD}"
        self._network = is_network(path) if network is None else network
        self._released = threading.Event()
        self._locked = False
        self._let_go: weakref.finalize[..., Lease] = weakref.finalize(
            self, os.close, fd
        )  # a session that was dropped is free
        _held.add(self)

    @classmethod
    def open(cls, path: Path, owner: Owner, *, wait: float = 0.0, network: bool | None = None) -> Lease:
        """Open a file for appending and take its lease.

        Parameters
        ----------
        path
            The file, which must exist: one that was deleted must not come back without its header.
        owner
            Who asks.
        wait
            Seconds to wait for another owner to let go.
        network
            Whether the file is on another machine; by default, found out.

        Raises
        ------
        SessionBusyError
            When another has it.
        OSError
            When the file cannot be opened for writing.
        """
        while True:
            lease = cls(open_to_append(path), path, owner, network=network)
            try:
                lease.take(wait)
                if os.path.samestat(path.stat(), os.fstat(lease.fd)):
                    return lease
            except BaseException:
                lease.release()
                raise
            lease.release()  # while we waited, another file took its place

    @classmethod
    def is_taken(cls, path: Path, owner: Owner) -> bool:
        """Tell whether another has it; nothing is written down, and it is free again at once.

        Raises
        ------
        OSError
            When the file cannot be opened for writing.
        """
        lease = cls(open_to_append(path), path, owner)
        try:
            return lease._holder() is not None
        finally:
            _held.discard(lease)
            lease._let_go()  # which closes the file

    def take(self, wait: float = 0.0) -> None:
        """Take the lease.

        Raises
        ------
        SessionBusyError
            When another has it and keeps it for `wait` seconds.
        """
        until = time.monotonic() + wait
        while (holder := self._holder()) is not None:
            if time.monotonic() >= until:
                raise SessionBusyError(f"It is open in {holder.owner or 'another program'}.", holder.owner)
            time.sleep(STEP)
        write_owner(self._record, self.owner)
        self._let_go.detach()
        self._let_go = weakref.finalize(self, _let_go, self.fd, self._record, self.owner, self._released)
        if not self._locked or self._network:
            threading.Thread(target=_show_life, args=(self._record, self.owner, self._released), daemon=True).start()

    @property
    def is_ours(self) -> bool:
        """Whether it is held, and by this very process, not by its parent."""
        return self.fd >= 0 and self.owner.pid == os.getpid()

    def release(self) -> None:
        """Let go of the lease and of the file; a second time does nothing."""
        if self.is_ours:
            self.fd = -1
            _held.discard(self)
            self._let_go()

    def forget(self) -> None:
        """Close a forked child's copy of the file; the lock stays with the parent."""
        self._let_go.detach()
        with suppress(OSError):
            os.close(self.fd)
        self.fd = -1

    def _holder(self) -> Holder | None:
        """Try once, and return who keeps us out, if somebody does."""
        locked = lock(self.fd)
        owner = read_owner(self._record)
        if locked is False:
            return Holder(owner)
        self._locked = bool(locked)
        if (locked and not self._network) or owner is None or not self._counts(owner):
            return None
        if locked:
            unlock(self.fd)
        return Holder(owner)

    def _counts(self, owner: Owner) -> bool:
        """Tell whether an owner whom no lock protects is still there."""
        return owner.lives if owner.on_this_host else self._silence() < SILENCE

    def _silence(self) -> float:
        """Return the seconds since the record's last sign of life, both times told by the same file system."""
        probe = self._record.with_name(f"{self._record.name}.{os.getpid()}")
        try:
            probe.touch()
            return probe.stat().st_mtime - self._record.stat().st_mtime
        except OSError:
            return SILENCE
        finally:
            with suppress(OSError):
                probe.unlink()


def holders(folder: Path, owner: Owner) -> dict[Path, Owner]:
    """Return who else has sessions of a folder open, by the sessions' files.

    Only what a record names is asked for, so that ten thousand sessions of which two are open cost two looks.
    """
    found: dict[Path, Owner] = {}
    for record in (folder / CACHE).glob(f"*{RECORD}"):
        path, holder = folder / record.name.removesuffix(RECORD), read_owner(record)
        if holder is None or holder.is_here or (holder.on_this_host and not holder.lives):
            continue
        with suppress(OSError):
            if Lease.is_taken(path, owner):
                found[path] = holder
    return found


def _show_life(record: Path, owner: Owner, released: threading.Event) -> None:
    while not released.wait(HEARTBEAT):
        try:
            os.utime(record)
        except OSError:
            if not released.is_set():  # somebody has emptied the cache
                write_owner(record, owner)


def _let_go(fd: int, record: Path, owner: Owner, released: threading.Event) -> None:
    released.set()
    if read_owner(record) == owner:
        with suppress(OSError):
            record.unlink()
    os.close(fd)  # and with it goes the lock


def open_to_append(path: Path) -> int:
    """Open a file that must exist, and must be no link, for reading and appending."""
    return os.open(path, os.O_RDWR | os.O_APPEND | os.O_CLOEXEC | getattr(os, "O_NOFOLLOW", 0))


def lock(fd: int, *, wait: bool = False) -> bool | None:
    """Lock a file for this open descriptor; return whether it is locked, ``None`` where there are no locks."""
    if fcntl is None:
        return None
    try:
        fcntl.flock(fd, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # the file system has none
        return None
    return True


def unlock(fd: int) -> None:
    """Take the lock back."""
    if fcntl is not None:
        with suppress(OSError):
            fcntl.flock(fd, fcntl.LOCK_UN)


_held: weakref.WeakSet[Lease] = weakref.WeakSet()


def _forget_all() -> None:
    for lease in list(_held):
        lease.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)
