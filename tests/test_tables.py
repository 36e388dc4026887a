"""Every conversation as tables: nothing counted twice, types that never change, whoever has written it."""

from __future__ import annotations

import gc
import json
import os
import weakref
from collections.abc import Callable
from pathlib import Path

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import ipy_sessions as ses
from ipy_sessions import SessionManager, SessionNotFoundError, SessionsError, SettingError, assistant, sql, user
from ipy_sessions.entries import NewEntry
from ipy_sessions.readers.transcript import Draft, Transcript
from ipy_sessions.session import Session
from ipy_sessions.table.corpus import Corpus, Named
from ipy_sessions.table.read import Tables, read
from ipy_sessions.table.rows import ROWS
from ipy_sessions.table.schema import TABLES, schema

PAID = {"usage": {"input_tokens": 10, "output_tokens": 2}, "cost_usd": 0.5}


def ask(session: Session, question: str, **fields: object) -> str:
    """Let a question be asked and answered; return its id."""
    asked = session.append(user(question, cell_id=f"cell {question}", execution_count=1))
    session.append(assistant(f"answer to {question}", model="m", latency_ms=7, **{**PAID, **fields}))
    return asked.id


def frame(tables: Tables, name: str) -> pd.DataFrame:
    """Return a table as pandas."""
    made: pd.DataFrame = getattr(tables, name).to_pandas()
    return made


@pytest.fixture
def branched(manager: SessionManager) -> Session:
    """A session of three turns, whose second was asked again with other words."""
    session = manager.create("branched")
    ask(session, "one")
    ask(session, "two")
    session.rewind(1)
    ask(session, "two, changed")
    return session


@pytest.mark.parametrize("name", TABLES)
def test_a_table_without_rows_has_the_same_columns(name: str, manager: SessionManager) -> None:
    """Names, types and their order, in Arrow and in pandas."""
    empty, session = read([]), manager.create()
    ask(session, "hi")
    full = getattr(read(session), name)
    assert getattr(empty, name).to_arrow().schema.equals(schema(name), check_metadata=True)
    assert full.to_arrow().schema.equals(schema(name))
    assert frame(empty, name).dtypes.equals(full.to_pandas().dtypes)
    assert full.columns == [column.name for column in TABLES[name]]


def test_an_open_session_is_read_as_its_file_is(branched: Session) -> None:
    """Every table is the same, also what is told of a damaged line."""
    with branched.file.open("ab") as file:
        file.write(b"no JSON\n")
    with SessionManager(branched.file.parent) as others, others.open(branched.file, read_only=True) as opened:
        for name in TABLES:
            assert getattr(read(opened), name).to_arrow().equals(getattr(read(branched.file), name).to_arrow())
        assert frame(read(opened), "sessions")["bad_lines"].tolist() == [1]


def test_tables_say_what_they_are_of(branched: Session) -> None:
    """How much was named, and which tables there are, without reading anything."""
    for named, of in ((branched, "1 conversation"), ([], "0 conversations"), ([branched.file] * 2, "1 file")):
        assert repr(read(named)).startswith(f"<Tables of {of}: sessions, messages, ")


@pytest.mark.parametrize(
    "look", [ses.read, ses.usage, ses.connect, lambda: ses.sql("from turns"), lambda: ses.search("x")]
)
def test_where_no_session_is_yet_that_is_said(look: Callable[[], object]) -> None:
    """Nothing was named, so that no name is called wrong."""
    with pytest.raises(SessionNotFoundError, match=r"No session is in \.sessions yet\. Ask something, or name a file"):
        look()


def test_each_table_says_what_its_columns_hold() -> None:
    """In the metadata of its schema, which travels with the data."""
    assert set(TABLES) == set(ROWS)
    for name in TABLES:
        assert all(field.metadata[b"says"] for field in schema(name))


def test_all_branches_the_active_one_or_one(branched: Session) -> None:
    """Each of the three has what was said there, in its order."""
    questions: dict[str | int, list[str]] = {
        "all": ["one", "two", "two, changed"],
        "active": ["one", "two, changed"],
        2: ["one", "two"],
    }
    for branch, said in questions.items():
        tables = read(branched, branch=branch)
        assert frame(tables, "turns")["question"].tolist() == said
        assert frame(tables, "messages").query("role == 'user'")["text"].tolist() == said
    turns = frame(read(branched), "turns")
    assert turns["active"].tolist() == [True, False, True]
    assert turns["parent_id"].tolist()[1:] == [turns["turn_id"][0]] * 2


