"""Reading a transcript of another agent: beside that agent's own reader, and beside decoding its lines and no more.

To read is to have every line as an entry in its place; what a message says is decoded when it is asked for, which is
the second figure. The peer is `get_session_messages` of claude-agent-sdk, which gives what was said as dictionaries;
where it is not installed, its figures are left out.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
from figures import Figure, medians
from transcripts import TEXT, lognormal

import ipy_sessions as ses
from ipy_sessions.entries import Entry
from ipy_sessions.readers.file import File
from ipy_sessions.readers.registry import read

MESSAGES, ROUNDS = 20_000, 7
SESSION = str(UUID(int=0, version=4))
PEER = 0.2  # of the time that the agent's own reader takes


def reading() -> list[Figure]:
    """Read a long session of Claude Code's in turn with the floor, and with its own reader."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "projects" / "-work" / f"{SESSION}.jsonl"
        path.parent.mkdir(parents=True)
        path.write_bytes(b"".join(_lines()))
        return [*_decoded(path), *_beside_its_own(path, folder)]


def _decoded(path: Path) -> list[Figure]:
    data = path.read_bytes()
    held: list[Entry] = []

    def entries() -> None:
        held[:] = [entry for transcript in read(File(path.name, data)) for entry in transcript.entries]

    def fields() -> None:
        for entry in held:
            entry.fields  # noqa: B018 - it is decoded now

    def floor() -> None:
        for line in data.splitlines():
            msgspec.json.decode(line)

    times = _each(entries, fields, floor)
    name = f"reading {MESSAGES:,} lines of Claude Code, {len(data) / 1e6:.0f} MB"
    return [
        Figure(f"{name}: entries, a line", times[0], times[2], "µs", "ratio", None),
        Figure(f"{name}: their fields", times[1], times[2], "µs", "ratio", None),
    ]


def _beside_its_own(path: Path, folder: str) -> list[Figure]:
    if find_spec("claude_agent_sdk") is None:
        return []
    get_session_messages = import_module("claude_agent_sdk").get_session_messages
    os.environ["CLAUDE_CONFIG_DIR"] = folder

    def entries() -> None:
        _check(len(transcript.entries) for transcript in read(File(str(path), path.read_bytes())))

    def table() -> None:
        _check([ses.read(path).messages.to_arrow().num_rows])

    def peer() -> None:
        _check([len(get_session_messages(SESSION))])

    times = _each(entries, table, peer)
    return [
        Figure("… from the file, beside Claude's SDK: entries, a line", times[0], times[2], "µs", "ratio", PEER),
        Figure("… from the file, beside Claude's SDK: their table", times[1], times[2], "µs", "ratio", PEER),
    ]


def _each(*steps: Callable[[], object]) -> list[float]:
    return [time / MESSAGES * 1e6 for time in medians(ROUNDS, *steps)]


def _check(counts: Iterable[int]) -> None:
    if (count := sum(counts)) != MESSAGES:
        raise AssertionError(f"{count:,} messages were read, and not {MESSAGES:,}")


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
