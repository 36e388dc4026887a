"""The lines of a session's file, read once for what every line has, and again for the rest when somebody asks.

A file up to `IN_MEMORY` is kept as the bytes that it is. A larger one stays on disk and is read piece by piece: what
is in memory then are the entries' heads and the longest line, whatever the size of the file. Either is decoded piece by
piece, and line by line only a piece that holds a line which is no entry.
"""

from __future__ import annotations

import os
import weakref
from bisect import bisect_right
from collections import deque
from collections.abc import Iterable, Iterator
from io import BytesIO, FileIO
from typing import Any, NamedTuple

from msgspec.structs import force_setattr

from ipy_sessions.encoding import decode, decode_damaged, decode_many
from ipy_sessions.entries import Entry, Header
from ipy_sessions.errors import LogLostError

IN_MEMORY = 64 * 1024 * 1024  # bytes; of a larger file the lines stay on disk
SHARED = 512 * 1024 * 1024  # bytes; the entries of a larger file share equal texts, which takes a fifth longer
NEWLINE, BLANK = 0x0A, 0x20
PIECE = 4 * 1024 * 1024  # bytes that are read at a time from a larger file
PART = 256 * 1024  # bytes that are decoded at a time of what is in memory


class Fault(NamedTuple):
    """A line that could not be read.

    Parameters
    ----------
    offset
        Where it begins, in bytes.
    reason
        What is wrong with it, in a few words.
    """

    offset: int
    reason: str


class _Stretch(NamedTuple):
    """Whole lines somewhere in some bytes of the file, which are not copied: a line may be as long as a film."""

    data: bytes | bytearray
    """The bytes, which hold more."""
    offset: int
    """Where in the file they begin."""
    begin: int
    end: int
    """Where in them the lines begin and end."""


class _Piece(NamedTuple):
    """Some whole lines of the file: where they are, and the number of the first entry among them."""

    offset: int
    size: int
    first: int
    starts: list[int] | None
    """Where in the file each entry's line begins, in a piece that holds other lines, too; else ``None``."""


class _Loaded(NamedTuple):
    """A piece whose lines can be looked up: bytes of the file, where in it they begin, where in them each line does."""

    piece: int
    offset: int
    data: bytes
    starts: list[int]


class Lines:
    """The lines of one file behind its header.

    Parameters
    ----------
    file
        The file, open for reading without a buffer. Of a large one the descriptor is kept.
    size
        Bytes of it that are read; what is appended later is not.
    """

    def __init__(self, file: FileIO | BytesIO, size: int) -> None:
        self._file = file
        self._fd: int | None = None
        self._size = size
        self._whole = b""
        self._pieces: list[_Piece] = []
        self._ids: list[str] = []
        self._numbers: dict[str, int] = {}
        self._loaded: _Loaded | None = None
        self.whole = 0
        """Where the last line break was, and behind it the file's end or a line that is not whole."""

    @classmethod
    def of(cls, data: bytes) -> Lines:
        """Return the lines that some bytes hold."""
        return cls(BytesIO(data), len(data))

    def read(self, offset: int) -> tuple[list[Entry], list[Fault]]:
        """Read every line from `offset` on, once.

        Returns
        -------
        entries, faults
            Both in the order of the file; of two entries with one id the first is read.
        """
        entries: list[Entry] = []
        faults: list[Fault] = []
        self.whole = offset
        for one in self._read_pieces(offset):
            self.whole = one.offset + _end_of_lines(one)
            found, starts, bad = _entries(one)
            if self._size > SHARED:
                _share(found)
            self._pieces.append(_Piece(one.offset + one.begin, one.end - one.begin, len(entries), starts))
            entries += found
            faults += bad
        self._ids = [entry.id for entry in entries]
        for entry in entries:
            if entry.held is None:
                force_setattr(entry, "held", self)
        if len(set(self._ids)) < len(self._ids):
            entries, doubled = self._without_doubles(entries)
            faults = sorted(faults + doubled)
        return entries, faults

    def fields(self, entry_id: str) -> dict[str, Any]:
        """Return the fields of one entry.

        Raises
        ------
        LogLostError
            When the file was changed, so that its line is not there any more.
        """
        if not self._numbers:  # the first of two with one id
            self._numbers = dict(zip(reversed(self._ids), range(len(self._ids) - 1, -1, -1), strict=True))
        (_, _, data, _), start = self._find(self._numbers[entry_id])
        end = data.find(b"\n", start)
        entry = _whole(memoryview(data)[start : end if end >= 0 else len(data)])
        if not isinstance(entry, Entry) or entry.id != entry_id:
            raise LogLostError("The session's file was changed while it was open: a line of it is not there any more.")
        return entry.fields

    def line_numbers(self, offsets: Iterable[int]) -> list[int]:
        """Return the numbers of the lines that begin at some offsets, in their order; the header's is 1."""
        wanted, numbers, number = deque(offsets), [], 2
        for index, piece in enumerate(self._pieces):
            if not wanted:
                break
            end = piece.offset + piece.size
            offset, data = self._bytes_of(index)
            at = piece.offset
            while wanted and wanted[0] < end:
                number += data.count(b"\n", at - offset, wanted[0] - offset)
                at = wanted.popleft()
                numbers.append(number)
            number += data.count(b"\n", at - offset, end - offset)
        return numbers

    def _without_doubles(self, entries: list[Entry]) -> tuple[list[Entry], list[Fault]]:
        seen: set[str] = set()
        kept, doubled = [], []
        for number, entry in enumerate(entries):
            if entry.id in seen:
                loaded, start = self._find(number)
                doubled.append(Fault(loaded.offset + start, f"the id {entry.id} is in the log already"))
            else:
                seen.add(entry.id)
                kept.append(entry)
        return kept, doubled

    def _find(self, number: int) -> tuple[_Loaded, int]:
        """Return the piece that holds an entry, and where in its data the entry's line begins."""
        index = bisect_right(self._pieces, number, key=lambda piece: piece.first) - 1
        loaded = self._loaded
        if loaded is None or loaded.piece != index:
            loaded = self._loaded = self._load(index)
        place = number - self._pieces[index].first
        return loaded, loaded.starts[place] if place < len(loaded.starts) else len(loaded.data)

    def _load(self, index: int) -> _Loaded:
        piece = self._pieces[index]
        offset, data = self._bytes_of(index)
        if piece.starts is not None:
            return _Loaded(index, offset, data, [start - offset for start in piece.starts])
        begin = piece.offset - offset
        return _Loaded(index, offset, data, _starts(data, begin, min(begin + piece.size, len(data))))

    def _bytes_of(self, index: int) -> tuple[int, bytes]:
        """Return where in the file some bytes begin that hold a piece, and those."""
        if self._fd is None:
            return self._pieces[0].offset, self._whole
        piece = self._pieces[index]
        return piece.offset, os.pread(self._fd, piece.size, piece.offset)

    def _read_pieces(self, offset: int) -> Iterator[_Stretch]:
        self._file.seek(offset)
        if self._size > IN_MEMORY and isinstance(self._file, FileIO):
            self._fd = os.dup(self._file.fileno())
            weakref.finalize(self, os.close, self._fd)
            yield from _large_pieces(self._file, offset, self._size)
        else:
            self._whole = self._file.read(self._size - offset)
            yield from _parts(self._whole, offset)


