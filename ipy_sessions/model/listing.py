"""What a server says of its models: which there are, how long their windows are, what they take.

Many servers say little or nothing, so everything may be unknown, and a server that is silent is not asked again and
again. What the SDK itself knows of Claude's models stands at the end.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, get_args

ASKING = 5.0  # seconds until a server has to answer a question about its models
FORGIVING = 30.0  # seconds until a server that has not answered one is asked for names to offer again


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


class Listing:
    """The models of one server.

    Parameters
    ----------
    client
        The SDK's client.
    asking
        Seconds until the server has to answer a question about a model.
    """

    def __init__(self, client: Any, asking: float = ASKING) -> None:
        self._client = client
        self._asking = asking
        self._descriptions: dict[str, Description] = {}
        self._models: list[dict[str, Any]] | None = None
        self._failed_at = -FORGIVING

    def names(self, within: float) -> list[str]:
        """Return the names of the server's models, in its order.

        Parameters
        ----------
        within
            Seconds that it may take.

        Raises
        ------
        Exception
            Those of the SDK and of its HTTP client; `faults.understand` reads them.
        """
        return [str(model["id"]) for model in self._listed(within)]

    @staticmethod
    def none_listed(server: str) -> str:
        """Return what is said of a server that lists no models."""
        return (
            f"{server} does not list its models. Name one: `%%agent --model NAME`, or "
            "`%config IPySessions.model = 'NAME'`."
        )

    def offered(self, within: float) -> list[str]:
        """Return the names for Tab: as `names`, and none from a server that has just failed to give them."""
        if time.monotonic() - self._failed_at < FORGIVING:
            return []
        try:
            return self.names(within)
        except Exception:  # noqa: BLE001 - of the SDK and its HTTP client, of every kind
            self._failed_at = time.monotonic()
            return []

    def describe(self, name: str) -> Description:
        """Return what the server says about a model; one that says nothing is not asked again."""
        import anthropic

        if name not in self._descriptions:
            try:
                answer = _within(self._asking, self._client.models.with_raw_response.retrieve, name)
            except (anthropic.NotFoundError, anthropic.APITimeoutError, TimeoutError):  # many have no such page
                answer = {}
            except Exception:  # noqa: BLE001 - the request itself will tell what is wrong
                return UNKNOWN
            self._descriptions[name] = _description(answer if isinstance(answer, dict) else {})
        return self._descriptions[name]

    def larger(self, name: str) -> tuple[str, int] | None:
        """Return the model with the next larger window and that window in tokens, if the server lists one."""
        own = self.describe(name).window
        try:
            windows = [(str(model["id"]), _window(model)) for model in self._listed(self._asking)]
        except Exception:  # noqa: BLE001 - a hint that cannot be had is left out
            return None
        found = [(window, model) for model, window in windows if window and own and window > own]
        return min(found)[::-1] if found else None

    def _listed(self, within: float) -> list[dict[str, Any]]:
        if self._models is None:
            page = _within(within, self._client.models.with_raw_response.list, limit=1000)
            data = page.get("data") if isinstance(page, dict) else None
            listed = data if isinstance(data, list) else []
            models = [model for model in listed if isinstance(model, dict) and model.get("id")]
            self._models = models or None  # the first may be on its way
        return self._models or []


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
