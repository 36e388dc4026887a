"""What a line of the log is.

A log is a header and then entries, one JSON object a line. An entry says what it is (`type`), which it is (`id`,
`seq`), what it follows (`parent_id`), and carries the rest in `fields`, exactly as it stands in the file: a type or a
field that this version does not know survives being read and written.

This module owns the shape of a line and the one cleaning step before encoding, so that a value in memory and the value
that is read back from the file are the same. It refuses to know files, trees and models: ids, parents and places are
given to an entry by its session.

The blocks inside `content` are those of the Messages API, untouched:
https://docs.anthropic.com/en/api/messages
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias, TypedDict

import msgspec

from ipy_sessions.errors import InvalidEntryError

VERSION = 1
"""The version of the log's format that this code writes; a higher one is read and never written to."""

Block: TypeAlias = dict[str, Any]
"""A content block of the Messages API: ``{"type": "text", "text": "…"}`` and its siblings."""


class Message(TypedDict):
    """A message as the Messages API takes it."""

    role: str
    content: list[Block]


OUTSIDE_TREE = frozenset({"label", "info", "leaf", "usage", "repair"})
"""Types that say something about a session and are no part of the conversation."""

INTEGER_LIMIT = 2**63  # the integers that every reader of tables has


class NewEntry(msgspec.Struct, frozen=True):
    """What an entry says before it is in a log: no id, no parent, no time.

    Two of them with the same content are equal.

    Parameters
    ----------
    type
        ``"message"``, ``"settings"``, ``"info"`` and so on.
    fields
        Everything else that the line will hold, in its order.
    """

    type: str
    fields: dict[str, Any]


class Entry(msgspec.Struct, frozen=True):
    """One line of a log.

    Parameters
    ----------
    type
        ``"message"``, ``"settings"``, ``"info"`` and so on; any string.
    seq
        Its number in its file; the first entry after the header is 1.
    id
        UUIDv7 as a string.
    parent_id
        The entry that this one follows; ``None`` for the first, and for those outside the tree.
    session
        Id of the session that wrote it.
    ts
        When it was written: UTC, ISO 8601, milliseconds.
    fields
        Everything else on the line, as it stands there. Not to be changed.
    """

    type: str
    seq: int
    id: str
    parent_id: str | None
    session: str
    ts: str
    fields: dict[str, Any]

    @property
    def role(self) -> str | None:
        """``"user"`` or ``"assistant"`` of a message, else ``None``."""
        return self.fields.get("role") if self.type == "message" else None

    @property
    def content(self) -> list[Block]:
        """The content blocks of a message, else an empty list."""
        return blocks(self.fields.get("content", []))

    @property
    def text(self) -> str:
        """The text blocks of a message, joined."""
        return text_of(self.content)

    @property
    def usage(self) -> dict[str, int]:
        """Tokens as the Messages API counts them; what is no number, as after a change by hand, is left out."""
        usage = self.fields.get("usage")
        counts = usage.items() if isinstance(usage, dict) else ()
        return {kind: count for kind, count in counts if isinstance(count, int) and not isinstance(count, bool)}

    @property
    def cost_usd(self) -> float | None:
        """US dollars; ``None`` when that is not known."""
        cost = self.fields.get("cost_usd")
        return cost if isinstance(cost, int | float) and not isinstance(cost, bool) else None

    @property
    def in_tree(self) -> bool:
        """Whether it is a step of the conversation.

        A type that this version does not know is one when it names a parent.
        """
        if self.type in OUTSIDE_TREE:
            return False
        return self.parent_id is not None or self.type in {"message", "settings"}


class Header(msgspec.Struct, frozen=True):
    """The first line of a log: which session it is and where it was born.

    Parameters
    ----------
    version
        Version of the format.
    id
        Id of the session.
    ts
        When it was created: UTC, ISO 8601, milliseconds.
    fields
        ``name``, ``key``, ``notebook``, ``cwd``, ``git``, ``parent_session``, ``app`` and whatever else stands there.
    """

    version: int
    id: str
    ts: str
    fields: dict[str, Any]


