"""A file that is to be read: its bytes, its JSON records with their lines' numbers, and a first look at them.

It owns how lines are told apart and what a damaged one is. It refuses to know any agent's format.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any, NamedTuple, TypeVar

import msgspec

LOOK = 20  # records that tell a format
BYTE_ORDER_MARK = b"\xef\xbb\xbf"

T = TypeVar("T")

_decode = msgspec.json.Decoder(dict[str, Any]).decode


class Record(NamedTuple):
    """One line that holds a JSON object.

    Parameters
    ----------
    line
        Its number in the file; the first line is 1.
    says
        What it holds.
    """

    line: int
    says: dict[str, Any]


class Place(msgspec.Struct, frozen=True, gc=False):
    """Where a line stands.

    Parameters
    ----------
    line
        Its number in the file; the first line is 1.
    begin, end
        Where it begins and ends, in bytes.
    """

    line: int
    begin: int
    end: int


class File:
    """The bytes of a file, for a reader.

    Parameters
    ----------
    path
        What it is called: for messages, and where a format has no name of its own for a session.
    data
        All of it.
    """

    def __init__(self, path: str, data: bytes) -> None:
        self.path = path
        self.data = data.removeprefix(BYTE_ORDER_MARK)
        self.bad_lines: list[int] = []

    @cached_property
    def beginning(self) -> list[dict[str, Any]]:
        """The first records, for telling the format; empty for a file that holds no JSON."""
        found: list[dict[str, Any]] = []
        for number, line in enumerate(self.lines()):
            if len(found) == LOOK or number == 2 * LOOK:
                break
            try:
                found.append(_decode(line))
            except (ValueError, RecursionError):
                continue
        return found

    @property
    def text(self) -> str:
        """All of it as text; what is not UTF-8 becomes U+FFFD."""
        return self.data.decode("utf-8", "replace")

    def lines(self) -> Iterator[bytes]:
        """Yield the lines, empty ones included; a line ends at a line feed and nowhere else."""
        start, end = 0, len(self.data)
        while start < end:
            stop = self.data.find(b"\n", start)
            stop = end if stop < 0 else stop
            yield self.data[start:stop]
            start = stop + 1

    def records(self) -> Iterator[Record]:
        """Yield the lines that hold a JSON object; the numbers of those that do not are put into `bad_lines`."""
        self.bad_lines.clear()
        for number, line in enumerate(self.lines(), 1):
            try:
                says = _decode(line)
            except (ValueError, RecursionError):
                if line.strip():
                    self.bad_lines.append(number)
                continue
            yield Record(number, says)

    def looks(self, look: Callable[[memoryview], T]) -> Iterator[tuple[Place, T | None]]:
        """Yield what a decoder of a type sees in each line that holds a JSON object; other lines as `records` does.

        What the type does not name is passed over, which takes a fifth of the time; `record` reads it when it is asked
        for. ``None`` stands for an object with a value that is not of its type.
        """
        self.bad_lines.clear()
        begin = number = 0
        data, size, view = self.data, len(self.data), memoryview(self.data)
        while begin < size:
            end = data.find(b"\n", begin)
            end, number = size if end < 0 else end, number + 1
            place, line = Place(number, begin, end), view[begin:end]
            begin = end + 1
            try:
                seen = look(line)
            except (ValueError, RecursionError):
                if not self._is_object(line):
                    if bytes(line).strip():
                        self.bad_lines.append(number)
                    continue
                yield place, None
            else:
                yield place, seen

    def record(self, place: Place) -> dict[str, Any]:
        """Return what stands at a place that `looks` has named.

        A look passes over what is damaged in a way that a decoder minds; such a line is its own text.
        """
        line = memoryview(self.data)[place.begin : place.end]
        try:
            return _decode(line)
        except (ValueError, RecursionError):
            return {"line": bytes(line).decode("utf-8", "replace")}

    def _is_object(self, line: memoryview) -> bool:
        try:
            _decode(line)
        except (ValueError, RecursionError):
            return False
        return True


@contextmanager
def uncollected() -> Iterator[None]:
    """Look for no circles of garbage while much is read: there are none, and every look goes through all of it."""
    before = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if before:
            gc.enable()
