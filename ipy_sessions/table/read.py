"""`read`: conversations as tables, whoever has written them.

The nine tables belong together: they are made of the same conversations, each of them when it is first looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

from ipy_sessions.table import quick as ways
from ipy_sessions.table.arrow import batches
from ipy_sessions.table.corpus import Corpus, Named, Skipped, several
from ipy_sessions.table.frame import Table
from ipy_sessions.table.nine import Nine
from ipy_sessions.table.part import ALL, Once, Part
from ipy_sessions.table.rows import ROWS
from ipy_sessions.table.schema import TABLES

if TYPE_CHECKING:
    import pyarrow as pa


class Tables(Nine[Table]):
    """The tables of some conversations; `schema.TABLES` says what their columns hold.

    Parameters
    ----------
    corpus
        The conversations.
    """

    def __init__(self, corpus: Corpus) -> None:
        self.corpus = corpus

    @property
    def skipped(self) -> Sequence[Skipped]:
        """The files that were named and are not in the tables that were made so far, each with its reason."""
        return tuple(self.corpus.skipped)

    def _table(self, name: str) -> Table:
        rows = partial(rows_of, name, self.corpus)  # not `self`: a gigabyte would wait for the collector
        return Table(name, rows, self.corpus.watch)

    def __repr__(self) -> str:
        return f"<Tables of {self.corpus}: {', '.join(TABLES)}>"


def rows_of(name: str, corpus: Corpus, *, quick: bool | None = None) -> Iterator[pa.RecordBatch]:
    """Yield a table's batches, one conversation read after the other.

    Parameters
    ----------
    name
        Which table.
    corpus
        The conversations.
    quick
        Whether DuckDB reads those of our files that are as we write them; ``None`` for where that pays.
    """
    once, columns = Once(corpus.sessions), TABLES[name]

    def made(parts: Iterable[Part]) -> Iterator[pa.RecordBatch]:
        return batches(columns, (row for part in parts for row in ROWS[name](part, once)))

    if not (ways.pays(name, corpus) if quick is None else quick):
        yield from made(corpus.parts())
        return
    plain = ways.sources(corpus)
    yield from made(corpus.given_parts())
    for is_plain, files in ways.stretches(corpus, plain):
        if is_plain:
            yield from ways.batches(name, [plain[file.path] for file in files], corpus)
        else:
            yield from made(corpus.parts_of(files))
    yield from made(corpus.other_parts())


def read(named: Named | Iterable[Named], *, branch: str | int = ALL) -> Tables:
    """Return conversations as tables.

    Parameters
    ----------
    named
        A file; a folder, with all that is below it; a pattern such as ``"~/.claude/projects/**/*.jsonl"``; an open
        session, or a row of a list; or several of them. Formats are told by what stands in the files.
    branch
        ``"all"``: everything that was said. ``"active"``: what is on the branch where each conversation goes on. Or a
        turn of one session, by its number, its label or its id's end: the way to its end.

    Raises
    ------
    SessionNotFoundError
        When nothing is there that was named.
    """
    return Tables(Corpus(several(named), branch))
