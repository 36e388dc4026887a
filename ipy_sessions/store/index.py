"""What is known of a folder's files from the last time: their rows, kept in ``.index``.

It is disposable: missing, old, newer, damaged or of another machine, it is made again from the files, which are the
truth. A row is believed as long as its file has the same inode, size and time of change.
"""

from __future__ import annotations

import zlib
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import msgspec

from ipy_sessions.store.whole import write_whole
from ipy_sessions.summary import Counts, Outline

NAME = ".index"
VERSION = 1
CHECKED = 4  # bytes at the beginning that tell whether the others are as they were written

Stamp = tuple[int, int, int]
"""Inode, size in bytes and time of change in nanoseconds: what tells that a file is as it was."""


class Known(NamedTuple):
    """What is known of one file.

    Parameters
    ----------
    stamp
        What the file was like.
    cursor
        Its row's place in the list.
    outline, counts
        Its row's halves, packed or not; ``counts`` is ``None``, packed or not, while nobody has asked for it.
    """

    stamp: Stamp
    cursor: str
    outline: Outline | msgspec.Raw
    counts: Counts | msgspec.Raw | None


class _File(msgspec.Struct, array_like=True):
    """The file as it is read: columns, of which only what is compared is unpacked."""

    version: int
    names: list[str]
    stamps: list[Stamp]
    cursors: list[str]
    outlines: list[msgspec.Raw]
    counts: list[msgspec.Raw]


_unpack = msgspec.msgpack.Decoder(_File).decode
_pack = msgspec.msgpack.Encoder().encode


def _check(packed: bytes | memoryview) -> bytes:
    return zlib.crc32(packed).to_bytes(CHECKED)


class Index:
    """The rows of one folder, by the names of its files.

    Parameters
    ----------
    folder
        The folder.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / NAME
        self._changed = False
        self.known: dict[str, Known] = {}
        """What is known of each file."""
        with suppress(OSError, msgspec.MsgspecError, ValueError, RecursionError):
            data = memoryview(self._path.read_bytes())
            packed = data[CHECKED:]
            read = _unpack(packed) if _check(packed) == data[:CHECKED] else None
            if read is not None and read.version == VERSION:
                rows = map(Known, read.stamps, read.cursors, read.outlines, read.counts)
                self.known = dict(zip(read.names, rows, strict=True))

    def put(self, name: str, known: Known) -> None:
        """Learn something of a file."""
        self.known[name] = known
        self._changed = True

    def keep_only(self, names: set[str]) -> None:
        """Forget the files that are gone."""
        for name in self.known.keys() - names:
            del self.known[name]
            self._changed = True

    def save(self) -> None:
        """Write what was learned; where that cannot be done, it is learned again next time."""
        if not self._changed:
            return
        rows = list(self.known.values())
        stamps, cursors, outlines, counts = zip(*rows, strict=True) if rows else ((), (), (), ())
        packed = _pack([VERSION, list(self.known), stamps, cursors, outlines, counts])
        with suppress(OSError):
            write_whole(self._path, [_check(packed), packed], sync=False)
            self._changed = False
