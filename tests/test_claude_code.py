"""What Claude Code has written is read as the conversation that it was."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from transcript_kit import check_whole, file_of, fixture, said, sent, transcripts, written

from ipy_sessions.counting import count, name_of
from ipy_sessions.readers.claude_code import ClaudeCodeReader
from ipy_sessions.readers.file import File
from ipy_sessions.readers.registry import read, reader_of
from ipy_sessions.readers.transcript import Transcript
from ipy_sessions.tree import Tree
from ipy_sessions.turns import Turns

TS = "2026-01-02T03:04:05.678Z"


def line(kind: str, uuid: str, parent: str | None, **more: Any) -> dict[str, Any]:
    """Return a step of Claude Code's."""
    place = {"parentUuid": parent, "isSidechain": False, "cwd": "/work", "sessionId": "s", "version": "2.1.0"}
    return {**place, "type": kind, "uuid": uuid, "timestamp": TS, **more}


def user(uuid: str, parent: str | None, content: object, **more: Any) -> dict[str, Any]:
    """Return a user's line."""
    return line("user", uuid, parent, message={"role": "user", "content": content}, **more)


def answer(
    uuid: str, parent: str | None, block: dict[str, Any] | str, message: str = "", **more: Any
) -> dict[str, Any]:
    """Return an assistant's line, which holds one block."""
    content = [{"type": "text", "text": block} if isinstance(block, str) else block]
    usage = more.pop("usage", {"input_tokens": 10, "output_tokens": 5})
    reason = more.pop("stop_reason", None)
    said = {"id": message or f"msg_{uuid}", "role": "assistant", "model": "claude-x", "content": content}
    return line("assistant", uuid, parent, message={**said, "stop_reason": reason, "usage": usage}, **more)


def call(name: str, **given: Any) -> dict[str, Any]:
    """Return a call of a tool."""
    return {"type": "tool_use", "id": name, "name": "Read", "input": given}


def result(uuid: str, parent: str | None, name: str, **more: Any) -> dict[str, Any]:
    """Return the line that brings a call's result."""
    return user(uuid, parent, [{"type": "tool_result", "tool_use_id": name, "content": f"result of {name}"}], **more)


def one(records: list[Any]) -> Transcript:
    """Return the only conversation of some records, which is whole."""
    (transcript,) = transcripts(records)
    check_whole(transcript)
    return transcript


def test_a_conversation_is_read_with_its_header() -> None:
    """Folder, branch, session; the model and the usage of an answer, and no cost, which is not known."""
    transcript = one([user("u", None, "hello", gitBranch="main"), answer("a", "u", "hi", stop_reason="end_turn")])
    fields = transcript.header.fields
    assert (fields["cwd"], fields["source"]["id"]) == ("/work", "s")
    assert one([user("u", None, "hello", gitBranch="main")]).header.fields["git"] == {"branch": "main"}
    question, reply = transcript.entries
    assert (question.text, question.ts, reply.parent_id, reply.text) == ("hello", TS, question.id, "hi")
    assert reply.fields["model"] == "claude-x"
    assert reply.fields["stop_reason"] == "end_turn"
    assert reply.cost_usd is None
    assert reply.fields["source"]["raw"]["parentUuid"] == "u"


def test_an_answer_of_several_lines_is_one_message_and_paid_once() -> None:
    """Every line repeats the usage, as far as it was known then."""
    records = [
        user("u", None, "look"),
        answer("a1", "u", {"type": "thinking", "thinking": "hm", "signature": "x"}, "m", usage={"output_tokens": 1}),
        answer("a2", "a1", "I look.", "m", usage={"output_tokens": 7}),
        answer("a3", "a2", call("t"), "m", usage={"output_tokens": 9}, stop_reason="tool_use"),
        result("r", "a3", "t"),
    ]
    transcript = one(records)
    assert said(transcript) == ["look", "I look.", "tool_result"]
    assert [block["type"] for block in transcript.entries[1].content] == ["thinking", "text", "tool_use"]
    assert count(Tree(transcript.entries)).output_tokens == 9
    assert transcript.entries[1].fields["stop_reason"] == "tool_use"
    assert [more["uuid"] for more in transcript.entries[1].fields["source"]["more"]] == ["a2", "a3"]


