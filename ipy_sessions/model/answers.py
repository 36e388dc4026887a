r"""What the offline model says: from the messages that it was sent to the text of its answer.

Pure and deterministic. Each rule looks for one kind of sentence in the last message and answers from the user's
messages; when they do not hold the answer it says so, with the number of messages that it was sent, for that is the
lesson: a model knows what is in front of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

from ipy_sessions.entries import Message, text_of

Answer: TypeAlias = Callable[[re.Match[str], list[str]], str]

INTRODUCTION = (
    "I am the offline model: a small fixed program inside ipy_sessions, not a language model. "
    "I answer from the messages that I am sent, and from nothing else."
)
ABILITIES = (
    "tell me your name (*My name is …*) or a favourite (*My favourite language is …*), ask me for it again "
    "(*What is my name?*), say *remember that …* and then *What do you remember?*, ask *What did I say first?* "
    "or *How many turns is this?*, or let me *count to 50*"
)
COUNT_LIMIT = 5000  # about 20 kB of text
WORDS = r"[^.,;:!?\n]+?"  # a few words, up to the end of their clause
END = r"(?=\s+and\s+(?:my|i|remember|what|how)\b|\s*(?:[.,;:!?\n]|$))"
QUESTION = r"(?:what(?:'s|\u2019s|\s+is|\s+was)|tell\s+me|do\s+you\s+(?:know|remember)|which\s+is)\s+"


def answer(messages: Sequence[Message]) -> str:
    """Return the answer to the last message.

    Parameters
    ----------
    messages
        The conversation as it is sent; the last one is the user's.
    """
    # Block by block: what two messages in a row said is sent as one message.
    said = [text_of([block]) for message in messages if message["role"] == "user" for block in message["content"]]
    first_reply = all(message["role"] != "assistant" for message in messages)
    found = list(_answers(said)) or [_nothing(said)]
    return "\n\n".join([INTRODUCTION, *found] if first_reply else found)


def _answers(said: list[str]) -> Iterator[str]:
    last = said[-1] if said else ""
    for pattern, rule in _RULES:
        for match in re.finditer(pattern, last, re.IGNORECASE):
            yield rule(match, said)


def _told(pattern: str, said: Sequence[str]) -> list[str]:
    """Return what the user has told by sentences of this pattern, the latest last, each once."""
    found = [match["fact"].strip() for text in said for match in re.finditer(pattern, text, re.IGNORECASE)]
    return list(dict.fromkeys(reversed(found)))[::-1]


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _absent(what: str, said: Sequence[str]) -> str:
    sent = "In the one message of yours" if len(said) == 1 else f"In the {len(said)} messages of yours"
    return f"{sent} that I was sent, {what}, and I know nothing else."


def _greet(match: re.Match[str], _said: list[str]) -> str:
    return f"Nice to meet you, {match['fact'].strip()}!"


def _name(_match: re.Match[str], said: list[str]) -> str:
    names = _told(NAME, said)
    return f"Your name is **{names[-1]}**." if names else _absent("you do not tell your name", said)


def _note_favourite(match: re.Match[str], _said: list[str]) -> str:
    return f"Noted: your favourite {match['thing'].strip()} is {match['fact'].strip()}."


def _favourite(match: re.Match[str], said: list[str]) -> str:
    thing = " ".join(match["thing"].split())
    facts = _told(FAVOURITE.replace("(?P<thing>" + WORDS + ")", re.escape(thing)), said)
    if facts:
        return f"Your favourite {thing} is **{facts[-1]}**."
    return _absent(f"you do not tell your favourite {thing}", said)


def _note_fact(match: re.Match[str], _said: list[str]) -> str:
    return f"I will find it in this conversation: {match['fact'].strip()}."


def _facts(_match: re.Match[str], said: list[str]) -> str:
    facts = _told(REMEMBER, said)
    if not facts:
        return _absent("you do not ask me to remember anything", said)
    return "You asked me to remember:\n\n" + "\n".join(f"- {fact}" for fact in facts)


def _first(_match: re.Match[str], said: list[str]) -> str:
    if len(said) == 1:
        return "This is the first thing that you say in the messages that I was sent."
    quoted = "\n".join(f"> {line}" for line in said[0].splitlines())
    return f"The first thing that you said is:\n\n{quoted}"


def _turns(_match: re.Match[str], said: list[str]) -> str:
    return f"This is turn {len(said)}: I was sent {_count(len(said), 'message')} of yours."


def _counting(match: re.Match[str], _said: list[str]) -> str:
    number = int(match["number"][:9])
    shown = min(number, COUNT_LIMIT)
    rest = "" if number == shown else f"\n\nI stop at {COUNT_LIMIT}."
    return " ".join(str(n) for n in range(1, shown + 1)) + rest


def _nothing(said: list[str]) -> str:
    sent = _count(len(said), "message")
    return f"I have no answer to that; I was sent {sent} of yours. What I can do: {ABILITIES}."


NAME = rf"\bmy\s+name\s+is\s+(?!what|not\b)(?P<fact>{WORDS}){END}"
FAVOURITE = rf"\bmy\s+favou?rite\s+(?P<thing>{WORDS})\s+(?:is|are)\s+(?P<fact>{WORDS}){END}"
REMEMBER = r"\bremember\s+that\s+(?P<fact>[^!?\n]+?)(?=\s*(?:[.!?](?:\s|$)|\n|$))"

_RULES: tuple[tuple[str, Answer], ...] = (
    (NAME, _greet),
    (rf"\b{QUESTION}my\s+name\b|\bwho\s+am\s+i\b", _name),
    (FAVOURITE, _note_favourite),
    (rf"\b{QUESTION}my\s+favou?rite\s+(?P<thing>{WORDS})(?=\s*(?:[.,;:!?\n]|$))", _favourite),
    (REMEMBER, _note_fact),
    (r"\b(?:what|which\s+facts)\s+(?:do|did|should)\s+(?:you|i)\s+(?:ask\s+you\s+to\s+)?remember\b", _facts),
    (r"\bwhat\s+(?:did\s+i\s+say|was\s+the\s+first\s+thing)\b.*\b(?:first|said)\b", _first),
    (r"\bhow\s+many\s+(?:turns|messages|questions|times)\b|\bcount\s+(?:the|our|my)\s+turns\b", _turns),
    (r"\bcount\s+(?:up\s+)?to\s+(?P<number>\d+)", _counting),
)
