"""What is said of an ask that was not asked, or is asked elsewhere than at the end. Pure: values in, `Markup` out."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from ipy_sessions.ask import Ask
from ipy_sessions.identifiers import moment
from ipy_sessions.render.markup import Markup
from ipy_sessions.render.panels import line, short
from ipy_sessions.replay import Branch, Replay
from ipy_sessions.turns import Turn, Turns

NAMED = 5  # turns that are named one by one


def said(replay: Replay, take: int, last: Markup) -> Markup:
    """Return the last line of a logged answer: that it is one, and with which take it is asked anew."""
    turn = replay.turn
    again = f"`--take {take}` asks again"
    aside = "; a command of a cell below has left it behind, and what follows does not see it" if replay.aside else ""
    first = line(f"replayed from {day(turn)}; {again}{aside}")
    return Markup(f"{first.markdown}\n\n{last.markdown}", f"{first.plain}\n{last.plain}")


def day(turn: Turn) -> str:
    """Return when a turn was answered, as one would say it: ``3 March``, with the year when that is another."""
    entry = turn.answer or turn.question
    try:
        when = moment(entry.ts).astimezone()
    except ValueError:
        return "an unknown day"
    now = datetime.now(UTC).astimezone()
    if when.date() == now.date():
        return f"{when:%H:%M}"
    return f"{when.day} {when:%B}" + ("" if when.year == now.year else f" {when.year}")


def branching(branch: Branch, ask: Ask, turns: Turns) -> Markup:
    """Return what is said before a branch costs anything: why, what is on the other branch then, how to go back."""
    over = branch.over
    if over.ask.says_as(ask):
        why = f"Turn {over.number} was not answered to its end, so it is asked again, as a sibling."
    elif over.ask.text == ask.text:
        why = f"This cell's options are others than at turn {over.number}, so the conversation branches before it."
    else:
        why = f"This cell has changed since turn {over.number}, so the conversation branches before it."
    some = len(branch.carried)
    carried = f" {_turns(some)} of the cells above {'comes' if some == 1 else 'come'} along." if some else ""
    left = branch.left
    if not left:
        return line(why + carried)
    named = ", ".join(called(turns.at(question)) for question in left[:NAMED]) + (", …" if len(left) > NAMED else "")
    one = len(left) == 1
    last = turns.at(left[-1]).number
    return line(
        f"{why}{carried} {_turns(len(left))} {'is' if one else 'are'} on the other branch now: {named}. Running "
        f"{'its cell' if one else 'their cells'} asks again. To go back: undo the edit and run this cell, or "
        f"`%session switch {last}`."
    )


def called(turn: Turn) -> str:
    """Return how to call a turn: its cell's number as it was then, and the beginning of what it asked."""
    number = turn.question.fields.get("execution_count")
    where = f"[{number}] " if isinstance(number, int) else ""
    return f"{where}{short(turn.ask.text, 30)}"


def _turns(count: int) -> str:
    return f"{count} turn{'' if count == 1 else 's'}"


def refusal(ask: Ask, near: Turn | None, why_not: str) -> str:
    """Return the sentences for an ask that may not be asked, with what is logged in its place line by line.

    Parameters
    ----------
    ask
        What was to be asked.
    near
        What is logged there, or is most like it.
    why_not
        Where the setting comes from that forbids to ask.
    """
    how = "Set `replay` to 'auto' to record it: `%config IPySessions.replay = 'auto'`, or IPY_SESSIONS_REPLAY=auto."
    if near is None:
        return f"Nothing is logged for this ask ({why_not}), and no model was asked. {how}"
    if near.ask.says_as(ask):
        return f"Turn {near.number} asks this and was not answered to its end ({why_not}); nothing was asked. {how}"
    changes = _changes(_lines(near.ask), _lines(ask), f"turn {near.number}, as it is logged")
    return "\n".join([f"This ask is not logged ({why_not}), and no model was asked.", *changes, how])


def _changes(then: Sequence[str], now: Sequence[str], where: str) -> Iterator[str]:
    """Yield what differs; an option begins with ``--``, so a space stands between it and the sign."""
    before, after = [f" {text}" for text in then], [f" {text}" for text in now]
    for number, text in enumerate(difflib.unified_diff(before, after, where, "this cell", lineterm="", n=2)):
        if not text.startswith("@@"):
            yield text
        elif number > 2:  # noqa: PLR2004 - behind the two names and the first place
            yield "  …"


def _lines(ask: Ask) -> list[str]:
    options = [f"--{name.replace('_', '-')} {value}" for name, value in sorted(ask.options.items())]
    take = [f"--take {ask.take}"] if ask.take > 1 else []
    return [*options, *take, *ask.text.splitlines()]
