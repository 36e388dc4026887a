"""Values of the package as a reader meets them: a line of the log, a row of a list, a reply, a context. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ipy_sessions.entries import Entry
from ipy_sessions.events import Reply
from ipy_sessions.render.markup import Markup, Picture, escaped, fenced, quoted, small, table
from ipy_sessions.render.panels import SHOWN, dollars, facts, local, messages, short, stacked, tokens
from ipy_sessions.render.reply import growing
from ipy_sessions.render.tame import tamed
from ipy_sessions.render.tree import draw
from ipy_sessions.summary import SessionInfo, tail
from ipy_sessions.tree import Tree
from ipy_sessions.turns import Turn, Turns

if TYPE_CHECKING:
    from ipy_sessions.context import Context

LONG = 4_000  # characters of a message that are shown of it by itself
BLOCKS = {"tool_use": "call", "tool_result": "result", "image": "image", "document": "document"}


def entry(one: Entry) -> Markup:
    """Return a line of the log: what it is, and what it says."""
    return stacked([_head(one), *([_said(one)] if one.role else [_fields(one.fields)])])


def turn(one: Turn) -> Markup:
    """Return a turn: its question and all that answers it."""
    return stacked([_small(f"turn {one.number}"), *map(entry, one.entries)])


def reply(one: Reply) -> Markup:
    """Return a reply as it was shown while it came, and what is no text of it."""
    said = growing(one.thinking, one.text.rstrip())
    others = [_block(block) for block in one.content if block.get("type") not in ("text", "thinking")]
    return stacked([said, *others] if said.plain or others else [_small("[no answer]")])


def info(row: SessionInfo) -> Markup:
    """Return a session, summed up."""
    marks = [name for name in ("pinned", "archived", "interrupted") if getattr(row, name)]
    pairs = [
        ("session", f"{row.title} ({row.tail})"),
        ("turns", f"{row.turn_count:,}, {messages(row.message_count)}"),
        ("tokens", tokens(row.input_tokens, row.cache_read_tokens, row.cache_write_tokens, row.output_tokens)),
        ("cost", dollars(row.cost_usd)),
        ("model", row.model or "none yet"),
        ("first", short(row.first_message) if row.first_message else ""),
        ("last", f"{row.modified.astimezone():%Y-%m-%d %H:%M}"),
        ("notebook", row.notebook or ""),
        ("tags", " ".join(f"#{tag}" for tag in row.tags)),
        ("marks", ", ".join(marks)),
        ("file", str(row.path)),
    ]
    return facts([(name, value) for name, value in pairs if value])


def rows(some: Sequence[SessionInfo]) -> Markup:
    """Return rows of a list as a table; of each no more than is known without counting."""
    if not some:
        return _small("No sessions.")
    head = ("id", "session", "model", "notebook", "last message")
    shown = table(head, [_row(row) for row in some[:SHOWN]])
    more = len(some) - SHOWN
    return stacked([shown, *([_small(f"{more:,} more.")] if more > 0 else [])])


def _row(row: SessionInfo) -> tuple[str, ...]:
    tags = "".join(f" #{tag}" for tag in row.tags)
    when = f"{row.modified.astimezone():%Y-%m-%d %H:%M}{' (interrupted)' if row.interrupted else ''}"
    return row.tail, f"{row.title}{tags}", row.model or "—", row.notebook or "—", when


def context(sent: Context) -> Markup:
    """Return what a model would be sent, message by message."""
    head = ("#", "role", "content")
    said = [
        (str(number), str(message["role"]), _content(message["content"]))
        for number, message in enumerate(sent.messages, start=1)
    ]
    return stacked(
        [_small(f"{messages(len(said))} would be sent."), *([table(head, said, right=(0,))] if said else [])]
    )


def tree(entries: Tree) -> Picture:
    """Return a tree, drawn."""
    return draw(Turns(entries), "Conversation", missing=entries.missing)


def _content(content: Sequence[Mapping[str, Any]]) -> str:
    texts = [str(block.get("text")) for block in content if block.get("type") == "text"]
    others = [str(block.get("type")) for block in content if block.get("type") != "text"]
    return " + ".join([*([short(" ".join(texts), 200)] if texts else []), *others])


def _small(text: str) -> Markup:
    return Markup(small(escaped(text)), text)


def _head(one: Entry) -> Markup:
    who = f" of {one.fields.get('model') or 'the model'}" if one.role == "assistant" else ""
    who = " of the user" if one.role == "user" else who
    behind = f"behind {tail(one.parent_id)}" if one.parent_id else ""
    ended = str(one.fields.get("end") or one.fields.get("stop_reason") or "")
    words = [f"{one.type}{who}", local(one.ts), f"id {tail(one.id)}", behind, ended]
    return _small(" · ".join(word for word in words if word))


def _said(one: Entry) -> Markup:
    text = one.text if len(one.text) <= LONG else f"{one.text[:LONG]} … {len(one.text) - LONG:,} characters more"
    marked = quoted(text) if one.role == "user" else tamed(text)
    others = [_block(block) for block in one.content if block.get("type") != "text"]
    said = [Markup(marked, text)] if text else []
    return stacked([*said, *others])


def _block(block: Mapping[str, Any]) -> Markup:
    kind = str(block.get("type"))
    about = str(block.get("name") or block.get("tool_use_id") or "")
    return _small(f"[{' '.join(filter(None, (BLOCKS.get(kind, kind), about)))}]")


def _fields(fields: Mapping[str, Any]) -> Markup:
    text = json.dumps(fields, ensure_ascii=False, indent=1, default=str)
    lines = (text if len(text) <= LONG else f"{text[:LONG]} …").split("\n")
    return Markup(fenced(lines, "json"), "\n".join(lines))
