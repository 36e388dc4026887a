"""Conversations as frames: entries in, a tidy DataFrame out.

The columns and their types are fixed and never inferred from the data, so that a frame without rows has the same.
pandas is imported when the first frame is made.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from ipy_sessions.encoding import INTEGER_LIMIT
from ipy_sessions.entries import Entry
from ipy_sessions.session import Session

if TYPE_CHECKING:
    import pandas as pd

TEXT, TIME, COUNT, NUMBER = "string", "datetime64[ms, UTC]", "Int64", "Float64"


def _field(name: str) -> Callable[[Entry], Any]:
    return lambda entry: entry.fields.get(name)


def _tokens(name: str) -> Callable[[Entry], Any]:
    return lambda entry: entry.usage.get(name)


MESSAGE_COLUMNS: dict[str, tuple[str, Callable[[Entry], Any]]] = {
    "session": (TEXT, lambda entry: entry.session),
    "id": (TEXT, lambda entry: entry.id),
    "parent_id": (TEXT, lambda entry: entry.parent_id),
    "ts": (TIME, lambda entry: entry.ts),
    "role": (TEXT, lambda entry: entry.role),
    "text": (TEXT, lambda entry: entry.text),
    "model": (TEXT, _field("model")),
    "stop_reason": (TEXT, _field("stop_reason")),
    "input_tokens": (COUNT, _tokens("input_tokens")),
    "output_tokens": (COUNT, _tokens("output_tokens")),
    "cache_read_tokens": (COUNT, _tokens("cache_read_input_tokens")),
    "cache_write_tokens": (COUNT, _tokens("cache_creation_input_tokens")),
    "cost_usd": (NUMBER, lambda entry: entry.cost_usd),
    "latency_ms": (COUNT, _field("latency_ms")),
    "cell_id": (TEXT, _field("cell_id")),
    "execution_count": (COUNT, _field("execution_count")),
}
"""Name, type and origin of each column; ``notebook``, which is the session's, stands behind them."""


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
        rest strings; ``parent_id`` may name an entry that is no message.
    """
    import pandas as pd

    rows = [entry for entry in path if entry.type == "message"]
    columns: dict[str, pd.Series[Any]] = {}
    for name, (kind, value) in MESSAGE_COLUMNS.items():
        values = [_typed(value(entry), kind) for entry in rows]
        if kind == TIME:
            columns[name] = pd.Series(pd.to_datetime(values, utc=True, format="ISO8601", errors="coerce"), dtype=TIME)
        else:
            columns[name] = pd.Series(values, dtype=kind)
    columns["notebook"] = pd.Series([notebook] * len(rows), dtype=TEXT)
    return pd.DataFrame(columns)


def _typed(value: Any, kind: str) -> Any:
    """Return a value that its column can hold, or ``None``: a line that was changed by hand may hold anything."""
    if kind in (TEXT, TIME):
        return value if isinstance(value, str) else None
    if isinstance(value, bool) or not isinstance(value, int if kind == COUNT else int | float):
        return None
    return value if kind == NUMBER or abs(value) < INTEGER_LIMIT else None
