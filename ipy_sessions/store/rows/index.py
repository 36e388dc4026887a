"""What is known of a folder's files from the last time: their rows, kept in ``.index``.

It is disposable: missing, old, newer, damaged or of another machine, it is made again from the files, which are the
truth. A row is believed as long as its file has the same inode, size and time of change.

Ten thousand rows are read while somebody waits. So the file has two parts: in front, what is compared and sorted; then
the rows' halves, which are read and unpacked when somebody looks at one. And the row that is read is the very row that
is listed.
"""

from __future__ import annotations

import os
import struct
import weakref
import zlib
from contextlib import suppress
from functools import cached_property
from io import FileIO
from itertools import accumulate
from operator import attrgetter
from pathlib import Path
from typing import Any

import msgspec

from ipy_sessions.counting import count, make_outline
from ipy_sessions.errors import NotASessionError
from ipy_sessions.store.reading import FLAGS, read
from ipy_sessions.store.rows.outlines import read_outline
from ipy_sessions.store.whole import write_whole
from ipy_sessions.summary import Counts, Outline, SessionInfo, cursor

NAME = ".index"
BEGIN = b"ipy_sessions index 3\n"  # and then the size of the first part, and its checksum
NUMBER = 4  # bytes of each of these
PLACE = struct.Struct("<II")  # for each row the bytes of its halves, and their checksum
UNREAD = -1  # in the place of the number of a row's halves: they were not read yet
NO_PLACE = bytes(PLACE.size)
LONG = 16 * 1024 * 1024  # bytes of a file that nobody wants to count twice


class Known(SessionInfo, array_like=True, eq=False, gc=False):
    """The row of one file, and what the file was like.

    Parameters
    ----------
    inode, changed
        With the size, what tells that the file is as it was; the time of its change is in nanoseconds.
    home
        Where the file is.
    """

    _half: int  # which of those in the second part, until it is asked for
    _counts: None
    inode: int
    changed: int
    home: Any = None

    @property
    def file(self) -> str:
        """The name of its file."""
        return self._file

    @property
    def path(self) -> Path:
        """Its file."""
        return Path(self.home.folder, self._file)

    @property
    def filename(self) -> str:
        """The same as text."""
        return f"{self.home.folder}/{self._file}"

    @property
    def outline(self) -> Outline:
        """What the beginning and the end of the file tell."""
        return self._line

    @property
    def _line(self) -> Outline:
        half: Any = self._half
        if isinstance(half, int):
            try:
                half, counts = self.home.halves(self._file, half)
            except (OSError, NotASessionError):  # deleted, or spoiled, after it was listed
                half, counts = lost(self.cursor), None
            self._half, self._counts = half, counts
        line: Outline = half
        return line

    @property
    def _sums(self) -> Counts:
        if isinstance(self._half, int):
            _ = self._line  # which brings what was counted before
        counts: Any = self._counts
        if counts is None:
            counts = self.home.count(self._file)
            self._counts = counts
            self.home.counted(self)
        sums: Counts = counts
        return sums

    def first(self, number: int) -> tuple[object, ...]:
        """Return what of it stands in the first part; its halves are those of that number in the second."""
        return self._file, self.cursor, self.size, self.archived, number, None, self.inode, self.changed

    def packed(self) -> bytes:
        """Return its halves as they stand in the index."""
        half: Any = self._half
        kept: bytes | None = self.home.packed(half) if isinstance(half, int) else None
        return _pack((self._line, self._counts)) if kept is None else kept


_pack = msgspec.msgpack.Encoder().encode
_read_rows = msgspec.msgpack.Decoder(list[Known]).decode
_read_halves = msgspec.msgpack.Decoder(tuple[Outline, Counts | None]).decode


def lost(place: str) -> Outline:
    """Return the outline of a session that is not there any more, when somebody looks at a row of it."""
    modified, _, session_id = place.partition(" ")
    return make_outline(
        session_id, modified, {}, first_message="", model=None, modified=modified, interrupted=False
    )  # fmt: skip


