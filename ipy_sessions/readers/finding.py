"""Which files are meant by what a user names: files, folders, patterns and addresses.

It owns where transcripts are looked for. What stands in a file is told by the registry.
"""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath
from typing import Any

from ipy_sessions.errors import SessionNotFoundError

NAMES = ("*.jsonl", ".aider.chat.history.md")
"""What transcripts in a folder are called; a file that is named itself may be called anything."""

PASSED_OVER = frozenset({".trash", ".cache", "blobs"})
"""Folders of a sessions folder that hold none."""


def find(named: str | Path) -> list[str]:
    """Return the files that are meant, sorted.

    Parameters
    ----------
    named
        A file; a folder, with all that is below it; a pattern such as ``"~/work/**/*.jsonl"``; or an address that
        `fsspec` knows, such as ``"s3://bucket/folder/*.jsonl"``.

    Raises
    ------
    SessionNotFoundError
        When there is none.
    """
    text = str(named)
    found = _addressed(text) if "://" in text else _local(Path(text).expanduser())
    if not found:
        raise SessionNotFoundError(
            f"No file is named by {text!r}. Give a file, a folder, or a pattern like '**/*.jsonl'."
        )
    return sorted(found)


def load(path: str) -> bytes:
    """Return what a file holds.

    Raises
    ------
    OSError
        When it cannot be read.
    """
    if "://" not in path:
        if not Path(path).is_file():
            raise OSError(f"{path} is {'a folder that cannot be read' if Path(path).is_dir() else 'no file'}")
        return Path(path).read_bytes()
    import fsspec

    with fsspec.open(path, "rb") as file:
        data: bytes = file.read()
        return data


def _local(path: Path) -> list[str]:
    if path.is_dir():
        return list(_below(str(path)))
    if path.exists():
        return [str(path)]
    matched = glob.glob(str(path), recursive=True, include_hidden=True)  # noqa: PTH207 - which has no hidden ones
    return [file for file in matched if Path(file).is_file()]


def _below(folder: str) -> Iterator[str]:
    """Yield the transcripts in a folder and below; ten thousand of them are named while somebody waits.

    What cannot be read, such as a link that leads nowhere or a folder that is closed, is named as well: whoever loads
    it is told so, and nothing is passed over in silence.
    """
    try:
        with os.scandir(folder) as entries:
            inside = list(entries)
    except OSError:
        yield folder
        return
    for entry in inside:
        if entry.is_dir(follow_symlinks=False):
            if entry.name not in PASSED_OVER:
                yield from _below(entry.path)
        elif any(fnmatch(entry.name, name) for name in NAMES):
            yield entry.path


def _addressed(address: str) -> list[str]:
    try:
        from fsspec.core import url_to_fs
    except ImportError:
        raise SessionNotFoundError(f"{address} needs fsspec: `pip install 'ipy_sessions[dask]'`.") from None
    try:
        return list(_there(address, *url_to_fs(address)))
    except Exception as error:  # each kind of storage has errors of its own
        raise SessionNotFoundError(
            f"{address} cannot be listed: {str(error) or type(error).__name__}. "
            "Give the address of a file, or of each of them."
        ) from error


def _there(address: str, system: Any, path: str) -> Iterator[str]:
    if any(sign in path for sign in "*?["):
        yield from (system.unstrip_protocol(file) for file in system.glob(path))
    elif not address.endswith("/") and system.isfile(path):
        yield address
    else:
        for file in system.find(path):
            below = PurePosixPath(file.removeprefix(path).lstrip("/"))
            if PASSED_OVER.isdisjoint(below.parts) and any(below.match(name) for name in NAMES):
                yield system.unstrip_protocol(file)
