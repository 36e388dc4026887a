"""What a search has found, one place at a time, as a value. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class Piece(NamedTuple):
    """A piece of what was said, and whether it is what was looked for."""

    text: str
    meant: bool


@dataclass(frozen=True, slots=True)
class Hit:
    """A message that holds what was looked for.

    Parameters
    ----------
    session, title
        The session's id, and what it is called.
    turn
        The number of the turn that the message belongs to; ``None`` for one that stands before every question.
    role
        ``"user"`` or ``"assistant"``.
    kind
        What holds it first: ``"text"``, ``"thinking"``, or the ``"call"`` or ``"result"`` of a tool.
    tool
        That tool's name.
    ts
        When the message was written: UTC, ISO 8601.
    pieces
        Some of what was said around it.
    score
        How well it fits: the larger, the better.
    id
        The message's id.
    path
        The session's file; empty for one in memory alone.
    notebook
        The notebook that the session belongs to.
    format
        Who has written the transcript: ``"ipy_sessions"``, ``"pi"``, ``"claude_code"`` and so on.
    """

    session: str
    title: str
    turn: int | None
    role: str
    kind: str
    tool: str | None
    ts: str
    pieces: tuple[Piece, ...]
    score: float
    id: str
    path: str
    notebook: str | None
    format: str

    @property
    def snippet(self) -> str:
        """Some of what was said around it, as plain text."""
        return "".join(piece.text for piece in self.pieces)
