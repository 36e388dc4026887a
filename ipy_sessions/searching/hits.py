"""What a search has found, as a list that shows itself as a table and becomes a frame."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from ipy_sessions.hit import Hit
from ipy_sessions.render import hits as shown
from ipy_sessions.table.arrow import batches, to_pandas
from ipy_sessions.table.schema import Column, Columns, schema_of

if TYPE_CHECKING:
    import pandas as pd

COLUMNS: Columns = (
    Column("session", "text", "id of the session"),
    Column("title", "text", "its name, or how its first message begins"),
    Column("turn", "count", "number of the turn; missing for what stands before every question"),
    Column("role", "text", "user or assistant"),
    Column("kind", "text", "what holds it first: text, thinking, or the call or result of a tool"),
    Column("tool", "text", "the tool's name"),
    Column("ts", "time", "when the message was written, in UTC"),
    Column("snippet", "text", "some of what was said around it"),
    Column("score", "number", "how well it fits, by BM25: the larger, the better"),
    Column("id", "text", "id of the message"),
    Column("path", "text", "the session's file"),
    Column("notebook", "text", "the notebook that the session belongs to"),
    Column("format", "text", "who wrote the transcript: ipy_sessions, pi, claude_code, codex …"),
)
"""The columns of a frame of hits."""


class Hits(list[Hit]):
    """What was found, the best first.

    Parameters
    ----------
    hits
        Those that are told.
    total, sessions
        How many messages were found in all, and in how many sessions.
    skipped
        What could not be looked through, each with its reason.
    """

    def __init__(self, hits: Iterable[Hit], total: int, sessions: int, skipped: Sequence[str] = ()) -> None:
        super().__init__(hits)
        self.total, self.sessions, self.skipped = total, sessions, skipped

    def to_pandas(self) -> pd.DataFrame:
        """Return them as a frame, one row a hit; the same columns without any."""
        import pyarrow as pa

        rows = (tuple(getattr(hit, column.name) for column in COLUMNS) for hit in self)
        return to_pandas(pa.Table.from_batches(batches(COLUMNS, rows), schema_of(COLUMNS)))

    def __repr__(self) -> str:
        return shown.found(self, self.total, self.sessions).plain

    def _repr_markdown_(self) -> str:
        return shown.found(self, self.total, self.sessions).markdown
