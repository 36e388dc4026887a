"""A server of the Messages API on this machine, that says what a test has told it to.

The real SDK talks to it over a real socket, so what is tested is what users run: connections, streams, faults,
repetitions. It refuses what the API refuses (`rules`), remembers every request, and knows when a client hung up.
Standard library only. It is no model, and tells whoever asks.
"""

from __future__ import annotations

import itertools
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

from ipy_sessions.testing.http import Handler, Http, Seen
from ipy_sessions.testing.rules import faults
from ipy_sessions.testing.script import Reply, Status, Step

WINDOW, LONGEST = 1_000_000, 128_000  # tokens of the models that are made up


class MessagesServer:
    """The server; use it in a ``with`` statement, or `start` and `stop` it.

    >>> with MessagesServer("Nice to meet you!") as server:
    ...     os.environ["ANTHROPIC_BASE_URL"] = server.url
    ...     session.prompt("My name is Alice")
    ...     server.asked[-1]["messages"]

    Parameters
    ----------
    steps
        What it does with the first requests, in order: texts, `Reply`, `Status` and `Drop`. Afterwards, it repeats what
        it was asked, or does what `otherwise` returns.
    models
        The models that it lists, as the API describes them; only ``id`` is needed.
    lists
        Whether it lists models at all; some servers do not.
    strict
        Whether it refuses what the API refuses.
    """

    def __init__(
        self,
        *steps: str | Step,
        models: Sequence[Mapping[str, Any]] = ({"id": "claude-sonnet-5-5"},),
        lists: bool = True,
        strict: bool = True,
    ) -> None:
        self.requests: list[Seen] = []
        """Every request, in order."""
        self.models = [_described(model) for model in models]
        self.page: Any = {"data": self.models, "has_more": False, "first_id": None, "last_id": None}
        """What it answers to the question for its models: anything that JSON can hold, or a `Status`."""
        self.otherwise: Callable[[Mapping[str, Any]], str | Step] = _echo
        """From the body of a request to what it does when nothing is said of it."""
        self.lists = lists
        self.strict = strict
        self._steps: deque[Step] = deque()
        self._lock = threading.Lock()
        self._ids = itertools.count(1)
        self._http = Http(("127.0.0.1", 0), Handler)
        self._http.owner = self
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"
        """Its address, for ``ANTHROPIC_BASE_URL``."""
        self.push(*steps)

    @property
    def asked(self) -> list[dict[str, Any]]:
        """The bodies of the requests for a message, in order."""
        return [seen.body for seen in list(self.requests) if seen.path == "/v1/messages"]

    def push(self, *steps: str | Step) -> Self:
        """Say what it does with the next requests; returns the server."""
        with self._lock:
            self._steps += [Reply(step) if isinstance(step, str) else step for step in steps]
        return self

    def forget(self) -> None:
        """Forget what it was told to do, and what it was asked."""
        with self._lock:
            self._steps.clear()
            self.requests.clear()

    def start(self) -> Self:
        """Begin to answer."""
        threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def stop(self) -> None:
        """Answer no more; the address then refuses connections."""
        self._http.shutdown()
        self._http.server_close()
        self._http.hang_up()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def next(self, body: Mapping[str, Any]) -> Step:
        """Return what it does with a request for a message."""
        wrong = list(faults(body)) if self.strict else []
        if wrong:
            return Status(400, "invalid_request_error", wrong[0])
        with self._lock:
            step = self._steps.popleft() if self._steps else self.otherwise(body)
        return Reply(step) if isinstance(step, str) else step

    def new_id(self, kind: str) -> str:
        """Return an id such as ``msg_000001``."""
        return f"{kind}_{next(self._ids):06d}"


def _described(model: Mapping[str, Any]) -> dict[str, Any]:
    about = {"type": "model", "display_name": model["id"], "created_at": "2026-10-07T00:00:00Z"}
    return {**about, "lifecycle": "active", "max_input_tokens": WINDOW, "max_tokens": LONGEST, **model}


def _echo(body: Mapping[str, Any]) -> str:
    content = body["messages"][-1]["content"]
    texts = content if isinstance(content, str) else " ".join(str(block.get("text", "")) for block in content)
    return f"You said: {texts}"
