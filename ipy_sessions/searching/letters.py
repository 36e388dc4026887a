r"""How a character of a text, as it is compared, may stand in the bytes of a line. Pure.

In JSON a character is its UTF-8, but for quotes, backslashes, slashes and control characters, which may be escaped, and
for what a writer has put as ``\uXXXX``, which `lines` looks for by itself. When texts are composed and case is no
matter, several characters are the same one: ``s`` may be ``S``, a Kelvin sign is a ``k``, and ``ß`` holds two ``s``.
What has as many bytes as the character itself is one pattern of bytes with it; anything else is an oddity, and a line
with an oddity is decoded, whatever else it holds.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from typing import NamedTuple
from unicodedata import combining, normalize

from ipy_sessions.searching.folding import fold

LAST = 0x2FA20  # behind it no character is folded, composed or decomposed
BLOCK = 128  # characters
SURROGATES = range(0xD800, 0xE000)
ESCAPED = frozenset('"\\/\x7f')
MOST_ODDITIES = 16
DOTLESS = {"i": {"\u0131"}}  # the same for a regular expression without case


class Byte(NamedTuple):
    """What a byte may be: one that is `value` when the bits of `mask` are set in it."""

    mask: int
    value: int


class Letter(NamedTuple):
    """How a character may stand in a line.

    Parameters
    ----------
    pattern
        Its bytes.
    oddities
        What else it may be, or be made of, or a part of.
    """

    pattern: tuple[Byte, ...]
    oddities: frozenset[bytes]


@cache
def letter(sign: str, *, case: bool) -> Letter | None:
    """Return how a character may stand in a line; ``None`` for one that cannot be looked for.

    Parameters
    ----------
    sign
        A character of a text as it is compared.
    case
        Whether case matters.
    """
    known = _known(case=case)
    if sign < " " or sign in ESCAPED or combining(sign) or sign in known.seconds:
        return None
    others = known.sources.get(sign, set()) | (set() if case else DOTLESS.get(sign, set()))
    itself = sign.encode()
    alike = [other for other in others if fold(other, case=case) == sign and len(other.encode()) == len(itself)]
    odd = {other.encode() for other in others.difference(alike)}
    if not sign.isascii():
        odd |= {mark.encode() for one in (sign, *others) for mark in _marks(one, known)}
    if len(odd) > MOST_ODDITIES:
        return None
    return Letter(_pattern([itself, *(other.encode() for other in alike)]), frozenset(odd))


class _Known(NamedTuple):
    """What Unicode says.

    Parameters
    ----------
    sources
        For each character of a compared text, others that it may come from.
    seconds
        For each character that stands behind the first when another one is taken apart: those that begin with it.
    """

    sources: Mapping[str, set[str]]
    seconds: Mapping[str, set[str]]


@cache
def _known(*, case: bool) -> _Known:
    sources: defaultdict[str, set[str]] = defaultdict(set)
    seconds: defaultdict[str, set[str]] = defaultdict(set)
    begins: defaultdict[str, set[str]] = defaultdict(set)
    for sign in _changing():
        folded = fold(sign, case=case)
        if folded != sign:
            for part in folded:
                sources[part].add(sign)
        apart = normalize("NFD", sign)
        if apart != sign:
            begins[apart[0]].add(sign)
        for part in apart[1:]:
            seconds[part].add(part)
    for part, others in seconds.items():
        others.update(begins[part])
    return _Known(sources, seconds)


def _changing() -> Iterator[str]:
    """Yield the characters that folding, composing or taking apart changes; most blocks of Unicode have none."""
    for start in range(0, LAST, BLOCK):
        block = "".join(chr(code) for code in range(start, start + BLOCK) if code not in SURROGATES)
        if normalize("NFD", block) != block or block.casefold() != block:
            yield from block


def _marks(sign: str, known: _Known) -> set[str]:
    """Return what a text may hold where it holds a character that is made of several."""
    apart = normalize("NFD", sign)[1:]
    return {mark for part in apart for mark in known.seconds.get(part, {part})}


def _pattern(forms: list[bytes]) -> tuple[Byte, ...]:
    """Return one pattern that has all of some forms, which are of one length, and maybe others."""
    pattern = []
    for some in zip(*forms, strict=True):
        mask = 0
        for byte in some:
            mask |= byte ^ some[0]
        pattern.append(Byte(mask, some[0] | mask))
    return tuple(pattern)
