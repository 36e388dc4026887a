"""The server that is shipped for tests: what it says, what it refuses, what it remembers."""

from __future__ import annotations

import re
from contextlib import nullcontext

import anthropic
import pytest

from ipy_sessions.testing import MessagesServer, Reply, Status
from ipy_sessions.testing.rules import faults


def client(server: MessagesServer) -> anthropic.Anthropic:
    """Return the SDK's client for a server."""
    return anthropic.Anthropic(base_url=server.url, api_key="none", max_retries=0)


def test_the_sdk_talks_to_it() -> None:
    """Blocks, stop reason and usage arrive through the SDK's own stream as they were scripted."""
    blocks: list[dict[str, object]] = [
        {"type": "thinking", "thinking": "Hm, well.", "signature": "c2ln"},
        {"type": "text", "text": "Let me look."},
        {"type": "tool_use", "id": "toolu_1", "name": "look", "input": {"where": ["here", 2]}},
    ]
    question: anthropic.types.MessageParam = {"role": "user", "content": "hi"}
    with MessagesServer(Reply(blocks, stop_reason="tool_use", usage={"input_tokens": 7, "output_tokens": 9})) as server:
        with (
            client(server) as sdk,
            sdk.messages.stream(model="claude-sonnet-5-5", max_tokens=10, messages=[question]) as stream,
        ):
            message = stream.get_final_message().to_dict()
            assert [model.id for model in sdk.models.list()] == ["claude-sonnet-5-5"]
            assert sdk.models.retrieve("claude-sonnet-5-5").max_input_tokens == 1_000_000
            counted = sdk.messages.count_tokens(model="claude-sonnet-5-5", messages=[question])
        assert message["content"] == blocks
        assert message["stop_reason"] == "tool_use"
        assert counted.input_tokens > 0
        assert server.asked[0]["messages"] == [question]
        assert server.requests[0].path == "/v1/messages"


def test_what_was_not_scripted_is_repeated() -> None:
    """So that a test that only needs some answer says nothing about it; texts, errors and answers are in order."""
    with MessagesServer("one", Status(529, "overloaded_error", "Overloaded")) as server, client(server) as sdk:
        said = []
        for number in range(3):
            try:
                with sdk.messages.stream(
                    model="m", max_tokens=10, messages=[{"role": "user", "content": f"question {number}"}]
                ) as stream:
                    said.append(stream.get_final_text())
            except anthropic.InternalServerError as error:
                said.append(str(error.status_code))
    assert said == ["one", "529", "You said: question 2"]


USER, ANSWER = {"role": "user", "content": "hi"}, {"role": "assistant", "content": "hello"}
CALL = {"role": "assistant", "content": [{"type": "tool_use", "id": "a", "name": "n", "input": {}}]}
RESULT = {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "a", "content": "x"}]}


@pytest.mark.parametrize(
    ("messages", "wrong"),
    [
        ([USER], ""),
        ([USER, ANSWER, USER], ""),
        ([USER, USER], ""),
        ([USER, CALL, RESULT], ""),
        ([], "messages: Field required"),
        ([ANSWER, USER], "first message must use the user role"),
        ([USER, ANSWER], "does not support assistant message prefill"),
        ([{"role": "user", "content": []}], "all messages must have non-empty content"),
        ([{"role": "user", "content": " "}], "text content blocks must contain non-whitespace text"),
        ([USER, CALL, USER], "`tool_use` ids were found without `tool_result` blocks immediately after: a"),
        ([USER, CALL], "`tool_use` ids were found without `tool_result` blocks"),
        ([USER, RESULT], "unexpected `tool_use_id` found in `tool_result` blocks: a"),
        ([USER, CALL, {"role": "user", "content": RESULT["content"] * 2}], "Found multiple for a"),  # type: ignore[operator]
        ([USER, CALL, RESULT, CALL, RESULT], "`tool_use` ids must be unique: a"),
        ([{"role": "user", "content": CALL["content"]}], "`tool_use` blocks are not permitted in user messages"),
        ([USER, {"role": "assistant", "content": RESULT["content"]}, USER], "not permitted in assistant messages"),
        (
            [USER, {"role": "assistant", "content": [{"type": "thinking", "thinking": "x", "signature": ""}]}, USER],
            "Invalid `signature` in `thinking` block",
        ),
    ],
)
def test_it_refuses_what_the_api_refuses(messages: list[dict[str, object]], wrong: str) -> None:
    """The rules of order, content and tool pairs; a right conversation passes."""
    found = list(faults({"model": "m", "max_tokens": 10, "messages": messages}))
    assert wrong in " ".join(found) if wrong else found == []
    with MessagesServer() as server, client(server) as sdk:
        said = pytest.raises(anthropic.BadRequestError, match=re.escape(found[0])) if wrong else nullcontext()
        with said, sdk.messages.stream(model="m", max_tokens=10, messages=messages) as stream:  # type: ignore[arg-type]
            assert stream.get_final_text().startswith("You said:")
