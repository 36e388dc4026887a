"""Reading a transcript of another agent, beside decoding its lines and doing nothing with them.

To read is to have every line as an entry in its place; what a message says is decoded when it is asked for, which is
the second figure.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import msgspec
from figures import Figure, medians
from transcripts import TEXT, lognormal

from ipy_sessions.entries import Entry
from ipy_sessions.readers.file import File
from ipy_sessions.readers.registry import read

MESSAGES, ROUNDS = 20_000, 7
SESSION = str(UUID(int=0, version=4))


def reading() -> list[Figure]:
    """Read a long session of Claude Code's in turn with the floor."""
    data = b"".join(_lines())
    held: list[Entry] = []

    def entries() -> None:
        held[:] = [entry for transcript in read(File("session.jsonl", data)) for entry in transcript.entries]

    def fields() -> None:
        for entry in held:
            entry.fields  # noqa: B018 - it is decoded now

    def floor() -> None:
        for line in data.splitlines():
            msgspec.json.decode(line)

    times = medians(ROUNDS, entries, fields, floor)
    each = [time / MESSAGES * 1e6 for time in times]
    name = f"reading {MESSAGES:,} lines of Claude Code, {len(data) / 1e6:.0f} MB"
    return [
        Figure(f"{name}: entries, a line", each[0], each[2], "µs", "ratio", None),
        Figure(f"{name}: their fields", each[1], each[2], "µs", "ratio", None),
    ]


def _lines() -> Iterator[bytes]:
    lengths, parent = lognormal(), None
    for number in range(MESSAGES):
        place = {
            "parentUuid": parent,
            "isSidechain": False,
            "cwd": "/work",
            "sessionId": SESSION,
            "version": "2",
        }
        ts = f"2026-01-01T{number // 3600:02}:{number // 60 % 60:02}:{number % 60:02}.000Z"
        kind = "assistant" if number % 2 else "user"
        said: dict[str, Any] = {"role": kind, "content": [{"type": "text", "text": TEXT[: next(lengths)]}]}
        if kind == "assistant":
            usage = {"input_tokens": 9, "output_tokens": 50, "cache_read_input_tokens": 2000}
            said |= {"id": f"msg_{number}", "model": "claude-sonnet-4-5", "stop_reason": "end_turn", "usage": usage}
        parent = str(UUID(int=number + 1, version=4))
        yield json.dumps({**place, "type": kind, "uuid": parent, "timestamp": ts, "message": said}).encode() + b"\n"
