"""SQL over conversations: what is found, what is refused, and how it is typed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from conftest import Shell

from ipy_sessions import QueryError, Session, SessionManager, SessionsError, assistant, connect, read, sql, user
from ipy_sessions.readers.transcript import Draft, Transcript
from ipy_sessions.table.corpus import Named
from ipy_sessions.table.schema import TABLES

COST = {"usage": {"input_tokens": 10, "output_tokens": 2}, "cost_usd": 0.5, "model": "m"}


def ask(session: Session, question: str) -> None:
    """Let a question be asked and answered."""
    session.append(user(question, cell_id="c"))
    session.append(assistant(f"answer to {question}", **COST))


@pytest.fixture
def folder(manager: SessionManager) -> Path:
    """A folder of a session, its fork, and one whose last line is torn."""
    session = manager.create("one")
    ask(session, "first")
    ask(manager.fork(session), "second")
    torn = manager.create("torn")
    ask(torn, "third")
    manager.close()
    with torn.file.open("ab") as file:
        file.write(b'{"type":"message","seq":9,"id":"to')
    return session.file.parent


def other() -> Transcript:
    """A conversation of another agent."""
    draft = Draft("other", "key", "2026-01-01T00:00:00Z")
    draft.add("message", {"role": "user", "content": [{"type": "text", "text": "elsewhere"}]})
    draft.add("message", {"role": "assistant", "content": [{"type": "text", "text": "there"}], **COST})
    return draft.finish("other.jsonl")


@pytest.mark.parametrize("name", TABLES)
def test_a_query_finds_what_the_frames_hold(name: str, folder: Path) -> None:
    """Every table, of our files, of a damaged one and of another agent's conversation."""
    named: list[Named] = [folder, other()]
    count = sql(f"select count(*) as n from {name}", named).to_pandas()["n"][0]  # noqa: S608 - one of ours
    frame = getattr(read(named), name)
    assert count == len(frame)
    assert sql(f"from {name}", named).columns == frame.columns
    assert sql(f"from {name}", named, branch="active").columns == frame.columns


def test_sums_are_never_counted_twice(folder: Path) -> None:
    """What the fork has copied was paid once, and sums of integers are integers."""
    found = sql("select sum(cost_usd) as cost, sum(output_tokens) as tokens from usage", [folder, other()])
    assert found.to_pandas().to_dict("records") == [{"cost": 2.0, "tokens": 8}]
    assert found.to_arrow().schema.field("tokens").type == "int64"


def test_tables_join_by_session_and_id(folder: Path) -> None:
    """A query may name several, in any case."""
    found = sql(
        "SELECT s.name, t.question FROM Turns t JOIN sessions s USING (session) WHERE NOT t.copied ORDER BY 2", folder
    )
    assert found.to_pandas()["question"].tolist() == ["first", "second", "third"]


def test_one_branch_has_its_rows(manager: SessionManager) -> None:
    """As the frames have them."""
    session = manager.create()
    ask(session, "one")
    session.rewind(1)
    ask(session, "another")
    query = "select text from messages where role = 'user'"
    assert sql(query, session).to_pandas()["text"].tolist() == ["one", "another"]
    assert sql(query, session, branch="active").to_pandas()["text"].tolist() == ["another"]


def test_values_are_given_by_name(folder: Path) -> None:
    """More of them than the query asks for do no harm; one that is missing is named."""
    query = "select count(*) as n from messages where text = $text"
    assert sql(query, folder, parameters={"text": "third", "more": object()}).to_pandas()["n"].tolist() == [1]
    assert sql("select $most as most", folder, parameters={"most": np.int64(3)}).to_pandas()["most"].tolist() == [3]
    with pytest.raises(QueryError, match=r"asks for \$text"):
        sql(query, folder)


