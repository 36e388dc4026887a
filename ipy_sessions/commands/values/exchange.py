"""What leaves the folder in another form, and what comes into it."""

from __future__ import annotations

from ipy_sessions.commands.values.command import Command

BRANCHES = ("all", "active")
"""What an export can hold."""


class Export(Command, frozen=True):
    """``%session export``: write this session, or another agent's transcript, in another form.

    Parameters
    ----------
    format
        What that form is called.
    path
        The file; empty for one beside the notebook.
    ref
        Which session, or the path of a transcript; empty for this one.
    branch
        ``"all"`` or ``"active"``; ``None`` for what the format holds.
    force
        Write in the place of a file that is there.
    """

    format: str
    path: str = ""
    ref: str = ""
    branch: str | None = None
    force: bool = False


class Import(Command, frozen=True):
    """``%session import``: make sessions out of transcripts, or add to them what is new there."""

    paths: list[str]
