"""What a model's stream yields, and the fold that makes a reply of it.

Every model speaks in these few events, so that turns, views and the log know no SDK. The fold lives beside them: it is
the one place that knows how deltas become content blocks. Nothing here asks a model or writes a line.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypeAlias

from ipy_sessions.entries import Block, Entry, text_of

Usage: TypeAlias = dict[str, Any]
"""Tokens as the Messages API counts them: ``input_tokens``, ``output_tokens``, ``cache_read_input_tokens`` …"""


@dataclass(frozen=True, slots=True)
class Started:
    """The model has begun to answer.

    Parameters
    ----------
    model
        The model that answers, as it names itself.
    usage
        Tokens counted so far: those of the request.
    cost_usd
        What an answer costs in US dollars when it stops right here; ``None`` when that is not known.
    """

    model: str
    usage: Usage
    cost_usd: float | None = None


@dataclass(frozen=True, slots=True)
class TextDelta:
    """A piece of text, to be put after those before it."""

    text: str


@dataclass(frozen=True, slots=True)
class ThinkingDelta:
    """A piece of the model's thinking, to be put after those before it."""

    text: str


@dataclass(frozen=True, slots=True)
class BlockEnd:
    """A content block is whole.

    Parameters
    ----------
    block
        The block as the model gave it, to the byte; the deltas since the block before it are a part of it.
    """

    block: Block


@dataclass(frozen=True, slots=True)
class Waiting:
    """Nothing has come yet, and the request is going to be repeated.

    Parameters
    ----------
    seconds
        Until then; 0 when it is sent.
    reason
        What happened, in a few words.
    attempt, attempts
        Which repetition that will be, and how many there can be.
    """

    seconds: float
    reason: str
    attempt: int
    attempts: int


@dataclass(frozen=True, slots=True)
class Notice:
    """One sentence for the user that is no part of the answer, such as an option that the model does not have."""

    text: str


@dataclass(frozen=True, slots=True)
class Finished:
    """The model has said all that it will say.

    Parameters
    ----------
    stop_reason
        Why, in the words of the Messages API: ``"end_turn"``, ``"max_tokens"`` …
    usage
        Tokens of the whole answer, request included.
    cost_usd
        What it cost in US dollars; ``None`` when that is not known.
    stop_details
        More about the reason, as the model gave it: what was refused, for example.
    """

    stop_reason: str
    usage: Usage
    cost_usd: float | None = None
    stop_details: dict[str, Any] | None = None


Event: TypeAlias = Started | TextDelta | ThinkingDelta | BlockEnd | Waiting | Notice | Finished


