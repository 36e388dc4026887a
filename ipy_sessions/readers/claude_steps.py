"""A line of Claude Code, or several, as the fields of one entry of ours. Read when somebody asks for them.

It owns what becomes of each of Claude Code's fields: what has a field of ours stands there, all else in ``source``. It
refuses to know where an entry stands.
"""

from __future__ import annotations

from typing import Any

import msgspec

from ipy_sessions.entries import Block, blocks, is_content, text_of
from ipy_sessions.readers.claude_lines import Head
from ipy_sessions.readers.file import File

FORMAT = "claude_code"
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
        fields: dict[str, Any] = {"role": self.head.type, "content": []}
        first = self.file.record(self.head.begin)
        _take(fields, first)
        more = [self.file.record(head.begin) for head in self.more]
        for line in more:
            _take(fields, line)
        if self.head.type == "assistant":
            fields["stop_reason"] = None if "end" in fields else fields.get("stop_reason") or _reason(fields["content"])
        fields["source"] = _source(first, more)
        return fields


class Kept(msgspec.Struct, gc=False):
    """A line that is not understood."""

    file: File
    head: Head

    def fields(self, _entry_id: str) -> dict[str, Any]:
        """Return the fields of the entry."""
        return {"source": {"format": FORMAT, "id": self.head.uuid, "raw": self.file.record(self.head.begin)}}


class Compaction(msgspec.Struct, gc=False):
    """A compaction: the line that says so, the summary that comes behind it, or either alone."""

    file: File
    head: Head
    summary: Head | None = None

    def fields(self, _entry_id: str) -> dict[str, Any]:
        """Return the fields of the entry; what the summary holds beside its text stays where it was, too."""
        lines = [self.file.record(head.begin) for head in (self.head, self.summary) if head is not None]
        message = lines[-1].get("message")
        content = message.get("content") if isinstance(message, dict) else None
        said = blocks(content) if is_content(content) else []
        fields: dict[str, Any] = {"summary": text_of(said), "first_kept_id": None}
        told = lines[0].get("compactMetadata")
        tokens = told.get("preTokens") if isinstance(told, dict) else None
        if isinstance(tokens, int) and not isinstance(tokens, bool):
            fields["tokens_before"] = tokens
        if isinstance(message, dict) and said and all(block.keys() == {"type", "text"} for block in said):
            del message["content"]
        return {**fields, "source": _source(lines[0], lines[1:])}


def _take(fields: dict[str, Any], line: dict[str, Any]) -> None:
    """Take out of a line what has a field of ours; what it follows stays, since an entry may follow another."""
    said = line.get("message")
    if not isinstance(said, dict):  # it was damaged
        return
    if said.get("role") == fields["role"]:
        del said["role"]
    own, before = _content(said), fields["content"]
    fields["content"] = [*before, *(block for block in own if block not in before)] if before else own
    said.pop("content", None)
    if fields["role"] == "assistant":
        _answer(fields, line, said)


def _content(said: dict[str, Any]) -> list[Block]:
    """Return the blocks of a message; that they are objects was seen when the line was looked at."""
    content = said.get("content")
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    return content if isinstance(content, list) else []


def _answer(fields: dict[str, Any], line: dict[str, Any], said: dict[str, Any]) -> None:
    """Take out of an answer's line what it says beside its content.

    Every line repeats the usage, as far as it was known then: the last counts, once.
    """
    if isinstance(said.get("model"), str) and said["model"] != SYNTHETIC:
        fields["model"] = said.pop("model")
    if isinstance(said.get("stop_reason"), str):
        fields["stop_reason"] = said.pop("stop_reason")
    if isinstance(said.get("usage"), dict):
        fields["usage"] = said.pop("usage")
    if line.get("isApiErrorMessage") is True:
        fields["end"] = "error"


def _reason(content: list[Block]) -> str | None:
    """Return why an answer stopped that does not say so, as many do not: its last block was written, so it is whole."""
    last = content[-1].get("type") if content else None
    return "tool_use" if last == "tool_use" else "end_turn" if last == "text" else None


def _source(first: dict[str, Any], more: list[dict[str, Any]]) -> dict[str, Any]:
    """Return where an entry comes from, with what has no field of ours."""
    first.pop("type", None)
    source = {"format": FORMAT, "id": first.pop("uuid", None), "raw": first}
    return {**source, "more": more} if more else source
