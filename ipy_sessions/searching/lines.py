r"""The lines of a file that may hold what is looked for, at the speed of the disk.

The file goes through one buffer, a piece at a time, and numpy looks for the sieve's bytes in all of a piece at once. A
line is cut out only when it may be meant, so memory is bounded by the longest line and not by the file. Every line
with a character that was written as ``\uXXXX`` may be meant, but for control characters, which no sieve holds.
"""

from __future__ import annotations

from collections.abc import Iterator
from io import FileIO
from typing import TYPE_CHECKING, TypeAlias

from ipy_sessions.searching.sieve import Sieve, telling, tellings

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Bytes: TypeAlias = npt.NDArray[np.uint8]
    Places: TypeAlias = npt.NDArray[np.intp]
    Flags: TypeAlias = npt.NDArray[np.bool_]

PIECE = 256 * 1024  # bytes that are looked at together: they and what is worked out of them stay in the cache


class Reader:
    """Reads one file after the other through the same buffer.

    Parameters
    ----------
    sieve
        What a line must hold; ``None`` for every line.
    """

    def __init__(self, sieve: Sieve | None) -> None:
        self._sieve = sieve
        self._buffer = bytearray(PIECE)

    def lines(self, path: str) -> Iterator[bytes]:
        """Yield the lines of a file that may be meant, in their order.

        Raises
        ------
        OSError
            When it cannot be read.
        """
        with FileIO(path) as file:
            filled = 0
            while count := self._more(file, filled):
                end = self._buffer.rfind(b"\n", filled, filled + count) + 1
                filled += count
                yield from self._meant(end)
                self._buffer[: filled - end] = self._buffer[end:filled]
                filled -= end
            yield from self._meant(filled)

    def _more(self, file: FileIO, filled: int) -> int:
        if filled == len(self._buffer):
            self._buffer = self._buffer + bytes(filled)  # a longer line: numpy may still look at the old one
        with memoryview(self._buffer) as whole, whole[filled:] as room:
            return file.readinto(room) or 0

    def _meant(self, end: int) -> Iterator[bytes]:
        """Yield the lines of what was read that may be meant."""
        if not end:
            return
        if self._sieve is None:
            yield from (line for line in bytes(self._buffer[:end]).split(b"\n") if line)
            return
        passed = 0
        for place in found(self._buffer, end, self._sieve):
            if place >= passed:
                start = self._buffer.rfind(b"\n", 0, place) + 1
                stop = self._buffer.find(b"\n", place, end)
                passed = end if stop < 0 else stop
                yield bytes(self._buffer[start:passed])


def found(data: bytearray, end: int, sieve: Sieve) -> list[int]:
    """Return where in some lines something stands for which a line may be meant, sorted."""
    import numpy as np

    read = np.frombuffer(data, np.uint8, end)
    places = [_stretches(read, sieve), _escapes(read)]
    for byte, oddities in tellings(sieve.oddities).items():
        if data.find(byte, 0, end) >= 0:
            places += _odd(read, byte, oddities)
    filled = [some for some in places if len(some)]
    return np.sort(np.concatenate(filled)).tolist() if filled else []


def _stretches(read: Bytes, sieve: Sieve) -> Places:
    """Return where the stretch begins."""
    import numpy as np

    room = len(read) - len(sieve.pattern) + 1
    if room <= 0:
        return np.empty(0, np.intp)
    first, second = sieve.anchors
    fits = _fits(read[first : first + room], sieve, first)
    if second != first:
        fits &= _fits(read[second : second + room], sieve, second)
    places = np.flatnonzero(fits)
    for place in range(len(sieve.pattern)):
        if place not in (first, second) and len(places):
            places = places[_fits(read[places + place], sieve, place)]
    return places


def _fits(read: Bytes, sieve: Sieve, place: int) -> Flags:
    mask, value = sieve.pattern[place]
    fits: Flags = (read | mask if mask else read) == value
    return fits


def _escapes(read: Bytes) -> Places:
    r"""Return where characters are written as ``\uXXXX``, control characters left out."""
    import numpy as np

    places: Places = np.flatnonzero((read[:-5] == ord("\\")) & (read[1:-4] == ord("u")))
    if not len(places):
        return places
    control: Flags = (read[places + 2] == ord("0")) & (read[places + 3] == ord("0")) & (read[places + 4] <= ord("1"))
    return places[~control]


def _odd(read: Bytes, byte: int, oddities: list[bytes]) -> Iterator[Places]:
    """Yield where each of some sequences of bytes begins that share the byte which tells most."""
    import numpy as np

    telling_ones = np.flatnonzero(read == byte)
    for oddity in oddities:
        places = telling_ones - telling(oddity)
        places = places[(places >= 0) & (places <= len(read) - len(oddity))]
        for at, wanted in enumerate(oddity):
            places = places[read[places + at] == wanted]
        yield places
