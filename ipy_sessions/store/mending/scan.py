r"""A session's file, gone through line by line to see what is wrong with it.

It owns what is wrong with a line by itself, and collects a `Step` of every entry for those who look at how the entries
hang together. What the entries say is forgotten at once: what stays in memory is less than a kilobyte for each, and the
longest line. It changes nothing.

Lines end at ``\n`` and nowhere else. Of two entries with one id the first counts, as for every reader.
"""

from __future__ import annotations

import hashlib
import re
from codecs import BOM_UTF8
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ipy_sessions.encoding import decode
from ipy_sessions.entries import VERSION, Entry, Header
from ipy_sessions.errors import NotASessionError
from ipy_sessions.findings import (
    Finding,
    Named,
    Step,
    contradicting,
    copied,
    empty,
    marked,
    torn,
    unfinished,
    unreadable,
)

DIGEST_BYTES = 16

_sha256 = re.compile("[0-9a-f]{64}")


class Scan:
    """What was found in a file.

    Parameters
    ----------
    header
        Its first line.
    """

    def __init__(self, header: Header) -> None:
        self.header = header
        self.steps: list[Step] = []
        """The entries, in the order of the file."""
        self.findings: list[Finding] = []
        """What is wrong with single lines, in the order of the file."""
        self.notebook: tuple[Any, int] = header.fields.get("notebook"), 1
        """The notebook that it was last seen in, and the line that says so."""
        self._places: dict[str, int] = {}
        self._unread = 0

    @property
    def is_newer(self) -> bool:
        """Whether a newer version has written it, whose lines may mean something else."""
        return self.header.version > VERSION

    def take(self, number: int, raw: bytes) -> None:
        """Look at the next line."""
        body = raw.removesuffix(b"\n")
        if not body.strip():
            self.findings.append(empty(number))
            return
        try:
            entry = _entry(body)
        except ValueError as error:
            self._unread += 1
            ended = raw.endswith(b"\n")
            self.findings.append(unreadable(number, str(error)) if ended else torn(number, len(body)))
            return
        digest = hashlib.blake2b(body.strip(), digest_size=DIGEST_BYTES).digest()
        if entry.id in self._places:
            self._take_doubled(number, self.steps[self._places[entry.id]], digest)
            return
        if not raw.endswith(b"\n"):
            self.findings.append(unfinished(number))
        if entry.type == "info" and "notebook" in entry.fields:
            self.notebook = entry.fields["notebook"], number
        self._places[entry.id] = len(self.steps)
        self.steps.append(self._step(number, entry, digest))

    def _take_doubled(self, number: int, first: Step, digest: bytes) -> None:
        if digest == first.digest:
            self.findings.append(copied(number, first.line))
        else:
            self._unread += 1
            self.findings.append(contradicting(number, first.line))

    def _step(self, number: int, entry: Entry, digest: bytes) -> Step:
        content = entry.fields.get("content")
        role = entry.role if entry.role in ("user", "assistant") else None
        before = self.steps[-1] if self.steps else None
        return Step(
            line=number,
            seq=entry.seq,
            id=entry.id,
            # The same text as far as possible, and not another copy of it for each entry.
            parent_id=before.id if before and before.id == entry.parent_id else entry.parent_id,
            session=before.session if before and before.session == entry.session else entry.session,
            in_tree=entry.in_tree,
            digest=digest,
            is_repair=entry.type == "repair",
            role=role,
            calls=_named(content, "tool_use", "id") if role == "assistant" else (),
            results=_named(content, "tool_result", "tool_use_id") if role == "user" else (),
            blobs=_blobs(content),
            unread=self._unread,
            names=_names(entry),
            original=_id(entry.fields.get("carried_from")) if role is not None else None,
        )


def scan(path: Path) -> Scan:
    """Go through a session's file; one of a newer version is left at its header.

    Raises
    ------
    NotASessionError
        When it does not begin with a session's header.
    OSError
        When it cannot be read at all.
    """
    with path.open("rb") as file:
        found = _begun(file.readline(), path)
        if not found.is_newer:
            for number, raw in enumerate(file, start=2):
                found.take(number, raw)
    return found


def _begun(raw: bytes, path: Path) -> Scan:
    line = raw.removeprefix(BOM_UTF8)
    try:
        header = decode(line)
    except ValueError as error:
        raise NotASessionError(f"{path} is not a session: its first line is {error}. It was left untouched.") from None
    if not isinstance(header, Header):
        raise NotASessionError(f"{path} is not a session: its first line is a {header.type!r}. It was left untouched.")
    found = Scan(header)
    if line != raw:
        found.findings.append(marked())
    if not raw.endswith(b"\n"):
        found.findings.append(unfinished(1))
    return found


def _entry(body: bytes) -> Entry:
    entry = decode(body)
    if isinstance(entry, Header):
        raise ValueError("a second header")  # noqa: TRY004 - one kind of error for one kind of fault
    return entry


def _names(entry: Entry) -> Named | None:
    """Return what an entry is and which others it names; ``None`` for one that is not there to name any."""
    if entry.type not in ("leaf", "label", "context_edit", "drop"):
        return None
    targets = entry.fields.get("target_ids") if entry.type == "context_edit" else [entry.fields.get("target_id", "")]
    if targets == [None] and entry.type == "leaf":
        return None
    return entry.type, tuple(one for one in targets if _id(one)) if isinstance(targets, list) else ()


def _id(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _named(content: object, kind: str, name: str) -> tuple[str, ...]:
    """Return what the blocks of one type have in one field."""
    blocks = content if isinstance(content, list) else []
    return tuple(str(block.get(name)) for block in blocks if isinstance(block, dict) and block.get("type") == kind)


def _blobs(content: object) -> tuple[str, ...]:
    """Return the blobs that some content refers to, however deep."""
    places = (blob for blobs in _values(content, "blobs") if isinstance(blobs, dict) for blob in blobs.values())
    hashes = (blob.get("sha256") for blob in places if isinstance(blob, dict))
    return tuple(sorted({one for one in hashes if isinstance(one, str) and _sha256.fullmatch(one)}))


def _values(content: object, name: str) -> Iterator[object]:
    """Yield what has a name anywhere in some content; without recursion, since it may be nested as deep as JSON can."""
    rest = [content]
    while rest:
        value = rest.pop()
        if isinstance(value, dict):
            if name in value:
                yield value[name]
            rest.extend(value.values())
        elif isinstance(value, list):
            rest.extend(value)
