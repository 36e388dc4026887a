"""Markdown, or a picture, and plain text side by side. Pure: strings in, strings out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

_FENCE = re.compile(r"^ {0,3}(?P<mark>`{3,}|~{3,})(?P<rest>.*)$")
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>|#$~])")

_OBEYED = {
    **{code: 0x2400 + code for code in range(0x20) if chr(code) not in "\t\n"},
    0x7F: 0x2421,
    **dict.fromkeys((*range(0x80, 0xA0), *range(0xD800, 0xE000)), 0xFFFD),
}
"""What a terminal would obey, and what stands for it: the pictures that Unicode has of the old control characters."""


def visible(text: str) -> str:
    """Return text that a terminal shows and does not obey: what was said is data, also where it holds an escape."""
    return text.replace("\r\n", "\n").translate(_OBEYED)


@dataclass(frozen=True, slots=True)
class Markup:
    """Something to show, in both forms.

    Parameters
    ----------
    markdown
        For notebooks.
    plain
        For terminals, and for readers of the saved file that know no Markdown. It is made `visible`.
    about
        The values that it tells of, for programs; see `of`.
    """

    markdown: str
    plain: str
    about: Any = field(default=None, compare=False)

    def of(self, about: Any) -> Self:
        """Return it together with the values that it tells of, which no reader sees."""
        return replace(self, about=about)

    def __post_init__(self) -> None:
        object.__setattr__(self, "plain", visible(self.plain))

    def __repr__(self) -> str:
        return self.plain

    def _repr_markdown_(self) -> str:
        return self.markdown

    @property
    def bundle(self) -> dict[str, str]:
        """The forms by their MIME types."""
        return {"text/markdown": self.markdown, "text/plain": self.plain}


@dataclass(frozen=True, slots=True)
class Picture:
    """Something to show that is drawn.

    Parameters
    ----------
    svg
        For notebooks.
    plain
        For terminals, and for whoever shows no pictures. It is made `visible`.
    """

    svg: str
    plain: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "plain", visible(self.plain))

    def __repr__(self) -> str:
        return self.plain

    def _repr_svg_(self) -> str:
        return self.svg

    @property
    def bundle(self) -> dict[str, str]:
        """The forms by their MIME types; no Markdown, which a notebook would show in the picture's place."""
        return {"image/svg+xml": self.svg, "text/plain": self.plain}


def escaped(text: str, *, keep: bool = False) -> str:
    """Return text on one line that Markdown shows as it is; `keep` leaves its spaces as they are."""
    return _shown(text if keep else " ".join(text.split()))


def _shown(text: str) -> str:
    """Return text whose signs mean nothing; a backslash as a number: two and a bracket begin a formula."""
    return _SPECIAL.sub(lambda sign: "&#92;" if sign[0] == "\\" else f"\\{sign[0]}", text)


def code(text: str) -> str:
    """Return text on one line as inline code, whatever backticks it holds."""
    text = " ".join(text.split())
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * (longest + 1)
    space = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{space}{text}{space}{fence}"


def small(markdown: str) -> str:
    """Return a line in small print."""
    return f"<small>{markdown}</small>"


def quoted(text: str) -> str:
    """Return text as a Markdown quotation, shown line by line as it was typed."""
    lines = map(_shown, text.splitlines())
    return "\n".join(f"> {line}  ".replace(">   ", ">") for line in lines)


def closed(markdown: str) -> str:
    """Return Markdown with its last code fence closed, so that what follows is not taken for code."""
    mark = ""
    for line in markdown.splitlines():
        found = _FENCE.match(line)
        if found is None:
            continue
        if not mark:
            mark = found["mark"]
        elif found["mark"].startswith(mark) and not found["rest"].strip():
            mark = ""
    return f"{markdown}\n{mark}" if mark else markdown


def fenced(lines: Sequence[str], language: str = "") -> str:
    """Return lines as a block of code, whatever fences they hold."""
    longest = max((len(run) for line in lines for run in re.findall(r"`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    return "\n".join([f"{fence}{language}", *lines, fence])


def table(head: Sequence[str], rows: Sequence[Sequence[str | Markup]], *, right: Sequence[int] = ()) -> Markup:
    """Return a table in both forms.

    Parameters
    ----------
    head, rows
        Plain text for every cell, or what has both forms already.
    right
        The columns that stand to the right.
    """
    rule = ["---:" if column in right else "---" for column in range(len(head))]
    marked = [list(map(escaped, head)), rule, *(list(map(_marked, row)) for row in rows)]
    markdown = "\n".join(f"| {' | '.join(row)} |" for row in marked)
    plain = [[cell.plain if isinstance(cell, Markup) else cell for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(head, *plain, strict=True)]

    def line(row: Sequence[str]) -> str:
        cells = (
            cell.rjust(width) if n in right else cell.ljust(width)
            for n, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        return "  ".join(cells).rstrip()

    return Markup(markdown, "\n".join(map(line, [head, *plain])))


def _marked(cell: str | Markup) -> str:
    return cell.markdown if isinstance(cell, Markup) else escaped(cell)
