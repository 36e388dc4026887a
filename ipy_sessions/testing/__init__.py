"""Fakes for tests, ours and those of whoever builds on ipy_sessions.

`MessagesServer` takes the place of a paid API behind the real SDK, `ScriptedModel` that of a model, `FixedSource` that
of a clock that goes on. Everything else is meant to be tested as it is.
"""

from ipy_sessions.testing.fakes import FixedSource, ScriptedModel
from ipy_sessions.testing.script import Drop, Fault, Reply, Status
from ipy_sessions.testing.server import MessagesServer
from ipy_sessions.testing.stores import BrokenContractsError, StoreReport, check_store

__all__ = [
    "BrokenContractsError",
    "Drop",
    "Fault",
    "FixedSource",
    "MessagesServer",
    "Reply",
    "ScriptedModel",
    "Status",
    "StoreReport",
    "check_store",
]
