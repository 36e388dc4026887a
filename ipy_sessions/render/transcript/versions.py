"""What else was asked or answered at the same place, folded below a turn, so that it is read without a kernel. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from ipy_sessions.entries import Entry
from ipy_sessions.render.markup import Markup, quoted, small
from ipy_sessions.render.panels import short
from ipy_sessions.render.transcript.marks import Marks, what
from ipy_sessions.render.transcript.pieces import LONGEST, beginning, folding
from ipy_sessions.turns import Turn

SHOWN = 5  # versions of one turn


def others(question: Entry, marks: Marks) -> Iterator[Markup]:
    """Yield the other versions of a turn, each folded, as it was typed and answered."""
    versions = marks.versions(question)
    count, word = len(versions), what(versions) if versions else ""
    rest = [(number, turn) for number, turn in enumerate(versions, start=1) if turn.id != question.id]
    for number, turn in rest[:SHOWN]:
        head = f"{word} {number} of {count}: turn {turn.number}, {short(turn.question.text)}"
        yield Markup(folding(escape(head), _told(turn)), f"[{head}]")
    if len(rest) > SHOWN:
        more = f"{len(rest) - SHOWN:,} more: %session tree shows them."
        yield Markup(small(more), f"[{more}]")


def other_answers(answer: Entry, marks: Marks) -> Iterator[Markup]:
    """Yield what else was answered to the very question, each folded, as it was written."""
    answers = marks.answers(answer)
    rest = [(number, one) for number, one in enumerate(answers, start=1) if one.id != answer.id]
    for number, one in rest[:SHOWN] if len(rest) < len(answers) else ():
        head = f"answer {number} of {len(answers)}: {short(one.text)}"
        cut, more = beginning(one.text, LONGEST)
        yield Markup(folding(escape(head), quoted(f"{cut} …" if more else cut) or "> "), f"[{head}]")


def _told(turn: Turn) -> str:
    """Return a turn, shown as it was typed and not obeyed: no Markdown of it may end the fold around it."""
    answer = turn.answer
    texts = [turn.question.text, "" if answer is None else answer.text]
    cut = (f"{text} …" if more else text for text, more in (beginning(text, LONGEST) for text in texts))
    asked, said = cut
    go = small(f"`%session switch {turn.number}` goes on there.")
    return "\n\n".join([quoted(asked) or "> ", quoted(said) or "no answer", go])
