"""The trash of a folder: deleted sessions, until somebody brings them back or empties it.

A session is moved, never copied, so nothing is half deleted. Its blobs stay where they are as long as anything, in the
trash or not, refers to them.
"""

from __future__ import annotations

import os
import time
from collections.abc import Collection
from pathlib import Path

import msgspec

from ipy_sessions.errors import LogWriteError
from ipy_sessions.identifiers import SYSTEM, timestamp
from ipy_sessions.store.blobs import FolderBlobs, names_in
from ipy_sessions.store.rows.catalog import SUFFIX
from ipy_sessions.store.whole import SUFFIX as NEW
from ipy_sessions.store.whole import make_private

NAME = ".trash"
LOG = "removed.log"
LEFT_OVER = 3600.0  # seconds; a younger blob may belong to a line that is just being written


def throw_away(path: Path, reason: str = "") -> Path:
    """Move a session's file into the trash beside it; return where it is now. What went is written down.

    Raises
    ------
    LogWriteError
        When that cannot be done.
    """
    trash = path.parent / NAME
    try:
        make_private(trash)
        there = move(path, trash)
        _note(trash, "moved into the trash", there, reason)
    except OSError as error:
        raise LogWriteError(f"{path} could not be put into the trash: {error.strerror or error}.") from error
    return there


def erase(path: Path, reason: str = "") -> None:
    """Delete a file of the trash for good. What went is written down.

    Raises
    ------
    LogWriteError
        When that cannot be done.
    """
    try:
        _note(path.parent, "deleted", path, reason)
        path.unlink()
    except OSError as error:
        raise LogWriteError(f"{path} could not be deleted: {error.strerror or error}.") from error


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


def collect(folder: Path, blobs: FolderBlobs, names: Collection[str] = ()) -> list[Path]:
    """Delete the blobs that no session refers to, those in the trash counted; return them.

    Young ones stay, unless they are among `names`.

    Raises
    ------
    OSError
        When a session cannot be read: it may refer to any of them, so then nothing is deleted.
    """
    for file in (*folder.glob(f".*{NEW}"), *blobs.path.glob(f".*{NEW}")):  # what a crash has left half written
        if time.time() - file.stat().st_mtime > LEFT_OVER:
            file.unlink(missing_ok=True)
    gone = left_over(folder, blobs, names)
    for file in gone:
        _note(folder / NAME, "deleted", file, "no session refers to it")
        file.unlink(missing_ok=True)
    return gone


def left_over(folder: Path, blobs: FolderBlobs, names: Collection[str] = ()) -> list[Path]:
    """Return what `collect` would delete.

    Raises
    ------
    OSError
        When a session cannot be read.
    """
    now = time.time()
    old = [
        file for file in blobs.files() if file.name.partition(".")[0] in names or now - file.stat().st_mtime > LEFT_OVER
    ]
    if not old:
        return []
    files = [*folder.glob(f"*{SUFFIX}"), *(folder / NAME).glob(f"*{SUFFIX}")]
    used = {name for file in files if file.is_file() for name in names_in(file)}
    return [file for file in old if file.name.partition(".")[0] not in used]


def _note(trash: Path, did: str, file: Path, reason: str) -> None:
    """Write down what was done with a file, one JSON object a line."""
    make_private(trash)
    line = {"ts": timestamp(SYSTEM.now()), "did": did, "file": file.name, "reason": reason}
    fd = os.open(trash / LOG, os.O_CREAT | os.O_APPEND | os.O_WRONLY | os.O_CLOEXEC, 0o600)
    try:
        os.write(fd, msgspec.json.encode(line) + b"\n")
    finally:
        os.close(fd)
