"""Texts as they are compared: composed, and without case where it does not matter. Pure.

Composed is Unicode's NFC, so that an umlaut of one character is the same as one of two; without case is Unicode's case
folding, so that ``STRASSE`` finds ``Straße``. Accents are kept: ``cafe`` does not find ``café``.
"""

from __future__ import annotations

from bisect import bisect_right
from functools import cached_property
from itertools import accumulate
from typing import NamedTuple
from unicodedata import normalize


class Span(NamedTuple):
    """Where something stands in a text."""

    start: int
    end: int


def fold(text: str, *, case: bool) -> str:
    """Return a text as it is compared; `case` tells whether case matters."""
    if text.isascii():
        return text if case else text.lower()
    composed = normalize("NFC", text)
    return composed if case else composed.casefold()


class Folded:
    """A text, as it is compared and as it is shown.

    Parameters
    ----------
    text
        The text.
    case
        Whether case matters.
    """

    def __init__(self, text: str, *, case: bool) -> None:
        self.shown = text if text.isascii() else normalize("NFC", text)
        """The text, composed: the places that `span` returns are in it."""
        self.text = self.shown if case else self.shown.casefold()

    def span(self, start: int, end: int) -> Span:
        """Return where in `shown` something stands that was found in `text`; of half a character, the whole."""
        if len(self.text) == len(self.shown):  # folding makes no character shorter
            return Span(start, end)
        return Span(self._place(start), self._place(end - 1) + 1 if end > start else self._place(start))

    def _place(self, at: int) -> int:
        return bisect_right(self._ends, at)

    @cached_property
    def _ends(self) -> list[int]:
        """Where in `text` each character of `shown` ends."""
        return list(accumulate(len(sign.casefold()) for sign in self.shown))