@pytest.mark.parametrize("order", [("r1", "a3", "r2"), ("a3", "r1", "r2"), ("a3", "r2", "r1")])
@pytest.mark.parametrize("goes_on", ["r1", "r2"])
def test_parallel_calls_lose_no_result(order: tuple[str, ...], goes_on: str) -> None:
    """Each result hangs on its own call; all of them are on the path, in whatever order they came."""
    between = {
        "a3": answer("a3", "a2", call("two"), "m"),
        "r1": result("r1", "a2", "one"),
        "r2": result("r2", "a3", "two"),
    }
    lines = [user("u", None, "look"), answer("a2", "u", call("one"), "m"), *(between[name] for name in order)]
    transcript = one([*lines, answer("b", goes_on, "Seen.", stop_reason="end_turn")])
    assert said(transcript) == ["look", "tool_use+tool_use", "tool_result", "tool_result", "Seen."]
    assert "There is no result" not in str(sent(transcript))
    assert len(Turns(Tree(transcript.entries))) == 1
    assert len(Tree(transcript.entries).leaves) == 1


def test_a_result_that_was_asked_for_again_is_a_branch() -> None:
    """The same call answered twice is two ways on."""
    lines = [user("u", None, "look"), answer("a", "u", call("t")), result("r1", "a", "t"), result("r2", "a", "t")]
    tree = Tree(one(lines).entries)
    assert len(tree.leaves) == 2


def test_a_rewound_branch_stays_and_the_last_is_active() -> None:
    """As the conversation goes on there."""
    lines = [user("u", None, "a"), answer("a", "u", "b"), user("x", "a", "gone"), user("y", "a", "stays")]
    transcript = one(lines)
    assert said(transcript) == ["a", "b", "stays"]
    assert len(Turns(Tree(transcript.entries))) == 3


def test_what_is_written_late_to_an_old_branch_does_not_move_the_conversation() -> None:
    """A line that says nothing is no place where the conversation stands."""
    lines = [user("u", None, "a"), user("x", "u", "old"), user("y", "u", "new"), line("system", "z", "x")]
    transcript = one(lines)
    assert said(transcript) == ["a", "new"]
    assert transcript.entries[-1].type == "leaf"
    assert said(one([*lines, line("system", "w", "y")])) == ["a", "new", "unknown"]


def test_the_chain_runs_through_lines_that_say_nothing() -> None:
    """What is not understood is kept where it stands, and counted; what a tool says while it runs stands aside."""
    lines = [
        line("system", "h", None, subtype="hook"),
        user("m", "h", "Caveat", isMeta=True),
        user("u", "m", "a"),
        line("attachment", "x", "u", attachment={"type": "file"}),
        line("progress", "p", "x", data=1),
        line("other", "o", "p"),
        answer("b", "o", "b"),
        {"type": "file-history-snapshot", "messageId": "u", "snapshot": {}},
    ]
    transcript = one(lines)
    assert said(transcript) == ["a", "unknown", "unknown", "b"]
    kinds = ("system", "meta", "attachment", "progress", "other", "file-history-snapshot")
    assert transcript.unknown == dict.fromkeys(kinds, 1)
    assert len(Turns(Tree(transcript.entries))) == 1
    assert len(Tree(transcript.entries).leaves) == 1
    assert transcript.entries[3].fields["source"]["raw"]["attachment"] == {"type": "file"}


def test_a_summary_stands_behind_what_it_sums_up() -> None:
    """The boundary and the summary are one entry; no turn begins with it."""
    lines = [
        user("u", None, "a"),
        answer("b", "u", "b"),
        line("system", "c", None, subtype="compact_boundary", logicalParentUuid="b", compactMetadata={"preTokens": 9}),
        user("d", "c", "It was about letters.", isCompactSummary=True),
        user("e", "d", "go on"),
    ]
    transcript = one(lines)
    assert said(transcript) == ["a", "b", "compaction", "go on"]
    fields = transcript.entries[2].fields
    assert (fields["summary"], fields["tokens_before"]) == ("It was about letters.", 9)
    assert len(Turns(Tree(transcript.entries))) == 2
    assert not transcript.unknown
    lost = [line("system", "c", None, subtype="compact_boundary", logicalParentUuid="gone"), *lines[3:]]
    assert said(one([*lines[:2], *lost])) == ["a", "b", "compaction", "go on"]


def test_a_summary_without_a_boundary_is_a_compaction_too() -> None:
    """As older versions write it."""
    lines = [user("u", None, "a"), user("d", "u", "Letters.", isCompactSummary=True), user("e", "d", "go on")]
    assert said(one(lines)) == ["a", "compaction", "go on"]


def test_a_name_that_was_typed_counts_more_than_one_that_was_made() -> None:
    """And of two that were made the later; tags are the session's."""
    first = user("u", None, "a")
    typed = {"type": "custom-title", "customTitle": "mine", "sessionId": "s"}
    made = [{"type": "ai-title", "aiTitle": title, "sessionId": "s"} for title in ("one", "two")]
    tag = {"type": "tag", "tag": "kept", "sessionId": "s"}
    named = one([first, *made])
    assert name_of(named.header, Tree(named.entries)) == "two"
    named = one([first, made[0], typed, made[1], tag])
    assert name_of(named.header, Tree(named.entries)) == "mine"
    assert named.entries[-1].fields["tags"] == ["kept"]


