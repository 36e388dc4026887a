r"""How a shape of secrets is written down, once: what it is and what may still become one both follow from it.

A shape is one of some heads, such as ``ghp_``, and then parts. Each part knows two patterns: that of the whole part,
and that of any beginning of it. From these follow `Shape.pattern`, which finds secrets in a text, and `begun`, which
finds at a text's end what the next piece may complete. What is begun may be too much and is never too little.

Repetitions give nothing back (``{8,}+``), so that no text, however hostile, makes a pattern try it twice.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

BEHIND = 3
"""How many characters before a secret's own can decide whether it is one: `UNGLUED` looks at as many."""

UNGLUED = r"(?:(?<![A-Za-z0-9+].)|(?<=\\[nrt].)|(?<=%[0-9A-Fa-f]{2}.)|(?<=[0-9;\[]m.))"
r"""No letter or digit stands before the last character, but for the end of ``\n``, ``%3D`` or a terminal's colour."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a shape.

    Parameters
    ----------
    whole
        Pattern of the part.
    begun
        Pattern of what it may begin with, the part itself and nothing included.
    """

    whole: str
    begun: str


def run(characters: str, least: int, most: int | None = None) -> Part:
    """Return a part of at least and at most so many of some characters, given as inside brackets."""
    limit = "" if most is None else most
    return Part(f"[{characters}]{{{least},{limit}}}+", f"[{characters}]{{0,{limit}}}+")


def words(*texts: str) -> Part:
    """Return a part that is one of some texts."""
    longest_first = sorted(texts, key=len, reverse=True)
    return Part(f"(?:{'|'.join(map(re.escape, longest_first))})", f"(?:{'|'.join(map(_any_start, longest_first))})?")


def secret(part: Part) -> Part:
    """Return the part as the one that is to be masked; without one it is the whole match."""
    return Part(f"(?P<secret>{part.whole})", part.begun)


def _any_start(text: str) -> str:
    """Return a pattern of the first character of a text, the first two, and so on."""
    start = ""
    for character in reversed(text):
        start = f"{re.escape(character)}(?:{start})?" if start else re.escape(character)
    return start


@dataclass(frozen=True, slots=True)
class Shape:
    """One shape of secrets.

    Parameters
    ----------
    hides
        What such a secret is: ``"API key"``.
    heads
        What it begins with, one of these.
    parts
        What follows.
    unglued
        Whether it is none when it continues a word: ``risk-`` is no beginning of ``sk-``.
    any_case
        Whether capital and small letters are the same.
    """

    hides: str
    heads: tuple[str, ...]
    parts: tuple[Part, ...]
    unglued: bool = False
    any_case: bool = False

    @property
    def pattern(self) -> re.Pattern[str]:
        """What finds it in a text."""
        parts = "".join(part.whole for part in self.parts)
        whole = "|".join(first + self._checked + words(*rest).whole for first, rest in self._tails().items())
        return re.compile(f"(?:{whole}){parts}", re.IGNORECASE if self.any_case else re.NOFLAG)

    def begun(self) -> Iterator[tuple[str, str]]:
        """Yield how such secrets begin, and how they may go on to the end of a text."""
        for first, rest in self._tails().items():
            tail = _begun((words(*rest), *self.parts))
            yield first, self._checked + (f"(?i:{tail})" if self.any_case else tail)

    @property
    def _checked(self) -> str:
        """The check of what stands before the secret, made behind its first character: that is found much faster."""
        return UNGLUED if self.unglued else ""

    def _tails(self) -> dict[str, list[str]]:
        """Return patterns of the heads' first characters, and what follows each."""
        tails: dict[str, list[str]] = {}
        for head in self.heads:
            first = head[0]
            either_case = self.any_case and first.isalpha()
            written = f"[{first.lower()}{first.upper()}]" if either_case else re.escape(first)
            tails.setdefault(written, []).append(head[1:])
        return tails


def begun(shapes: Iterable[Shape]) -> re.Pattern[str]:
    """Return what finds the earliest place of a text from which on all of it may be the beginning of a secret."""
    tails: dict[str, list[str]] = {}
    for shape in shapes:
        for first, tail in shape.begun():
            tails.setdefault(first, []).append(tail)
    return re.compile("|".join(f"{first}(?:{'|'.join(dict.fromkeys(any_of))})" for first, any_of in tails.items()))


def _begun(parts: tuple[Part, ...]) -> str:
    pattern = rf"{parts[-1].begun}\Z"
    for part in reversed(parts[:-1]):
        whole = part.whole.replace("(?P<secret>", "(?:")
        pattern = rf"(?:{whole}{pattern}|{part.begun}\Z)"
    return pattern
