"""Sessions to measure with, made by the real encoder."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ipy_sessions.encoding import encode
from ipy_sessions.entries import VERSION, Entry, Header
from ipy_sessions.identifiers import SYSTEM, timestamp

START = datetime(2026, 1, 1, tzinfo=UTC)
SMALLEST, LARGEST = 60, 8000  # characters of a message
LONG, LONG_SHARE = 50_000, 0.02  # characters of a tool's long result, and how many messages are one
MEDIAN, SPREAD = 330.0, 1.2  # of the lognormal lengths in between; 2.1 kB a line on average, long ones included
SENTENCE = "The quick brown fox, Zo\u00eb and 42 \u201cothers\u201d jump over the lazy dog's `bowl` \u2014 again.\n"
TEXT = SENTENCE * (LONG // len(SENTENCE) + 1)


def conversation(messages: int, lengths: Iterator[int], number: int = 0) -> Iterator[bytes]:
    """Yield the lines of one session: questions and answers in turn, texts of these lengths."""
    session, began = SYSTEM.new_id(), START + timedelta(minutes=number)
    fields = {"name": f"session {number}", "key": "agent:main:jupyter:work", "notebook": "work.ipynb", "cwd": "/work"}
    yield encode(Header(VERSION, session, timestamp(began), {**fields, "git": None, "app": "ipy_sessions"}))
    parent = None
    for seq in range(1, messages + 1):
        content = [{"type": "text", "text": TEXT[: next(lengths)]}]
        more: dict[str, object] = {"role": "user", "content": content, "cell_id": f"cell-{seq}"}
        if seq % 2 == 0:
            usage = {"input_tokens": 100 + seq, "output_tokens": 50}
            more = {"role": "assistant", "content": content, "model": "claude-sonnet-4-5", "usage": usage}
            more |= {"cost_usd": 0.0011, "latency_ms": 812, "stop_reason": "end_turn"}
        entry = Entry("message", seq, SYSTEM.new_id(), parent, session, timestamp(began + timedelta(seconds=seq)), more)
        parent = entry.id
        yield encode(entry)


def lognormal(seed: int = 20260101) -> Iterator[int]:
    """Yield lengths of messages as they are in long sessions."""
    chance = random.Random(seed)  # noqa: S311 - lengths are no secret
    while True:
        if chance.random() < LONG_SHARE:
            yield LONG
        else:
            yield round(min(max(chance.lognormvariate(0.0, SPREAD) * MEDIAN, SMALLEST), LARGEST))


def small(seed: int = 20260101) -> Iterator[int]:
    """Yield lengths of messages as they are in short sessions."""
    chance = random.Random(seed)  # noqa: S311 - lengths are no secret
    while True:
        yield chance.randrange(60, 400)


def write_many(folder: Path, sessions: int, messages: int) -> None:
    """Write many short sessions into a new folder."""
    folder.mkdir()
    lengths = small()
    for number in range(sessions):
        path = folder / f"20260101T000000Z-session-{number:06}.jsonl"
        path.write_bytes(b"".join(conversation(messages, lengths, number)))


def write_one(path: Path, messages: int) -> None:
    """Write one long session."""
    with path.open("wb") as file:
        file.writelines(conversation(messages, lognormal()))
