"""Sessions of pi: its tree, messages, settings, summaries and marks, as our entries.

Acceptance cases 27 and 32.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from ipy_sessions import Entry
from ipy_sessions.context import build
from ipy_sessions.context.edits import hidden
from ipy_sessions.counting import count, name_of
from ipy_sessions.readers.file import File
from ipy_sessions.readers.registry import read
from ipy_sessions.readers.transcript import Transcript
from ipy_sessions.tree import Tree
from ipy_sessions.turns import Turns

HEADER = {"type": "session", "version": 3, "id": "s", "timestamp": "2026-01-01T00:00:00.000Z", "cwd": "/x"}
CALL = {"type": "toolCall", "id": "call|1", "name": "look", "arguments": {"at": 1}}
USAGE = {"input": 10, "output": 5, "cacheRead": 100, "cacheWrite": 7, "totalTokens": 122, "cost": {"total": 0.25}}


def pi(*records: dict[str, Any], **header: Any) -> Transcript:
    """Return what is read of a session with these records."""
    told = [{**HEADER, **header}, *records]
    (transcript,) = read(File("x", "\n".join(map(json.dumps, told)).encode()))
    return transcript


def said(key: str, parent: str | None, role: str = "user", content: Any = "words", **more: Any) -> dict[str, Any]:
    """Return a record of a message."""
    return record("message", key, parent, message={"role": role, "content": content, **more})


def record(kind: str, key: str, parent: str | None, /, **more: Any) -> dict[str, Any]:
    """Return any record of versions 2 and 3."""
    return {"type": kind, "id": key, "parentId": parent, "timestamp": "2026-01-01T00:00:01.000Z", **more}


def answer(*content: dict[str, Any], reason: str = "stop", **more: Any) -> Entry:
    """Return what becomes of an answer."""
    return pi(said("a", None, "assistant", list(content), stopReason=reason, **more)).entries[0]


def by_key(transcript: Transcript, key: str) -> Entry:
    """Return the entry of a record."""
    return next(entry for entry in transcript.entries if entry.fields["source"]["id"] == key)


def path(transcript: Transcript) -> list[str]:
    """Return the records on the way to the leaf."""
    return [entry.fields["source"]["id"] for entry in Tree(transcript.entries).path()]


def test_a_tree_keeps_its_branches() -> None:
    """Parents are ours, and the leaf is the last record."""
    read = pi(said("a", None), said("b", "a", "assistant"), said("c", "a", "assistant"), said("d", "b"))
    assert path(read) == ["a", "b", "d"]
    assert by_key(read, "c").parent_id == by_key(read, "a").id


def test_version_1_is_a_line_of_records() -> None:
    """Without ids; and a compaction says by an index, the header counted, what it keeps."""
    plain: list[dict[str, Any]] = [
        {"type": "message", "timestamp": "2026-01-01T00:00:01Z", "message": {"role": "user", "content": "one"}},
        {"type": "message", "timestamp": "2026-01-01T00:00:02Z", "message": {"role": "hookMessage", "content": "two"}},
        {"type": "compaction", "timestamp": "2026-01-01T00:00:03Z", "summary": "so far", "firstKeptEntryIndex": 2},
    ]
    one, two, compaction = pi(*plain, version=None).entries
    assert (one.parent_id, two.parent_id, compaction.parent_id) == (None, one.id, two.id)
    assert compaction.fields["first_kept_id"] == two.id
    assert two.role == "user"


def test_a_message_that_follows_a_mark_follows_the_step_above_it() -> None:
    """Labels, names and costs are steps of pi's tree and stand outside ours; custom records are steps of both."""
    read = pi(
        said("a", None),
        record("label", "l", "a", targetId="a", label="start"),
        record("session_info", "i", "l", name=" Alice "),
        record("usage", "u", "i", kind="cache_warm", model="m", usage=USAGE),
        record("custom", "c", "u", customType="x", data=1),
        said("b", "c", "assistant"),
    )
    assert path(read) == ["a", "c", "b"]
    tree = Tree(read.entries)
    assert Turns(tree).labels == {by_key(read, "a").id: "start"}
    assert name_of(read.header, tree) == "Alice"
    assert by_key(read, "u").cost_usd == 0.25
    assert by_key(read, "l").fields["source"]["raw"] == {"targetId": "a", "parentId": "a"}
    assert dict(read.unknown) == {"custom": 1}
    assert next(iter(Turns(tree))).complete


