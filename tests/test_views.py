"""DuckDB's views over our JSONL and the rows in Python are one table."""

from __future__ import annotations

import json
import random
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ipy_sessions import SessionManager, assistant, user
from ipy_sessions.entries import NewEntry
from ipy_sessions.session import Session
from ipy_sessions.table.corpus import Corpus
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
        if kind == "ask":
            last = session.append(user(content, **more)).id
        elif kind == "answer":
            last = session.append(assistant(content, **more)).id
        elif kind == "words":
            last = session.append(NewEntry("message", {"role": "user", "content": content, **more})).id
        elif kind == "carry":
            last = session.append(assistant(content, carried_from=last, **more)).id
        elif kind == "cost":
            session.append(NewEntry(content, {"kind": "title", **more}))
        elif kind == "info":
            session.append(NewEntry("info", {"notebook": content}))
        elif kind == "rewind":
            if session.turns.active():
                session.rewind(1)
        else:
            session = manager.fork(session)


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
