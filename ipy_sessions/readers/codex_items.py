"""An item of Codex as blocks of the Messages API. Pure.

It owns the names that the Responses API has for what the Messages API names otherwise, and what of a user's messages
Codex has written itself. Whatever has no place in a block is handed back; it refuses to know where an item stands.

Source: ``ResponseItem`` in https://github.com/openai/codex, codex-rs/protocol/src/models.rs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import msgspec

from ipy_sessions.entries import Block
from ipy_sessions.readers.calls import call_id

TEXTS = ("input_text", "output_text", "text", "summary_text", "reasoning_text")
CONTEXT = (
    "<environment_context>",
    "<user_instructions>",
    "# AGENTS.md instructions",
    "<turn_aborted>",
    "<user_shell_command>",
    "<skill>",
    "<subagent_notification>",
    "<additional_context>",
)
"""How a message of the user begins that Codex has written itself."""


class Item(NamedTuple):
    """What an item says.

    Parameters
    ----------
    role
        Whose message it is part of.
    blocks
        Its blocks.
    left
        What of it has no place there.
    """

    role: str
    blocks: list[Block]
    left: dict[str, Any]


def item(payload: Mapping[str, Any], line: int) -> Item | None:
    """Return what an item says; ``None`` for one of a type, or with values, that are not known here.

    Parameters
    ----------
    payload
        The item.
    line
        Its line, for a call that has no id.
    """
    kind = payload.get("type", "message")
    read = KINDS.get(kind) if isinstance(kind, str) else None
    return None if read is None else read(payload, line)


def is_context(blocks: list[Block]) -> bool:
    """Tell whether a user's message was written by Codex, and asks for nothing."""
    texts = [block["text"].lstrip() for block in blocks if block["type"] == "text"]
    return len(texts) == len(blocks) > 0 and all(text.startswith(CONTEXT) for text in texts)


def usage_of(tokens: Mapping[str, Any]) -> dict[str, int]:
    """Return tokens as the Messages API counts them: what came from the cache is no part of the input."""
    counts = {name: count for name, count in tokens.items() if isinstance(count, int) and not isinstance(count, bool)}
    cached = counts.get("cached_input_tokens", 0)
    usage = {"input_tokens": max(0, counts["input_tokens"] - cached)} if "input_tokens" in counts else {}
    if "cached_input_tokens" in counts:
        usage["cache_read_input_tokens"] = cached
    if "output_tokens" in counts:
        usage["output_tokens"] = counts["output_tokens"]
    return usage


def _message(payload: Mapping[str, Any], _line: int) -> Item | None:
    role, content = payload.get("role"), payload.get("content")
    if role not in ("user", "assistant") or not isinstance(content, str | list):
        return None
    blocks, odd = _blocks(content)
    return Item(role, blocks, _left(payload, "role", "content") | odd)


def _blocks(content: str | list[Any]) -> tuple[list[Block], dict[str, Any]]:
    """Return content as blocks, and what of it is none, by its place."""
    if isinstance(content, str):
        return [{"type": "text", "text": content}], {}
    made = [_block(part) for part in content]
    odd = {str(place): rest for place, (_, rest) in enumerate(made) if rest != {}}
    return [block for block, _ in made if block is not None], {"content": odd} if odd else {}


def _block(part: object) -> tuple[Block | None, Any]:
    """Return a part of some content as a block and what is left of it; ``None`` and all of it for what is none."""
    match part:
        case {"type": kind, "text": str(text), **rest} if kind in TEXTS:
            return {"type": "text", "text": text}, rest
        case {"type": "input_image", "image_url": str(url), **rest}:
            head, comma, data = url.partition(";base64,")
            if comma and head.startswith("data:"):
                source = {"type": "base64", "media_type": head.removeprefix("data:"), "data": data}
                return {"type": "image", "source": source}, rest
            return {"type": "image", "source": {"type": "url", "url": url}}, rest
    return None, part


