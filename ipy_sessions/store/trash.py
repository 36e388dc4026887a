"""The trash of a folder: deleted sessions, until somebody brings them back or empties it.

A session is moved, never copied, so nothing is half deleted. Its blobs stay where they are as long as anything, in the
trash or not, refers to them.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from ipy_sessions.errors import LogWriteError
from ipy_sessions.store.blobs import FolderBlobs, names_in
from ipy_sessions.store.catalog import SUFFIX

NAME = ".trash"
LEFT_OVER = 3600.0  # seconds; a younger blob may belong to a line that is just being written


def throw_away(path: Path) -> Path:
    """Move a session's file into the trash beside it; return where it is now.

    Raises
    ------
    LogWriteError
        When that cannot be done.
    """
    trash = path.parent / NAME
    try:
        trash.mkdir(mode=0o700, exist_ok=True)
        return move(path, trash)
    except OSError as error:
        raise LogWriteError(f"{path} could not be put into the trash: {error.strerror or error}.") from error


def bring_back(path: Path) -> Path:
    """Move a file out of the trash; return where it is now, beside what has taken its name in the meantime.

    Raises
    ------
    LogWriteError
        When that cannot be done.
    """
    try:
        return move(path, path.parent.parent)
    except OSError as error:
        raise LogWriteError(f"{path} could not be brought back: {error.strerror or error}.") from error


def move(path: Path, folder: Path) -> Path:
    """Move a file into a folder, under a name that nothing has there."""
    number = 1
    while True:
        target = folder / (path.name if number == 1 else f"{path.stem}-{number}{SUFFIX}")
        number += 1
        if target.exists():
            continue
        try:
            target.hardlink_to(path)  # which never writes over anything, as a rename would
            path.unlink()
        except FileExistsError:
            continue
        except OSError:  # a file system without such links
            path.rename(target)
        return target


def collect(folder: Path, blobs: FolderBlobs, now: Callable[[], float] = time.time) -> list[Path]:
    """Delete the blobs that no session refers to, those in the trash counted; return them.

    A file that cannot be read may refer to any of them, so then nothing is deleted.

    Raises
    ------
    OSError
        When a session cannot be read.
    """
    old = [file for file in blobs.files() if now() - file.stat().st_mtime > LEFT_OVER]
    if not old:
        return []
    files = [*folder.glob(f"*{SUFFIX}"), *(folder / NAME).glob(f"*{SUFFIX}")]
    used = {name for file in files if file.is_file() for name in names_in(file)}
    gone = [file for file in old if file.name.partition(".")[0] not in used]
    for file in gone:
        file.unlink(missing_ok=True)
    return gone