def test_times_are_in_utc(folder: Path) -> None:
    """Whatever zone the machine is in."""
    query = "select current_setting('TimeZone') as zone, max(ts)::varchar like '%+00' as utc from messages"
    assert sql(query, folder).to_pandas().to_dict("records") == [{"zone": "UTC", "utc": True}]


@pytest.mark.parametrize(
    "query",
    [
        "copy messages to 'stolen.csv'",
        "attach 'other.db'",
        "select 1; select 2",
        "create table mine as from messages",
        "explain analyze copy messages to 'stolen.csv'",
        "set lock_configuration = false",
    ],
)
def test_a_query_only_reads(query: str, folder: Path) -> None:
    """Anything else is refused, and says what there is for it."""
    with pytest.raises(QueryError, match="only reads"):
        sql(query, folder)
    assert not list(Path.cwd().glob("*.csv"))


@pytest.mark.parametrize("query", ["from 'secret.csv'", "from read_text('secret.csv')", "from glob('*')"])
def test_a_query_reads_nothing_else_of_the_disk(query: str, folder: Path) -> None:
    """Other files are out of its reach."""
    Path("secret.csv").write_text("a\n1\n")
    with pytest.raises(QueryError):
        sql(query, folder)


def test_a_wrong_query_says_what_there_is(folder: Path) -> None:
    """DuckDB's own words in one line, and the tables."""
    with pytest.raises(QueryError, match=r"does not exist.* The tables are sessions, messages") as raised:
        sql("select * from mesages", folder)
    assert "\n" not in str(raised.value)


def test_a_connection_has_the_tables(folder: Path) -> None:
    """For every cursor; those that are wanted, and all that DuckDB can do."""
    with connect(folder) as connection:
        assert {name for (name,) in connection.cursor().execute("show tables").fetchall()} == set(TABLES)
        assert connection.cursor().execute("select count(*) from turns where copied").fetchone() == (1,)
        connection.execute("copy (from usage) to 'mine.csv'")
    with connect(folder, tables=["usage"]) as connection:
        assert connection.execute("show tables").fetchall() == [("usage",)]
    assert len(pl.read_csv("mine.csv")) == 3
    with pytest.raises(QueryError, match="no table 'use'"):
        connect(folder, tables=["use"])


def test_names_of_files_may_look_like_patterns(tmp_path: Path) -> None:
    """They mean themselves, and quotes are quotes."""
    with SessionManager(tmp_path / "a [1]*'s" / ".sessions") as manager:
        ask(manager.create(), "hi")
    found = sql("select count(*) as n from messages", tmp_path / "a [1]*'s")
    assert found.to_pandas()["n"].tolist() == [2]


def test_the_line_and_the_cell(notebook: Shell) -> None:
    """Quotes, dollars and several lines reach the query as they were typed; frames of the kernel can be joined."""
    notebook.run("%%agent\nhello 'you'")
    notebook.run("import pandas as pd\nwho = 'user'; names = pd.DataFrame({'role': ['user'], 'called': ['me']})")
    notebook.run("%session sql --df found select text from messages where role = $who and text like 'hello %'")
    assert notebook.ip.user_ns["found"]["text"].tolist() == ["hello 'you'"]
    notebook.run("%%session sql --df found\nselect called -- who\nfrom messages join names using (role)\n")
    assert notebook.ip.user_ns["found"]["called"].tolist() == ["me"]
    assert not notebook.failed


def test_what_is_typed_wrong_is_one_sentence(notebook: Shell) -> None:
    """No query, no such variable, and a body for what takes none."""
    for cell, said in (
        ("%session sql", "sql takes a query"),
        ("%session sql select $nothing", "no value of that name"),
        ("%%session list\nselect 1", "stands on one line"),
        ("%session sql --df 1a select 1", "name of a variable"),
    ):
        assert said in notebook.run(cell)


def test_an_error_is_one_of_ours() -> None:
    """So that one `except` catches all of them."""
    assert issubclass(QueryError, SessionsError)
