"""What was spent, in sums: each answer once, a price that is not known never taken for nothing."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from conftest import Shell
from hypothesis import given
from hypothesis import strategies as st

import ipy_sessions as ses
from ipy_sessions import SessionManager, assistant, user
from ipy_sessions.readers.transcript import Draft, Transcript
from ipy_sessions.render.usage import SHOWN, Spent, usage
from ipy_sessions.session import Session
from ipy_sessions.table.usage_totals import SUMS, TOTALS, By

TOKENS = ["input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens"]
BYS: list[By] = ["session", "model", "day"]
_keys = count()


def answered(session: Session, model: str, cost: float | None, **usage: int) -> None:
    """Let something be asked, and a model answer at a price."""
    session.append(user("hi"))
    session.append(assistant("hello", model=model, usage={"input_tokens": 10, **usage}, cost_usd=cost))


def spent_on(answers: list[tuple[str, int, float | None]]) -> Transcript:
    """Return a conversation in which models have answered on days at prices."""
    draft = Draft("other", str(next(_keys)), "2026-01-01T00:00:00Z")
    for model, day, cost in answers:
        fields: dict[str, Any] = {
            "role": "assistant",
            "content": [],
            "model": model,
            "usage": {"input_tokens": 3},
            "cost_usd": cost,
        }
        draft.add("message", fields, ts=f"2026-01-0{day}T23:59:59Z")
    return draft.finish()


def test_sums_by_session_model_and_day(manager: SessionManager) -> None:
    """Tokens as they are, those of the cache apart; a cost only where every price is known, and what is known of it."""
    first, second = manager.create("first"), manager.create("second")
    answered(first, "small", 0.5, output_tokens=2, cache_read_input_tokens=7)
    answered(first, "large", None, output_tokens=1, cache_creation_input_tokens=5)
    answered(second, "small", 0.25)
    by_session = ses.usage([first, second])
    assert by_session["title"].tolist() == ["first", "second"]
    assert by_session[TOKENS].to_numpy().tolist() == [[20, 3, 7, 5], [10, pd.NA, pd.NA, pd.NA]]
    assert by_session[["answers", "unpriced", "known_cost_usd"]].to_numpy().tolist() == [[2, 1, 0.5], [1, 0, 0.25]]
    assert by_session["cost_usd"].tolist() == [pd.NA, 0.25]
    by_model = ses.usage([first, second], by="model").set_index("model")
    assert by_model["cost_usd"].tolist() == [0.75, pd.NA]
    assert by_model["known_cost_usd"].tolist() == [0.75, pd.NA]
    (day,) = ses.usage([first, second], by="day")["day"]
    assert day == datetime(2026, 3, 1, tzinfo=UTC)


@pytest.mark.parametrize("by", BYS)
def test_nothing_spent_has_the_same_columns(by: By, manager: SessionManager) -> None:
    """Names and types, in their order."""
    session = manager.create()
    answered(session, "m", 1.0)
    empty, full = ses.usage([], by=by), ses.usage(session, by=by)
    assert len(empty) == 0
    assert empty.dtypes.equals(full.dtypes)
    assert list(empty.columns) == [column.name for column in TOTALS[by]]


ANSWERS = st.lists(
    st.tuples(st.sampled_from(["a", "b"]), st.integers(1, 9), st.none() | st.sampled_from([0.0, 0.25, 1.5])), max_size=6
)


@given(st.lists(ANSWERS, min_size=1, max_size=4))
def test_every_sum_is_of_the_same_answers(conversations: list[list[tuple[str, int, float | None]]]) -> None:
    """However they are put together; in the order of the first answer; a missing price makes the cost missing."""
    read = [spent_on(answers) for answers in conversations]
    flat = [answer for answers in conversations for answer in answers]
    for by in BYS:
        frame = ses.usage(read, by=by)
        assert frame["answers"].sum() == len(flat)
        assert frame["unpriced"].sum() == sum(cost is None for *_, cost in flat)
        assert frame["input_tokens"].sum() == 3 * len(flat)
        assert frame["known_cost_usd"].sum() == sum(cost or 0 for *_, cost in flat)
        assert frame["cost_usd"].isna().tolist() == (frame["unpriced"] > 0).tolist()
        assert frame["first"].is_monotonic_increasing
    assert set(ses.usage(read, by="day")["day"].dt.day) == {day for _, day, _ in flat}


def test_what_a_fork_has_brought_along_counts_where_it_was_paid(manager: SessionManager) -> None:
    """Both in one sum: the source's answer is no second one."""
    session = manager.create("source")
    answered(session, "m", 0.5)
    fork = manager.fork(session)
    answered(fork, "m", 0.25)
    assert ses.usage([session, fork])["cost_usd"].tolist() == [0.5, 0.25]
    assert ses.usage([session, fork], by="model")["cost_usd"].tolist() == [0.75]


