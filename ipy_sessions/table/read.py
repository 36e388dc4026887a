"""`read`: conversations as tables, whoever has written them.

The nine tables belong together: they are made of the same conversations, each of them when it is first looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias

from ipy_sessions.table import calls, messages, sessions, turns
from ipy_sessions.table.arrow import batches
from ipy_sessions.table.corpus import Corpus, Named, Skipped, several
from ipy_sessions.table.frame import Table
from ipy_sessions.table.messages import Row
from ipy_sessions.table.nine import Nine
from ipy_sessions.table.part import ALL, Once, Part
from ipy_sessions.table.schema import TABLES

if TYPE_CHECKING:
    import pyarrow as pa

Rows: TypeAlias = Callable[[Part, Once], Iterator[Row]]

ROWS: Mapping[str, Rows] = {
    "sessions": sessions.sessions,
    "messages": messages.messages,
    "blocks": messages.content_blocks,
    "tools": calls.tools,
    "turns": turns.turns,
    "usage": calls.usage,
    "branches": turns.branches,
    "cells": turns.cells,
    "attachments": messages.attachments,
}
"""How the rows of each table are made of a conversation."""


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
        return Table(name, lambda: rows_of(name, self.corpus))

    def __repr__(self) -> str:
        return f"<Tables of {self.corpus}: {', '.join(TABLES)}>"


def rows_of(name: str, corpus: Corpus) -> Iterator[pa.RecordBatch]:
    """Yield a table's batches, one conversation read after the other."""
    once = Once(corpus.sessions)
    return batches(TABLES[name], (row for part in corpus.parts() for row in ROWS[name](part, once)))


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
