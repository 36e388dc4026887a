"""Which hit comes first. Pure.

The measure is BM25 (Robertson and Zaragoza, 2009) over messages: how often each term stands in one, with ever less gain
from one more, and less in a long message than in a short one. Its third part, that rare terms count more, makes no
difference here, since whatever is found holds every term. Of equals the later comes first.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ipy_sessions.readers.transcript import Transcript

K1, B = 1.2, 0.75  # the usual ones


class Found(NamedTuple):
    """A message that was found, as far as it matters for ranking it, and where it is.

    Parameters
    ----------
    source
        The file, or the conversation that was read from one.
    session, entry
        The session's id and the message's.
    ts
        When it was written.
    counts
        How often each term stands in it.
    length
        Characters of what was looked at.
    """

    source: str | Transcript
    session: str
    entry: str
    ts: str
    counts: tuple[int, ...]
    length: int


def ranked(found: Sequence[Found]) -> list[tuple[Found, float]]:
    """Return what was found with its score, the best first."""
    average = sum(one.length for one in found) / max(len(found), 1)
    scored = [(one, score(one, average)) for one in found]
    return sorted(scored, key=lambda pair: (round(pair[1], 6), pair[0].ts), reverse=True)


def score(found: Found, average: float) -> float:
    """Return how well a message fits; `average` is the length of all that were found."""
    norm = K1 * (1 - B + B * found.length / max(average, 1))
    return sum(count * (K1 + 1) / (count + norm) for count in found.counts)
