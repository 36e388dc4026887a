"""Looking at what was said, what it cost, and what is wanted again."""

from __future__ import annotations

from ipy_sessions.commands.values.command import Command

SUMS = ("session", "model", "day")
"""What usage is summed up by."""


class Tree(Command, frozen=True):
    """``%session tree``: the branches of this session or another, of a large one around the leaf; or every turn."""

    ref: str = ""
    all: bool = False


class Compare(Command, frozen=True):
    """``%session compare``: two turns' branches or two sessions, turn by turn; an empty one is the active branch."""

    first: str
    second: str = ""


class History(Command, frozen=True):
    """``%session history``: the conversation as a DataFrame, also bound to `df` if one is named; or what was asked."""

    df: str | None = None
    prompts: bool = False


class Again(Command, frozen=True):
    """``%session again``: put what a turn asked into the next cell, as it was typed; nothing is asked."""

    turn: str


class Usage(Command, frozen=True):
    """``%session usage``: what was spent by this notebook's sessions, by one, or by all of the folder.

    Parameters
    ----------
    ref
        One session; empty for those of this notebook.
    by
        ``"session"``, ``"model"`` or ``"day"``; ``None`` for all three.
    all
        The sessions of every notebook.
    plot
        As a picture.
    """

    ref: str = ""
    by: str | None = None
    all: bool = False
    plot: bool = False


class Show(Command, frozen=True):
    """``%session show``: the conversation to read, of this session or another; one turn, or its last answer alone.

    Parameters
    ----------
    ref
        Another session; empty for this one.
    last
        Its last answer alone.
    turn
        This turn alone.
    all
        Everything, however long.
    """

    ref: str = ""
    last: bool = False
    turn: str = ""
    all: bool = False
