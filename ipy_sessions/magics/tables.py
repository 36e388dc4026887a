"""Conversations as tables, as Python functions, over the sessions of this kernel where none are named."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ipy_sessions.errors import SessionsError
from ipy_sessions.magics.twins import host
from ipy_sessions.table import read as tables
from ipy_sessions.table.corpus import Named
from ipy_sessions.table.part import ALL


def read(named: Named | Iterable[Named] | None = None, *, branch: str | int = ALL) -> tables.Tables:
    """Return conversations as tables: ``.sessions``, ``.messages``, ``.blocks``, ``.tools``, ``.turns`` and so on.

    Parameters
    ----------
    named
        A file; a folder, with all that is below it; a pattern such as ``"~/.claude/projects/**/*.jsonl"``; an open
        session, or a row of a list; or several of them. Formats are told by what stands in the files. ``None`` for
        the folder of this kernel's sessions, or ``.sessions`` where this is no kernel that has some.
    branch
        ``"all"``: everything that was said. ``"active"``: what is on the branch where each conversation goes on. Or a
        turn of one session, by its number, its label or its id's end: the way to its end.

    Returns
    -------
    Tables
        Each is made when it is first looked at: ``.to_pandas()``, ``.to_polars()``, ``.to_arrow()``,
        ``.to_parquet(path)``.

    Raises
    ------
    SessionNotFoundError
        When nothing is there that was named.
    """
    return tables.read(here() if named is None else named, branch=branch)


def here() -> Path:
    """Return the folder of this kernel's sessions, or ``.sessions`` where this is no kernel that has some."""
    try:
        kernel = host()
    except SessionsError:
        return Path(".sessions")
    return kernel.manager(kernel.place()).store.path
