"""Sessions of pi, of its versions 1 to 3 and of 1.x: records of its tree as entries of ours.

It owns how pi's tree becomes ours. The version in the header is not asked: a record without a parent follows the one
before it, as all did in version 1. Labels, names and the like are steps of pi's tree and stand outside of ours, so
what follows one follows the step above it; and where the file ends in one that stands elsewhere than the last step, a
``leaf`` entry says so, since pi goes on at the last record of a file. What a record says is `pi_records`' business.

A ``context_edit`` of pi holds on its branch, one of ours on all. One that replaces a message hides it as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from ipy_sessions.entries import OUTSIDE_TREE, ROOTS
from ipy_sessions.identifiers import derived
from ipy_sessions.readers.asked import Asked
from ipy_sessions.readers.file import File
from ipy_sessions.readers.pi_records import Ours, Record, ours_of
from ipy_sessions.readers.transcript import Draft, Follows, Transcript, when

NAME = "pi"
FILE = re.compile(r"(\d{4}-\d\d-\d\dT\d\d)-(\d\d)-(\d\d)-(\d{3}Z)_([^/\\]+)\.jsonl$")
"""How pi names a session's file: by this a session names the one that it was forked from."""
NOTHING = Asked()


class PiReader:
    """pi's JSONL: a header of type ``session`` with a ``timestamp``, and records with ``parentId``, or without ids."""

    name = NAME

    def knows(self, file: File) -> bool:
        """Tell whether the first record is pi's header: ours has ``ts`` where this one has ``timestamp``."""
        first = file.beginning[0] if file.beginning else {}
        return first.get("type") == "session" and isinstance(first.get("id"), str) and "ts" not in first

    def read(self, file: File) -> Iterator[Transcript]:
        """Yield the session."""
        records = file.records()
        reading = _Reading(next(records).says)
        for record in records:
            reading.take(record.says)
        reading.end()
        reading.draft.bad_lines = file.bad_lines
        yield reading.draft.finish(file.path)


class _Place(NamedTuple):
    """Where a record stands.

    Parameters
    ----------
    name
        What it is called while it is read: its id, or its place where it has none, or one that is taken.
    key
        Its id there, where it is called by that.
    above
        What it follows in pi's tree.
    step
        The step of ours that it follows.
    """

    name: str
    key: str | None
    above: str | None
    step: str | None


class _Reading:
    """One session while it is being read."""

    def __init__(self, header: Record) -> None:
        self.draft = Draft(NAME, header["id"], header.get("timestamp"))
        self.draft.fields, self.draft.raw = _described(header)
        self.asked = NOTHING
        self._names: list[str | None] = [None]  # of all records in their order; the header is the first
        self._above: dict[str, str | None] = {}  # what each follows in pi's tree
        self._stands_for: dict[str, str | None] = {}  # for each that is no step of ours the step above it
        self._asked: dict[str | None, Asked] = {}
        self._step: str | None = None  # the last step of ours

    def take(self, record: dict[str, Any]) -> None:
        """Read one record."""
        place = self._place(record)
        self.asked = self._asked.get(place.above, NOTHING)
        self._above[place.name] = place.above
        ours = ours_of(record, self)
        self._asked[place.name] = self.asked
        self._names.append(place.name)
        if self._add(record, place, ours):
            self._step = place.name
        else:
            self._stands_for[place.name] = place.step

    def end(self) -> None:
        """Say where pi would go on, at the file's last record, when that does not stand behind the last step."""
        last = self._names[-1]
        at = None if last is None else self._stands_for.get(last, last)
        target = self.id_of(at)
        if at != self._step and (at is None or target is not None):
            self.draft.add("leaf", {"target_id": target, "from_id": self.id_of(self._step)}, after=None)

    def id_of(self, key: object) -> str | None:
        """Return our id of the step that a record stands for; ``None`` where none of that name has come."""
        step = self._stands_for.get(key, key) if isinstance(key, str) else None
        return None if step is None else self.draft.id_of(step)

    def first_kept(self, record: Record) -> str | None:
        """Return our id of the first step that a compaction keeps; ``None`` where it keeps nothing."""
        name, index = record.get("firstKeptEntryId"), record.get("firstKeptEntryIndex")
        if isinstance(index, int) and 0 <= index < len(self._names):  # as version 1 has it
            name = self._names[index]
        if not isinstance(name, str) or name not in self._stands_for:
            return self.id_of(name)
        first = None  # it is no step of ours, and the first one below it is meant
        seen: set[str] = set()
        at = next(reversed(self._above.values()))
        while at is not None and at != name and at not in seen:
            seen.add(at)
            first = first if at in self._stands_for else at
            at = self._above.get(at)
        return self.id_of(first) if at == name else None

    def _place(self, record: Record) -> _Place:
        key, above = record.get("id"), record.get("parentId")
        if not isinstance(key, str) or key in self._above or key[:1] == "#":
            key = None
        if "parentId" not in record or not (above is None or isinstance(above, str)):
            above = self._names[-1]
        step = None if above is None else self._stands_for.get(above, above)
        return _Place(f"#{len(self.draft)}" if key is None else key, key, above, step)

    def _add(self, record: dict[str, Any], place: _Place, ours: Ours | None) -> bool:
        """Add a record's entry; tell whether it is a step."""
        written, after = record.get("timestamp"), None if place.step is None else Follows(place.step)
        ts = written if (read := when(written) is not None) else _said_at(record)
        if ours is None:
            kind = record.get("type")
            self.draft.keep(kind if isinstance(kind, str) else "?", record, key=place.key, ts=ts, after=after)
            return after is not None
        is_step = ours.type not in OUTSIDE_TREE and (after is not None or ours.type in ROOTS)
        rest = ours.rest | odd if (odd := _odd(record, place, timed=read, is_step=is_step)) else ours.rest
        after = after if is_step else None
        entry_id = self.draft.add(ours.type, ours.fields, key=place.key, ts=ts, after=after, raw=rest)
        if ours.hidden:
            self.draft.add("context_edit", {"edit": "hide", "target_ids": [entry_id]}, after=None)
        return is_step


def _described(header: Record) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the fields of our header, and what pi's says besides."""
    fields: dict[str, Any] = {}
    rest = {name: value for name, value in header.items() if name not in ("type", "id")}
    if when(header.get("timestamp")) is not None:
        del rest["timestamp"]
    if isinstance(header.get("cwd"), str):
        fields["cwd"] = rest.pop("cwd")
    parent = header.get("parentSession", header.get("branchedFrom"))
    if isinstance(parent, str) and (named := FILE.search(parent)):
        hour, minute, second, key = named[1], named[2], named[3], named[5]
        if (ts := when(f"{hour}:{minute}:{second}.{named[4]}")) is not None:
            fields["parent_session"] = derived(ts, NAME, key)
    return fields, rest


def _said_at(record: Record) -> object:
    """Return the time that the message in a record has, for one that has none itself."""
    said = record.get("message")
    return said.get("timestamp") if isinstance(said, Mapping) else None


def _odd(record: Record, place: _Place, *, timed: bool, is_step: bool) -> dict[str, Any]:
    """Return what every record says and our entry does not, as an id that stands twice, or the place of a label."""
    odd: dict[str, Any] = {}
    if place.key is None and "id" in record:
        odd["id"] = record["id"]
    if not timed and "timestamp" in record:
        odd["timestamp"] = record["timestamp"]
    if "parentId" in record and not (is_step and record["parentId"] == place.step):
        odd["parentId"] = record["parentId"]
    return odd
