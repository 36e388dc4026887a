"""What can be typed, as values: one class for each thing that a line may mean."""

from __future__ import annotations

from typing import Any, TypeAlias

import msgspec


class Ask(msgspec.Struct, frozen=True):
    """``%%agent``: ask the model.

    Parameters
    ----------
    prompt
        What to ask, as it was typed: the first line's text, then the body.
    options
        What was given for this turn alone: ``model``, ``system``, ``max_tokens`` and so on, as `Parameters` has them.
    session
        Reference of the session that this ask alone goes to; ``None`` for the current one.
    out
        Name of the variable that gets the reply; ``None`` for none.
    """

    prompt: str
    options: dict[str, Any] = {}
    session: str | None = None
    out: str | None = None


class Where(msgspec.Struct, frozen=True):
    """``%session`` alone: say which session this is."""


class New(msgspec.Struct, frozen=True):
    """``%session new``: begin another session; `temporary` keeps it in memory alone."""

    name: str = ""
    temporary: bool = False


class Open(msgspec.Struct, frozen=True):
    """``%session open``: go on with the session that is meant."""

    ref: str


class List(msgspec.Struct, frozen=True):
    """``%session list``: show the notebook's sessions, or all of the folder."""

    all: bool = False


class Continue(msgspec.Struct, frozen=True):
    """``%session continue``: go on with the latest session."""


class Close(msgspec.Struct, frozen=True):
    """``%session close``: let go of the session."""


class Keep(msgspec.Struct, frozen=True):
    """``%session keep``: write a session that is in memory alone to its file."""


class Rename(msgspec.Struct, frozen=True):
    """``%session rename``: give the session a name."""

    name: str


class History(msgspec.Struct, frozen=True):
    """``%session history``: the conversation as a DataFrame, also bound to `df` when one is named."""

    df: str | None = None


class Show(msgspec.Struct, frozen=True):
    """``%session show``: the conversation to read, of this session or another; or its last answer alone."""

    ref: str = ""
    last: bool = False


class File(msgspec.Struct, frozen=True):
    """``%session file``: where the file is."""


class Set(msgspec.Struct, frozen=True):
    """``%session settings``: show the settings, or change what belongs to the session."""

    changes: dict[str, str] = {}


class Help(msgspec.Struct, frozen=True):
    """``%session help``: what there is to type."""

    command: str = ""


Command: TypeAlias = Where | New | Open | List | Continue | Close | Keep | Rename | History | Show | File | Set | Help
