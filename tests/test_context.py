"""What is sent of a stored history: nothing that the API refuses, whatever the log holds.

Acceptance cases 12 and 13.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ipy_sessions import Entry
from ipy_sessions.context import build
from ipy_sessions.context.messages import OPENING, UNANSWERED
from ipy_sessions.context.tools import NO_RESULT
from ipy_sessions.events import Reply
from ipy_sessions.render.reply import answer, last_line
from ipy_sessions.testing.rules import faults

TEXT = {"type": "text", "text": "Hello."}
THOUGHT = {"type": "thinking", "thinking": "Hm.", "signature": "c2ln"}


def call(name: str) -> dict[str, Any]:
    """Return a tool call."""
    return {"type": "tool_use", "id": name, "name": "look", "input": {}}


def result(name: str, text: str = "seen") -> dict[str, Any]:
    """Return a tool's result."""
    return {"type": "tool_result", "tool_use_id": name, "content": text}


def path(*said: tuple[str, list[dict[str, Any]], dict[str, Any]]) -> list[Entry]:
    """Return messages as the entries of a path, each behind the one before."""
    return [
        Entry("message", n, f"e{n}", f"e{n - 1}" if n else None, "s", "", {"role": role, "content": content, **fields})
        for n, (role, content, fields) in enumerate(said)
    ]


def user(*content: dict[str, Any], **fields: Any) -> tuple[str, list[dict[str, Any]], dict[str, Any]]:
    """Return a user's message."""
    return "user", list(content or [{"type": "text", "text": "A question."}]), fields


def assistant(*content: dict[str, Any], **fields: Any) -> tuple[str, list[dict[str, Any]], dict[str, Any]]:
    """Return an answer; complete, unless told otherwise."""
    return "assistant", list(content), {"model": "m", "stop_reason": "end_turn", **fields}


def asked(model: str, *, seq: int = 1000) -> Entry:
    """Return the settings of a turn that asks a model."""
    fields = {"model": model, "system": "", "options": {"max_tokens": 10}}
    return Entry("settings", seq, f"settings-{seq}", None, "s", "", fields)


STOPPED = {"stop_reason": None, "end": "interrupted"}


def openai_faults(messages: Sequence[dict[str, Any]]) -> Iterator[str]:
    """Yield what a validator in the manner of OpenAI's API says: roles take turns, every call is answered once."""
    roles = [message["role"] for message in messages]
    if any(one == other for one, other in pairwise(roles)):
        yield "roles must alternate"
    calls = [block["id"] for message in messages for block in message["content"] if block["type"] == "tool_use"]
    results = [b["tool_use_id"] for message in messages for b in message["content"] if b["type"] == "tool_result"]
    if sorted(calls) != sorted(results):
        yield f"calls {calls} and results {results} are not pairs"


def check(entries: list[Entry]) -> list[dict[str, Any]]:
    """Return what is sent after a path and one more question, having asked both validators."""
    question = Entry("message", 999, "question", None, "s", "", {"role": "user", "content": [TEXT]})
    messages: list[dict[str, Any]] = [dict(message) for message in build([*entries, question]).messages]
    assert list(faults({"model": "m", "max_tokens": 10, "messages": messages})) == []
    assert list(openai_faults(messages)) == []
    return messages


