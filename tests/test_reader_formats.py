"""Which reader takes which file, and what holds for all: nothing is lost or fatal, and a model could be asked to go on.

Acceptance cases 27 and 32.
"""

from __future__ import annotations

import gc
import json
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipy_sessions import Entry
from ipy_sessions.context import build
from ipy_sessions.context.edits import hidden
from ipy_sessions.readers.file import File
from ipy_sessions.readers.interface import Reader
from ipy_sessions.readers.registry import OURS, read, reader_of, readers
from ipy_sessions.readers.transcript import Transcript
from ipy_sessions.testing.rules import faults
from ipy_sessions.tree import Tree
from ipy_sessions.turns import Turns

FIXTURES = os.environ.get("IPY_SESSIONS_FIXTURES")


def lines(*records: object) -> bytes:
    """Return records as the lines of a file."""
    return b"".join(json.dumps(record).encode() + b"\n" for record in records)


def own_lines() -> bytes:
    """Return a session of ours."""
    header = {"type": "session", "version": 1, "id": "0197", "ts": "2026-03-01T10:15:00.123Z", "name": None}
    message = {"type": "message", "seq": 1, "id": "a", "parent_id": None, "session": "0197", "ts": "", "role": "user"}
    return lines(header, {**message, "content": [{"type": "text", "text": "hello"}]})


SAMPLES = {
    "ipy_sessions": own_lines(),
    "pi v1": lines(
        {"type": "session", "id": "s", "timestamp": "2026-01-01T00:00:00Z", "cwd": "/x", "provider": "anthropic"},
        {"type": "message", "timestamp": "2026-01-01T00:00:01Z", "message": {"role": "user", "content": "hello"}},
    ),
    "pi v3": lines(
        {"type": "session", "version": 3, "id": "s", "timestamp": "2026-01-01T00:00:00Z", "cwd": "/x"},
        {"type": "message", "id": "a", "parentId": None, "message": {"role": "user", "content": "hello"}},
    ),
    "claude_code": lines(
        {
            "type": "user",
            "uuid": "a",
            "parentUuid": None,
            "sessionId": "s",
            "timestamp": "2026-01-01T00:00:00Z",
            "message": {"role": "user", "content": "hello"},
        },
    ),
    "codex": lines(
        {"timestamp": "2026-01-01T00:00:00Z", "type": "session_meta", "payload": {"id": "s", "cwd": "/x"}},
        {
            "timestamp": "2026-01-01T00:00:01Z",
            "type": "response_item",
            "payload": {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "hello"}]},
        },
    ),
    "plain": lines({"role": "system", "content": "Be kind."}, {"role": "user", "content": "hello"}),
    "plain with tools": lines(
        {"role": "user", "content": "hello", "ts": 1767323045},
        {"type": "tool_call", "name": "look", "arguments": {}, "ts": 1767323046},
        {"type": "tool_result", "content": "seen", "ts": 1767323047},
    ),
    "aider": b"\n# aider chat started at 2026-01-01 00:00:00\n\n\n#### hello  \n\nHi.\n\n",
}


@pytest.mark.parametrize("name", SAMPLES)
def test_a_file_is_told_by_what_stands_in_it(name: str) -> None:
    """Whatever it is called, and no other reader would take it either."""
    file = File("session.txt", SAMPLES[name])
    assert reader_of(file).name == name.split(maxsplit=1)[0]


@pytest.mark.parametrize(
    "data", [b"", b"\n\n", b"# Notes\n\n#### A heading\n", b'{"a": 1}\n', b'{"role": "admin"}\n', b"5\n"]
)
def test_what_is_none_is_taken_by_nobody(data: bytes) -> None:
    """Not by a reader that takes little for enough."""
    assert not [reader for reader in _readers() if reader.knows(File("x", data))]


@pytest.mark.parametrize("name", SAMPLES)
def test_every_reader_but_one_leaves_a_file_alone(name: str) -> None:
    """The order in which they are asked decides nothing among these."""
    assert [reader.name for reader in _readers() if reader.knows(File("x", SAMPLES[name]))] == [
        name.split(maxsplit=1)[0]
    ]


