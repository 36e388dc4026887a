"""A server of the Messages API on this machine, that says what a test has told it to.

The real SDK talks to it over a real socket, so what is tested is what users run: connections, streams, faults,
repetitions. It refuses what the API refuses (`rules`), remembers every request, and knows when a client hung up.
Standard library only. It is no model, and tells whoever asks.
"""

from __future__ import annotations

import itertools
import json
import socket
import struct
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from ipy_sessions.testing.rules import faults
from ipy_sessions.testing.script import Drop, Event, Fault, Reply, Status, Step, position

PING = 0.05  # seconds between two pings
BEFORE_RESET = 0.15  # seconds in which the client reads what was sent; a reset takes back what it has not
WINDOW, LONGEST = 1_000_000, 128_000  # tokens of the models that are made up


@dataclass
class Seen:
    """One request as it arrived.

    Parameters
    ----------
    method, path, headers
        Of the request; the names of headers in lower case.
    body
        Its JSON.
    received_at
        When it came, in seconds of `time.monotonic`.
    hung_up_at
        When the client was found to have gone; ``None`` when it stayed to the end.
    """

    method: str
    path: str
    headers: dict[str, str]
    body: dict[str, Any]
    received_at: float = field(default_factory=time.monotonic)
    hung_up_at: float | None = None


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
        it was asked.
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
        self.lists = lists
        self.strict = strict
        self._steps: deque[Step] = deque()
        self._lock = threading.Lock()
        self._ids = itertools.count(1)
        self._http = _Http(("127.0.0.1", 0), _Handler)
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

    def listing(self) -> Any:
        """Return its page of models."""
        return {"data": self.models, "has_more": False, "first_id": None, "last_id": None}

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
            return self._steps.popleft() if self._steps else Reply(_echo(body))

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


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    owner: MessagesServer

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._clients: set[socket.socket] = set()

    def process_request(self, request: Any, client_address: Any) -> None:
        """Remember who is connected."""
        self._clients.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Forget who has gone."""
        self._clients.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        """Close every connection that is still open."""
        for client in list(self._clients):
            with suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)

    def handle_error(self, *_: Any) -> None:
        """Say nothing: that a client hangs up is what tests are about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Http
    seen: Seen

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        """Answer about models."""
        owner = self._note({})
        path = self.path.partition("?")[0]
        if not owner.lists or not path.startswith("/v1/models"):
            self._error(Status(404, "not_found_error", f"Not found: {path}"))
        elif path == "/v1/models":
            self._json(200, owner.listing())
        else:
            name = path.removeprefix("/v1/models/").replace("%2F", "/")
            found = next((model for model in owner.models if model["id"] == name), None)
            if found is None:
                self._error(Status(404, "not_found_error", f"model: {name}"))
            else:
                self._json(200, found)

    def do_POST(self) -> None:
        """Answer with a message, or with a count of tokens."""
        body = json.loads(self.rfile.read(int(self.headers.get("content-length") or 0)) or b"{}")
        owner = self._note(body)
        if self.path == "/v1/messages/count_tokens":
            self._json(200, {"input_tokens": len(json.dumps(body)) // 4})
        elif self.path != "/v1/messages":
            self._error(Status(404, "not_found_error", f"Not found: {self.path}"))
        else:
            self._do(owner.next(body))

    def _note(self, body: dict[str, Any]) -> MessagesServer:
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.seen = Seen(self.command, self.path, headers, body)
        self.server.owner.requests.append(self.seen)
        return self.server.owner

    def _do(self, step: Step) -> None:
        try:
            if isinstance(step, Status):
                self._error(step)
            elif isinstance(step, Drop):
                time.sleep(step.seconds)
                self._reset()
            else:
                self._message(step)
        except OSError:
            self.seen.hung_up_at = self.seen.hung_up_at or time.monotonic()
            self.close_connection = True

    def _message(self, reply: Reply) -> None:
        body = self.seen.body
        events = reply.events(body["model"], self.server.owner.new_id("msg"), len(json.dumps(body["messages"])) // 4)
        if not body.get("stream"):
            self._error(Status(400, "invalid_request_error", "This server streams, and nothing else."))
            return
        if reply.quirk == "whole":
            whole = {**events[0][1]["message"], "content": reply.blocks, "stop_reason": reply.stop_reason}
            self._json(200, whole)
            return
        self._begin()
        fault = reply.fault
        cut = len(events) if fault is None else position(events, fault.at)
        self._send(events[:cut], reply)
        if fault is not None and not self._happens(fault):
            return
        self._send(events[cut:], reply)
        if reply.quirk == "done":
            self._chunk(b"data: [DONE]\n\n")
        self._end()

    def _happens(self, fault: Fault) -> bool:
        """Let a fault happen; return whether the reply goes on afterwards."""
        if fault.kind == "silence":
            fault.released.wait(fault.seconds)
            return True
        if fault.kind == "pings":
            for _ in range(round(fault.seconds / PING)):
                time.sleep(PING)
                self._chunk(_sse(("ping", {"type": "ping"})))
            return True
        if fault.kind == "reset":
            time.sleep(BEFORE_RESET)
            self._reset()
        elif fault.kind == "cut":
            self.close_connection = True
            self.wfile.write(b"100\r\nevent: content")
            self.wfile.flush()
            self.connection.shutdown(socket.SHUT_RDWR)
        else:
            if fault.kind == "bad_json":
                self._chunk(b'event: content_block_delta\ndata: {"type": "content_block_delta", "ind\n\n')
            elif fault.kind == "error":
                error = {"type": fault.type, "message": fault.message}
                self._chunk(_sse(("error", {"type": "error", "error": error})))
            self._end()
        return False

    # How it is written

    def _send(self, events: Sequence[Event], reply: Reply) -> None:
        for event in events:
            if reply.delay:
                time.sleep(reply.delay)
            self._chunk(_sse(event, named=reply.quirk != "data_only"))

    def _begin(self) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream; charset=utf-8")
        self.send_header("transfer-encoding", "chunked")
        self.send_header("request-id", self.server.owner.new_id("req"))
        self.end_headers()
        self.wfile.flush()

    def _chunk(self, raw: bytes) -> None:
        self.wfile.write(b"%x\r\n%s\r\n" % (len(raw), raw))
        self.wfile.flush()

    def _end(self) -> None:
        self.wfile.write(b"0\r\n\r\n")
        self.wfile.flush()

    def _json(self, status: int, value: Any, headers: Mapping[str, str] | None = None) -> None:
        self._plain(status, json.dumps(value).encode(), "application/json", headers or {})

    def _error(self, status: Status) -> None:
        if status.body is not None:
            self._plain(status.code, status.body.encode(), "text/html", status.headers)
        else:
            error = {"type": status.type, "message": status.message}
            self._json(status.code, {"type": "error", "error": error}, status.headers)

    def _plain(self, status: int, raw: bytes, kind: str, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(raw)))
        self.send_header("request-id", self.server.owner.new_id("req"))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(raw)

    def _reset(self) -> None:
        """Reset the connection, as when it is lost."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()


def _sse(event: Event, *, named: bool = True) -> bytes:
    name, data = event
    return (f"event: {name}\n" if named else "").encode() + f"data: {json.dumps(data, ensure_ascii=False)}\n\n".encode()
