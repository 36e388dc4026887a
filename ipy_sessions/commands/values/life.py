"""How a session begins, is gone on with, and is let go of."""

from __future__ import annotations

import msgspec

from ipy_sessions.commands.values.command import Command


class New(Command, frozen=True):
    """``%session new``: begin another session, once a cell; `temporary` keeps it in memory alone."""

    name: str = ""
    temporary: bool = False
    again: bool = False


class Open(Command, frozen=True):
    """``%session open``: go on with the session that is meant, or only read it; wait so many seconds for its owner."""

    ref: str
    read_only: bool = False
    wait: float = 0.0


class Fork(Command, frozen=True):
    """``%session fork``: go on in a copy of this session, or of another, up to its end or to a turn; once a cell."""

    ref: str = ""
    name: str | None = None
    at: str = ""
    again: bool = False


class List(Command, frozen=True):
    """``%session list``: show the notebook's sessions, or all of the folder.

    Parameters
    ----------
    all
        Those of every notebook.
    wanted
        What narrows the list: the parameters of `SessionManager.list` as they were typed.
    archived
        The archived ones instead.
    """

    all: bool = False
    wanted: dict[str, str] = msgspec.field(default_factory=dict)
    archived: bool = False


class Continue(Command, frozen=True):
    """``%session continue``: go on with the latest session."""


class Close(Command, frozen=True):
    """``%session close``: let go of the session."""


class Keep(Command, frozen=True):
    """``%session keep``: write a session that is in memory alone to its file."""


class Rename(Command, frozen=True):
    """``%session rename``: give this session or another a name, or take it away."""

    name: str | None
    ref: str = ""
