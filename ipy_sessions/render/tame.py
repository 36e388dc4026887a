r"""Markdown that a notebook may show as it is: nothing in it is obeyed, and nothing loaded. Pure.

A notebook trusts what its own cells show: JupyterLab sanitises none of it, so that a tag in an answer would run. Here
tags become text, addresses that are none of the web's become text, pictures become links, while code keeps its colours
and formulas their signs.

It refuses to trust that two readers of Markdown agree about what is code: only a block at the left edge, written anew
between fences of its own, keeps its tags as they are. Anything else that might be read as a tag is made unreadable as
one, code or not. A backslash would do nothing where another one stands before it: hence the entities.
Addresses without a scheme stay, as those of files beside the notebook.

JupyterLab takes formulas out before it reads the Markdown and puts them into the page afterwards, as they were written:
one that begins in an address would end the attribute with a quote. So none begins there where a quote is near.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from ipy_sessions.render.markup import closed, fenced
from ipy_sessions.render.segments import Segment, segments

BELOW = 4  # levels of headings that are those of the page and of the turn
LONGEST = 100_000  # characters that are read as Markdown

_TAG = re.compile(r"<(?=[A-Za-z/!?])(?!https?://[^\s<>]+>)", re.IGNORECASE)
_ADDRESS = re.compile(r"\](?=[(:][\s>]*<?[^\n<>)]*?[:&])(?![(:][\s>]*<?(?:https?://|mailto:|#))", re.IGNORECASE)
_PICTURE = re.compile(r"!(?=\[)")
_PIECES = re.compile(
    r"(?P<code>(?<!`)(?P<mark>`+)(?!`).+?(?<!`)(?P=mark)(?!`))|(?P<formula>\$\$.+?\$\$|\$[^$\n]+\$)", re.DOTALL
)
_SPECIAL = re.compile(r"[^\w\s]")
_FORMULA = re.compile(r"\$|\\(?=\\[(\[]|begin)", re.IGNORECASE)
_ADDRESSED = re.compile(r"\][(:]|://|www\.|mailto:", re.IGNORECASE)
_INFO = re.compile(r"(`{3,}|~{3,})([^\S\n]*[\w+#.-]*)[^\n]*")  # what stands behind a fence
_EMPTY = re.compile(r"(\n[ \t]*\n)")  # beyond which no formula goes
_APART = "\u200b"  # which nobody sees


def tamed(markdown: str, below: int = BELOW, *, apart: bool = True) -> str:
    """Return Markdown as a notebook may show it; every block of code in it is closed.

    Parameters
    ----------
    markdown
        Whatever was said; what is too long to be prose comes back as one block of code.
    below
        How many levels its headings go down.
    apart
        Whether its empty lines stay so; in a quotation they do not.
    """
    if len(markdown) > LONGEST:
        return fenced(markdown.splitlines(), "text")
    if not below and _is_harmless(markdown):
        return closed(markdown)  # as most answers, many times while they stream
    parts = list(segments(markdown))
    code_behind = [part.kind == "inner code" for part in [*parts[1:], Segment([])]]
    shown = (_tamed(part, below, _Near(not apart, near)) for part, near in zip(parts, code_behind, strict=True))
    return "\n".join(shown).strip("\n")


def _is_harmless(markdown: str) -> bool:
    """Tell whether nothing of a text has to be tamed."""
    if any(sign.search(markdown) for sign in (_TAG, _ADDRESS, _PICTURE)) or _risky(markdown):
        return False
    return not any(_FORMULA.search(info[0]) for info in _INFO.finditer(markdown))


class _Near(NamedTuple):
    """Whether a formula may go on behind each paragraph, and behind the last of a part."""

    each: bool
    last: bool


def _tamed(part: Segment, below: int, near: _Near) -> str:
    if part.kind == "fence":
        return "\n".join(["", fenced(part.lines[1:-1], re.sub(r"[^\w+#.-].*", "", part.language)), ""])
    text = "\n".join(part.lines)
    if part.kind == "inner code":
        text = _INFO.sub(lambda info: info[1] + info[2] if _FORMULA.search(info[0]) else info[0], text)
        return _ADDRESS.sub(f"]{_APART}", _TAG.sub(f"<{_APART}", text))
    if part.kind == "heading":
        return f"\n{'#' * min(6, part.level + below)} {_inline(text, near)}\n"
    return _inline(text, near)


def _inline(text: str, near: _Near) -> str:
    *paragraphs, last = _EMPTY.split(text)
    shown = [_paragraph(one, risky=_risky(one, near=near.each)) for one in paragraphs]
    return "".join([*shown, _paragraph(last, risky=_risky(last, near=near.each or near.last))])


def _risky(text: str, *, near: bool = False) -> bool:
    """Tell whether a formula may begin in an address and hold a quote, or have one near."""
    return ('"' in text or near) and bool(_FORMULA.search(text) and _ADDRESSED.search(text))


def _paragraph(text: str, *, risky: bool) -> str:
    pieces, at = [], 0
    for found in _PIECES.finditer(text):
        pieces.append(_prose(text[at : found.start()]))
        pieces.append(_code(found, risky=risky) if found["code"] else _PICTURE.sub("! ", _TAG.sub("< ", found[0])))
        at = found.end()
    # A link may reach over code or a formula, so addresses are looked for in all of it.
    tame = _ADDRESS.sub(r"]\\", "".join([*pieces, _prose(text[at:])]))
    return _FORMULA.sub(lambda sign: f"&#{ord(sign[0])};", tame) if risky else tame


def _prose(text: str) -> str:
    return _PICTURE.sub("&#33;", _TAG.sub("&lt;", text))


def _code(found: re.Match[str], *, risky: bool) -> str:
    """Return code in a line; where it could be read as anything else, so that no reader can."""
    formula = risky and _FORMULA.search(found[0])
    if not (formula or _TAG.search(found[0]) or _ADDRESS.search(found[0]) or "![" in found[0]):
        return found[0]
    inside = found[0][len(found["mark"]) : -len(found["mark"])].strip().replace("\n", " ")
    return f"<code>{_SPECIAL.sub(lambda sign: f'&#{ord(sign[0])};', inside)}</code>"
