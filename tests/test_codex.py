"""What Codex has written is read as the conversation that it was."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from transcript_kit import check_whole, file_of, fixture, said, sent, transcripts, written

from ipy_sessions.context.parameters import own_parameters
from ipy_sessions.counting import count, name_of
from ipy_sessions.readers.calls import call_id
from ipy_sessions.readers.codex import CodexReader
from ipy_sessions.readers.codex_items import is_context, item, usage_of
from ipy_sessions.readers.registry import read, reader_of
from ipy_sessions.readers.transcript import Transcript
from ipy_sessions.tree import Tree
from ipy_sessions.turns import Turns

TS = "2026-01-02T03:04:05.678Z"
META = {"id": "s", "timestamp": TS, "cwd": "/work", "git": {"branch": "main", "commit_hash": "c0"}, "source": "cli"}


def line(kind: str, **payload: Any) -> dict[str, Any]:
    """Return a line of a rollout."""
    return {"timestamp": TS, "type": kind, "payload": payload}


def user(text: str) -> dict[str, Any]:
    """Return a user's message."""
    return line("response_item", type="message", role="user", content=[{"type": "input_text", "text": text}])


def answer(text: str) -> dict[str, Any]:
    """Return a text of an answer."""
    return line("response_item", type="message", role="assistant", content=[{"type": "output_text", "text": text}])


def call(name: str, **more: Any) -> dict[str, Any]:
    """Return a call of a tool."""
    given = {"type": "function_call", "name": "shell", "arguments": '{"cmd":"ls"}', "call_id": name}
    return line("response_item", **(given | more))


def output(name: str, **more: Any) -> dict[str, Any]:
    """Return what a call has given."""
    return line("response_item", **({"type": "function_call_output", "call_id": name, "output": "done"} | more))


def event(kind: str, **more: Any) -> dict[str, Any]:
    """Return an event."""
    return line("event_msg", type=kind, **more)


def spent(count: int, total: int) -> dict[str, Any]:
    """Return a count of tokens."""
    last = {"input_tokens": 10, "cached_input_tokens": 4, "output_tokens": count, "reasoning_output_tokens": 1}
    return event("token_count", info={"last_token_usage": last, "total_token_usage": {"total_tokens": total}})


def one(*records: Any) -> Transcript:
    """Return the conversation of some records, which is whole."""
    (transcript,) = transcripts([line("session_meta", **META), *records])
    check_whole(transcript)
    return transcript


def test_how_much_its_model_thought_holds_on() -> None:
    """A conversation that goes on here is asked with the same effort, and with the model that is chosen here."""
    transcript = one(line("turn_context", model="gpt", effort="minimal"), user("hello"), answer("hi"))
    asked = own_parameters(transcript.entries)
    assert asked is not None
    assert (asked.effort, asked.chosen) == ("low", False)


def test_a_conversation_is_read_with_its_header() -> None:
    """Folder, branch, commit; the model where it says so, and with each answer."""
    transcript = one(line("turn_context", model="gpt", cwd="/work"), user("hello"), answer("hi"))
    fields = transcript.header.fields
    assert (fields["cwd"], fields["git"]) == ("/work", {"branch": "main", "commit": "c0"})
    assert (fields["source"]["id"], fields["source"]["raw"]["source"]) == ("s", "cli")
    assert said(transcript) == ["settings", "hello", "hi"]
    assert transcript.entries[0].fields["model"] == transcript.entries[2].fields["model"] == "gpt"
    assert transcript.entries[2].fields["stop_reason"] == "end_turn"
    assert transcript.entries[2].cost_usd is None


def test_items_in_a_row_are_one_answer_and_calls_meet_their_results() -> None:
    """Thinking keeps what is encrypted aside; arguments are an object."""
    thought = {"type": "reasoning", "summary": [{"type": "summary_text", "text": "hm"}], "encrypted_content": "x"}
    transcript = one(
        user("look"), line("response_item", **thought), call("a"), call("b"), output("a"), output("b"), answer("Seen.")
    )
    assert said(transcript) == ["look", "thinking+tool_use+tool_use", "tool_result", "tool_result", "Seen."]
    asked = transcript.entries[1]
    assert asked.content[0] == {"type": "thinking", "thinking": "hm"}
    assert asked.content[1] == {"type": "tool_use", "id": "a", "name": "shell", "input": {"cmd": "ls"}}
    assert asked.fields["stop_reason"] == "tool_use"
    assert asked.fields["source"]["raw"]["items"][0]["encrypted_content"] == "x"
    assert [message["role"] for message in sent(transcript)] == ["user", "assistant", "user", "assistant"]
    assert len(Turns(Tree(transcript.entries))) == 1


