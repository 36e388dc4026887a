"""What is looked at in a line of Claude Code before it is read: which it is, what it follows, which calls it has.

It owns the names of Claude Code's fields and how its lines are told from those of other agents. The format is internal
to Claude Code and changes: whatever is not named here is passed over, and kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from ipy_sessions.readers.file import File

STEPS = frozenset({"user", "assistant", "system", "attachment", "progress"})
"""Types of lines that follow one another."""
ASIDE = frozenset({"progress"})
"""Types of lines that follow another and are no step: what a tool says while it runs."""
ALONE = {
    "summary": "leafUuid",
    "file-history-snapshot": "messageId",
    "queue-operation": "sessionId",
    "custom-title": "sessionId",
    "ai-title": "sessionId",
    "agent-name": "sessionId",
    "tag": "sessionId",
    "last-prompt": "sessionId",
    "mode": "sessionId",
    "permission-mode": "sessionId",
}
"""Types of lines that stand by themselves, and a field that each of them has."""
NO_STEP = ASIDE | ALONE.keys()


class Part(msgspec.Struct, gc=False):
    """A block of a message, as far as it says which call it is or answers."""

    type: str | None = None
    id: str | None = None
    tool_use_id: str | None = None


class Said(msgspec.Struct, gc=False):
    """The message of a line."""

    content: str | list[Part]
    id: str | None = None


class Head(msgspec.Struct, gc=False):
    """A line, as far as it says where it belongs."""

    # The names are those that stand in the lines.
    type: str = ""
    uuid: str | None = None
    parentUuid: str | None = None  # noqa: N815
    logicalParentUuid: str | None = None  # noqa: N815
    sessionId: str | None = None  # noqa: N815
    agentId: str | None = None  # noqa: N815
    timestamp: str | float | int | None = None
    isSidechain: bool | None = None  # noqa: N815
    isMeta: bool | None = None  # noqa: N815
    isCompactSummary: bool | None = None  # noqa: N815
    subtype: str | None = None
    message: Said | None = None
    begin: int = msgspec.field(default=0, name="(begin)")
    session: str = msgspec.field(default="", name="(session)")
    home: str = msgspec.field(default="", name="(home)")

    @property
    def calls(self) -> list[str]:
        """Ids of the tools' calls that it makes."""
        said = self.message
        if said is None or isinstance(said.content, str):
            return []
        return [part.id for part in said.content if part.type == "tool_use" and part.id]

    @property
    def results(self) -> list[str]:
        """Ids of the tools' calls whose results it brings."""
        said = self.message
        if said is None or isinstance(said.content, str):
            return []
        return [part.tool_use_id for part in said.content if part.type == "tool_result" and part.tool_use_id]

    @property
    def is_message(self) -> bool:
        """Whether it says something to a model, or is what one has said."""
        return self.message is not None and self.uuid is not None and self.type in ("user", "assistant")


_decoder = msgspec.json.Decoder(Head)


def heads(file: File) -> list[Head]:
    """Return the heads of all lines that hold a JSON object, in their order."""
    found = []
    for begin, seen in file.looks(_decoder):
        head = seen if seen is not None else _loosely(file.record(begin))
        head.begin = begin
        found.append(head)
    return found


def is_line(record: Mapping[str, Any]) -> bool:
    """Tell whether a record is a line of Claude Code."""
    kind = record.get("type")
    if not isinstance(kind, str):
        return False
    if kind in ALONE:
        return isinstance(record.get(ALONE[kind]), str)
    return kind in STEPS and isinstance(record.get("uuid"), str) and {"parentUuid", "sessionId"} <= record.keys()


def _loosely(record: Mapping[str, Any]) -> Head:
    """Return the head of a line that has a value of another type than it should: what has the right one is taken."""
    texts = ("type", "uuid", "parentUuid", "logicalParentUuid", "sessionId", "agentId", "timestamp", "subtype")
    truths = ("isSidechain", "isMeta", "isCompactSummary")
    taken: dict[str, Any] = {name: record[name] for name in texts if isinstance(record.get(name), str)}
    taken |= {name: record[name] for name in truths if isinstance(record.get(name), bool)}
    return Head(**taken)
