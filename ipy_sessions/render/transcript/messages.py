"""One message, or a summary, as Markdown and as plain text: who speaks, what is known of it, its parts. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from ipy_sessions.ask import begins_turn
from ipy_sessions.entries import Entry
from ipy_sessions.events import Reply
from ipy_sessions.render.markup import Markup, escaped, quoted
from ipy_sessions.render.panels import local
from ipy_sessions.render.parts import SUMMARIES, Part, spent
from ipy_sessions.render.reply import ending
from ipy_sessions.render.tame import tamed
from ipy_sessions.render.transcript.marks import Marks
from ipy_sessions.render.transcript.pieces import asked, beginning, folding, piece


def message(entry: Entry, held: Sequence[Part], marks: Marks, most: int | None) -> Markup | None:
    """Return a message or a summary; ``None`` for what says nothing of its own, as what only brings results.

    Parameters
    ----------
    entry
        The step.
    held
        Its parts.
    marks
        What is known beside.
    most
        Characters of it at most, or a little more; ``None`` for all.
    """
    if entry.type in SUMMARIES:
        return _card(entry, most)
    if entry.type != "message" or not (held or entry.role == "assistant" or begins_turn(entry.fields.get("content"))):
        return None
    body = _put_away(entry) if entry.id in marks.hidden else _said(entry, held, most)
    who, known = _who(entry), _known(entry, marks)
    number = [f"turn {marks.numbers[entry.id]}"] if entry.id in marks.numbers else []
    head = f"**{escaped(who)}**"
    if entry.id in marks.hidden:  # its Markdown may be any, and no pair of tildes holds all of it
        head = f"~~{head}~~"
    when = local(entry.ts)
    title = [f"#### {number[0]}"] if number else []
    small = f"<small>{escaped(' · '.join([when, *known]))}</small>"
    return Markup(
        "\n\n".join([*title, f"{head} {small}", *([body.markdown] if body.markdown else [])]),
        f"[{who}, {' · '.join([when, *number, *known])}]\n{body.plain}",
    )


def _who(entry: Entry) -> str:
    return "you" if entry.role == "user" else str(entry.fields.get("model") or "assistant")


def _known(entry: Entry, marks: Marks) -> list[str]:
    """Return what is known of a message: what it took, how it ended when that was too early, and its marks."""
    if entry.role == "user":
        return marks.of(entry)
    reply = Reply.of(entry)
    ended = ending(reply).replace("`", "") or reply.end or ""
    why = str((reply.error or {}).get("message") or "")
    return [*spent(reply), *([": ".join(filter(None, (ended, why)))] if ended else []), *marks.of(entry)]


def _said(entry: Entry, held: Sequence[Part], most: int | None) -> Markup:
    """Return the parts of a message, as far as there is room."""
    shown: list[Markup] = []
    left = most
    for number, part in enumerate(held):
        if left is not None and left <= 0:
            told = f"… and {len(held) - number:,} more parts"
            shown.append(Markup(told, told))
            break
        one = asked(part, left) if entry.role == "user" else piece(part, left)
        left = None if left is None else left - len(one.markdown)
        shown.append(one)
    return Markup("\n\n".join(one.markdown for one in shown), "\n".join(one.plain for one in shown))


def _put_away(entry: Entry) -> Markup:
    """Return text that opens at a click, shown as it was typed."""
    count = len(entry.text.split())
    words = f"not sent, {count:,} word{'' if count == 1 else 's'}"
    return Markup(folding(words, quoted(entry.text)), "\n".join(f"~ {line}" for line in entry.text.splitlines()))


def _card(entry: Entry, most: int | None) -> Markup:
    text, more = beginning(str(entry.fields.get("summary") or ""), most)
    text = f"{text} …" if more else text
    name = SUMMARIES[entry.type]
    card = "\n".join(f"> {line}".rstrip() for line in [f"**{name}**", "", *tamed(text, apart=False).splitlines()])
    return Markup(card, f"[{name}]\n{text}")
