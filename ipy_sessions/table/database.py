"""The tables in a DuckDB connection: views over our files, and what Python makes where a view cannot.

It owns which table is a view and which is filled. A view costs nothing before it is queried; the tables that need the
tree of a conversation (sessions, turns, branches, cells), other agents' transcripts, and one branch alone are made by
the rows in Python, all of them in one reading.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from itertools import chain
from typing import TYPE_CHECKING, Any

from ipy_sessions.errors import SessionsError
from ipy_sessions.table import quick, views
from ipy_sessions.table.arrow import BATCH, batches
from ipy_sessions.table.corpus import Corpus
from ipy_sessions.table.part import ALL, Once, Part
from ipy_sessions.table.rows import ROWS
from ipy_sessions.table.schema import TABLES, schema

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

MISSING = "SQL needs DuckDB: `pip install 'ipy_sessions[sql]'`."


def open_database() -> duckdb.DuckDBPyConnection:
    """Return a connection of its own, in memory, whose times are in UTC.

    Raises
    ------
    SessionsError
        When DuckDB is not installed.
    """
    try:
        return quick.connect()
    except ImportError:
        raise SessionsError(MISSING) from None


def fill(
    connection: duckdb.DuckDBPyConnection,
    corpus: Corpus,
    wanted: Collection[str],
    plain: Mapping[str, views.Source],
    columns: Mapping[str, Collection[str]] | None = None,
) -> None:
    """Make tables in a connection.

    Parameters
    ----------
    connection
        Gets them.
    corpus
        The conversations.
    wanted
        Which tables; others are not there.
    plain
        Those of our files that the views read.
    columns
        Which columns of the views are going to be asked for, by table; ``None`` for all.
    """
    views.define(connection, list(plain.values()), corpus.sessions, wanted, columns)
    seen = [name for name in wanted if plain and name in views.VIEWS]
    others = [name for name in wanted if name not in seen]
    odd = [file for file in corpus.own if file.path not in plain]
    rest = (
        made(seen, corpus, chain(corpus.given_parts(), corpus.parts_of(odd), corpus.other_parts()))
        if odd or corpus.has_others
        else {}
    )
    for name, table in {**rest, **made(others, corpus, corpus.parts())}.items():
        _put(connection, f"ipy.{name}" if name in seen else name, table)
    for name in seen:
        more = f" UNION ALL FROM ipy.{name}" if name in rest else ""
        connection.execute(f"CREATE VIEW {name} AS ({views.query(name)}){more}")


def readable(corpus: Corpus, wanted: Collection[str], *, keep: bool = False) -> dict[str, views.Source]:
    """Return those of our files that views can read, where one is wanted; `keep` is as for `quick.sources`."""
    return quick.sources(corpus, keep=keep) if corpus.branch == ALL and not set(views.VIEWS).isdisjoint(wanted) else {}


def made(names: Collection[str], corpus: Corpus, parts: Iterable[Part]) -> dict[str, pa.Table]:
    """Return tables that Python makes of some conversations, each of which is read once for all of them."""
    import pyarrow as pa

    if not names:
        return {}
    once = {name: Once(corpus.sessions) for name in names}
    found: dict[str, list[pa.RecordBatch]] = {name: [] for name in names}
    waiting: dict[str, list[tuple[Any, ...]]] = {name: [] for name in names}
    for part in parts:
        for name, rows in waiting.items():
            rows.extend(ROWS[name](part, once[name]))
            if len(rows) >= BATCH:  # a batch for each of ten thousand small sessions takes gigabytes
                found[name] += batches(TABLES[name], rows)
                rows.clear()
    for name, rows in waiting.items():
        found[name] += batches(TABLES[name], rows)
    return {name: pa.Table.from_batches(some, schema(name)) for name, some in found.items()}


def _put(connection: duckdb.DuckDBPyConnection, name: str, table: pa.Table) -> None:
    """Make a real table, which every cursor of the connection sees."""
    connection.register("given", table)
    connection.execute(f"CREATE TABLE {name} AS FROM given")
    connection.unregister("given")


def put_empty(connection: duckdb.DuckDBPyConnection, names: Iterable[str]) -> None:
    """Make tables without rows, so that what there is can be listed."""
    for name in names:
        columns = ", ".join(f'"{column.name}" {views.TYPES[column.kind]}' for column in TABLES[name])
        connection.execute(f"CREATE TABLE {name} ({columns})")