def _reasoning(payload: Mapping[str, Any], _line: int) -> Item:
    """Return thinking, as far as it can be read; what is encrypted is left, and no Claude has signed it."""
    texts, left = [], _left(payload)
    for name in ("summary", "content"):
        value = payload.get(name)
        blocks, odd = _blocks(value) if isinstance(value, list) else ([], {})
        if blocks and not odd:
            texts += [str(block.get("text", "")) for block in blocks]
            del left[name]
    return Item("assistant", [{"type": "thinking", "thinking": "\n\n".join(texts)}], left)


def _call(payload: Mapping[str, Any], line: int) -> Item | None:
    name, given = payload.get("name"), payload.get("arguments")
    if not isinstance(name, str) or not name:
        return None
    return Item("assistant", [_tool_use(payload, line, name, given)], _left(payload, "name", "arguments", "call_id"))


def _custom_call(payload: Mapping[str, Any], line: int) -> Item | None:
    name, given = payload.get("name"), payload.get("input")
    if not isinstance(name, str) or not name:
        return None
    block = _tool_use(payload, line, name, given if isinstance(given, dict) else {"input": given})
    return Item("assistant", [block], _left(payload, "name", "input", "call_id"))


def _own_call(name: str, given: str) -> Callable[[Mapping[str, Any], int], Item]:
    """Return what reads a call of a tool that Codex has itself: its type names the tool."""

    def read(payload: Mapping[str, Any], line: int) -> Item:
        block = _tool_use(payload, line, name, payload.get(given))
        return Item("assistant", [block], _left(payload, given, "call_id"))

    return read


def _tool_use(payload: Mapping[str, Any], line: int, name: str, given: object) -> Block:
    named = (payload.get("call_id"), payload.get("id"))
    call = next((one for one in named if isinstance(one, str) and one), f"line-{line}")
    return {"type": "tool_use", "id": call_id(call), "name": name, "input": _object(given)}


def _object(given: object) -> dict[str, Any]:
    """Return a call's arguments as an object; what is none stands in one."""
    if isinstance(given, str):
        try:
            return msgspec.json.decode(given, type=dict[str, Any])
        except (ValueError, RecursionError):
            return {"arguments": given}
    if isinstance(given, dict):
        return given
    return {} if given is None else {"arguments": given}


def _output(payload: Mapping[str, Any], _line: int) -> Item | None:
    call = payload.get("call_id")
    if not isinstance(call, str):
        return None
    name = "output" if "output" in payload else "tools"
    output, left = payload.get(name), _left(payload, "call_id", name)
    block: Block = {"type": "tool_result", "tool_use_id": call_id(call)}
    if isinstance(output, dict) and isinstance(output.get("content"), str):  # as older versions write it
        block["content"] = output["content"]
        left["output"] = {name: value for name, value in output.items() if name != "content"}
        if output.get("success") is False:
            block["is_error"] = True
    elif isinstance(output, str):
        block["content"] = output
    elif isinstance(output, list) and not (made := _blocks(output))[1]:
        block["content"] = made[0]
    else:
        block["content"] = msgspec.json.encode(output).decode()
    return Item("user", [block], left)


def _searched(payload: Mapping[str, Any], line: int) -> Item:
    """Return a search that the server has made by itself; what it found is not told."""
    block = _tool_use(payload, line, "web_search", payload.get("action"))
    return Item("assistant", [{**block, "type": "server_tool_use"}], _left(payload, "action"))


def _left(payload: Mapping[str, Any], *taken: str) -> dict[str, Any]:
    call = payload.get("call_id")
    named = isinstance(call, str) and call_id(call) == call
    return {name: value for name, value in payload.items() if name not in taken or (name == "call_id" and not named)}


KINDS: Mapping[str, Callable[[Mapping[str, Any], int], Item | None]] = {
    "message": _message,
    "reasoning": _reasoning,
    "function_call": _call,
    "custom_tool_call": _custom_call,
    "local_shell_call": _own_call("local_shell", "action"),
    "tool_search_call": _own_call("tool_search", "arguments"),
    "web_search_call": _searched,
    "function_call_output": _output,
    "custom_tool_call_output": _output,
    "mcp_tool_call_output": _output,
    "tool_search_output": _output,
}
"""Types of items, and what reads each."""