def test_branches_and_cells_are_rows(branched: Session) -> None:
    """The branch that was left is there, with what is its own."""
    branches = frame(read(branched), "branches")
    assert branches[["active", "turns", "messages", "own_turns"]].to_numpy().tolist() == [
        [False, 2, 4, 1],
        [True, 2, 4, 1],
    ]
    cells = frame(read(branched), "cells").set_index("cell_id")
    assert cells["active_turn_id"].isna().tolist() == [False, True, False]
    assert cells["cost_usd"].tolist() == [0.5, 0.5, 0.5]


def test_what_was_dropped_is_there_and_says_so(branched: Session) -> None:
    """In turns and branches; a session's number of branches leaves it out, as its row in a list does."""
    branched.drop(2)
    tables = read(branched)
    assert frame(tables, "turns")["dropped"].tolist() == [False, True, False]
    assert frame(tables, "branches")["dropped"].tolist() == [True, False]
    assert frame(tables, "sessions")["branches"].tolist() == [branched.info().leaf_count] == [1]


def test_what_a_fork_and_a_branch_have_copied_was_paid_once(manager: SessionManager) -> None:
    """Read together, each cost is one row; read alone, the fork still has what it brings along."""
    session = manager.create("source")
    ask(session, "one")
    copy = session.append(user("one", carried_from="elsewhere"))
    session.append(assistant("again", carried_from=copy.id, **PAID))
    fork = manager.fork(session)
    ask(fork, "two")
    files = [session.file, fork.file]
    manager.close()
    both = read(files)
    assert frame(both, "usage")["cost_usd"].tolist() == [0.5, 0.5]
    assert frame(both, "messages")["cost_usd"].sum() == 1.0
    assert frame(both, "sessions").set_index("name").loc["source", "cost_usd"] == 0.5
    assert frame(both, "messages").query("copied")["cost_usd"].isna().all()
    assert frame(read(files[1]), "usage")["cost_usd"].tolist() == [0.5, 0.5]


def test_a_price_that_is_not_known_stays_missing(manager: SessionManager) -> None:
    """It is no zero in the row, in the turn, nor in the session's sum."""
    session = manager.create()
    ask(session, "one")
    ask(session, "two", cost_usd=None)
    tables = read(session)
    assert frame(tables, "usage")["cost_usd"].isna().tolist() == [False, True]
    assert frame(tables, "turns")["cost_usd"].isna().tolist() == [False, True]
    (row,) = frame(tables, "sessions").to_dict("records")
    assert pd.isna(row["cost_usd"])
    assert (row["known_cost_usd"], row["input_tokens"]) == (0.5, 20)


def test_a_cost_outside_of_a_message_counts(manager: SessionManager) -> None:
    """That of a summary, and what a usage entry says."""
    session = manager.create()
    ask(session, "one")
    session.append(NewEntry("compaction", {"summary": "…", **PAID}))
    session.append(NewEntry("usage", {"kind": "title", **PAID}))
    assert frame(read(session), "usage")["kind"].tolist() == ["message", "compaction", "title"]


def test_a_call_is_joined_with_its_result(manager: SessionManager) -> None:
    """With its duration; parallel calls are rows of their own, and one without a result is there, too."""
    session = manager.create()
    session.append(user("look"))
    calls = [{"type": "tool_use", "id": f"t{n}", "name": "read", "input": {"path": f"{n}.txt"}} for n in range(3)]
    called = session.append(assistant(calls, stop_reason="tool_use"))
    results: list[dict[str, object]] = [
        {"type": "tool_result", "tool_use_id": "t1", "content": [{"type": "text", "text": "gone"}], "is_error": True},
        {"type": "tool_result", "tool_use_id": "t0", "content": "found"},
    ]
    brought = session.append(user(results))
    tools = frame(read(session), "tools").set_index("tool_use_id")
    assert tools["result"].tolist() == ["found", "gone", pd.NA]
    assert tools["is_error"].tolist() == [False, True, pd.NA]
    assert json.loads(tools["input"]["t2"]) == {"path": "2.txt"}
    assert (tools["message_id"] == called.id).all()
    assert tools["result_id"].tolist() == [brought.id, brought.id, pd.NA]
    assert (tools["duration_ms"].dropna() > 0).all()
    blocks = frame(read(session), "blocks")
    assert blocks["type"].tolist() == ["text", "tool_use", "tool_use", "tool_use", "tool_result", "tool_result"]
    assert json.loads(blocks["block"][1]) == calls[0]
    assert frame(read(session), "turns")["tool_calls"].tolist() == [3]