class Index:
    """The rows of one folder, by the names of its files.

    Parameters
    ----------
    folder
        The folder.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / NAME
        self._home = _Home(self, folder)
        self._changed = False
        self.known: dict[str, Known] = {}
        """What is known of each file."""
        with suppress(OSError, msgspec.MsgspecError, ValueError, RecursionError):
            self._home.begin, rows = _first_part(self._path)
            self._home.rows = len(rows)
            for row in rows:
                row.home = self._home
                self.known[row._file] = row  # noqa: SLF001 - a property would take half as long as all of this

    def put(self, name: str, status: os.stat_result, line: Outline) -> Known:
        """Learn what a file tells; return its row."""
        half: Any = line
        row = Known(
            name, cursor(line.modified, line.id), status.st_size, line.archived, half, None,
            status.st_ino, status.st_mtime_ns, home=self._home,
        )  # fmt: skip
        self.known[name] = row
        self._changed = True
        return row

    def put_glanced(self, name: str, status: os.stat_result, seen: str) -> Known:
        """Learn a file's place in the list alone; return its row, whose halves are read when they are asked for."""
        half: Any = UNREAD
        row = Known(name, seen, status.st_size, False, half, None, status.st_ino, status.st_mtime_ns, home=self._home)
        self.known[name] = row
        self._changed = True
        return row

    def learned(self) -> None:
        """Know that a row was read, which is worth being kept."""
        self._changed = True

    def counted(self, row: Known) -> None:
        """Learn that the lines of a file were counted."""
        if self.known.get(row.file) is row:
            self._changed = True
            if row.size > LONG:
                self.save()  # what took that long is kept also when the kernel is killed

    def keep_only(self, names: set[str]) -> None:
        """Forget the files that are gone."""
        for name in self.known.keys() - names:
            del self.known[name]
            self._changed = True

    def save(self) -> None:
        """Write what was learned; where that cannot be done, it is learned again next time."""
        if not self._changed:
            return
        rows = sorted(self.known.values(), key=attrgetter("cursor"), reverse=True)  # as they are listed
        first = _pack([row.first(number) for number, row in enumerate(rows)])
        halves = [row.packed() if row._half != UNREAD else b"" for row in rows]  # noqa: SLF001 - as in `__init__`
        table = b"".join([PLACE.pack(len(half), zlib.crc32(half)) if half else NO_PLACE for half in halves])
        with suppress(OSError):
            write_whole(self._path, [_begin(first), first, table, *halves], sync=False)
            self._changed = False


def _first_part(path: Path) -> tuple[bytes, list[Known]]:
    """Return how an index begins, and its rows without their halves; of a damaged one, or another, none."""
    with FileIO(path) as file:
        begin = file.read(len(BEGIN) + 2 * NUMBER)
        first = file.read(_size(begin))
    return begin, _read_rows(first) if begin == _begin(first) else []


def _second_part(path: Path, begin: bytes, rows: int) -> list[tuple[memoryview, int]]:
    """Return the halves of an index, each with its checksum; none when another has taken its place."""
    with FileIO(path) as file:
        if file.read(len(begin)) != begin:
            return []
        file.seek(_size(begin), os.SEEK_CUR)
        table, halves = file.read(rows * PLACE.size), memoryview(file.read())
    sizes, checks = zip(*PLACE.iter_unpack(table), strict=True)
    return [
        (halves[end - size : end], check) for size, end, check in zip(sizes, accumulate(sizes), checks, strict=True)
    ]


def _begin(first: bytes) -> bytes:
    return BEGIN + len(first).to_bytes(NUMBER) + zlib.crc32(first).to_bytes(NUMBER)


def _size(begin: bytes) -> int:
    """Return the size of the first part; of what is no index, nothing."""
    return int.from_bytes(begin[len(BEGIN) : -NUMBER]) if begin.startswith(BEGIN) else 0


class _Home:
    """The folder of some rows, as long as one of them is kept. It holds no index: that holds the rows."""

    def __init__(self, index: Index, folder: Path) -> None:
        self.folder = folder
        self.begin = b""
        self.rows = 0
        self._index = weakref.ref(index)

    @cached_property
    def _second(self) -> list[tuple[memoryview, int]]:
        with suppress(OSError, ValueError, struct.error):
            return _second_part(self.folder / NAME, self.begin, self.rows)
        return []

    def packed(self, number: int) -> bytes | None:
        """Return the halves of a row; ``None`` when they were damaged, or another kernel has written another index."""
        packed, check = self._second[number] if 0 <= number < len(self._second) else (b"", 0)
        return bytes(packed) if packed and zlib.crc32(packed) == check else None

    def halves(self, file: str, number: int) -> tuple[Outline, Counts | None]:
        """Return the halves of a row, unpacked; those that are not there are read from its file."""
        packed = self.packed(number)
        if packed is not None:
            return _read_halves(packed)
        if (index := self._index()) is not None:
            index.learned()
        fd = os.open(self.folder / file, FLAGS)
        try:
            return read_outline(fd, os.fstat(fd).st_size, file), None
        finally:
            os.close(fd)

    def count(self, file: str) -> Counts:
        """Return what every line of a file adds to."""
        _, tree, bad_lines, _ = read(self.folder / file)
        return count(tree, (line.number for line in bad_lines))

    def counted(self, row: Known) -> None:
        """Keep a row that was counted, where that is still wanted."""
        index = self._index()
        if index is not None:
            index.counted(row)
