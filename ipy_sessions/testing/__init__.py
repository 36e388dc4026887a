"""Fakes for tests, ours and those of whoever builds on ipy_sessions.

`ScriptedModel` and `FixedSource` take the place of a model that is paid for and of a clock that goes on. Everything
else is meant to be tested as it is.
"""

from ipy_sessions.testing.fakes import FixedSource, ScriptedModel

__all__ = ["FixedSource", "ScriptedModel"]