def test_images_and_documents_are_rows(manager: SessionManager) -> None:
    """Also those that a tool has brought, with their size."""
    session = manager.create()
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aGVsbG8="}}
    document = {"type": "document", "title": "report", "source": {"type": "url", "url": "https://example.org/a.pdf"}}
    session.append(user([{"type": "text", "text": "see"}, image]))
    session.append(user([{"type": "tool_result", "tool_use_id": "t", "content": [image, document]}]))
    attachments = frame(read(session), "attachments")
    assert attachments["bytes"].tolist() == [5, 5, pd.NA]
    assert attachments["index"].tolist() == [1, 0, 0]
    assert attachments["tool_use_id"].tolist() == [pd.NA, "t", "t"]
    assert attachments["title"].tolist()[2] == "report"


def test_every_library_takes_a_table(branched: Session, tmp_path: Path) -> None:
    """By the PyCapsule interface, and by its own method."""
    messages = read(branched).messages
    assert pa.table(messages).equals(messages.to_arrow())
    assert pl.DataFrame(messages).equals(messages.to_polars())
    assert duckdb.execute("select id from messages").fetchall() == [(one,) for one in messages.to_pandas()["id"]]
    assert pd.read_parquet(messages.to_parquet(tmp_path / "m.parquet"))["text"].tolist() == (
        messages.to_pandas()["text"].tolist()
    )
    assert [path.name for path in tmp_path.glob("*.parquet*")] == ["m.parquet"]


def test_a_table_shows_itself(branched: Session) -> None:
    """Its first rows in a notebook, its columns in a terminal."""
    turns = read(branched).turns
    assert "not read yet" in repr(turns)
    assert "two, changed" in turns._repr_html_()
    assert "3 rows" in repr(turns)


def test_folders_patterns_and_rows_name_files(manager: SessionManager, tmp_path: Path) -> None:
    """A folder means what is below it, but for what was deleted; what names nothing says so."""
    for name in ("a", "b"):
        ask(manager.create(name), name)
    folder = manager.create().file.parent
    manager.close()
    several: list[list[Named]] = [[folder], [f"{folder}/*.jsonl"], [str(folder / "*.jsonl"), folder], [*manager.list()]]
    for named in several:
        assert sorted(frame(read(named), "sessions")["name"]) == ["a", "b"]
    with pytest.raises(SessionNotFoundError, match="No file is named by"):
        read(tmp_path / "nothing*.jsonl")


def test_a_file_that_is_no_transcript_is_named_and_skipped(tmp_path: Path) -> None:
    """The others are read."""
    (tmp_path / "odd.jsonl").write_text('{"a": 1}\n')
    (tmp_path / "empty.jsonl").write_text("")
    with SessionManager(tmp_path) as manager:
        ask(manager.create(), "hi")
    tables = read(tmp_path)
    assert len(tables.sessions) == 1
    assert sorted(Path(skipped.path).name for skipped in tables.skipped) == ["empty.jsonl", "odd.jsonl"]


def test_a_copy_of_a_file_is_read_once(tmp_path: Path) -> None:
    """The larger of the two."""
    with SessionManager(tmp_path) as manager:
        session = manager.create()
        ask(session, "one")
        before = session.file.read_bytes()
        ask(session, "two")
    (tmp_path / "backup.jsonl").write_bytes(before)
    tables = read(tmp_path)
    assert frame(tables, "turns")["question"].tolist() == ["one", "two"]
    assert [Path(skipped.path).name for skipped in tables.skipped] == ["backup.jsonl"]


def other(key: str, entries: int = 2) -> Transcript:
    """Return a conversation of another agent; those of different keys have their beginnings in common."""
    draft = Draft("other", key, "2026-01-01T00:00:00Z")
    for number in range(entries):
        fields = {"role": "assistant", "content": [{"type": "text", "text": "hi"}], **PAID}
        draft.add("message", fields, key=f"m{number}", ts="2026-01-01T00:00:01Z")
    return draft.finish(f"{key}.jsonl")


def test_what_another_agent_has_copied_counts_once() -> None:
    """Its fork has the same records, which are the same entries here."""
    tables = read([other("a"), other("b", 3)])
    assert frame(tables, "usage")["cost_usd"].sum() == 1.5
    assert len(tables.messages) == 5


