"""Entries into lines and back, and the one cleaning before that, so that memory and file hold the same.

Pure. It owns what a line of the log looks like as bytes, and which values can stand on one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import msgspec

from ipy_sessions.entries import Entry, Header

INTEGER_LIMIT = 2**63  # the integers that every reader of tables has

# The names of our own fields and of the API's blocks, which hold no secret: looking at them would double the work.
CLEAN_NAMES = frozenset(
    [
        *("role", "content", "type", "text", "model", "stop_reason", "usage", "cost_usd", "latency_ms", "cell_id"),
        *("execution_count", "input_tokens", "output_tokens", "system", "options", "max_tokens", "name", "notebook"),
    ]
)

# What holds a line together: were a word of it taken for a secret, nobody could read the line again.
STRUCTURE = frozenset(
    ["type", "role", "media_type", "stop_reason", "end", "scope", "id", "tool_use_id", "encoding", "sha256", "suffix"]
)

# What a model or a server has sealed: changed in one character, the API refuses it. It is left alone in these blocks,
# but not inside a call's input, which may hold anything under any name.
SEALED: dict[str, tuple[str, ...]] = {
    "thinking": ("signature",),
    **dict.fromkeys(("base64", "redacted_thinking"), ("data",)),
    **dict.fromkeys(("advisor_redacted_result", "web_search_result"), ("encrypted_content",)),
    "compaction": ("encrypted_content", "signature"),
    "web_search_result_location": ("encrypted_index",),
    "encrypted_code_execution_result": ("encrypted_stdout",),
    **dict.fromkeys(("file", "container_upload", "code_execution_output", "bash_code_execution_output"), ("file_id",)),
    **dict.fromkeys(("char_location", "page_location", "content_block_location"), ("file_id",)),
    **dict.fromkeys(("tool_use", "server_tool_use", "mcp_tool_use"), ()),
}


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
        Called with each string, keys included, but for what is `SEALED`; returns it with its secrets masked.

    Raises
    ------
    TypeError
        For a value that JSON has no form for.
    """
    return _clean(value, mask, SEALED)


def _clean(value: Any, mask: Callable[[str], str], sealed: Mapping[str, tuple[str, ...]]) -> Any:
    kind = type(value)
    if kind is str:
        return mask(value if value.isascii() else whole_characters(value))
    if kind is dict:
        if (block := value.get("type")) is not None and type(block) is str and block in sealed:
            return _clean_block(value, mask, sealed)
        return {
            name if name in CLEAN_NAMES else _clean_name(name, mask): (
                (item if sealed and name in STRUCTURE else mask(item))
                if type(item) is str and item.isascii()  # most are
                else _clean(item, mask, sealed)
            )
            for name, item in value.items()
        }
    if kind is list:
        return [_clean(item, mask, sealed) for item in value]
    if kind is int or kind is float:
        return _clean_number(value)
    return value if value is None or kind is bool else _clean(_plain(value), mask, sealed)


def _clean_block(
    block: dict[Any, Any], mask: Callable[[str], str], sealed: Mapping[str, tuple[str, ...]]
) -> dict[Any, Any]:
    cleaned = {}
    for name, item in block.items():
        if type(item) is str and (name in STRUCTURE or name in sealed[block["type"]]):
            cleaned[name] = whole_characters(item)
        else:
            cleaned[_clean_name(name, mask)] = _clean(item, mask, {} if name == "input" else sealed)
    return cleaned


def _clean_name(name: Any, mask: Callable[[str], str]) -> Any:
    if name in CLEAN_NAMES:
        return name
    return _clean(name if isinstance(name, str) else str(name), mask, {})


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


def whole_characters(text: str) -> str:
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
_heads = msgspec.json.Decoder(Entry)

Buffer: TypeAlias = bytes | memoryview
"""Lines as a reader has them."""


def decode_many(lines: Buffer) -> list[Entry]:
    """Read many lines at once and only what every line has; the caller gives them what holds the rest.

    Five times as fast as `decode` line by line, and all or nothing.

    Raises
    ------
    ValueError
        When one of them is no entry; `decode` tells which and why.
    """
    try:
        entries = _heads.decode_lines(lines)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(str(error)) from None
    if any(not entry.id or entry.type == "session" for entry in entries):
        raise ValueError("an entry without an id, or a second header")
    return entries


def decode(line: Buffer) -> Entry | Header:
    """Read one line.

    Raises
    ------
    ValueError
        With the reason in a few words, for a line that is neither an entry nor a header.
    """
    return _read(_decoder, line)


def _read(decoder: msgspec.json.Decoder[Any], line: Buffer) -> Entry | Header:
    try:
        fields = decoder.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"not JSON: {error}") from None
    if not isinstance(fields, dict):
        raise ValueError("not a JSON object")  # noqa: TRY004 - one kind of error for one kind of fault
    if fields.get("type") == "session":
        return _header(fields)
    return _entry(fields)


def decode_damaged(line: Buffer) -> Entry | Header:
    """Read one line that `decode_many` takes and `decode` does not, as far as it can be read.

    The first passes over texts and numbers without a look at them: looking would take half of its time. A byte that is
    no UTF-8 becomes U+FFFD here, and a number that is too large is missing.

    Raises
    ------
    ValueError
        As for `decode`.
    """
    return _read(_lenient, bytes(line).decode("utf-8", "replace").encode())


def _finite(text: str) -> float | None:
    number = float(text)
    return number if math.isfinite(number) else None


_lenient = msgspec.json.Decoder(float_hook=_finite)


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
    return Entry(kind, seq, own_id, parent, session, ts, fields)
