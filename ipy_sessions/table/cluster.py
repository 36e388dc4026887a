"""The nine tables as Dask DataFrames: made by many workers, on this machine or on others, from files anywhere.

It owns what is done here and what is done there. Here: files are listed, their first bytes are looked at, shares are
made. There: a share is read. What a share is, is decided in `division`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from ipy_sessions.errors import SessionsError, SettingError
from ipy_sessions.readers.own import NAME
from ipy_sessions.readers.transcript import Transcript
from ipy_sessions.table.arrow import batches, to_pandas
from ipy_sessions.table.beginnings import Beginning, look
from ipy_sessions.table.corpus import Corpus, Named, Own, Skipped, once_each, several
from ipy_sessions.table.division import BY_LINES, Share, Stretch, divide, stretches_of
from ipy_sessions.table.messages import Row
from ipy_sessions.table.nine import Nine
from ipy_sessions.table.part import ALL, Once
from ipy_sessions.table.rows import ROWS
from ipy_sessions.table.schema import TABLES, schema
from ipy_sessions.table.stretches import agreed, look_through, part_of

if TYPE_CHECKING:
    import dask.dataframe as dd
    import pandas as pd

PARTITION = 128 * 1024 * 1024  # bytes of files that a partition is made of at most


class DaskTables(Nine["dd.DataFrame"]):
    """The tables of some conversations as Dask DataFrames; `schema.TABLES` says what their columns hold.

    Columns and types are those of `Table.to_pandas`, whatever stands in the files, and so are the rows; which of them
    are in one partition, and so their order, depends on the files' sizes. Files are listed, and their first bytes read,
    when this is made; the rest is read by the workers when something is computed.

    ``messages``, ``blocks`` and ``attachments`` are split within a large file of ours; for that the workers look
    through such a file once before, when the first of the three is asked for. ``turns``, ``branches`` and ``cells``
    have a session in one partition. ``sessions``, ``tools`` and ``usage`` have there all that was forked from one
    another, so that nothing is counted twice. What files of another agent have in common is told by how they begin.

    A file that cannot be read any more when a worker comes to it is an error, so that nothing is missing unseen.

    Parameters
    ----------
    corpus
        What the user has named.
    partition_bytes
        Bytes of files that a partition is made of at most, but for what must be read together.
    """

    def __init__(self, corpus: Corpus, partition_bytes: int = PARTITION) -> None:
        self._branch, self._limit = corpus.branch, partition_bytes
        looked = list(look([*corpus.paths, *map(_path_of, corpus.given)]))
        files = [one for one in looked if isinstance(one, Beginning)]
        kept, copies = once_each(file.own for file in files if file.session)
        self._files: Sequence[Beginning] = [file for file in files if not file.session or file.own in kept]
        self.skipped: Sequence[Skipped] = (*(one for one in looked if isinstance(one, Skipped)), *copies)
        """The files that were named and are not in the tables, each with its reason."""

    def _table(self, name: str) -> dd.DataFrame:
        import dask
        import dask.dataframe as dd

        stretches = self._stretches if name in BY_LINES else {}
        shares = divide(name, self._files, self._limit, branch=self._branch, stretches=stretches)
        with dask.config.set({"dataframe.convert-string": False}):  # which would make one string of a list of strings
            frame: dd.DataFrame = dd.from_map(read_part, shares, table=name, meta=meta(name), label=f"read-{name}")
        return frame

    @cached_property
    def _stretches(self) -> Mapping[Own, Sequence[Stretch]]:
        """The files that are split: their stretches know of one another."""
        from dask.base import compute
        from dask.delayed import delayed

        split = stretches_of(self._files, self._limit) if self._branch == ALL else {}
        some = [stretch for its in split.values() for stretch in its]
        found = compute(*(delayed(look_through)(stretch) for stretch in some))
        notebooks = {file.own: file.notebook for file in self._files if file.own in split}
        return agreed(dict(zip(some, found, strict=True)), notebooks)

    def __repr__(self) -> str:
        return f"<DaskTables of {len(self._files):,} files: {', '.join(TABLES)}>"


def meta(table: str) -> pd.DataFrame:
    """Return a table without rows, as pandas."""
    return to_pandas(schema(table).empty_table())


def read_part(share: Share, table: str, columns: Sequence[str] | None = None) -> pd.DataFrame:
    """Return the rows of one share: the function that a worker runs.

    Parameters
    ----------
    share
        What is read.
    table
        Which table's rows are made.
    columns
        Those that are wanted; by default all.
    """
    import pyarrow as pa

    made = pa.Table.from_batches(batches(TABLES[table], _rows(share, table)), schema(table))
    return to_pandas(made if columns is None else made.select(list(columns)))


def _rows(share: Share, table: str) -> Iterator[Row]:
    corpus = Corpus.of(share.own, share.others, share.sessions, share.branch)
    once = Once(corpus.sessions)
    for part in corpus.parts():
        yield from ROWS[table](part, once)
    for stretch in share.stretches:
        yield from ROWS[table](part_of(stretch), once)


def _path_of(given: Transcript) -> str:
    """Return where a session that is open can be read from."""
    if given.path and given.format == NAME:
        return given.path
    raise SessionsError(
        f"The conversation {given.id} is in the memory of this process, where no worker can read it. "
        "Name a file, or read it here: `ses.read(session)`."
    )


def read(named: Named | Iterable[Named], *, branch: str | int = ALL, partition_bytes: int | None = None) -> DaskTables:
    """Return conversations as Dask DataFrames.

    Parameters
    ----------
    named, branch
        As for `table.read.read`.
    partition_bytes
        Bytes of files that a partition is made of at most; by default 128 MB.

    Raises
    ------
    SessionNotFoundError
        When nothing is there that was named.
    SessionsError
        When Dask is not installed, or something is named that is in no file.
    SettingError
        When `partition_bytes` is no number of bytes.
    """
    try:
        import dask.dataframe  # noqa: F401 - so that what is missing is told before anything is listed
    except ImportError:
        raise SessionsError("engine='dask' needs Dask: `pip install 'ipy_sessions[dask]'`.") from None
    limit = PARTITION if partition_bytes is None else partition_bytes
    if limit < 1:
        raise SettingError(f"partition_bytes is {limit!r}. Give a number of bytes, such as {PARTITION} (128 MB).")
    return DaskTables(Corpus(several(named), branch), limit)
