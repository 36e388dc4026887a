"""Blocks of a message as Markdown that cannot break what stands around it.

What was said is data: a heading in an answer goes below those of the document, HTML is shown and not obeyed, a fence
that was left open is closed, and around content with fences stands a longer one. Code stays as it is.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from ipy_sessions.entries import Block
from ipy_sessions.render.markup import code, fenced, quoted
from ipy_sessions.render.segments import Segment, lines_of, segments

_SPAN = re.compile(r"(`+)(?:(?!\1).)+?\1(?!`)")
_TAG = re.compile(r"<(?!https?://[^\s<>]+>)(?=[A-Za-z/!?])")
_BELOW = 2  # levels of headings that are the document's own


def prose(text: str) -> str:
    """Return an answer as it stands in a document."""
    return "\n".join(line for part in segments(text) for line in written(part))


def written(part: Segment) -> list[str]:
    """Return the lines of a part of an answer as they stand in a document."""
    if part.kind == "heading":
        return [f"{'#' * min(6, part.level + _BELOW)} {_shown(part.lines[0])}"]
    return [_shown(line) for line in part.lines] if part.kind == "prose" else list(part.lines)


def cited(text: str) -> str:
    """Return a question as a quotation, line by line as it was typed, with its blocks of code."""
    lines = (
        f"{line}  " if part.kind == "prose" and line.strip() else line
        for part in segments(text)
        for line in written(part)
    )
    return "\n".join(f"> {line}" if line.strip() else ">" for line in lines)


def details(summary: str, body: str) -> str:
    """Return what opens at a click; the summary is plain text, the body Markdown."""
    return f"<details><summary>{html.escape(' '.join(summary.split()))}</summary>\n\n{body}\n\n</details>"


def parts(content: Sequence[Block]) -> Iterator[str]:
    """Yield the blocks of a message, texts that follow one another joined."""
    text = ""
    for block in content:
        if block.get("type") == "text":
            text += str(block.get("text") or "")
            continue
        if text.strip():
            yield prose(text)
        text = ""
        yield aside(block)
    if text.strip():
        yield prose(text)


def aside(block: Block) -> str:
    """Return a block that is no text: thinking, a call, its result, a picture or whatever else."""
    kind = str(block.get("type"))
    if kind == "thinking":
        return details("thinking", quoted(str(block.get("thinking") or "")))
    if kind == "redacted_thinking":
        return "*(thinking that only the model's provider can read)*"
    if kind == "tool_use":
        return details(f"calls {block.get('name')}", _json(block.get("input")))
    if kind == "tool_result":
        failed = " (an error)" if block.get("is_error") is True else ""
        return details(f"result{failed}", "\n\n".join(_result(block.get("content"))))
    if kind in ("image", "document"):
        source = block.get("source")
        media = str(source.get("media_type") or "") if isinstance(source, dict) else ""
        return f"*({kind}{', ' if media else ''}{code(media) if media else ''})*"
    return details(kind, _json(block))


def _result(content: Any) -> Iterator[str]:
    if isinstance(content, str):
        yield fenced(lines_of(content), "text")
    for block in content if isinstance(content, list) else ():
        if isinstance(block, dict) and block.get("type") == "text":
            yield fenced(lines_of(str(block.get("text") or "")), "text")
        elif isinstance(block, dict):
            yield aside(block)


def _json(value: Any) -> str:
    return fenced(json.dumps(value, ensure_ascii=False, indent=2).split("\n"), "json")


def _shown(line: str) -> str:
    """Return a line whose tags are shown, but for those in code.

    A backslash would not do: where another one stands before the tag, it would let the tag through.
    """
    pieces, at = [], 0
    for span in _SPAN.finditer(line):
        pieces += [_TAG.sub("&lt;", line[at : span.start()]), span[0]]
        at = span.end()
    return "".join([*pieces, _TAG.sub("&lt;", line[at:])])
