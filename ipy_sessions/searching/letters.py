"""Which characters a text may come from that is composed and folded, as it is compared. Pure.

It owns what Unicode says of that: ``s`` may come from ``S``, a ``k`` from a Kelvin sign, two ``s`` from a ``ß``, an
umlaut from a letter and a mark, and marks from another order of them. It knows no bytes, and is no judge: some of what
it tells would be compared as something else, but nothing that comes to the text is left out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import pairwise
from typing import NamedTuple
from unicodedata import combining, normalize

from ipy_sessions.searching.folding import fold

LAST = 0x2FA20  # behind it no character is folded, composed or taken apart
BLOCK = 128  # characters
MARKS = range(0x300, 0x1E94B)  # before and behind it no character is put into an order
SURROGATES = range(0xD800, 0xE000)


class Origin(NamedTuple):
    """What a stretch of a text may come from.

    Parameters
    ----------
    start, end
        The stretch.
    first
        Characters of which it may be one, or a part of one where the text begins or ends.
    behind
        Characters of which one or more stand behind that one; none where it stands alone.
    """

    start: int
    end: int
    first: frozenset[str]
    behind: frozenset[str] = frozenset()


def without_marks(text: str, *, case: bool) -> str:
    """Return a text from where something begins that cannot be composed with what stands before it."""
    return next((text[at:] for at, sign in enumerate(text) if not _is_mark(sign, case=case)), "")


def origins(text: str, *, case: bool) -> Sequence[Origin]:
    """Return what each stretch of a text may come from; whatever comes to the text is a chain of them.

    Parameters
    ----------
    text
        A text as it is compared, which `without_marks` has cut.
    case
        Whether case matters.
    """
    found = list(_alone(text, case=case))
    starts = [at for at, sign in enumerate(text) if not _is_mark(sign, case=case)]
    for start, end in pairwise([*starts, len(text)]):
        made = [_begun(sign, case=case) for sign in text[start:end]]
        if len(made) > 1 or normalize("NFD", text[start]) != text[start]:
            behind = _marks().union(*made[1:])
            found += [Origin(one.start, end, one.first, behind) for one in found if start < one.end < end]
            found.append(Origin(start, end, made[0], behind))
    return found


def _alone(text: str, *, case: bool) -> Iterator[Origin]:
    """Yield what single characters come to."""
    known = _known(case=case)
    for at, sign in enumerate(text):
        yield Origin(at, at + 1, frozenset({sign, *known.sources.get(sign, ())}))
    held = frozenset(text)
    for folded, signs in known.several.items():
        if held.isdisjoint(folded):
            continue
        for at in range(1 - len(folded), len(text)):
            start, end = max(at, 0), min(at + len(folded), len(text))
            if text[start:end] == folded[start - at : end - at]:
                yield Origin(start, end, frozenset(signs))


class _Known(NamedTuple):
    """What Unicode says.

    Parameters
    ----------
    sources, several
        By what they are compared as, one character and several: the characters that come to it.
    begun
        By the first character that they are made of: those that are made of several.
    seconds
        What stands behind that, and what it is compared as.
    """

    sources: Mapping[str, set[str]]
    several: Mapping[str, set[str]]
    begun: Mapping[str, set[str]]
    seconds: frozenset[str]


@cache
def _known(*, case: bool) -> _Known:
    sources: defaultdict[str, set[str]] = defaultdict(set)
    begun: defaultdict[str, set[str]] = defaultdict(set)
    seconds: set[str] = set()
    for sign in _changing():
        folded, apart = fold(sign, case=case), normalize("NFD", sign)
        if folded != sign:
            sources[folded].add(sign)
        if apart != sign:
            begun[apart[0]].add(sign)
            seconds |= {*apart[1:], *fold(apart[1:], case=case)}
    several = {folded: sources.pop(folded) for folded in [*sources] if len(folded) > 1}
    return _Known(sources, several, begun, frozenset(seconds))


def _changing() -> Iterator[str]:
    """Yield the characters that folding, composing or taking apart changes; most blocks of Unicode have none."""
    for start in range(0, LAST, BLOCK):
        block = "".join(chr(code) for code in range(start, start + BLOCK) if code not in SURROGATES)
        if normalize("NFD", block) != block or block.casefold() != block:
            yield from block


def _begun(sign: str, *, case: bool) -> frozenset[str]:
    """Return the characters with which something may begin that is composed to another one."""
    known, first = _known(case=case), normalize("NFD", sign)[0]
    alike = frozenset({first, *known.sources.get(first, ())})
    return alike.union(*(known.begun.get(one, set()) for one in alike))


def _is_mark(sign: str, *, case: bool) -> bool:
    return bool(combining(sign)) or sign in _known(case=case).seconds


@cache
def _marks() -> frozenset[str]:
    """Return the characters that may be composed with what stands before them, or change places with such."""
    seconds = _known(case=True).seconds
    return seconds | {sign for sign in map(chr, MARKS) if combining(sign)}