def _parts(data: bytes, offset: int) -> Iterator[_Stretch]:
    """Yield whole lines, and at last what is behind them."""
    begin, size = 0, len(data)
    while begin < size:
        end = data.rfind(b"\n", begin, begin + PART) + 1 or data.find(b"\n", begin + PART) + 1 or size
        yield _Stretch(data, offset, begin, end)
        begin = end


def _large_pieces(file: FileIO, offset: int, size: int) -> Iterator[_Stretch]:
    """Yield whole lines, always in the same buffer, which grows to hold the longest of them."""
    buffer = bytearray(PIECE)
    filled = 0
    while offset + filled < size:
        if filled == len(buffer):
            buffer.extend(bytes(filled))
        room = min(len(buffer), size - offset) - filled
        count = file.readinto(memoryview(buffer)[filled : filled + room])
        if not count:
            break
        end = buffer.rfind(b"\n", filled, filled + count) + 1
        filled += count
        if end:
            yield _Stretch(buffer, offset, 0, end)
            buffer[: filled - end] = buffer[end:filled]
            offset, filled = offset + end, filled - end
    if filled:
        yield _Stretch(buffer, offset, 0, filled)


def _end_of_lines(one: _Stretch) -> int:
    """Return where in the bytes the last line break is passed."""
    return (
        one.end if one.data[one.end - 1] == NEWLINE else max(one.begin, one.data.rfind(b"\n", one.begin, one.end) + 1)
    )


def _entries(one: _Stretch) -> tuple[list[Entry], list[int] | None, list[Fault]]:
    """Read whole lines, in bulk when every one of them is an entry.

    Returns
    -------
    entries, starts, faults
        `starts` is ``None`` after the bulk.
    """
    with memoryview(one.data) as data:
        try:
            with data[one.begin : one.end] as lines:
                return decode_many(lines), None, []
        except ValueError:
            return _one_by_one(one, data)


def _one_by_one(one: _Stretch, data: memoryview) -> tuple[list[Entry], list[int] | None, list[Fault]]:
    entries: list[Entry] = []
    starts: list[int] = []
    faults: list[Fault] = []
    for start in _starts(one.data, one.begin, one.end):
        end = one.data.find(b"\n", start, one.end)
        with data[start : end if end >= 0 else one.end] as line:
            try:
                entry = _one(line)
            except ValueError as error:
                faults.append(Fault(one.offset + start, str(error)))
            else:
                entries.append(entry)
                starts.append(one.offset + start)
    return entries, starts, faults


def _one(line: memoryview) -> Entry:
    try:
        (entry,) = decode_many(line)
    except ValueError:
        read = decode(line)
        if isinstance(read, Header):
            raise ValueError("a second header") from None  # noqa: TRY004 - one kind of error for one kind of fault
        entry = read
    return entry


def _whole(line: memoryview) -> Entry | Header | None:
    for read in (decode, decode_damaged):
        try:
            return read(line)
        except ValueError:
            continue
    return None


def _starts(data: bytes | bytearray, start: int, size: int) -> list[int]:
    """Return where each line begins, from `start` to `size`, that is not empty."""
    starts = []
    while start < size:
        end = data.find(b"\n", start, size)
        end = size if end < 0 else end
        if end > start and (data[start] > BLANK or data[start:end].strip()):
            starts.append(start)
        start = end + 1
    return starts


def _share(entries: list[Entry]) -> None:
    """Make equal texts one, where half a million entries would have each their own."""
    known: dict[str | None, str] = {}
    before = ""
    for entry in entries:
        for name in ("type", "session", "line_role"):
            text = getattr(entry, name)
            if text is not None:
                force_setattr(entry, name, known.setdefault(text, text))
        if entry.parent_id == before:
            force_setattr(entry, "parent_id", before)
        before = entry.id
