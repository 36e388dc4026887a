"""The offline model: honest, deterministic, and without any memory of its own."""

from __future__ import annotations

import pytest

from ipy_sessions.entries import Message
from ipy_sessions.events import Event, Finished, Started, TextDelta
from ipy_sessions.model.answers import INTRODUCTION, answer
from ipy_sessions.model.interface import Request
from ipy_sessions.model.offline import OfflineModel
from ipy_sessions.settings import Settings


def said(*texts: str, introduced: bool = True) -> list[Message]:
    """Return the messages of a conversation in which the user said these things."""
    messages = []
    for number, text in enumerate(texts):
        messages.append(Message(role="user", content=[{"type": "text", "text": text}]))
        if introduced and number < len(texts) - 1:
            messages.append(Message(role="assistant", content=[{"type": "text", "text": "…"}]))
    return messages


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["My name is Alice", "What's my name?"], "Your name is **Alice**."),
        (["my name is Zoë Smith, hello", "who am I?"], "Your name is **Zoë Smith**."),
        (["My name is Alice and I like tea", "What is my name"], "Your name is **Alice**."),
        (["My name is Alice", "My name is Bob", "What is my name?"], "Your name is **Bob**."),
        (["My favourite language is Rust", "what is my favorite language?"], "Your favourite language is **Rust**."),
        (["My favourite tea is Assam. My favourite language is C++", "What's my favourite tea?"], "**Assam**"),
        (["hi", "What did I say first?"], "The first thing that you said is:\n\n> hi"),
        (["hi", "ho", "How many turns is this?"], "This is turn 3: I was sent 3 messages of yours."),
        (["Remember that tea is at 5.", "What do you remember?"], "You asked me to remember:\n\n- tea is at 5"),
        (["hi", "please count to 5"], "1 2 3 4 5"),
    ],
)
def test_it_answers_from_the_messages(texts: list[str], expected: str) -> None:
    """What was said stands in what it was sent."""
    assert expected in answer(said(*texts))


@pytest.mark.parametrize(
    ("question", "absent"),
    [
        ("What is my name?", "you do not tell your name"),
        ("What is my favourite language?", "you do not tell your favourite language"),
        ("What do you remember?", "you do not ask me to remember anything"),
    ],
)
def test_it_says_when_the_messages_do_not_hold_the_answer(question: str, absent: str) -> None:
    """It invents nothing, and names how many messages it was sent."""
    assert f"In the one message of yours that I was sent, {absent}" in answer(said(question))
    assert f"In the 2 messages of yours that I was sent, {absent}" in answer(said("hi", question))


def test_it_says_what_it_is_in_its_first_reply_and_only_there() -> None:
    """Once a session: when no answer is among the messages."""
    assert answer(said("hi")).startswith(INTRODUCTION)
    assert "not a language model" in INTRODUCTION
    assert INTRODUCTION not in answer(said("hi", "ho"))


def test_it_says_what_it_can_do_when_it_has_no_answer() -> None:
    """Never a made-up answer."""
    assert "I have no answer to that" in answer(said("hi", "Why is the sky blue?"))


def streamed(messages: list[Message], max_tokens: int = 16_000) -> list[Event]:
    """Return the events of an answer."""
    request = Request(messages, Settings().parameters.changed(max_tokens=max_tokens))
    return list(OfflineModel().stream(request))


def test_it_streams_word_by_word_and_counts() -> None:
    """Many small deltas that join to the answer, between a start and an end with usage."""
    messages = said("hi", "count to 300")
    events = streamed(messages)
    deltas = [event.text for event in events if isinstance(event, TextDelta)]
    assert isinstance(events[0], Started)
    assert isinstance(events[-1], Finished)
    assert "".join(deltas) == answer(messages)
    assert len(deltas) == 300
    assert events[-1].usage["input_tokens"] > 0
    assert events[-1].usage["output_tokens"] == -(-len(answer(messages)) // 4)
    assert streamed(messages) == events


def test_it_keeps_to_the_longest_answer() -> None:
    """Like any model, it stops at max_tokens and says so."""
    events = streamed(said("hi", "count to 300"), max_tokens=5)
    assert isinstance(events[-1], Finished)
    assert events[-1].stop_reason == "max_tokens"
    assert len("".join(event.text for event in events if isinstance(event, TextDelta))) == 20
