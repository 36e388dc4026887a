"""The piece of a text that is shown of a hit, with what was looked for marked in it. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from ipy_sessions.hit import Piece
from ipy_sessions.searching.folding import Span
from ipy_sessions.searching.query import Match
from ipy_sessions.summary import JOINER

WIDTH, BEFORE = 160, 40  # characters that are shown, and how many of them stand before the first that is meant
TRIED = 200  # places that are tried


def snippet(match: Match) -> tuple[Piece, ...]:
    """Return the part of a text where most of the terms stand near one another, on one line."""
    places = sorted((span, term) for term, spans in enumerate(match.spans) for span in spans[:TRIED])
    first = _best(places)
    start = max(0, first.start - BEFORE)
    end = min(len(match.shown), max(start + WIDTH, min(first.end, start + 2 * WIDTH)))
    start, end = _at_words(match.shown, start, first.start, end)
    pieces = list(_cut(match.shown, start, end, _joined(span for span, _ in places)))
    before, after = "…" if start else "", "…" if end < len(match.shown) else ""
    return tuple(piece for piece in [Piece(before, meant=False), *pieces, Piece(after, meant=False)] if piece.text)


def _best(places: Sequence[tuple[Span, int]]) -> Span:
    """Return the place behind which most terms are shown."""

    def count(at: int) -> int:
        end = places[at][0].start + WIDTH - BEFORE
        terms = set()
        for span, term in places[at : at + TRIED]:
            if span.start >= end:
                break
            terms.add(term)
        return len(terms)

    return places[max(range(min(len(places), TRIED)), key=count)][0]


def _at_words(text: str, start: int, first: int, end: int) -> tuple[int, int]:
    """Return where the words begin and end that stand at the ends, if that is near."""
    if start:
        space = re.search(r"\s", text[start:first])
        start += space.end() if space else 0
    if end < len(text):
        space = re.search(r"\s\S{0,20}\Z", text[start:end])
        end = start + space.start() if space and start + space.start() > first else end
    return start, end


def _joined(spans: Iterable[Span]) -> Iterator[Span]:
    """Yield places that do not overlap."""
    last: Span | None = None
    for span in spans:
        if last is not None and span.start <= last.end:
            last = Span(last.start, max(last.end, span.end))
        else:
            if last is not None:
                yield last
            last = span
    if last is not None:
        yield last


def _cut(text: str, start: int, end: int, spans: Iterable[Span]) -> Iterator[Piece]:
    at = start
    for span in spans:
        if span.end <= start or span.start >= end:
            continue
        begin, stop = max(span.start, at), min(span.end, end)
        yield Piece(_clean(text[at:begin]), meant=False)
        yield Piece(_clean(text[begin:stop]), meant=True)
        at = stop
    yield Piece(_clean(text[at:end]), meant=False)


def _clean(text: str) -> str:
    """Return text on one line; nothing of it moves a cursor or turns a text around."""
    line = re.sub(r"\s+", " ", text.replace("\0", " "))
    return line if line.isprintable() else "".join(sign for sign in line if sign.isprintable() or sign == JOINER)