@pytest.mark.parametrize("name", SAMPLES)
def test_a_file_that_is_read_twice_is_the_same_both_times(name: str) -> None:
    """Ids, times and content, so that importing it twice is harmless, and also when more was written since."""
    (once,), (again,) = read(File("x", SAMPLES[name])), read(File("x", SAMPLES[name]))
    assert (once.id, list(once.entries)) == (again.id, list(again.entries))
    more = b"\n\n#### and?  \n" if name == "aider" else SAMPLES[name].splitlines(keepends=True)[-1]
    (later,) = read(File("x", SAMPLES[name] + more)) if name != "ipy_sessions" else [once]
    assert later.id == once.id
    assert list(later.entries)[: len(once.entries)] == list(once.entries)


@pytest.mark.parametrize("name", SAMPLES)
def test_a_model_could_be_asked_to_go_on(name: str) -> None:
    """With one more question the API has nothing to object, and the turns are counted."""
    (transcript,) = read(File("x", SAMPLES[name]))
    assert_goes_on(transcript)
    assert len(Turns(Tree(transcript.entries))) == 1


def assert_goes_on(transcript: Transcript) -> None:
    """Check that what would be sent is what the API takes."""
    tree = Tree(transcript.entries)
    path = tree.path()
    messages = [*build(path, hidden(tree, path)).messages]
    if not messages or messages[-1]["role"] == "assistant":
        messages.append({"role": "user", "content": [{"type": "text", "text": "And now?"}]})
    assert messages[0]["role"] == "user"
    assert not list(faults({"model": "m", "max_tokens": 1, "messages": messages}))


def test_reading_leaves_pythons_collector_as_it_was() -> None:
    """It is off only while a file is read, also where somebody takes but the first conversation."""
    for enabled in (False, True):
        gc.enable() if enabled else gc.disable()
        try:
            next(read(File("x", SAMPLES["aider"] * 2)))
            assert gc.isenabled() is enabled
        finally:
            gc.enable()


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


def record(words: Mapping[str, Sequence[str]]) -> st.SearchStrategy[dict[str, Any]]:
    """Return a record with some of the fields of a format, which hold what they may, or anything."""
    fields = {name: st.sampled_from(values) | VALUES if values else VALUES for name, values in words.items()}
    return st.fixed_dictionaries({}, optional=fields)


PI: dict[str, Sequence[str]] = {
    "type": [
        *(
            "message",
            "custom_message",
            "model_change",
            "thinking_level_change",
            "compaction",
            "branch_summary",
            "custom",
        ),
        *("label", "session_info", "usage", "context_edit", "session", "leaf"),
    ],
    **dict.fromkeys(("id", "parentId", "targetId", "fromId", "firstKeptEntryId"), ("a", "b", "c", "#1")),
    **dict.fromkeys(("summary", "label", "name", "content", "modelId", "thinkingLevel"), ("x", "off", "high")),
    **dict.fromkeys(("timestamp", "usage", "replacement", "firstKeptEntryIndex"), ()),
}
PI_MESSAGE: dict[str, Sequence[str]] = {
    "role": ["user", "assistant", "toolResult", "bashExecution", "custom", "hookMessage", "system", "else"],
    **dict.fromkeys(("content", "command", "output", "toolCallId", "errorMessage", "model"), ("x", "a|b")),
    "stopReason": ["stop", "toolUse", "length", "error", "aborted", "deferred"],
    **dict.fromkeys(("usage", "sections", "timestamp", "exitCode", "excludeFromContext", "isError"), ()),
}
PI_BLOCK: dict[str, Sequence[str]] = {
    "type": ["text", "toolCall", "thinking", "image"],
    **dict.fromkeys(("text", "id", "name", "thinking", "thinkingSignature", "data", "mimeType"), ("x", "a|b")),
    **dict.fromkeys(("arguments", "redacted"), ()),
}
PLAIN: dict[str, Sequence[str]] = {
    "role": ["system", "user", "assistant", "tool", "tool_call", "tool_result", "else"],
    "type": ["tool_call", "tool_result", "message"],
    **dict.fromkeys(
        ("content", "name", "id", "tool_call_id", "arguments", "result", "model"), ("x", "call_1", '{"a": 1}')
    ),
    **dict.fromkeys(("tool_calls", "function_call", "ts", "usage", "cost_usd", "is_error"), ()),
}
ODD = st.lists(st.sampled_from([b"", b"{", b"[]", b"5", b"\xff\xfe", b'{"a": "\\ud800']), max_size=3)


