"""What a search has found, as a table. Pure: values in, `Markup` out. What was said is data, and shown as it is."""

from __future__ import annotations

from collections.abc import Sequence

from ipy_sessions.hit import Hit, Piece
from ipy_sessions.render.markup import Markup, escaped, table
from ipy_sessions.render.panels import line, local, stacked

HEAD = ("#", "session", "turn", "who", "when", "what was said")


def found(
    hits: Sequence[Hit], total: int, sessions: int, numbers: Sequence[int | str | None] | None = None, *notes: str
) -> Markup:
    """Return hits as a table, with how many there are in all.

    Parameters
    ----------
    hits
        Those that are shown, the best first.
    total, sessions
        How many messages were found, and in how many sessions.
    numbers
        By which number, or end of its id, each hit's session can be meant; ``None`` for one that has none, or where
        none has.
    notes
        What else is said.
    """
    told = [None] * len(hits) if numbers is None else numbers
    rows = [("" if number is None else str(number), *_row(hit)) for hit, number in zip(hits, told, strict=True)]
    head = ("id" if any(isinstance(number, str) for number in told) else HEAD[0], *HEAD[1:])
    shown = table(head, rows, right=(0, 2)) if numbers is not None else table(HEAD[1:], [row[1:] for row in rows])
    return stacked(
        [
            shown if rows else Markup("", ""),
            line(_count(len(hits), total, sessions)),
            *_ways(hits, told),
            *map(line, notes),
        ]
    )


def command(hit: Hit, ref: int | str) -> str:
    """Return what shows a hit's turn."""
    return f"%session show {ref}" + ("" if hit.turn is None else f" --turn {hit.turn}")


def _row(hit: Hit) -> tuple[str | Markup, ...]:
    turn = "" if hit.turn is None else str(hit.turn)
    return hit.title, turn, _who(hit), local(hit.ts), _marked(hit.pieces)


def _who(hit: Hit) -> str:
    of = f" of {hit.tool}" if hit.tool else ""
    return {"text": hit.role, "thinking": "thinking"}.get(hit.kind, f"{hit.kind}{of}")


def _marked(pieces: Sequence[Piece]) -> Markup:
    """Return a snippet; asterisks would mark nothing between some signs, so what is meant stands in tags."""
    marked = "".join(f"<b>{_text(piece)}</b>" if piece.meant else _text(piece) for piece in pieces)
    return Markup(marked, "".join(f"«{piece.text}»" if piece.meant else piece.text for piece in pieces))


def _text(piece: Piece) -> str:
    return escaped(piece.text.replace("&", "&amp;"), keep=True)


def _count(shown: int, total: int, sessions: int) -> str:
    if not total:
        return "Nothing was found."
    where = f"in {sessions:,} session{'' if sessions == 1 else 's'}"
    count = f"{total:,} message{'' if total == 1 else 's'} {where}"
    return f"{count}." if shown == total else f"{count}; the best {shown:,} are shown, `--limit` shows more."


def _ways(hits: Sequence[Hit], numbers: Sequence[int | str | None]) -> list[Markup]:
    """Return the sentence that says how to go on from the first hit."""
    for hit, number in zip(hits, numbers, strict=True):
        if number is not None:
            row = "the first row" if isinstance(number, str) else f"row {number}"
            shows = f"`{command(hit, number)}` shows the turn of {row}"
            return [line(f"{shows}, `%session open {number}` goes on with its session.")]
    return []
