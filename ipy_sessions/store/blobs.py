"""Payloads that are too large for a line: images, documents, long results of tools.

Such a text leaves its line for a file that is named by what it holds (SHA-256), so that the same picture is kept once.
In its place stands a preview and, beside it, where the rest is::

    {"type": "base64", "media_type": "image/png", "data": "",
     "blobs": {"data": {"sha256": "9f86…", "bytes": 183422, "encoding": "base64", "suffix": ".png"}}}

What a person or a model has said stays on its line, however long it is: a log is read without its blobs.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import mimetypes
import os
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TypeGuard

from ipy_sessions.store.whole import make_private, write_whole

LARGE = 64 * 1024  # characters of a text that leaves its line
PREVIEW = 200  # characters of it that stay
SAID = frozenset({"text", "thinking"})  # blocks that are the conversation itself
NAME = re.compile(r"[0-9a-f]{64}")
REFERENCE = re.compile(rb'"sha256":\\?"([0-9a-f]{64})')
BLOCK = 1024 * 1024  # bytes read at a time when looking for references


class Blob(NamedTuple):
    """One payload.

    Parameters
    ----------
    name
        SHA-256 of the data, in hexadecimal.
    suffix
        What a file's name ends in, such as ``".png"``.
    data
        The bytes; a picture's own, not their base64.
    """

    name: str
    suffix: str
    data: bytes


class Blobs(Protocol):
    """Where a store keeps payloads."""

    def put(self, blob: Blob) -> None:
        """Keep a payload; nothing is done for one that is there."""

    def get(self, name: str, suffix: str) -> bytes | None:
        """Return a payload; ``None`` when it is not there."""


def take_out(fields: dict[str, Any]) -> tuple[dict[str, Any], list[Blob]]:
    """Return an entry's fields without their large payloads, and those."""
    content = fields.get("content")
    if not isinstance(content, list) or not any(isinstance(block, dict) and _large(block) for block in content):
        return fields, []
    blobs: list[Blob] = []
    slim = [_slim(block, blobs) if _large(block) else block for block in content]
    return {**fields, "content": slim}, blobs


def put_back(value: Any, get: Callable[[str, str], bytes | None]) -> Any:
    """Return content with its payloads in their places; instead of a picture that is not there a text says so."""
    if isinstance(value, list):
        return [put_back(item, get) for item in value]
    if not isinstance(value, dict):
        return value
    places = value.get("blobs")
    if not _are(places):
        whole = {key: put_back(item, get) for key, item in value.items()}
        missing = isinstance(whole.get("source"), dict) and whole["source"].get("type") == "missing"
        return whole["source"]["instead"] if missing else whole
    whole = {key: put_back(item, get) for key, item in value.items() if key != "blobs"}
    for key, reference in places.items():
        data = get(reference["sha256"], str(reference.get("suffix", "")))
        if data is not None:
            whole[key] = base64.b64encode(data).decode() if reference.get("encoding") == "base64" else data.decode()
        elif reference.get("encoding") == "base64":
            text = f"(A payload of {reference.get('bytes', '?')} bytes is missing here.)"
            return {"type": "missing", "instead": {"type": "text", "text": text}}
    return whole


def references(value: Any) -> Iterator[str]:
    """Yield the names of the payloads that content refers to, however deep."""
    if isinstance(value, list):
        for item in value:
            yield from references(item)
    elif isinstance(value, dict):
        places = value.get("blobs")
        if _are(places):
            yield from (str(place["sha256"]) for place in places.values())
        for item in value.values():
            yield from references(item)


def names_in(path: Path) -> Iterator[str]:
    """Yield the names of the payloads that a file's lines refer to, damaged lines included."""
    rest = b""
    with path.open("rb") as file:
        while more := file.read(BLOCK):
            data = rest + more
            yield from (found.decode() for found in REFERENCE.findall(data))
            rest = data[-80:]


def _large(block: Any) -> bool:
    """Tell whether something in a block, that is not what was said, is too large for its line."""
    if isinstance(block, dict):
        if block.get("type") in SAID and "source" not in block:
            return False
        return any(_large_item(item) for item in block.values())
    return False


