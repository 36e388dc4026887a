"""What the tests of readers share: files from values, and what an imported conversation has to be good for."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from ipy_sessions.context import build
from ipy_sessions.entries import Message
from ipy_sessions.readers.file import File
from ipy_sessions.readers.registry import read
from ipy_sessions.readers.transcript import Transcript
from ipy_sessions.tree import Tree
from ipy_sessions.turns import Turns

FIXTURES = os.environ.get("IPY_SESSIONS_FIXTURES", "")


def fixture(name: str) -> File:
    """Return a real transcript of another agent, which is no part of this repository."""
    path = Path(FIXTURES, name)
    if not FIXTURES or not path.exists():
        pytest.skip("the variable IPY_SESSIONS_FIXTURES names no folder with transcripts of other agents")
    return File(str(path), path.read_bytes())


def file_of(records: Iterable[object], path: str = "told.jsonl") -> File:
    """Return a file that holds a record a line."""
    return File(path, b"".join(json.dumps(record).encode() + b"\n" for record in records))


def transcripts(records: Iterable[object]) -> list[Transcript]:
    """Return what the registry reads from some records."""
    return list(read(file_of(records)))


def said(transcript: Transcript) -> list[str]:
    """Return the texts of the active branch, and the types of what is no text."""
    found = []
    for entry in Tree(transcript.entries).path():
        blocks = entry.content
        found.append(entry.text or "+".join(block["type"] for block in blocks) or entry.type)
    return found


def sent(transcript: Transcript) -> list[Message]:
    """Return what a model would be sent next, after checking that the API takes it."""
    messages = build(Tree(transcript.entries).path()).messages
    check_messages(messages)
    return messages


def check_messages(messages: Sequence[Message]) -> None:
    """Check that the roles take turns, a user begins, and every call is answered once, right behind it."""
    assert [message["role"] for message in messages] == (["user", "assistant"] * len(messages))[: len(messages)]
    calls: list[str] = []
    for message in messages:
        results = [block["tool_use_id"] for block in message["content"] if block["type"] == "tool_result"]
        assert results == calls
        calls = [block["id"] for block in message["content"] if block["type"] == "tool_use"]
    assert not calls


def check_whole(transcript: Transcript) -> None:
    """Check what holds for every transcript: a tree, turns, a request, and entries that can be written."""
    tree = Tree(transcript.entries)
    for turn in Turns(tree):
        assert turn.question.role == "user"
    check_messages(build(tree.path()).messages)
    assert [entry.seq for entry in transcript.entries] == list(range(1, len(transcript.entries) + 1))


def written(transcript: Transcript) -> str:
    """Return all that a transcript holds, as text."""
    fields: list[Mapping[str, Any]] = [transcript.header.fields, *(entry.fields for entry in transcript.entries)]
    return json.dumps(fields)
