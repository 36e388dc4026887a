"""What a line must hold to be worth decoding: one stretch of bytes that is as rare as can be. Pure.

It is chosen from the texts that stand in whatever a query finds; the rest is decided on decoded text.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import prod
from typing import NamedTuple

from ipy_sessions.searching.letters import Byte, letter
from ipy_sessions.searching.query import Query

LONGEST = 24  # bytes
COMMON = b' eatoinsrh0123456789ld"cumfpgwyb,-:_.vkxjqz'  # bytes of transcripts, from the most common on
LINE = 2000  # bytes of a line, as far as the guess goes
PASS, DECODING = 0.06, 2.5  # nanoseconds a byte, to look for an oddity and to decode a line
MOST = 4  # sieves that are tried
LUCK = 10  # how much likelier the letters of a word stand together than chance has it


class Sieve(NamedTuple):
    """A stretch of bytes, and what a line may hold in its place.

    Parameters
    ----------
    pattern
        The bytes, one after the other.
    oddities
        Bytes for which a line is decoded as well.
    """

    pattern: tuple[Byte, ...]
    oddities: frozenset[bytes]

    @property
    def anchors(self) -> tuple[int, int]:
        """The places of its two rarest bytes, the rarest first; the same one twice where there is but one."""
        ranked = sorted(range(len(self.pattern)), key=lambda place: _share(self.pattern[place]))
        return ranked[0], ranked[:2][-1]

    @property
    def cost(self) -> float:
        """What it costs to look for it and to decode what it lets through, as far as can be guessed."""
        through = min(1.0, LINE * LUCK * prod(map(_share, self.pattern)))
        return PASS * len(tellings(self.oddities)) + DECODING * through


def sieves_of(query: Query) -> Sequence[Sieve]:
    """Return a sieve for each text that is looked for, the best by what can be guessed first; none without a text."""
    found = [list(_sieves(literal, case=query.case)) for literal in query.literals]
    best = [min(some, key=lambda sieve: sieve.cost) for some in found if some]
    return sorted(best, key=lambda sieve: sieve.cost)[:MOST]


class Needed(NamedTuple):
    """Bytes that a line holds in which something is found.

    Parameters
    ----------
    written
        ASCII, in small letters when case does not matter.
    tellings
        Bytes of which one stands in the line where it is written in another way.
    """

    written: bytes
    tellings: frozenset[int]

    def may_be_in(self, line: bytes, lowered: bytes) -> bool:
        """Tell whether a line may hold it; `lowered` is the line as it is compared."""
        return self.written in lowered or b"\\u" in line or any(byte in line for byte in self.tellings)


def needed(query: Query) -> Sequence[Needed]:
    """Return what a line holds in which something is found: more than a sieve can look for at once."""
    found: list[Needed] = []
    for literal in query.literals:
        run: list[str] = []
        for sign in (*literal, "\0"):
            if sign.isascii() and letter(sign, case=query.case) is not None:
                run.append(sign)
            elif run:
                odd = frozenset(one for part in run for one in _oddities(part, case=query.case))
                found.append(Needed("".join(run).encode(), frozenset(tellings(odd))))
                run = []
    return found


def _oddities(sign: str, *, case: bool) -> frozenset[bytes]:
    known = letter(sign, case=case)
    return frozenset() if known is None else known.oddities


def _sieves(literal: str, *, case: bool) -> Iterator[Sieve]:
    """Yield the stretches of a text that can be looked for."""
    letters = [letter(sign, case=case) for sign in literal]
    for start in range(len(letters)):
        pattern: tuple[Byte, ...] = ()
        oddities: frozenset[bytes] = frozenset()
        for one in letters[start : start + LONGEST]:
            if one is None:
                break
            pattern, oddities = pattern + one.pattern, oddities | one.oddities
            yield Sieve(pattern, oddities)


def tellings(oddities: Iterable[bytes]) -> Mapping[int, list[bytes]]:
    """Return some oddities by the byte that tells most of each."""
    found: defaultdict[int, list[bytes]] = defaultdict(list)
    for oddity in oddities:
        found[oddity[telling(oddity)]].append(oddity)
    return found


def telling(sequence: bytes) -> int:
    """Return the place of the byte that tells most: Latin letters share their first, all others their first few."""
    return 1 if len(sequence) > 2 or sequence[0] < 0xC8 else 0  # noqa: PLR2004 - two bytes; from U+0200 on


def _share(byte: Byte) -> float:
    """Return how much of a transcript a byte is, as far as can be guessed."""
    place = COMMON.find(bytes([byte.value]).lower())
    return 0.08 * 0.92 ** (place if place >= 0 else len(COMMON))