@dataclass(frozen=True, slots=True)
class Reply:
    """What a model answered. ``str(reply)`` is its text.

    Parameters
    ----------
    content
        Content blocks of the Messages API.
    model
        The model that answered.
    stop_reason
        Why it ended; ``None`` when it did not come to its end.
    end
        For an answer that did not come to its end, ``"interrupted"`` or ``"error"``; else ``None``.
    usage
        Tokens, as far as they are known.
    cost_usd
        US dollars; ``None`` when that is not known.
    latency_ms
        Milliseconds from the request to the last event.
    stop_details
        More about `stop_reason`, as the model gave it.
    error
        For an answer that broke off, what happened: ``{"type": …, "message": …}``.
    notes
        What the user was told beside the answer.
    """

    content: list[Block]
    model: str
    stop_reason: str | None = None
    end: str | None = None
    usage: Usage = field(default_factory=dict)
    cost_usd: float | None = None
    latency_ms: int | None = None
    stop_details: dict[str, Any] | None = None
    error: dict[str, Any] | None = None
    notes: tuple[str, ...] = ()

    @classmethod
    def of(cls, entry: Entry) -> Reply:
        """Return the reply that an assistant's entry holds."""
        fields = entry.fields
        notes = fields.get("notes")
        return cls(
            content=entry.content,
            model=str(fields.get("model") or ""),
            stop_reason=_text(fields.get("stop_reason")),
            end=_text(fields.get("end")),
            usage=entry.usage,
            cost_usd=entry.cost_usd,
            latency_ms=fields.get("latency_ms"),
            stop_details=_mapping(fields.get("stop_details")),
            error=_mapping(fields.get("error")),
            notes=tuple(note for note in notes if isinstance(note, str)) if isinstance(notes, list) else (),
        )

    @property
    def text(self) -> str:
        """The text blocks, joined."""
        return text_of(self.content)

    @property
    def thinking(self) -> str:
        """What the model thought, as far as it shows that; a paragraph for each block."""
        blocks = (block.get("thinking") for block in self.content if block.get("type") == "thinking")
        return "\n\n".join(text for text in blocks if isinstance(text, str) and text)

    def __str__(self) -> str:
        return self.text

    @property
    def fields(self) -> dict[str, Any]:
        """The reply as the fields of its line in the log."""
        fields: dict[str, Any] = {"model": self.model, "stop_reason": self.stop_reason}
        optional = {"stop_details": self.stop_details, "end": self.end, "error": self.error, "notes": list(self.notes)}
        fields.update({name: value for name, value in optional.items() if value})
        return {**fields, "usage": self.usage, "cost_usd": self.cost_usd, "latency_ms": self.latency_ms}


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _mapping(value: Any) -> dict[str, Any] | None:
    return value if isinstance(value, dict) else None


class Fold:
    """Events, one after the other, into a reply; at any moment it knows the reply so far.

    Parameters
    ----------
    model
        The name that the model was asked by, until it says its own.
    """

    def __init__(self, model: str) -> None:
        self._model = model
        self._blocks: list[Block] = []
        self._open: type[TextDelta | ThinkingDelta] = TextDelta
        self._pieces: list[str] = []
        self._notes: list[str] = []
        self._usage: Usage = {}
        self._cost: float | None = None
        self._finished: Finished | None = None

    def add(self, event: Event) -> None:
        """Take the next event."""
        if isinstance(event, TextDelta | ThinkingDelta):
            if type(event) is not self._open:
                self._blocks += self._begun()
                self._open, self._pieces = type(event), []
            self._pieces.append(event.text)
        elif isinstance(event, BlockEnd):
            self._blocks.append(event.block)
            self._pieces = []
        elif isinstance(event, Started):
            self._model = event.model
            self._usage, self._cost = event.usage, event.cost_usd
        elif isinstance(event, Notice):
            self._notes.append(event.text)
        elif isinstance(event, Finished):
            self._finished = event
            self._usage, self._cost = {**self._usage, **event.usage}, event.cost_usd

    def reply(
        self, *, end: str | None = None, latency_ms: int | None = None, error: dict[str, Any] | None = None
    ) -> Reply:
        """Return the reply as far as it has come.

        Parameters
        ----------
        end
            Why it stopped early: ``"interrupted"`` or ``"error"``.
        latency_ms
            Milliseconds that it took.
        error
            What happened, for the end ``"error"``.
        """
        done = self._finished
        if done is not None:
            end = error = None  # it was complete, whatever happened afterwards
        elif end is None:
            end = "error"  # a stream that ends without saying so has broken off
        return Reply(
            content=[*self._blocks, *self._begun()],
            model=self._model,
            stop_reason=done.stop_reason if done else None,
            end=end,
            usage=self._usage,
            cost_usd=self._cost,
            latency_ms=latency_ms,
            stop_details=done.stop_details if done else None,
            error=error,
            notes=tuple(self._notes),
        )

    def _begun(self) -> list[Block]:
        """Return the block that the last deltas belong to, as far as it has come."""
        text = "".join(self._pieces)
        if not text:
            return []
        if self._open is TextDelta:
            return [{"type": "text", "text": text}]
        return [{"type": "thinking", "thinking": text, "signature": ""}]  # which no model signed
