"""Looking through texts for secrets, beside one search for the head of a single shape.

Reported and no gate: what it costs is felt in an append, which has one. Ordinary text has no landmark of a secret, so
that each of these is the price of looking for all of them. The last text has a secret in every line.
"""

from __future__ import annotations

import timeit
from collections.abc import Callable
from pathlib import Path

from figures import Figure

import ipy_sessions
from ipy_sessions.store.masking import Mask, StreamMask

LENGTH = 20_000
ROUNDS = 200
PIECE = 8  # characters of a delta


def masking() -> list[Figure]:
    """Mask words, code and a file of keys, whole and in pieces."""
    sources = Path(ipy_sessions.__file__).parent.glob("*.py")
    texts = {
        "words": "Some words of a message. " * (LENGTH // 25),
        "code": "".join(source.read_text() for source in sorted(sources))[:LENGTH],
        "keys": ("key = " + "ghp_" + "a1B2" * 9 + "\n") * (LENGTH // 47),
    }
    return [figure for name, text in texts.items() for figure in _figures(name, text)]


def _figures(name: str, text: str) -> list[Figure]:
    mask = Mask({})
    floor = _time(lambda: "sk-ant-" in text, text)
    whole, streamed = _time(lambda: mask(text), text), _time(lambda: _stream(mask, text), text, rounds=5)
    return [
        Figure(f"masking, a kB of {len(text):,} characters of {name}", whole, floor, "us", "ours", None),
        Figure(f"masking, a kB of {name} in pieces of {PIECE}", streamed, floor, "us", "ours", None),
    ]


def _stream(mask: Mask, text: str) -> str:
    stream = StreamMask(mask)
    return "".join(stream.take(text[at : at + PIECE]) for at in range(0, len(text), PIECE)) + stream.rest()


def _time(step: Callable[[], object], text: str, rounds: int = ROUNDS) -> float:
    """Return the microseconds that a step takes for a kB of the text, at best."""
    return min(timeit.repeat(step, number=rounds, repeat=7)) / rounds * 1e6 / (len(text) / 1000)
