"""Masks a text that arrives in pieces, so that it can be shown while it streams.

What may be the beginning of a secret waits for the next piece, and whatever was shown stays as it was shown. What is
shown in the end is what `Mask` makes of the whole text, however it was cut; three limits keep the waiting bounded:

- a private key of which no end comes waits for `LONGEST_BLOCK` characters, and is then masked as one that was cut off;
- of a secret that goes on for longer than `LONGEST` characters the middle is forgotten: its mask says the same;
- what the user's own patterns may match cannot be told from its beginning, so with any of them the last `WINDOW`
  characters wait, always. A longer match is seen in time only if what has come of it by then matches, too; one that
  goes on waits until it ends.
"""

from __future__ import annotations

from ipy_sessions.store.masking.grammar import BEHIND
from ipy_sessions.store.masking.mask import Mask, Span, covered, matches
from ipy_sessions.store.masking.shapes import any_begun

WINDOW = 200
LONGEST = 10_000
KEPT_FIRST = 6000  # more than the parts of a shape that come before its last one can have
KEPT_LAST = 1000


class StreamMask:
    """Masks a text that comes in pieces: what may be the beginning of a secret waits for the next piece.

    Parameters
    ----------
    mask
        What masks whole texts.
    """

    def __init__(self, mask: Mask) -> None:
        self._mask = mask
        self._begun = any_begun()
        self._held = ""
        self._behind = ""  # the last characters that were settled: what stands before a secret may decide on it

    def take(self, piece: str) -> str:
        """Return what of the text can be shown now."""
        begin = len(self._behind)
        text = self._behind + self._held + piece
        spans = self._mask.spans(text, begin)
        cut = self._settled(text, begin, spans)
        held = text[cut:]
        if len(held) > LONGEST and any(_goes_on(span, cut, len(text)) for span in spans):
            held = held[:KEPT_FIRST] + held[-KEPT_LAST:]
        self._behind, self._held = text[max(0, cut - BEHIND) : cut], held
        return covered(text, spans, begin, cut) if spans else text[begin:cut]

    def rest(self) -> str:
        """Return what was held back, at the end of the text."""
        begin, text = len(self._behind), self._behind + self._held
        self._behind = self._held = ""
        return covered(text, self._mask.spans(text, begin), begin, len(text))

    def _settled(self, text: str, begin: int, spans: list[Span]) -> int:
        """Return up to where the text is what it is, whatever comes next."""
        begun = self._begun.search(text, begin)
        cut = begun.start() if begun else len(text)
        cut = self._before_values(text, begin, cut)
        if self._mask.patterns:
            cut = self._before_patterns(text, begin, cut)
        for span in sorted(spans, reverse=True):
            if span.start < cut < span.end:
                cut = span.start
        return cut

    def _before_values(self, text: str, begin: int, cut: int) -> int:
        """Return where the beginning of a credential's value stands at the end of the text, or `cut`."""
        for value, _ in self._mask.values:
            at = text.find(value[0], max(begin, len(text) - len(value) + 1), cut)
            while at >= 0:
                if value.startswith(text[at:]):
                    cut = at
                    break
                at = text.find(value[0], at + 1, cut)
        return cut

    def _before_patterns(self, text: str, begin: int, cut: int) -> int:
        """Return where something begins that the user's patterns may yet match, or `cut`."""
        cut = min(cut, max(begin, len(text) - WINDOW))
        for pattern in self._mask.patterns:
            for span in matches(pattern, "", text, begin):
                if span.end == len(text):
                    cut = min(cut, span.start)
        return cut


def _goes_on(span: Span, cut: int, end: int) -> bool:
    """Tell whether a secret begins where a text is held back and goes on to its end."""
    return span.start == cut and span.first < cut + KEPT_FIRST and span.last == end
