"""One plot as a value: its frames, its figure, and how it shows itself wherever it is looked at."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from ipy_sessions.errors import SessionsError
from ipy_sessions.plotting import figure as drawing
from ipy_sessions.plotting.shape import Shape, Sums, shaped
from ipy_sessions.plotting.text import MOST as LINES
from ipy_sessions.plotting.text import text
from ipy_sessions.render.markup import visible
from ipy_sessions.render.usage import NOTHING
from ipy_sessions.table.arrow import to_pandas
from ipy_sessions.table.read import Tables
from ipy_sessions.table.usage_totals import By

if TYPE_CHECKING:
    import pandas as pd

MOST = 92  # steps of time that are drawn


class UsagePlot:
    """What was spent, drawn: cost and tokens over time, the share of the cache, and latency.

    In a notebook it shows itself as a picture (SVG, or PNG where that is shorter), that needs no kernel, no script and
    nothing from elsewhere to be seen: a saved notebook, a code-hosting page and exports have it. In a terminal it is
    bars of characters.

    Parameters
    ----------
    tables
        The conversations.
    by
        What is told apart: ``"model"``, ``"session"``, or with ``"day"`` nothing.
    """

    def __init__(self, tables: Tables, by: By) -> None:
        self._usage = tables.usage.to_arrow()
        self._titles = _titles(tables) if by == "session" and len(self._usage) else {}
        self._by = by

    @cached_property
    def _shape(self) -> Shape:
        return shaped(self._usage, self._titles, self._by, MOST)

    @cached_property
    def frame(self) -> pd.DataFrame:
        """What the bars and lines show, a row a step of time and group.

        Columns ``start`` (UTC), ``group``, ``answers``, ``unpriced`` (those of them whose price is not known),
        ``input_tokens``, ``output_tokens``, ``cache_read_tokens``, ``cache_write_tokens``, ``known_cost_usd`` (of those
        whose price is known; missing where none is) and ``cache_share`` (of all tokens that were sent); the same
        without rows.
        """
        return to_pandas(_table(self.about, OVER_TIME))

    @cached_property
    def groups(self) -> pd.DataFrame:
        """The sums of each group, the dearest first; columns as in `frame`, and latencies in seconds.

        ``latency_median_s``, and ``latency_most_s``, which nine of ten answers took at most.
        """
        shape = self._shape
        rows = [
            {
                "group": name,
                **_told(sums),
                "latency_median_s": latency and latency.median,
                "latency_most_s": latency and latency.most,
            }
            for name, sums, latency in zip(shape.groups, shape.totals, shape.latencies, strict=True)
        ]
        return to_pandas(_table(rows, BY_GROUP))

    @cached_property
    def figure(self) -> Any:
        """The picture, a `matplotlib.figure.Figure`, to be changed or saved: ``.savefig("usage.png")``.

        Raises
        ------
        SessionsError
            When matplotlib is not installed.
        """
        return drawing.figure(self._shape)

    @cached_property
    def plain(self) -> str:
        """The picture by characters."""
        return visible(text(shaped(self._usage, self._titles, self._by, LINES))) if len(self._usage) else NOTHING

    @property
    def about(self) -> list[dict[str, Any]]:
        """The rows of `frame`, for programs."""
        shape = self._shape
        return [
            {"start": shape.starts[place], "group": shape.groups[group], **_told(sums)}
            for (place, group), sums in sorted(shape.cells.items())
        ]

    def __repr__(self) -> str:
        return self.plain

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> tuple[dict[str, Any], dict[str, Any]]:
        del include, exclude
        if not len(self._usage):
            return {"text/plain": NOTHING}, {}
        try:
            shown, known = drawing.picture(self.figure)
        except SessionsError as error:  # no matplotlib: the text has all of it
            return {"text/plain": f"{self.plain}\n\n{error}"}, {}
        return {**shown, "text/plain": self.plain}, known


def _titles(tables: Tables) -> dict[str, str]:
    """Return the titles of the sessions; those of the same title have the end of their id behind it."""
    sessions = tables.sessions.to_arrow()
    titles = dict(zip(sessions["session"].to_pylist(), sessions["title"].to_pylist(), strict=True))
    taken: dict[str, int] = {}
    for title in titles.values():
        taken[title or ""] = taken.get(title or "", 0) + 1
    return {
        session: f"{title or ''} ({session[-6:]})" if taken[title or ""] > 1 else title or ""
        for session, title in titles.items()
    }


def _told(sums: Sums) -> dict[str, Any]:
    return {**sums._asdict(), "cache_share": sums.cache_share}


def _table(rows: list[dict[str, Any]], columns: dict[str, str]) -> Any:
    import pyarrow as pa

    types = {"time": pa.timestamp("ms", "UTC"), "text": pa.string(), "count": pa.int64(), "number": pa.float64()}
    return pa.Table.from_pylist(rows, pa.schema([(name, types[kind]) for name, kind in columns.items()]))


SUMS = {
    "answers": "count",
    "unpriced": "count",
    "input_tokens": "count",
    "output_tokens": "count",
    "cache_read_tokens": "count",
    "cache_write_tokens": "count",
    "known_cost_usd": "number",
    "cache_share": "number",
}
OVER_TIME = {"start": "time", "group": "text", **SUMS}
BY_GROUP = {"group": "text", **SUMS, "latency_median_s": "number", "latency_most_s": "number"}
