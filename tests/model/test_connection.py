"""What can be found out without the SDK, what the assembly makes of odd streams, how long one waits."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipy_sessions import BlockEnd, Finished, Session, SessionManager, Settings, Started, TextDelta, ThinkingDelta
from ipy_sessions.entries import text_of
from ipy_sessions.events import Fold
from ipy_sessions.model import credentials
from ipy_sessions.model.anthropic import AnthropicModel
from ipy_sessions.model.assembly import Assembly, StreamFaultError
from ipy_sessions.model.connection import Connection
from ipy_sessions.model.faults import Fault
from ipy_sessions.model.retry import Patience
from ipy_sessions.testing import MessagesServer, Reply
from ipy_sessions.testing.script import Event


@pytest.mark.parametrize(
    ("environ", "found"),
    [
        ({}, False),
        ({"ANTHROPIC_API_KEY": ""}, False),
        ({"ANTHROPIC_API_KEY": "x"}, True),
        ({"ANTHROPIC_AUTH_TOKEN": "x"}, True),
        ({"ANTHROPIC_PROFILE": "work"}, True),
        ({"ANTHROPIC_ORGANIZATION_ID": "x"}, False),
        ({"ANTHROPIC_ORGANIZATION_ID": "x", "ANTHROPIC_FEDERATION_RULE_ID": "y"}, True),
    ],
)
def test_a_credential_is_seen_where_the_sdk_looks(environ: dict[str, str], found: bool, tmp_path: Path) -> None:
    """In variables and in profiles on the disk; nothing secret is read."""
    assert credentials.has_credential({"HOME": str(tmp_path), **environ}) is found
    profile = tmp_path / ".config" / "anthropic" / "configs" / "default.json"
    profile.parent.mkdir(parents=True)
    profile.write_text("{}")
    assert credentials.has_credential({"HOME": str(tmp_path)})
    assert credentials.has_credential({"HOME": "/nowhere", "ANTHROPIC_CONFIG_DIR": str(profile.parents[1])})


@pytest.mark.parametrize(
    ("typed", "used", "shown"),
    [
        ("", "", ""),
        ("http://localhost:11434", "http://localhost:11434", "http://localhost:11434"),
        ("localhost:11434/v1/", "http://localhost:11434", "http://localhost:11434"),
        ("https://user:secret@proxy.example/llm?key=1", None, "https://proxy.example/llm"),
        ("http://[::1]:8080", None, "http://[::1]:8080"),
    ],
)
def test_an_address_may_be_typed_as_one_does(typed: str, used: str | None, shown: str) -> None:
    """Without a scheme, with the /v1 of other APIs; it is shown without what is secret in it."""
    url = credentials.base_url({"ANTHROPIC_BASE_URL": typed})
    assert url == (typed if used is None else used)
    if url:
        assert credentials.without_secrets(url) == shown


def test_anthropics_own_servers_are_told_from_others() -> None:
    """By the host, not by a part of it."""
    assert credentials.is_official("https://api.anthropic.com")
    assert not credentials.is_official("https://anthropic.com.example.org")
    assert [
        credentials.is_loopback(f"http://{host}") for host in ("localhost", "127.0.0.1:1", "[::1]", "10.0.0.1")
    ] == [*(True, True, True, False)]


def whole(events: list[Event]) -> tuple[Assembly, list[Any]]:
    """Put a message together; return it and our events."""
    assembly = Assembly("m")
    ours = [one for _, data in events for one in assembly.take(data)]
    return assembly, [*ours, *assembly.finish()]


BLOCKS = st.lists(
    st.one_of(
        st.builds(lambda text: {"type": "text", "text": text}, st.text(max_size=30)),
        st.builds(lambda text: {"type": "thinking", "thinking": text, "signature": "c2ln"}, st.text(max_size=30)),
        st.builds(
            lambda value: {"type": "tool_use", "id": "t", "name": "n", "input": {"x": value}}, st.text(max_size=30)
        ),
        st.just({"type": "future_block", "deep": [1, {"x": None}]}),
    ),
    max_size=5,
)


@given(BLOCKS, st.integers(0, 7), st.sampled_from(["", "no_usage"]))
def test_any_message_is_put_together_as_it_was_cut(blocks: list[dict[str, Any]], pieces: int, quirk: Any) -> None:
    """Whatever its blocks and its deltas; and the fold of our events is the same message."""
    assembly, events = whole(Reply(blocks, pieces=pieces, quirk=quirk).events("m", "msg", 1))
    assert assembly.blocks == blocks
    fold = Fold("m")
    for event in events:
        fold.add(event)
    fold.add(Finished("end_turn", {}))
    assert fold.reply().content == blocks
    assert "".join(event.text for event in events if isinstance(event, TextDelta)) == text_of(blocks)


@given(BLOCKS, st.integers(1, 7), st.integers(0, 60))
def test_a_stream_that_ends_early_keeps_all_text_that_came(blocks: list[dict[str, Any]], pieces: int, cut: int) -> None:
    """Nothing that was shown is lost, and nothing is there that was not."""
    events = Reply(blocks, pieces=pieces).events("m", "msg", 1)
    fold, shown = Fold("m"), ""
    assembly = Assembly("m")
    for _, data in events[:cut]:
        for event in assembly.take(data):
            fold.add(event)
            shown += event.text if isinstance(event, TextDelta) else ""
    assert fold.reply(end="error").text == shown
    if cut < len(events) - 1:  # not even its stop reason has come
        with pytest.raises(StreamFaultError):
            list(assembly.finish())


def test_odd_events_are_no_fault() -> None:
    """Unknown ones, empty ones, deltas without a block, a start without anything in it."""
    assembly = Assembly("m")
    odd: list[dict[str, Any]] = [
        *({"type": "future"}, {}, {"type": "message_start", "message": None}, {"type": "content_block_stop"}),
        *({"type": "content_block_delta"}, {"type": "content_block_delta", "delta": {"type": "future_delta"}}),
        {"type": "content_block_delta", "delta": {"type": "thinking_delta", "thinking": "hm"}},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": True, "x": None}},
    ]
    events = [one for data in odd for one in assembly.take(data)] + list(assembly.finish())
    assert events == [Started("m", {}), ThinkingDelta("hm"), BlockEnd({"type": "thinking", "thinking": "hm"})]
    assert assembly.usage == {}


def start(block: Any) -> dict[str, Any]:
    """Return the event of a block's beginning."""
    return {"type": "content_block_start", "content_block": block}


