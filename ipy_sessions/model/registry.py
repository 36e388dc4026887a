"""Which model answers to a name, and which one when nobody has named any.

By name: ``offline`` is built in, every other one is asked for at the server that the environment names. Without a
name: Claude when there is a credential, the first that the server lists when the environment names another server, and
else the offline model, which is said once.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from ipy_sessions.errors import ModelError, UnknownModelError
from ipy_sessions.model import credentials
from ipy_sessions.model.interface import Model
from ipy_sessions.model.offline import OfflineModel
from ipy_sessions.settings import Settings

if TYPE_CHECKING:
    from ipy_sessions.model.connection import Connection

DEFAULT = "claude-sonnet-5-5"
FINDING, OFFERING = 5.0, 2.0  # seconds that an ask, and Tab, wait for the names of a server's models
NO_KEY = (
    "There is no key for a language model, so the offline model answers, which is none. "
    "`%session help model` tells how to give one."
)


class Models:
    """The models that can be reached from here, by name.

    Parameters
    ----------
    settings
        Returns the settings; asked each time, as the environment is, so that a key that is set later counts.
    """

    def __init__(self, settings: Callable[[], Settings]) -> None:
        self._settings = settings
        self._connections: dict[tuple[int, float], Connection | None] = {}
        self._lock = threading.Lock()
        self._said: set[str] = set()

    def find(self, name: str) -> Model:
        """Return the model called `name`; for an empty one, the default.

        Raises
        ------
        UnknownModelError
            When it needs a credential and there is none.
        ModelError
            When the default is the first of a server's models and the server does not list any.
        """
        settings = self._settings()
        if name == OfflineModel.name:
            return OfflineModel(delay=settings.offline_delay)
        connection = self._connected(settings)
        if connection is None:
            if name:
                raise UnknownModelError(
                    f"The model {name!r} needs a key, and there is none; 'offline' needs none. Give a key to "
                    "ANTHROPIC_API_KEY, outside of the notebook, or the address of a server to ANTHROPIC_BASE_URL."
                )
            return OfflineModel(delay=settings.offline_delay, notes=self._once(NO_KEY))
        from ipy_sessions.model.anthropic import AnthropicModel
        from ipy_sessions.model.retry import Patience

        name = name or _default(connection)
        patience = Patience(settings.retries, settings.retry_wait)
        return AnthropicModel(name, connection, patience, self._once)

    def names(self) -> list[str]:
        """Return the names to offer: those that the server lists, those that the SDK knows, and ``offline``."""
        names, official = [OfflineModel.name], True
        with suppress(Exception):  # Tab offers what it can get
            connection = self._connected(self._settings())
            official = connection is None or connection.official
            if connection is not None:
                names += connection.models.offered(OFFERING)
        if official:
            from ipy_sessions.model.listing import known_names

            names += known_names()
        return list(dict.fromkeys(names))

    def close(self) -> None:
        """Let go of every connection; the next model that is asked makes another."""
        with self._lock:
            for connection in self._connections.values():
                if connection is not None:
                    connection.close()
            self._connections.clear()

    def _connected(self, settings: Settings) -> Connection | None:
        """Return the connection that the environment means now; ``None`` when it means none."""
        if not (credentials.base_url(os.environ) or credentials.has_credential(os.environ)):
            return None
        from ipy_sessions.model.connection import connect

        made_for = credentials.fingerprint(os.environ), settings.timeout
        with self._lock:  # threads that ask at once share one
            if made_for not in self._connections:
                self._connections[made_for] = connect(settings.timeout)
            return self._connections[made_for]

    def _once(self, sentence: str) -> list[str]:
        """Return a sentence the first time, and nothing when it was said before."""
        if not sentence or sentence in self._said:
            return []
        self._said.add(sentence)
        return [sentence]


def _default(connection: Connection) -> str:
    """Return the name of the model that answers when nobody has chosen one; empty while its server cannot say."""
    if connection.official:
        return DEFAULT
    try:
        names = connection.models.names(FINDING)
    except Exception as error:  # noqa: BLE001 - the SDK and its HTTP client raise errors of every kind
        from ipy_sessions.model.faults import Circumstances, understand

        around = Circumstances("the first model", connection.server, connection.timeout, connection.masked)
        failure = understand(error, around)
        if failure.retries != 0:
            return ""  # found within the turn, where everybody sees what is waited for
        no_page = failure.status == 404 or failure.reason == "silence"  # noqa: PLR2004 - its number is its name
        names, sentence = [], "" if no_page else failure.sentence
    else:
        sentence = ""
    if not names:
        raise ModelError(sentence or connection.models.none_listed(connection.server))
    return names[0]
