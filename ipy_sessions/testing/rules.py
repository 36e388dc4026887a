"""What the Messages API refuses, as a fake server has to refuse it, too. Pure.

The rules of a conversation's shape are those that a stored history breaks: who speaks first and last, empty messages,
tool calls without a result and results without a call, thinking that nobody signed.

Source: https://docs.anthropic.com/en/api/messages and the errors that it documents.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any, TypeAlias

Said: TypeAlias = list[tuple[str, list[dict[str, Any]]]]
"""A conversation: role and content blocks of each message."""

OF_ANSWERS = ("thinking", "redacted_thinking", "tool_use", "server_tool_use")
OF_USERS = ("tool_result", "image", "document")


def faults(body: Mapping[str, Any]) -> Iterator[str]:
    """Yield, in the API's manner, what is wrong with the body of a request; nothing for one that is right."""
    for name in ("model", "max_tokens", "messages"):
        if not body.get(name):
            yield f"{name}: Field required"
    for name in ("temperature", "top_p", "top_k"):
        if name in body:
            yield f"{name}: is not supported"
    messages = body.get("messages")
    if not all(isinstance(message, dict) for message in (messages if isinstance(messages, list) else [None])):
        yield "messages: Input should be a valid list of messages"
        return
    said = [(str(message.get("role")), _blocks(message.get("content"))) for message in messages or ()]
    for rule in (_kinds, _order, _text, _calls, _results, _unique, _places, _signatures):
        yield from rule(said)


def _blocks(content: Any) -> list[dict[str, Any]]:
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    # What is no block at all becomes one without a type.
    return [block if isinstance(block, dict) else {} for block in (content if isinstance(content, list) else ())]


def _calls_of(blocks: list[dict[str, Any]]) -> list[str]:
    return [str(block.get("id")) for block in blocks if block.get("type") == "tool_use"]


def _results_of(blocks: list[dict[str, Any]]) -> list[str]:
    return [str(block.get("tool_use_id")) for block in blocks if block.get("type") == "tool_result"]


KINDS: dict[str, dict[str, type]] = {
    "text": {"text": str},
    "thinking": {"thinking": str, "signature": str},
    "redacted_thinking": {"data": str},
    "tool_use": {"id": str, "name": str, "input": dict},
    "server_tool_use": {"id": str, "name": str, "input": dict},
    "tool_result": {"tool_use_id": str},
    "image": {"source": dict},
    "document": {"source": dict},
}
"""What a block of a type has, and of which kind."""


def _kinds(said: Said) -> Iterator[str]:
    for number, (_, blocks) in enumerate(said):
        for block in blocks:
            if not isinstance(kind := block.get("type"), str):
                yield f"messages.{number}.content: Input should have a valid `type`"
                continue
            for name, wanted in KINDS.get(kind, {}).items():
                if not isinstance(block.get(name), wanted):
                    yield f"messages.{number}.content.{kind}.{name}: Input should be a valid {wanted.__name__}"


def _order(said: Said) -> Iterator[str]:
    """Demand the user first and last; only an answer that paused in a server's tool may be at the end."""
    if said and said[0][0] != "user":
        yield "messages: first message must use the user role"
    if said and said[-1][0] == "assistant" and not any(block.get("type") == "server_tool_use" for block in said[-1][1]):
        yield "This model does not support assistant message prefill. The conversation must end with a user message."


def _text(said: Said) -> Iterator[str]:
    for number, (_, blocks) in enumerate(said):
        if not blocks:
            yield f"messages.{number}.content: all messages must have non-empty content"
        for block in blocks:
            if block.get("type") == "text" and not str(block.get("text") or "").strip():
                yield f"messages.{number}: text content blocks must contain non-whitespace text"


def _calls(said: Said) -> Iterator[str]:
    """Each call of an answer has its result in the message right behind it."""
    for number, ((_, blocks), (_, behind)) in enumerate(pairwise([*said, ("", [])])):
        missing = [call for call in _calls_of(blocks) if call not in _results_of(behind)]
        if missing:
            yield (
                f"messages.{number}: `tool_use` ids were found without `tool_result` blocks immediately after: "
                f"{', '.join(missing)}. Each `tool_use` block must have a corresponding `tool_result` block."
            )


def _results(said: Said) -> Iterator[str]:
    """Each result has its call in the message right before it, and no call has two."""
    for number, ((_, before), (_, blocks)) in enumerate(pairwise([("", []), *said])):
        results = _results_of(blocks)
        for result in results:
            if result not in _calls_of(before):
                yield f"messages.{number}: unexpected `tool_use_id` found in `tool_result` blocks: {result}"
            if results.count(result) > 1:
                yield f"messages.{number}: each tool_use must have a single result. Found multiple for {result}"


def _unique(said: Said) -> Iterator[str]:
    ids = [call for _, blocks in said for call in _calls_of(blocks)]
    for one in sorted({one for one in ids if ids.count(one) > 1}):
        yield f"messages: `tool_use` ids must be unique: {one}"


def _places(said: Said) -> Iterator[str]:
    """Keep some blocks to answers, some to users."""
    for number, (role, blocks) in enumerate(said):
        for block in blocks:
            kind = block.get("type")
            if kind in (OF_ANSWERS if role == "user" else OF_USERS):
                yield f"messages.{number}: `{kind}` blocks are not permitted in {role} messages"
            if role == "user" and block.get("citations") and kind == "text":
                yield f"messages.{number}: citations are not permitted in user messages"


def _signatures(said: Said) -> Iterator[str]:
    """Thinking is signed; a server's tool call has its result, unless the answer paused in it."""
    for number, (_, blocks) in enumerate(said):
        served = [block.get("tool_use_id") for block in blocks]
        for block in blocks:
            if block.get("type") == "thinking" and not block.get("signature"):
                yield f"messages.{number}: Invalid `signature` in `thinking` block"
            if block.get("type") == "server_tool_use" and block.get("id") not in served and number < len(said) - 1:
                yield f"messages.{number}: `server_tool_use` {block.get('id')} has no result block"
