"""Which rows each table is made of."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias

from ipy_sessions.table import calls, messages, sessions, turns
from ipy_sessions.table.messages import Row
from ipy_sessions.table.part import Once, Part

Rows: TypeAlias = Callable[[Part, Once], Iterator[Row]]

ROWS: Mapping[str, Rows] = {
    "sessions": sessions.sessions,
    "messages": messages.messages,
    "blocks": messages.content_blocks,
    "tools": calls.tools,
    "turns": turns.turns,
    "usage": calls.usage,
    "branches": turns.branches,
    "cells": turns.cells,
    "attachments": messages.attachments,
}
"""How the rows of each table are made of a conversation."""
