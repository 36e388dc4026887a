"""A text of Markdown cut into its prose and its blocks of code, as CommonMark tells them apart."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

_FENCE = re.compile(r"^(?P<indent> *)(?:(?P<ticks>`{3,})(?P<info>[^`]*)|(?P<tildes>~{3,})(?P<rest>.*))$")
_LINE_END = re.compile(r"\r\n|\n|\r")
INSIDE_A_LIST = 4  # spaces before a fence


class Segment(NamedTuple):
    """A part of a text.

    Parameters
    ----------
    lines
        Its lines; those of a block with its fences, the last one added where it was left open.
    language
        The first word behind the fence, in lower case; ``None`` for prose.
    indent
        Spaces before the fence.
    """

    lines: Sequence[str]
    language: str | None = None
    indent: int = 0

    @property
    def code(self) -> str:
        """What stands between the fences."""
        return "\n".join(self.lines[1:-1])


def lines_of(text: str) -> list[str]:
    """Return the lines of a text."""
    return _LINE_END.split(text)


def segments(text: str) -> Iterator[Segment]:
    """Yield the parts of a text in their order."""
    fence: re.Match[str] | None = None
    lines: list[str] = []
    for line in lines_of(text):
        if fence is not None and _leaves(line, fence):
            yield _block(lines, fence)
            fence, lines = None, []
        found = _FENCE.match(line)
        if fence is None and found:
            if lines:
                yield Segment(lines)
            fence, lines = found, [line]
        elif fence is not None and found and _closes(found, fence):
            yield Segment([*lines, line], _language(fence), len(fence["indent"]))
            fence, lines = None, []
        else:
            lines.append(line)
    if fence is not None:
        yield _block(lines, fence)
    elif lines:
        yield Segment(lines)


def _mark(fence: re.Match[str]) -> str:
    return fence["ticks"] or fence["tildes"]


def _closes(line: re.Match[str], fence: re.Match[str]) -> bool:
    said = line["info"] if line["ticks"] else line["rest"]
    return _mark(line).startswith(_mark(fence)) and not said.strip()


def _leaves(line: str, fence: re.Match[str]) -> bool:
    """Tell whether a line stands outside of the list that a fence stands in, and ends its block."""
    indent = len(fence["indent"])
    return indent >= INSIDE_A_LIST and bool(line.strip()) and len(line) - len(line.lstrip()) < indent


def _block(lines: list[str], fence: re.Match[str]) -> Segment:
    """Return a block that was left open, closed."""
    return Segment([*lines, fence["indent"] + _mark(fence)], _language(fence), len(fence["indent"]))


def _language(fence: re.Match[str]) -> str:
    words = (fence["info"] if fence["ticks"] else fence["rest"]).replace("{", " ").replace("}", " ").split()
    return words[0].lower().lstrip(".") if words else ""