def test_the_leaf_is_where_pi_goes_on() -> None:
    """At the last record, also when that is a label that was set elsewhere than behind the last step."""
    read = pi(said("a", None), said("b", "a"), record("label", "l", "a", targetId="b", label="x"))
    tree = Tree(read.entries)
    assert tree.leaf == by_key(read, "a").id
    assert read.entries[-1].fields["from_id"] == by_key(read, "b").id
    assert Tree(pi(said("a", None), record("label", "l", None, targetId="a", label="x")).entries).leaf is None


@pytest.mark.parametrize(
    ("reason", "becomes", "end"),
    [
        ("stop", "end_turn", None),
        ("length", "max_tokens", None),
        ("toolUse", "tool_use", None),
        ("error", None, "error"),
        ("aborted", None, "interrupted"),
        ("deferred", None, "interrupted"),
    ],
)
def test_an_answer_says_how_it_ended(reason: str, becomes: str | None, end: str | None) -> None:
    """In the words of the Messages API."""
    fields = answer({"type": "text", "text": "x"}, reason=reason, errorMessage="busy").fields
    assert (fields["stop_reason"], fields.get("end")) == (becomes, end)
    assert fields.get("error") == ({"type": "error", "message": "busy"} if end == "error" else None)


def test_an_answer_says_what_it_cost() -> None:
    """Tokens by the Messages API's names; tokens at no price have a price that nobody knows."""
    paid = answer({"type": "text", "text": "x"}, model="m", usage=USAGE)
    assert paid.usage == {
        "input_tokens": 10,
        "output_tokens": 5,
        "cache_read_input_tokens": 100,
        "cache_creation_input_tokens": 7,
    }
    assert (paid.cost_usd, paid.fields["model"]) == (0.25, "m")
    assert answer(usage={"input": 1, "cost": {"total": 0}}).cost_usd is None
    assert answer(usage={"input": 0, "cost": {"total": 0}}).cost_usd == 0


def test_blocks_are_those_of_the_messages_api() -> None:
    """Thinking, sealed thinking, text, a call; what such a block has besides is kept beside the message."""
    entry = answer(
        {"type": "thinking", "thinking": "hm", "thinkingSignature": "s"},
        {"type": "thinking", "thinking": "", "thinkingSignature": "sealed", "redacted": True},
        {"type": "text", "text": "x", "textSignature": "t"},
        CALL,
        {"type": "hologram"},
    )
    *others, call = entry.content
    assert others == [
        {"type": "thinking", "thinking": "hm", "signature": "s"},
        {"type": "redacted_thinking", "data": "sealed"},
        {"type": "text", "text": "x"},
    ]
    assert (call["name"], call["input"]) == ("look", {"at": 1})
    assert call["id"].startswith("call_1_")  # which the API takes
    raw = entry.fields["source"]["raw"]["message"]["content"]
    assert raw == {"2": {"textSignature": "t"}, "3": {"id": "call|1"}, "4": {"type": "hologram"}}


def test_results_of_calls_in_parallel_are_all_sent() -> None:
    """Each is a message behind the one before; the context joins them behind their calls."""
    other = {**CALL, "id": "2"}
    picture = [{"type": "image", "data": "aGk=", "mimeType": "image/png"}]
    read = pi(
        said("q", None),
        said("a", "q", "assistant", [CALL, other], stopReason="toolUse"),
        said("r", "a", "toolResult", "one", toolCallId="call|1", isError=True),
        said("t", "r", "toolResult", picture, toolCallId="2", isError=False, usage=USAGE),
    )
    _, asked, results = build(Tree(read.entries).path()).messages
    assert [block["tool_use_id"] for block in results["content"]] == [block["id"] for block in asked["content"]]
    assert [block["is_error"] for block in results["content"]] == [True, False]
    source = {"type": "base64", "media_type": "image/png", "data": "aGk="}
    assert results["content"][1]["content"] == [{"type": "image", "source": source}]
    assert len(Turns(Tree(read.entries))) == 1


def test_a_command_that_pi_keeps_from_the_model_is_not_sent() -> None:
    """Others are sent as the user's words."""
    run = {"role": "bashExecution", "command": "ls", "output": "a.py", "exitCode": 1}
    secret = {**run, "command": "env", "excludeFromContext": True}
    read = pi(record("message", "a", None, message=run), record("message", "b", "a", message=secret))
    tree = Tree(read.entries)
    (sent,) = build(tree.path(), hidden(tree, tree.path())).messages
    assert sent["content"] == [{"type": "text", "text": "Ran `ls`\n```\na.py\n```\n\nCommand exited with code 1"}]


