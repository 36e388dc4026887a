"""The saved notebook beside the conversation."""

from __future__ import annotations

from ipy_sessions.commands.values.command import Command


class Plan(Command, frozen=True):
    """``%session plan``: what running the notebook would do, with `replay` as it is set or as it is given."""

    ref: str = ""
    replay: str | None = None


class Cells(Command, frozen=True):
    """``%session cells``: how the notebook's cells stand to this conversation, or to another."""

    ref: str = ""
