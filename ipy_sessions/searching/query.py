"""What is looked for: words, phrases or a regular expression, and where in a text each of them stands. Pure.

A text is found when it holds every word and every phrase, in any order. A word is found within longer ones, too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import NamedTuple

from ipy_sessions.encoding import whole_characters
from ipy_sessions.errors import CommandError
from ipy_sessions.searching.folding import Folded, Span, fold

_TERM = re.compile(r'"([^"]+)"|(\S+)')

# What a regular expression is made of, as far as needed to know which texts every match holds.
_TOKEN = re.compile(
    r"(?P<gives_up>[(|)]|\\[^bBsSdDwWAZ.\-+*?^$()\[\]{}|/:])"
    r"|(?P<other>\[\^?\]?(?:\\.|[^\]\\])*\]|\\[bBsSdDwWAZ]|[.^$])"
    r"|(?P<quantity>[*?]|\{[^}]*\})|(?P<more>\+)"
    r"|\\?(?P<literal>.)",
    re.DOTALL,
)


class Match(NamedTuple):
    """Where the terms of a query stand in a text.

    Parameters
    ----------
    shown
        The text, composed.
    spans
        For each term the places in `shown`.
    """

    shown: str
    spans: Sequence[Sequence[Span]]


class Query:
    """What is looked for.

    Parameters
    ----------
    what
        Words and ``"quoted phrases"``; or a list of them, each of which is taken as it stands; or, with `regex`, one
        regular expression of Python's `re`.
    regex
        Whether `what` is a regular expression.
    case
        Whether case matters; ``None``: only when a capital was typed.

    Raises
    ------
    CommandError
        When there is nothing to look for, or the regular expression is none.
    """

    def __init__(self, what: str | Sequence[str], *, regex: bool = False, case: bool | None = None) -> None:
        self.terms = _terms(what, regex=regex)
        typed = "".join(self.terms)
        self.regex = regex
        self.case = _has_capital(re.sub(r"\\.", "", typed) if regex else typed) if case is None else case
        if not any(term.strip() for term in self.terms):
            raise CommandError("There is nothing to look for. Type words: `%session search error timeout`.")
        self._patterns = [self._compiled(term) for term in self.terms]

    def match(self, text: str) -> Match | None:
        """Return where every term stands in a text; ``None`` where one of them does not."""
        folded = Folded(text, case=self.case)
        looked_at = folded.shown if self.regex else folded.text
        found: list[list[tuple[int, int]]] = []
        for pattern in self._patterns:
            places = list(_places(pattern, looked_at))
            if not places:
                return None
            found.append(places)
        if self.regex:
            return Match(folded.shown, [[Span(*place) for place in places] for places in found])
        return Match(folded.shown, [[folded.span(*place) for place in places] for places in found])

    def counts(self, text: str) -> tuple[int, ...] | None:
        """Return how often each term stands in a text; ``None`` where one of them does not."""
        looked_at = fold(text, case=self.case or self.regex)
        found = []
        for pattern in self._patterns:
            count = (
                looked_at.count(pattern) if isinstance(pattern, str) else sum(1 for _ in _places(pattern, looked_at))
            )
            if not count:
                return None
            found.append(count)
        return tuple(found)

    @cached_property
    def literals(self) -> Sequence[str]:
        """Texts, as they are compared, that stand in whatever is found; none where that cannot be told."""
        if not self.regex:
            return [part for term in self.terms for part in fold(term, case=self.case).split()]
        parts = [part for term in self.terms for part in _literals(fold(term, case=True))]
        if not self.case:
            parts = [some for part in parts for some in re.split("[iI\u0130\u0131]", part) if some]  # one to `re`
        return [fold(part, case=self.case) for part in parts]

    def _compiled(self, term: str) -> str | re.Pattern[str]:
        if not self.regex:
            parts = fold(term, case=self.case).split()
            return parts[0] if len(parts) == 1 else re.compile(r"\s+".join(map(re.escape, parts)))
        try:
            return re.compile(fold(term, case=True), 0 if self.case else re.IGNORECASE)
        except re.error as error:
            raise CommandError(f"{term!r} is no regular expression: {error}.") from None


def _terms(what: str | Sequence[str], *, regex: bool) -> Sequence[str]:
    what = whole_characters(what) if isinstance(what, str) else [whole_characters(term) for term in what]
    if not isinstance(what, str):
        return [term for term in what if term.strip()]
    return [what] if regex else [phrase or word for phrase, word in _TERM.findall(what) if (phrase or word).strip()]


def _has_capital(text: str) -> bool:
    return any(sign.isupper() or sign.istitle() for sign in text)


def _places(pattern: str | re.Pattern[str], text: str) -> Iterator[tuple[int, int]]:
    """Yield the places of a term, which do not overlap; empty ones are none."""
    if isinstance(pattern, re.Pattern):
        yield from (found.span() for found in pattern.finditer(text) if found[0])
        return
    at = text.find(pattern)
    while at >= 0:
        yield at, at + len(pattern)
        at = text.find(pattern, at + len(pattern))


def _literals(pattern: str) -> Sequence[str]:
    """Return texts that every match of a regular expression holds; none for one with groups or alternatives."""
    found, run = [], ""
    for token in _TOKEN.finditer(pattern):
        kind = token.lastgroup
        if kind == "gives_up":
            return []
        if kind == "literal":
            run += token["literal"]
            continue
        found.append(run[:-1] if kind == "quantity" else run)  # it may stand there no time
        run = ""
    return [part for one in (*found, run) for part in one.split()]
