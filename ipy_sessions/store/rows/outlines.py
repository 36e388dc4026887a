"""From a file to the outline of its session, without reading what stands between beginning and end.

Small files are read whole, since the system hands out no less; of large ones the first and the last `END` bytes are
read. The few lines that matter (the header, the first question, what the session says about itself, the last message)
are looked for as bytes and decoded; the others are passed over. What is found this way is what `counting.outline`
finds in the whole session; only a name that was given in the middle of a file larger than `WHOLE` is not, unless it is
known from before.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from ipy_sessions.counting import SAYS, make_outline, said
from ipy_sessions.encoding import decode
from ipy_sessions.entries import Entry, Header, text_in
from ipy_sessions.store.reading import LONGEST_HEADER, backwards, parse_header
from ipy_sessions.summary import Outline, cursor

WHOLE = 16 * 1024 * 1024  # bytes; of larger files the ends are read
END = 64 * 1024  # bytes of each end
INFO = b'"info"'
ARCHIVED = b'"archived"'
USER = b'"user"'


class _Text(msgspec.Struct, gc=False):
    type: str
    text: str = ""


class _Line(msgspec.Struct, gc=False):
    """What of a message's line counts here, and what it must have to be one."""

    type: str
    id: str
    seq: int = 0
    parent_id: str | None = None
    session: str = ""
    ts: str = ""
    role: str | None = None
    content: msgspec.Raw = msgspec.Raw(b"[]")
    model: str | None = None
    stop_reason: str | None = None


_line = msgspec.json.Decoder(_Line).decode
_texts = msgspec.json.Decoder(list[_Text]).decode


class Before(NamedTuple):
    """What was known of a file when it was smaller.

    Parameters
    ----------
    outline
        Its session.
    size
        Its bytes.
    """

    outline: Outline
    size: int


class _Head(msgspec.Struct, gc=False):
    type: str
    version: int
    id: str
    ts: str = ""


_head_line = msgspec.json.Decoder(_Head).decode

# How the line of a message begins when we have written it, and where its time is then.
BEGINS, BEFORE_TIME = b'{"type":"message","seq":', b'","ts":"'
_time = re.compile(rb'","ts":"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)"').match


def glance(data: bytes) -> str | None:
    """Return the cursor of a small file that was written by us and is not archived; ``None`` for any other.

    Without an index, ten thousand files are sorted by this; their outlines are read when somebody looks at them.
    """
    last = data.rfind(b"\n", 0, len(data) - 1) + 1
    if not data.startswith(BEGINS, last) or not data.endswith(b"}\n") or ARCHIVED in data:
        return None
    time = _time(data, data.find(BEFORE_TIME, last))
    try:
        head = _head_line(data[: data.find(b"\n")])
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return cursor(time[1].decode(), head.id) if time is not None and head.type == "session" else None


def read_outline(fd: int, size: int, path: Path | str, before: Before | None = None) -> Outline:
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
    head = os.pread(fd, size, 0) if size <= WHOLE else _head(fd)
    end = head.find(b"\n")
    end = len(head) if end < 0 else end
    header = parse_header(head[:end], path)
    if size <= WHOLE:
        given, lines = _said(head), iter_lines(head)
    elif before is not None and before.outline.id == header.id:
        known = {name: getattr(before.outline, name) for name in SAYS}
        given, lines = known | _said(_tail(fd, size, before.size)), backwards(fd, size)
    else:
        given, lines = _said(head) | _said(_tail(fd, size, size)), backwards(fd, size)
    message, answer = _last(lines)
    first = _first_question(head, end)
    return make_outline(
        header.id,
        header.ts,
        {**header.fields, **given},
        first_message="" if first is None else _text(first.content),
        model=None if answer is None else answer.model,
        modified=header.ts if message is None else message.ts,
        interrupted=message is not None and message.stop_reason is None,
    )


def _head(fd: int) -> bytes:
    """Read a large file's beginning, so far that its header and its first question are in it."""
    size = END
    while size < LONGEST_HEADER:
        head = os.pread(fd, size, 0)
        end = head.find(b"\n")
        if end >= 0 and _first_question(head, end) is not None:
            return head
        size *= 4
    return os.pread(fd, size, 0)


def _tail(fd: int, size: int, known: int) -> bytes:
    """Read a large file's end, from before the size at which it was known: a line may have been half written then."""
    start = max(size - WHOLE, known - END)
    tail = os.pread(fd, size - start, start)
    return tail[tail.find(b"\n") :]


def iter_lines(data: bytes) -> Iterator[bytes]:
    """Yield the lines of a file from its last to its first, the header left out."""
    end = len(data)
    while (start := data.rfind(b"\n", 0, end)) >= 0:
        if end > start + 1:
            yield data[start + 1 : end]
        end = start


def _last(lines: Iterator[bytes]) -> tuple[_Line | None, _Line | None]:
    """Return the last message and the last answer; of a long run of questions without answers none is looked for."""
    message, looked = None, 0
    for line in lines:
        looked += len(line)
        read = _message(line)
        if read is not None:
            message = message or read
            if read.role == "assistant":
                return message, read
        if message is not None and looked > WHOLE:
            break
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
    texts = {name: fields.get(name) for name in ("model", "role", "stop_reason")}
    kept: dict[str, Any] = {name: text for name, text in texts.items() if isinstance(text, str)}
    if fields.get("stop_reason") is not None:
        kept.setdefault("stop_reason", "odd")
    return _Line(entry.type, entry.id, ts=entry.ts, content=msgspec.Raw(msgspec.json.encode(entry.content)), **kept)


def _first_question(head: bytes, start: int) -> _Line | None:
    at = start
    while (at := head.find(USER, at)) >= 0:
        begin, end = head.rfind(b"\n", 0, at) + 1, head.find(b"\n", at)
        end = end if end >= 0 else len(head)
        read = _message(head[begin:end])
        if read is not None and read.role == "user":
            return read
        at = end
    return None


def _text(content: msgspec.Raw) -> str:
    try:
        return "".join([block.text for block in _texts(content) if block.type == "text"])
    except msgspec.DecodeError:
        value = msgspec.json.decode(content)
        return text_in(value) or ""  # as `Entry.text` says of what was changed by hand


def _said(data: bytes) -> dict[str, Any]:
    """Return what the ``info`` entries among some lines say, the last of each field."""
    found: dict[str, Any] = {}
    for line in data.split(b"\n") if INFO in data else ():
        if INFO not in line:
            continue
        try:
            entry = decode(line)
        except ValueError:
            continue
        if isinstance(entry, Entry) and entry.type == "info":
            found.update(said(entry.fields))
    return found
