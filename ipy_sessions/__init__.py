"""Chat with an agent inside your notebook; the conversation is a file next to it.

In a notebook::

    %load_ext ipy_sessions

    %%agent
    My name is Alice

In Python::

    import ipy_sessions as ses

    session = ses.SessionManager(".sessions").create("alice")
    print(session.prompt("My name is Alice"))

Importing the package imports next to nothing else: each public name is fetched when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ipy_sessions.shown import tell_ipython
from ipy_sessions.version import __version__

if TYPE_CHECKING:
    from ipy_sessions.cell_values import CellState, PlanStep
    from ipy_sessions.context import Context
    from ipy_sessions.entries import Entry, Header, NewEntry, assistant, user
    from ipy_sessions.errors import (
        AmbiguousReferenceError,
        CommandError,
        ExportError,
        FolderError,
        InvalidEntryError,
        InvalidIdError,
        LogLostError,
        LogWriteError,
        ModelError,
        NotASessionError,
        NotLoggedError,
        QueryError,
        SecretFoundError,
        SessionBusyError,
        SessionClosedError,
        SessionNotFoundError,
        SessionReadOnlyError,
        SessionsError,
        SettingError,
        StaleSessionError,
        TurnDroppedError,
        TurnNotFoundError,
        TurnRunningError,
        UnknownModelError,
    )
    from ipy_sessions.events import BlockEnd, Finished, Notice, Reply, Started, TextDelta, ThinkingDelta, Waiting
    from ipy_sessions.exchange import Exchange
    from ipy_sessions.hit import Hit
    from ipy_sessions.magics.tables import connect, read, search, sql, usage, usage_plot
    from ipy_sessions.magics.twins import cells, compare, current, draw, history, pick, plan
    from ipy_sessions.manager import SessionManager
    from ipy_sessions.planning import Plan
    from ipy_sessions.retention import Policy
    from ipy_sessions.session import Session
    from ipy_sessions.settings import Parameters, Settings
    from ipy_sessions.store.disk import FolderStore
    from ipy_sessions.store.interface import Store
    from ipy_sessions.store.memory import MemoryStore
    from ipy_sessions.summary import SessionInfo
    from ipy_sessions.table.schema import schema
    from ipy_sessions.turns import Turn
    from ipy_sessions.upkeep import Upkeep

_HOMES = {
    "cell_values": ["CellState", "PlanStep"],
    "context": ["Context"],
    "entries": ["Entry", "Header", "NewEntry", "assistant", "user"],
    "errors": [
        "AmbiguousReferenceError",
        "CommandError",
        "ExportError",
        "FolderError",
        "InvalidEntryError",
        "InvalidIdError",
        "LogLostError",
        "LogWriteError",
        "ModelError",
        "NotASessionError",
        "NotLoggedError",
        "QueryError",
        "SecretFoundError",
        "SessionBusyError",
        "SessionClosedError",
        "SessionNotFoundError",
        "SessionReadOnlyError",
        "SessionsError",
        "SettingError",
        "StaleSessionError",
        "TurnDroppedError",
        "TurnNotFoundError",
        "TurnRunningError",
        "UnknownModelError",
    ],
    "events": ["BlockEnd", "Finished", "Notice", "Reply", "Started", "TextDelta", "ThinkingDelta", "Waiting"],
    "exchange": ["Exchange"],
    "hit": ["Hit"],
    "magics.tables": ["connect", "read", "search", "sql", "usage", "usage_plot"],
    "magics.twins": ["cells", "compare", "current", "draw", "history", "pick", "plan"],
    "manager": ["SessionManager"],
    "planning": ["Plan"],
    "session": ["Session"],
    "settings": ["Parameters", "Settings"],
    "store.disk": ["FolderStore"],
    "store.interface": ["Store"],
    "store.memory": ["MemoryStore"],
    "retention": ["Policy"],
    "summary": ["SessionInfo"],
    "table.schema": ["schema"],
    "turns": ["Turn"],
    "upkeep": ["Upkeep"],
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "AmbiguousReferenceError",
    "BlockEnd",
    "CellState",
    "CommandError",
    "Context",
    "Entry",
    "Exchange",
    "ExportError",
    "Finished",
    "FolderError",
    "FolderStore",
    "Header",
    "Hit",
    "InvalidEntryError",
    "InvalidIdError",
    "LogLostError",
    "LogWriteError",
    "MemoryStore",
    "ModelError",
    "NewEntry",
    "NotASessionError",
    "NotLoggedError",
    "Notice",
    "Parameters",
    "Plan",
    "PlanStep",
    "Policy",
    "QueryError",
    "Reply",
    "SecretFoundError",
    "Session",
    "SessionBusyError",
    "SessionClosedError",
    "SessionInfo",
    "SessionManager",
    "SessionNotFoundError",
    "SessionReadOnlyError",
    "SessionsError",
    "SettingError",
    "Settings",
    "StaleSessionError",
    "Started",
    "Store",
    "TextDelta",
    "ThinkingDelta",
    "Turn",
    "TurnDroppedError",
    "TurnNotFoundError",
    "TurnRunningError",
    "UnknownModelError",
    "Upkeep",
    "Waiting",
    "__version__",
    "assistant",
    "cells",
    "compare",
    "connect",
    "current",
    "draw",
    "history",
    "load_ipython_extension",
    "pick",
    "plan",
    "read",
    "schema",
    "search",
    "sql",
    "unload_ipython_extension",
    "usage",
    "usage_plot",
    "user",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module 'ipy_sessions' has no attribute {name!r}")
    value = getattr(import_module(f"ipy_sessions.{_HOME_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)


def load_ipython_extension(shell: Any) -> None:
    """Do what ``%load_ext ipy_sessions`` asks for."""
    from ipy_sessions.magics.extension import load

    load(shell)


def unload_ipython_extension(shell: Any) -> None:
    """Do what ``%unload_ext ipy_sessions`` asks for: take back everything that loading added."""
    from ipy_sessions.magics.extension import unload

    unload(shell)


tell_ipython()
