"""aider's history, ``.aider.chat.history.md``: Markdown with several chats in it, one after the other.

It owns how a line there tells who speaks: ``# aider chat started at`` begins a chat, ``#### `` is the user, ``> `` the
program itself, the rest the model. aider ends the lines of the first two with two spaces. Where a file has kept them,
only a line with both is taken for one, so that a heading or a quotation in an answer stays what it is.

What the program says is no message: it is kept with the message before it, or with the session. Of it the model, the
tokens and the cost of an answer are read, rounded as aider has rounded them. Times have no zone there and are taken
for UTC.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from ipy_sessions.readers.file import File
from ipy_sessions.readers.transcript import Draft, Transcript

NAME = "aider"
BEGINS = "# aider chat started at "
USER, PROGRAM = "#### ", "> "
ENDS = "  "
MODEL = re.compile(r"^(?:Main model|Model|Models): (\S+)", re.MULTILINE)
SENT = re.compile(r"^Tokens: .* received\.", re.MULTILINE)
COST = re.compile(r"\bCost: \$([\d.,]+) message")
COUNT = re.compile(r"([\d.,]+)(k|M)? (sent|received|cache hit|cache write)")
KINDS = {
    "sent": "input_tokens",
    "received": "output_tokens",
    "cache hit": "cache_read_input_tokens",
    "cache write": "cache_creation_input_tokens",
}
TIMES = {"": 1, "k": 1_000, "M": 1_000_000}
LOOK = 4096  # bytes within which a history begins
STOPPED = "^C KeyboardInterrupt"


class AiderReader:
    """aider's Markdown; each chat is a conversation of its own."""

    name = NAME

    def knows(self, file: File) -> bool:
        """Tell whether the first line that is not empty begins a chat."""
        return file.data[:LOOK].lstrip().startswith(BEGINS.encode())

    def read(self, file: File) -> Iterator[Transcript]:
        """Yield the chats in which anything was said."""
        seen: Counter[str] = Counter()
        lines = [line.removesuffix("\r") for line in file.text.split("\n")]
        marked = any(line.startswith(USER) and line.endswith(ENDS) for line in lines)
        for started, said in _chats(lines):
            parts = list(_parts(said, marked=marked))
            if any(part.who != PROGRAM for part in parts):
                yield _chat(started, parts, seen).finish(file.path)


class _Part(NamedTuple):
    """What one of the three has said in a row."""

    who: str
    text: str


def _chats(lines: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """Yield each chat: when it started, and its lines."""
    started, said = "", list[str]()
    for line in lines:
        if line.startswith(BEGINS):
            yield started, said
            started, said = line.removeprefix(BEGINS).strip(), []
        else:
            said.append(line)
    yield started, said


def _parts(lines: Sequence[str], *, marked: bool) -> Iterator[_Part]:
    """Yield who has said what; two prompts have an empty line between them."""
    who, said = "", list[str]()
    for line in lines:
        speaks = next((mark for mark in (USER, PROGRAM) if _begins(line, mark, loosely=not marked or who == mark)), "")
        if speaks != who and (speaks or line.strip() or who == USER):
            yield from _part(who, said)
            who, said = speaks, []
        if speaks == who:
            said.append(line[len(speaks) :].removesuffix(ENDS) if speaks else line)
    yield from _part(who, said)


def _begins(line: str, mark: str, *, loosely: bool) -> bool:
    if loosely:
        return line.startswith(mark) or line == mark.rstrip()
    return line.startswith(mark) and line.endswith(ENDS)


def _part(who: str, said: Sequence[str]) -> Iterator[_Part]:
    if text := "\n".join(said).strip("\n"):
        yield _Part(who, text)


def _chat(started: str, parts: Sequence[_Part], seen: Counter[str]) -> Draft:
    """Return a chat; it is called by its start and its first words, and by a number where several have both."""
    words = next(part.text for part in parts if part.who != PROGRAM)
    key = f"{started} {hashlib.blake2b(words.encode(), digest_size=8).hexdigest()}"
    seen[key] += 1
    draft = Draft(NAME, key if seen[key] == 1 else f"{key} {seen[key]}", started)
    model: str | None = None
    for number, part in enumerate(parts):
        told = parts[number + 1].text if parts[number + 1 : number + 2] and parts[number + 1].who == PROGRAM else ""
        if part.who == PROGRAM:
            model = found[1] if (found := MODEL.search(part.text)) else model
            if number == 0:
                draft.raw["told"] = part.text
            continue
        fields: dict[str, Any] = {"role": "user" if part.who else "assistant"}
        fields["content"] = [{"type": "text", "text": part.text}]
        if not part.who:
            fields |= {"model": model} if model else {}
            fields |= _ending(told)
        draft.add("message", fields, raw={"told": told} if told else None)
    return draft


def _ending(told: str) -> dict[str, Any]:
    """Return how an answer ended and what it cost, from what the program says behind it."""
    stopped = STOPPED in told
    fields: dict[str, Any] = {"stop_reason": None, "end": "interrupted"} if stopped else {"stop_reason": "end_turn"}
    if (sent := SENT.search(told)) is not None:
        counted = COUNT.findall(sent[0])
        fields["usage"] = {KINDS[kind]: round(_number(count) * TIMES[scale]) for count, scale, kind in counted}
    if (cost := COST.search(told)) is not None:
        fields["cost_usd"] = _number(cost[1])
    return fields


def _number(written: str) -> float:
    try:
        return float(written.replace(",", ""))
    except ValueError:
        return 0.0
