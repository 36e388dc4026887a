"""A message of pi as fields of ours: blocks, tool results, usage, and how an answer ended. Pure.

It owns the names that pi has for what the Messages API names otherwise. Whatever has no field of ours is handed back
beside the fields, so that nothing is lost; it refuses to know where a message stands.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from ipy_sessions.entries import Block
from ipy_sessions.readers.calls import call_id, finished

REASONS = {"stop": "end_turn", "length": "max_tokens", "toolUse": "tool_use"}
ENDS = {"error": "error", "aborted": "interrupted"}
TOKENS = {
    "input": "input_tokens",
    "output": "output_tokens",
    "cacheRead": "cache_read_input_tokens",
    "cacheWrite": "cache_creation_input_tokens",
}

Taken: TypeAlias = tuple[Block, Sequence[str]]
"""A block of ours, and the names in pi's whose values it has."""


class Said(NamedTuple):
    """What a message says: our fields, and what has none."""

    fields: dict[str, Any]
    rest: dict[str, Any]


def message(said: Mapping[str, Any]) -> Said | None:
    """Return what a message of pi says; ``None`` for one of a role, or with values, that are not known here."""
    role = said.get("role")
    read = ROLES.get(role) if isinstance(role, str) else None
    return None if read is None else read(said)


def content_of(content: object) -> tuple[list[Block], dict[str, Any]]:
    """Return content as blocks of the Messages API, and what of it cannot stand in them, by its place."""
    if isinstance(content, str):
        return [{"type": "text", "text": content}], {}
    if not isinstance(content, list):
        return [], {} if content is None else {"content": content}
    blocks: list[Block] = []
    left: dict[str, Any] = {}
    for number, block in enumerate(content):
        ours, rest = _block(block)
        if ours is not None:
            blocks.append(ours)
        if rest:
            left[str(number)] = rest
    return blocks, {"content": left} if left else {}


def paid(usage: object) -> dict[str, Any]:
    """Return the fields ``usage`` and ``cost_usd``, as far as they are known.

    pi writes 0 for a price that it does not know: tokens that cost nothing have no cost here.
    """
    if not isinstance(usage, dict):
        return {}
    tokens = {ours: usage[name] for name, ours in TOKENS.items() if type(usage.get(name)) is int}
    fields: dict[str, Any] = {"usage": tokens} if tokens else {}
    cost = usage.get("cost")
    total = cost.get("total") if isinstance(cost, dict) else None
    if isinstance(total, int | float) and not isinstance(total, bool) and (total or not any(tokens.values())):
        fields["cost_usd"] = total
    return fields


def _block(block: object) -> tuple[Block | None, Any]:
    """Return a block as ours and what is left of it; ``None`` and all of it for one that is not known here."""
    if not isinstance(block, dict):
        return None, block
    kind = block.get("type")
    read = BLOCKS.get(kind) if isinstance(kind, str) else None
    if read is None or (taken := read(block)) is None:
        return None, block
    ours, names = taken
    if len(block) == len(names):  # most are
        return ours, None
    return ours, {name: value for name, value in block.items() if name not in names}


def _text(block: Mapping[str, Any]) -> Taken | None:
    text = block.get("text")
    return ({"type": "text", "text": text}, ("type", "text")) if isinstance(text, str) else None


def _call(block: Mapping[str, Any]) -> Taken | None:
    name, tool, given = block.get("id"), block.get("name"), block.get("arguments")
    if not (isinstance(name, str) and isinstance(tool, str) and isinstance(given, dict)):
        return None
    ours = {"type": "tool_use", "id": call_id(name), "name": tool, "input": given}
    return ours, ("type", "id", "name", "arguments") if ours["id"] == name else ("type", "name", "arguments")


