"""The sockets of the fake server: requests in, what was scripted out, byte for byte as it is meant.

What it answers is the server's business; here is how: streams in chunks, errors as the API has them, and the faults
that need a socket, such as a reset.
"""

from __future__ import annotations

import json
import socket
import struct
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol

from ipy_sessions.testing.script import Drop, Event, Fault, Reply, Status, Step, position

PING = 0.05  # seconds between two pings
BEFORE_RESET = 0.15  # seconds in which the client reads what was sent; a reset takes back what it has not


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


class Owner(Protocol):
    """Whoever knows what is to be answered."""

    requests: list[Seen]
    models: list[dict[str, Any]]
    page: Any
    lists: bool

    def next(self, body: Mapping[str, Any]) -> Step:
        """Return what to do with a request for a message."""

    def new_id(self, kind: str) -> str:
        """Return an id such as ``msg_000001``."""


class Http(ThreadingHTTPServer):
    """Takes connections, each in a thread of its own."""

    daemon_threads = True
    block_on_close = False
    owner: Owner

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


class Handler(BaseHTTPRequestHandler):
    """Answers the requests of one connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Http
    seen: Seen

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        """Answer about models."""
        owner = self._note({})
        path = self.path.partition("?")[0]
        if not owner.lists or not path.startswith("/v1/models"):
            self._error(Status(404, "not_found_error", f"Not found: {path}"))
        elif path == "/v1/models" and isinstance(owner.page, Status):
            self._error(owner.page)
        elif path == "/v1/models":
            self._json(200, owner.page)
        else:
            name = path.removeprefix("/v1/models/").replace("%2F", "/")
            found = next((model for model in owner.models if model["id"] == name), None)
            if found is None:
                self._error(Status(404, "not_found_error", f"model: {name}"))
            else:
                self._json(200, found)

    def do_POST(self) -> None:
        """Answer with a message, or with a count of tokens."""
        length = int(self.headers.get("content-length") or 0)
        raw = self.rfile.read(length)
        if len(raw) < length:  # the client hung up before it had asked
            self.close_connection = True
            return
        body = json.loads(raw or b"{}")
        owner = self._note(body)
        if self.path == "/v1/messages/count_tokens":
            self._json(200, {"input_tokens": len(json.dumps(body)) // 4})
        elif self.path != "/v1/messages":
            self._error(Status(404, "not_found_error", f"Not found: {self.path}"))
        else:
            self._do(owner.next(body))

    def _note(self, body: dict[str, Any]) -> Owner:
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
