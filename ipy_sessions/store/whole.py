"""Files that are written whole or not at all: beside their place first, then renamed.

It owns the names of what lies beside. They begin with a dot and end in ``.new``, so that no list takes them for
sessions; one that a crash has left behind is nobody's, and house-keeping deletes it.
"""

from __future__ import annotations

import errno
import itertools
import os
import threading
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

SUFFIX = ".new"

_numbers = itertools.count()


def beside(path: Path) -> Path:
    """Return a name in the folder of `path` that no other thread, process or machine uses at the same time."""
    unique = f"{os.uname().nodename[:40]}-{os.getpid()}-{threading.get_ident()}-{next(_numbers)}"
    return path.with_name(f".{unique}{SUFFIX}")


def write_whole(path: Path, data: Iterable[bytes], *, sync: bool = True) -> None:
    """Write a file for its owner alone, in the place of what is there.

    Parameters
    ----------
    path
        The file.
    data
        What it holds, in pieces.
    sync
        Whether the disk itself has to hold it before it takes its place.

    Raises
    ------
    OSError
        When it cannot be written; nothing is left behind, and what was there is there.
    """
    new = beside(path)
    try:
        with os.fdopen(os.open(new, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600), "wb") as file:
            file.writelines(data)
            if sync:
                file.flush()
                os.fsync(file.fileno())
        new.replace(path)
        if sync:
            sync_folder(path.parent)
    finally:
        with suppress(OSError):
            new.unlink()


def make_private(folder: Path) -> None:
    """Create a folder within a session folder, for its owner alone; one that is there serves, but for a link.

    Raises
    ------
    OSError
        When it cannot be created, or is a link: what is kept here must not end up somewhere else.
    """
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.is_symlink():
        raise OSError(errno.ELOOP, f"{folder} is a link")


def sync_folder(folder: Path) -> None:
    """Make the disk hold the name of a new file; where a folder cannot be synced, the file's own sync has to do."""
    with suppress(OSError):
        fd = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)