def user(content: str | Sequence[Mapping[str, Any]], **fields: Any) -> NewEntry:
    """Return a user's message, to be given to `Session.append`.

    Parameters
    ----------
    content
        Text, or content blocks of the Messages API.
    fields
        More to write on the line, such as ``cell_id``.
    """
    return NewEntry("message", {"role": "user", "content": blocks(content), **fields})


def assistant(content: str | Sequence[Mapping[str, Any]], **fields: Any) -> NewEntry:
    """Return an assistant's message, to be given to `Session.append`.

    Parameters
    ----------
    content
        Text, or content blocks of the Messages API.
    fields
        More to write on the line, such as ``model`` and ``usage``. Without a ``stop_reason`` it is ``"end_turn"``: what
        is written by hand is complete.
    """
    complete = {} if "stop_reason" in fields else {"stop_reason": "end_turn"}
    return NewEntry("message", {"role": "assistant", "content": blocks(content), **fields, **complete})


def blocks(content: str | Sequence[Mapping[str, Any]]) -> list[Block]:
    """Return content as a list of blocks, whichever of its two forms it has."""
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    return [dict(block) for block in content]


def text_of(content: Sequence[Mapping[str, Any]]) -> str:
    """Return the text blocks of some content, joined."""
    texts = (block.get("text") for block in content if block.get("type") == "text")
    return "".join(text for text in texts if isinstance(text, str))


RESERVED = frozenset({"type", "seq", "id", "parent_id", "session", "ts"})


def check(new: NewEntry) -> None:
    """Refuse what could be written but not be read back as the same.

    Raises
    ------
    InvalidEntryError
        With what is wrong and what to do.
    """
    if not RESERVED.isdisjoint(new.fields):
        taken = sorted(RESERVED & new.fields.keys())
        raise InvalidEntryError(f"{taken[0]!r} is set by the session and cannot be a field of an entry. Rename it.")
    if new.type == "session":
        raise InvalidEntryError("An entry cannot be of the type 'session': that is the header's.")
    if new.type == "message" and not _is_content(new.fields.get("content")):
        raise InvalidEntryError("A message needs content: a string, or a list of content blocks.")


# The names of our own fields and of the API's blocks, which hold no secret: looking at them would double the work.
_OWN = ("role", "content", "type", "text", "model", "stop_reason", "usage", "cost_usd", "latency_ms", "cell_id")
_OWN_TOO = ("execution_count", "input_tokens", "output_tokens", "system", "options", "max_tokens", "name", "notebook")
CLEAN_NAMES = frozenset((*_OWN, *_OWN_TOO))


def clean(value: Any, mask: Callable[[str], str]) -> Any:
    """Return `value` as JSON can hold it: what is written is what is read back.

    Not-a-number and the infinities become ``null``; surrogates without their partner become U+FFFD; keys become
    strings; integers beyond 64 bits become their digits; NumPy's numbers become Python's. What it returns shares
    nothing with `value`, so that nobody can change an entry afterwards.

    Parameters
    ----------
    value
        Anything made of mappings, sequences, strings, numbers, booleans and ``None``.
    mask
        Called with each string, keys included; returns it with its secrets masked.

    Raises
    ------
    TypeError
        For a value that JSON has no form for.
    """
    kind = type(value)
    if kind is str:
        return mask(value if value.isascii() else _whole_characters(value))
    if kind is dict:
        return {
            name if name in CLEAN_NAMES else clean(name if isinstance(name, str) else str(name), mask): clean(
                item, mask
            )
            for name, item in value.items()
        }
    if kind is list:
        return [clean(item, mask) for item in value]
    if value is None or kind is bool:
        return value
    if kind is int or kind is float:
        return _clean_number(value)
    return clean(_plain(value), mask)


