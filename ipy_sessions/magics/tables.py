"""Conversations as tables, as Python functions, over the sessions of this kernel where none are named."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args, overload

from ipy_sessions.errors import SessionNotFoundError, SessionsError, SettingError
from ipy_sessions.magics.progress import shown, stoppable
from ipy_sessions.magics.twins import host
from ipy_sessions.plotting.plot import UsagePlot
from ipy_sessions.searching.hits import Hits
from ipy_sessions.searching.search import SHOWN, prepared
from ipy_sessions.table import read as tables
from ipy_sessions.table import sql as queries
from ipy_sessions.table.arrow import to_pandas
from ipy_sessions.table.corpus import Named
from ipy_sessions.table.part import ALL
from ipy_sessions.table.read import Tables
from ipy_sessions.table.schema import TABLES
from ipy_sessions.table.usage_totals import By, totals

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

    from ipy_sessions.table.cluster import DaskTables


@overload
def read(
    named: Named | Iterable[Named] | None = None,
    *,
    branch: str | int = ALL,
    engine: Literal["local"] = "local",
    partition_bytes: int | None = None,
) -> Tables: ...


@overload
def read(
    named: Named | Iterable[Named] | None = None,
    *,
    branch: str | int = ALL,
    engine: Literal["dask"],
    partition_bytes: int | None = None,
) -> DaskTables: ...


@stoppable()
def read(
    named: Named | Iterable[Named] | None = None,
    *,
    branch: str | int = ALL,
    engine: str = "local",
    partition_bytes: int | None = None,
) -> Tables | DaskTables:
    """Return conversations as tables: ``.sessions``, ``.messages``, ``.blocks``, ``.tools``, ``.turns`` and so on.

    Parameters
    ----------
    named
        A file; a folder, with all that is below it; a pattern such as ``"~/.claude/projects/**/*.jsonl"``; an address
        that fsspec knows, such as ``"s3://bucket/folder"``; an open session, or a row of a list; or several of them.
        Formats are told by what stands in the files. ``None`` for the folder of this kernel's sessions, or
        ``.sessions`` where this is no kernel that has some.
    branch
        ``"all"``: everything that was said. ``"active"``: what is on the branch where each conversation goes on. Or a
        turn of one session, by its number, its label or its id's end: the way to its end.
    engine
        ``"local"``: tables in this process. ``"dask"``: the same tables as Dask DataFrames, made by the workers of a
        cluster (extra ``dask``).
    partition_bytes
        Of the engine ``"dask"``: bytes of files that a partition is made of at most; by default 128 MB.

    Returns
    -------
    Tables or DaskTables
        Each is made when it is first looked at. Those of ``"local"`` have ``.to_pandas()``, ``.to_polars()``,
        ``.to_arrow()`` and ``.to_parquet(path)``; each of ``"dask"`` is a `dask.dataframe.DataFrame`.

    Raises
    ------
    SessionNotFoundError
        When nothing is there that was named, or no session is there yet.
    SettingError
        When there is no such engine.
    SessionsError
        When Dask is not installed, or cannot read what is named, since it is in memory.
    """
    named = here() if named is None else named
    if engine == "local":
        found = tables.read(named, branch=branch)
        found.corpus.watch = shown
        return found
    if engine == "dask":
        from ipy_sessions.table import cluster

        return cluster.read(named, branch=branch, partition_bytes=partition_bytes)
    raise SettingError(f"There is no engine {engine!r}. Give 'local', which is the default, or 'dask'.")


@stoppable()
def usage(named: Named | Iterable[Named] | None = None, *, by: By = "session") -> pd.DataFrame:
    """Return what was spent as a DataFrame, one row a session, model or day, that of the first answer first.

    It sums up the table ``.usage``: nothing is counted twice, however often it was branched, forked or imported.

    Parameters
    ----------
    named
        As for `read`.
    by
        ``"session"``, ``"model"`` or ``"day"``, which is that of UTC.

    Returns
    -------
    pandas.DataFrame
        ``session`` and ``title``, or ``model``, or ``day`` (its first moment in UTC); then ``answers``, ``unpriced``
        (those of them whose price is not known), ``input_tokens``, ``output_tokens``, ``cache_read_tokens``,
        ``cache_write_tokens``, ``cost_usd`` (missing where one price is not known), ``known_cost_usd`` (of those that
        are), ``first`` and ``last`` (UTC); the same without rows.

    Raises
    ------
    SessionsError
        When `by` is something else, nothing is there that was named, or no session is there yet.
    """
    return to_pandas(totals(read(named), _checked(by)))


@stoppable()
def usage_plot(named: Named | Iterable[Named] | None = None, *, by: By = "model") -> UsagePlot:
    """Return what was spent as a picture: cost and tokens over time, the share of the cache, and latency.

    It is drawn by matplotlib (extra ``plot``), whose pictures are static: they are seen in a saved notebook without a
    kernel, on a code-hosting page and in exports, in light themes and dark ones. In a terminal it is drawn by
    characters, which needs nothing.

    Parameters
    ----------
    named
        As for `read`.
    by
        What is told apart: ``"model"``, ``"session"``, or with ``"day"`` nothing. Of many, the dearest five have an
        ink and a marker of their own, and the rest is one.

    Returns
    -------
    UsagePlot
        ``.figure`` is the `matplotlib.figure.Figure`, ``.frame`` what its bars and lines show as a DataFrame, a row a
        step of time and group, ``.groups`` the sums of each group, and ``.plain`` the form of terminals. Steps are
        hours, days, weeks, months or years of UTC, so that there are not too many. What has no known price is in no
        sum of costs, and a question mark stands at its place.

    Raises
    ------
    SessionsError
        When `by` is something else, nothing is there that was named, or no session is there yet.
    """
    return UsagePlot(read(named), _checked(by))


def _checked(by: By) -> By:
    if by not in get_args(By):
        raise SessionsError(f"usage is summed up by 'session', 'model' or 'day', and not by {by!r:.60}.")
    return by


@stoppable()
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
        When there is nothing to look for, the regular expression is none, or there is no such role.
    SettingError
        When `limit` is negative, or a date names no time zone.
    SessionNotFoundError
        When nothing is there that was named, or no session is there yet.
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
    begun.corpus.watch = shown
    with shown("sessions") as progress:
        begun.run(progress)
    return begun.hits()


@stoppable()
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
    SessionNotFoundError
        When nothing is there that was named, or no session is there yet.
    SessionsError
        When DuckDB is not installed.
    """
    return queries.sql(query, read(named, branch=branch).corpus, parameters, cache=cache)


@stoppable()
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
    SessionNotFoundError
        When nothing is there that was named, or no session is there yet.
    SessionsError
        When DuckDB is not installed.
    """
    return queries.connect(read(named).corpus, tables)


def here() -> Path:
    """Return the folder of this kernel's sessions, or ``.sessions`` where this is no kernel that has some.

    Raises
    ------
    SessionNotFoundError
        When none is in it.
    """
    try:
        kernel = host()
    except SessionsError:
        folder = Path(".sessions")
    else:
        folder = kernel.manager(kernel.place()).store.path
    if not any(folder.glob("*.jsonl")):
        raise SessionNotFoundError(f"No session is in {folder} yet. Ask something, or name a file or a folder.")
    return folder
