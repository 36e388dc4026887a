"""From the events of a Messages stream to ours. Pure: decoded JSON in, events out.

It reads the events as they stand on the wire, not as a client library has understood them, so that a block is kept as
the model gave it, of whatever type. It is as patient as it can be with servers that are not Anthropic's: a block
without a beginning, a missing count, an unknown event are no fault. What it insists on is an end: only a
``message_stop``, or a stop reason before the connection closed, makes an answer complete.

Source: https://docs.anthropic.com/en/api/messages-streaming
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from ipy_sessions.encoding import whole_characters
from ipy_sessions.entries import Block
from ipy_sessions.events import BlockEnd, Event, Started, TextDelta, ThinkingDelta, Usage

_SHOWN: dict[str, tuple[str, type[TextDelta | ThinkingDelta]]] = {
    "text_delta": ("text", TextDelta),
    "thinking_delta": ("thinking", ThinkingDelta),
}
_TYPES = {"text_delta": "text", "thinking_delta": "thinking", "input_json_delta": "tool_use"}
_HALF = re.compile("[\ud800-\udbff]$")
"""The first half of a character that a server has cut in two; the other one comes with the next delta."""


class StreamFaultError(Exception):
    """The stream said, or showed, that it cannot go on.

    Parameters
    ----------
    kind
        In one word: that of the server's own error, or ``"incomplete"``, ``"no_stream"`` or ``"invalid_tool_input"``.
    message
        The server's words; may be empty.
    """

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class Assembly:
    """One message, put together from the events of its stream.

    Parameters
    ----------
    model
        The name that the model was asked by, for servers that do not say their own.
    """

    def __init__(self, model: str) -> None:
        self.model = model
        self.began = False
        """Whether anything of the answer has come."""
        self.blocks: list[Block] = []
        """The blocks that are whole."""
        self.usage: Usage = {}
        self.stop_reason: str | None = None
        self.stop_details: dict[str, Any] | None = None
        self.ended = False
        """Whether the model has said its last word."""
        self._block: Block | None = None
        self._pieces: list[str] = []
        self._half = ""

    @property
    def said(self) -> bool:
        """Whether anything of it can be read."""
        return bool(self.blocks) or bool(self._pieces)

    def take(self, event: Mapping[str, Any]) -> Iterator[Event]:
        """Yield what an event means.

        Raises
        ------
        StreamFaultError
            For an ``error`` event, and for a tool's input that is no JSON.
        """
        kind = event.get("type")
        if kind == "content_block_delta":
            yield from self._delta(_mapping(event.get("delta")))
        elif kind == "message_start":
            yield self._start(_mapping(event.get("message")))
        elif kind == "content_block_start":
            yield from self._open(_mapping(event.get("content_block")))
        elif kind == "content_block_stop":
            yield from self._close()
        elif kind == "message_delta":
            delta = _mapping(event.get("delta"))
            self.stop_reason = delta.get("stop_reason") or self.stop_reason
            self.stop_details = delta.get("stop_details") or self.stop_details
            self.usage.update(_counts(event.get("usage")))
        elif kind == "message_stop":
            self.ended = True
            self.stop_reason = self.stop_reason or "end_turn"
        elif kind == "error":
            said = event.get("error")
            error = _mapping(said) or {"message": said}
            raise StreamFaultError(str(error.get("type") or "error"), str(error.get("message") or ""))

    def finish(self) -> Iterator[Event]:
        """Yield what is left when the stream has ended.

        Raises
        ------
        StreamFaultError
            When the message is not complete.
        """
        if self.stop_reason is None:
            raise StreamFaultError("incomplete", "")
        yield from self._close()

    def _start(self, message: Mapping[str, Any]) -> Started:
        self.began = True
        self.model = str(message.get("model") or self.model)
        self.usage.update(_counts(message.get("usage")))
        # The count of output is a first guess here, and stays one in an answer that does not come to its end.
        return Started(self.model, {name: count for name, count in self.usage.items() if name != "output_tokens"})

    def _open(self, block: Block) -> Iterator[Event]:
        yield from self._close()
        self.began = True
        if not isinstance(kind := block.get("type"), str):
            return  # the first delta tells what it is
        self._block = dict(block)
        if kind in ("text", "thinking") and block.get(kind):  # which begins with more than nothing
            self._block[kind] = ""
            yield from self._delta({**block, "type": f"{kind}_delta"})

    def _delta(self, delta: Mapping[str, Any]) -> Iterator[Event]:
        kind = str(delta.get("type"))
        if kind in _TYPES and not self._takes(kind):
            yield from self._open({"type": _TYPES[kind]})
        if kind in _SHOWN:
            name, event = _SHOWN[kind]
            text = self._half + _text(delta.get(name))
            self._half = text[-1:] if _HALF.search(text) else ""
            text = text.removesuffix(self._half)
            if text:
                text = text if text.isascii() else whole_characters(text)
                self._pieces.append(text)
                yield event(text)
        elif kind == "input_json_delta":
            self._pieces.append(_text(delta.get("partial_json")))
        elif kind == "signature_delta" and self._block is not None:
            self._block["signature"] = _text(delta.get("signature"))
        elif kind == "citations_delta" and self._block is not None and isinstance(delta.get("citation"), dict):
            self._block["citations"] = [*(self._block.get("citations") or []), delta["citation"]]

    def _takes(self, kind: str) -> bool:
        """Tell whether a delta belongs to the open block; calls of tools have many types, texts one each."""
        if self._block is None:
            return False
        shown = self._block["type"] in ("text", "thinking")
        return bool(self._block["type"] == _TYPES[kind]) if shown or kind in _SHOWN else True

    def _close(self) -> Iterator[Event]:
        if self._block is None:
            return
        block, self._block = self._block, None
        whole, self._pieces, self._half = "".join(self._pieces), [], ""
        if block["type"] in ("text", "thinking"):
            block[block["type"]] = whole
        elif whole:
            block["input"] = _input(whole)
        self.blocks.append(block)
        yield BlockEnd(block)


def as_events(message: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield a whole message, or an error, as the events of a stream."""
    if message.get("type") != "message":
        yield dict(message)
        return
    yield {"type": "message_start", "message": message}
    content = message.get("content")
    for block in content if isinstance(content, list) else ():
        yield {"type": "content_block_start", "content_block": block}
        yield {"type": "content_block_stop"}
    yield {"type": "message_delta", "delta": message, "usage": message.get("usage")}


def _input(written: str) -> Any:
    try:
        return json.loads(written)
    except ValueError:
        raise StreamFaultError("invalid_tool_input", "") from None


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _counts(usage: Any) -> Usage:
    """Return a server's counts of tokens; some of Anthropic's are tables of their own, which prices need."""
    counts: Usage = {}
    for name, count in _mapping(usage).items():
        if isinstance(count, dict):
            counts[name] = _counts(count)
        elif isinstance(count, int) and not isinstance(count, bool) and count >= 0:
            counts[name] = count
    return counts
