"""What is taken out of a log that is written already.

Pure but for the payloads: the contents of a session in, the lines of another file out. Entries keep their ids, their
places and their times; what is gone is named in a ``redaction`` entry at the end, never repeated.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec

from ipy_sessions.encoding import clean, encode
from ipy_sessions.entries import Entry
from ipy_sessions.identifiers import Source, timestamp
from ipy_sessions.store.blobs import Blobs, put_back, references, take_out
from ipy_sessions.store.masking import unsigned_where_changed
from ipy_sessions.store.reading import Contents

Masked = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Redaction:
    """What was taken out.

    Parameters
    ----------
    entries
        Ids of the entries that were changed.
    lines
        The new file's lines.
    old_blobs
        Names of the payloads that the old lines referred to and the new ones do not.
    """

    entries: list[str]
    lines: list[bytes]
    old_blobs: list[str]


def redacted(contents: Contents, blobs: Blobs, mask: Masked, source: Source) -> Redaction:
    """Return a session's lines with what `mask` hides taken out, payloads included.

    Parameters
    ----------
    contents
        The session.
    blobs
        Where its payloads are; those that are changed are put there anew.
    mask
        From a text to the text without the secret.
    source
        Ids and the clock, for the entry that says so.
    """
    header = msgspec.structs.replace(contents.header, fields=clean(contents.header.fields, mask))
    lines = [encode(header)]
    changed: list[str] = [] if header == contents.header else [header.id]
    before: set[str] = set()
    after: set[str] = set()
    for entry in contents.tree:
        fields = _fields(entry, blobs, mask)
        before |= set(references(entry.fields))
        after |= set(references(fields))
        if fields != entry.fields:
            changed.append(entry.id)
        lines.append(encode(_with(entry, fields)))
    if changed:
        lines.append(encode(_tombstone(contents, changed, source)))
    return Redaction(changed, lines, sorted(before - after))


def _fields(entry: Entry, blobs: Blobs, mask: Masked) -> dict[str, Any]:
    whole = {**entry.fields, "content": put_back(entry.fields["content"], blobs.get)} if _has(entry) else entry.fields
    masked = _without_data(clean(_without_numbers(whole, mask), mask), mask)
    if entry.role == "assistant":
        masked = unsigned_where_changed(masked, whole)
    if masked == whole:
        return entry.fields
    slim, new = take_out(masked)
    for blob in new:
        blobs.put(blob)
    return slim


def _has(entry: Entry) -> bool:
    return next(iter(references(entry.fields)), None) is not None


def _without_numbers(value: Any, mask: Masked) -> Any:
    """Return a value in which the numbers whose digits hold the secret are what is left of those."""
    if isinstance(value, dict):
        return {key: _without_numbers(item, mask) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_numbers(item, mask) for item in value]
    if isinstance(value, int | float) and not isinstance(value, bool) and mask(written := repr(value)) != written:
        return mask(written)
    return value


def _without_data(value: Any, mask: Masked) -> Any:
    """Return content without the pictures and documents in which the secret stands as it is."""
    if isinstance(value, list):
        return [_without_data(item, mask) for item in value]
    if not isinstance(value, dict):
        return value
    source = value.get("source")
    if isinstance(source, dict) and source.get("type") == "base64" and _holds(str(source.get("data", "")), mask):
        return {"type": "text", "text": "[redacted document]"}
    return {key: _without_data(item, mask) for key, item in value.items()}


def _holds(data: str, mask: Masked) -> bool:
    try:
        text = base64.b64decode(data).decode("latin-1")
    except ValueError:
        return False
    return mask(text) != text


def _with(entry: Entry, fields: dict[str, Any]) -> Entry:
    return Entry(entry.type, entry.seq, entry.id, entry.parent_id, entry.session, entry.ts, fields)


def _tombstone(contents: Contents, changed: list[str], source: Source) -> Entry:
    return Entry(
        "redaction",
        contents.tree.last_seq + 1,
        source.new_id(),
        None,
        contents.header.id,
        timestamp(source.now()),
        {"target_ids": changed},
    )


def replacing(secret: str) -> Masked:
    """Return what takes one text out of others."""
    return lambda text: text.replace(secret, "[redacted]")