def test_lines_that_cannot_be_read_are_counted(tmp_path: Path) -> None:
    """A torn one at the end, and one in the middle; the others are rows."""
    with SessionManager(tmp_path) as manager:
        session = manager.create()
        ask(session, "one")
    with session.file.open("ab") as file:
        file.write(b'not json\n{"type":"message","seq":9,"id":"torn')
    (row,) = frame(read(session.file), "sessions").to_dict("records")
    assert (row["bad_lines"], row["messages"]) == (2, 2)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.datetimes().map(str),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
FIELDS = ("content", "model", "usage", "cost_usd", "latency_ms", "cell_id", "execution_count", "carried_from", "end")


@given(st.lists(st.dictionaries(st.sampled_from(FIELDS), values), max_size=6), st.sampled_from(["all", "active"]))
def test_whatever_stands_on_the_lines_makes_tables(lines: list[dict[str, object]], branch: str) -> None:
    """Every table has its columns and one row a message, and no value breaks it."""
    draft = Draft("other", "any")
    for number, fields in enumerate(lines):
        draft.add("message", {"role": ("user", "assistant")[number % 2], **fields})
    tables = Tables(Corpus([draft.finish()], branch))
    for name in TABLES:
        assert getattr(tables, name).to_arrow().schema.equals(schema(name))
    assert len(tables.messages) == len(lines)


def test_what_is_shown_is_cut_and_is_no_formula(manager: SessionManager) -> None:
    """A text of megabytes is not put into the notebook, dollars are dollars, and a terminal obeys nothing."""
    session = manager.create("long")
    ask(session, f"from $1 to $2 \x1b[31m{'x' * 1_000_000}")
    turns = read(session).turns
    shown = turns._repr_html_()
    assert len(shown) < 10_000
    assert "tex2jax_ignore" in shown
    assert "<p>1 row of turns" in shown
    assert "\x1b" not in turns.shown()
    assert "\u241b[31mxx" in turns.shown()
    assert len(turns.to_pandas()["question"][0]) > 1_000_000


def test_what_cannot_be_written_is_said(branched: Session, tmp_path: Path) -> None:
    """In a sentence that names the file that was meant."""
    with pytest.raises(SessionsError, match=r"nowhere/t\.parquet could not be written: No such file or directory\."):
        read(branched).turns.to_parquet(tmp_path / "nowhere" / "t.parquet")


def test_what_names_no_conversation_is_refused() -> None:
    """A number is no folder."""
    with pytest.raises(SettingError, match="5 names no conversations"):
        read(5)  # type: ignore[arg-type]


def test_a_folder_full_of_oddities_costs_nothing_but_them(manager: SessionManager, tmp_path: Path) -> None:
    """A link to itself, one to nowhere, a pipe, a folder called like a file, a name and a text that are no UTF-8."""
    for name in ("good", "byte", "name"):
        ask(manager.create(name), f"asked of {name}?!")
    folder = manager.store.path
    good, byte, named = (Path(row.path) for row in sorted(manager.list(), key=lambda row: str(row.created)))
    manager.close()
    byte.write_bytes(byte.read_bytes().replace(b"?!", b"\xff!"))
    named.rename(os.fsdecode(os.fsencode(folder) + b"/odd\xff.jsonl"))
    (folder / "loop.jsonl").symlink_to("loop.jsonl")
    (folder / "nowhere.jsonl").symlink_to(tmp_path / "nothing")
    (folder / "folder.jsonl").mkdir()
    os.mkfifo(folder / "pipe.jsonl")
    tables = read(folder)
    questions = {"asked of byte\ufffd!", "asked of good?!", "asked of name?!"}
    assert set(tables.turns.to_pandas()["question"]) == questions
    assert {Path(skipped.path).name for skipped in tables.skipped} == {"loop.jsonl", "nowhere.jsonl", "pipe.jsonl"}
    counted = sql("select count(*) as n, sum(cost_usd) as dollars from messages", folder).to_pandas()
    assert counted.to_dict("records") == [{"n": 6, "dollars": 1.5}]
    assert good.exists()


def test_a_table_that_nobody_holds_is_gone_at_once(branched: Session) -> None:
    """It may be a gigabyte, which waits for no collector."""
    gc.disable()
    try:
        tables = read(branched)
        made = weakref.ref(tables.messages.to_arrow())
        del tables
        assert made() is None
    finally:
        gc.enable()
