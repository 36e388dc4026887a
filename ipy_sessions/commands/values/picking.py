"""Choosing a session by looking at what there is."""

from __future__ import annotations

from ipy_sessions.commands.values.command import Command


class Pick(Command, frozen=True):
    """``%session pick``: look through the sessions with mouse and keyboard, and choose one."""
