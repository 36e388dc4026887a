"""Conversations that have cost something, over days and by models, always the same; in memory, and in a folder."""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from ipy_sessions import SessionManager, assistant, user
from ipy_sessions.readers.transcript import Draft, Transcript

FIRST = datetime(2026, 1, 5, 8, tzinfo=UTC)
MODELS = (("claude-opus-5", 15.0), ("claude-sonnet-5-5", 3.0), ("qwen3:30b", None))
"""Names, and US dollars for a million tokens that are sent."""


class Talk(NamedTuple):
    """A conversation: its name, when it began, and the fields of its answers, each with the minutes since then."""

    name: str
    began: datetime
    answers: list[tuple[float, dict[str, Any]]]


def talks(count: int, days: float = 0, models: Sequence[tuple[str, float | None]] = MODELS) -> Iterator[Talk]:
    """Yield some conversations that begin within some days."""
    chance = random.Random(count)  # noqa: S311 - no secret
    for number in range(count):
        began = FIRST + timedelta(days=chance.random() * days, hours=chance.random() * 9)
        model, price = chance.choice(models)
        answers = []
        for place in range(chance.randint(1, 6)):
            sent, cached, said = chance.randint(200, 3000), chance.randint(0, 3000) * place, chance.randint(50, 1500)
            usage = {"input_tokens": sent, "cache_read_input_tokens": cached, "output_tokens": said}
            cost = None if price is None else (sent + 5 * said + cached / 10) * price / 1e6
            latency = chance.randint(800, 9000)
            answers.append((5.0 * place, {"model": model, "usage": usage, "cost_usd": cost, "latency_ms": latency}))
        yield Talk(f"talk {number}", began, answers)


def transcripts(some: Iterator[Talk]) -> list[Transcript]:
    """Return conversations that are in memory."""
    return [_transcript(talk) for talk in some]


def _transcript(talk: Talk) -> Transcript:
    draft = Draft("other", talk.name, _stamp(talk.began))
    draft.add("message", {"role": "user", "content": [{"type": "text", "text": talk.name}]}, ts=_stamp(talk.began))
    for minutes, fields in talk.answers:
        draft.add("message", {"role": "assistant", "content": [], **fields}, ts=_stamp(talk.began, minutes))
    return draft.finish()


def _stamp(began: datetime, minutes: float = 0) -> str:
    return f"{began + timedelta(minutes=minutes):%Y-%m-%dT%H:%M:%SZ}"


class _Calendar:
    """Ids, and a clock that is set."""

    def __init__(self) -> None:
        self.today = FIRST
        self._ids = random.Random(7)  # noqa: S311 - no secret

    def new_id(self) -> str:
        """Return an id."""
        return str(uuid.UUID(int=(7 << 76) | (2 << 62) | self._ids.getrandbits(60)))

    def now(self) -> datetime:
        """Return what the clock was set to."""
        return self.today

    def monotonic(self) -> float:
        """Return seconds."""
        return self.today.timestamp()


def write(folder: Path, some: Iterator[Talk]) -> None:
    """Write conversations into a folder of sessions."""
    calendar = _Calendar()
    with SessionManager(folder, source=calendar) as manager:
        for talk in some:
            calendar.today = talk.began
            session = manager.create(talk.name)
            for minutes, fields in talk.answers:
                session.append(user(talk.name))
                calendar.today = talk.began + timedelta(minutes=minutes)
                session.append(assistant("Done.", **fields))
            manager.close(session)
