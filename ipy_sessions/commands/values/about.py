"""What is told about the session, its settings and the commands."""

from __future__ import annotations

import msgspec

from ipy_sessions.commands.values.command import Command


class Where(Command, frozen=True):
    """``%session`` alone: say which session this is."""


class File(Command, frozen=True):
    """``%session file``: where the file is."""


class Set(Command, frozen=True):
    """``%session settings``: show the settings, or change what belongs to the session."""

    changes: dict[str, str] = msgspec.field(default_factory=dict)


class Help(Command, frozen=True):
    """``%session help``: what there is to type."""

    command: str = ""