def test_a_day_is_one_of_utc(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever the reader is."""
    monkeypatch.setenv("TZ", "Pacific/Kiritimati")
    time.tzset()
    try:
        assert ses.usage(spent_on([("a", 1, 0.0)]), by="day")["day"].dt.day.tolist() == [1]
    finally:
        monkeypatch.undo()
        time.tzset()


def test_another_sum_is_refused() -> None:
    """In one sentence that names those there are."""
    with pytest.raises(ses.SessionsError, match="summed up by 'session', 'model' or 'day', and not by 'week'"):
        ses.usage([], by="week")  # type: ignore[arg-type]


def test_usage_below_a_cell(notebook: Shell) -> None:
    """Three tables, or one; those of this notebook's sessions, one of them in memory alone; as text, too."""
    assert "Nothing was spent" in notebook.run("%session usage")
    notebook.run("%session new alice")
    notebook.run("%%agent\nMy name is Alice")
    notebook.run("%session new --temp")
    notebook.run("%%agent\nhello")
    shown = notebook.run("%session usage")
    heads = [line.split()[0] for line in shown.splitlines() if " cache read " in line]
    assert heads == ["session", "model", "day"]
    assert "In all 2 answers, $0.00." in shown
    assert "Days are in UTC." in shown
    (markdown,) = notebook.final_outputs("text/markdown")
    assert "| offline | 2 |" in markdown
    alone = notebook.run("%session usage alice --by model")
    assert "In all 1 answer, $0.00." in alone
    assert "session" not in alone
    assert ses.usage()["title"].tolist() == ["alice"]  # a folder's files


def test_usage_of_this_notebook_or_of_all(make_shell: Callable[..., Shell]) -> None:
    """Another notebook's sessions are left out, until --all asks for them."""
    for name in ("one.ipynb", "two.ipynb"):
        notebook = Path(name).resolve()
        notebook.write_text("{}")
        shell = make_shell(notebook=notebook)
        shell.run("%%agent\nhello")
    assert "In all 1 answer," in shell.run("%session usage")
    assert "In all 2 answers," in shell.run("%session usage --all")


def sums(rows: int, unpriced: int = 0) -> list[Spent]:
    """Return some days, of each of which as many answers have no price."""
    cost = None if unpriced else 0.25
    return [Spent(2, unpriced, 1, None, 3, 4, cost, 0.25 * (2 - unpriced) or None, day=None)] * rows


def test_a_missing_price_is_said() -> None:
    """Of one answer, of some, and of all; what is known is not called the whole."""
    assert "In all 4 answers, $1.00." in usage({"day": sums(2)}).plain
    some = usage({"day": sums(2, unpriced=1)}).plain
    assert "In all 4 answers, at least $0.50: of 4 answers 2 have no known price." in some
    assert "at least $0.25" in some
    none = usage({"day": sums(1, unpriced=2)}).plain
    assert "In all 2 answers; none of their prices is known." in none
    assert "$" not in none


def test_a_long_table_shows_its_latest_rows() -> None:
    """The sum is of all of them, and where the others are is said."""
    shown = usage({"day": sums(SHOWN + 3)}).plain
    assert f"In all {2 * (SHOWN + 3)} answers" in shown
    assert "3 earlier rows by day: `ses.usage(by='day')` has all of them." in shown


def test_the_columns_say_what_they_hold() -> None:
    """Each of them, also in the schema."""
    assert all(column.says for column in SUMS)
