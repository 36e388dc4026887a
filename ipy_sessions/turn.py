"""One turn, composed: the question is written, the model streams, the events are folded, the answer is written.

Here alone the stages meet, and each is handed in: how to ask, whom, and how the turn ends. Success, an interrupt at
any moment, an error and a reader who stops listening all leave by the same door, with the answer, as far as it came,
and its reason.
"""

from __future__ import annotations

from collections.abc import Callable, Generator

from ipy_sessions.errors import ModelError
from ipy_sessions.events import Event, Fold, Reply
from ipy_sessions.identifiers import Source
from ipy_sessions.model.interface import Model, Request
from ipy_sessions.store.interrupts import uninterrupted


def take(
    ask: Callable[[], Request], model: Model, answer: Callable[[Reply], None], source: Source
) -> Generator[Event, None, Reply]:
    """Yield the events of the model's answer; return the reply when it has been dealt with.

    Parameters
    ----------
    ask
        Writes the question; returns what the model is sent.
    model
        Who answers.
    answer
        Called exactly once, at the end, with the reply as far as it came, also when `ask` did not return.
    source
        The clock for `Reply.latency_ms`.
    """
    fold = Fold(model.name)
    started = source.monotonic()
    end: str | None = "error"
    error: dict[str, str] | None = None
    replies: list[Reply] = []

    def finish() -> None:
        with uninterrupted():
            if not replies:
                taken = round((source.monotonic() - started) * 1000)
                replies.append(fold.reply(end=end, latency_ms=taken, error=error))
                answer(replies[0])

    try:
        for event in model.stream(ask()):
            fold.add(event)
            yield event
        end = None
    except (KeyboardInterrupt, GeneratorExit):
        end = "interrupted"
        raise
    except ModelError as failure:
        error = {"type": failure.kind, "message": str(failure)}
        raise
    finally:
        try:
            finish()
        except KeyboardInterrupt:
            finish()  # a Stop that came on the way in; nothing is done twice
            raise
    return replies[0]