@st.composite
def pi_record(draw: st.DrawFn) -> dict[str, Any]:
    """Return a record of pi; of a message the blocks are mostly of a kind that there is."""
    found = draw(record(PI))
    if draw(st.booleans()):
        message = found["message"] = draw(record(PI_MESSAGE))
        if draw(st.booleans()):
            message["content"] = draw(st.lists(record(PI_BLOCK) | VALUES, max_size=3))
    return found


@given(st.lists(pi_record(), max_size=12), ODD)
def test_no_record_of_pi_is_fatal_or_lost(found: list[dict[str, Any]], odd: list[bytes]) -> None:
    """Every line is an entry, or a bad one, but for what we add: where pi would go on, and what it would not send."""
    header = {"type": "session", "version": 3, "id": "s", "timestamp": "2026-01-01T00:00:00Z"}
    (transcript,) = read(File("x", lines(header, *found) + b"\n".join(odd)))
    added = [one for one in transcript.entries if one.type in ("leaf", "context_edit") and not _raw(one)]
    assert len(transcript.entries) - len(added) == len(found)
    assert len(transcript.bad_lines) == sum(1 for line in odd if line.strip())
    assert_goes_on(transcript)


def _raw(entry: Entry) -> Any:
    return entry.fields["source"].get("raw")


@given(st.lists(record(PLAIN), max_size=12), ODD)
def test_no_plain_line_is_fatal_or_lost(found: list[dict[str, Any]], odd: list[bytes]) -> None:
    """Every line is an entry, or a bad one."""
    data = lines({"role": "user", "content": "hello"}, *found) + b"\n".join(odd)
    reader = next(reader for reader in _readers() if reader.name == "plain")
    (transcript,) = reader.read(File("x", data))
    assert len(transcript.entries) == 1 + len(found)
    assert len(transcript.bad_lines) == sum(1 for line in odd if line.strip())
    assert_goes_on(transcript)


@given(st.text(alphabet="#> ab\n`", max_size=80))
def test_no_word_of_aiders_is_lost(text: str) -> None:
    """Whatever stands in a history is in a message, or kept beside one."""
    file = File("x", b"# aider chat started at 2026-01-01 00:00:00\n\n#### q\n\n" + text.encode())
    said: Counter[str] = Counter()
    for transcript in read(file):
        said.update(_words(json.dumps(transcript.header.fields.get("source"))))
        for entry in transcript.entries:
            said.update(_words(entry.text + json.dumps(_raw(entry))))
    assert not Counter(_words(text)) - said


def _words(text: str) -> Iterator[str]:
    yield from (letter for letter in text if letter in "ab")


def _readers() -> list[Reader]:
    return [reader for reader in readers() if reader.name in OURS]


@pytest.mark.skipif(not FIXTURES, reason="IPY_SESSIONS_FIXTURES names no folder of other projects' transcripts")
@pytest.mark.parametrize(("name", "entries", "turns", "bad"), [("session", 9, 2, 1), ("large-session", 1018, 88, 0)])
def test_real_sessions_of_pi(name: str, entries: int, turns: int, bad: int) -> None:
    """One of version 3 with a damaged line and an unknown record, and a long one of version 1."""
    path = Path(str(FIXTURES)) / "pi" / f"{name}.jsonl"
    (transcript,) = read(File(str(path), path.read_bytes()))
    assert (len(transcript.entries), len(transcript.bad_lines)) == (entries, bad)
    assert sum(transcript.unknown.values()) == bad  # one each, in the same file
    assert len(Turns(Tree(transcript.entries))) == turns
    assert_goes_on(transcript)
