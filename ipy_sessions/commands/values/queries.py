"""Queries over every conversation of the folder."""

from __future__ import annotations

from ipy_sessions.commands.values.command import Command


class Sql(Command, frozen=True):
    """``%session sql``: what a query finds in the folder's conversations, also bound to `df` when one is named."""

    query: str
    df: str | None = None
