"""Rows of what was said: messages, their content blocks, and the images and documents in them.

Pure. The order of the values is that of the columns in `schema`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import msgspec

from ipy_sessions.entries import Block, Entry, text_in
from ipy_sessions.table.part import Once, Part

Row = tuple[Any, ...]

TOKENS = ("input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")
UNPAID: Row = (None,) * 5
"""What a row says of tokens and costs where nothing was paid."""


def messages(part: Part, _: Once) -> Iterator[Row]:
    """Yield one row a message."""
    session, notebook, written = part.session, part.notebook, part.transcript.format
    for entry in part.messages:
        fields = entry.fields
        get = fields.get
        copied = entry.session != session or get("carried_from") is not None
        where = session, entry.id, entry.parent_id, entry.seq, entry.ts, entry.role, text_in(get("content")) or ""
        spent = (*UNPAID, None) if copied else (*paid(fields), get("latency_ms"))
        ended = get("model"), get("stop_reason"), get("end")
        place = get("cell_id"), get("execution_count"), notebook, entry.session, copied, written
        yield where + ended + spent + place


def paid(fields: Mapping[str, Any]) -> Row:
    """Return tokens and cost as a line says them; the price is missing where it is not known."""
    usage, cost = fields.get("usage"), fields.get("cost_usd")
    return (*map(usage.get, TOKENS), cost) if isinstance(usage, dict) else (*UNPAID[1:], cost)


def content_blocks(part: Part, _: Once) -> Iterator[Row]:
    """Yield one row a content block."""
    for entry in part.messages:
        said = (part.session, entry.id), (entry.ts, entry.role), part.copied(entry)
        for index, block in enumerate(entry.content):
            yield (*said[0], index, *said[1], *_block(block), said[2], json_of(block))


def _block(block: Block) -> Row:
    kind = block.get("type")
    is_error = bool(block.get("is_error")) if kind == "tool_result" else None
    name = block.get("name") if kind == "tool_use" else None
    call = block.get("id") if kind == "tool_use" else block.get("tool_use_id")
    return kind, block_text(block), call, name, is_error


def block_text(block: Block) -> str | None:
    """Return what a block says: the text of text, thinking and a tool's result."""
    kind = block.get("type")
    if kind == "tool_result":
        return text_in(block.get("content"))
    return block.get("thinking") if kind == "thinking" else block.get("text")


def json_of(value: object) -> str:
    """Return a value of a line as JSON, of which DuckDB writes the same."""
    raw = msgspec.json.encode(value).decode()
    return _escaped(lambda found: found[0][:2] + found[0][2:].upper(), raw) if "\\u" in raw else raw


_escaped = re.compile(r"\\(?:u[0-9a-f]{4}|.)").sub


class _Attached(NamedTuple):
    """An image or a document, and the block of the message that it is or that holds it."""

    place: int
    block: Block
    call: str | None


def attachments(part: Part, _: Once) -> Iterator[Row]:
    """Yield one row an image or document in a message."""
    for entry in part.messages:
        for index, block, call in _attached(entry):
            source = block.get("source")
            source = source if isinstance(source, dict) else {}
            kept = _kept(source)
            yield (
                *(part.session, entry.id, index, entry.ts, entry.role, block.get("type"), call),
                *(source.get("media_type"), block.get("title"), source.get("type"), source.get("url")),
                *(kept.get("bytes") if kept else size(source), kept.get("sha256"), part.copied(entry)),
            )


def _attached(entry: Entry) -> Iterator[_Attached]:
    for index, block in enumerate(entry.content):
        if block.get("type") in ("image", "document"):
            yield _Attached(index, block, None)
        inside = block.get("content")
        if block.get("type") == "tool_result" and isinstance(inside, list):
            held = (item for item in inside if isinstance(item, dict) and item.get("type") in ("image", "document"))
            yield from (_Attached(index, item, block.get("tool_use_id")) for item in held)


def _kept(source: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what a source says of the file in ``blobs/`` that holds its data."""
    blobs = source.get("blobs")
    kept = blobs.get("data") if isinstance(blobs, dict) else None
    return kept if isinstance(kept, dict) else {}


def size(source: Mapping[str, Any]) -> int | None:
    """Return the bytes of an attachment's data; ``None`` where the data is not here."""
    data = source.get("data")
    if not isinstance(data, str):
        return None
    if source.get("type") != "base64":
        return len(data.encode("utf-8", "surrogatepass"))
    return len(data) * 3 // 4 - data[-2:].count("=")
