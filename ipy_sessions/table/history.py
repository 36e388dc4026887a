"""A session's history, and two of them compared, as pandas frames."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from ipy_sessions.comparing import Row, Said
from ipy_sessions.session import Session
from ipy_sessions.table.arrow import batches, to_pandas
from ipy_sessions.table.part import ACTIVE
from ipy_sessions.table.read import read
from ipy_sessions.table.schema import TABLES, Column, Columns, Kind, schema_of

if TYPE_CHECKING:
    import pandas as pd


def history(session: Session | None) -> pd.DataFrame:
    """Return the active branch of a session, one row a message; without a session, the same columns without rows."""
    return _frame(TABLES["messages"], ()) if session is None else read(session, branch=ACTIVE).messages.to_pandas()


_SIDES: Sequence[tuple[str, Kind, str, Callable[[Said], Any]]] = (
    ("turn", "count", "number of the turn in its session", lambda said: said.turn.number),
    ("id", "text", "id of the question", lambda said: said.turn.id),
    ("question", "text", "what was asked", lambda said: said.question),
    ("answer", "text", "what was answered", lambda said: said.answer),
    ("model", "text", "the model's name", lambda said: said.model),
)
"""What is told of each of two turns: name, kind and words of its column, and its value."""

COMPARISON: Columns = (
    Column("kind", "text", "same, other answer, other question, only in A, only in B"),
    *(Column(f"{name}_{side}", kind, says) for name, kind, says, _ in _SIDES for side in ("a", "b")),
    Column("diff", "text", "the lines that differ; missing where none does"),
)
"""The columns of a comparison."""


def comparison(rows: Sequence[Row]) -> pd.DataFrame:
    """Return two conversations side by side, one row a turn or pair of turns, in their order.

    Parameters
    ----------
    rows
        What `comparing.compare` has found.

    Returns
    -------
    pandas.DataFrame
        ``turn_a`` and ``turn_b``, the turns' numbers in their sessions, as nullable integers; the rest strings. What
        only one of the two has is missing in the columns of the other.
    """
    return _frame(COMPARISON, map(_compared, rows))


def _compared(row: Row) -> tuple[Any, ...]:
    sides = [None if said is None else value(said) for *_, value in _SIDES for said in (row.a, row.b)]
    return row.kind, *sides, row.diff or None


def _frame(columns: Columns, rows: Iterable[tuple[Any, ...]]) -> pd.DataFrame:
    import pyarrow as pa

    return to_pandas(pa.Table.from_batches(batches(columns, rows), schema_of(columns)))