def _clean_name(name: Any, mask: Callable[[str], str]) -> Any:
    return clean(name if isinstance(name, str) else str(name), mask)


def _clean_number(value: float) -> float | str | None:
    if isinstance(value, int):
        return value if -INTEGER_LIMIT <= value < INTEGER_LIMIT else str(value)
    return value if math.isfinite(value) else None


def _plain(value: Any) -> Any:
    """Return what a value of another type is at heart: a subclass's base, a mapping's dict, a number out of NumPy."""
    for base in (str, int, float):
        if isinstance(value, base):
            return str.__str__(value) if base is str else base(value)
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, list | tuple):
        return list(value)
    if getattr(value, "shape", None) == () and not isinstance(item := value.item(), type(value)):
        return item
    raise TypeError(f"an entry holds what JSON can hold, and that is not so for {type(value).__name__}: {value!r:.60}")


def _whole_characters(text: str) -> str:
    """Join surrogate pairs and replace the lone ones: UTF-8 has no form for them."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def encode(line: Entry | Header) -> bytes:
    r"""Return the line as bytes that end in ``\n`` and hold no other line separator, not even Unicode's.

    Raises
    ------
    TypeError, ValueError
        For fields that `clean` has not seen.
    """
    if isinstance(line, Header):
        whole = {"type": "session", "version": line.version, "id": line.id, "ts": line.ts, **line.fields}
    else:
        whole = {
            "type": line.type,
            "seq": line.seq,
            "id": line.id,
            "parent_id": line.parent_id,
            "session": line.session,
            "ts": line.ts,
            **line.fields,
        }
    raw = _encoder.encode(whole)
    if not raw.isascii():
        # In JSON these can only stand inside a string. Readers that split lines by Unicode's rules would cut there.
        raw = (
            raw.replace(b"\xe2\x80\xa8", b"\\u2028")
            .replace(b"\xe2\x80\xa9", b"\\u2029")
            .replace(b"\xc2\x85", b"\\u0085")
        )
    return raw + b"\n"


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder()


def decode(line: bytes) -> Entry | Header:
    """Read one line.

    Raises
    ------
    ValueError
        With the reason in a few words, for a line that is neither an entry nor a header.
    """
    try:
        fields = _decoder.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"not JSON: {error}") from None
    if not isinstance(fields, dict):
        raise ValueError("not a JSON object")  # noqa: TRY004 - one kind of error for one kind of fault
    if fields.get("type") == "session":
        return _header(fields)
    return _entry(fields)


def _header(fields: dict[str, Any]) -> Header:
    del fields["type"]
    version, session, ts = fields.pop("version", None), fields.pop("id", None), fields.pop("ts", "")
    if not isinstance(version, int) or not isinstance(session, str) or not isinstance(ts, str):
        raise ValueError("a header without a version and an id")  # noqa: TRY004
    return Header(version, session, ts, fields)


def _entry(fields: dict[str, Any]) -> Entry:
    kind, own_id, parent = fields.pop("type", None), fields.pop("id", None), fields.pop("parent_id", None)
    seq, session, ts = fields.pop("seq", 0), fields.pop("session", ""), fields.pop("ts", "")
    if not isinstance(kind, str) or not isinstance(own_id, str):
        raise ValueError("an entry without a type and an id")  # noqa: TRY004
    named = (parent is None or isinstance(parent, str)) and isinstance(session, str) and isinstance(ts, str)
    if not named or not isinstance(seq, int):
        raise ValueError("seq, parent_id, session or ts is of the wrong kind")
    if kind == "message" and not _is_content(fields.get("content")):
        raise ValueError("a message without content")
    return Entry(kind, seq, own_id, parent, session, ts, fields)


def _is_content(content: object) -> bool:
    if isinstance(content, str):
        return True
    return isinstance(content, list) and all(isinstance(block, dict) for block in content)