def test_settings_say_what_is_asked_with_on_their_branch() -> None:
    """Model, thinking and the sections of the system text add up; none of it binds a later turn to that model."""
    read = pi(
        record("model_change", "m", None, provider="p", modelId="gpt"),
        record("thinking_level_change", "t", "m", thinkingLevel="high"),
        said("s", "t", "system", "Be kind.", sections={"a": "A", "b": "B"}),
        said("u", "s", "system", "", sections={"a": None, "b": "C"}),
        record("thinking_level_change", "o", "m", thinkingLevel="off"),
    )
    by = {key: by_key(read, key).fields for key in "mtsuo"}
    assert (by["m"]["model"], by["m"]["system"], by["m"]["chosen"]) == ("gpt", "", False)
    assert (by["s"]["system"], by["u"]["system"]) == ("Be kind.\n\nA\n\nB", "Be kind.\n\nC")
    assert (by["u"]["options"]["effort"], by["u"]["options"]["thinking"]) == ("high", "on")
    assert (by["o"]["model"], by["o"]["options"]["thinking"]) == ("gpt", "off")
    parameters = build([by_key(read, "u")]).parameters
    assert parameters is not None
    assert (parameters.model, parameters.system, parameters.chosen) == ("gpt", "Be kind.\n\nC", False)


def test_a_change_of_settings_does_not_end_a_turn() -> None:
    """The answer behind it is still the answer."""
    read = pi(
        said("q", None),
        said("a", "q", "assistant", [CALL], stopReason="toolUse"),
        said("r", "a", "toolResult", "one", toolCallId="call|1"),
        record("thinking_level_change", "t", "r", thinkingLevel="high"),
        said("b", "t", "assistant", [{"type": "text", "text": "done"}], stopReason="stop"),
    )
    (turn,) = Turns(Tree(read.entries))
    assert turn.complete
    assert turn.answer == by_key(read, "b")


def test_summaries_refer_to_entries_of_ours() -> None:
    """A compaction to the first step it keeps, also when pi named a label; to none where it keeps nothing."""
    kept = {"firstKeptEntryId": "l", "tokensBefore": 9, "usage": USAGE}
    read = pi(
        said("a", None),
        record("label", "l", "a", targetId="a", label="x"),
        said("b", "l"),
        record("compaction", "c", "b", summary="so far", **kept),
        record("compaction", "n", "c", summary="nothing", firstKeptEntryId="n"),
        record("branch_summary", "r", None, summary="the other way", fromId="b"),
        said("d", "r"),
    )
    compaction = by_key(read, "c")
    assert compaction.fields["first_kept_id"] == by_key(read, "b").id
    assert (compaction.fields["tokens_before"], compaction.cost_usd) == (9, 0.25)
    assert by_key(read, "n").fields["first_kept_id"] is None
    assert by_key(read, "r").fields["from_id"] == by_key(read, "b").id
    assert path(read) == ["r", "d"]


def test_what_was_edited_for_the_model_is_not_sent_as_it_was() -> None:
    """It is hidden, and what pi sends instead is kept."""
    read = pi(
        said("a", None),
        said("b", "a", content="secret"),
        record("context_edit", "e", "b", targetId="b", replacement={"content": "masked"}),
        record("context_edit", "f", "e", targetId="a", replacement=None),
    )
    tree = Tree(read.entries)
    assert hidden(tree, tree.path()) == {by_key(read, "a").id, by_key(read, "b").id}
    assert by_key(read, "e").fields["content"] == [{"type": "text", "text": "masked"}]


def test_a_record_whose_id_is_taken_is_kept() -> None:
    """Two that say different things are both there; what follows the id follows the first."""
    read = pi(said("a", None), said("a", None, content="other"), said("b", "a"))
    assert path(read) == ["a", "b"]
    assert read.entries[1].text == "other"
    assert read.entries[1].fields["source"]["raw"]["id"] == "a"


def test_a_session_names_the_one_that_it_was_forked_from() -> None:
    """By the id that reading that one gives."""
    parent = pi(id="p", timestamp="2026-01-01T09:08:07.006Z")
    child = pi(parentSession="/some/where/2026-01-01T09-08-07-006Z_p.jsonl")
    assert child.header.fields["parent_session"] == parent.id
    assert child.header.fields["cwd"] == "/x"


def test_totals_count_what_was_stopped_too() -> None:
    """An answer that was paid and broke off is in the sums."""
    read = pi(said("a", None), said("b", "a", "assistant", [], stopReason="aborted", usage=USAGE))
    sums = count(Tree(read.entries))
    assert (sums.output_tokens, sums.cost_usd, sums.turn_count) == (5, 0.25, 1)