@pytest.mark.parametrize(
    ("payload", "block"),
    [
        (
            {"type": "custom_tool_call", "name": "apply_patch", "input": "*** x", "call_id": "c"},
            {"type": "tool_use", "id": "c", "name": "apply_patch", "input": {"input": "*** x"}},
        ),
        (
            {"type": "local_shell_call", "action": {"type": "exec", "command": ["ls"]}, "call_id": "c"},
            {"type": "tool_use", "id": "c", "name": "local_shell", "input": {"type": "exec", "command": ["ls"]}},
        ),
        (
            {"type": "function_call", "name": "mcp__a__b", "arguments": "not json", "id": "i"},
            {"type": "tool_use", "id": "i", "name": "mcp__a__b", "input": {"arguments": "not json"}},
        ),
        (
            {"type": "function_call_output", "call_id": "call:1", "output": "x"},
            {"type": "tool_result", "tool_use_id": call_id("call:1"), "content": "x"},
        ),
        (
            {"type": "function_call", "name": "f", "arguments": {"a": 1}},
            {"type": "tool_use", "id": "line-7", "name": "f", "input": {"a": 1}},
        ),
        (
            {"type": "web_search_call", "action": {"query": "x"}, "id": "w"},
            {"type": "server_tool_use", "id": "w", "name": "web_search", "input": {"query": "x"}},
        ),
        (
            {"type": "function_call_output", "call_id": "c", "output": {"content": "no", "success": False}},
            {"type": "tool_result", "tool_use_id": "c", "content": "no", "is_error": True},
        ),
        (
            {"type": "custom_tool_call_output", "call_id": "c", "output": [{"type": "output_text", "text": "x"}]},
            {"type": "tool_result", "tool_use_id": "c", "content": [{"type": "text", "text": "x"}]},
        ),
        (
            {"type": "mcp_tool_call_output", "call_id": "c", "output": {"a": 1}},
            {"type": "tool_result", "tool_use_id": "c", "content": '{"a":1}'},
        ),
        (
            {"role": "user", "content": [{"type": "input_image", "image_url": "data:image/png;base64,AA=="}]},
            {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AA=="}},
        ),
        (
            {"role": "user", "content": [{"type": "input_image", "image_url": "https://example.org/a.png"}]},
            {"type": "image", "source": {"type": "url", "url": "https://example.org/a.png"}},
        ),
    ],
)
def test_items_become_blocks(payload: dict[str, Any], block: dict[str, Any]) -> None:
    """Calls of every kind, and what they gave."""
    read = item(payload, 7)
    assert read is not None
    assert read.blocks == [block]


@pytest.mark.parametrize("payload", [{"type": "ghost_snapshot"}, {"type": "function_call"}, {"role": "developer"}, {}])
def test_what_is_no_item_of_a_known_kind_is_not_guessed(payload: dict[str, Any]) -> None:
    """It is kept as it is."""
    assert item(payload, 1) is None


def test_what_a_part_says_beside_its_text_is_left() -> None:
    """And a part that is none is left whole, by its place."""
    parts = [{"type": "output_text", "text": "x", "annotations": [1]}, {"type": "refusal", "refusal": "no"}]
    read = item({"role": "assistant", "content": parts}, 1)
    assert read is not None
    assert read.left == {"content": {"0": {"annotations": [1]}, "1": parts[1]}}


def test_tokens_are_counted_once_and_those_of_the_cache_apart() -> None:
    """The same total is told again when something else has changed; what belongs to no answer is an entry."""
    transcript = one(user("a"), call("c"), spent(5, 1), output("c"), spent(5, 1), answer("b"), spent(7, 2), spent(9, 3))
    counts = count(Tree(transcript.entries))
    assert (counts.input_tokens, counts.output_tokens, counts.cache_read_tokens) == (12, 12, 8)
    assert counts.cost_usd is None
    assert [entry.fields["usage"]["output_tokens"] for entry in transcript.entries if entry.type == "usage"] == [9]
    assert usage_of({"input_tokens": True}) == {}


def test_an_answer_that_was_stopped_says_so() -> None:
    """As one of our own does."""
    transcript = one(user("a"), answer("b"), event("turn_aborted", reason="interrupted"), user("c"))
    fields = transcript.entries[1].fields
    assert (fields["stop_reason"], fields["end"]) == (None, "interrupted")


def test_a_summary_stands_where_it_was_made() -> None:
    """What replaces the history before, which repeats it, is told by its size and sum."""
    history = [{"type": "message", "role": "user", "content": []}]
    transcript = one(
        user("a"), answer("b"), line("compacted", message="Letters.", replacement_history=history), user("c")
    )
    assert said(transcript) == ["a", "b", "compaction", "c"]
    fields = transcript.entries[2].fields
    assert fields["summary"] == "Letters."
    assert fields["source"]["raw"]["replacement_history"]["count"] == 1
    assert len(Turns(Tree(transcript.entries))) == 2


def test_a_rollback_goes_back_by_turns_and_loses_nothing() -> None:
    """The conversation goes on before the first of them; those of a rollback before do not count again."""
    turns = [record for name in "abc" for record in (user(name), answer(name.upper()))]
    back = one(*turns, event("thread_rolled_back", num_turns=2))
    assert said(back) == ["a", "A"]
    again = one(*turns, event("thread_rolled_back", num_turns=2), user("d"), answer("D"))
    assert said(again) == ["a", "A", "d", "D"]
    assert len(Turns(Tree(again.entries))) == 4
    twice = one(*turns, event("thread_rolled_back", num_turns=1), user("d"), event("thread_rolled_back", num_turns=2))
    assert said(twice) == ["a", "A"]
    assert said(one(*turns, event("thread_rolled_back", num_turns=9), user("d"))) == ["d"]
    assert [entry.type for entry in back.entries][-1] == "leaf"


def test_what_codex_has_written_for_the_user_begins_no_turn() -> None:
    """It is kept where it stands, as what a developer says is."""
    context = user("<environment_context>\n<cwd>/work</cwd>\n</environment_context>")
    hint = line("response_item", type="message", role="developer", content=[{"type": "input_text", "text": "Be kind."}])
    transcript = one(context, user("a"), hint, answer("b"), event("user_message", message="a"))
    assert said(transcript) == ["a", "unknown", "b"]
    assert len(Turns(Tree(transcript.entries))) == 1
    assert transcript.unknown == {"response_item": 1, "response_item/developer": 1, "event_msg/user_message": 1}
    assert not is_context([])


def test_a_session_is_named_by_its_last_name() -> None:
    """And it may have none any more."""
    named = one(user("a"), event("thread_name_updated", thread_name="mine"))
    assert name_of(named.header, Tree(named.entries)) == "mine"
    gone = one(user("a"), event("thread_name_updated", thread_name="mine"), event("thread_name_updated"))
    assert name_of(gone.header, Tree(gone.entries)) is None


def test_the_first_line_that_names_the_session_names_it() -> None:
    """A copy holds that of its original, too."""
    transcript = one(line("session_meta", id="other"), user("a"))
    assert transcript.header.fields["source"]["id"] == "s"
    assert transcript.unknown == {"session_meta": 1}


def test_a_file_that_is_read_twice_is_the_same() -> None:
    """Also when it has grown: what was there has the id that it had."""
    lines = [user("a"), call("c"), output("c"), answer("b"), event("thread_rolled_back", num_turns=1), user("d")]
    whole = one(*lines)
    for size in range(1, len(lines)):
        part = one(*lines[:size])
        assert part.id == whole.id
        assert [(entry.id, entry.parent_id) for entry in part.entries] == [
            (entry.id, entry.parent_id) for entry in whole.entries[: len(part.entries)]
        ]


@pytest.mark.parametrize("record", [{"type": "session_meta"}, {"type": "message", "payload": {}}, {"payload": {}}])
def test_files_of_others_are_not_taken(record: dict[str, Any]) -> None:
    """A line has one of five types, and a payload."""
    assert not CodexReader().knows(file_of([record] * 3))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats(-1e9, 1e9) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=5,
)
IDS = st.sampled_from(["a", "b"])
PART = st.fixed_dictionaries(
    {"type": st.sampled_from(["input_text", "output_text", "input_image", "summary_text"]) | JSON},
    optional={"text": st.text(max_size=3) | JSON, "image_url": st.text(max_size=3) | JSON},
)
ITEMS = ["message", "reasoning", "function_call", "custom_tool_call", "local_shell_call", "web_search_call"]
OUTPUTS = ["function_call_output", "custom_tool_call_output", "tool_search_output", "ghost_snapshot"]
EVENTS = ["thread_rolled_back", "token_count", "turn_aborted", "thread_name_updated", "user_message"]
USAGE = st.dictionaries(
    st.sampled_from(["input_tokens", "cached_input_tokens", "output_tokens"]), st.integers(0, 9) | JSON
)
PAYLOADS = st.fixed_dictionaries(
    {"type": st.sampled_from([*ITEMS, *OUTPUTS, *EVENTS]) | JSON},
    optional={
        "id": IDS | JSON,
        "role": st.sampled_from(["user", "assistant"]) | JSON,
        "content": st.lists(PART, max_size=2) | JSON,
        "summary": st.lists(PART, max_size=2) | JSON,
        "name": IDS | JSON,
        "call_id": IDS | JSON,
        "arguments": st.just('{"a":1}') | JSON,
        "input": JSON,
        "action": JSON,
        "output": st.lists(PART, max_size=2) | JSON,
        "num_turns": st.integers(0, 3) | JSON,
        "info": st.fixed_dictionaries({"last_token_usage": USAGE | JSON}, optional={"total_token_usage": JSON}) | JSON,
        "message": JSON,
        "model": IDS | JSON,
        "thread_name": JSON,
        "timestamp": JSON,
        "cwd": JSON,
        "git": JSON,
        "replacement_history": JSON,
    },
)
TYPES = ["session_meta", "response_item", "response_item", "compacted", "turn_context", "event_msg"]
RECORDS = st.fixed_dictionaries(
    {"type": st.sampled_from(TYPES) | JSON, "payload": PAYLOADS | JSON}, optional={"timestamp": JSON, "ordinal": JSON}
)


