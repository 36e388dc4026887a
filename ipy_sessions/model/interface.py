"""What a model is: a name, and a request answered by a stream of events."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from ipy_sessions.entries import Message
from ipy_sessions.events import Event
from ipy_sessions.settings import Parameters


@dataclass(frozen=True, slots=True)
class Request:
    """Everything that a model is told.

    Parameters
    ----------
    messages
        The conversation; the last message is the user's.
    parameters
        Model, system text, the longest answer and the rest.
    """

    messages: list[Message]
    parameters: Parameters


class Model(Protocol):
    """Something that answers requests."""

    @property
    def name(self) -> str:
        """The name that it is asked for by."""

    def stream(self, request: Request) -> Iterator[Event]:
        """Answer, event by event: `Started`, any number of deltas and whole blocks, `Finished`; notices in between.

        Raises
        ------
        ModelError
            When it cannot answer, or cannot go on.
        """
