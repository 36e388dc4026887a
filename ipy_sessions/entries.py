"""What an entry of the log is.

A log is a header and then entries. An entry says what it is (`type`), which it is (`id`, `seq`), what it follows
(`parent_id`), and carries the rest in `fields`, exactly as it stands in the file: a type or a field that this version
does not know survives being read and written.

This module owns the shape of an entry. It refuses to know files, trees and models: ids, parents and places are given
to an entry by its session; how it becomes a line is `encoding`'s business.

The blocks inside `content` are those of the Messages API, untouched:
https://docs.anthropic.com/en/api/messages
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, TypedDict, TypeGuard

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


OUTSIDE_TREE = frozenset({"label", "info", "leaf", "usage", "repair", "context_edit", "drop"})
"""Types that say something about a session and are no part of the conversation."""

ROOTS = frozenset({"message", "settings", "compaction", "branch_summary"})
"""Types that are a step of the conversation also where they follow nothing."""


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


class Kept(Protocol):
    """Where the lines of entries are that were read from a file."""

    def fields(self, entry_id: str) -> dict[str, Any]:
        """Return the fields of one of them, decoded now."""


if TYPE_CHECKING:
    Held: TypeAlias = Any
else:

    class Held:
        """What no JSON value is, so that no line can bring it along."""


class Entry(msgspec.Struct, frozen=True, gc=False, eq=False):
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
    held
        Everything else on the line, or where to read that when it is asked for: a session of a hundred thousand entries
        is opened without decoding what nobody looks at.
    line_role
        The line's ``role``, which is decoded at once.
    """

    # Decoded straight from JSON. `held` has a name there that no line has, and is set after that.
    type: str
    seq: int = 0
    id: str = ""
    parent_id: str | None = None
    session: str = ""
    ts: str = ""
    held: Held = msgspec.field(default=None, name="(held)")
    line_role: str | None = msgspec.field(default=None, name="role")

    def __eq__(self, other: object) -> bool:
        """Compare what the lines say."""
        if not isinstance(other, Entry):
            return NotImplemented
        return self._head == other._head and self.fields == other.fields

    def __hash__(self) -> int:
        return hash(self.id)

    def __repr__(self) -> str:
        words = " ".join(filter(None, (self.type, self.role, self.id.replace("-", "")[-6:])))
        return f"<Entry {self.seq} {words} {self.text[:50]!r}>" if self.role else f"<Entry {self.seq} {words}>"

    @property
    def _head(self) -> tuple[object, ...]:
        return self.type, self.seq, self.id, self.parent_id, self.session, self.ts

    @property
    def fields(self) -> dict[str, Any]:
        """Everything else on the line, as it stands there. Not to be changed."""
        held: dict[str, Any] | Kept = self.held
        return held if isinstance(held, dict) else held.fields(self.id)

    @property
    def role(self) -> str | None:
        """``"user"`` or ``"assistant"`` of a message, else ``None``."""
        if self.type != "message":
            return None
        held: dict[str, Any] | Kept = self.held
        return held.get("role") if isinstance(held, dict) else self.line_role

    @property
    def content(self) -> list[Block]:
        """The content blocks of a message; an empty list for what has none, as after a change by hand."""
        content = self.fields.get("content")
        return blocks(content) if is_content(content) else []

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
        return self.parent_id is not None or self.type in ROOTS


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
    return NewEntry("message", {"role": "user", "content": blocks(content), **_more(fields)})


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
    return NewEntry("message", {"role": "assistant", "content": blocks(content), **_more(fields), **complete})


def _more(fields: dict[str, Any]) -> dict[str, Any]:
    if taken := {"role", "content"} & fields.keys():
        raise InvalidEntryError(f"{min(taken)!r} is given by the kind of message and cannot be another field of it.")
    return fields


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
    if not isinstance(new, NewEntry):
        raise InvalidEntryError(f"{new!r:.60} is no entry. Make one with ipy_sessions.user('…') or assistant('…').")
    if not RESERVED.isdisjoint(new.fields):
        taken = sorted(RESERVED & new.fields.keys())
        raise InvalidEntryError(f"{taken[0]!r} is set by the session and cannot be a field of an entry. Rename it.")
    if new.type == "session":
        raise InvalidEntryError("An entry cannot be of the type 'session': that is the header's.")
    if new.type == "message" and new.fields.get("role") not in ("user", "assistant"):
        raise InvalidEntryError("The role of a message is 'user' or 'assistant'.")
    if new.type == "message" and not is_content(new.fields.get("content")):
        raise InvalidEntryError("A message needs content: a string, or a list of content blocks.")


def is_content(content: object) -> TypeGuard[str | list[Block]]:
    """Tell whether something can be the content of a message."""
    if isinstance(content, str):
        return True
    return isinstance(content, list) and all(isinstance(block, dict) for block in content)
