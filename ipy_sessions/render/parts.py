"""What a conversation holds, part by part, for whoever shows it: a call with its result, a picture, a summary.

Pure: entries in, values out. It owns what belongs together and what is known of an answer in a few words; how any of it
looks, in a notebook, in a terminal or on a page, is the business of those who show it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from ipy_sessions.entries import Block, Entry
from ipy_sessions.events import Reply
from ipy_sessions.render.panels import dollars, tokens

SUMMARIES = {"compaction": "what was said before, summed up", "branch_summary": "another branch, summed up"}
"""The entries that sum up what a model is not sent any more, and what they are called."""

RASTER = ("image/png", "image/jpeg", "image/gif", "image/webp")
"""Pictures that are dots and nothing else: no script and no address can stand in them."""

SEALED = "thinking that only its provider can read"

_HINT = 70  # characters of what a call is given
_BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}")


class Part(NamedTuple):
    """A part of a message.

    Parameters
    ----------
    kind
        ``"text"``, ``"thinking"``, ``"sealed"`` (thinking that only its provider reads), ``"call"``, ``"result"`` (of a
        call that is not there), ``"image"``, ``"document"``, or ``"other"``.
    block
        The block; for text all blocks that follow one another, as one.
    result
        Of a call: what came back, if anything did.
    """

    kind: str
    block: Block
    result: Block | None = None

    @property
    def text(self) -> str:
        """What it says, of a text or of thinking."""
        return str(self.block.get("text") or self.block.get("thinking") or "")


def typed(entry: Entry) -> str:
    """Return what a message says; of one without words, what it holds: ``(image, document)``."""
    return entry.text or f"({', '.join(attached(entry)) or 'no text'})"


def attached(entry: Entry) -> list[str]:
    """Return what was put to the words of a message, a word each."""
    kinds = (str(block.get("type")) for block in entry.content)
    return [kind for kind in kinds if kind in {"image", "document"}]


KINDS = {
    "text": "text",
    "thinking": "thinking",
    "redacted_thinking": "sealed",
    "tool_use": "call",
    "server_tool_use": "call",
    "tool_result": "result",
    "image": "image",
    "document": "document",
}


def parts(
    entries: Sequence[Entry], content: Callable[[Entry], Sequence[Block]] = lambda entry: entry.content
) -> Iterator[tuple[Entry, list[Part]]]:
    """Yield each message with its parts; one that only brings results of calls before it has none left.

    Parameters
    ----------
    entries
        Some steps of a path; what is no message is yielded without parts.
    content
        Gives the content of a message, payloads in their places.
    """
    contents = {entry.id: content(entry) for entry in entries if entry.type == "message"}
    results = {_called(block): block for blocks in contents.values() for block in blocks if _is_result(block)}
    calls = {str(block.get("id")) for blocks in contents.values() for block in blocks if _kind(block) == "call"}
    for entry in entries:
        yield entry, list(_parts(contents.get(entry.id, ()), results, calls))


def _parts(content: Iterable[Block], results: Mapping[str, Block], calls: set[str]) -> Iterator[Part]:
    text = ""
    for block in content:
        kind = _kind(block)
        if kind == "text":
            text += str(block.get("text") or "")
            continue
        if text.strip():
            yield Part("text", {"type": "text", "text": text})
        text = ""
        if kind == "call":
            yield Part(kind, block, results.get(str(block.get("id"))))
        elif not (_is_result(block) and _called(block) in calls):
            yield Part(kind, block)
    if text.strip():
        yield Part("text", {"type": "text", "text": text})


def _kind(block: Block) -> str:
    return KINDS.get(str(block.get("type")), "other")


def _is_result(block: Block) -> bool:
    return isinstance(block.get("tool_use_id"), str)


def _called(block: Block) -> str:
    return str(block.get("tool_use_id"))


def results(content: object) -> list[Part]:
    """Return what a tool has answered, part by part, whichever form it has."""
    if isinstance(content, str):
        return [Part("text", {"type": "text", "text": content})] if content.strip() else []
    blocks = [block for block in content if isinstance(block, dict)] if isinstance(content, list) else []
    return list(_parts(blocks, {}, set()))


def arguments(given: object) -> list[tuple[str, str]]:
    """Return what a call is given, by name: texts as they are, anything else as JSON."""
    if not isinstance(given, dict):
        return [("", _json(given))] if given else []
    return [(str(name), value if isinstance(value, str) else _json(value)) for name, value in given.items()]


def hint(given: object) -> str:
    """Return the beginning of the first text that a call is given, on one line: a command, a path."""
    texts = (value for value in given.values() if isinstance(value, str)) if isinstance(given, dict) else ()
    words = " ".join(next(iter(texts), "")[: 4 * _HINT].split())
    return words if len(words) <= _HINT else f"{words[: _HINT - 1]}…"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2, default=str)


def media(block: Block) -> tuple[str, str]:
    """Return the kind of media that a picture or a document is, and its data if they are dots that may be shown."""
    source = block.get("source")
    known: dict[str, Any] = source if isinstance(source, dict) else {}
    kind, data = str(known.get("media_type") or ""), str(known.get("data") or "")
    shown = kind in RASTER and known.get("type") == "base64" and _BASE64.fullmatch(data)
    return kind, data if shown else ""


def name_of(block: Block) -> str:
    """Return what a picture or a document is called: its title, its address, its kind and how large it is."""
    source = block.get("source")
    known: dict[str, Any] = source if isinstance(source, dict) else {}
    size = len(str(known.get("data") or "")) * 3 // 4 if known.get("type") == "base64" else 0
    told = (block.get("title"), known.get("url"), known.get("media_type"), f"{size:,} bytes" if size else "")
    return ", ".join([str(block.get("type")), *(" ".join(str(one).split()) for one in told if one)])


def spent(reply: Reply) -> list[str]:
    """Return what an answer has taken, in a few words each: tokens, dollars, seconds; what is not known is left out."""
    usage = reply.usage
    cached = [usage.get(f"cache_{kind}_input_tokens") or 0 for kind in ("read", "creation")]
    used = (
        tokens(usage.get("input_tokens"), cached[0], cached[1], usage.get("output_tokens"))
        if any(usage.values())
        else ""
    )
    cost = dollars(reply.cost_usd) if reply.cost_usd else ""
    took = f"{reply.latency_ms / 1000:,.1f} s" if isinstance(reply.latency_ms, int | float) else ""
    return [word for word in (used, cost, took) if word]


def cell_of(entry: Entry) -> str:
    """Return the number that its cell had when it asked: ``[3]``; empty when that is not known."""
    number = entry.fields.get("execution_count")
    return f"[{number}]" if isinstance(number, int) and not isinstance(number, bool) else ""