def delta(kind: str, **data: Any) -> dict[str, Any]:
    """Return the event of a delta."""
    return {"type": "content_block_delta", "delta": {"type": kind, **data}}


END = {"type": "message_delta", "delta": {"stop_reason": "end_turn"}}


@pytest.mark.parametrize(
    ("events", "blocks"),
    [
        ([start({"type": "text", "text": "Hello"}), delta("text_delta", text=" world")], ["Hello world"]),
        ([start({}), delta("text_delta", text="a")], ["a"]),
        ([start(None), delta("text_delta", text="a")], ["a"]),
        ([start({"type": "thinking"}), delta("text_delta", text="a")], [{"type": "thinking", "thinking": ""}, "a"]),
        ([start({"type": "future"}), delta("text_delta", text="a")], [{"type": "future"}, "a"]),
        ([delta("text_delta", text="a\ud83d"), delta("text_delta", text="\ude00b\ud800c\ud83d")], ["a😀b�c"]),
        ([delta("text_delta", text=5), delta("text_delta", text=["a"])], [""]),
    ],
)
def test_text_is_shown_and_kept_as_text_however_it_comes(events: list[dict[str, Any]], blocks: list[Any]) -> None:
    """With a block's beginning, in a block of another or of no type, cut inside a character, of another kind."""
    expected = [{"type": "text", "text": one} if isinstance(one, str) else one for one in blocks]
    assembly, ours = whole([("", event) for event in [*events, END]])
    assert assembly.blocks == expected
    assert "".join(event.text for event in ours if isinstance(event, TextDelta)) == text_of(expected)


