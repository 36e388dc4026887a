"""What is put on the wire: a request of ours as the parameters of the Messages API. Pure.

Optional features are sent where the model has them, as far as its server says so. What a server has refused is left
out the second time, step by step, and the user is told.
"""

from __future__ import annotations

import re
from typing import Any, TypeAlias

from ipy_sessions.entries import Block, Message
from ipy_sessions.model.listing import Description
from ipy_sessions.settings import SMALLEST_BUDGET, Parameters

Payload: TypeAlias = dict[str, Any]
Asked: TypeAlias = tuple[Payload, list[str]]
"""What is sent, and what the user is to know about it."""

PLAIN_BLOCKS = frozenset({"text", "image", "document", "tool_use", "tool_result"})
"""Blocks that any model can be sent; the others belong to the model or the server that wrote them."""

OPTIONAL = {
    "thinking": ("thinking", r"think"),
    "output_config": ("effort", r"effort|output_config"),
    "cache_control": ("caching", r"cach"),
}
"""Parameters that a server may not have: what the user calls them, and how a refusal speaks of them."""

ABOUT_BLOCKS = re.compile(r"\bblocks?\b|signature|citation|content\W+\d+|tool_use", re.IGNORECASE)
ABOUT_FIELDS = re.compile(r"\bextra\b|unknown|unsupported|not supported|unexpected|not permitted", re.IGNORECASE)


def payload(messages: list[Message], parameters: Parameters, model: Description, *, official: bool) -> Asked:
    """Return the parameters of ``messages.create`` for a request.

    Parameters
    ----------
    messages, parameters
        The request.
    model
        What the server says about the model.
    official
        Whether the server is Anthropic's own: there caching is known to work.
    """
    notes: list[str] = []
    limit = min(parameters.max_tokens, model.longest or parameters.max_tokens)
    sent: Payload = {"model": parameters.model, "max_tokens": limit, "messages": messages}
    if parameters.system:
        sent["system"] = parameters.system
    if parameters.stop_sequences:
        sent["stop_sequences"] = list(parameters.stop_sequences)
    duration = {"auto": "5m" if official else "off"}.get(parameters.cache, parameters.cache)
    if duration != "off":
        sent["cache_control"] = {"type": "ephemeral", **({} if duration == "5m" else {"ttl": duration})}
    if parameters.effort:
        if model.efforts is None or parameters.effort in model.efforts:
            sent["output_config"] = {"effort": parameters.effort}
        else:
            known = ", ".join(sorted(model.efforts)) or "none"
            notes.append(f"{parameters.model} has no effort {parameters.effort!r} (it has {known}): asked without.")
    if parameters.thinking:
        way, note = _thinking(parameters, model, limit)
        sent.update({"thinking": way} if way else {})
        notes += [note] if note else []
    return sent, notes


def _thinking(parameters: Parameters, model: Description, limit: int) -> tuple[dict[str, Any] | None, str]:
    """Return the way of thinking to ask for, and what the user is to know about it."""
    name, wanted, ways = parameters.model, parameters.thinking, model.thinking
    if wanted == "off":
        if ways is not None and "disabled" not in ways:
            return None, f"{name} always thinks: asked without thinking='off'."
        return {"type": "disabled"}, ""
    adaptive = {"type": "adaptive", "display": "summarized"}
    budget = min(int(wanted) if wanted.isdecimal() else max(SMALLEST_BUDGET, limit // 2), limit - 1)
    if ways is not None and not {"adaptive", "enabled"} & ways:
        return None, f"{name} does not think: asked without."
    if ways is not None and "adaptive" in ways and (wanted == "on" or "enabled" not in ways):
        note = "" if wanted == "on" else f"{name} takes no number of tokens for thinking: it decides by itself."
        return adaptive, note
    if budget < SMALLEST_BUDGET:
        return None, f"Thinking needs max_tokens above {SMALLEST_BUDGET}, and it is {limit}: asked without."
    return {"type": "enabled", "budget_tokens": budget}, ""


def simpler(sent: Payload, words: str) -> tuple[Payload, str] | None:
    """Return a refused request with less in it, and what was left out; ``None`` when the refusal is about neither.

    Parameters
    ----------
    sent
        What was refused.
    words
        What the server said; nothing is left out that they do not speak of.
    """
    messages = [_plain(message) for message in sent["messages"]]
    messages = [message for message in messages if message["content"]]
    if messages != sent["messages"] and ABOUT_BLOCKS.search(words):
        return {**sent, "messages": messages}, "what another model or its server had added to the conversation"
    options = [name for name in OPTIONAL if name in sent]
    named = [name for name in options if re.search(OPTIONAL[name][1], words, re.IGNORECASE)]
    omitted = named or (options if ABOUT_FIELDS.search(words) else [])
    if not omitted:
        return None
    rest = {name: value for name, value in sent.items() if name not in omitted}
    return rest, ", ".join(OPTIONAL[name][0] for name in omitted)


def _plain(message: Message) -> Message:
    blocks = [_without_citations(block) for block in message["content"] if block.get("type") in PLAIN_BLOCKS]
    return Message(role=message["role"], content=blocks)


def _without_citations(block: Block) -> Block:
    return {name: value for name, value in block.items() if name != "citations"}
