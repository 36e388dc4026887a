"""What a picture of a tree says of each turn, and above and below all of them. Pure: values in, words out.

What a question holds is data: what could move a terminal's cursor, turn the direction of a line or break an SVG is
shown as a replacement character.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from unicodedata import east_asian_width

from ipy_sessions.render.parts import cell_of, typed
from ipy_sessions.render.tree.shape import Row, Shape
from ipy_sessions.turns import Turn, Turns
from ipy_sessions.watching import Watch, unwatched, watched

BEGINNING = 56  # columns of a question in its row
LABEL = 24  # columns
WHOLE = 400  # columns of a question, and of an answer, when one looks closer
NAMED = 3  # ids of missing steps that are named
BEFORE = "here, before the first turn"
JOINERS = "\u200c\u200d"  # which hold letters and emoji together


@dataclass(frozen=True, slots=True)
class Caption:
    """What is said of a turn.

    Parameters
    ----------
    number
        Its number.
    cell
        Its cell's number, ``[3]``; empty when that is not known.
    question
        The beginning of its question, in quotes.
    label
        Its label; empty when it has none.
    marks
        What else there is to say: where the conversation stands, how the answer ended, what it is a copy of.
    here
        Whether the conversation stands at it: the first of the marks says so.
    incomplete
        Whether its answer did not come to an end.
    hidden
        Whether it is not sent.
    more
        All of this, and more of the question and its answer.
    """

    number: str
    cell: str
    question: str
    label: str
    marks: tuple[str, ...]
    here: bool
    incomplete: bool
    hidden: bool
    more: str


def captions(shape: Shape, turns: Turns, hidden: Collection[str], watch: Watch = unwatched) -> list[Caption]:
    """Return what is said of each row; `hidden` are the ids of messages that are not sent."""
    labels = turns.labels
    return [_caption(row, shape, turns, labels, hidden) for row in watched(shape.rows, watch, "turns")]


def _caption(row: Row, shape: Shape, turns: Turns, labels: Mapping[str, str], hidden: Collection[str]) -> Caption:
    turn = row.turn
    label, cell, answer = labels.get(turn.id, ""), cell_of(turn.question), turn.answer
    end, copy, unsent = _end(turn), _copy(turn, turns), turn.id in hidden
    where = ("here, within it" if shape.within else "here") if row.here else ""
    marks = tuple(filter(None, (where, end, copy, "hidden" if unsent else "", _dropped(row, turns))))
    named = " ".join(filter(None, (f"Turn {turn.number}", cell, cut(label, WHOLE))))
    said = cut(answer.text, WHOLE) if answer is not None else ""
    about = f"{named} ({', '.join(marks)})" if marks else named
    return Caption(
        str(turn.number),
        cell,
        f"\u201c{cut(typed(turn.question), BEGINNING)}\u201d",
        cut(label, LABEL),
        marks,
        row.here,
        bool(end),
        unsent,
        "\n\n".join(filter(None, (about, cut(typed(turn.question), WHOLE), said))),
    )


def _end(turn: Turn) -> str:
    """Return how an answer that is not complete ended; nothing for one that is."""
    if turn.complete:
        return ""
    if turn.answer is None:
        return "no answer"
    end = turn.answer.fields.get("end")
    return cut(end, LABEL) if isinstance(end, str) and end else "incomplete"


def _copy(turn: Turn, turns: Turns) -> str:
    if turn.original == turn.id:
        return ""
    return f"copy of {turns.at(turn.original).number}" if turn.original in turns else "copy"


def _dropped(row: Row, turns: Turns) -> str:
    if not row.dropped or row.dropped == row.turn.id:
        return "dropped" if row.dropped else ""
    return f"dropped with {turns.at(row.dropped).number}"


def head(shape: Shape, title: str) -> str:
    """Return the sentence above the tree."""
    title, count = cut(title, BEGINNING), shape.count
    if not count and not shape.dropped:
        return f"{title}: nothing was asked yet."
    said = f"{title}: {count:,} turn{'' if count == 1 else 's'}"
    on = f" on {shape.ends:,} branches" if shape.ends > 1 else ""
    if shape.here is None:
        return f"{said}{on}. The conversation stands before the first."
    where = "within" if shape.within else "behind"
    return f"{said}{on}. The conversation stands {where} turn {shape.here.number:,}."


def notes(shape: Shape, missing: Sequence[str]) -> list[str]:
    """Return what stands below the tree: what is not in it, and how to go elsewhere."""
    found = []
    if shape.left_out:
        found.append(f"Left out: {shape.left_out:,} of {shape.count:,} turns. %session tree --all draws all.")
    if shape.dropped:
        turns = "1 turn" if shape.dropped == 1 else f"{shape.dropped:,} turns"
        drawn = any(row.dropped for row in shape.rows)
        more = (
            "%session undrop NUMBER brings one back." if drawn else "%session tree --all draws what was dropped, too."
        )
        found.append(f"Dropped: {turns}. {more}")
    if missing:
        named = ", ".join(cut(one, 36) for one in missing[:NAMED]) + (" …" if len(missing) > NAMED else "")
        steps = "1 step is" if len(missing) == 1 else f"{len(missing):,} steps are"
        found.append(f"{steps} missing, as after a damaged line: {named}. %session verify tells more.")
    if not all(row.active or row.dropped for row in shape.rows):
        found.append("%session switch NUMBER goes on behind another turn.")
    return found


def cut(text: str, most: int) -> str:
    """Return the beginning of a text on one line, at most so many columns wide, and safe to be shown."""
    words = " ".join(text[: 8 * most].split())
    shown = "".join(sign if sign.isprintable() or sign in JOINERS else "\ufffd" for sign in words[: most + 1])
    if columns(shown) <= most and len(shown) == len(words) and len(text) <= 8 * most:
        return shown
    while columns(shown) >= most:
        shown = shown[:-1]
    return f"{shown}…"


def columns(text: str) -> int:
    """Return how many columns of a terminal a text takes, or a few more."""
    return len(text) + sum(east_asian_width(sign) in "WF" for sign in text)