def test_an_end_without_a_reason_is_an_end() -> None:
    """And one that is only a reason, too."""
    assembly, _ = whole([("", delta("text_delta", text="a")), ("", {"type": "message_stop"})])
    assert assembly.stop_reason == "end_turn"
    assert whole([("", END)])[0].stop_reason == "end_turn"


def test_counts_are_whole_numbers_at_every_depth() -> None:
    """What is none is left out, so that the counts of two requests can be added."""
    usage = {"input_tokens": -1, "server_tool_use": {"web_search_requests": None, "web_fetch_requests": 2}}
    assembly, _ = whole([("", {**END, "usage": usage})])
    assert assembly.usage == {"server_tool_use": {"web_fetch_requests": 2}}


def test_an_error_may_be_a_text() -> None:
    """Its words are kept."""
    with pytest.raises(StreamFaultError, match="boom"):
        whole([("", {"type": "error", "error": "boom"})])


BUSY = Fault("overloaded_error", "Overloaded", "…", None)


def test_waits_double_up_to_eight_seconds() -> None:
    """A quarter less by chance; never longer than the setting."""
    patience = Patience(6, 60.0, chance=lambda: 0.0)
    assert [patience.wait(BUSY, done) for done in range(7)] == [0.5, 1.0, 2.0, 4.0, 8.0, 8.0, None]
    assert Patience(6, 60.0, chance=lambda: 1.0).wait(BUSY, 0) == 0.375
    assert Patience(6, 3.0, chance=lambda: 0.0).wait(BUSY, 5) == 3.0
    assert Patience(6, 60.0).wait(Fault("e", "r", "s", 0), 0) is None
    assert Patience(6, 60.0).wait(Fault("e", "r", "s", None, retry_after=12.0), 0) == 12.0
    assert Patience(6, 10.0).wait(Fault("e", "r", "s", None, retry_after=12.0), 0) is None
    assert Patience(0, 60.0).wait(BUSY, 0) is None


def test_the_countdown_tells_each_second() -> None:
    """The odd part first, so that whole seconds are left; it sleeps for as long as it says."""
    slept: list[float] = []
    told = list(Patience(3, 60.0, sleep=slept.append).countdown(2.5, BUSY, 1))
    assert [wait.seconds for wait in told] == [2.5, 2.0, 1.0, 0]
    assert slept == [0.5, 1.0, 1.0]
    assert {(wait.reason, wait.attempt, wait.attempts) for wait in told} == {("Overloaded", 2, 3)}


class AtAnthropic(Connection):
    """A connection to this machine that gives its address as Anthropic's, where prices are known."""

    base_url = "https://api.anthropic.com"


def test_a_cost_reaches_the_entry_the_info_and_the_footer(
    tmp_path: Path, serve: Callable[..., tuple[Session, MessagesServer]]
) -> None:
    """By the published price; an answer that was stopped makes the sum a lower bound."""
    usage = {"input_tokens": 1000, "output_tokens": 100}
    serve(Reply("Hello.", usage=usage), Reply("Hello again."))
    model = AnthropicModel("claude-sonnet-5-5", AtAnthropic(5.0), Patience(0, 0.0))
    with SessionManager(tmp_path, settings=Settings(), find_model=lambda _: model) as manager:
        session = manager.create()
        assert session.prompt("hi").cost_usd == pytest.approx(0.003)
        assert session.info().cost_usd == pytest.approx(0.003)
        events = session.stream("again")
        next(event for event in events if isinstance(event, TextDelta))
        events.close()
        info = session.info()
    assert info.cost_usd is None
    assert info.known_cost_usd == pytest.approx(0.003)
    model._connection.close()
