"""A model that says what it was told to, and a clock that goes on by seconds."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

from ipy_sessions.events import Event, Finished, Started, TextDelta
from ipy_sessions.model.interface import Request

Step: TypeAlias = str | Event | BaseException | Callable[[], object]
"""Text, an event, an exception to raise, or a function to call."""


class ScriptedModel:
    """A model that says what it was told to, one script for each request.

    Parameters
    ----------
    scripts
        For each request its answer: a string, or the steps of it.
    name
        The name that it is asked for by.
    """

    def __init__(self, *scripts: str | Iterable[Step], name: str = "scripted") -> None:
        self.name = name
        self.requests: list[Request] = []
        """What it was asked, in order."""
        self._scripts = iter(scripts)

    def stream(self, request: Request) -> Iterator[Event]:
        """Answer with the next script."""
        self.requests.append(request)
        script = next(self._scripts)
        yield Started(self.name, {"input_tokens": 1})
        for step in [script] if isinstance(script, str) else script:
            if isinstance(step, BaseException):
                raise step
            if isinstance(step, str):
                yield TextDelta(step)
            elif not callable(step):
                yield step
            else:
                step()
        yield Finished("end_turn", {"output_tokens": 1})


class FixedSource:
    """Ids that count and a clock that moves on by one second each time it is read.

    Parameters
    ----------
    start
        The first time that it tells.
    """

    def __init__(self, start: datetime = datetime(2026, 3, 1, 10, 15, tzinfo=UTC)) -> None:
        self._now = start
        self._ids = itertools.count(1)

    def new_id(self) -> str:
        """Return the next id, in the form of a UUIDv7."""
        return str(uuid.UUID(int=(7 << 76) | (2 << 62) | next(self._ids)))

    def now(self) -> datetime:
        """Return a time one second after the last."""
        self._now += timedelta(seconds=1)
        return self._now

    def monotonic(self) -> float:
        """Return seconds on the same clock, which reading them does not move."""
        return self._now.timestamp()
