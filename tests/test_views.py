"""DuckDB's views over our JSONL and the rows in Python are one table."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ipy_sessions import SessionManager, assistant, sql, user
from ipy_sessions.entries import NewEntry
from ipy_sessions.session import Session
from ipy_sessions.table.corpus import Corpus
from ipy_sessions.table.quick import sources
from ipy_sessions.table.read import rows_of
from ipy_sessions.table.schema import schema
from ipy_sessions.table.views import VIEWS

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
names = st.sampled_from(["t1", "t2", "t3"])
plain = st.none() | st.booleans() | st.integers(-9, 2**53) | texts
inputs = st.dictionaries(texts, plain | st.lists(plain, max_size=2), max_size=3)
image = st.sampled_from(
    [
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aGVsbG8="}},
        {"type": "document", "title": "é", "source": {"type": "text", "media_type": "text/plain", "data": "añb"}},
        {"type": "document", "source": {"type": "url", "url": "https://example.org/a.pdf"}},
        {"type": "image", "source": {"type": "base64", "blobs": {"data": {"bytes": 7, "sha256": "ab"}}}},
        {"type": "image"},
    ]
)
said = st.fixed_dictionaries({"type": st.just("text"), "text": texts})
blocks = st.one_of(
    said,
    image,
    st.fixed_dictionaries({"type": st.just("thinking"), "thinking": texts, "signature": texts}),
    st.fixed_dictionaries({"type": st.just("tool_use"), "id": names, "name": texts, "input": inputs}),
    st.fixed_dictionaries(
        {"type": st.just("tool_result"), "tool_use_id": names},
        optional={"content": texts | st.lists(said | image, max_size=2), "is_error": st.booleans()},
    ),
    st.fixed_dictionaries({"type": texts}, optional={"text": texts, "more": plain}),
)
contents = st.lists(blocks, max_size=4)
usages = st.dictionaries(st.sampled_from(["input_tokens", "output_tokens", "other"]), st.integers(0, 2**40), max_size=3)
fields = st.fixed_dictionaries(
    {},
    optional={
        "model": texts,
        "usage": st.none() | usages,
        "cost_usd": st.none() | st.floats(0, 9) | st.integers(0, 9),
        "latency_ms": st.integers(0, 10**6),
        "stop_reason": st.none() | texts,
        "end": texts,
        "cell_id": texts,
        "execution_count": st.integers(0, 99),
        "unknown": plain,
    },
)
odd = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), texts, st.lists(texts, max_size=2), inputs)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("ask"), contents, fields),
        st.tuples(st.just("answer"), contents, fields),
        st.tuples(st.just("words"), texts, fields),
        st.tuples(st.just("carry"), contents, fields),
        st.tuples(st.just("cost"), st.sampled_from(["compaction", "branch_summary", "usage", "custom"]), fields),
        st.tuples(st.just("info"), texts, fields),
        st.tuples(st.just("rewind"), st.none(), st.none()),
        st.tuples(st.just("fork"), st.none(), st.none()),
    ),
    max_size=8,
)
FIELDS = ["content", "role", "model", "usage", "cost_usd", "latency_ms", "seq", "ts", "id", "session", "type", "kind"]
by_hand = st.lists(
    st.one_of(
        st.tuples(st.just("set"), st.sampled_from(FIELDS), odd),
        st.tuples(st.just("twice"), st.none(), st.none()),
        st.tuples(st.just("torn"), st.none(), st.none()),
        st.tuples(st.just("junk"), texts, st.none()),
    ),
    max_size=2,
)


def play(manager: SessionManager, some: list[tuple[str, Any, Any]]) -> None:
    """Let sessions be written by the real store."""
    session: Session = manager.create()
    last = session.append(user("begin")).id
    for kind, content, more in some:
        new = entry(kind, content, more, last)
        if new is not None:
            appended = session.append(new)
            last = appended.id if appended.in_tree else last
        elif kind == "fork":
            session = manager.fork(session)
        elif session.turns.active():
            session.rewind(1)


def entry(kind: str, content: Any, more: Any, last: str) -> NewEntry | None:
    """Return what is appended; ``None`` where something else is done."""
    if kind in ("rewind", "fork"):
        return None
    if kind == "words":
        return NewEntry("message", {"role": "user", "content": content, **more})
    if kind == "cost":
        return NewEntry(content, {"kind": "title", **more})
    if kind == "info":
        return NewEntry("info", {"notebook": content})
    if kind == "ask":
        return user(content, **more)
    return assistant(content, **({"carried_from": last} if kind == "carry" else {}), **more)


def spoil(path: Path, changes: list[tuple[str, Any, Any]], chance: random.Random) -> None:
    """Change a file by hand."""
    lines = path.read_bytes().splitlines(keepends=True)
    for kind, name, value in changes:
        at = chance.randrange(1, len(lines)) if len(lines) > 1 else 0
        if kind == "set" and at:
            lines[at] = changed(lines[at], name, value)
        elif kind == "twice" and at:
            lines.append(lines[at])
        elif kind == "junk" and at:
            lines.insert(at, name.encode() + b"\n")
        elif kind == "torn":
            path.write_bytes(b"".join(lines)[: -chance.randrange(1, 40)])
            return
    path.write_bytes(b"".join(lines))


def changed(line: bytes, name: str, value: object) -> bytes:
    """Return a line with another value; one that is no object as it is."""
    try:
        held = json.loads(line)
    except ValueError:
        return line
    return json.dumps({**held, name: value}).encode() + b"\n" if isinstance(held, dict) else line


def made(name: str, corpus: Corpus, *, quick: bool) -> pa.Table:
    """Return a table that was made one way or the other."""
    return pa.Table.from_batches(rows_of(name, corpus, quick=quick), schema(name))


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.lists(steps, min_size=1, max_size=3), by_hand, st.randoms(use_true_random=False), st.booleans())
def test_both_ways_give_one_table(
    written: list[list[tuple[str, Any, Any]]], changes: list[tuple[str, Any, Any]], chance: random.Random, lost: bool
) -> None:
    """Whatever the store has written and a hand has changed: the same rows, in the same order."""
    with TemporaryDirectory() as name:
        folder = Path(name, ".sessions")
        with SessionManager(folder) as manager:
            for some in written:
                play(manager, some)
        files = sorted(folder.glob("*.jsonl"))
        if lost and len(files) > 1:
            files.pop(0).unlink()  # what was forked from it is there without it
        if files:
            spoil(chance.choice(files), changes, chance)
        corpus = Corpus([folder] if files else [])
        for table in VIEWS:
            assert made(table, corpus, quick=True).equals(made(table, corpus, quick=False)), table
        sources(corpus, keep=True)
        for table in ("messages", "tools", "usage"):
            assert made(table, corpus, quick=True).equals(made(table, corpus, quick=False)), f"{table}, from Parquet"


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """A folder of three sessions, one of which is a fork, all of them as the store writes them."""
    folder = tmp_path / ".sessions"
    with SessionManager(folder) as manager:
        for number in range(2):
            session = manager.create(f"session {number}")
            session.append(user(f"question {number}"))
            session.append(assistant("answer", usage={"input_tokens": 3}, cost_usd=0.5))
        manager.fork(session).append(user("more"))
    return folder


def test_what_we_write_is_plain(written: Path) -> None:
    """So that DuckDB reads it; a file whose last line is torn is left to Python, as is a fork without its source."""
    files = sorted(written.glob("*.jsonl"))
    assert [one.session for one in sources(Corpus([written])).values()] == [
        one.session for one in Corpus([written]).own
    ]
    with next(path for path in files if b"question 0" in path.read_bytes()).open("ab") as file:
        file.write(b'{"type":"mess')
    assert len(sources(Corpus([written]))) == 2
    (fork,) = [path for path in files if b'"parent_session":"' in path.read_bytes()]
    assert sources(Corpus([fork])) == {}


def test_a_notebook_that_was_renamed_is_the_last_one(tmp_path: Path) -> None:
    """As an info entry in the middle of the file says."""
    with SessionManager(tmp_path / ".sessions") as manager:
        session = manager.create()
        session.append(user("hi"))
        session.append(NewEntry("info", {"notebook": "new.ipynb"}))
        session.append(user("there"))
    messages = made("messages", Corpus([tmp_path]), quick=True)
    assert messages["notebook"].to_pylist() == ["new.ipynb"] * 2


def packed(folder: Path) -> list[Path]:
    """Return the Parquet files of a folder."""
    return sorted((folder / ".cache").glob("*.parquet"))


QUERY = "select session, id, text, copied from messages order by all"


def test_what_is_kept_answers_the_same(written: Path) -> None:
    """It is written when asked, for its owner alone, and read as long as the files are as they were."""
    before = sql(QUERY, written).to_arrow()
    assert packed(written) == []
    assert sql(QUERY, written, cache=True).to_arrow().equals(before)
    kept = packed(written)
    assert len(kept) == 3
    assert {path.stat().st_mode & 0o777 for path in kept} == {0o600}
    assert all(one.pack for one in sources(Corpus([written])).values())
    assert sql(QUERY, written).to_arrow().equals(before)
    assert sql(QUERY, written, cache=True).to_arrow().equals(before)
    assert packed(written) == kept


def test_a_session_that_goes_on_is_read_from_its_file(written: Path) -> None:
    """What is kept of it is stale at once; it is not kept while it is open; a new pack takes the old one's place."""
    sql(QUERY, written, cache=True)
    kept = packed(written)
    with SessionManager(written) as manager:
        session = manager.open("session 0")
        session.append(user("later"))
        found = sql(QUERY, written, cache=True)
        assert "later" in found.to_arrow()["text"].to_pylist()
        assert packed(written) == kept
    assert "later" in sql(QUERY, written, cache=True).to_arrow()["text"].to_pylist()
    assert len(packed(written)) == 3
    assert packed(written) != kept


@pytest.mark.parametrize(
    "damage", [lambda data: data[:9], lambda data: data[:-9] + bytes(9), lambda data: bytes(len(data))]
)
def test_a_pack_that_is_damaged_is_ignored_and_made_again(written: Path, damage: Callable[[bytes], bytes]) -> None:
    """By queries and by frames."""
    before = sql(QUERY, written, cache=True).to_arrow()
    for look in (lambda: sql(QUERY, written).to_arrow(), lambda: made("messages", Corpus([written]), quick=True)):
        for path in packed(written):
            path.write_bytes(damage(path.read_bytes()))
        assert len(look()) == len(before)
        assert sql(QUERY, written, cache=True).to_arrow().equals(before)
        assert all(one.pack for one in sources(Corpus([written])).values())


def test_nothing_is_kept_in_a_folder_that_is_not_ours(written: Path, tmp_path: Path) -> None:
    """As in one where somebody has put copies of transcripts."""
    copies = written.rename(tmp_path / "copies")
    (copies / ".cache").rename(tmp_path / "gone")
    sql(QUERY, copies, cache=True)
    assert not (copies / ".cache").exists()
