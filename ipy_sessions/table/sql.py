"""SQL over conversations: one query that only reads, or a connection for whoever wants more.

A query of `sql` runs in a database in memory that is shut off before: it reads our files and nothing else of the disk,
writes nothing, loads nothing. Whoever wants to join other files, or write some, has `connect`, which is an ordinary
connection of DuckDB.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from ipy_sessions.errors import QueryError
from ipy_sessions.table import database, parquet, quick, views
from ipy_sessions.table.corpus import Corpus
from ipy_sessions.table.frame import Table
from ipy_sessions.table.needed import needed
from ipy_sessions.table.schema import TABLES

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

INTEGER_DIGITS = 38  # of the decimals as which DuckDB gives a sum of integers


class Result(Table):
    """What a query has found, in whatever form somebody wants it.

    Parameters
    ----------
    made
        Its rows.
    """

    def __init__(self, made: pa.Table) -> None:
        super().__init__("the result", list)
        self._made = made
        self._schema = made.schema

    @property
    def schema(self) -> pa.Schema:
        """Its columns: names and types, as the query has made them."""
        return self._schema

    @property
    def columns(self) -> list[str]:
        """The names of its columns."""
        return list(self._schema.names)

    def __repr__(self) -> str:
        return self.shown()


def sql(
    query: str,
    corpus: Corpus,
    parameters: Mapping[str, Any] | None = None,
    frames: Mapping[str, Any] | None = None,
    *,
    cache: bool = False,
) -> Result:
    """Return what a query finds.

    Parameters
    ----------
    query
        One SELECT, in DuckDB's dialect.
    corpus
        The conversations.
    parameters
        Values for ``$name`` in the query; more of them than it names do no harm.
    frames
        DataFrames and Arrow tables that the query may name as tables.
    cache
        Whether what is read of our folders is written down for the next time.

    Raises
    ------
    QueryError
        When it is no query, or not one that only reads, or DuckDB cannot carry it out.
    """
    with database.open_database():  # or it is said now that there is none
        import duckdb
    try:
        values = _values(_checked(query), parameters or {})
        wanted = _needed(query, values, frames or {})
        plain = database.readable(corpus, wanted, keep=cache)
        asked = _Asked(corpus, wanted, values, frames or {})
        try:
            found = _found(query, asked, plain)
        except duckdb.Error:
            if not any(one.pack for one in plain.values()):
                raise
            found = _found(query, asked, {path: one._replace(pack="") for path, one in plain.items()})
            parquet.forget(list(plain.values()))  # it was not the query
    except duckdb.Error as error:
        raise QueryError(f"{_line(str(error))} The tables are {', '.join(TABLES)}.") from None
    return Result(_whole_numbers(found))


class _Asked(NamedTuple):
    corpus: Corpus
    wanted: Mapping[str, Collection[str]]
    values: dict[str, Any] | None
    frames: Mapping[str, Any]


def _needed(query: str, values: dict[str, Any] | None, frames: Mapping[str, Any]) -> Mapping[str, Collection[str]]:
    with database.open_database() as connection:
        database.put_empty(connection, TABLES)
        _lend(connection, query, frames)
        return needed(connection, query, values)


def _found(query: str, asked: _Asked, plain: Mapping[str, views.Source]) -> pa.Table:
    with quick.stoppable(), database.open_database() as connection:
        database.fill(connection, asked.corpus, asked.wanted, plain, asked.wanted)
        database.put_empty(connection, TABLES.keys() - asked.wanted.keys())
        _lend(connection, query, asked.frames)
        packs = {f"{one.pack}-{name}.parquet" for one in plain.values() if one.pack for name in views.ROWS}
        _shut(connection, [*(path for path, one in plain.items() if not one.pack), *packs])
        return connection.sql(query, params=asked.values).to_arrow_table()


def connect(corpus: Corpus, tables: Collection[str] = tuple(TABLES)) -> duckdb.DuckDBPyConnection:
    """Return a connection that has the tables.

    Parameters
    ----------
    corpus
        The conversations.
    tables
        Those that are wanted.

    Raises
    ------
    QueryError
        For a table that there is not.
    """
    wanted = (tables,) if isinstance(tables, str) else tables
    for name in wanted:
        if name not in TABLES:
            raise QueryError(f"There is no table {name!r}. The tables are {', '.join(TABLES)}.")
    connection = database.open_database()
    database.fill(connection, corpus, wanted, database.readable(corpus, wanted))
    return connection


def _checked(query: str) -> Collection[str]:
    """Return the names of a query's parameters."""
    import duckdb

    statements = duckdb.extract_statements(query)
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        raise QueryError(
            "A query here only reads: one SELECT, or DESCRIBE, SUMMARIZE or SHOW TABLES. "
            "For anything else there is `ipy_sessions.connect()`, a connection of DuckDB."
        )
    names: Collection[str] = statements[0].named_parameters
    return names


def _values(named: Collection[str], parameters: Mapping[str, Any]) -> dict[str, Any] | None:
    for name in named:
        if name not in parameters:
            raise QueryError(f"The query asks for ${name}, and there is no value of that name.")
    return {name: _plain(parameters[name]) for name in named} or None


def _plain(value: Any) -> Any:
    """Return a number of numpy's, such as a frame's largest value, as Python's, which DuckDB takes."""
    return value.item() if getattr(value, "shape", None) == () and hasattr(value, "item") else value


def _lend(connection: duckdb.DuckDBPyConnection, query: str, frames: Mapping[str, Any]) -> None:
    """Let a query read those frames that it names, but for those whose name a table has."""
    for name in dict.fromkeys(re.findall(r"\b[A-Za-z_]\w*\b", query)):
        frame = frames.get(name)
        if name.lower() not in TABLES and not isinstance(frame, type) and hasattr(frame, "__arrow_c_stream__"):
            connection.register(name, frame)


def _shut(connection: duckdb.DuckDBPyConnection, files: Collection[str]) -> None:
    """Leave a connection nothing of the disk but some files, for good."""
    paths = dict.fromkeys([*files, *map(views.escaped, files)])
    connection.execute(f"SET allowed_paths = [{', '.join(map(views.quoted, paths))}]")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")


def _line(message: str) -> str:
    """Return an error of DuckDB's in one line, without the picture of where it is."""
    told = " ".join(message.partition("\n\nLINE ")[0].split())
    return told if told.endswith((".", "!", "?")) else f"{told}."


def _whole_numbers(table: pa.Table) -> pa.Table:
    """Return a table whose sums of integers are integers, where they are not too large."""
    import pyarrow as pa

    for number, field in enumerate(table.schema):
        if pa.types.is_decimal(field.type) and field.type.precision == INTEGER_DIGITS and not field.type.scale:
            try:
                column = table.column(number).cast(pa.int64())
            except pa.ArrowInvalid:
                column = table.column(number).cast(pa.float64())
            table = table.set_column(number, field.name, column)
    return table
