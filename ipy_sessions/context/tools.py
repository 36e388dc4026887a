"""Every tool call answered exactly once, by the message right behind it. Pure.

The API refuses a conversation for ever when one call in it has no result, or one result no call, as after a Stop. So
the log is sent with what is missing filled in, and what belongs to nothing left out.
"""

from __future__ import annotations

from collections.abc import Sequence

from ipy_sessions.entries import Block, Message

NO_RESULT = "There is no result: the turn was stopped before the tool had answered."

SERVERS_CALLS = ("server_tool_use", "mcp_tool_use")
"""Calls that a server answers by itself, within the answer."""


def paired(messages: Sequence[Message]) -> list[Message]:
    """Return messages whose roles take turns with their tool calls and results in pairs."""
    result: list[Message] = []
    calls: list[str] = []  # of the message before
    seen: set[str] = set()
    for message in messages:
        if message["role"] == "assistant":
            content = [block for block in message["content"] if _is_new(block, seen)]
            calls = [str(block["id"]) for block in content if block.get("type") == "tool_use"]
        else:
            content = _answered(message["content"], calls)
            calls = []
        if content:
            result.append(Message(role=message["role"], content=content))
    if calls:  # the path ends in a call
        result.append(Message(role="user", content=_answered([], calls)))
    return result


def _is_new(block: Block, seen: set[str]) -> bool:
    """Tell whether a block is no call, or one whose id no call before it had."""
    if block.get("type") != "tool_use":
        return True
    new = isinstance(block.get("id"), str) and block["id"] not in seen
    seen.add(str(block.get("id")))
    return new


def _answered(content: Sequence[Block], calls: Sequence[str]) -> list[Block]:
    """Return a user's content with one result for each call in front, and no other results."""
    results: dict[str, Block] = {}
    for block in content:
        if block.get("type") == "tool_result":
            results.setdefault(str(block.get("tool_use_id")), block)
    rest = [block for block in content if block.get("type") != "tool_result"]
    return [*(results.get(call) or _missing(call) for call in calls), *rest]


def _missing(call: str) -> Block:
    content = [{"type": "text", "text": NO_RESULT}]
    return {"type": "tool_result", "tool_use_id": call, "is_error": True, "content": content}


def served(content: Sequence[Block]) -> list[Block]:
    """Return an answer's content with the calls and results of a server's own tools in pairs, the others left out."""
    calls = [str(block.get("id")) for block in content if block.get("type") in SERVERS_CALLS]
    results = [str(block["tool_use_id"]) for block in content if "tool_use_id" in block]
    whole = {one for one in calls if calls.count(one) == 1 == results.count(one)}

    def belongs(block: Block) -> bool:
        if block.get("type") in SERVERS_CALLS:
            return str(block.get("id")) in whole
        return "tool_use_id" not in block or str(block["tool_use_id"]) in whole

    return [block for block in content if belongs(block)]