def test_a_summary_of_another_session_names_nothing() -> None:
    """Older files begin with those."""
    other = {"type": "summary", "summary": "other", "leafUuid": "elsewhere"}
    own = {"type": "summary", "summary": "own", "leafUuid": "u"}
    transcript = one([other, user("u", None, "a"), own])
    assert name_of(transcript.header, Tree(transcript.entries)) == "own"
    assert transcript.unknown == {"summary": 1}


@pytest.mark.parametrize("agent", [{"agentId": "x"}, {}])
def test_a_sub_agent_is_a_transcript_of_its_own(agent: dict[str, str]) -> None:
    """It names its parent, and the call that it came from."""
    side: dict[str, Any] = {"isSidechain": True, **agent}
    lines = [
        user("u", None, "find"),
        answer("a", "u", call("task", prompt="search")),
        user("s1", None, "search", **side),
        answer("s2", "s1", "found", **side),
        result("r", "a", "task", toolUseResult={"agentId": "x"}),
        answer("b", "r", "Found."),
    ]
    parent, child = transcripts(lines)
    check_whole(child)
    assert said(parent) == ["find", "tool_use", "tool_result", "Found."]
    assert said(child) == ["search", "found"]
    assert child.header.fields["parent_session"] == parent.id
    assert child.header.fields["parent_tool_use_id"] == "task"


def test_a_file_of_a_sub_agent_alone_says_whose_it_is() -> None:
    """As newer versions write it; which call it came from stands in another file."""
    transcript = one([user("s1", None, "search", isSidechain=True, agentId="x")])
    assert transcript.header.fields["source"]["id"] == "s/x"
    assert transcript.header.fields["source"]["raw"]["sessionId"] == "s"
    assert "parent_session" not in transcript.header.fields


def test_a_session_that_goes_on_from_another_is_one_conversation() -> None:
    """It is called as the last; sessions that have nothing to do with each other are not joined."""
    lines = [user("u", None, "a", sessionId="old"), answer("b", "u", "b", sessionId="new")]
    transcript = one(lines)
    assert (said(transcript), transcript.header.fields["source"]["id"]) == (["a", "b"], "new")
    apart = transcripts([user("u", None, "a", sessionId="one"), user("v", None, "b", sessionId="two")])
    assert [said(one) for one in apart] == [["a"], ["b"]]


def test_an_error_of_the_server_is_no_answer_of_a_model() -> None:
    """Claude Code writes it as an answer of a model that there is not."""
    failed = answer("a", "u", "API Error: 529", isApiErrorMessage=True)
    failed["message"]["model"] = "<synthetic>"
    fields = one([user("u", None, "a"), failed]).entries[-1].fields
    assert (fields["end"], fields["stop_reason"], "model" in fields) == ("error", None, False)


def test_a_line_with_an_id_that_was_there_is_kept() -> None:
    """A message counts more than what is none."""
    broken = {**user("u", None, "x"), "message": "error"}
    transcript = one([broken, user("u", None, "good")])
    assert said(transcript) == ["good"]
    assert transcript.unknown == {"repeated": 1}


@pytest.mark.parametrize("odd", [b"\xff", b"\\ud83d"], ids=["a byte that is no UTF-8", "half of an emoji"])
def test_what_is_no_text_costs_its_character_alone(odd: bytes) -> None:
    """What was said around it is read, and counted: programs in JavaScript cut texts inside of an emoji."""
    whole = file_of([user("u", None, "a"), answer("b", "u", "b?!"), user("c", "b", "c")])
    (transcript,) = read(File("x", whole.data.replace(b"b?", odd)))
    check_whole(transcript)
    assert said(transcript) == ["a", "\ufffd!", "c"]
    assert transcript.entries[1].fields["usage"] == next(iter(read(whole))).entries[1].fields["usage"]
    assert not transcript.bad_lines


def test_damaged_lines_are_counted_once() -> None:
    """And cost nothing else."""
    data = file_of([user("u", None, "a"), user("v", None, "b", sessionId="two")]).data + b'{"type":"user"\n42\n\n'
    assert [one.bad_lines for one in read(File("x", data))] == [(3, 4), ()]


