"""What a fake server says: replies as the events of a stream, and the faults that cut them short.

A `Reply` is what a model would have said. A `Fault` is what goes wrong instead, and `Moment` says when: before any
byte, or between two events of the reply. A test that needs the middle of a reply asks for a
silence there and ends it itself, so that no clock decides.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

Event: TypeAlias = tuple[str, dict[str, Any]]
"""Name and data of a server-sent event."""

Moment: TypeAlias = Literal["first", "started", "block", "middle", "block_end", "last", "over"]
"""After which event a fault comes: none, the message's start, the first block's start, half of all, the first block's
end, all but the very last, all."""

Kind: TypeAlias = Literal[
    "error",  # an SSE error event, `type` and `message`
    "reset",  # the connection is reset
    "cut",  # the connection is closed inside a chunk
    "end",  # the stream ends well-formed, without the rest
    "silence",  # nothing more for `seconds`, or until the test calls `release`, and then the rest
    "bad_json",  # a line that is no JSON
    "pings",  # `seconds` of pings, and then the rest
]


@dataclass(frozen=True)
class Fault:
    """Something that goes wrong while a reply streams.

    Parameters
    ----------
    kind
        What.
    at
        When.
    seconds
        How long, for a silence and for pings.
    type, message
        Of an error event.
    """

    kind: Kind
    at: Moment = "middle"
    seconds: float = 5.0
    type: str = "overloaded_error"
    message: str = "Overloaded"
    released: threading.Event = field(default_factory=threading.Event, compare=False, repr=False)
    """Set by `release`."""

    def release(self) -> None:
        """End the silence."""
        self.released.set()


@dataclass(frozen=True)
class Status:
    """An answer that is an HTTP error.

    Parameters
    ----------
    code
        The status: 429, 529, 500, 401, 413 …
    type, message
        The error's, as the Messages API has them.
    headers
        More headers, such as ``retry-after``.
    body
        Text instead of the API's JSON, as a proxy would send it.
    """

    code: int
    type: str = "api_error"
    message: str = "An error"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str | None = None


@dataclass(frozen=True)
class Drop:
    """No answer at all: the connection is reset after `seconds` of silence."""

    seconds: float = 0.0


@dataclass(frozen=True)
class Reply:
    """What the model says.

    Parameters
    ----------
    content
        Text, or the content blocks of the Messages API.
    stop_reason, stop_details
        Why it ends.
    usage
        Counts of tokens that differ from those that the server makes up.
    pieces
        Into how many deltas a block's text is cut; 0 for one a word.
    delay
        Seconds before each event.
    fault
        What goes wrong; ``None`` for nothing.
    quirk
        How the stream differs from Anthropic's, as those of other servers do: ``"data_only"`` leaves out the lines
        ``event: …``, ``"no_usage"`` the counts, ``"no_blocks"`` the beginnings and ends of blocks, ``"done"`` adds
        ``data: [DONE]``, ``"whole"`` sends the message at once, as JSON.
    """

    content: str | Sequence[Mapping[str, Any]] = "Hello."
    stop_reason: str | None = "end_turn"
    stop_details: Mapping[str, Any] | None = None
    usage: Mapping[str, Any] = field(default_factory=dict)
    pieces: int = 0
    delay: float = 0.0
    fault: Fault | None = None
    quirk: Literal["", "data_only", "no_usage", "no_blocks", "done", "whole"] = ""

    @property
    def blocks(self) -> list[dict[str, Any]]:
        """The content as blocks."""
        if isinstance(self.content, str):
            return [{"type": "text", "text": self.content}]
        return [dict(block) for block in self.content]

    def events(self, model: str, message_id: str, sent: int) -> list[Event]:
        """Return the events of the whole reply.

        Parameters
        ----------
        model, message_id
            As the message names them.
        sent
            Tokens of the request.
        """
        said = sum(len(json.dumps(block)) for block in self.blocks) // 4
        counts = {"input_tokens": sent, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0, **self.usage}
        message: dict[str, Any] = {
            "id": message_id,
            "type": "message",
            "role": "assistant",
            "model": model,
            "content": [],
        }
        message |= {"stop_reason": None, "stop_sequence": None, "usage": {**counts, "output_tokens": 1}}
        end: dict[str, Any] = {"stop_reason": self.stop_reason, "stop_sequence": None}
        if self.stop_details:
            end["stop_details"] = dict(self.stop_details)
        events: list[Event] = [_event("message_start", message=message)]
        for index, block in enumerate(self.blocks):
            events += self._block(index, block)
        last = {"output_tokens": self.usage.get("output_tokens", said)}
        events.append(_event("message_delta", delta=end, **({} if self.quirk == "no_usage" else {"usage": last})))
        return [*events, _event("message_stop")]

    def _block(self, index: int, block: dict[str, Any]) -> Iterator[Event]:
        start, deltas = _opened(block, self.pieces)
        if self.quirk != "no_blocks":
            yield _event("content_block_start", index=index, content_block=start)
        for delta in deltas:
            yield _event("content_block_delta", index=index, delta=delta)
        if self.quirk != "no_blocks":
            yield _event("content_block_stop", index=index)


Step: TypeAlias = Reply | Status | Drop
"""What the server does with one request."""


def _event(name: str, **data: Any) -> Event:
    return name, {"type": name, **data}


def _opened(block: dict[str, Any], pieces: int) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return a block as it starts, and the deltas that make it whole."""
    kind = block["type"]
    if kind == "text":
        start = {**block, "text": ""}
        return start, [{"type": "text_delta", "text": text} for text in _cut(block["text"], pieces)]
    if kind == "thinking":
        signature = {"type": "signature_delta", "signature": block.get("signature", "c2lnbmVk")}
        deltas = [{"type": "thinking_delta", "thinking": text} for text in _cut(block["thinking"], pieces)]
        return {"type": kind, "thinking": "", "signature": ""}, [*deltas, signature]
    if kind in ("tool_use", "server_tool_use"):
        written = block["input"] if isinstance(block["input"], str) else json.dumps(block["input"])
        deltas = [
            {"type": "input_json_delta", "partial_json": written[at : at + 7]} for at in range(0, len(written), 7)
        ]
        return {**block, "input": {}}, deltas
    return block, []


def _cut(text: str, pieces: int) -> list[str]:
    if not pieces:
        words = text.split(" ")
        return [*(f"{word} " for word in words[:-1]), words[-1]]
    size = -(-len(text) // pieces) or 1
    return [text[at : at + size] for at in range(0, len(text), size)]


def position(events: Sequence[Event], at: Moment) -> int:
    """Return how many events of a reply are sent before its fault."""
    names = [name for name, _ in events]

    def after(name: str) -> int:
        return names.index(name) + 1 if name in names else 1

    return {
        "first": 0,
        "started": 1,
        "block": after("content_block_start"),
        "middle": max(len(events) // 2, 3),
        "block_end": after("content_block_stop"),
        "last": len(events) - 1,
        "over": len(events),
    }[at]
