"""A model behind the Messages API: the real SDK, a real socket, a server that says what it was told to."""

from __future__ import annotations

import base64
import json
import os
import pickle
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from ipy_sessions import (
    BlockEnd,
    Finished,
    ModelError,
    Notice,
    Session,
    SessionManager,
    Settings,
    Started,
    TextDelta,
    ThinkingDelta,
    TurnRunningError,
    UnknownModelError,
    Waiting,
    history,
)
from ipy_sessions.model import connection, listing, registry
from ipy_sessions.model.prices import cost
from ipy_sessions.testing import Drop, Fault, MessagesServer, Reply, Status

Serve = Callable[..., tuple[Session, MessagesServer]]

OPUS: dict[str, Any] = {
    "id": "claude-opus-5-5",
    "max_tokens": 8000,
    "capabilities": {
        "thinking": {"supported": True, "types": {"adaptive": {"supported": True}, "enabled": {"supported": False}}},
        "effort": {"supported": True, "low": {"supported": True}, "high": {"supported": True}},
    },
}
OLDER: dict[str, Any] = {
    "id": "claude-older",
    "capabilities": {
        "thinking": {
            "supported": True,
            "types": {
                "enabled": {"supported": True},
                "disabled": {"supported": True},
                "adaptive": {"supported": False},
            },
        },
        "effort": {"supported": False, "low": {"supported": False}},
    },
}


def notices(session: Session, text: str, **options: Any) -> list[str]:
    """Ask; return what the user is told beside the answer."""
    return [event.text for event in session.stream(text, **options) if isinstance(event, Notice)]


# What is asked, and of whom


def test_behind_a_base_url_the_first_model_that_the_server_lists_answers(serve: Serve) -> None:
    """No key, no name: it streams, and the log says who answered."""
    session, server = serve("Nice to meet you, Alice!", models=[{"id": "qwen3"}, {"id": "other"}])
    reply = session.prompt("My name is Alice")
    assert (str(reply), reply.model, reply.stop_reason) == ("Nice to meet you, Alice!", "qwen3", "end_turn")
    assert server.asked[0]["model"] == "qwen3"
    assert server.asked[0]["messages"] == [{"role": "user", "content": [{"type": "text", "text": "My name is Alice"}]}]
    assert server.asked[0]["stream"] is True
    assert session.parameters.model == "qwen3"
    assert not session.parameters.chosen


def test_the_model_is_the_options_the_sessions_the_settings_and_then_the_default(serve: Serve) -> None:
    """The nearest wins; an option holds for its turn."""
    models = [{"id": name} for name in ("first", "of-the-setting", "of-the-session", "of-the-turn")]
    session, server = serve(models=models, settings={"model": "of-the-setting"})
    session.prompt("a")
    session.prompt("b", model="of-the-turn")
    session.configure(model="of-the-session")
    session.prompt("c")
    session.configure(model="")
    session.prompt("d")
    assert [body["model"] for body in server.asked] == ["of-the-setting", "of-the-turn", "of-the-session", "first"]


def test_with_a_key_claude_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """No base URL: Anthropic's own server, and the model of the design. Nothing is asked to find that out."""
    monkeypatch.delenv("IPY_SESSIONS_MODEL")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-test-not-a-key")
    with SessionManager.in_memory() as manager:
        model = manager.models.find("")
        assert model.name == "claude-sonnet-5-5"
        assert "claude-haiku-5-5" in manager.models.names()
        assert "claude-sonnet-4-5" not in manager.models.names()  # which goes on 30 November 2026


def test_without_a_key_the_offline_model_answers_and_says_so_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """One sentence, with what to do about it."""
    monkeypatch.delenv("IPY_SESSIONS_MODEL")
    with SessionManager.in_memory(Settings(offline_delay=0)) as manager:
        session = manager.create()
        (told,) = notices(session, "hi")
        assert told.startswith("There is no key for a language model, so the offline model answers, which is none.")
        assert "`%session help model`" in told
        assert notices(session, "hi") == []
        with pytest.raises(UnknownModelError, match="needs a key, and there is none"):
            session.prompt("hi", model="claude-sonnet-5-5")


