"""What a model's stream yields, and the fold that makes a reply of it.

Every model speaks in these few events, so that turns, views and the log know no SDK. The fold lives beside them: it is
the one place that knows how deltas become content blocks. Nothing here asks a model or writes a line.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypeAlias

from ipy_sessions.entries import Block, Entry, text_of

Usage: TypeAlias = dict[str, int]
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
    """

    stop_reason: str
    usage: Usage
    cost_usd: float | None = None


Event: TypeAlias = Started | TextDelta | Finished


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
    """

    content: list[Block]
    model: str
    stop_reason: str | None = None
    end: str | None = None
    usage: Usage = field(default_factory=dict)
    cost_usd: float | None = None
    latency_ms: int | None = None

    @classmethod
    def of(cls, entry: Entry) -> Reply:
        """Return the reply that an assistant's entry holds."""
        fields = entry.fields
        return cls(
            content=entry.content,
            model=str(fields.get("model") or ""),
            stop_reason=fields.get("stop_reason"),
            end=fields.get("end"),
            usage=entry.usage,
            cost_usd=entry.cost_usd,
            latency_ms=fields.get("latency_ms"),
        )

    @property
    def text(self) -> str:
        """The text blocks, joined."""
        return text_of(self.content)

    def __str__(self) -> str:
        return self.text

    def _repr_markdown_(self) -> str:
        return self.text

    @property
    def fields(self) -> dict[str, Any]:
        """The reply as the fields of its line in the log."""
        stopped_early = {} if self.end is None else {"end": self.end}
        return {
            "model": self.model,
            "stop_reason": self.stop_reason,
            **stopped_early,
            "usage": self.usage,
            "cost_usd": self.cost_usd,
            "latency_ms": self.latency_ms,
        }


class Fold:
    """Events, one after the other, into a reply; at any moment it knows the reply so far.

    Parameters
    ----------
    model
        The name that the model was asked by, until it says its own.
    """

    def __init__(self, model: str) -> None:
        self._model = model
        self._pieces: list[str] = []
        self._usage: Usage = {}
        self._cost: float | None = None
        self._finished: Finished | None = None

    def add(self, event: Event) -> None:
        """Take the next event."""
        if isinstance(event, TextDelta):
            self._pieces.append(event.text)
        elif isinstance(event, Started):
            self._model = event.model
            self._usage, self._cost = event.usage, event.cost_usd
        else:
            self._finished = event
            self._usage, self._cost = {**self._usage, **event.usage}, event.cost_usd

    def reply(self, *, end: str | None = None, latency_ms: int | None = None) -> Reply:
        """Return the reply as far as it has come.

        Parameters
        ----------
        end
            Why it stopped early: ``"interrupted"`` or ``"error"``.
        latency_ms
            Milliseconds that it took.
        """
        text = "".join(self._pieces)
        done = self._finished
        if done is not None:
            end = None  # it was complete, whatever happened afterwards
        elif end is None:
            end = "error"  # a stream that ends without saying so has broken off
        return Reply(
            content=[{"type": "text", "text": text}] if text else [],
            model=self._model,
            stop_reason=done.stop_reason if done else None,
            end=end,
            usage=self._usage,
            cost_usd=self._cost,
            latency_ms=latency_ms,
        )
