"""Conversations as tables, as Python functions, over the sessions of this kernel where none are named."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ipy_sessions.errors import SessionsError
from ipy_sessions.magics.twins import host
from ipy_sessions.table import read as tables
from ipy_sessions.table import sql as queries
from ipy_sessions.table.corpus import Named
from ipy_sessions.table.part import ALL
from ipy_sessions.table.schema import TABLES

if TYPE_CHECKING:
    import duckdb


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


def sql(
    query: str,
    named: Named | Iterable[Named] | None = None,
    *,
    branch: str | int = ALL,
    parameters: Mapping[str, Any] | None = None,
    cache: bool = False,
) -> queries.Result:
    """Return what a query in SQL finds: ``sql("from turns where question ilike '%pandas%'")``.

    Parameters
    ----------
    query
        One SELECT in DuckDB's dialect, over the tables ``sessions``, ``messages``, ``blocks``, ``tools``, ``turns``,
        ``usage``, ``branches``, ``cells`` and ``attachments``, which are those of `read`. Times are in UTC. It reads
        these and nothing else of the disk, and changes nothing; `connect` is for whoever wants more.
    named, branch
        As for `read`.
    parameters
        Values for ``$name`` in the query.
    cache
        Write what is read of closed sessions as Parquet into the ``.cache`` of their ``.sessions`` folder. Queries and
        frames then read that, as long as the files have not changed; it may be deleted at any time.

    Returns
    -------
    Result
        Shows itself in a notebook; ``.to_pandas()``, ``.to_polars()``, ``.to_arrow()``, ``.to_parquet(path)``.

    Raises
    ------
    QueryError
        When it cannot be carried out, with DuckDB's own words.
    SessionsError
        When DuckDB is not installed.
    """
    return queries.sql(query, read(named, branch=branch).corpus, parameters, cache=cache)


def connect(
    named: Named | Iterable[Named] | None = None, *, tables: Collection[str] = tuple(TABLES)
) -> duckdb.DuckDBPyConnection:
    """Return a DuckDB connection that has the tables, for JupySQL or any other client.

    Messages, blocks, tools, usage and attachments are views, which cost nothing before they are queried and then read
    the files as they are. Sessions, turns, branches and cells are made now, of conversations as they are now, in one
    reading of all of them; over gigabytes, name the tables that are wanted.

    Parameters
    ----------
    named
        As for `read`.
    tables
        Those that are wanted: ``connect(tables=["messages", "usage"])``.

    Raises
    ------
    QueryError
        For a table that there is not.
    SessionsError
        When DuckDB is not installed.
    """
    return queries.connect(read(named).corpus, tables)


def here() -> Path:
    """Return the folder of this kernel's sessions, or ``.sessions`` where this is no kernel that has some."""
    try:
        kernel = host()
    except SessionsError:
        return Path(".sessions")
    return kernel.manager(kernel.place()).store.path
