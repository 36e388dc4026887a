"""A whole conversation to read, as Markdown and as plain text. Pure: entries in, `Markup` out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from ipy_sessions.entries import Entry
from ipy_sessions.events import Reply
from ipy_sessions.render.markup import Markup, closed, escaped, quoted
from ipy_sessions.render.panels import local
from ipy_sessions.render.reply import folded


@dataclass(frozen=True, slots=True)
class Marks:
    """What is known of messages beside what they say.

    Parameters
    ----------
    hidden
        Ids of those that are not sent.
    labels, numbers
        The labels of turns, and their numbers, by the ids of their questions.
    """

    hidden: AbstractSet[str] = frozenset()
    labels: Mapping[str, str] = field(default_factory=dict)
    numbers: Mapping[str, int] = field(default_factory=dict)

    def of(self, entry: Entry) -> list[str]:
        """Return what is said of a message in small print: its turn, whether it is a copy, whether it is sent."""
        turn = [f"turn {self.numbers[entry.id]}"] if entry.id in self.numbers else []
        label = [f"“{self.labels[entry.id]}”"] if entry.id in self.labels else []
        origin = entry.fields.get("carried_from")
        copy = [] if origin is None else ["carried along"]
        if isinstance(origin, str) and origin in self.numbers:
            copy = [f"carried along from turn {self.numbers[origin]}"]
        return [*turn, *label, *copy, *(["hidden"] if entry.id in self.hidden else [])]


def transcript(title: str, path: Sequence[Entry], marks: Marks = Marks()) -> Markup:
    """Return a conversation.

    Parameters
    ----------
    title
        The session's.
    path
        The entries of the branch to show.
    marks
        What is known of them beside what they say; what is hidden is struck through, its text folded.
    """
    messages = [entry for entry in path if entry.type == "message"]
    marked = [f"### {escaped(title)}", *(_marked(entry, marks) for entry in messages)]
    plain = [title, *(_plain(entry, marks) for entry in messages)]
    if not messages:
        marked.append("Nothing was said yet.")
        plain.append("Nothing was said yet.")
    return Markup("\n\n".join(marked), "\n\n".join(plain))


def _who(entry: Entry, marks: Marks) -> tuple[str, str]:
    """Return who speaks; and when, how it ended and what else is known of it."""
    who = "you" if entry.role == "user" else str(entry.fields.get("model") or "assistant")
    stopped = [str(entry.fields["end"])] if entry.fields.get("end") else []
    return who, " · ".join([local(entry.ts), *stopped, *marks.of(entry)])


def _marked(entry: Entry, marks: Marks) -> str:
    who, when = _who(entry, marks)
    head = f"**{escaped(who)}**"
    if entry.id in marks.hidden:  # its Markdown may be any, and no pair of tildes holds all of it
        head, text = f"~~{head}~~", _put_away(entry.text)
    elif entry.role == "user":
        text = quoted(entry.text)
    else:
        thinking = Reply.of(entry).thinking
        text = (f"{folded(thinking)}\n\n" if thinking else "") + closed(entry.text)
    return f"{head} <small>{escaped(when)}</small>\n\n{text}"


def _put_away(text: str) -> str:
    """Return text that opens at a click, shown as it was typed."""
    count = len(text.split())
    words = f"not sent, {count:,} word{'' if count == 1 else 's'}"
    return f"<details><summary>{words}</summary>\n\n{quoted(text)}\n\n</details>"


def _plain(entry: Entry, marks: Marks) -> str:
    who, when = _who(entry, marks)
    text = "\n".join(f"~ {line}" for line in entry.text.splitlines()) if entry.id in marks.hidden else entry.text
    return f"[{who}, {when}]\n{text}"
