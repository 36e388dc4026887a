"""A whole conversation to read, as Markdown and as plain text. Pure: entries in, `Markup` out."""

from __future__ import annotations

from collections.abc import Sequence

from ipy_sessions.entries import Entry
from ipy_sessions.events import Reply
from ipy_sessions.identifiers import moment
from ipy_sessions.render.markup import Markup, closed, escaped, quoted
from ipy_sessions.render.reply import folded


def transcript(title: str, path: Sequence[Entry]) -> Markup:
    """Return a conversation.

    Parameters
    ----------
    title
        The session's.
    path
        The entries of the branch to show.
    """
    messages = [entry for entry in path if entry.type == "message"]
    marked = [f"### {escaped(title)}", *map(_marked, messages)]
    plain = [title, *map(_plain, messages)]
    if not messages:
        marked.append("Nothing was said yet.")
        plain.append("Nothing was said yet.")
    return Markup("\n\n".join(marked), "\n\n".join(plain))


def _who(entry: Entry) -> tuple[str, str]:
    """Return who speaks, and when and how it ended."""
    who = "you" if entry.role == "user" else str(entry.fields.get("model") or "assistant")
    stopped = f" · {entry.fields['end']}" if entry.fields.get("end") else ""
    return who, f"{_when(entry.ts)}{stopped}"


def _when(ts: str) -> str:
    try:
        return f"{moment(ts).astimezone():%Y-%m-%d %H:%M}"
    except ValueError:
        return ts


def _marked(entry: Entry) -> str:
    who, when = _who(entry)
    if entry.role == "user":
        text = quoted(entry.text)
    else:
        thinking = Reply.of(entry).thinking
        text = (f"{folded(thinking)}\n\n" if thinking else "") + closed(entry.text)
    return f"**{escaped(who)}** <small>{escaped(when)}</small>\n\n{text}"


def _plain(entry: Entry) -> str:
    who, when = _who(entry)
    return f"[{who}, {when}]\n{entry.text}"
