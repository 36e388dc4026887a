"""What the picker sees, and through which door: the sessions there are, and who carries out what is asked for.

A widget knows no kernel; `magics.picking` is the door that leads into one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from ipy_sessions.commands.values import Command
from ipy_sessions.hit import Hit
from ipy_sessions.render.markup import Markup
from ipy_sessions.summary import SessionInfo
from ipy_sessions.tree import Tree


class Seen(NamedTuple):
    """What there is.

    Parameters
    ----------
    rows
        The sessions, that of the latest message first. One that is as it was is the very object that it was.
    current
        The file of the one in use here.
    owners
        Who has which open elsewhere, by their files.
    skipped
        Files beside them that are no sessions, each with the reason.
    answering
        Whether an answer is coming into the one in use here.
    """

    rows: Sequence[SessionInfo]
    current: Path | None = None
    owners: Mapping[Path, str] = {}
    skipped: Sequence[tuple[Path, str]] = ()
    answering: bool = False


class Sessions(Protocol):
    """Where the picker's sessions are, and who carries out what is asked for."""

    notebook: str
    """The notebook that it stands in, as sessions name it; empty for none."""
    formats: Sequence[str]
    """What a session can be exported as."""

    def look(self) -> Seen:
        """Return what there is now."""

    def tree(self, row: SessionInfo) -> Tree:
        """Return a session's entries."""

    def search(self, text: str) -> tuple[Sequence[Path], Sequence[Hit]]:
        """Return the files of all sessions that hold a text, and the messages that hold it best."""

    def carry_out(self, wanted: Command) -> Markup:
        """Carry out a command; return what it says."""
