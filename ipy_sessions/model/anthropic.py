"""A model behind the Messages API: Claude, or whatever a server of that API calls by its name.

One request of ours becomes as many of the API's as it takes: repeated while the server is busy, made simpler when it
refuses an option, continued when the model pauses. Each step is an event that the user can see. Nothing is repeated
once a part of an answer has come, since that part has been paid for and shown.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from typing import Any

from ipy_sessions.errors import ModelError
from ipy_sessions.events import Event, Finished, Notice, Started, Usage
from ipy_sessions.model import prices
from ipy_sessions.model.assembly import Assembly, StreamFaultError
from ipy_sessions.model.connection import Connection
from ipy_sessions.model.faults import REFUSED, Circumstances, Fault, understand
from ipy_sessions.model.interface import Request
from ipy_sessions.model.listing import ASKING, Description, retirement
from ipy_sessions.model.payload import Payload, payload, simpler
from ipy_sessions.model.retry import Patience

CONTINUATIONS = 20  # of an answer whose model pauses again and again


class AnthropicModel:
    """A model of the Messages API.

    Parameters
    ----------
    name
        Its name; empty for the first that its server lists, which is then asked for within the turn.
    connection
        Its server.
    patience
        How long one waits for the server.
    once
        From a sentence for the user to those that were not said before.
    """

    def __init__(
        self,
        name: str,
        connection: Connection,
        patience: Patience,
        once: Callable[[str], list[str]] = lambda one: [one],
    ) -> None:
        self.name = name
        self._connection = connection
        self._patience = patience
        self._once = once

    def stream(self, request: Request) -> Iterator[Event]:
        """Answer, event by event.

        Raises
        ------
        ModelError
            With what happened and what to do next; the SDK's own error is not chained to it, since it holds the key.
        """
        if not self.name:
            self.name = yield from self._first()
            request = Request(request.messages, replace(request.parameters, model=self.name))
        described = self._connection.models.describe(self.name)
        if farewell := _farewell(self.name, described, retirement(self.name) if self._connection.official else ""):
            yield from map(Notice, self._once(farewell))
        sent, notes = payload(request.messages, request.parameters, described, official=self._connection.official)
        yield from map(Notice, notes)
        usage: Usage = {}
        for _ in range(CONTINUATIONS):
            answer = yield from self._answered(sent, first=not usage)
            usage = _added(usage, answer.usage)
            if answer.stop_reason != "pause_turn" or not answer.blocks:
                break
            yield Started(answer.model, usage)  # what has been paid for, should the rest break off
            sent = {**sent, "messages": _continued(sent["messages"], answer.blocks)}
        if answer.stop_reason == "model_context_window_exceeded":
            yield Notice(f"The context window of {self.name} is full. {self._room()}")
        cost = prices.cost(usage, answer.model, self._connection.base_url)
        yield Finished(str(answer.stop_reason), usage, cost, answer.stop_details)

    def _answered(self, sent: Payload, *, first: bool) -> Generator[Event, None, Assembly]:
        """Send a request until it is answered; yield what comes, return the whole answer."""
        done = 0
        while True:
            assembly = Assembly(self.name)
            fault = yield from self._tried(sent, assembly, first=first)
            if fault is None:
                return assembly
            refused = fault.status in REFUSED and not fault.overflow
            if refused and (less := simpler(sent, fault.words)) is not None:
                sent, omitted = less
                yield Notice(f"{self._connection.server} refused {omitted} ({fault.words}). Asked again without.")
                continue
            yield from self._waited(fault, done)
            done += 1

    def _first(self) -> Generator[Event, None, str]:
        """Return the name of the first model that the server lists; yield what is waited for until it does."""
        connection = self._connection
        done = 0
        while True:
            try:
                names = connection.models.names(ASKING)
            except Exception as error:  # noqa: BLE001 - the SDK and its HTTP client raise errors of every kind
                around = Circumstances("the first model", connection.server, connection.timeout, connection.masked)
                fault = understand(error, around)
            else:
                if names:
                    return names[0]
                fault = Fault("no_model", "no model", connection.models.none_listed(connection.server))
            yield from self._waited(fault, done)
            done += 1

    def _waited(self, fault: Fault, done: int) -> Iterator[Event]:
        """Wait until the next repetition makes sense, and say so each second.

        Raises
        ------
        ModelError
            When none does.
        """
        seconds = self._patience.wait(fault, done)
        if seconds is None:
            raise self._error(fault)
        yield from self._patience.countdown(seconds, fault, done)

    def _tried(self, sent: Payload, assembly: Assembly, *, first: bool) -> Generator[Event, None, Fault | None]:
        """Send a request once; yield what comes, return what went wrong."""
        connection = self._connection
        try:
            with connection.stream(sent) as events:
                for event in events:
                    for one in assembly.take(event):
                        if first or not isinstance(one, Started):
                            yield one
            yield from assembly.finish()
        except Exception as error:  # noqa: BLE001 - the SDK and its HTTP client raise errors of every kind
            if assembly.ended or (assembly.stop_reason is not None and not isinstance(error, StreamFaultError)):
                return None  # the model had said all and why it ended; only the goodbye was lost
            around = Circumstances(self.name, connection.server, connection.timeout, connection.masked)
            return understand(error, replace(around, began=assembly.began, said=assembly.said or not first))
        return None

    def _error(self, fault: Fault) -> ModelError:
        sentence = fault.sentence + self._patience.refusal(fault)
        if fault.overflow:
            sentence += f" {self._room()}"
        return ModelError(sentence, fault.kind)

    def _room(self) -> str:
        """Return what to do when a conversation no longer fits."""
        larger = self._connection.models.larger(self.name)
        if larger is None:
            return "The conversation no longer fits: go on in another one, `%session new`."
        name, window = larger
        return f"The conversation no longer fits: `--model {name}` has room for {window:,} tokens; or `%session new`."


def _farewell(name: str, described: Description, known: str) -> str:
    """Return what is to be said of a model that is going to be switched off; empty for the others."""
    when = described.retires or known
    if described.lifecycle == "retired":
        return f"{name} is retired: choose another model, Tab behind `--model` shows them."
    if described.lifecycle == "deprecated" or (when and described.lifecycle != "active"):
        return f"{name} is deprecated{f' and goes on {when}' if when else ''}: choose another model in time."
    return ""


def _added(one: Usage, other: Usage) -> Usage:
    """Return the tokens of two requests together."""
    counts: dict[str, Any] = dict(one)
    for name, count in other.items():
        before = counts.get(name)
        if isinstance(count, dict):
            counts[name] = _added(before if isinstance(before, dict) else {}, count)
        else:
            counts[name] = count + before if isinstance(before, int) else count
    return counts


def _continued(messages: list[Any], blocks: list[Any]) -> list[Any]:
    """Return the messages with more of the answer behind them, as the API wants it to go on from a pause."""
    if messages[-1]["role"] == "assistant":
        last = messages[-1]
        return [*messages[:-1], {**last, "content": [*last["content"], *blocks]}]
    return [*messages, {"role": "assistant", "content": blocks}]
