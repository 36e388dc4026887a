"""Which columns a query needs, told by DuckDB's own planner before anything is read.

A file costs more the more columns are declared of it, and most queries look at two or three. So a query is planned over
tables that are empty; what the planner then scans is what has to be read.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ipy_sessions.table.schema import TABLES

if TYPE_CHECKING:
    import duckdb

KEPT = "unused_columns"
"""The step of the planner that finds what a query does not need; others would move filters out of its sight."""


def needed(connection: duckdb.DuckDBPyConnection, query: str, values: Any) -> Mapping[str, Collection[str]]:
    """Return the columns that a query needs, by the tables that it reads.

    Parameters
    ----------
    connection
        Has the tables, without rows, and whatever else the query names.
    query
        The query.
    values
        Its parameters.
    """
    steps = [name for (name,) in connection.execute("FROM duckdb_optimizers()").fetchall() if name != KEPT]
    connection.execute(f"SET disabled_optimizers = '{','.join(steps)}'")
    rows = connection.execute(f"EXPLAIN (FORMAT json) {query}", values).fetchall()
    found: dict[str, set[str]] = {}
    for scan in (node for plan in json.loads(rows[0][1]) for node in _nodes(plan)):
        told = scan.get("extra_info", {})
        table = str(told.get("Table", "")).rpartition(".")[2]
        if table in TABLES:
            columns = told.get("Projections", [])
            found.setdefault(table, set()).update([columns] if isinstance(columns, str) else columns)
    return found


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("children", ()):
        yield from _nodes(child)
