"""A text of Markdown cut into its prose and its blocks of code, as CommonMark tells them apart.

HTML is read as text here, which is what it becomes in a document: so a tag that is left open hides nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

_LINE_END = re.compile(r"\r\n|\n|\r")
CODE = ("fence", "code_block")


class Segment(NamedTuple):
    """A part of a text.

    Parameters
    ----------
    lines
        Its lines.
    kind
        ``"prose"``; ``"heading"``; ``"fence"``, a block of code with fences that are closed; ``"inner code"``, one that
        stands in a list or a quotation, or is indented, as it is.
    language
        The first word behind a fence, in lower case.
    level
        That of a heading, from 1.
    """

    lines: Sequence[str]
    kind: str = "prose"
    language: str = ""
    level: int = 0

    @property
    def code(self) -> str:
        """What stands between the fences."""
        return "\n".join(self.lines[1:-1])


def lines_of(text: str) -> list[str]:
    """Return the lines of a text."""
    return _LINE_END.split(text)


def segments(text: str) -> Iterator[Segment]:
    """Yield the parts of a text in their order."""
    lines = lines_of(text)
    at = 0
    for start, end, segment in _marked(lines):
        if start < at:
            continue  # it is part of what was yielded
        if at < start:
            yield Segment(lines[at:start])
        yield segment
        at = end
    if at < len(lines):
        yield Segment(lines[at:])


def _marked(lines: Sequence[str]) -> Iterator[tuple[int, int, Segment]]:
    """Yield what is no prose, with the numbers of its first line and of the line behind it."""
    tokens = _parser().parse("\n".join(lines))
    for number, token in enumerate(tokens):
        if token.map is None:
            continue
        start, end = token.map
        if token.type == "heading_open" and token.level == 0:
            words = " ".join(lines_of(tokens[number + 1].content))
            yield start, end, Segment([words], "heading", level=int(token.tag[1:]))
        elif token.type == "fence" and token.level == 0:
            yield start, end, _fence(token)
        elif token.type in CODE:
            yield start, end, Segment(lines[start:end], "inner code")


def _fence(token: Token) -> Segment:
    """Return a block with its fences, the last one also where it was left out."""
    words = re.split(r"[\s{},.]+", token.info.strip(" {."))
    inside = token.content.removesuffix("\n").split("\n") if token.content else []
    return Segment([token.markup + token.info, *inside, token.markup], "fence", words[0].lower())


@cache
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark", {"html": False})
