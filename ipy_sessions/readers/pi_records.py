"""What each kind of pi's records is among our entries.

It owns one row a kind. It refuses to know the tree: what a record names is looked up by whoever reads the file, and
what a kind is not known to say is kept by them as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol

from ipy_sessions.readers.asked import Asked
from ipy_sessions.readers.pi_messages import content_of, message, paid

BASE = frozenset({"type", "id", "parentId", "timestamp"})
"""What every record has."""

Record = Mapping[str, Any]


class Ours(NamedTuple):
    """A record as an entry of ours.

    Parameters
    ----------
    type, fields
        The entry.
    rest
        What the record says that has no field of ours.
    hidden
        Whether the model never gets it.
    """

    type: str
    fields: dict[str, Any]
    rest: dict[str, Any]
    hidden: bool = False


class Around(Protocol):
    """What is known where a record stands."""

    asked: Asked
    """How the model is asked from here on; a record may change it."""

    def id_of(self, key: object) -> str | None:
        """Return our id of the step that a record stands for; ``None`` where none of that name has come."""

    def first_kept(self, record: Record) -> str | None:
        """Return our id of the first step that a compaction keeps; ``None`` where it keeps nothing."""


def ours_of(record: Record, around: Around) -> Ours | None:
    """Return a record as an entry of ours; ``None`` for one of a kind, or with values, that are not known here."""
    kind = record.get("type")
    read = KINDS.get(kind) if isinstance(kind, str) else None
    return None if read is None else read(record, around)


def _rest(record: Record, *known: str) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name not in BASE and name not in known}


def _message(record: Record, around: Around) -> Ours | None:
    said = record.get("message")
    if not isinstance(said, dict):
        return None
    if said.get("role") == "system":
        return _system(record, said, around)
    if (read := message(said)) is None:
        return None
    model = read.fields.get("model")
    if model is not None and model != around.asked.model:
        around.asked = around.asked._replace(model=model)
    rest = _rest(record, "message") if len(record) > len(BASE) + 1 else {}
    if read.rest:
        rest["message"] = read.rest
    hidden = said.get("role") == "bashExecution" and said.get("excludeFromContext") is True
    return Ours("message", read.fields, rest, hidden)


def _system(record: Record, said: Record, around: Around) -> Ours:
    """Read a change of the system text, of 1.x: text that is added, and sections that are set or taken away."""
    blocks, _ = content_of(said.get("content"))
    around.asked = around.asked.told("\n".join(block["text"] for block in blocks if block["type"] == "text"))
    sections = said.get("sections")
    for name, text in sections.items() if isinstance(sections, dict) else ():
        if text is None or isinstance(text, str):
            around.asked = around.asked.named(name, text)
    return Ours("settings", around.asked.fields, _rest(record))


def _model(record: Record, around: Around) -> Ours | None:
    model = record.get("modelId")
    if not isinstance(model, str):
        return None
    around.asked = around.asked._replace(model=model)
    return Ours("settings", around.asked.fields, _rest(record, "modelId"))


def _level(record: Record, around: Around) -> Ours | None:
    level = record.get("thinkingLevel")
    if not isinstance(level, str):
        return None
    around.asked = around.asked._replace(level=level)
    return Ours("settings", around.asked.fields, _rest(record))


def _told(record: Record, _: Around) -> Ours:
    """Read what an extension has put into the conversation; the model gets it as the user's words."""
    blocks, left = content_of(record.get("content"))
    return Ours("message", {"role": "user", "content": blocks}, _rest(record, "content") | left)


def _compaction(record: Record, around: Around) -> Ours | None:
    summary, before = record.get("summary"), record.get("tokensBefore")
    if not isinstance(summary, str):
        return None
    fields: dict[str, Any] = {"summary": summary, "first_kept_id": around.first_kept(record)}
    if isinstance(before, int) and not isinstance(before, bool):
        fields["tokens_before"] = before
    return Ours("compaction", fields | paid(record.get("usage")), _rest(record, "summary"))


def _branch_summary(record: Record, around: Around) -> Ours | None:
    summary = record.get("summary")
    if not isinstance(summary, str):
        return None
    fields = {"summary": summary, "from_id": around.id_of(record.get("fromId"))}
    return Ours("branch_summary", fields | paid(record.get("usage")), _rest(record, "summary"))


def _label(record: Record, around: Around) -> Ours | None:
    target, label = around.id_of(record.get("targetId")), record.get("label")
    if target is None or not (label is None or isinstance(label, str)):
        return None
    return Ours("label", {"target_id": target, "label": label or None}, _rest(record, "label"))


def _info(record: Record, _: Around) -> Ours | None:
    name = record.get("name")
    if not (name is None or isinstance(name, str)):
        return None
    return Ours("info", {"name": (name or "").strip() or None}, _rest(record, "name"))


def _usage(record: Record, _: Around) -> Ours | None:
    fields = paid(record.get("usage"))
    given = {name: record[name] for name in ("kind", "model") if isinstance(record.get(name), str)}
    return Ours("usage", given | fields, _rest(record, *given)) if fields else None


def _edit(record: Record, around: Around) -> Ours | None:
    target, instead = around.id_of(record.get("targetId")), record.get("replacement", "")
    if target is None:
        return None
    if instead is None:
        return Ours("context_edit", {"edit": "hide", "target_ids": [target]}, _rest(record, "replacement"))
    content = instead.get("content") if isinstance(instead, dict) else None
    if not isinstance(content, str | list):
        return None
    fields = {"edit": "replace", "target_ids": [target], "content": content_of(content)[0]}
    return Ours("context_edit", fields, _rest(record))


KINDS: dict[str, Callable[[Record, Around], Ours | None]] = {
    "message": _message,
    "custom_message": _told,
    "model_change": _model,
    "thinking_level_change": _level,
    "compaction": _compaction,
    "branch_summary": _branch_summary,
    "label": _label,
    "session_info": _info,
    "usage": _usage,
    "context_edit": _edit,
}
