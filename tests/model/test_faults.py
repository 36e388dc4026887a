"""Every fault of the network and of a server, at every moment, through a real kernel and the real SDK.

The reader of a cell gets the part that came, one line that says what happened and one that says what to do. The log has
the same, with its reason. The next ask goes on, and the server, which is as strict as the API, takes it.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, get_args

import pytest
from model.talk import Talk

from ipy_sessions.testing import Drop, Fault, Reply, Status
from ipy_sessions.testing.script import Moment, Step

WORDS = "one two three four five six"
TOOL: list[dict[str, Any]] = [
    {"type": "text", "text": "Looking."},
    {"type": "tool_use", "id": "toolu_1", "name": "look", "input": {"where": "there and everywhere"}},
]


def check_broken(talk: Talk, below: str, kind: str, sentence: str) -> None:
    """See to it that the reader and the log have the part that came and the reason, and nothing more."""
    said = talk.lines()[-1]
    text = "".join(block.get("text", "") for block in said["content"])
    assert (said["role"], said["stop_reason"], said["end"]) == ("assistant", None, "error")
    assert said["error"]["type"] == kind
    assert "tool_use" not in [block["type"] for block in said["content"]]
    footer = "broken off; what came until then is kept" if said["content"] else "no answer"
    assert sentence in said["error"]["message"]
    assert sentence in below
    assert "Traceback" not in below
    rest = below.replace(text.rstrip(), "", 1).strip().splitlines()
    first, second = [line for line in rest if line]  # how it ended, and what happened and what to do
    assert first.startswith(footer)
    assert second.endswith(said["error"]["message"])


BROKEN = {
    "error": ("overloaded_error", "reported overloaded_error (Overloaded)"),
    "reset": ("connection_lost", "lost the connection"),
    "cut": ("connection_lost", "lost the connection"),
    "end": ("incomplete", "ended the connection"),
    "bad_json": ("invalid_stream", "sent something that cannot be read"),
    "silence": ("timeout", "was silent for 0.5 s (the setting timeout)"),
}


@pytest.mark.parametrize("at", get_args(Moment))
@pytest.mark.parametrize("kind", BROKEN)
def test_a_stream_that_breaks(talk: Talk, kind: Any, at: Moment) -> None:
    """Before its first event it is asked again; after its last one it is complete; in between the part is kept."""
    seconds = 0.8  # of silence, which is more than the timeout
    talk.server.push(Reply(WORDS, fault=Fault(kind, at, seconds)), "the whole answer")
    below = talk.kernel.run("%agent hi")
    said = talk.lines()[-1]
    if at == "first" and kind != "silence":
        assert "the whole answer" in below
        assert said["stop_reason"] == "end_turn"
    elif at == "over" or (at == "last" and kind != "error"):
        assert WORDS in below
        assert (said["stop_reason"], said["content"]) == ("end_turn", [{"type": "text", "text": WORDS}])
    else:
        check_broken(talk, below, *BROKEN[kind])
        came = "".join(block["text"] for block in said["content"])
        assert WORDS.startswith(came)
        assert {"started": "", "block": "", "middle": "one two three four ", "block_end": WORDS, "last": WORDS}.get(
            at, ""
        ).startswith(came)
        assert bool(came) == (at in ("middle", "block_end", "last"))
    talk.goes_on()


@pytest.mark.parametrize("at", ["started", "block", "middle", "block_end", "last"])
def test_pings_keep_a_slow_answer_alive(talk: Talk, at: Moment) -> None:
    """A silence that is longer than the timeout, but for the pings in it, is none."""
    talk.server.push(Reply(WORDS, fault=Fault("pings", at, 0.8)))
    assert WORDS in talk.kernel.run("%agent hi")
    assert talk.lines()[-1]["stop_reason"] == "end_turn"


@pytest.mark.parametrize("kind", BROKEN)
@pytest.mark.parametrize("at", ["middle", "block_end"])
def test_a_tool_call_that_was_cut_is_no_tool_call(talk: Talk, kind: Any, at: Moment) -> None:
    """It looks whole, and is left out; the text before it is kept."""
    talk.server.push(Reply(TOOL, stop_reason="tool_use", fault=Fault(kind, at, 0.8)))
    check_broken(talk, talk.kernel.run("%agent hi"), *BROKEN[kind])
    assert talk.lines()[-1]["content"] == [{"type": "text", "text": "Looking."}]
    talk.goes_on()


def test_a_tool_call_that_is_no_json_is_left_out(talk: Talk) -> None:
    """One line, and the text before it."""
    talk.server.push(Reply([TOOL[0], {**TOOL[1], "input": '{"where": '}], stop_reason="tool_use"))
    check_broken(talk, talk.kernel.run("%agent hi"), "invalid_tool_input", "sent a tool call that cannot be read")
    talk.goes_on()


@pytest.mark.parametrize("kind", BROKEN)
def test_thinking_that_was_cut_is_kept_and_not_sent(talk: Talk, kind: Any) -> None:
    """Nobody has signed it."""
    thinking = [{"type": "thinking", "thinking": "a b c d e f g h", "signature": "c2ln"}, {"type": "text", "text": "x"}]
    talk.server.push(Reply(thinking, fault=Fault(kind, "middle", 0.8)))
    assert BROKEN[kind][1] in talk.kernel.run("%agent hi")
    assert [block["type"] for block in talk.lines()[-1]["content"]] == ["thinking"]
    talk.goes_on()
    assert all(block["type"] == "text" for message in talk.server.asked[-1]["messages"] for block in message["content"])


STATUSES = [
    (Status(400, "invalid_request_error", "That is wrong"), "refused the request (400: That is wrong)"),
    (
        Status(401, "authentication_error", "invalid bearer token"),
        "does not accept the key (401: invalid bearer token)",
    ),
    (Status(200, body="<html>Log in</html>"), "answered with text/html and not with a stream"),
    (Status(402, "billing_error", "No money"), "asks for payment (402: No money)"),
    (Status(403, "permission_error", "Not yours"), "The key may not do this (403: Not yours)"),
    (Status(404, "not_found_error", "model: model-a"), "There is no model 'model-a' at http://127.0.0.1"),
    (Status(413, "request_too_large", "Too large"), "the request is too large (413)"),
    (Status(429, "rate_limit_error", "Slow down"), "limits how much one may ask (429: Slow down)"),
    (Status(500, "api_error", "Internal server error"), "failed (500: Internal server error)"),
    (Status(502, body="<html><body>Bad gateway</body></html>"), "failed (502: Bad gateway)"),
    (Status(503, "api_error", "Loading model"), "failed (503: Loading model)"),
    (Status(529, "overloaded_error", "Overloaded"), "is overloaded (529: Overloaded)"),
]


@pytest.mark.parametrize(("status", "sentence"), STATUSES, ids=[str(status.code) for status, _ in STATUSES])
def test_an_answer_that_is_an_error(talk: Talk, status: Status, sentence: str) -> None:
    """One line; what may pass is asked again, as often as the setting says, and what will not is not."""
    talk.server.push(*[status] * 6)
    check_broken(talk, talk.kernel.run("%agent hi"), talk.lines()[-1]["error"]["type"], sentence)
    assert len(talk.server.asked) == (6 if status.code == 429 or status.code >= 500 else 1)
    talk.goes_on()


STOP_REASONS = [
    (Reply("so far", stop_reason="max_tokens"), "cut at `max_tokens`; `%agent go on` asks for the rest"),
    (Reply("so far", stop_reason="refusal"), "refused; this turn is not sent again"),
    (Reply("so far", stop_reason="model_context_window_exceeded"), "cut: the context window is full"),
    (Reply("so far", stop_reason="something_new"), "so far\n\nmodel-a · "),
]


@pytest.mark.parametrize(("reply", "words"), STOP_REASONS, ids=[str(reply.stop_reason) for reply, _ in STOP_REASONS])
def test_why_an_answer_ended_is_said_and_logged(talk: Talk, reply: Reply, words: str) -> None:
    """Below the cell, with what to do; no error; the session goes on."""
    talk.server.push(reply)
    below = talk.kernel.run("%agent hi")
    assert "so far" in below
    assert words in below
    if reply.stop_reason == "model_context_window_exceeded":
        assert "The conversation no longer fits: go on in another one, `%session new`." in below
    said = talk.lines()[-1]
    assert (said["stop_reason"], said["content"]) == (reply.stop_reason, [{"type": "text", "text": "so far"}])
    talk.goes_on()


def test_a_connection_that_hangs_is_given_up(talk: Talk) -> None:
    """An address that takes no connection: a few tries, and one line."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        waiting = []
        for _ in range(3):  # fill what the system takes before anybody accepts
            client = socket.socket()
            client.setblocking(False)
            with suppress(BlockingIOError):
                client.connect(full.getsockname())
            waiting.append(client)
        address = f"http://127.0.0.1:{full.getsockname()[1]}"
        talk.kernel.run(f"import os; os.environ['ANTHROPIC_BASE_URL'] = {address!r}")
        try:
            below = talk.kernel.run("%agent --model model-a hi")
        finally:
            talk.kernel.run(f"os.environ['ANTHROPIC_BASE_URL'] = {talk.server.url!r}")
            for client in waiting:
                client.close()
    assert f"{address} did not take the connection in time." in below
    assert "Traceback" not in below


