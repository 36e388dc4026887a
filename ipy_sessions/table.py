"""Conversations as frames: entries in, a tidy DataFrame out.

The columns and their types are fixed and never inferred from the data, so that a frame without rows has the same.
pandas is imported when the first frame is made.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from ipy_sessions.comparing import Row, Said
from ipy_sessions.encoding import INTEGER_LIMIT
from ipy_sessions.entries import Entry
from ipy_sessions.session import Session

if TYPE_CHECKING:
    import pandas as pd

TEXT, TIME, COUNT, NUMBER = "string", "datetime64[ms, UTC]", "Int64", "Float64"


Columns: TypeAlias = Mapping[str, tuple[str, Callable[[Any], Any]]]
"""For each column its name, its type, and from a row to its value."""


def _field(name: str) -> Callable[[Entry], Any]:
    return lambda entry: entry.fields.get(name)


def _tokens(name: str) -> Callable[[Entry], Any]:
    return lambda entry: entry.usage.get(name)


def _paid(value: Callable[[Entry], Any]) -> Callable[[Entry], Any]:
    """Leave out what a copy would repeat: the answer was paid and waited for once."""
    return lambda entry: None if "carried_from" in entry.fields else value(entry)


MESSAGE_COLUMNS: Columns = {
    "session": (TEXT, lambda entry: entry.session),
    "id": (TEXT, lambda entry: entry.id),
    "parent_id": (TEXT, lambda entry: entry.parent_id),
    "ts": (TIME, lambda entry: entry.ts),
    "role": (TEXT, lambda entry: entry.role),
    "text": (TEXT, lambda entry: entry.text),
    "model": (TEXT, _field("model")),
    "stop_reason": (TEXT, _field("stop_reason")),
    "input_tokens": (COUNT, _paid(_tokens("input_tokens"))),
    "output_tokens": (COUNT, _paid(_tokens("output_tokens"))),
    "cache_read_tokens": (COUNT, _paid(_tokens("cache_read_input_tokens"))),
    "cache_write_tokens": (COUNT, _paid(_tokens("cache_creation_input_tokens"))),
    "cost_usd": (NUMBER, _paid(lambda entry: entry.cost_usd)),
    "latency_ms": (COUNT, _paid(_field("latency_ms"))),
    "cell_id": (TEXT, _field("cell_id")),
    "execution_count": (COUNT, _field("execution_count")),
}
"""Name, type and origin of each column; ``notebook``, which is the session's, stands behind them."""


def _side(name: str, value: Callable[[Said], Any]) -> Callable[[Row], Any]:
    def of(row: Row) -> Any:
        said: Said | None = getattr(row, name)
        return None if said is None else value(said)

    return of


def _sides(name: str, kind: str, value: Callable[[Said], Any]) -> dict[str, tuple[str, Callable[[Row], Any]]]:
    return {f"{name}_{side}": (kind, _side(side, value)) for side in ("a", "b")}


COMPARISON_COLUMNS: Columns = {
    "kind": (TEXT, lambda row: row.kind),
    **_sides("turn", COUNT, lambda said: said.turn.number),
    **_sides("id", TEXT, lambda said: said.turn.id),
    **_sides("question", TEXT, lambda said: said.question),
    **_sides("answer", TEXT, lambda said: said.answer),
    **_sides("model", TEXT, lambda said: said.model),
    "diff": (TEXT, lambda row: row.diff or None),
}
"""Name, type and origin of each column of a comparison."""


def history(session: Session | None) -> pd.DataFrame:
    """Return the active branch of a session, one row a message; without a session, the same columns without rows."""
    return messages([], None) if session is None else messages(session.tree.path(), session.notebook)


def messages(path: Sequence[Entry], notebook: str | None) -> pd.DataFrame:
    """Return the messages among some entries, one row each, in their order.

    Parameters
    ----------
    path
        Entries, such as those of a branch.
    notebook
        The notebook that their session belongs to.

    Returns
    -------
    pandas.DataFrame
        ``ts`` in UTC, tokens and ``latency_ms`` (milliseconds) as nullable integers, ``cost_usd`` in US dollars, the
        rest strings; ``parent_id`` may name an entry that is no message. Tokens, cost and latency of a copy that was
        carried into another branch are missing: they are its original's.
    """
    rows = [entry for entry in path if entry.type == "message"]
    return _frame(rows, {**MESSAGE_COLUMNS, "notebook": (TEXT, lambda _: notebook)})


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
    return _frame(rows, COMPARISON_COLUMNS)


def _frame(rows: Sequence[Any], columns: Columns) -> pd.DataFrame:
    import pandas as pd

    series: dict[str, pd.Series[Any]] = {}
    for name, (kind, value) in columns.items():
        values = [_typed(value(row), kind) for row in rows]
        if kind == TIME:
            series[name] = pd.Series(pd.to_datetime(values, utc=True, format="ISO8601", errors="coerce"), dtype=TIME)
        else:
            series[name] = pd.Series(values, dtype=kind)
    return pd.DataFrame(series)


def _typed(value: Any, kind: str) -> Any:
    """Return a value that its column can hold, or ``None``: a line that was changed by hand may hold anything."""
    if kind in (TEXT, TIME):
        return value if isinstance(value, str) else None
    if isinstance(value, bool) or not isinstance(value, int if kind == COUNT else int | float):
        return None
    return value if kind == NUMBER or abs(value) < INTEGER_LIMIT else None
