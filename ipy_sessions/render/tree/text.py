"""The tree as text, for terminals: one line a turn, and no indentation but for branches. Pure.

● 1 [1] “My name is Alice”
├─○ 2 [2] “What's my name?”
│ ○ 3 [3] “And yours?”
● 4 [2] “What's my first name?”  ◂ here
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ipy_sessions.render.tree.caption import BEFORE, Caption
from ipy_sessions.render.tree.shape import Row, Shape


def text(shape: Shape, captions: Sequence[Caption], head: str, notes: Sequence[str]) -> str:
    """Return the tree with a sentence above and some below."""
    start = [f"●  ◂ {BEFORE}" if shape.here is None else "●"] if shape.has_start else []
    lines = (line for row, caption in zip(shape.rows, captions, strict=True) for line in _lines(row, caption))
    return "\n".join([head, *start, *lines, *notes])


def _lines(row: Row, caption: Caption) -> Iterator[str]:
    lanes = "│ " * (row.depth - row.branches)
    if row.branches:
        lanes += "├┄" if row.skips else "├─"
    elif row.skips:
        yield f"{lanes}⋮"
    yield f"{lanes}{'●' if row.active else '○'} {_said(caption)}"


def _said(caption: Caption) -> str:
    question = f"~~{caption.question}~~" if caption.hidden else caption.question
    label = f"«{caption.label}»" if caption.label else ""
    words = _joined(" ", (caption.number, caption.cell, question, label))
    marks = ", ".join(caption.marks)
    return _joined("  ", (words, f"◂ {marks}" if caption.here else marks))


def _joined(between: str, words: Iterable[str]) -> str:
    return between.join(filter(None, words))