def test_a_key_that_is_set_later_counts_from_the_next_ask_on(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """A default model is found anew at each ask, as long as nobody has chosen one."""
    session, server = serve("Hello from the server.")
    monkeypatch.delenv("ANTHROPIC_BASE_URL")
    assert session.prompt("hi").model == "offline"
    monkeypatch.setenv("ANTHROPIC_BASE_URL", f"{server.url.removeprefix('http://')}/v1/")  # as one types it
    assert str(session.prompt("hi")) == "Hello from the server."
    assert [message["role"] for message in server.asked[0]["messages"]] == ["user", "assistant", "user"]


def test_a_server_that_lists_no_models_wants_a_name(serve: Serve) -> None:
    """One sentence; with a name it works."""
    session, _ = serve("Hello.", lists=False)
    with pytest.raises(ModelError, match=r"does not list its models. Name one: `%%agent --model NAME`"):
        session.prompt("hi")
    assert not session.has_messages
    assert str(session.prompt("hi", model="llama3")) == "Hello."


def test_a_default_model_is_waited_for_in_the_open(serve: Serve) -> None:
    """A server too busy to list its models is asked again within the turn; the question is in the log by then."""
    session, server = serve("Hello.", models=[{"id": "first"}])
    page, server.page = server.page, Status(529, "overloaded_error", "Overloaded")
    told: list[str] = []
    for event in session.stream("hi"):
        if isinstance(event, Waiting):
            told.append(event.reason)
            server.page = page
            assert [entry.text for entry in session.tree if entry.role == "user"] == ["hi"]
    assert set(told) == {"Overloaded"}
    assert session.tree[str(session.leaf)].text == "Hello."
    assert server.asked[0]["model"] == "first"
    assert session.prompt("again").model == "first"
    assert session.parameters.model == "first"


def test_a_default_model_that_cannot_be_found_leaves_the_question_in_the_log(serve: Serve) -> None:
    """After the repetitions, one sentence; and the next ask goes on."""
    session, server = serve("Hello.", settings={"retries": 1})
    page, server.page = server.page, Status(500, "api_error", "Oops")
    with pytest.raises(ModelError, match=r"failed \(500: Oops\)"):
        session.prompt("hi")
    assert session.tree[str(session.leaf)].fields["end"] == "error"
    server.page = page
    assert str(session.prompt("again")) == "Hello."


def test_options_go_over_the_wire(serve: Serve) -> None:
    """System text, longest answer, stop sequences, caching, effort, thinking; and into the log, as they were meant."""
    session, server = serve(models=[OPUS])
    session.prompt(
        "hi",
        system="Be brief.",
        max_tokens=9000,
        stop_sequences=("END",),
        cache="1h",
        effort="high",
        thinking="on",
    )
    sent = server.asked[0]
    assert sent["system"] == "Be brief."
    assert sent["max_tokens"] == 8000  # the model's own limit
    assert sent["stop_sequences"] == ["END"]
    assert sent["cache_control"] == {"type": "ephemeral", "ttl": "1h"}
    assert sent["output_config"] == {"effort": "high"}
    assert sent["thinking"] == {"type": "adaptive", "display": "summarized"}
    lines = [json.loads(line) for line in session.file.read_bytes().splitlines()]
    (asked_with,) = [line for line in lines if line.get("scope") == "turn"]
    assert asked_with["options"] == {
        "max_tokens": 9000,
        "thinking": "on",
        "effort": "high",
        "stop_sequences": ["END"],
        "cache": "1h",
    }


@pytest.mark.parametrize(
    ("model", "options", "sent", "told"),
    [
        (OPUS, {}, {}, []),
        (OPUS, {"cache": "5m"}, {"cache_control": {"type": "ephemeral"}}, []),
        (OPUS, {"thinking": "off"}, {}, ["claude-opus-5-5 always thinks: asked without thinking='off'."]),
        (
            OPUS,
            {"thinking": "2048"},
            {"thinking": {"type": "adaptive", "display": "summarized"}},
            ["claude-opus-5-5 takes no number of tokens for thinking: it decides by itself."],
        ),
        (
            OPUS,
            {"effort": "max"},
            {},
            ["claude-opus-5-5 has no effort 'max' (it has high, low): asked without."],
        ),
        (OLDER, {"thinking": "2048"}, {"thinking": {"type": "enabled", "budget_tokens": 2048}}, []),
        (OLDER, {"thinking": "on"}, {"thinking": {"type": "enabled", "budget_tokens": 8000}}, []),
        (OLDER, {"thinking": "off"}, {"thinking": {"type": "disabled"}}, []),
        (
            OLDER,
            {"thinking": "on", "max_tokens": 500},
            {},
            ["Thinking needs max_tokens above 1024, and it is 500: asked without."],
        ),
        (OLDER, {"effort": "low"}, {}, ["claude-older has no effort 'low' (it has none): asked without."]),
        ({"id": "plain"}, {"effort": "low"}, {"output_config": {"effort": "low"}}, []),
    ],
)
def test_optional_features_are_asked_for_where_the_model_has_them(
    serve: Serve, model: dict[str, Any], options: dict[str, Any], sent: dict[str, Any], told: list[str]
) -> None:
    """By what the server says of the model; what is left out is said."""
    session, server = serve(models=[model])
    assert notices(session, "hi", **options) == told
    optional = ("thinking", "output_config", "cache_control")
    assert {name: server.asked[0][name] for name in optional if name in server.asked[0]} == sent


def test_an_option_that_the_server_refuses_is_left_out_and_that_is_said(serve: Serve) -> None:
    """Asked again, simpler; the answer comes."""
    refused = Status(400, "invalid_request_error", "thinking: Extra inputs are not permitted")
    session, server = serve(refused, "Hello.", models=[{"id": "plain"}])
    (told,) = notices(session, "hi", thinking="on")
    assert "thinking: Extra inputs are not permitted" in told
    assert told.endswith("Asked again without.")
    assert " refused thinking (" in told
    assert ["thinking" in body for body in server.asked] == [True, False]
    assert session.info().message_count == 2


def test_a_deprecated_model_is_said_to_be_once(serve: Serve) -> None:
    """With the day on which it goes."""
    leaving = {"id": "claude-old", "lifecycle": "deprecated", "retires_at": "2026-12-24T00:00:00Z"}
    session, _ = serve(models=[leaving])
    assert notices(session, "hi") == ["claude-old is deprecated and goes on 2026-12-24: choose another model in time."]
    assert notices(session, "hi") == []


# What comes back


def test_blocks_are_kept_to_the_byte_and_sent_back_to_the_byte(serve: Serve) -> None:
    """Thinking with its signature, a server's tool with its result, a block that nobody knows yet, citations."""
    blocks: list[dict[str, Any]] = [
        {"type": "thinking", "thinking": "Let me  see …\n", "signature": "EqQBCkYIAxgCIkA+/=="},
        {"type": "redacted_thinking", "data": "ab+/=="},
        {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {"query": "ä \u2028"}},
        {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": [{"encrypted_content": "x=="}]},
        {"type": "future_block", "payload": {"deep": [1, None, 2.5]}},
        {"type": "text", "text": "Hello.", "citations": [{"type": "web", "cited_text": "…"}]},
    ]
    session, server = serve(Reply(blocks), "again")
    events = list(session.stream("hi"))
    assert [type(event) for event in events if not isinstance(event, TextDelta | ThinkingDelta)] == [
        Started,
        *[BlockEnd] * 6,
        Finished,
    ]
    assert session.tree[str(session.leaf)].content == blocks
    assert json.loads(session.file.read_bytes().splitlines()[-1])["content"] == blocks
    session.prompt("and now?")
    assert server.asked[1]["messages"][1] == {"role": "assistant", "content": blocks}


def test_usage_with_the_cache_and_cost_reach_the_entry_the_info_and_the_frame(serve: Serve) -> None:
    """Tokens as the server counted them; a price that is not known is null and never 0."""
    counts = {"input_tokens": 10, "output_tokens": 5, "cache_read_input_tokens": 700}
    counts |= {"cache_creation_input_tokens": 30}
    session, _ = serve(Reply("Hello.", usage=counts), models=[{"id": "claude-sonnet-5-5"}])
    reply = session.prompt("hi")
    assert {name: reply.usage[name] for name in counts} == counts
    assert reply.cost_usd is None  # the same name costs another price here, or none
    frame = history(session)
    names = ["input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens"]
    assert frame[names].iloc[-1].tolist() == [10, 5, 700, 30]
    assert frame["cost_usd"].isna().all()
    info = session.info()
    assert (info.cache_read_tokens, info.cache_write_tokens, info.cost_usd) == (700, 30, None)


def test_a_price_is_the_sum_of_its_parts() -> None:
    """For Claude at Anthropic, by hand: $2 in, $10 out, $0.10 read and $2.50 written, a million tokens each."""
    usage = {"input_tokens": 1000, "output_tokens": 100, "cache_read_input_tokens": 500}
    usage |= {"cache_creation_input_tokens": 200}
    price = cost(usage, "claude-sonnet-5-5", "https://api.anthropic.com")
    assert price == pytest.approx(0.002 + 0.001 + 0.00005 + 0.0005)
    assert cost(usage, "claude-unheard-of", "https://api.anthropic.com") is None
    assert cost({"input_tokens": 1}, "claude-sonnet-5-5", "https://api.anthropic.com") is None


def test_a_pause_is_continued_within_the_turn(serve: Serve) -> None:
    """The paused answer is sent back as it is; one entry holds both parts, and the tokens of both."""
    paused: list[dict[str, Any]] = [
        {"type": "text", "text": "Looking. "},
        {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {"query": "x"}},
    ]
    found: list[dict[str, Any]] = [{"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": []}]
    rest = [*found, {"type": "text", "text": "Found."}]
    one = Reply(paused, stop_reason="pause_turn", usage={"input_tokens": 10, "output_tokens": 3})
    session, server = serve(one, Reply(rest, usage={"input_tokens": 20, "output_tokens": 4}), "and?")
    reply = session.prompt("hi")
    assert reply.content == [*paused, *rest]
    assert (reply.stop_reason, reply.usage["input_tokens"], reply.usage["output_tokens"]) == ("end_turn", 30, 7)
    assert server.asked[1]["messages"][-1] == {"role": "assistant", "content": paused}
    session.prompt("go on")  # which the server would refuse, were the history not right
    assert len(server.asked) == 3


def test_a_refused_turn_is_kept_in_the_log_and_not_sent_again(serve: Serve) -> None:
    """Sent again, it would be refused again; what was said before it stays."""
    refusal = Reply("I can", stop_reason="refusal", stop_details={"category": "cyber", "explanation": "Not that."})
    session, server = serve("Hello.", refusal, "Fine.")
    session.prompt("hi")
    reply = session.prompt("something bad")
    assert (reply.stop_reason, reply.stop_details) == ("refusal", {"category": "cyber", "explanation": "Not that."})
    session.prompt("something else")
    texts = [block["text"] for message in server.asked[2]["messages"] for block in message["content"]]
    assert texts == ["hi", "Hello.", "something else"]
    assert [entry.text for entry in session.tree if entry.role] == [
        *("hi", "Hello.", "something bad", "I can", "something else", "Fine.")
    ]


@pytest.mark.parametrize("overflow", ["status", "stop_reason"])
def test_a_full_context_window_names_a_larger_model_or_a_new_session(serve: Serve, overflow: str) -> None:
    """And with that model the session goes on."""
    models = [{"id": "small", "max_input_tokens": 1000}, {"id": "large", "max_input_tokens": 5000}]
    too_long = Status(400, "invalid_request_error", "prompt is too long: 1200 tokens > 1000 maximum")
    full = Reply("so far", stop_reason="model_context_window_exceeded")
    session, server = serve(too_long if overflow == "status" else full, "It fits.", models=models)
    told = "The conversation no longer fits: `--model large` has room for 5,000 tokens; or `%session new`."
    if overflow == "status":
        with pytest.raises(ModelError) as caught:
            session.prompt("hi")
        assert caught.value.kind == "context_overflow"
        assert str(caught.value) == f"small: prompt is too long: 1200 tokens > 1000 maximum. {told}"
    else:
        assert notices(session, "hi") == [f"The context window of small is full. {told}"]
    assert str(session.prompt("hi", model="large")) == "It fits."
    too_large = Status(413, "request_too_large", "Request exceeds the maximum size")
    server.push(too_large)
    with pytest.raises(ModelError, match=r"too large \(413\).*go on in another one, `%session new`"):
        session.prompt("hi", model="large")


# Switching models


def test_models_are_switched_inside_a_session(serve: Serve) -> None:
    """Offline to a server's and back; another model's thinking is left out, its own comes back."""
    thought = [{"type": "thinking", "thinking": "Hm.", "signature": "c2ln"}, {"type": "text", "text": "From one."}]
    session, server = serve(Reply(thought), "From two.", "From one again.", models=[{"id": "one"}, {"id": "two"}])
    assert "Nice to meet you, Alice" in str(session.prompt("My name is Alice", model="offline"))
    session.prompt("a", model="one")
    session.prompt("b", model="two")
    session.prompt("c", model="one")
    assert "Your name is **Alice**." in str(session.prompt("What is my name?", model="offline"))
    kinds = [[block["type"] for block in body["messages"][3]["content"]] for body in server.asked[1:]]
    assert kinds == [["text"], ["thinking", "text"]]


def test_a_server_that_refuses_what_another_had_added_is_asked_without(serve: Serve) -> None:
    """Blocks that only their own server knows are left out the second time, and that is said."""
    foreign: list[dict[str, Any]] = [
        {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {}},
        {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": []},
        {"type": "text", "text": "Found."},
    ]
    refused = Status(400, "invalid_request_error", "messages.1.content.0.type: unknown block type")
    session, server = serve(Reply(foreign), refused, "Hello.", models=[{"id": "one"}, {"id": "two"}])
    session.prompt("a", model="one")
    (told,) = notices(session, "b", model="two")
    assert " refused what another model or its server had added to the conversation (" in told
    assert [block["type"] for block in server.asked[2]["messages"][1]["content"]] == ["text"]


# Waiting


def test_a_busy_server_is_asked_again_in_the_open(serve: Serve) -> None:
    """Each wait is an event with its seconds and its reason; the SDK repeats nothing behind our backs."""
    busy = Status(529, "overloaded_error", "Overloaded")
    limited = Status(429, "rate_limit_error", "Slow down", {"retry-after": "0"})
    session, server = serve(busy, limited, Status(500), "Hello.")
    waits = [event for event in session.stream("hi") if isinstance(event, Waiting) and event.seconds == 0]
    assert [(wait.reason, wait.attempt, wait.attempts) for wait in waits] == [
        *(("Overloaded", 1, 5), ("Slow down", 2, 5), ("An error", 3, 5))
    ]
    assert len(server.asked) == 4
    assert {seen.headers["x-stainless-retry-count"] for seen in server.requests} == {"0"}


def test_a_server_that_asks_for_too_long_a_wait_is_not_waited_for(serve: Serve) -> None:
    """An hour is said to be an hour, at once."""
    session, server = serve(Status(429, "rate_limit_error", "Slow down", {"retry-after": "3600"}))
    with pytest.raises(ModelError, match=r"asks to wait for 3,600 s, more than the setting retry_wait allows"):
        session.prompt("hi")
    assert len(server.asked) == 1


def test_waiting_has_an_end(serve: Serve) -> None:
    """After the repetitions that the setting allows, one sentence; the question is kept, and the session goes on."""
    session, server = serve(*[Status(529, "overloaded_error", "Overloaded")] * 3, "Hello.", settings={"retries": 2})
    with pytest.raises(
        ModelError, match=r"is overloaded \(529: Overloaded\)\. Run the cell again in a while\."
    ) as caught:
        session.prompt("hi")
    assert caught.value.kind == "overloaded_error"
    entry = session.tree[str(session.leaf)]
    assert (entry.fields["end"], entry.fields["error"]["type"]) == ("error", "overloaded_error")
    assert str(session.prompt("again")) == "Hello."
    assert len(server.asked) == 4


def test_a_server_that_is_gone_is_said_to_be(serve: Serve) -> None:
    """Refused connections: a few tries, then what to do."""
    session, server = serve("Hello.")
    session.prompt("hi")
    server.stop()
    waits = []
    with pytest.raises(ModelError, match=r"Nothing answers at http://127\.0\.0\.1:\d+: is the server running\?"):
        waits += [event.attempt for event in session.stream("again") if isinstance(event, Waiting)]
    assert session.tree[str(session.leaf)].fields["error"]["type"] == "connection_refused"


def test_a_silent_server_is_given_up_after_the_timeout(serve: Serve) -> None:
    """Not before, not never; one sentence names the setting."""
    session, _ = serve(Drop(seconds=3), settings={"timeout": 0.3})
    with pytest.raises(ModelError, match=r"was silent for 0\.3 s \(the setting timeout\) before it said anything"):
        session.prompt("hi")


def test_whoever_stops_listening_hangs_up(serve: Serve) -> None:
    """The server learns at once that nobody listens, and writes no more; what came is kept."""
    session, server = serve(Reply("word " * 2000, delay=0.005))
    events = session.stream("hi")
    next(event for event in events if isinstance(event, TextDelta))
    events.close()
    deadline = time.monotonic() + 5
    while server.requests[-1].hung_up_at is None and time.monotonic() < deadline:
        time.sleep(0.01)
    assert server.requests[-1].hung_up_at is not None
    entry = session.tree[str(session.leaf)]
    assert (entry.text, entry.fields["end"]) == ("word ", "interrupted")
    assert "output_tokens" not in entry.usage  # what the server had said of them was a first guess


# Keys


def test_no_key_reaches_a_file_an_error_a_repr_or_a_pickle(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even when the server repeats it: in its error, in the thinking, in the answer."""
    key = "sk-ant-api03-" + "k3Y" * 9
    monkeypatch.setenv("ANTHROPIC_API_KEY", key)
    thinking = [{"type": "thinking", "thinking": f"It is {key}.", "signature": "c2ln"}]
    said = [*thinking, {"type": "text", "text": f"Your key is {key}."}]
    session, server = serve(Status(401, "authentication_error", f"invalid key {key}"), Reply(said), "Hello.")
    with pytest.raises(
        ModelError, match=r"does not accept the key \(401: invalid key \[masked ANTHROPIC_API_KEY\]\)"
    ) as caught:
        session.prompt(f"My key is {key}")
    reply = session.prompt("What is it?")
    session.prompt("Thanks")  # the thinking was masked, so its signature no longer holds: it is not sent
    assert server.requests[-1].headers["authorization"] == f"Bearer {key}"
    assert [[block["type"] for block in message["content"]] for message in server.asked[2]["messages"]][3] == ["text"]
    assert "Hello." in str(session.tree[str(session.leaf)].text)
    connection = session._find_model("x")._connection  # type: ignore[attr-defined]
    seen = [*map(str, (caught.value.__context__, caught.value.__cause__)), repr(session), repr(vars(connection))]
    seen += [repr(connection), str(pickle.dumps(caught.value)), str(pickle.dumps(reply)), repr(reply)]
    seen += [session.file.read_text(), json.dumps([body["messages"] for body in server.asked])]
    assert not [text for text in seen if key in text]
    assert caught.value.__context__ is None
    with pytest.raises(TypeError, match="not to be pickled"):
        pickle.dumps(connection)


@pytest.mark.parametrize("pieces", [1, 2, 7, 60])
def test_no_event_holds_a_key_however_it_was_cut(serve: Serve, monkeypatch: pytest.MonkeyPatch, pieces: int) -> None:
    """A secret that a server repeats is masked in the pieces, too; the text around it arrives whole."""
    monkeypatch.setenv("DATABASE_PASSWORD", "correct horse battery")
    text = f"one sk-ant-api03-{'k3Y' * 9} two correct horse battery three correct horses s"
    thinking = {"type": "thinking", "thinking": text, "signature": "c2ln"}
    session, _ = serve(Reply([thinking, {"type": "text", "text": text}], pieces=pieces))
    events = list(session.stream("hi"))
    expected = "one [masked API key] two [masked DATABASE_PASSWORD] three correct horses s"
    for kind in (TextDelta, ThinkingDelta):
        assert "".join(event.text for event in events if isinstance(event, kind)) == expected
    assert "k3Yk3Y" not in repr(events)
    assert "horse battery" not in repr(events)


def test_a_login_in_the_address_goes_into_a_header(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Where no log of the SDK or of its HTTP client can show it."""
    session, server = serve("Hello.")
    monkeypatch.setenv("ANTHROPIC_BASE_URL", server.url.replace("http://", "http://user:secret%2Fword@"))
    with caplog.at_level("DEBUG"):
        assert str(session.prompt("hi")) == "Hello."
    assert server.requests[-1].headers["authorization"] == "Basic " + base64.b64encode(b"user:secret/word").decode()
    assert caplog.records
    assert "secret" not in caplog.text


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (Status(429, "rate_limit_error", "Too many tokens, please wait"), "rate_limit_error"),
        (
            Status(400, "invalid_request_error", "input length and `max_tokens` exceed context limit: 190000 + 16000"),
            "context_overflow",
        ),
        (Status(429, "rate_limit_error", "x", {"x-should-retry": "false"}), "rate_limit_error"),
    ],
)
def test_a_limit_is_told_from_a_full_window(serve: Serve, status: Status, kind: str) -> None:
    """By the status first; only what may pass is asked again, and never when the server says so."""
    session, server = serve(status, "Hello.")
    if kind == "rate_limit_error" and not status.headers:
        assert str(session.prompt("hi")) == "Hello."
        return
    with pytest.raises(ModelError) as caught:
        session.prompt("hi")
    assert caught.value.kind == kind
    assert len(server.asked) == 1


def test_a_server_may_tell_its_wait_in_milliseconds(serve: Serve) -> None:
    """And is waited for that long."""
    busy = Status(503, "api_error", "Loading", {"retry-after-ms": "20", "x-should-retry": "true"})
    session, _ = serve(busy, "Hello.", settings={"retry_wait": 1.0})
    waits = [event.seconds for event in session.stream("hi") if isinstance(event, Waiting)]
    assert waits == [0.02, 0]


def test_a_server_that_was_busy_or_empty_once_is_asked_again_about_its_models(serve: Serve) -> None:
    """What it could not say at first counts as soon as it says it."""
    session, server = serve(models=[])
    with pytest.raises(ModelError, match="does not list its models"):
        session.prompt("hi")
    server.models.append({**OLDER})
    assert session.prompt("hi").model == "claude-older"
    assert notices(session, "hi", effort="low") == ["claude-older has no effort 'low' (it has none): asked without."]


def test_a_refusal_is_answered_by_leaving_out_what_it_speaks_of(serve: Serve) -> None:
    """The foreign blocks and not the options; an option and not the others; nothing when it is about something else."""
    thought = [{"type": "thinking", "thinking": "Hm.", "signature": "c2ln"}, {"type": "text", "text": "x"}]
    signature = Status(400, "invalid_request_error", "messages.1: Invalid `signature` in `thinking` block")
    effort = Status(400, "invalid_request_error", "output_config: effort is not supported")
    blocked = Status(400, "invalid_request_error", "Output blocked by content filtering policy")
    session, server = serve(Reply(thought), signature, "a", effort, "b", blocked, models=[{"id": "m"}])
    session.prompt("hi")
    for words in ("what another model or its server had added to the conversation", "effort"):
        (told,) = notices(session, "hi", effort="low", cache="5m")
        assert f" refused {words} (" in told
    with pytest.raises(ModelError, match=r"Change the question or its options"):
        session.prompt("hi", cache="5m")
    kept = [("output_config" in body, "cache_control" in body) for body in server.asked]
    assert kept == [(False, False), *[(True, True)] * 3, (False, True), (False, True)]


def test_two_things_that_a_server_refuses_are_left_out_one_by_one(serve: Serve) -> None:
    """What was left out stays out."""
    thought = [{"type": "thinking", "thinking": "Hm.", "signature": "c2ln"}, {"type": "text", "text": "x"}]
    blocks = Status(400, "invalid_request_error", "messages.1.content.0: unknown block type")
    effort = Status(400, "invalid_request_error", "output_config: Extra inputs are not permitted")
    session, server = serve(Reply(thought), blocks, effort, "Hello.", models=[{"id": "m"}])
    session.prompt("hi")
    assert len(notices(session, "hi", effort="low")) == 2
    last = server.asked[-1]
    assert "output_config" not in last
    assert [block["type"] for block in last["messages"][1]["content"]] == ["text"]


def test_a_manager_that_cannot_close_leaves_a_running_reply_its_connection(serve: Serve) -> None:
    """It is refused while a reply comes in, and the reply comes to its end."""
    serve(Reply("one two three", delay=0.02))
    with SessionManager.in_memory() as manager:
        session = manager.create()
        events = session.stream("hi")
        next(event for event in events if isinstance(event, TextDelta))
        with pytest.raises(TurnRunningError):
            manager.close()
        list(events)
        assert (session.tree[str(session.leaf)].text, session.info().interrupted) == ("one two three", False)


def test_a_pause_that_cannot_be_continued_keeps_what_was_paid_for(serve: Serve) -> None:
    """The first part, its tokens, and a sentence that says that there is one."""
    paused = Reply("Looking.", stop_reason="pause_turn", usage={"input_tokens": 1000, "output_tokens": 300})
    session, _ = serve(paused, *[Drop()] * 3, strict=False)
    with pytest.raises(ModelError):
        session.prompt("hi")
    entry = session.tree[str(session.leaf)]
    assert (entry.text, entry.usage["output_tokens"]) == ("Looking.", 300)


def test_models_are_switched_from_a_large_window_to_a_small_one_and_back(serve: Serve) -> None:
    """Where it no longer fits, one sentence names the way back."""
    models = [{"id": "small", "max_input_tokens": 1000}, {"id": "large", "max_input_tokens": 5000}]
    too_long = Status(400, "invalid_request_error", "prompt is too long: 1200 tokens > 1000 maximum")
    session, _ = serve("a", too_long, "c", models=models)
    session.prompt("hi", model="large")
    with pytest.raises(ModelError, match="`--model large` has room for 5,000 tokens"):
        session.prompt("hi", model="small")
    assert str(session.prompt("hi", model="large")) == "c"


# One turn at a time (acceptance case 18)


def test_a_prompt_during_a_prompt_is_refused_and_the_order_is_kept(serve: Serve) -> None:
    """From many threads and with slow readers: each accepted question is followed by its own answer."""
    session, server = serve(*[Reply(f"answer {number}", delay=0.002) for number in range(20)])
    refused: list[str] = []

    def ask(number: int) -> None:
        while True:
            try:
                for _ in session.stream(f"question {number}"):
                    time.sleep(0.002)  # a slow observer
            except Exception as error:  # noqa: BLE001 - of every kind, to be looked at below
                refused.append(type(error).__name__)
                time.sleep(0.003)
            else:
                return

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert set(refused) == {"TurnRunningError"}
    roles = [entry.role for entry in session.tree.path() if entry.role]
    assert roles == ["user", "assistant"] * 8
    said = [entry.text for entry in session.tree.path() if entry.role == "assistant"]
    assert said == [f"answer {number}" for number in range(8)]
    asked = [entry.text for entry in session.tree.path() if entry.role == "user"]
    assert sorted(asked) == [f"question {number}" for number in range(8)]
    assert [body["messages"][-1]["content"][0]["text"] for body in server.asked] == asked


def test_loading_without_a_credential_never_imports_the_sdk() -> None:
    """Nor does an ask of the offline model."""
    import subprocess
    import sys

    code = (
        "import sys, ipy_sessions as ses\n"
        "ses.SessionManager.in_memory(ses.Settings(offline_delay=0)).create().prompt('hi')\n"
        "print('anthropic' in sys.modules, 'genai_prices' in sys.modules)"
    )
    environment = {name: value for name, value in os.environ.items() if name != "IPY_SESSIONS_MODEL"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True)
    assert done.stdout.split() == ["False", "False"]


SECRET = "not-a-key-but-secret"


def test_a_server_that_repeats_the_key_is_not_repeated(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither while one waits nor afterwards, nor where a long sentence is cut."""
    session, server = serve(settings={"retries": 1, "model": "m"})
    monkeypatch.setenv("ANTHROPIC_API_KEY", SECRET)
    for message in (f"no, {SECRET}", "x" * 290 + SECRET):
        server.push(*[Status(429, "rate_limit_error", message)] * 2)
        events = []
        with pytest.raises(ModelError) as raised:
            events += [repr(event) for event in session.stream("hi")]
        assert "secret" not in f"{events} {raised.value}"
        assert "not-a-key" not in f"{events} {raised.value}"
    waiting = [event.reason for event in _waits(session, server.push(Status(429, message=f"no, {SECRET}")))]
    assert set(waiting) == {"no, [masked ANTHROPIC_API_KEY]"}
    assert SECRET not in session.file.read_text()


def _waits(session: Session, _server: MessagesServer) -> list[Waiting]:
    return [event for event in session.stream("hi") if isinstance(event, Waiting)]


@pytest.mark.parametrize("odd", [f"{SECRET}\n", f"{SECRET}\nabc", f"{SECRET}\r", " "])
def test_a_key_that_fits_no_header_is_refused_without_a_look_at_it(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, odd: str
) -> None:
    """The HTTP client would print it."""
    session, server = serve()
    monkeypatch.setenv("ANTHROPIC_API_KEY", odd)
    with pytest.raises(ModelError, match="there is a space or a line break in the key") as raised:
        session.prompt("hi")
    assert SECRET not in str(raised.value)
    assert not server.requests


def test_a_profile_without_a_key_does_not_keep_a_local_server_away(serve: Serve, tmp_path: Path) -> None:
    """A server that wants no key gets none."""
    session, _ = serve("Hello.")
    folder = tmp_path / "home" / ".config" / "anthropic" / "configs"
    folder.mkdir(parents=True)
    (folder / "default.json").write_text("{}")
    assert str(session.prompt("hi")) == "Hello."


def _dripping(seconds: float) -> str:
    """Return the address of a server that answers with a space every tenth of a second, and with nothing else."""

    def drip(client: socket.socket) -> None:
        with client, suppress(OSError):
            client.recv(65536)
            client.sendall(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 999\r\n\r\n")
            for _ in range(round(seconds / 0.1)):
                time.sleep(0.1)
                client.sendall(b" ")

    def serve(listening: socket.socket) -> None:
        with listening, suppress(OSError):
            while True:
                threading.Thread(target=drip, args=(listening.accept()[0],), daemon=True).start()

    listening = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=serve, args=(listening,), daemon=True).start()
    return f"http://127.0.0.1:{listening.getsockname()[1]}"


def test_questions_about_models_end_however_the_server_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bytes that drip end no wait of the HTTP client; Tab offers what it can get, and a model is asked about once."""
    monkeypatch.setattr(registry, "OFFERING", 0.3)
    monkeypatch.setattr(registry, "FINDING", 0.3)
    monkeypatch.setenv("ANTHROPIC_BASE_URL", _dripping(20))
    with SessionManager.in_memory(Settings(timeout=0.3)) as manager:
        manager.models.find("m")  # which imports the SDK
        begun = time.monotonic()
        assert manager.models.names() == ["offline"]
        asked = manager.models.find("m")._connection  # type: ignore[attr-defined]
        assert [asked.models.describe("m") for _ in range(20)] == [listing.UNKNOWN] * 20
        assert time.monotonic() - begun < 3
        with pytest.raises(ModelError, match="does not list its models"):
            manager.models.find("")


@pytest.mark.parametrize("page", [[], "x", {"data": 5}, {"data": True}, {"data": {"a": 1}}, {"data": ["x", {}]}])
def test_a_list_of_models_that_is_none_is_said_to_be_none(serve: Serve, page: Any) -> None:
    """One sentence, which says what to do."""
    session, server = serve()
    server.page = page
    with pytest.raises(ModelError, match="does not list its models"):
        session.prompt("hi")


def test_a_server_that_does_not_end_the_stream_is_left(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its last word was the last: what comes behind it, be it pings without end, holds no cell up."""
    monkeypatch.setattr(connection, "LEAVING", 0.2)
    session, server = serve(Reply("You said: hi", fault=Fault("pings", "over", 8)), Reply("You said: and now?"))
    begun = time.monotonic()
    assert str(session.prompt("hi")) == "You said: hi"
    assert str(session.prompt("and now?")) == "You said: and now?"
    assert time.monotonic() - begun < 6
    assert len(server.asked) == 2