def _large_item(item: Any) -> bool:
    if isinstance(item, str):
        return len(item) > LARGE
    if isinstance(item, dict):
        return any(map(_large_item, item.values()))
    return isinstance(item, list) and any(map(_large_item, item))


def _slim(value: Any, blobs: list[Blob]) -> Any:
    if isinstance(value, list):
        return [_slim(item, blobs) for item in value]
    if not isinstance(value, dict):
        return value
    slim = {key: _slim(item, blobs) for key, item in value.items()}
    large = [key for key, item in slim.items() if isinstance(item, str) and len(item) > LARGE and key != "signature"]
    references = {}
    for key in large:
        blob, encoding = _blob(slim[key], value.get("media_type"), is_data=key == "data")
        blobs.append(blob)
        references[key] = {
            "sha256": blob.name, "bytes": len(blob.data), "encoding": encoding, "suffix": blob.suffix,
        }  # fmt: skip
        slim[key] = "" if encoding == "base64" else f"{slim[key][:PREVIEW]}…"
    return {**slim, "blobs": references} if references else slim


def _blob(text: str, media_type: object, *, is_data: bool) -> tuple[Blob, str]:
    data, encoding, suffix = text.encode(), "utf-8", ".txt"
    if is_data:
        with suppress(binascii.Error, ValueError):
            raw = base64.b64decode(text, validate=True)
            if base64.b64encode(raw).decode() == text:  # or it would not come back as it was
                kind = mimetypes.guess_extension(media_type) if isinstance(media_type, str) else None
                data, encoding, suffix = raw, "base64", kind or ".bin"
    return Blob(hashlib.sha256(data).hexdigest(), suffix, data), encoding


def _are(references: Any) -> TypeGuard[dict[str, dict[str, Any]]]:
    return isinstance(references, dict) and bool(references) and all(map(_is_reference, references.values()))


def _is_reference(reference: Any) -> bool:
    return isinstance(reference, dict) and NAME.fullmatch(str(reference.get("sha256", ""))) is not None


class FolderBlobs:
    """Payloads as the files of a folder, each written whole before a line refers to it.

    Parameters
    ----------
    path
        The folder; created with the first of them.
    make
        Creates the folder that it is in, where that is missing, too.
    """

    def __init__(self, path: Path, make: Callable[[], None] = lambda: None) -> None:
        self.path = path
        self._make = make

    def put(self, blob: Blob) -> None:
        """Keep a payload.

        Raises
        ------
        OSError
            When it cannot be written.
        """
        file = self.path / f"{blob.name}{blob.suffix}"
        with suppress(OSError):
            if file.stat().st_size == len(blob.data):
                os.utime(file)  # so that it does not look left over to `collect`
                return
        if not self.path.exists():
            self._make()
        make_private(self.path)
        write_whole(file, [blob.data])

    def get(self, name: str, suffix: str) -> bytes | None:
        """Return a payload; ``None`` when it is not there, or is not what its name says."""
        for file in [self.path / f"{name}{_plain(suffix)}", *self.path.glob(f"{name}*")]:
            with suppress(OSError):
                data = file.read_bytes()
                if hashlib.sha256(data).hexdigest() == name:
                    return data
        return None

    def files(self) -> list[Path]:
        """Return the files that are payloads."""
        with suppress(OSError):
            return [file for file in self.path.iterdir() if NAME.fullmatch(file.name.partition(".")[0])]
        return []


def _plain(suffix: str) -> str:
    """Return a suffix that a file's name can have: what a log says is not to be trusted."""
    return suffix if re.fullmatch(r"\.[a-z0-9]{1,8}", suffix) else ""


class MemoryBlobs:
    """Payloads in memory, in front of others that are asked when they are not there.

    Parameters
    ----------
    behind
        Those others, if there are any.
    """

    def __init__(self, behind: Blobs | None = None) -> None:
        self.held: dict[str, Blob] = {}
        self._behind = behind

    def put(self, blob: Blob) -> None:
        """Keep a payload."""
        self.held[blob.name] = blob

    def get(self, name: str, suffix: str) -> bytes | None:
        """Return a payload; ``None`` when it is not there."""
        if name in self.held:
            return self.held[name].data
        return None if self._behind is None else self._behind.get(name, suffix)
