"""A file that is to be read: its bytes, its JSON records with their lines' numbers, and a first look at them.

It owns how lines are told apart and what a damaged one is. It refuses to know any agent's format.
"""

from __future__ import annotations

import json
from codecs import BOM_UTF8
from collections.abc import Iterator
from functools import cached_property
from itertools import pairwise
from typing import Any, NamedTuple, TypeVar

import msgspec

from ipy_sessions.encoding import whole_characters

LOOK = 20  # records that tell a format
PART = 256 * 1024  # bytes that are decoded at a time
SURROGATE = b"\\ud"

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
        self.data = data.removeprefix(BOM_UTF8)
        self.bad_lines: list[int] = []

    @cached_property
    def beginning(self) -> list[dict[str, Any]]:
        """The first records, for telling the format; empty for a file that holds no JSON."""
        found: list[dict[str, Any]] = []
        for number, line in enumerate(self.lines()):
            if len(found) == LOOK or number == 2 * LOOK:
                break
            if (says := _said(line)) is not None:
                found.append(says)
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
            if (says := _said(line)) is not None:
                yield Record(number, says)
            elif line.strip():
                self.bad_lines.append(number)

    def looks(self, decoder: msgspec.json.Decoder[T]) -> Iterator[tuple[int, T | None]]:
        """Yield where each line begins that holds a JSON object, and what a decoder sees there.

        What the decoder's type does not name is passed over, which takes a third of the time; `record` reads it when it
        is asked for. ``None`` stands for an object with a value that is not of its type. Other lines are as for
        `records`.
        """
        self.bad_lines.clear()
        begin, number, view = 0, 1, memoryview(self.data)
        while begin < len(view):
            last = self.data.rfind(b"\n", begin, begin + PART)
            end = (last if last >= 0 else self.data.find(b"\n", begin + PART)) + 1 or len(view)
            starts = self._starts(begin, end)
            try:
                seen: list[T] = decoder.decode_lines(view[begin:end])
            except (ValueError, RecursionError):
                seen = []
            if len(seen) == len(starts):
                yield from zip(starts, seen, strict=True)
            else:
                yield from self._one_by_one(number, [*starts, end], decoder)
            begin, number = end, number + len(starts)

    def _starts(self, begin: int, end: int) -> list[int]:
        starts: list[int] = []
        while 0 <= begin < end:
            starts.append(begin)
            begin = self.data.find(b"\n", begin, end) + 1 or end
        return starts

    def _one_by_one(
        self, number: int, bounds: list[int], decoder: msgspec.json.Decoder[T]
    ) -> Iterator[tuple[int, T | None]]:
        for line, (begin, end) in enumerate(pairwise(bounds), number):
            data = self.data[begin:end]
            try:
                yield begin, decoder.decode(data)
            except (ValueError, RecursionError):
                if (says := _said(data)) is not None:
                    yield begin, _seen(says, decoder)
                elif data.strip():
                    self.bad_lines.append(line)

    def record(self, begin: int) -> dict[str, Any]:
        """Return what stands on a line that begins where `looks` has said.

        A look passes over what is damaged in a way that a decoder minds; such a line is its own text.
        """
        end = self.data.find(b"\n", begin)
        line = self.data[begin : end if end >= 0 else None]
        says = _said(line)
        return {"line": line.decode("utf-8", "replace")} if says is None else says


def _said(line: bytes) -> dict[str, Any] | None:
    """Return what a line holds; ``None`` for one that holds no JSON object.

    What is no UTF-8, and half of a pair of surrogates, which programs in JavaScript leave where they cut a text inside
    an emoji, becomes U+FFFD: it is no reason to lose what was said around it.
    """
    try:
        return _decode(line)
    except (ValueError, RecursionError):
        if line.isascii() and SURROGATE not in line.lower():
            return None
    try:
        whole = json.dumps(json.loads(line.decode("utf-8", "replace")), ensure_ascii=False)
        return _decode(whole_characters(whole).encode())
    except (ValueError, RecursionError):
        return None


def _seen(says: dict[str, Any], decoder: msgspec.json.Decoder[T]) -> T | None:
    try:
        return decoder.decode(msgspec.json.encode(says))
    except (ValueError, RecursionError):
        return None
