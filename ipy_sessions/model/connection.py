"""One server of the Messages API, through the official SDK.

The only place that imports the SDK to talk: it owns the client, the list of models and what a server says about each.
It refuses to know what a request means, how a fault is told and whether it is repeated.
"""

from __future__ import annotations

import json
import os
import socket
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NoReturn, get_args

from ipy_sessions.errors import ModelError
from ipy_sessions.model import credentials
from ipy_sessions.model.assembly import StreamFaultError, as_events

LEAVING = 1.0  # seconds after its last word until a server has to end the stream
CONNECTING = 5.0  # seconds until a server has to take the connection
SHORTEST_KEY = 8  # characters; what is shorter is a word, such as "none" or "ollama"
ASKING = 5.0  # seconds until it has to answer a question about its models


@dataclass(frozen=True, slots=True)
class Description:
    """What a server says about one of its models; everything may be unknown.

    Parameters
    ----------
    window
        The most tokens of a conversation.
    longest
        The most tokens of an answer.
    thinking
        The ways of thinking that it takes, or ``None``: ``{"adaptive", "enabled", "disabled"}``.
    efforts
        The efforts that it takes, or ``None``.
    lifecycle
        ``"active"``, ``"deprecated"``, ``"retired"``, or empty.
    retires
        When it goes, as a date; empty when that is not said.
    """

    window: int | None = None
    longest: int | None = None
    thinking: frozenset[str] | None = None
    efforts: frozenset[str] | None = None
    lifecycle: str = ""
    retires: str = ""


UNKNOWN = Description()


@dataclass(repr=False, eq=False)
class Connection:
    """One server and one client for it, shared by all threads.

    Parameters
    ----------
    timeout
        Seconds of silence after which the server is given up.
    """

    timeout: float
    _descriptions: dict[str, Description] = field(default_factory=dict)
    _listing: list[dict[str, Any]] | None = None

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
            options["base_url"] = url or credentials.OFFICIAL
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

    def names(self, within: float) -> list[str]:
        """Return the names of the server's models, in its order.

        Parameters
        ----------
        within
            Seconds that it may take.

        Raises
        ------
        Exception
            As `stream`.
        """
        return [str(model["id"]) for model in self._models(within)]

    def describe(self, name: str) -> Description:
        """Return what the server says about a model; one that says nothing is not asked again."""
        import anthropic

        if name not in self._descriptions:
            try:
                answer = _within(ASKING, self._client.models.with_raw_response.retrieve, name)
            except (anthropic.APIStatusError, anthropic.APITimeoutError, TimeoutError):  # many have no such page
                answer = {}
            except Exception:  # noqa: BLE001 - the request itself will tell what is wrong
                return UNKNOWN
            self._descriptions[name] = _description(answer if isinstance(answer, dict) else {})
        return self._descriptions[name]

    def larger(self, name: str) -> tuple[str, int] | None:
        """Return the model with the next larger window and that window in tokens, if the server lists one."""
        own = self.describe(name).window
        try:
            windows = [(str(model["id"]), _window(model)) for model in self._models(ASKING)]
        except Exception:  # noqa: BLE001 - a hint that cannot be had is left out
            return None
        found = [(window, model) for model, window in windows if window and own and window > own]
        return min(found)[::-1] if found else None

    def _models(self, within: float) -> list[dict[str, Any]]:
        if self._listing is None:
            page = _within(within, self._client.models.with_raw_response.list, limit=1000)
            data = page.get("data") if isinstance(page, dict) else None
            listed = data if isinstance(data, list) else []
            self._listing = [model for model in listed if isinstance(model, dict) and model.get("id")]
        return self._listing


def _within(seconds: float, ask: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    """Return the JSON that the server answers to `ask`, a method of the SDK.

    The HTTP client's timeout is of the silence between two bytes; this one is of the whole, and Stop ends it at once.

    Raises
    ------
    TimeoutError
        When it takes longer; nobody waits for it then.
    """
    future: Future[Any] = Future()

    def run() -> None:
        try:
            future.set_result(ask(*arguments, timeout=seconds, **options).http_response.json())
        except Exception as error:  # noqa: BLE001 - raised where it is waited for
            future.set_exception(error)

    threading.Thread(target=run, name="ipy_sessions asks about models", daemon=True).start()
    return future.result(seconds)


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
        failure = f"The SDK cannot use what the environment says of the server or the key: {error}"
    else:
        return connection if found else None
    raise ModelError(f"{' '.join(failure.split())[:300]}. Look at the variables ANTHROPIC_….")


def known_names() -> list[str]:
    """Return the names of Claude's models that the SDK knows and does not call deprecated."""
    from anthropic.resources.messages.messages import DEPRECATED_MODELS
    from anthropic.types.model import Model

    literal = next(kind for kind in get_args(Model) if get_args(kind))
    return [name for name in get_args(literal) if name not in DEPRECATED_MODELS]


def retirement(name: str) -> str:
    """Return when a model goes, as the SDK knows it; empty for one that stays."""
    from anthropic.resources.messages.messages import DEPRECATED_MODELS

    return str(DEPRECATED_MODELS.get(name, ""))


def _events(response: Any) -> Iterator[dict[str, Any]]:
    from anthropic import Stream

    kind = response.headers.get("content-type", "")
    if "json" in kind:  # a server that does not stream, as LiteLLM at times
        message = json.loads(response.read())
        yield from as_events(message if isinstance(message, dict) else {})
        return
    event = None
    goodbye = threading.Timer(
        LEAVING, _hang_up, [response]
    )  # the end of a stream leaves its connection to the next one
    goodbye.daemon = True
    try:
        for event in Stream.raw_events(response):
            if event.data and event.data != "[DONE]":
                decoded = json.loads(event.data)
                if isinstance(decoded, dict):
                    yield decoded
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


def _description(said: Mapping[str, Any]) -> Description:
    capabilities = said.get("capabilities")
    capabilities = capabilities if isinstance(capabilities, dict) else {}
    thinking, effort = capabilities.get("thinking"), capabilities.get("effort")
    return Description(
        window=_window(said),
        longest=_whole(said.get("max_tokens")),
        thinking=_supported(thinking.get("types")) if isinstance(thinking, dict) else None,
        efforts=_supported(effort) if isinstance(effort, dict) else None,
        lifecycle=str(said.get("lifecycle") or ""),
        retires=str(said.get("retires_at") or "")[:10],
    )


def _supported(table: Any) -> frozenset[str]:
    rows = table.items() if isinstance(table, dict) else ()
    return frozenset(name for name, row in rows if isinstance(row, dict) and row.get("supported"))


def _window(said: Mapping[str, Any]) -> int | None:
    """Return a model's window; vLLM and others call it by names of their own."""
    return next(
        (n for name in ("max_input_tokens", "max_model_len", "context_length") if (n := _whole(said.get(name)))), None
    )


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None