CASES = {
    "streaming text": ([user(), assistant({"type": "text", "text": "so f"}, **STOPPED)], ["user", "so f", "user"]),
    "before the first word": ([user(), assistant(**STOPPED)], ["user", UNANSWERED, "user"]),
    "while thinking": ([user(), assistant({**THOUGHT, "signature": ""}, **STOPPED)], ["user", UNANSWERED, "user"]),
    "tool arguments": ([user(), assistant(TEXT, call("a"), **STOPPED)], ["user", "Hello.", "user"]),
    "the only call's arguments": ([user(), assistant(call("a"), **STOPPED)], ["user", UNANSWERED, "user"]),
    "tool run 2 of 3": (
        [
            *(user(), assistant(TEXT, call("a"), call("b"), call("c"), stop_reason="tool_use")),
            user(result("a"), **STOPPED),
        ],
        ["user", "Hello. call a call b call c", "result a missing b missing c user"],
    ),
    "between a result and the next request": (
        [user(), assistant(call("a"), stop_reason="tool_use"), user(result("a")), assistant(**STOPPED)],
        ["user", "call a", "result a", UNANSWERED, "user"],
    ),
    "before any tool has run": (
        [user(), assistant(call("a"), stop_reason="tool_use")],
        ["user", "call a", "missing a user"],
    ),
    "the first turn, in the middle of a kernel's death": ([user()], ["user user"]),
    "a call cut by the longest answer, and its result": (
        [user(), assistant(TEXT, call("a"), stop_reason="max_tokens"), user(result("a")), assistant(TEXT)],
        ["user", "Hello. Hello.", "user"],
    ),
    "a result of no call": (
        [user(), assistant(TEXT), user(result("x")), assistant(TEXT)],
        ["user", "Hello. Hello.", "user"],
    ),
    "a call with two results": (
        [user(), assistant(call("a"), stop_reason="tool_use"), user(result("a"), result("a", "again"))],
        ["user", "call a", "result a user"],
    ),
    "results in two messages": (
        [user(), assistant(call("a"), call("b"), stop_reason="tool_use"), user(result("b")), user(result("a"))],
        ["user", "call a call b", "result a result b user"],
    ),
    "a call whose id was there before": (
        [
            *(user(), assistant(call("a"), stop_reason="tool_use"), user(result("a"))),
            *(assistant(TEXT, call("a"), stop_reason="tool_use"), user(result("a"))),
        ],
        ["user", "call a", "result a", "Hello.", "user"],
    ),
    "an answer in front": ([assistant(TEXT)], [OPENING, "Hello.", "user"]),
    "a refused turn": (
        [user(), assistant(TEXT), user(), assistant(TEXT, stop_reason="refusal")],
        ["user", "Hello.", "user"],
    ),
    "empty text": ([user(), assistant({"type": "text", "text": " \n"}, TEXT)], ["user", "Hello.", "user"]),
    "an answer without content": ([user(), assistant()], ["user user"]),
    "a document in an answer": (
        [user(), assistant({"type": "document", "source": {}}, TEXT)],
        ["user", "Hello.", "user"],
    ),
    "a server's call without its result": (
        [user(), assistant(TEXT, {"type": "server_tool_use", "id": "s", "name": "x", "input": {}}, **STOPPED)],
        ["user", "Hello.", "user"],
    ),
}


def in_words(message: dict[str, Any]) -> str:
    """Return a message in few words."""
    words = []
    for block in message["content"]:
        if block["type"] == "text":
            words.append(
                "user" if block["text"] in ("A question.", "Hello.") and message["role"] == "user" else block["text"]
            )
        elif block["type"] == "tool_use":
            words.append(f"call {block['id']}")
        elif block["type"] == "tool_result":
            missing = block["content"] == [{"type": "text", "text": NO_RESULT}] and block["is_error"]
            words.append(f"{'missing' if missing else 'result'} {block['tool_use_id']}")
        else:
            words.append(block["type"])
    return " ".join(words)


@pytest.mark.parametrize("name", CASES)
def test_a_turn_that_was_cut_can_be_gone_on_with(name: str) -> None:
    """Whenever it was interrupted, the next request is one that the API takes, and says what happened."""
    said, expected = CASES[name]
    assert [in_words(message) for message in check(path(*said))] == expected


def test_thinking_goes_back_to_the_model_that_signed_it_alone() -> None:
    """By the name that was asked or the name that answered, whatever the date of its version."""
    entries = path(user(), assistant(THOUGHT, TEXT, model="claude-one-20260930"))

    def kinds(*settings: Entry) -> list[str]:
        return [block["type"] for block in check([*settings, *entries])[1]["content"]]

    assert kinds() == ["thinking", "text"]
    for model, kept in (("claude-one", True), ("claude-one-20260930", True), ("claude-one-5", False), ("other", False)):
        assert [block["type"] for block in check([*entries, asked(model)])[1]["content"]] == (
            ["thinking", "text"] if kept else ["text"]
        ), model
    # A server that calls its model by another name than it is asked by.
    assert [block["type"] for block in check([asked("alias", seq=1), *entries, asked("alias")])[1]["content"]] == [
        *("thinking", "text")
    ]


