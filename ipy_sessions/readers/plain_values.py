"""What stands in a line of plain JSONL, as content blocks and tokens of the Messages API. Pure.

It owns under which names such files have calls, results and tokens: those of the Messages API, of OpenAI's, and those
that people make up. It refuses to know what comes before a line.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from ipy_sessions.entries import Block, text_of
from ipy_sessions.readers.calls import call_id

TOOLS = ("name", "tool", "tool_name")
INPUTS = ("input", "arguments", "args", "parameters")
RESULTS = ("content", "result", "output")
TOKENS = {
    **{name: name for name in ("input_tokens", "output_tokens")},
    **{name: name for name in ("cache_read_input_tokens", "cache_creation_input_tokens")},
    "prompt_tokens": "input_tokens",
    "completion_tokens": "output_tokens",
}
DATA = "data:"  # how an address begins that holds the picture itself

T = TypeVar("T")
Line = Mapping[str, Any]


def first(line: Line, names: Sequence[str], kind: type[T]) -> T | None:
    """Return the first value of a kind that a line has under one of some names."""
    return next((value for name in names if isinstance(value := line.get(name), kind)), None)


def text_in(content: object) -> str:
    """Return content as text."""
    return text_of(blocks_of(content)[0])


def blocks_of(content: object) -> tuple[list[Block], dict[str, Any]]:
    """Return content as blocks, and what of it cannot stand in them, by its place."""
    if content is None:
        return [], {}
    if not isinstance(content, list):
        text = _written(content)
        return ([], {"content": content}) if text is None else ([_text(text)], {})
    blocks: list[Block] = []
    left: dict[str, Any] = {}
    for number, block in enumerate(content):
        if (ours := _block(block)) is None:
            left[str(number)] = block
        else:
            blocks.append(ours)
    return blocks, {"content": left} if left else {}


def call_in(line: Line, name: str) -> tuple[Block, set[str]]:
    """Return a line of its own that is a call, as a block, and the names whose values it has; `name` is its id."""
    within = line.get("content")
    told = {**within, **line} if isinstance(within, dict) else line
    tool = next((key for key in TOOLS if isinstance(told.get(key), str)), "")
    given = next((key for key in INPUTS if key in told), "" if told is not line else "content")
    return _call(name, told.get(tool) or "", told.get(given)), {tool, given}


def calls_in(line: Line, name: str) -> tuple[list[Block], dict[str, Any]]:
    """Return the calls that an answer has beside its content, as OpenAI has them, and what there is no call.

    `name` is the beginning of an id for one that has none.
    """
    blocks: list[Block] = []
    left: dict[str, Any] = {}
    for key in ("tool_calls", "function_call"):
        said = line.get(key)
        calls = said if isinstance(said, list) else [{"function": said}]
        found = [_function(call, f"{name}_{number}") for number, call in enumerate(calls)]
        blocks += [block for block in found if block is not None]
        if key in line and None in found:
            left[key] = said
    return blocks, left


def result_in(line: Line, name: str) -> tuple[Block, dict[str, Any]]:
    """Return a line of its own that is a result, as a block, and what is left of it; `name` is the id of its call."""
    key = next((key for key in RESULTS if key in line), "")
    content, left = blocks_of(line.get(key))
    result: Block = {"type": "tool_result", "tool_use_id": call_id(name), "content": content}
    if True in (line.get("is_error"), line.get("isError"), line.get("error")):
        result["is_error"] = True
    return result, {name: value for name, value in line.items() if name != key} | left


def paid(line: Line) -> dict[str, Any]:
    """Return the tokens and the cost that a line tells."""
    usage, cost = line.get("usage"), line.get("cost_usd")
    counts = usage.items() if isinstance(usage, dict) else ()
    tokens = {
        TOKENS[name]: count
        for name, count in counts
        if name in TOKENS and isinstance(count, int) and not isinstance(count, bool)
    }
    fields: dict[str, Any] = {"usage": tokens} if tokens else {}
    if isinstance(cost, int | float) and not isinstance(cost, bool):
        fields["cost_usd"] = cost
    return fields


def _text(text: str) -> Block:
    return {"type": "text", "text": text}


def _written(value: object) -> str | None:
    """Return a value as text: JSON, where it is none; ``None`` for what is nested too deeply to be written."""
    try:
        return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    except RecursionError:
        return None


def _function(call: object, name: str) -> Block | None:
    function = call.get("function") if isinstance(call, dict) else None
    if not isinstance(call, dict) or not isinstance(function, dict) or not isinstance(function.get("name"), str):
        return None
    own = call.get("id")
    return _call(own if isinstance(own, str) else name, function["name"], function.get("arguments"))


def _call(name: str, tool: str, given: object) -> Block:
    if isinstance(given, str):
        try:
            given = json.loads(given)
        except (ValueError, RecursionError):
            given = {"input": given}
    taken = given if isinstance(given, dict) else {} if given is None else {"input": given}
    return {"type": "tool_use", "id": call_id(name), "name": tool or "tool", "input": taken}


def _block(block: object) -> Block | None:
    """Return a block of content as one of the Messages API; ``None`` for what is none."""
    if isinstance(block, str):
        return _text(block)
    if not isinstance(block, dict):
        return None
    match block:
        case {"type": "input_text" | "output_text", "text": str(text)}:
            return _text(text)
        case {"type": "image_url", "image_url": {"url": str(address)}} | {
            "type": "input_image",
            "image_url": str(address),
        }:
            return {"type": "image", "source": _source(address)}
    named = {"tool_use": ("id", "name"), "tool_result": ("tool_use_id",)}
    kind = block.get("type")
    whole = isinstance(kind, str) and all(isinstance(block.get(name), str) for name in named.get(kind, ()))
    return block if whole else None


def _source(address: str) -> dict[str, Any]:
    kind, _, data = address.removeprefix(DATA).partition(";base64,")
    if address.startswith(DATA) and data:
        return {"type": "base64", "media_type": kind, "data": data}
    return {"type": "url", "url": address}
