"""One server of the Messages API, through the official SDK.

The only place that imports the SDK to ask: it owns the client, the key inside it and the stream of an answer. It
refuses to know what a request means, how a fault is told and whether it is repeated.
"""

from __future__ import annotations

import json
import os
import socket
import threading
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NoReturn

from ipy_sessions.errors import ModelError
from ipy_sessions.model import credentials
from ipy_sessions.model.assembly import StreamFaultError, as_events
from ipy_sessions.model.listing import ASKING, Listing, retirement

LEAVING = 1.0  # seconds after its last word until a server has to end the stream
CONNECTING = 5.0  # seconds until a server has to take the connection
SHORTEST_KEY = 8  # characters; what is shorter is a word, such as "none" or "ollama"


@dataclass(repr=False, eq=False)
class Connection:
    """One server and one client for it, shared by all threads.

    Parameters
    ----------
    timeout
        Seconds of silence after which the server is given up.
    """

    timeout: float

    def __repr__(self) -> str:
        return f"<Connection to {self.server}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("A connection holds a key and is not to be pickled.")

    @cached_property
    def _client(self) -> Any:
        import anthropic
        import httpx2

        url = credentials.base_url(os.environ)
        limits = httpx2.Timeout(self.timeout, connect=min(CONNECTING, self.timeout))
        options: dict[str, Any] = {"max_retries": 0, "timeout": limits}
        if url or "ANTHROPIC_BASE_URL" in os.environ:
            options["base_url"], login = credentials.without_login(url or credentials.OFFICIAL)
            if login:  # which the HTTP client would log as a part of the address
                options["default_headers"] = {"Authorization": f"Basic {login}"}
        if url and credentials.is_loopback(url):
            options["http_client"] = httpx2.Client(trust_env=False, timeout=limits, follow_redirects=True)
        client = anthropic.Anthropic(**options)
        if url and not (client.api_key or client.auth_token or client.credentials):
            return client.with_options(api_key="none")  # a local server wants none, the SDK some
        return client

    def close(self) -> None:
        """Let go of the sockets."""
        if "_client" in self.__dict__:
            self._client.close()

    @property
    def has_credential(self) -> bool:
        """Whether the SDK has found a credential."""
        return bool(self._keys or self._client.credentials)

    @property
    def _keys(self) -> dict[str, str]:
        """Return each key that is used, with the name of the variable that it may be from."""
        client = self._client
        keys = {client.api_key: "ANTHROPIC_API_KEY", client.auth_token: "ANTHROPIC_AUTH_TOKEN"}
        return {key: name for key, name in keys.items() if key}

    def check(self) -> None:
        """Refuse what no request can be sent with.

        Raises
        ------
        ValueError
            For a key that fits no header, and for an address without a port that there is.
        """
        _ = self.server
        if not all(key.isprintable() and key == key.strip() for key in self._keys):
            raise ValueError("there is a space or a line break in the key")

    def masked(self, text: str) -> str:
        """Return a text without the keys in it."""
        for key, name in self._keys.items():
            text = text.replace(key, f"[masked {name}]") if len(key) >= SHORTEST_KEY else text
        return text

    @property
    def base_url(self) -> str:
        """The server's address as the SDK uses it."""
        return str(self._client.base_url)

    @property
    def server(self) -> str:
        """The server's address as it can be shown."""
        return credentials.without_secrets(self.base_url)

    @property
    def official(self) -> bool:
        """Whether the server is Anthropic's own."""
        return credentials.is_official(self.base_url)

    @cached_property
    def models(self) -> Listing:
        """What the server says of its models."""
        return Listing(self._client, min(ASKING, self.timeout))

    @contextmanager
    def stream(self, payload: Mapping[str, Any]) -> Iterator[Iterator[dict[str, Any]]]:
        """Send a request; give the events of the answer, decoded and otherwise as they stand on the wire.

        Raises
        ------
        Exception
            Those of the SDK and of its HTTP client; `faults.understand` reads them.
        """
        with _silenced() if retirement(str(payload["model"])) else nullcontext():
            opened = self._client.messages.with_streaming_response.create(**payload, stream=True)
            response = opened.__enter__()
        try:
            yield _events(response.http_response)
        finally:
            opened.__exit__(None, None, None)


@contextmanager
def _silenced() -> Iterator[None]:
    """Keep the SDK's warning of a deprecated model to ourselves, who say it where it is read."""
    with warnings.catch_warnings():  # which is not made for threads, so it is used as seldom as can be
        warnings.simplefilter("ignore", DeprecationWarning)
        yield


def connect(timeout: float) -> Connection | None:
    """Return the connection that the environment means; ``None`` when the SDK finds no credential after all.

    Raises
    ------
    ModelError
        For a credential or an address that the SDK cannot use.
    """
    connection = Connection(timeout)
    failure = ""
    try:
        connection.check()
        found = connection.has_credential
    except Exception as error:  # noqa: BLE001 - the SDK reads files and variables that may hold anything
        words = str(error) if isinstance(error, ValueError) and "key" in str(error) else type(error).__name__
        failure = f"The SDK cannot use what the environment says of the server or the key ({words})"
    else:
        return connection if found else None
    raise ModelError(f"{' '.join(failure.split())[:300]}. Look at the variables ANTHROPIC_….")


def _events(response: Any) -> Iterator[dict[str, Any]]:
    from anthropic import Stream

    kind = response.headers.get("content-type", "")
    if "json" in kind:  # a server that does not stream, as LiteLLM at times
        message = json.loads(response.read())
        yield from as_events(message if isinstance(message, dict) else {})
        return
    event = None
    # Read to its end, a stream leaves its connection to the next one; but some servers never end it.
    goodbye = threading.Timer(LEAVING, _hang_up, [response])
    goodbye.daemon = True
    try:
        for event in Stream.raw_events(response):
            if event.data and event.data != "[DONE]":
                decoded = json.loads(event.data)
                if isinstance(decoded, dict):
                    yield {"type": event.event, **decoded}  # some servers say it there alone
                    if decoded.get("type") == "message_stop" and goodbye.ident is None:
                        goodbye.start()
    finally:
        goodbye.cancel()
    if event is None and "event-stream" not in kind:
        raise StreamFaultError("no_stream", kind)


def _hang_up(response: Any) -> None:
    """Wake whoever reads; closing the response would not."""
    with suppress(OSError):
        response.extensions["network_stream"].get_extra_info("socket").shutdown(socket.SHUT_RDWR)