@pytest.mark.parametrize("quirk", ["data_only", "no_usage", "no_blocks", "done", "whole"])
def test_other_servers_have_their_ways(talk: Talk, quirk: Any) -> None:
    """Streams without event names, counts, blocks' ends, or with a sentinel of another API: no fault."""
    talk.server.push(Reply(WORDS, quirk=quirk))
    assert WORDS in talk.kernel.run("%agent hi")
    said = talk.lines()[-1]
    assert (said["stop_reason"], said["content"]) == ("end_turn", [{"type": "text", "text": WORDS}])


def test_a_connection_that_is_reset_before_a_byte_is_asked_again(talk: Talk) -> None:
    """Twice, and then one line."""
    talk.server.push(Drop(), "the whole answer")
    assert "the whole answer" in talk.kernel.run("%agent hi")
    talk.server.push(*[Drop()] * 3)
    assert "could not be reached" in talk.kernel.run("%agent hi")
    assert len(talk.server.asked) == 5
    talk.goes_on()


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("http://127.0.0.1:9", "Nothing answers at http://127.0.0.1:9: is the server running?"),
        ("http://no-such-host.invalid", "http://no-such-host.invalid could not be reached:"),
        ("http://user:secret-word@127.0.0.1:9/v1", "Nothing answers at http://127.0.0.1:9: is the server running?"),
        ("http://[::1", "The SDK cannot use what the environment says"),
        ("http://localhost:99999", "The SDK cannot use what the environment says"),
        ("ftp://127.0.0.1", "ftp://127.0.0.1 could not be reached:"),
    ],
)
def test_an_address_where_nothing_is(talk: Talk, address: str, sentence: str) -> None:
    """One line names the address, without the password in it; a model that needs no server still answers."""
    talk.kernel.run(f"import os; os.environ['ANTHROPIC_BASE_URL'] = {address!r}")
    try:
        below = talk.kernel.run("%agent --model model-a hi")
        assert sentence in below
        assert "secret-word" not in below
        assert "Traceback" not in below
        assert "\n\noffline · " in talk.kernel.run("%agent --model offline hi")
    finally:
        talk.kernel.run(f"os.environ['ANTHROPIC_BASE_URL'] = {talk.server.url!r}")


