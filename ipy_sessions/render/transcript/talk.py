"""A conversation, put together from its end as far as there is room. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain

from ipy_sessions.ask import begins_turn
from ipy_sessions.entries import Entry
from ipy_sessions.render.markup import Markup, escaped
from ipy_sessions.render.panels import line, messages
from ipy_sessions.render.parts import SUMMARIES, parts
from ipy_sessions.render.transcript.marks import Marks
from ipy_sessions.render.transcript.messages import message
from ipy_sessions.render.transcript.versions import other_answers, others

MOST = 200_000
"""Characters that `%session show` puts into a notebook, or a message more."""
RECENT = 8_000
"""… and a session that is the last expression of a cell."""
QUESTION = 500
"""… and of a question whose answer has no more room than that."""
UNKNOWN = Marks()
NOTHING = "Nothing was said yet."


def transcript(title: str, path: Sequence[Entry], marks: Marks = UNKNOWN, most: int | None = None) -> Markup:
    """Return a conversation.

    Parameters
    ----------
    title
        The session's.
    path
        The entries of the branch to show.
    marks
        What is known of them beside what they say; what is hidden is struck through, its text folded.
    most
        Characters to show, or up to one message more; what comes first is left out then, which is said above. ``None``
        for all.
    """
    return _whole(Markup(f"### {escaped(title)}", title), path, marks, most, "`%session show --all` shows all of it")


def recent(head: Markup, path: Sequence[Entry], marks: Marks) -> Markup:
    """Return where a session is, and its last turns; what comes first is counted.

    Parameters
    ----------
    head
        What stands above: where it is.
    path, marks
        As for `transcript`.
    """
    return _whole(head, path, marks, RECENT, "`%session show` shows more")


def _whole(head: Markup, path: Sequence[Entry], marks: Marks, most: int | None, how: str) -> Markup:
    shown: list[Markup] = []
    left, first = most, len(path)
    for stretch in _from_the_end(path):
        if left is not None and left <= 0:
            break
        found = _stretch(stretch, marks, left)
        shown[:0] = found
        first -= len(stretch)
        left = None if left is None else left - sum(len(one.markdown) for one in found)
    before = sum(entry.type == "message" for entry in path[:first])
    if before:
        shown.insert(
            0, line(f"… {messages(before)} before: {how}, and `%session export html` makes a page with search.")
        )
    return Markup(
        "\n\n".join(one.markdown for one in [head, *(shown or [Markup(NOTHING, NOTHING)])]),
        "\n\n".join(one.plain for one in [head, *(shown or [Markup(NOTHING, NOTHING)])]),
    )


def _from_the_end(path: Sequence[Entry]) -> Iterator[Sequence[Entry]]:
    """Yield the turns of a path, the last first, each with what stands between it and the next one."""
    end = len(path)
    for at in range(len(path) - 1, -1, -1):
        entry = path[at]
        if at == 0 or (entry.role == "user" and begins_turn(entry.fields.get("content"))):
            yield path[at:end]
            end = at


def _stretch(entries: Sequence[Entry], marks: Marks, most: int | None) -> list[Markup]:
    """Return a turn, from its end as far as there is room; the beginning of its question in any case."""
    shown = [entry for entry in entries if entry.type == "message" or entry.type in SUMMARIES]
    held = list(parts(shown, marks.content))
    found: list[Markup] = []
    rest, left = len(held), most
    while rest and (left is None or left > 0 or not found):
        rest -= 1
        one = message(*held[rest], marks, most)
        if one is not None:
            found.insert(0, one)
            left = None if left is None else left - len(one.markdown)
    if rest:
        question = message(*held[0], marks, QUESTION)
        between = [line(f"… {messages(rest - 1)} between")] if rest > 1 else []
        found[:0] = [*([] if question is None else [question]), *between]
    answers = (other_answers(entry, marks) for entry in entries[1:])
    return [*found, *chain.from_iterable(answers), *others(entries[0], marks)]
