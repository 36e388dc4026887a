"""A line of Claude Code, or several, as the fields of one entry of ours. Read when somebody asks for them.

It owns what becomes of each of Claude Code's fields: what has a field of ours stands there, all else in ``source``. It
refuses to know where an entry stands.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import msgspec

from ipy_sessions.entries import Block, blocks, is_content, text_of
from ipy_sessions.readers.claude_lines import Head
from ipy_sessions.readers.file import File
from ipy_sessions.readers.transcript import when

FORMAT = "claude_code"
Kinds: TypeAlias = Mapping[str, type | tuple[type, ...]]
TAKEN: Mapping[str, Kinds] = {
    "user": {"content": (str, list)},
    "assistant": {"content": (str, list), "model": str, "usage": dict},
}
"""What of a message has a field of ours, and of which kind it is then."""
SYNTHETIC = "<synthetic>"
"""Claude Code's name for no model: it has written the message itself."""


class Message(msgspec.Struct, gc=False):
    """A message: one line, or one line for each block.

    Parameters
    ----------
    file
        Where its lines stand.
    head
        Its first line.
    more
        Its other lines.
    """

    file: File
    head: Head
    more: tuple[Head, ...] = ()

    def fields(self, _entry_id: str) -> dict[str, Any]:
        """Return the fields of the entry."""
        lines = [self.file.record(head.place) for head in (self.head, *self.more)]
        said = [_said(line) for line in lines]
        fields: dict[str, Any] = {"role": self.head.type, "content": _content(said)}
        if self.head.type == "assistant":
            fields |= _answer(fields["content"], said, lines)
        return {**fields, "source": _source(self.head, [_left(line, TAKEN[self.head.type]) for line in lines])}


class Kept(msgspec.Struct, gc=False):
    """A line that is not understood."""

    file: File
    head: Head

    def fields(self, _entry_id: str) -> dict[str, Any]:
        """Return the fields of the entry."""
        return {"source": {"format": FORMAT, "id": self.head.uuid, "raw": self.file.record(self.head.place)}}


class Compaction(msgspec.Struct, gc=False):
    """A compaction: the line that says so, the summary that comes behind it, or either alone."""

    file: File
    head: Head
    summary: Head | None = None

    def fields(self, _entry_id: str) -> dict[str, Any]:
        """Return the fields of the entry."""
        lines = [self.file.record(head.place) for head in (self.head, self.summary) if head is not None]
        content = _content([_said(lines[-1])])
        fields: dict[str, Any] = {"summary": text_of(content), "first_kept_id": None}
        told = lines[0].get("compactMetadata")
        tokens = told.get("preTokens") if isinstance(told, dict) else None
        if isinstance(tokens, int) and not isinstance(tokens, bool):
            fields["tokens_before"] = tokens
        taken = TAKEN["user"] if all(block.keys() == {"type", "text"} for block in content) else {}
        return {**fields, "source": _source(self.head, [_left(line, taken) for line in lines])}


def _said(line: dict[str, Any]) -> dict[str, Any]:
    message = line.get("message")
    return message if isinstance(message, dict) else {}


def _content(said: list[dict[str, Any]]) -> list[Block]:
    """Return the blocks of all lines of a message, each once: a line that was written twice repeats its block."""
    found: list[Block] = []
    for one in said:
        content = one.get("content")
        own = blocks(content) if is_content(content) else []
        found = [*found, *(block for block in own if block not in found)] if found else own
    return found


def _answer(content: list[Block], said: list[dict[str, Any]], lines: list[dict[str, Any]]) -> dict[str, Any]:
    """Return what an answer says beside its content.

    Every line of it repeats its usage, as far as it was known then: the last counts, once. Lines that were written
    before the answer was whole say no reason to stop.
    """
    fields: dict[str, Any] = {"stop_reason": _reason(content)}
    for one in said:
        for name, kind in (("model", str), ("stop_reason", str), ("usage", dict)):
            if isinstance(one.get(name), kind) and one[name] != SYNTHETIC:
                fields[name] = one[name]
    if any(line.get("isApiErrorMessage") is True for line in lines):
        fields |= {"stop_reason": None, "end": "error"}
    return fields


def _reason(content: list[Block]) -> str | None:
    """Return why an answer stopped that does not say so: its last block was written, so it is whole."""
    match content[-1:]:
        case [{"type": "tool_use"}]:
            return "tool_use"
        case [{"type": "text"}]:
            return "end_turn"
    return None


def _left(line: dict[str, Any], taken: Kinds) -> dict[str, Any]:
    """Take out of a line what has a field of ours; what it follows stays, since an entry may follow another."""
    kind, message = line.pop("type", None), line.get("message")
    if isinstance(message, dict):
        if message.get("role") == kind:
            del message["role"]
        for name, kind in taken.items():
            if isinstance(message.get(name), kind) and message[name] != SYNTHETIC:
                del message[name]
    return line


def _source(head: Head, left: list[dict[str, Any]]) -> dict[str, Any]:
    first, *more = left
    first.pop("uuid", None)
    if isinstance(head.timestamp, str) and when(head.timestamp) == head.timestamp:
        first.pop("timestamp", None)
    source = {"format": FORMAT, "id": head.uuid, "raw": first}
    return {**source, "more": more} if more else source
