"""One table, made when it is first looked at, in whatever form somebody wants it.

It offers itself through the Arrow PyCapsule interface, so that pandas, polars, pyarrow and DuckDB take its columns
without a copy: https://arrow.apache.org/docs/format/CDataInterface/PyCapsuleInterface.html
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ipy_sessions.errors import SessionsError
from ipy_sessions.render.markup import visible
from ipy_sessions.store.whole import beside
from ipy_sessions.table.arrow import for_eyes, to_pandas
from ipy_sessions.table.schema import TABLES, schema
from ipy_sessions.watching import Watch, unwatched

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow as pa

SHOWN = 10  # rows that a notebook shows
WIDE = 100  # characters of a text that it shows: a question may be as long as a film, and a saved notebook keeps it


class Table:
    """One table of conversations.

    Parameters
    ----------
    name
        Which of `schema.TABLES` it is.
    batches
        Called when the rows are wanted, each time that they are.
    watch
        Who watches while it is made.
    """

    def __init__(self, name: str, batches: Callable[[], Iterable[pa.RecordBatch]], watch: Watch = unwatched) -> None:
        self.name = name
        self._batches = batches
        self._watch = watch
        self._made: pa.Table | None = None

    @property
    def schema(self) -> pa.Schema:
        """Its columns: names, types, and what each says, in the metadata ``says``."""
        return schema(self.name)

    @property
    def columns(self) -> list[str]:
        """The names of its columns."""
        return [column.name for column in TABLES[self.name]]

    def reader(self) -> pa.RecordBatchReader:
        """Return the rows batch by batch; nothing is kept in memory but for a table that was made before."""
        import pyarrow as pa

        batches = self._batches() if self._made is None else self._made.to_batches()
        return pa.RecordBatchReader.from_batches(self.schema, batches)

    def to_arrow(self) -> pa.Table:
        """Return it as a `pyarrow.Table`, which is kept for the next time."""
        if self._made is None:
            with self._watch("rows"):
                self._made = self.reader().read_all()
        return self._made

    def to_pandas(self) -> pd.DataFrame:
        """Return it as a `pandas.DataFrame`: strings, nullable numbers, and times in UTC."""
        return to_pandas(self.to_arrow())

    def to_polars(self) -> pl.DataFrame:
        """Return it as a `polars.DataFrame`.

        Raises
        ------
        SessionsError
            When polars is not installed.
        """
        try:
            import polars as pl
        except ImportError:
            raise SessionsError("to_polars needs polars: `pip install polars`.") from None
        made = pl.from_arrow(self.to_arrow())
        if not isinstance(made, pl.DataFrame):
            raise TypeError("polars made no frame of a table")
        return made

    def to_parquet(self, path: str | Path) -> Path:
        """Write it as a Parquet file (zstd), batch by batch, and return its path; a file of that name is replaced.

        Raises
        ------
        SessionsError
            When it cannot be written.
        """
        import pyarrow.parquet as pq

        path = Path(path).expanduser()
        new = beside(path)
        try:
            with (
                self._watch("rows"),
                self.reader() as reader,
                pq.ParquetWriter(new, self.schema, compression="zstd") as file,
            ):
                for batch in reader:
                    file.write_batch(batch)
            new.replace(path)
        except OSError as error:
            why = os.strerror(error.errno) if error.errno else error
            raise SessionsError(f"{path} could not be written: {why}.") from error
        finally:
            with suppress(OSError):
                new.unlink()
        return path

    def __arrow_c_schema__(self) -> Any:
        """Give its schema to another library."""
        return self.schema.__arrow_c_schema__()

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        """Give its rows to another library, without a copy where that wants no other types."""
        return self.to_arrow().__arrow_c_stream__(requested_schema)

    def __len__(self) -> int:
        return int(self.to_arrow().num_rows)

    def __repr__(self) -> str:
        rows = "not read yet" if self._made is None else self._count()
        return f"<Table {self.name}, {rows}: {', '.join(self.columns)}>"

    def shown(self) -> str:
        """Return its first rows as text."""
        with for_eyes(WIDE):
            text = visible(self._first().to_string())
        return f"{text}\n\n{self._count()}; .to_pandas() has all of them" if len(self) > SHOWN else text

    def _repr_html_(self) -> str:
        """Show the first rows in a notebook."""
        with for_eyes(WIDE):
            html: str = self._first().to_html(max_cols=None, notebook=True)
        return f"{html}<p>{self._count()} of {self.name}; <code>.to_pandas()</code> has all of them in full</p>"

    def _first(self) -> pd.DataFrame:
        return to_pandas(self.to_arrow().slice(0, SHOWN))

    def _count(self) -> str:
        return f"{len(self):,} row{'' if len(self) == 1 else 's'}"
