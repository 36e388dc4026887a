"""What was spent, summed up by session, by model or by day, from the table of usage alone, where nothing counts twice.

A sum says how many of its answers have a price that is not known: it is never taken for nothing. Days are those of UTC.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal, TypeAlias

from ipy_sessions.table.read import Tables
from ipy_sessions.table.schema import MODEL, PAID, SESSION, Column, Columns, schema_of

if TYPE_CHECKING:
    import pyarrow as pa

By: TypeAlias = Literal["session", "model", "day"]

SUMS: Columns = (
    Column("answers", "count", "what has cost something: answers of a model, summaries, and what else was paid for"),
    Column("unpriced", "count", "those of them whose price is not known"),
    *PAID[:-1],
    Column("cost_usd", "number", "US dollars; missing where one price is not known"),
    Column("known_cost_usd", "number", "US dollars of those whose price is known; missing where none is"),
    Column("first", "time", "when the first of them was written"),
    Column("last", "time", "when the last of them was written"),
)
TOTALS: Mapping[By, Columns] = {
    "session": (SESSION, Column("title", "text", "its name, or how its first message begins"), *SUMS),
    "model": (MODEL, *SUMS),
    "day": (Column("day", "time", "the day, in UTC"), *SUMS),
}
"""The columns of each kind of sum."""


def totals(tables: Tables, by: By) -> pa.Table:
    """Return what was spent, one row a session, model or day, that of the first answer first.

    Parameters
    ----------
    tables
        The conversations.
    by
        What the sums are of, one of `TOTALS`.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    usage = tables.usage.to_arrow()
    day = usage["ts"].cast(pa.date32()).cast(pa.timestamp("ms")).cast(pa.timestamp("ms", "UTC"))
    tokens = [column.name for column in SUMS if column.name.endswith("_tokens")]
    summed = [(name, "sum") for name in [*tokens, "cost_usd"]]
    wanted = [([], "count_all"), ("cost_usd", "count"), *summed, ("ts", "min"), ("ts", "max")]
    grouped = usage.append_column("day", day).group_by(by, use_threads=False).aggregate(wanted)
    unpriced = pc.subtract(grouped["count_all"], grouped["cost_usd_count"])
    made = {
        by: grouped[by],
        "answers": grouped["count_all"],
        "unpriced": unpriced,
        **{name: grouped[f"{name}_sum"] for name in tokens},
        "cost_usd": pc.if_else(pc.equal(unpriced, 0), grouped["cost_usd_sum"], None),
        "known_cost_usd": grouped["cost_usd_sum"],
        "first": grouped["ts_min"],
        "last": grouped["ts_max"],
    }
    if by == "session":
        made["title"] = _titles(tables, grouped[by])
    schema = schema_of(TOTALS[by])
    return pa.table([made[name].cast(schema.field(name).type) for name in schema.names], schema).sort_by("first")


def _titles(tables: Tables, sessions: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return the titles of some sessions."""
    import pyarrow as pa
    import pyarrow.compute as pc

    known = tables.sessions.to_arrow()
    places = pc.index_in(sessions, value_set=known["session"].combine_chunks())
    return pa.chunked_array([known["title"].combine_chunks().take(places.combine_chunks())])
