"""One turn, composed: the model streams, the events are folded, the answer is appended.

Here alone the stages meet, and each is handed in: what to ask, whom, and where the answer goes. Success,
an interrupt, an error and a reader who stops listening all leave by the same door, with the answer, as far as it came,
in the log together with its reason.
"""

from __future__ import annotations

from collections.abc import Callable, Generator

from ipy_sessions.entries import NewEntry, assistant
from ipy_sessions.events import Event, Fold, Reply
from ipy_sessions.identifiers import Source
from ipy_sessions.model.interface import Model, Request


def answer(
    request: Request, model: Model, append: Callable[[NewEntry], object], source: Source
) -> Generator[Event, None, Reply]:
    """Yield the events of the model's answer; return the reply when it is in the log.

    Parameters
    ----------
    request
        What the model is sent.
    model
        Who answers.
    append
        Called once, at the end, with the answer.
    source
        The clock for `Reply.latency_ms`.
    """
    fold = Fold(model.name)
    started = source.monotonic()
    end: str | None = "error"
    try:
        for event in model.stream(request):
            fold.add(event)
            yield event
        end = None
    except (KeyboardInterrupt, GeneratorExit):
        end = "interrupted"
        raise
    finally:
        reply = fold.reply(end=end, latency_ms=round((source.monotonic() - started) * 1000))
        append(assistant(reply.content, **reply.fields))
    return reply
