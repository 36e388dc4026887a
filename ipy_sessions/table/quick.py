"""Tables at the speed of the disk: plain files of ours by DuckDB, and all else by the rows in Python.

It owns which way is taken for a file, and that the two give one table: the same rows in the same order.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from itertools import groupby
from typing import TYPE_CHECKING, Any

from ipy_sessions.table import parquet, views
from ipy_sessions.table.corpus import Corpus, Own
from ipy_sessions.table.part import ALL
from ipy_sessions.table.plain import facts_of
from ipy_sessions.table.schema import schema

if TYPE_CHECKING:
    import duckdb
    import numpy as np
    import pyarrow as pa

PAYS = 8 * 1024 * 1024  # bytes of our files; fewer are read in Python before DuckDB is imported and has looked at them
EACH = 16 * 1024  # bytes of each of them, on average: DuckDB takes a millisecond to open one, Python a fifth of that
INTERRUPTED = "Query interrupted"  # what a query that was stopped says in DuckDB's module for Python


def pays(table: str, corpus: Corpus) -> bool:
    """Tell whether a table is made sooner by DuckDB, where that is installed."""
    size = sum(file.size for file in corpus.own)
    return (
        table in views.VIEWS
        and corpus.branch == ALL
        and size >= max(PAYS, len(corpus.own) * EACH)
        and find_spec("duckdb") is not None
    )


def sources(corpus: Corpus, *, keep: bool = False) -> dict[str, views.Source]:
    """Return those of our files that DuckDB may read, by their paths.

    One that another session has written lines of, which is not read itself, is left to Python, which knows when two of
    such have brought the same lines along.

    Parameters
    ----------
    corpus
        The conversations.
    keep
        Whether what is read of our folders is written down for the next time.
    """
    with corpus.watch("files") as progress:
        facts = facts_of([file.path for file in corpus.own], notes=corpus.notes, progress=progress)
    found = [
        views.Source(place, file.path, file.session, known.notebook, known.longest)
        for place, file in enumerate(corpus.own)
        if (known := facts[file.path]).plain and corpus.sessions.issuperset(known.writers)
    ]
    kept = parquet.attached(found, facts)
    if keep and not all(one.pack for one in kept):
        parquet.keep(kept, facts)
        kept = parquet.attached(found, facts)
    return {one.path: one for one in kept}


def stretches(corpus: Corpus, plain: dict[str, views.Source]) -> Iterator[tuple[bool, Sequence[Own]]]:
    """Yield our files in their order, those in a row together that are read the same way; whether that is DuckDB's."""
    for quick, some in groupby(corpus.own, key=lambda file: file.path in plain):
        yield quick, list(some)


def connect() -> duckdb.DuckDBPyConnection:
    """Return a connection of its own, in memory, whose times are in UTC and that prints nothing."""
    import duckdb

    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'; SET enable_progress_bar = false")
    return connection


@contextmanager
def stoppable() -> Iterator[None]:
    """Let Stop be Stop: DuckDB makes an error of its own of it.

    Raises
    ------
    KeyboardInterrupt
        When a query was stopped.
    """
    import duckdb

    try:
        yield
    except duckdb.InterruptException:
        raise KeyboardInterrupt from None
    except RuntimeError as error:
        if str(error) == INTERRUPTED:
            raise KeyboardInterrupt from None
        raise


def batches(table: str, some: Sequence[views.Source], corpus: Corpus) -> Iterator[pa.RecordBatch]:
    """Yield a table's batches of some plain files, in the order of the files and of the lines in them."""
    import duckdb

    try:
        made = _made(table, some, corpus)
    except duckdb.Error:
        if not any(one.pack for one in some):
            raise
        parquet.forget(some)
        made = _made(table, [one._replace(pack="") for one in some], corpus)
    yield from ordered(made).cast(schema(table)).to_batches()


def _made(table: str, some: Sequence[views.Source], corpus: Corpus) -> pa.Table:
    with stoppable(), connect() as connection:
        views.define(connection, some, corpus.sessions, [table])
        return connection.sql(views.query(table, placed=True)).to_arrow_table()


def ordered(table: pa.Table) -> pa.Table:
    """Return a table in its order, without the columns that tell it.

    DuckDB's threads leave rows of a file together, so that what is moved is some stretches, of which none is copied.
    """
    import numpy as np
    import pyarrow as pa

    keys = [table[name].to_numpy() for name in views.PLACE]
    rows = table.drop_columns(list(views.PLACE))
    behind = _behind(keys)
    if behind.all():
        return rows
    cuts = np.flatnonzero(~behind | (keys[0][1:] != keys[0][:-1])) + 1  # also where another file begins
    starts, ends = np.append(0, cuts), np.append(cuts, len(rows))
    order = np.lexsort([key[starts] for key in reversed(keys)])
    edges = np.stack([starts[order], ends[order] - 1], axis=1).ravel()
    if not _behind([key[edges] for key in keys]).all():  # two threads have read one file
        return rows.take(np.lexsort(list(reversed(keys))))
    joined = np.split(order, np.flatnonzero(np.diff(order) != 1) + 1)
    return pa.concat_tables([rows.slice(starts[some[0]], ends[some[-1]] - starts[some[0]]) for some in joined])


def _behind(keys: Sequence[np.ndarray[Any, Any]]) -> np.ndarray[Any, Any]:
    """Tell of each row but the first whether it stands behind the one before it, or beside it."""
    import numpy as np

    found = np.zeros(max(len(keys[0]) - 1, 0), bool)
    same = np.ones_like(found)
    for key in keys:
        found |= same & (key[:-1] < key[1:])
        same &= key[:-1] == key[1:]
    return found | same
