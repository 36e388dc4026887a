r"""What a line must hold to be worth decoding, as patterns of bytes that Hyperscan finds. Pure.

Each text that stands in whatever a query finds is a pattern: its characters, as they may be written in JSON. One of
them that is written as ``\uXXXX``, as our encoder writes control characters alone, stands for the whole text. It owns
that too many lines are let through and never too few; what is found is decided on decoded text.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from itertools import pairwise
from json import dumps
from typing import TYPE_CHECKING, TypeAlias

from ipy_sessions.searching.letters import Origin, origins, without_marks
from ipy_sessions.searching.query import Query

if TYPE_CHECKING:
    import hyperscan

LONGEST = 32  # characters of a text that are looked for
MOST = 16  # texts
EXACT = 4  # characters that may come from one another in many ways, each of which is a pattern

Test: TypeAlias = Callable[[bytes | memoryview], bool]


class Sieve:
    """Tells lines that may be meant from those that cannot be.

    Parameters
    ----------
    query
        What is looked for; ``None`` for a sieve that every line passes.
    """

    def __init__(self, query: Query | None) -> None:
        self._databases = [] if query is None else list(_databases(query))

    def test(self) -> Test:
        """Return what tells of some bytes whether each of the texts may stand in them; one for each thread.

        A text that stands in them is mostly found at once, and the first one that does not is the last: so what is
        asked for costs one look over all the bytes, whichever of the texts is rare.
        """
        finders = [_finder(database) for database in self._databases]
        return lambda lines: all(finds(lines) for finds in finders)


def _finder(database: hyperscan.Database) -> Test:
    import hyperscan

    scan, scratch = database.scan, hyperscan.Scratch(database)

    def finds(lines: bytes | memoryview) -> bool:
        found: list[int] = []
        scan(lines, lambda number, *_: found.append(number), scratch=scratch)  # type: ignore[type-var] # any bytes
        return bool(found)

    return finds


def _databases(query: Query) -> Iterator[hyperscan.Database]:
    """Yield what finds each of the texts, the longest first: it may be the rarest."""
    for text in sorted({text[:LONGEST] for text in query.literals}, key=len, reverse=True)[:MOST]:
        database = _compiled(text, case=query.case)
        if database is not None:
            yield database


def _compiled(text: str, *, case: bool) -> hyperscan.Database | None:
    """Return what finds a text, or a beginning of it where all of it is too much; ``None`` where it cannot be told."""
    import hyperscan

    while pattern := pattern_of(text, case=case):
        database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
        try:
            database.compile(expressions=[pattern], flags=[hyperscan.HS_FLAG_SINGLEMATCH])
        except hyperscan.error:
            text = text[: len(text) // 2]
        else:
            return database
    return None


def pattern_of(text: str, *, case: bool) -> bytes:
    """Return a pattern that stands in whichever line holds a text; none for one that cannot be looked for.

    Parameters
    ----------
    text
        A text as it is compared.
    case
        Whether case matters.
    """
    text = without_marks(text.partition("\0")[0], case=case)  # a NUL stands between passages, and in no line
    if not text:
        return b""
    chain = origins(text, case=case)
    crossed = {at for one in chain for at in range(one.start + 1, one.end)}
    cuts = [at for at in range(len(text) + 1) if at not in crossed]
    plain = b"".join(_between(chain, start, end) for start, end in pairwise(cuts))
    return plain + b"|" + _escaped(set().union(*(one.first | one.behind for one in chain)))


def _between(chain: Sequence[Origin], start: int, end: int) -> bytes:
    """Return a pattern of whatever comes to a stretch of a text; where that is much, of more."""
    if start == end:
        return b""
    if end - start > EXACT:
        return b"(?:%b)+" % _either(_written(one) for one in chain if start <= one.start < end)
    return _either(_written(one) + _between(chain, one.end, end) for one in chain if one.start == start)


def _written(origin: Origin) -> bytes:
    first = one_of({form for sign in origin.first for form in _forms(sign)})
    if not origin.behind:
        return first
    begins = {sign.encode()[:-1] for sign in origin.behind}  # a mark is told well enough without its last byte
    return first + rb"(?:%b[\x80-\xbf])+" % one_of(begins)


def _forms(sign: str) -> list[bytes]:
    """Return how JSON writes a character that it need not write by its number."""
    form = dumps(sign, ensure_ascii=False)[1:-1].encode()
    return [form, b"\\/"] if sign == "/" else [form]


def _escaped(signs: Iterable[str]) -> bytes:
    r"""Return a pattern of some characters as ``\uXXXX``, and of their neighbours."""
    numbers = {sign.encode("utf-16-be")[:2].hex()[:3].encode() for sign in signs}
    return rb"\\u(?i:" + one_of(numbers) + b")"


def one_of(sequences: Collection[bytes]) -> bytes:
    """Return a pattern of some sequences of bytes; none of them is the beginning of another."""
    tails: defaultdict[int, set[bytes]] = defaultdict(set)
    for sequence in sequences:
        tails[sequence[0]].add(sequence[1:])
    heads: defaultdict[frozenset[bytes], list[int]] = defaultdict(list)
    for head, some in sorted(tails.items()):
        heads[frozenset(some)].append(head)
    return _either(_class(some) + (b"" if rest == {b""} else one_of(rest)) for rest, some in heads.items())


def _class(some: Sequence[int]) -> bytes:
    signs = b"".join(b"\\x%02x" % byte for byte in some)
    return signs if len(some) == 1 else b"[" + signs + b"]"


def _either(patterns: Iterable[bytes]) -> bytes:
    different = list(dict.fromkeys(patterns))
    return different[0] if len(different) == 1 else b"(?:" + b"|".join(different) + b")"
