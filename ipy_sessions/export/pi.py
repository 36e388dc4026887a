"""The session format of the agent pi, version 3, with every branch: pi opens it and goes on with it.

In pi everything stands in the tree, labels and names too, and the conversation stands behind the last line. So what
stands outside our tree is put on the way, where the conversation stood when it was written, and what follows later
follows it; a ``leaf`` becomes a record of ours at the place that it moved to. What pi has no record for is a ``custom``
one, which holds all of it. How messages look there is `pi_messages`' business.

Source of the format: docs/session-format.md of pi-coding-agent.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any, TypeAlias

import msgspec

from ipy_sessions.branches import Branches
from ipy_sessions.entries import Entry
from ipy_sessions.export.material import Material
from ipy_sessions.export.pi_messages import Messages, served_by
from ipy_sessions.tree import MISSING

VERSION = 3
MARK = "ipy_sessions"
"""How the records of ours are called that pi keeps and does not understand."""

Record: TypeAlias = dict[str, Any]


def to_pi(material: Material) -> bytes:
    """Return a session as the lines of pi."""
    header = material.header
    cwd = header.fields.get("cwd")
    first = {
        "type": "session",
        "version": VERSION,
        "id": header.id,
        "timestamp": header.ts,
        "cwd": cwd if isinstance(cwd, str) else "",
    }
    encoder = msgspec.json.Encoder()
    return b"".join(encoder.encode(record) + b"\n" for record in [first, *_Writer(material).records()])


class _Writer:
    """Writes one session.

    Parameters
    ----------
    material
        The session.
    """

    def __init__(self, material: Material) -> None:
        self._material = material
        self._tree = material.tree
        self._branches = Branches(self._tree)
        self._branches.catch_up()
        self._messages = Messages(material)
        self._ids = _short_ids(material)
        self._taken = set(self._ids.values())
        self._tips: dict[str | None, str | None] = {None: None}  # what follows a step follows this record of its
        self._at: str | None = None
        self._written: dict[str, list[str]] = {}  # the messages there, by the entry here

    def records(self) -> Iterator[Record]:
        """Yield the records in their order; none follows one that comes later."""
        if name := self._material.header.fields.get("name"):
            yield from self._put(None, self._material.header.ts, [{"type": "session_info", "name": str(name)}], "name")
        for entry in self._parents_first():
            yield from self._of(entry)
        leaf, last = self._tree.leaf, _last_time(self._material)
        if self._at != leaf and leaf in self._tips:  # pi stands behind the last record
            yield from self._moved(leaf, last, {}, "leaf")
        hidden = [
            written
            for message in self._material.messages
            if message.id in self._material.hidden
            for written in self._written.get(message.id, [])
        ]
        edits = [{"type": "context_edit", "targetId": one, "replacement": None} for one in hidden]
        yield from self._put(leaf, last, edits, "hidden", self._tips.get(leaf))

    def _of(self, entry: Entry) -> Iterator[Record]:
        if entry.type == "leaf":
            target = self._tree.target(entry)
            if target != MISSING and target in self._tips:
                yield from self._moved(target, entry.ts, entry.fields, entry.id)
            return
        step = entry.id if entry.in_tree else self._at
        above = self._branches.parent(entry.id) if entry.in_tree else self._at
        records = self._bodies(entry)
        parent = self._tips.get(above)  # of a circle, which pi would follow for ever, one step begins anew
        yield from self._put(step, entry.ts, records, entry.id, parent)
        self._at = step

    def _moved(self, step: str | None, ts: str, fields: Record, key: str) -> Iterator[Record]:
        yield from self._put(step, ts, [_custom("leaf", fields)], key, self._tips[step])
        self._at = step

    def _put(
        self, step: str | None, ts: str, bodies: list[Record], key: str, parent: str | None = None
    ) -> Iterator[Record]:
        """Yield the records of one entry, one behind the other; what follows the step follows the last of them."""
        for number, body in enumerate(bodies):
            own = self._ids.get(key) if number == 0 else None
            record_id = own or _short(f"{key} {number}", self._taken)
            if body["type"] == "message":
                self._written.setdefault(key, []).append(record_id)
            yield {"type": body["type"], "id": record_id, "parentId": parent, "timestamp": ts, **body}
            parent = record_id
        self._tips[step] = parent

    def _parents_first(self) -> Iterator[Entry]:
        """Yield every entry in the order of the file, but none before the step that it follows."""
        done: set[str] = set()
        for entry in self._tree:
            chain: list[Entry] = []
            at: str | None = entry.id
            while at is not None and at not in done:
                done.add(at)
                chain.append(self._tree[at])
                at = self._branches.parent(at) if at in self._branches else None
            yield from reversed(chain)

    def _bodies(self, entry: Entry) -> list[Record]:
        """Return what the records of an entry say; at least one, which has its id."""
        fields = entry.fields
        if entry.role in ("user", "assistant") and (found := self._messages.of(entry)):
            return found
        if entry.type == "settings" and isinstance(model := fields.get("model"), str) and model:
            return [
                {"type": "model_change", "provider": served_by(entry)[0], "modelId": model},
                _custom("settings", fields),
            ]
        if entry.type == "label":
            label = fields.get("label")
            target = self._ids.get(str(fields.get("target_id")))
            return [{"type": "label", "targetId": target, **({"label": label} if label else {})}] if target else []
        if entry.type == "info":
            name = [{"type": "session_info", "name": str(fields["name"] or "")}] if "name" in fields else []
            rest = {field: value for field, value in fields.items() if field != "name"}
            return [*name, *([_custom("info", rest)] if rest else [])]
        return self._summary(entry) or [_custom(entry.type, fields)]

    def _summary(self, entry: Entry) -> list[Record]:
        summary = entry.fields.get("summary")
        if not isinstance(summary, str):
            return []
        if entry.type == "compaction":
            kept = self._ids.get(str(entry.fields.get("first_kept_id")), self._ids[entry.id])
            before = entry.fields.get("tokens_before")
            tokens = before if isinstance(before, int) else 0
            return [{"type": "compaction", "summary": summary, "firstKeptEntryId": kept, "tokensBefore": tokens}]
        if entry.type == "branch_summary":
            left = self._ids.get(str(entry.fields.get("from_id")), "root")
            return [{"type": "branch_summary", "fromId": left, "summary": summary}]
        return []


def _last_time(material: Material) -> str:
    return max([material.header.ts, *(entry.ts for entry in material.tree)])


def _custom(kind: str, data: Record) -> Record:
    return {"type": "custom", "customType": f"{MARK}:{kind}", "data": data}


def _short_ids(material: Material) -> dict[str, str]:
    taken: set[str] = set()
    return {entry.id: _short(entry.id, taken) for entry in material.tree}


def _short(key: str, taken: set[str]) -> str:
    """Return eight hexadecimal digits for a key that nothing else has: the same at every export."""
    for again in range(len(taken) + 1):
        found = hashlib.blake2b(f"{again} {key}".encode("utf-8", "surrogatepass"), digest_size=4).hexdigest()
        if found not in taken:
            break
    taken.add(found)
    return found
