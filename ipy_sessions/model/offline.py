"""The offline model: built in, deterministic, without a network, and no language model.

It streams what `answers` finds in the messages that it was sent, word by word, so that everything around a model can be
seen, taught and tested without a key. It keeps nothing between two requests: what it seems to remember was sent to it.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Iterator, Sequence

from ipy_sessions.entries import text_of
from ipy_sessions.events import Event, Finished, Notice, Started, TextDelta, Usage
from ipy_sessions.model.answers import answer
from ipy_sessions.model.interface import Request

CHARACTERS_PER_TOKEN = 4  # a common rule of thumb; this model has no tokens of its own


class OfflineModel:
    """A small fixed program with a model's interface.

    Parameters
    ----------
    delay
        Seconds before each word, so that one can watch it stream and stop it.
    sleep
        ``time.sleep``, or a test's stand-in.
    notes
        Sentences for the user before the first event.
    """

    name = "offline"

    def __init__(
        self, *, delay: float = 0.0, sleep: Callable[[float], None] = time.sleep, notes: Sequence[str] = ()
    ) -> None:
        self._delay = delay
        self._sleep = sleep
        self._notes = notes

    def stream(self, request: Request) -> Iterator[Event]:
        """Answer from the messages of the request, and from nothing else."""
        yield from map(Notice, self._notes)
        sent = request.parameters.system + "".join(text_of(message["content"]) for message in request.messages)
        input_tokens = _tokens(sent)
        yield Started(self.name, {"input_tokens": input_tokens}, cost_usd=0.0)
        text, stop_reason = answer(request.messages), "end_turn"
        limit = request.parameters.max_tokens * CHARACTERS_PER_TOKEN
        if len(text) > limit:
            text, stop_reason = text[:limit], "max_tokens"
        for word in re.findall(r"\s*\S+\s*?(?=\s|$)|\s+", text):
            if self._delay:
                self._sleep(self._delay)
            yield TextDelta(word)
        usage: Usage = {"input_tokens": input_tokens, "output_tokens": _tokens(text)}
        yield Finished(stop_reason, usage, cost_usd=0.0)


def _tokens(text: str) -> int:
    return math.ceil(len(text) / CHARACTERS_PER_TOKEN)