def test_the_log_is_not_touched() -> None:
    """What is sent is made anew; the entries stay as they are."""
    entries = path(user(), assistant(TEXT, call("a"), **STOPPED), user(result("a")))
    before = [dict(entry.fields) for entry in entries]
    check(entries)
    assert [dict(entry.fields) for entry in entries] == before


BLOCKS = st.one_of(
    st.builds(lambda text: {"type": "text", "text": text}, st.sampled_from(["", " ", "word", "\n"])),
    st.builds(call, st.sampled_from("abc")),
    st.builds(result, st.sampled_from("abcd")),
    st.builds(lambda signature: {**THOUGHT, "signature": signature}, st.sampled_from(["", "c2ln"])),
    st.sampled_from([{"type": "redacted_thinking", "data": "x"}, {"type": "redacted_thinking"}]),
    st.sampled_from([{"type": "server_tool_use", "id": "s1", "name": "x", "input": {}}]),
    st.sampled_from([{"type": "web_search_tool_result", "tool_use_id": "s1", "content": []}]),
)
ENDS = st.sampled_from(
    [
        *({"stop_reason": reason} for reason in ("end_turn", "tool_use", "max_tokens", "refusal", "pause_turn")),
        *({"stop_reason": None, "end": end} for end in ("interrupted", "error")),
        {"stop_reason": None},
    ]
)


@settings(max_examples=400)
@given(
    st.lists(
        st.one_of(
            st.builds(lambda blocks: ("user", blocks, {}), st.lists(BLOCKS, max_size=4)),
            st.builds(
                lambda blocks, end: ("assistant", blocks, {"model": "m", **end}), st.lists(BLOCKS, max_size=4), ENDS
            ),
        ),
        max_size=8,
    )
)
def test_no_stored_history_makes_the_api_refuse_a_request(said: list[Any]) -> None:
    """Any messages in any order, cut anywhere: both validators take what is sent, and it ends in the question."""
    messages = check(path(*said))
    assert messages[-1]["content"][-1] == TEXT


ODD: st.SearchStrategy[Any] = st.sampled_from([None, 5, "", "x", [], ["x"], {}, [TEXT]])


@given(st.lists(st.tuples(BLOCKS, st.sampled_from(["type", "text", "id", "name", "input", "data"]), ODD), max_size=6))
def test_no_damage_to_a_block_makes_the_api_refuse_a_request(damaged: list[tuple[dict[str, Any], str, Any]]) -> None:
    """A value of another kind, anywhere in a block, as a human or another tool may have left it."""
    blocks = [{**block, name: value} for block, name, value in damaged]
    check(path(user(*blocks), assistant(*blocks), user(*blocks), assistant(*blocks)))


@pytest.mark.parametrize("name", ["stop_reason", "end", "notes", "error", "stop_details", "model", "usage", "cost_usd"])
@pytest.mark.parametrize("value", [5, True, 1.5, ["x"], {"x": ["y"]}])
def test_a_reply_of_a_damaged_entry_can_be_shown(name: str, value: Any) -> None:
    """What is of another kind than it should be is left out."""
    (entry,) = path(assistant(TEXT, **{name: value}))
    reply = Reply.of(entry)
    assert "Hello." in answer(reply, last_line(reply, "title", "file")).plain


@pytest.mark.parametrize(
    "messages", [5, "x", {"role": "user"}, ["x"], [{"role": "user", "content": ["x", 5, {"type": []}]}]]
)
def test_the_rules_refuse_what_has_no_shape(messages: Any) -> None:
    """In words, as the API does."""
    assert list(faults({"model": "m", "max_tokens": 1, "messages": messages}))
