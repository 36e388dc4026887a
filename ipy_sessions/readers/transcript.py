"""What a reader yields: a conversation as a header and entries of our own, and an account of what it did not know.

It owns how what another agent has written gets ids, parents and times of ours. Ids are derived from those there, so
that a file that is read twice, or was imported before, is the same conversation both times.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec
from msgspec.structs import replace

from ipy_sessions.entries import VERSION, Entry, Header, Kept
from ipy_sessions.identifiers import Namer, derived, milliseconds, moment, timestamp

EPOCH = "1970-01-01T00:00:00.000Z"
"""The time of what has none, nor anything before it."""
# How a time of the log ends, and the milliseconds that it says.
SECONDS = {f":{number:02}.": number * 1000 for number in range(60)}
THOUSANDTHS = {f"{number:03}Z": number for number in range(1000)}
MILLISECONDS = 100_000_000_000  # a number above it counts milliseconds since 1970, one below it seconds


class Transcript(NamedTuple):
    """One conversation, whoever has written it.

    Parameters
    ----------
    header
        Which session it is; ``source`` in its fields says where one of another agent comes from.
    entries
        Its entries in the order of the file; every one of them has an id.
    format
        The name of the reader: ``"ipy_sessions"``, ``"pi"``, ``"claude_code"`` and so on.
    path
        The file, as it was named.
    unknown
        How many records of each type were kept without being understood.
    bad_lines
        Numbers of the lines that could not be read; the first line is 1.
    """

    header: Header
    entries: Sequence[Entry]
    format: str
    path: str = ""
    unknown: Mapping[str, int] = {}
    bad_lines: Sequence[int] = ()

    @property
    def id(self) -> str:
        """The session's id."""
        return self.header.id


class Follows(msgspec.Struct, frozen=True, gc=False):
    """What an entry that is being read follows: a record there, which may come later in the file."""

    key: str


class LastOne:
    """An entry follows the one that was read before it."""


LAST = LastOne()


class Draft:
    """A transcript of another agent while it is being read.

    Parameters
    ----------
    format
        The name of the reader.
    key
        What the other agent calls the session.
    ts
        When it began, in any form that `when` reads.
    """

    def __init__(self, format: str, key: str, ts: object = None) -> None:  # noqa: A002 - the field's word
        self.format, self.key = format, key
        self._now = _instant(ts) or (EPOCH, 0)
        self.ts = self._now[0]
        self.id = derived(self.ts, format, key)
        self.fields: dict[str, Any] = {}
        """What the header will hold, by the names of design §5."""
        self.raw: dict[str, Any] = {}
        """What is said of the session that has no field of ours."""
        self.unknown: Counter[str] = Counter()
        self.bad_lines: list[int] = []
        self._anyones, self._own = Namer(format), Namer(format, key)
        self._entries: list[Entry] = []
        self._ids: dict[str, str] = {}
        self._last: str | None = None
        self._early: dict[int, str] = {}
        """Places of the entries that follow a record which was not read yet, and its name there."""

    def __len__(self) -> int:
        return len(self._entries)

    def add(
        self,
        type: str,  # noqa: A002 - the entry's word
        fields: dict[str, Any] | Kept,
        *,
        key: str | None = None,
        ts: object = None,
        after: Follows | LastOne | None = LAST,
        raw: Mapping[str, Any] | None = None,
        role: str | None = None,
    ) -> str:
        """Add an entry; return its id, or that of the entry that has this key already, which is left as it is.

        Parameters
        ----------
        type
            ``"message"``, ``"settings"``, ``"compaction"`` and so on.
        fields
            What its line will hold, by the names of design §5; or where to read that when it is asked for, ``source``
            included.
        key
            What the other agent calls it, in this session and in copies of it; its place in the file where it has no
            name there.
        ts
            When it was written, in any form that `when` reads; that of the entry before it where it says nothing.
        after
            What it follows; ``None`` for one that begins a conversation or stands outside the tree.
        raw
            What the record says that has no field of ours.
        role
            Of a message whose fields are read when they are asked for.
        """
        entries, ids = self._entries, self._ids
        name = key if key is not None else f"#{len(entries)}"
        if name in ids:
            return ids[name]
        ts, since = self._now = _instant(ts) or self._now
        whose = self._anyones if key is not None else self._own  # what a fork there has copied is the same in both
        if isinstance(fields, dict):
            source: dict[str, Any] = {"format": self.format, "id": key}
            if raw:
                source["raw"] = raw
            fields, role = {**fields, "source": source}, fields.get("role")
        parent = None
        if isinstance(after, Follows):
            parent = ids.get(after.key) or self._missing(after.key)
        elif after is not None:
            parent = self._last
        entry_id = ids[name] = whose(since, name)
        entry = Entry(type, len(entries) + 1, entry_id, parent, self.id, ts, fields, role)
        entries.append(entry)
        if entry.in_tree:
            self._last = entry_id
        return entry_id

    def also(self, key: str, entry_id: str) -> None:
        """Say that another record there is part of an entry: what follows that record follows this entry."""
        self._ids.setdefault(key, entry_id)

    def keep(self, type: str, record: Mapping[str, Any] | Kept, **place: Any) -> str:  # noqa: A002 - the record's word
        """Keep, and count, a record that this version does not understand; `place` is as for `add`."""
        self.unknown[type] += 1
        if isinstance(record, Mapping):
            return self.add("unknown", {}, raw=record, **place)
        return self.add("unknown", record, **place)

    def id_of(self, key: str) -> str | None:
        """Return the id of the entry of that name there; ``None`` when no such entry was read yet."""
        return self._ids.get(key)

    def finish(self, path: str = "") -> Transcript:
        """Return the transcript: parents and numbers are set, and the header says where it comes from."""
        for place, key in self._early.items():
            if parent := self._ids.get(key):
                self._entries[place] = replace(self._entries[place], parent_id=parent)
        source = {"format": self.format, "id": self.key, **({"raw": self.raw} if self.raw else {})}
        header = Header(VERSION, self.id, self.ts, {**self.fields, "source": source})
        return Transcript(header, self._entries, self.format, path, dict(self.unknown), tuple(self.bad_lines))

    def _missing(self, key: str) -> str:
        """Return an id for what the next entry follows and was not read yet: one that is reported as missing."""
        self._early[len(self._entries)] = key
        return derived(self.ts, self.format, self.key, "missing", key)


def when(written: object) -> str | None:
    """Return a time as the log writes it; ``None`` for what is no time.

    Parameters
    ----------
    written
        ISO 8601, or seconds or milliseconds since 1970.
    """
    found = _instant(written)
    return None if found is None else found[0]


def _instant(written: Any) -> tuple[str, int] | None:
    """Return a time as the log writes it, and in milliseconds since 1970."""
    try:
        return written, _minute(written[:16]) + SECONDS[written[16:20]] + THOUSANDTHS[written[20:]]
    except (TypeError, KeyError, ValueError):  # it is not as the log writes it
        at = _moment(written)
        return None if at is None else (timestamp(at), milliseconds(at))


@lru_cache(16)
def _minute(written: str) -> int:
    """Return when a minute begins; most times share theirs with the one before."""
    return milliseconds(moment(f"{written}:00.000Z"))


def _moment(written: object) -> datetime | None:
    try:
        if isinstance(written, str):
            return moment(written)
        if isinstance(written, int | float) and not isinstance(written, bool):
            return datetime.fromtimestamp(written / 1000 if abs(written) > MILLISECONDS else written, UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return None
