"""Plain JSONL: messages a line, with times and tools or without."""

from __future__ import annotations

import json
from typing import Any

from ipy_sessions.context import build
from ipy_sessions.readers.file import File
from ipy_sessions.readers.registry import read
from ipy_sessions.readers.transcript import Transcript
from ipy_sessions.tree import Tree
from ipy_sessions.turns import Turns


def plain(*lines: dict[str, Any], path: str = "x") -> Transcript:
    """Return what is read of these lines."""
    (transcript,) = read(File(path, "\n".join(map(json.dumps, lines)).encode()))
    return transcript


def test_messages_follow_each_other() -> None:
    """A system line is a settings entry; an answer is complete; what has no field of ours is kept."""
    system, question, answer = plain(
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": "hello", "name": "Alice"},
        {"role": "assistant", "content": "Hi.", "model": "m", "usage": {"prompt_tokens": 3, "completion_tokens": 2}},
    ).entries
    assert (system.type, system.fields["system"], system.fields["chosen"]) == ("settings", "Be kind.", False)
    assert (question.parent_id, answer.parent_id) == (system.id, question.id)
    assert question.fields["source"]["raw"] == {"name": "Alice"}
    assert (answer.fields["stop_reason"], answer.fields["model"]) == ("end_turn", "m")
    assert answer.usage == {"input_tokens": 3, "output_tokens": 2}
    context = build([system, question, answer])
    assert context.parameters is not None
    assert context.parameters.system == "Be kind."


def test_lines_have_their_own_times() -> None:
    """Seconds, milliseconds or ISO 8601; the session begins with the first that is there."""
    read = plain({"role": "user", "content": "a"}, {"role": "user", "content": "b", "ts": 1767323045})
    assert (read.header.ts, read.entries[1].ts) == ("2026-01-02T03:04:05.000Z", "2026-01-02T03:04:05.000Z")


def test_results_without_ids_are_those_of_the_oldest_calls() -> None:
    """In their order, or of a call of the tool that they name; a result with an id is that call's."""
    read = plain(
        {"role": "user", "content": "look", "ts": 1767323045},
        {"type": "tool_call", "name": "read", "arguments": {"path": "a"}, "ts": 1767323046},
        {"role": "tool_call", "name": "list", "args": '{"at": "b"}'},
        {"role": "tool_call", "content": {"name": "count", "input": [1]}, "id": "own"},
        {"type": "tool_result", "name": "list", "content": "of list"},
        {"type": "tool_result", "result": {"lines": 3}, "is_error": True},
        {"type": "tool_result", "tool_call_id": "own", "content": "3"},
        {"role": "assistant", "content": "Seen."},
    )
    _, asked, told, _ = build(Tree(read.entries).path()).messages
    assert [(block["name"], block["input"]) for block in asked["content"]] == [
        ("read", {"path": "a"}),
        ("list", {"at": "b"}),
        ("count", {"input": [1]}),
    ]
    texts = [block["content"][0]["text"] for block in told["content"]]
    assert texts == ['{"lines": 3}', "of list", "3"]
    assert [block.get("is_error", False) for block in told["content"]] == [True, False, False]
    (turn,) = Turns(Tree(read.entries))
    assert turn.complete


def test_calls_as_openai_has_them() -> None:
    """Beside the content, their arguments as text; pictures as addresses."""
    function = {"name": "look", "arguments": '{"at": 1}'}
    read = plain(
        {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}}]},
        {"role": "assistant", "content": None, "tool_calls": [{"id": "c1", "type": "function", "function": function}]},
        {"role": "tool", "tool_call_id": "c1", "content": "seen"},
    )
    picture, call, result = (entry.content[0] for entry in read.entries)
    assert picture["source"] == {"type": "base64", "media_type": "image/png", "data": "aGk="}
    assert call == {"type": "tool_use", "id": "c1", "name": "look", "input": {"at": 1}}
    assert result["tool_use_id"] == "c1"
    assert read.entries[1].fields["stop_reason"] == "tool_use"


def test_blocks_of_the_messages_api_are_left_as_they_are() -> None:
    """And a line that is none of these is kept, in its place, and counted."""
    block = {"type": "tool_use", "id": "c", "name": "n", "input": {}}
    read = plain({"role": "assistant", "content": [block]}, {"event": "x"}, {"role": "user", "content": "go on"})
    assert read.entries[0].content == [block]
    assert (dict(read.unknown), read.entries[1].fields["source"]["raw"]) == ({"?": 1}, {"event": "x"})
    assert read.entries[2].parent_id == read.entries[1].id


def test_a_conversation_without_a_name_is_called_by_its_file_and_its_beginning() -> None:
    """In whichever folder; another file, or another beginning, is another conversation."""
    one = {"role": "user", "content": "hello"}
    first = plain(one, path="a/chat.jsonl").id
    assert first == plain(one, {"role": "assistant", "content": "Hi."}, path="b/chat.jsonl").id
    assert first != plain(one, path="a/other.jsonl").id
    assert first != plain({**one, "content": "hello!"}, path="a/chat.jsonl").id
