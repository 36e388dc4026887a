"""From a file to the outline of its session, without reading what stands between beginning and end.

Small files are read whole, since the system hands out no less; of large ones the first and the last `END` bytes are
read. The few lines that matter (the header, the first question, what the session says about itself, the last message)
are looked for as bytes and decoded; the others are passed over. What is found this way is what `counting.outline`
finds in the whole session; only a name that was given in the middle of a file larger than `WHOLE` is not, unless it is
known from before.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from ipy_sessions.counting import make_outline
from ipy_sessions.encoding import decode
from ipy_sessions.entries import Entry, Header, text_of
from ipy_sessions.store.reading import LONGEST_HEADER, backwards, parse_header
from ipy_sessions.summary import Outline

WHOLE = 16 * 1024 * 1024  # bytes; of larger files the ends are read
END = 64 * 1024  # bytes of each end
INFO = b'"info"'
USER = b'"role":"user"'

SAYS = ("name", "notebook", "tags", "pinned", "archived")
"""What a session says about itself in its ``info`` entries."""


class _Text(msgspec.Struct, gc=False):
    type: str
    text: str = ""


class _Line(msgspec.Struct, gc=False):
    """What of a message's line counts here."""

    type: str
    id: str
    ts: str = ""
    role: str | None = None
    content: msgspec.Raw = msgspec.Raw(b"[]")
    model: str | None = None
    stop_reason: str | None = None


_line = msgspec.json.Decoder(_Line).decode
_texts = msgspec.json.Decoder(list[_Text]).decode


def read_outline(fd: int, size: int, path: Path | str, before: Outline | None = None) -> Outline:
    """Return the outline of an open file.

    Parameters
    ----------
    fd, size, path
        The file; `path` is for the error's sentence.
    before
        What was known of it when it was smaller.

    Raises
    ------
    NotASessionError
        When it does not begin with a session's header.
    """
    if size <= WHOLE:
        data = os.pread(fd, size, 0)
        return _outline_of(data, data, path, iter_lines(data), {})
    head = _head(fd)
    tail = os.pread(fd, END, size - END)
    tail = tail[tail.find(b"\n") :]
    known = {} if before is None else {field: getattr(before, field) for field in SAYS}
    return _outline_of(head, tail, path, backwards(fd, size), known)


def _head(fd: int) -> bytes:
    size = END
    while b"\n" not in (head := os.pread(fd, size, 0)) and size < LONGEST_HEADER:
        size *= 4
    return head


def _outline_of(head: bytes, tail: bytes, path: Path | str, lines: Iterator[bytes], known: dict[str, Any]) -> Outline:
    end = head.find(b"\n")
    end = len(head) if end < 0 else end
    header = parse_header(head[:end], path)
    given = {**header.fields, **known}
    for part in [head] if head is tail else [head, tail]:
        if part.find(INFO, end if part is head else 0) >= 0:
            given.update(_said(part))
    message, answer = _last(lines)
    return make_outline(
        header.id,
        header.ts,
        given,
        first_message=_first_question(head, end),
        model=None if answer is None else answer.model,
        modified=header.ts if message is None else message.ts,
        interrupted=message is not None and message.stop_reason is None,
    )


def iter_lines(data: bytes) -> Iterator[bytes]:
    """Yield the lines of a file from its last to its first, the header left out."""
    end = len(data)
    while (start := data.rfind(b"\n", 0, end)) >= 0:
        if end > start + 1:
            yield data[start + 1 : end]
        end = start


def _last(lines: Iterator[bytes]) -> tuple[_Line | None, _Line | None]:
    """Return the last message and the last answer; of a long run of questions without answers none is looked for."""
    message = None
    for line in lines:
        read = _message(line)
        if read is None:
            continue
        message = message or read
        if read.role == "assistant":
            return message, read
    return message, None


def _message(line: bytes) -> _Line | None:
    """Read a message's line; ``None`` for any other."""
    try:
        read = _line(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _odd_message(line)
    return read if read.type == "message" else None


def _odd_message(line: bytes) -> _Line | None:
    """Read a message that was changed by hand, as far as it can be read."""
    try:
        entry = decode(line)
    except ValueError:
        return None
    if isinstance(entry, Header) or entry.type != "message":
        return None
    fields = entry.fields
    kept = {name: value for name in ("model", "role", "stop_reason") if isinstance(value := fields.get(name), str)}
    if fields.get("stop_reason") is not None:
        kept.setdefault("stop_reason", "odd")
    return _Line(entry.type, entry.id, entry.ts, content=msgspec.Raw(msgspec.json.encode(entry.content)), **kept)


def _first_question(head: bytes, start: int) -> str:
    at = start
    while (at := head.find(USER, at)) >= 0:
        begin, end = head.rfind(b"\n", 0, at) + 1, head.find(b"\n", at)
        line = head[begin : end if end >= 0 else len(head)]
        read = _message(line)
        if read is not None and read.role == "user":
            return _text(read.content)
        at += len(USER)
    return _first_odd_question(head, start)


def _first_odd_question(head: bytes, start: int) -> str:
    """Return the same of a file that another program has written, with blanks in other places."""
    for line in head[start:].split(b"\n"):
        if b'"user"' in line:
            read = _message(line)
            if read is not None and read.role == "user":
                return _text(read.content)
    return ""


def _text(content: msgspec.Raw) -> str:
    try:
        return "".join([block.text for block in _texts(content) if block.type == "text"])
    except msgspec.DecodeError:
        value = msgspec.json.decode(content)
        if isinstance(value, str):
            return value
        return text_of([item for item in value if isinstance(item, dict)] if isinstance(value, list) else [])


def _said(data: bytes) -> dict[str, Any]:
    """Return what the ``info`` entries among some lines say, the last of each field."""
    said: dict[str, Any] = {}
    for line in data.split(b"\n"):
        if INFO not in line:
            continue
        try:
            entry = decode(line)
        except ValueError:
            continue
        if isinstance(entry, Entry) and entry.type == "info":
            said.update({name: entry.fields[name] for name in SAYS if name in entry.fields})
    return said