STOPS: dict[str, tuple[Step, str]] = {
    "while it waits for a busy server": (
        Status(429, "rate_limit_error", "Slow down", {"retry-after": "30"}),
        "Slow down: asking again in ",
    ),
    "before the first byte": (Drop(seconds=30), ""),
    "after the message's start": (Reply(WORDS, fault=Fault("silence", "started", 30)), ""),
    "in the middle of the text": (Reply(WORDS, fault=Fault("silence", "middle", 30)), "one"),
    "between two words": (Reply(f"{WORDS} " * 300, delay=0.01), "one two"),
    "while it thinks": (
        Reply([{"type": "thinking", "thinking": WORDS}], fault=Fault("silence", "middle", 30)),
        "thinking, 1 word",
    ),
    "in a tool call": (Reply(TOOL, stop_reason="tool_use", fault=Fault("silence", "middle", 30)), "Looking."),
    "before the last event": (Reply(WORDS, fault=Fault("silence", "last", 30)), "one"),
}
"""What the server does, and what can be read below the cell when Stop is pressed."""


@contextmanager
def patient(talk: Talk) -> Iterator[None]:
    """Let the kernel wait for longer than any test does."""
    talk.kernel.run("%config IPySessions.timeout = 60.0")
    talk.kernel.run("%config IPySessions.retry_wait = 60.0")
    yield
    talk.kernel.run("%config IPySessions.timeout = 0.5")
    talk.kernel.run("%config IPySessions.retry_wait = 0.01")


@pytest.mark.parametrize("moment", STOPS)
def test_stop_ends_it_at_once_whatever_it_waits_for(talk: Talk, moment: str) -> None:
    """The kernel is idle, the cell says so in one line, what came is kept, and the session goes on."""
    step, seen = STOPS[moment]
    talk.server.push(step)
    with patient(talk):
        below = talk.stopped("%agent hi", seen)
    assert "Stopped. What came until then is kept in the session." in below
    assert "Traceback" not in below
    said = talk.lines()[-1]
    assert (said["role"], said["stop_reason"], said["end"]) == ("assistant", None, "interrupted")
    assert "output_tokens" not in said["usage"]
    assert said["cost_usd"] is None
    talk.goes_on()
