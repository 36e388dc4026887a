"""Moving about in a conversation, and what of it is sent and shown."""

from __future__ import annotations

from ipy_sessions.commands.values.command import Command


class Rewind(Command, frozen=True):
    """``%session rewind``: go back so many turns."""

    turns: int = 1


class Switch(Command, frozen=True):
    """``%session switch``: stand behind another turn."""

    turn: str


class Label(Command, frozen=True):
    """``%session label``: give a turn a label, or, when that is empty, take it away."""

    turn: str
    label: str = ""


class Hide(Command, frozen=True):
    """``%session hide`` and ``unhide``: keep a turn from being sent, or send it again."""

    turn: str
    on: bool = True


class Drop(Command, frozen=True):
    """``%session drop`` and ``undrop``: leave out a turn and all that follows it, or bring it back."""

    turn: str
    on: bool = True