@given(st.lists(RECORDS, max_size=8))
def test_nothing_that_stands_in_a_file_is_an_error_or_lost(records: list[dict[str, Any]]) -> None:
    """Whatever the values are; of a line that is a step, its payload."""
    marked = []
    for number, record in enumerate(records):
        payload = record["payload"]
        marked.append({**record, "mark": f"@{number}@"})
        if isinstance(payload, dict):
            marked[-1]["payload"] = {**payload, "mark": f"<{number}>"}
    (transcript,) = CodexReader().read(file_of(marked))
    check_whole(transcript)
    text = written(transcript)
    assert [number for number in range(len(records)) if f"@{number}@" not in text] == []
    with_payload = [number for number, record in enumerate(records) if isinstance(record["payload"], dict)]
    assert [number for number in with_payload if f"<{number}>" not in text] == []


@pytest.mark.parametrize(
    ("name", "said_there"),
    [
        ("standard_session", ["Add rate limiting", "I'll add rate limiting to the API."]),
        ("function_calls", ["Run the tests", "tool_use+tool_use"]),
        ("fc_stdin", ["send input", "tool_use"]),
        ("rollout_tools", ["settings", "List the synthetic files.", "thinking+tool_use", "tool_result"]),
    ],
)
def test_real_files_are_read(name: str, said_there: list[str]) -> None:
    """Those of other projects' tests."""
    file = fixture(f"codex/{name}.jsonl")
    assert reader_of(file).name == "codex"
    (transcript,) = read(file)
    check_whole(transcript)
    assert said(transcript)[: len(said_there)] == said_there
    assert len(Turns(Tree(transcript.entries))) == 1
