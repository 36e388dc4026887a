"""Rows into columns of fixed types: Arrow, and pandas with the types that the documents name.

A value that its column cannot hold is missing: a line that was changed by hand may hold anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from itertools import islice
from typing import TYPE_CHECKING, Any

from ipy_sessions.encoding import INTEGER_LIMIT
from ipy_sessions.readers.transcript import when
from ipy_sessions.table.schema import Columns, Kind, schema_of

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

BATCH = 32_768  # rows of a batch

NOTHING = type(None)
HELD: Mapping[Kind, frozenset[type]] = {
    "text": frozenset({str, NOTHING}),
    "json": frozenset({str, NOTHING}),
    "time": frozenset({str, NOTHING}),
    "texts": frozenset({list, NOTHING}),
    "count": frozenset({int, NOTHING}),
    "number": frozenset({int, float, NOTHING}),
    "flag": frozenset({bool, NOTHING}),
}
"""The types of values that a column takes as they are."""


def batches(columns: Columns, rows: Iterable[tuple[Any, ...]]) -> Iterator[pa.RecordBatch]:
    """Yield rows as batches of columns; none where there are no rows.

    Parameters
    ----------
    columns
        What they are.
    rows
        Values in the order of the columns.
    """
    import pyarrow as pa

    waiting, schema = iter(rows), schema_of(columns)
    while some := list(islice(waiting, BATCH)):
        told = zip(zip(*some, strict=True), columns, schema, strict=True)
        arrays = [_array(values, column.kind, field.type) for values, column, field in told]
        yield pa.RecordBatch.from_arrays(arrays, schema=schema)


def _array(values: Sequence[Any], kind: Kind, held: pa.DataType) -> pa.Array:
    import pyarrow as pa

    written = pa.string() if kind == "time" else held
    if set(map(type, values)) <= HELD[kind]:  # pyarrow would cut 1.5 to 1, and take True for 1.0
        with suppress(pa.ArrowException, ValueError, OverflowError):
            return pa.array(values, written).cast(held)
    return pa.array([tidy(value, kind) for value in values], written).cast(held)


def tidy(value: Any, kind: Kind) -> Any:
    """Return a value that a column of its kind can hold, or ``None``."""
    if kind == "time":
        return when(value) if isinstance(value, str) else None
    if kind in ("text", "json"):
        return value.encode("utf-8", "replace").decode() if isinstance(value, str) else None
    if kind == "texts":
        return [tidy(item, "text") for item in value] if isinstance(value, list) else None
    if kind == "flag":
        return value if isinstance(value, bool) else None
    if isinstance(value, bool) or not isinstance(value, int if kind == "count" else int | float):
        return None
    return float(value) if kind == "number" else value if abs(value) < INTEGER_LIMIT else None


def to_pandas(table: pa.Table) -> pd.DataFrame:
    """Return a table as pandas: strings, nullable integers, doubles and booleans, times in UTC."""
    import pandas as pd
    import pyarrow as pa

    types = {
        pa.string(): pd.StringDtype(),
        pa.int64(): pd.Int64Dtype(),
        pa.float64(): pd.Float64Dtype(),
        pa.bool_(): pd.BooleanDtype(),
    }
    frame: pd.DataFrame = table.to_pandas(types_mapper=types.get)
    return frame


def for_eyes(characters: int) -> AbstractContextManager[None]:
    """Cut texts that are longer, and take no dollars for formulas, while pandas shows a frame."""
    import pandas as pd

    return pd.option_context("display.max_colwidth", characters, "display.html.use_mathjax", False)
