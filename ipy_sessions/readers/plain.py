"""Plain JSONL: a message a line, ``{"role": …, "content": …}``, with or without times and calls of tools.

It owns which lines such a file has. A system line is a ``settings`` entry; a call and its result may stand in lines of
their own, or in the messages as the Messages API or OpenAI's API has them. Where a result does not say which call it
is of, it is that of the oldest one that has none, of a tool of the same name where it names one. What a line's values
become is `plain_values`' business.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import PurePath
from typing import Any, TypeGuard

from ipy_sessions.entries import Block
from ipy_sessions.readers.asked import Asked
from ipy_sessions.readers.calls import finished
from ipy_sessions.readers.file import File
from ipy_sessions.readers.plain_values import (
    blocks_of,
    call_in,
    calls_in,
    first,
    paid,
    result_in,
    text_in,
)
from ipy_sessions.readers.transcript import Draft, Transcript, when

NAME = "plain"
KINDS = {
    **dict.fromkeys(("system", "developer"), "system"),
    **dict.fromkeys(("user", "human"), "user"),
    "assistant": "assistant",
    **dict.fromkeys(("tool_call", "tool_use"), "call"),
    **dict.fromkeys(("tool_result", "tool", "function"), "result"),
}
"""What a line is, by what it `SAYS`."""
SAYS = ("type", "role")
TIMES = ("ts", "timestamp", "time", "created_at")
IDS = ("tool_call_id", "tool_use_id", "call_id", "id")
OTHERS = frozenset({"message", "payload", "parentUuid", "parentId", "parent_id", "sessionId", "seq"})
"""What lines of other formats have, and none of these."""

Line = Mapping[str, Any]


class PlainReader:
    """JSONL with a message a line."""

    name = NAME

    def knows(self, file: File) -> bool:
        """Tell whether the first line is a message, and most of the next are."""
        told = [_kind(line) is not None and OTHERS.isdisjoint(line) for line in file.beginning]
        return bool(told) and told[0] and 2 * sum(told) > len(told)

    def read(self, file: File) -> Iterator[Transcript]:
        """Yield the conversation."""
        reading = _Reading(file)
        for line in file.records():
            reading.take(line.says)
        reading.draft.bad_lines = file.bad_lines
        yield reading.draft.finish(file.path)


class _Reading:
    """One conversation while it is being read."""

    def __init__(self, file: File) -> None:
        ts = next((time for line in file.beginning if (time := _time(line)) is not None), None)
        self.draft = Draft(NAME, _key(file), ts)
        self._asked = Asked()
        self._open: dict[str, str] = {}  # for each call that has no result yet its tool
        self._calls: set[str] = set()

    def take(self, line: Line) -> None:
        """Read one line."""
        kind = _kind(line)
        if kind == "system":
            self._asked = self._asked.told(text_in(line.get("content")))
            known = {"content"} if isinstance(line.get("content"), str) else set[str]()
            self.draft.add("settings", self._asked.fields, ts=_time(line), raw=_rest(line, *known))
        elif kind == "call":
            block, known = call_in(line, self._id(line))
            self._answer(line, [block], _rest(line, *known))
        elif kind == "result":
            block, left = result_in(line, self._call_of(line))
            self._add(line, {"role": "user", "content": [block]}, _rest(left))
        elif kind == "assistant":
            blocks, left = blocks_of(line.get("content"))
            calls, uncalled = calls_in(line, self._id({}))
            self._answer(
                line, [*blocks, *calls], _rest(line, "content", "tool_calls", "function_call") | left | uncalled
            )
        elif kind == "user":
            blocks, left = blocks_of(line.get("content"))
            self._add(line, {"role": "user", "content": blocks}, _rest(line, "content") | left)
        else:
            said = line.get("type", line.get("role"))
            self.draft.keep(said if isinstance(said, str) else "?", line, ts=_time(line))

    def _answer(self, line: Line, blocks: list[Block], rest: dict[str, Any]) -> None:
        reason, model = line.get("stop_reason"), line.get("model")
        fields: dict[str, Any] = {"role": "assistant", "content": blocks}
        if isinstance(model, str):
            fields["model"] = model
            self._asked = self._asked._replace(model=model)
        fields["stop_reason"] = reason if isinstance(reason, str) else finished(blocks)
        self._add(line, fields | paid(line), rest)

    def _add(self, line: Line, fields: dict[str, Any], rest: dict[str, Any]) -> None:
        for block in fields["content"]:
            if block["type"] == "tool_use":
                self._calls.add(block["id"])
                self._open[block["id"]] = block["name"]
            elif block["type"] == "tool_result":
                self._open.pop(block["tool_use_id"], None)
        self.draft.add("message", fields, ts=_time(line), raw=rest)

    def _id(self, line: Line) -> str:
        """Return the id of a call, or one that is made up for it."""
        name = first(line, IDS, str)
        return f"call_{len(self.draft)}" if name is None or name in self._calls else name

    def _call_of(self, line: Line) -> str:
        """Return the id of the call that a result is of."""
        names = [name for key in IDS if isinstance(name := line.get(key), str)]
        told = next((name for name in names if name in self._calls), None)
        if told is not None:
            return told
        same = [call for call, tool in self._open.items() if tool == line.get("name")]
        return next(iter([*same, *self._open, *names]), f"call_{len(self.draft)}")


def _kind(line: Line) -> str | None:
    """Return what a line is; ``None`` for what is not known here."""
    for name in SAYS:
        if _is_kind(said := line.get(name)):
            return KINDS[said]
    return None


def _time(line: Line) -> str | None:
    for name in TIMES:
        if name in line and (read := when(line[name])) is not None:
            return read
    return None


def _rest(line: Line, *known: str) -> dict[str, Any]:
    """Return what has no field of ours: neither what was read, nor what says that it is a message."""
    rest = {name: said for name, said in line.items() if name not in known}
    for name in SAYS:
        if _is_kind(rest.get(name)):
            del rest[name]
    return rest


def _is_kind(said: object) -> TypeGuard[str]:
    return isinstance(said, str) and said in KINDS


def _key(file: File) -> str:
    """Return what a conversation is called that has no name: its file, and how it begins, up to the first question."""
    told = hashlib.blake2b(digest_size=8)
    for line in file.beginning:
        told.update(f"{_kind(line)} {_time(line)} {text_in(line.get('content'))}".encode())
        if _kind(line) == "user":
            break
    return f"{PurePath(file.path).name} {told.hexdigest()}"
