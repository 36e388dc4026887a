"""The tree as SVG, written as text: escaped, without scripts, links or anything from elsewhere. Pure.

A notebook shows it as an image, which the page's theme does not reach: where the variables of the theme are not known,
the colours are halfway between black and white, so that they can be read on both.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from ipy_sessions.render.tree.caption import BEFORE, Caption, columns
from ipy_sessions.render.tree.shape import Row, Shape

STEP = 20  # pixels from one depth to the next
HIGH = 25  # pixels of a row
TOP = 16  # pixels above the middle of the first line, and below that of the last
LEFT = 14  # pixels to the left of the first depth, and on the right
WIDE = 8  # pixels of a column, at most: bold, in a wide font
DOT = 5  # pixels of a turn's radius
RING = 8  # pixels of the radius of the ring around where the conversation stands
BEND = 8  # pixels of a bend's radius

INK = "var(--jp-content-font-color1, #797979)"
LINE = "var(--jp-content-font-color3, #8c8c8c)"
BLUE = "var(--jp-brand-color1, #2583d8)"
RED = "var(--jp-error-color1, #dc4a42)"
FONT = "var(--jp-ui-font-family, system-ui, -apple-system, 'Segoe UI', Helvetica, Arial, sans-serif)"


def svg(shape: Shape, captions: Sequence[Caption], head: str, notes: Sequence[str]) -> str:
    """Return the tree with a sentence above and some below."""
    rows = list(zip(shape.rows, captions, strict=True))
    turns = [_turn(_y(shape, n), row, caption) for n, (row, caption) in enumerate(rows)]
    below = [_sentence(note, _y(shape, len(rows) + n)) for n, note in enumerate(notes)]
    wide = LEFT + max(
        [_x(row.depth) + _width(caption) for row, caption in rows]
        + [LEFT + columns(sentence) * WIDE for sentence in (head, *notes)]
    )
    high = _y(shape, len(rows) + len(notes) - 1) + TOP
    begin = (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{escape(head)}" width="{wide}" '
        f'height="{high}" viewBox="0 0 {wide} {high}" style="max-width:100%;font:13px {FONT};fill:{INK}">'
    )
    above = _sentence(head, TOP, "font-weight:600")
    return "\n".join([begin, above, *_edges(shape), *_start(shape), *turns, *below, "</svg>"])


def _x(depth: int) -> int:
    return LEFT + depth * STEP


def _y(shape: Shape, row: int) -> int:
    return TOP + HIGH * (row + 1 + shape.has_start)


def _width(caption: Caption) -> int:
    words = (caption.number, caption.cell, caption.question, caption.label, *caption.marks)
    return LEFT + WIDE * sum(columns(word) + 1 for word in words if word)


def _sentence(text: str, y: int, style: str = "") -> str:
    return f'<text x="{LEFT - DOT}" y="{y + 4}" style="{style}">{escape(text)}</text>'


def _edges(shape: Shape) -> Iterator[str]:
    """Draw what leads to each turn; the active branch last, so that it lies above."""
    for active, colour, wide in ((False, LINE, 1.5), (True, BLUE, 2.5)):
        lines = [_edge(shape, n, row) for n, row in enumerate(shape.rows) if row.active is active]
        yield f'<g style="fill:none;stroke:{colour};stroke-width:{wide}">{"".join(lines)}</g>'


def _edge(shape: Shape, n: int, row: Row) -> str:
    x, y, radius = _x(row.depth), _y(shape, n), RING if row.here else DOT
    if row.above is not None:
        top = _y(shape, row.above) + (RING if shape.rows[row.above].here else DOT)
    elif shape.has_start:
        top = _y(shape, -1) + (RING if shape.here is None else DOT)
    elif row.skips:
        top = y - HIGH + DOT
    else:
        return ""
    way = f"V{y - BEND}q0 {BEND} {BEND} {BEND}H{x - radius}" if row.branches else f"V{y - radius}"
    dashed = ' stroke-dasharray="2 4"' if row.skips else ""
    return f'<path d="M{x - STEP * row.branches} {top}{way}"{dashed}/>'


def _start(shape: Shape) -> Iterator[str]:
    """Draw the place before the first turn."""
    if shape.has_start:
        y, here = _y(shape, -1), shape.here is None
        yield f"<g>{_dot(0, y, BLUE, filled=True, ringed=here)}"
        yield f"{_line(0, y, _span(f'◂ {BEFORE}' if here else '', BLUE, bold=True))}</g>"


def _turn(y: int, row: Row, caption: Caption) -> str:
    colour = RED if caption.incomplete else BLUE if row.active else LINE
    dot = _dot(row.depth, y, colour, filled=row.active, ringed=row.here)
    marks = list(caption.marks)
    here = f"◂ {marks.pop(0)}" if caption.here else ""
    spans = [
        _span(caption.number, INK, bold=row.active),
        _span(caption.cell, INK),
        _span(caption.question, INK, bold=row.active, struck=caption.hidden),
        _span(f"«{caption.label}»" if caption.label else "", BLUE, bold=True),
        _span(here, BLUE, bold=True),
        _span(", ".join(marks), RED if caption.incomplete else INK),
    ]
    # What a widget reads of it (`widgets/tree.js`).
    told = f'data-turn="{row.turn.number}" data-label="{escape(caption.label)}"'
    told += ' data-hidden=""' if caption.hidden else ""
    told += ' data-here=""' if row.here else ""
    return f"<g {told}><title>{escape(caption.more)}</title>{dot}{_line(row.depth, y, *spans)}</g>"


def _dot(depth: int, y: int, colour: str, *, filled: bool, ringed: bool = False) -> str:
    x = _x(depth)
    inner = f'<circle cx="{x}" cy="{y}" r="{DOT - 1}" style="fill:{colour if filled else "none"};stroke:{colour}"/>'
    return f'{inner}<circle cx="{x}" cy="{y}" r="{RING}" style="fill:none;stroke:{colour}"/>' if ringed else inner


def _line(depth: int, y: int, *spans: str) -> str:
    return f'<text x="{_x(depth) + LEFT}" y="{y + 4}">{" ".join(filter(None, spans))}</text>'


def _span(text: str, colour: str, *, bold: bool = False, struck: bool = False) -> str:
    if not text:
        return ""
    weight = ";font-weight:600" if bold else ""
    line = ";text-decoration:line-through" if struck else ""
    # Letters that run from right to left stay among themselves.
    return f'<tspan style="fill:{colour}{weight}{line};unicode-bidi:isolate">{escape(text)}</tspan>'