def _thinking(block: Mapping[str, Any]) -> Taken | None:
    thought, signature = block.get("thinking"), block.get("thinkingSignature")
    if block.get("redacted") is True and isinstance(signature, str) and thought in ("", None):
        names = [name for name in ("type", "redacted", "thinkingSignature", "thinking") if name in block]
        return {"type": "redacted_thinking", "data": signature}, names
    if not isinstance(thought, str):
        return None
    ours = {"type": "thinking", "thinking": thought}
    if not isinstance(signature, str):
        return ours, ("type", "thinking")
    return {**ours, "signature": signature}, ("type", "thinking", "thinkingSignature")


def _image(block: Mapping[str, Any]) -> Taken | None:
    data, kind = block.get("data"), block.get("mimeType")
    if not (isinstance(data, str) and isinstance(kind, str)):
        return None
    source = {"type": "base64", "media_type": kind, "data": data}
    return {"type": "image", "source": source}, ("type", "data", "mimeType")


BLOCKS: dict[str, Callable[[Mapping[str, Any]], Taken | None]] = {
    "text": _text,
    "toolCall": _call,
    "thinking": _thinking,
    "image": _image,
}


def _without(said: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in said.items() if name not in names}


def _user(said: Mapping[str, Any]) -> Said:
    blocks, left = content_of(said.get("content"))
    known = ("role", "content") if said.get("role") == "user" else ("content",)
    return Said({"role": "user", "content": blocks}, _without(said, *known) | left)


def _answer(said: Mapping[str, Any]) -> Said:
    blocks, left = content_of(said.get("content"))
    fields: dict[str, Any] = {"role": "assistant", "content": blocks}
    rest = _without(said, "role", "content")
    if isinstance(said.get("model"), str):
        fields["model"] = rest.pop("model")
    fields |= _ending(rest, blocks)
    fields |= paid(said.get("usage"))
    return Said(fields, rest | left if left else rest)


def _ending(rest: dict[str, Any], blocks: list[Block]) -> dict[str, Any]:
    """Take out of the rest how an answer ended, and return it."""
    reason = rest.get("stopReason")
    if not isinstance(reason, str):  # an older or another writer's
        return {"stop_reason": finished(blocks)}
    if reason in REASONS:
        del rest["stopReason"]
        return {"stop_reason": REASONS[reason]}
    fields: dict[str, Any] = {"stop_reason": None, "end": ENDS.get(reason, "interrupted")}
    if reason == "error" and isinstance(rest.get("errorMessage"), str):
        fields["error"] = {"type": "error", "message": rest.pop("errorMessage")}
    return fields


def _result(said: Mapping[str, Any]) -> Said | None:
    name = said.get("toolCallId")
    if not isinstance(name, str):
        return None
    blocks, left = content_of(said.get("content"))
    rest = _without(said, "role", "toolCallId", "content")
    result: Block = {"type": "tool_result", "tool_use_id": call_id(name), "content": blocks}
    if isinstance(said.get("isError"), bool):
        result["is_error"] = rest.pop("isError")
    if result["tool_use_id"] != name:
        rest["toolCallId"] = name
    return Said({"role": "user", "content": [result], **paid(said.get("usage"))}, rest | left)


def _command(said: Mapping[str, Any]) -> Said | None:
    """Return a command that the user ran by hand, as the user's words: so pi sends it, too."""
    command, output = said.get("command"), said.get("output", "")
    if not isinstance(command, str) or not isinstance(output, str):
        return None
    told = [f"Ran `{command}`", f"```\n{output}\n```" if output else "(no output)"]
    if said.get("cancelled") is True:
        told.append("\n(command cancelled)")
    elif said.get("exitCode"):
        told.append(f"\nCommand exited with code {said['exitCode']}")
    return Said({"role": "user", "content": [{"type": "text", "text": "\n".join(told)}]}, dict(said))


ROLES: dict[str, Callable[[Mapping[str, Any]], Said | None]] = {
    "user": _user,
    "custom": _user,
    "hookMessage": _user,  # as version 2 called it
    "assistant": _answer,
    "toolResult": _result,
    "bashExecution": _command,
}
