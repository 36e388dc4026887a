r"""The lines of a file that may hold what is looked for, at the speed of the disk.

The file goes through one buffer, a piece at a time, and numpy looks for the sieve's bytes in all of a piece at once. A
line is cut out only when it may be meant, so memory is bounded by the longest line and not by the file. Every line
with a character that was written as ``\uXXXX`` may be meant, but for control characters, which no sieve holds.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from io import FileIO
from typing import TYPE_CHECKING, TypeAlias

from ipy_sessions.searching.sieve import Needed, Sieve, telling, tellings

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Bytes: TypeAlias = npt.NDArray[np.uint8]
    Places: TypeAlias = npt.NDArray[np.intp]
    Flags: TypeAlias = npt.NDArray[np.bool_]

TRIES = 8  # pieces by which the best sieve is known
PIECE = 512 * 1024  # bytes that are looked at together: they and what is worked out of them stay in the cache


class Scanner:
    """Goes over one file after the other through the same buffer.

    Parameters
    ----------
    sieves
        What a line must hold, each of them; the one that lets least through is taken. None for every line.
    needed
        What else it must hold.
    case
        Whether case matters.
    """

    def __init__(self, sieves: Sequence[Sieve], needed: Sequence[Needed] = (), *, case: bool = False) -> None:
        self._finders = [(Finder(sieve), 0) for sieve in sieves]
        self._tries = TRIES
        self._needed, self._case = needed, case
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
        if not self._finders:
            yield from (line for line in bytes(self._buffer[:end]).split(b"\n") if line)
            return
        passed = 0
        for place in self._places(end):
            if place >= passed:
                start = self._buffer.rfind(b"\n", 0, place) + 1
                stop = self._buffer.find(b"\n", place, end)
                passed = end if stop < 0 else stop
                line = bytes(self._buffer[start:passed])
                if self._may_be(line):
                    yield line

    def _places(self, end: int) -> list[int]:
        """Return where a line may be meant, by the best of the sieves, which the first pieces tell."""
        if len(self._finders) == 1 or not self._tries:
            return self._finders[0][0].places(self._buffer, end)
        found = [(finder, count, finder.places(self._buffer, end)) for finder, count in self._finders]
        self._finders = sorted(
            ((finder, count + len(places)) for finder, count, places in found), key=lambda pair: pair[1]
        )
        self._tries -= 1
        return min((places for *_, places in found), key=len)

    def _may_be(self, line: bytes) -> bool:
        lowered = line if self._case else line.lower()
        return all(one.may_be_in(line, lowered) for one in self._needed)


class Finder:
    """Finds where a line may be meant. What is worked out has its room once: asking for it again and again costs more.

    Parameters
    ----------
    sieve
        What is looked for.
    """

    def __init__(self, sieve: Sieve) -> None:
        self._pattern, (self._first, self._second) = sieve.pattern, sieve.anchors
        self._odd = tellings(sieve.oddities)
        self._room = 0

    def places(self, data: bytearray, end: int) -> list[int]:
        """Return where in some lines something stands for which a line may be meant, sorted."""
        import numpy as np

        if end > self._room:
            self._room = len(data)
            self._masked, self._flags, self._others = np.empty((3, self._room), np.uint8)
        read = np.frombuffer(data, np.uint8, end)
        places = [self._stretches(read), self._escapes(read)]
        for byte, oddities in self._odd.items():
            if data.find(byte, 0, end) >= 0:
                places += _odd(read, byte, oddities)
        filled = [some for some in places if len(some)]
        found: list[int] = np.sort(np.concatenate(filled)).tolist() if filled else []
        return found

    def _stretches(self, read: Bytes) -> Places:
        """Return where the stretch begins."""
        import numpy as np

        first, second = self._first, self._second
        count = max(len(read) - len(self._pattern) + 1, 0)
        mask = self._pattern[first].mask
        masked = self._masked_by(read, mask) if mask == self._pattern[second].mask else None  # once for both
        fits = self._fits(read, masked, first, count, self._flags)
        if second != first:
            np.logical_and(fits, self._fits(read, masked, second, count, self._others), out=fits)
        places = _true(fits)
        for place, (mask, value) in enumerate(self._pattern):
            if place not in (first, second) and len(places):
                places = places[(read[places + place] | mask) == value]
        return places

    def _fits(self, read: Bytes, masked: Bytes | None, place: int, count: int, into: Bytes) -> Flags:
        """Tell of each byte whether the pattern may begin there, as far as one place of it goes."""
        import numpy as np

        mask, value = self._pattern[place]
        looked_at = self._masked_by(read, mask) if masked is None else masked
        return np.equal(looked_at[place : place + count], np.uint8(value), out=into[:count].view(np.bool_))

    def _masked_by(self, read: Bytes, mask: int) -> Bytes:
        import numpy as np

        return np.bitwise_or(read, np.uint8(mask), out=self._masked[: len(read)]) if mask else read

    def _escapes(self, read: Bytes) -> Places:
        r"""Return where characters are written as ``\uXXXX``, control characters left out."""
        import numpy as np

        count = max(len(read) - 5, 0)
        fits = np.equal(read[:count], np.uint8(ord("\\")), out=self._flags[:count].view(np.bool_))
        letters = np.equal(read[1 : count + 1], np.uint8(ord("u")), out=self._others[:count].view(np.bool_))
        places = _true(np.logical_and(fits, letters, out=fits))
        if not len(places):
            return places
        control: Flags = (
            (read[places + 2] == ord("0")) & (read[places + 3] == ord("0")) & (read[places + 4] <= ord("1"))
        )
        return places[~control]


def _true(flags: Flags) -> Places:
    """Return the places that are true; mostly there is none."""
    import numpy as np

    found: Places = np.flatnonzero(flags) if flags.any() else np.empty(0, np.intp)
    return found


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
