"""A conversation as a frame: the same columns and types, whatever was said."""

from __future__ import annotations

import pandas as pd

import ipy_sessions as ses
from ipy_sessions import SessionManager, assistant, user
from ipy_sessions.entries import NewEntry
from ipy_sessions.table import history as frames

TYPES = {
    "session": "string",
    "id": "string",
    "parent_id": "string",
    "seq": "Int64",
    "ts": "datetime64[ms, UTC]",
    "role": "string",
    "text": "string",
    "model": "string",
    "stop_reason": "string",
    "end": "string",
    "input_tokens": "Int64",
    "output_tokens": "Int64",
    "cache_read_tokens": "Int64",
    "cache_write_tokens": "Int64",
    "cost_usd": "Float64",
    "latency_ms": "Int64",
    "cell_id": "string",
    "execution_count": "Int64",
    "notebook": "string",
    "written_by": "string",
    "copied": "boolean",
    "format": "string",
}


def types(frame: pd.DataFrame) -> dict[str, str]:
    """Return the types of a frame's columns."""
    return {str(name): str(kind) for name, kind in frame.dtypes.items()}


def test_a_frame_without_rows_has_the_same_columns() -> None:
    """Names, order and types are fixed."""
    frame = frames.history(None)
    assert len(frame) == 0
    assert types(frame) == TYPES
    assert list(frame.columns) == list(TYPES)


def test_one_row_a_message_with_what_was_logged(manager: SessionManager) -> None:
    """Times in UTC, missing values missing, ids as strings."""
    session = manager.create()
    session.prompt("My name is Alice", cell_id="12345678", execution_count=3)
    frame = ses.history(session)
    assert types(frame) == TYPES
    assert list(frame["role"]) == ["user", "assistant"]
    assert list(frame["id"]) == [entry.id for entry in session.tree if entry.type == "message"]
    assert frame["cell_id"][0] == "12345678"
    assert frame["ts"][0] == pd.Timestamp("2026-03-01T10:15:03Z")
    assert frame["output_tokens"][1] > 0
    assert frame["cost_usd"][1] == 0.0
    assert frame[["model", "input_tokens", "cache_read_tokens"]].loc[0].isna().all()


def test_a_copy_that_was_carried_along_was_paid_once(manager: SessionManager) -> None:
    """Tokens, cost and time are its original's, also where another program has left them on the copy."""
    session = manager.create()
    session.append(user("hi"))
    paid = {"usage": {"input_tokens": 5, "output_tokens": 7, "cache_read_input_tokens": 2}, "cost_usd": 0.5}
    original = session.append(assistant("hello", model="scripted", latency_ms=9, **paid))
    session.append(user("hi", carried_from="elsewhere"))
    session.append(assistant("hello", model="scripted", latency_ms=9, carried_from=original.id, **paid))
    frame = ses.history(session)
    assert frame["output_tokens"].tolist() == [pd.NA, 7, pd.NA, pd.NA]
    used = ["input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "cost_usd", "latency_ms"]
    assert frame.loc[3, used].isna().all()
    assert frame["model"].tolist()[1::2] == ["scripted", "scripted"]
    manager.close()
    (row,) = manager.list()
    for info in (session.info(), row):
        assert (info.input_tokens, info.output_tokens, info.cache_read_tokens, info.cost_usd) == (5, 7, 2, 0.5)


def test_lines_changed_by_hand_do_not_break_it(manager: SessionManager) -> None:
    """A value of the wrong kind is missing; the types stay."""
    session = manager.create()
    session.append(user("hi", execution_count="three", cell_id=7, cost_usd=True, latency_ms=1.5))
    session.append(NewEntry("message", {"role": "assistant", "content": "text", "usage": "many", "model": ["x"]}))
    frame = ses.history(session)
    assert types(frame) == TYPES
    assert list(frame["text"]) == ["hi", "text"]
    assert (
        frame[["execution_count", "cell_id", "cost_usd", "latency_ms", "model", "input_tokens"]].isna().all(axis=None)
    )
