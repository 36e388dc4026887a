"""Messages as pi has them: blocks by other names, a message of its own for each result of a tool, times in numbers.

What pi calls tokens and ends is known to the reader of its messages, whose names are taken here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

from ipy_sessions.entries import Block, Entry
from ipy_sessions.export.material import Material
from ipy_sessions.identifiers import moment
from ipy_sessions.readers.pi_messages import ENDS, TOKENS

Record: TypeAlias = dict[str, Any]

DEFAULT = ("anthropic", "anthropic-messages")
"""Who serves a model whose name tells nothing, as of a server of one's own: what we ask is the Messages API."""
SERVED = {
    "gpt": ("openai", "openai-responses"),
    "o1": ("openai", "openai-responses"),
    "o3": ("openai", "openai-responses"),
    "o4": ("openai", "openai-responses"),
    "codex": ("openai", "openai-responses"),
    "gemini": ("google", "google-generative-ai"),
}
"""Who serves a model, and by which API, by the beginning of its name."""
STOP_REASONS = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "refusal": "stop",
    "pause_turn": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "toolUse",
}
ABORTED = {ours: there for there, ours in ENDS.items()}


class Messages:
    """Writes the messages of one session.

    Parameters
    ----------
    material
        The session.
    """

    def __init__(self, material: Material) -> None:
        blocks = (block for entry in material.tree if entry.role == "assistant" for block in entry.content)
        self._tools = {str(block.get("id")): block.get("name") for block in blocks if block.get("type") == "tool_use"}

    def of(self, entry: Entry) -> list[Record]:
        """Return the records of a message; none when nothing of it has a form in pi."""
        ts = _milliseconds(entry.ts)
        said = [_answer(entry, ts)] if entry.role == "assistant" else self._question(entry.content, ts)
        records = [{"type": "message", "message": message} for message in said]
        others = [block for block in entry.content if not _known(block, str(entry.role))]
        if others:
            records.append({"type": "custom", "customType": "ipy_sessions:blocks", "data": {"content": others}})
        return records

    def _question(self, content: Sequence[Block], ts: int) -> list[Record]:
        results = [self._result(block, ts) for block in content if block.get("type") == "tool_result"]
        asked = _seen(content)
        return [*results, *([{"role": "user", "content": asked, "timestamp": ts}] if asked else [])]

    def _result(self, block: Block, ts: int) -> Record:
        content, call = block.get("content"), str(block.get("tool_use_id"))
        found = [{"type": "text", "text": content}] if isinstance(content, str) else content
        return {
            "role": "toolResult",
            "toolCallId": call,
            "toolName": str(self._tools.get(call) or "unknown"),
            "content": _seen([one for one in found if isinstance(one, dict)] if isinstance(found, list) else []),
            "isError": block.get("is_error") is True,
            "timestamp": ts,
        }


def served_by(entry: Entry) -> tuple[str, str]:
    """Return who served the model of an entry, and by which API: what pi had said of it, or what its name tells."""
    source = entry.fields.get("source")
    raw = source.get("raw") if isinstance(source, dict) else None
    said = raw.get("message", raw) if isinstance(raw, dict) else None
    model = str(entry.fields.get("model") or "")
    provider, api = next((served for begun, served in SERVED.items() if model.startswith(begun)), DEFAULT)
    if isinstance(said, dict) and isinstance(said.get("provider"), str):
        return said["provider"], str(said.get("api") or api)
    return provider, api


def _answer(entry: Entry, ts: int) -> Record:
    fields = entry.fields
    provider, api = served_by(entry)
    error = fields.get("error")
    why = {"errorMessage": str(error.get("message") or "")} if isinstance(error, dict) else {}
    return {
        "role": "assistant",
        "content": [found for block in entry.content if (found := _of_answer(block))],
        "api": api,
        "provider": provider,
        "model": str(fields.get("model") or "unknown"),
        "usage": _usage(entry),
        "stopReason": ABORTED.get(str(fields.get("end"))) or STOP_REASONS.get(str(fields.get("stop_reason")), "stop"),
        **why,
        "timestamp": ts,
    }


def _usage(entry: Entry) -> Record:
    counts = {name: entry.usage.get(ours, 0) for name, ours in TOKENS.items()}
    cost = {**dict.fromkeys(TOKENS, 0), "total": entry.cost_usd or 0}
    return {**counts, "totalTokens": sum(counts.values()), "cost": cost}


def _of_answer(block: Block) -> Record | None:
    kind = block.get("type")
    if kind == "thinking":
        return {"type": "thinking", **_texts(block, thinking="thinking", thinkingSignature="signature")}
    if kind == "redacted_thinking":
        return {"type": "thinking", "thinking": "", "redacted": True, **_texts(block, thinkingSignature="data")}
    if kind == "tool_use":
        given = block.get("input")
        arguments = given if isinstance(given, dict) else {}
        return {"type": "toolCall", **_texts(block, id="id", name="name"), "arguments": arguments}
    return {"type": "text", **_texts(block, text="text")} if kind == "text" else None


def _seen(content: Sequence[Block]) -> list[Record]:
    """Return the texts and pictures of some content."""
    return [
        {"type": "text", **_texts(block, text="text")} if block["type"] == "text" else _image(block["source"])
        for block in content
        if block.get("type") == "text" or _is_picture(block)
    ]


def _image(source: Record) -> Record:
    return {"type": "image", **_texts(source, data="data", mimeType="media_type")}


def _is_picture(block: Block) -> bool:
    source = block.get("source")
    return block.get("type") == "image" and isinstance(source, dict) and source.get("type") == "base64"


def _known(block: Block, role: str) -> bool:
    if role == "assistant":
        return block.get("type") in ("text", "thinking", "redacted_thinking", "tool_use")
    return block.get("type") in ("text", "tool_result") or _is_picture(block)


def _texts(block: Block, **names: str) -> Record:
    return {name: str(block.get(ours) or "") for name, ours in names.items()}


def _milliseconds(ts: str) -> int:
    try:
        return int(moment(ts).timestamp() * 1000)
    except ValueError:
        return 0
