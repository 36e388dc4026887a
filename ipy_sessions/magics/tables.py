"""Conversations as tables, as Python functions, over the sessions of this kernel where none are named."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path

from ipy_sessions.errors import SessionsError
from ipy_sessions.magics.twins import host
from ipy_sessions.searching.hits import Hits
from ipy_sessions.searching.search import SHOWN, prepared
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


def search(  # noqa: PLR0913 - each of them narrows the search
    what: str | Sequence[str],
    named: Named | Iterable[Named] | None = None,
    *,
    regex: bool = False,
    case: bool | None = None,
    role: str | None = None,
    tool: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    notebook: str | None = None,
    deep: bool = False,
    limit: int | None = SHOWN,
) -> Hits:
    """Return the messages that hold what is looked for, the best first. Nothing is indexed.

    Parameters
    ----------
    what
        Words and ``"quoted phrases"``, all of which stand in one message, in any order; a list of texts, each of which
        is taken as it stands; or, with `regex`, a regular expression of Python's `re`.
    named
        Where is looked, as for `read`.
    regex
        Whether `what` is a regular expression.
    case
        Whether capitals matter; ``None``: only when one is typed. Accents always do.
    role
        Only what the ``"user"`` or the ``"assistant"`` has said.
    tool
        Only calls of this tool and what they have returned.
    since, until
        Only messages that are not older, not younger; aware.
    notebook
        Only sessions of this notebook: its name, or its path's end.
    deep
        Whether thinking, and calls of tools and what they have returned, are looked at, too.
    limit
        How many hits are told; ``None`` for all of them.

    Returns
    -------
    list of Hit
        It shows itself as a table; ``.total`` is how many messages were found in all, in ``.sessions`` sessions, and
        ``.to_pandas()`` returns a frame.

    Raises
    ------
    CommandError
        When there is nothing to look for, or the regular expression is none.
    SessionNotFoundError
        When nothing is there that was named.
    """
    begun = prepared(
        what,
        here() if named is None else named,
        regex=regex,
        case=case,
        role=role,
        tool=tool,
        since=since,
        until=until,
        notebook=notebook,
        deep=deep,
        limit=limit,
    )
    begun.run()
    return begun.hits()


def here() -> Path:
    """Return the folder of this kernel's sessions, or ``.sessions`` where this is no kernel that has some."""
    try:
        kernel = host()
    except SessionsError:
        return Path(".sessions")
    return kernel.manager(kernel.place()).store.path
