"""One message a line, with its role and its content: what most other programs read.

Text alone is a string, anything more a list of blocks. What only the model's own provider can read, thinking and what
is sealed, is left out, and so is what was hidden from the model.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from ipy_sessions.entries import Block, Entry, text_of
from ipy_sessions.export.material import Material

SAID = ("text", "tool_use", "tool_result", "image", "document")


def to_lines(material: Material) -> bytes:
    """Return the messages of the active branch as JSON lines."""
    encoder = msgspec.json.Encoder()
    return b"".join(encoder.encode(message) + b"\n" for message in _messages(material))


def _messages(material: Material) -> Iterator[dict[str, Any]]:
    for entry in material.written(material.messages):
        if entry.id not in material.hidden and (content := _said(entry)):
            only_text = all(block["type"] == "text" for block in content)
            yield {"role": entry.role, "content": text_of(content) if only_text else content}


def _said(entry: Entry) -> list[Block]:
    return [block for block in entry.content if block.get("type") in SAID and not _is_empty(block)]


def _is_empty(block: Block) -> bool:
    return block["type"] == "text" and not str(block.get("text") or "").strip()