def test_a_damaged_line_far_into_a_long_file_is_named() -> None:
    """Files are looked at in pieces; a line may be longer than one."""
    lines = [user(f"u{number}", f"u{number - 1}" if number else None, "x" * 90_000) for number in range(9)]
    lines.append(user("long", "u8", "y" * 600_000))
    data = file_of(lines).data + b'{"type":\n\n' + file_of([user("last", "long", "end")]).data
    (transcript,) = read(File("x", data))
    assert transcript.bad_lines == (11,)
    assert [entry.text[:3] for entry in transcript.entries] == [*["xxx"] * 9, "yyy", "end"]
    assert not Tree(transcript.entries).missing


def test_a_file_that_is_read_twice_is_the_same() -> None:
    """Also when it has grown: what was there has the id that it had."""
    lines = [user("u", None, "a"), answer("b", "u", call("t"), "m"), result("r", "b", "t"), answer("c", "r", "c")]
    whole = one(lines)
    for size in range(1, len(lines)):
        part = one(lines[:size])
        assert part.id == whole.id
        assert [(entry.id, entry.parent_id) for entry in part.entries] == [
            (entry.id, entry.parent_id) for entry in whole.entries[: len(part.entries)]
        ]


@pytest.mark.parametrize(
    "record",
    [
        {"type": "session", "version": 3, "id": "x", "timestamp": TS, "cwd": "/"},
        {"type": "message", "id": "a", "parentId": None, "message": {"role": "user", "content": "x"}},
        {"role": "user", "content": "hello"},
        {"type": "user", "message": {"role": "user", "content": "x"}, "uuid": "a", "session_id": "s"},
        {"type": "response_item", "payload": {}},
        {"type": ["user"], "uuid": 1},
    ],
)
def test_files_of_others_are_not_taken(record: dict[str, Any]) -> None:
    """Roles alone do not make a line of Claude Code's."""
    assert not ClaudeCodeReader().knows(file_of([record] * 3))


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 5)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=5,
)
IDS = st.sampled_from(["a", "b", "c", "d"])
BLOCKS = st.fixed_dictionaries(
    {"type": st.sampled_from(["text", "tool_use", "tool_result"]) | JSON},
    optional={"id": IDS | JSON, "tool_use_id": IDS | JSON, "text": st.text(max_size=3) | JSON, "name": IDS | JSON},
)
MESSAGES = st.fixed_dictionaries(
    {"content": st.lists(BLOCKS, max_size=2) | st.text(max_size=3) | JSON},
    optional={"id": IDS | JSON, "role": JSON, "model": JSON, "usage": JSON, "stop_reason": JSON},
)
KINDS = ["user", "assistant", "system", "progress", "summary", "custom-title", "tag", "attachment", "queue-operation"]
RECORDS = st.fixed_dictionaries(
    {"type": st.sampled_from(KINDS) | JSON},
    optional={
        "uuid": IDS | JSON,
        "parentUuid": IDS | st.none() | JSON,
        "logicalParentUuid": IDS | JSON,
        "sessionId": IDS | JSON,
        "agentId": IDS | JSON,
        "isSidechain": st.booleans() | JSON,
        "isMeta": st.booleans() | JSON,
        "isCompactSummary": st.booleans() | JSON,
        "subtype": st.sampled_from(["compact_boundary"]) | JSON,
        "timestamp": st.just(TS) | JSON,
        "message": MESSAGES | JSON,
        "leafUuid": IDS | JSON,
        "customTitle": JSON,
        "tag": JSON,
        "toolUseResult": JSON,
        "compactMetadata": JSON,
        "more": JSON,
    },
)


@given(st.lists(RECORDS, max_size=8))
def test_nothing_that_stands_in_a_file_is_an_error_or_lost(records: list[dict[str, Any]]) -> None:
    """Whatever the values are."""
    found = list(ClaudeCodeReader().read(file_of({**record, "mark": f"@{n}@"} for n, record in enumerate(records))))
    for transcript in found:
        check_whole(transcript)
    text = "".join(map(written, found))
    assert [n for n in range(len(records)) if f"@{n}@" not in text] == []


@pytest.mark.parametrize(
    ("name", "sizes", "turns"),
    [
        ("compact_after_rewind", [11], [4]),
        ("edge_cases", [15, 1], [6, 0]),
        ("representative_messages", [12], [4]),
    ],
)
def test_real_files_are_read(name: str, sizes: list[int], turns: list[int]) -> None:
    """Those of another project's tests, by the turns of their active branches."""
    file = fixture(f"claude_code/{name}.jsonl")
    assert reader_of(file).name == "claude_code"
    found = list(read(file))
    for transcript in found:
        check_whole(transcript)
    assert [len(transcript.entries) for transcript in found] == sizes
    assert [len(Turns(Tree(transcript.entries)).active()) for transcript in found] == turns
    text = "".join(map(written, found))
    assert all(json.dumps(record.says["uuid"]) in text for record in file.records() if "uuid" in record.says)
