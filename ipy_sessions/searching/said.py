"""What of a message is looked at, and which messages are: roles, dates, tools, and what is folded away. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from ipy_sessions.entries import Block, Entry, text_in
from ipy_sessions.errors import CommandError
from ipy_sessions.identifiers import check_aware, timestamp
from ipy_sessions.readers.transcript import when

ROLES = ("user", "assistant")

NameOf = Callable[[str], str | None]
"""From the id of a call to the name of the tool."""


class Passage(NamedTuple):
    """Something that a message says.

    Parameters
    ----------
    kind
        ``"text"``, ``"thinking"``, ``"call"`` or ``"result"``.
    text
        What it says.
    tool
        The name of the tool that is called, or has returned this.
    """

    kind: str
    text: str
    tool: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Where is looked.

    Parameters
    ----------
    role
        Only what the ``"user"`` or the ``"assistant"`` has said.
    tool
        Only calls of this tool and what they have returned.
    since, until
        Only messages that are not older, not younger; aware.
    notebook
        Only sessions of this notebook: its name, or the end of its path.
    deep
        Whether thinking, and calls of tools and what they have returned, are looked at, too.
    """

    role: str | None = None
    tool: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    notebook: str | None = None
    deep: bool = False

    def __post_init__(self) -> None:
        if self.role not in (None, *ROLES):
            raise CommandError(f"The role of a message is {' or '.join(ROLES)}, and not {self.role!r}.")
        check_aware(self.since, self.until)

    def takes(self, entry: Entry) -> bool:
        """Tell whether a message is looked at, as far as its role and its time go."""
        if entry.role not in ROLES or self.role not in (None, entry.role):
            return False
        if self.since is None and self.until is None:
            return True
        ts = when(entry.ts)
        return (
            ts is not None
            and (self.since is None or ts >= timestamp(self.since.astimezone(UTC)))
            and (self.until is None or ts <= timestamp(self.until.astimezone(UTC)))
        )

    def is_of(self, notebook: str | None) -> bool:
        """Tell whether a session that belongs to a notebook is looked at."""
        if self.notebook is None:
            return True
        return notebook is not None and any(
            f"/{notebook}".endswith(f"/{self.notebook}{suffix}") for suffix in ("", ".ipynb")
        )

    def passages(self, entry: Entry, name_of: NameOf) -> list[Passage]:
        """Return what of a message is looked at."""
        return [passage for block in entry.content for passage in self._of(block, name_of)]

    def _of(self, block: Block, name_of: NameOf) -> Iterator[Passage]:
        kind, name = block.get("type"), block.get("name")
        if kind == "text" and self.tool is None:
            yield from _passage("text", block.get("text"))
        elif kind == "thinking" and self.deep and self.tool is None:
            yield from _passage("thinking", block.get("thinking"))
        elif kind == "tool_use" and self._wants(name):
            tool = name if isinstance(name, str) else None
            yield Passage("call", "\n".join([tool or "", *_texts(block.get("input"))]), tool)
        elif kind == "tool_result" and (self.deep or self.tool is not None):
            called = name_of(str(block.get("tool_use_id")))
            if self._wants(called):
                yield from _passage("result", text_in(block.get("content")), called)

    def _wants(self, tool: object) -> bool:
        return self.deep if self.tool is None else isinstance(tool, str) and tool.lower() == self.tool.lower()


def calls(entries: Iterator[Entry]) -> dict[str, str]:
    """Return the names of the tools that were called, by the ids of the calls."""
    return {
        str(block.get("id")): name
        for entry in entries
        if entry.role == "assistant"
        for block in entry.content
        if block.get("type") == "tool_use" and isinstance(name := block.get("name"), str)
    }


def _passage(kind: str, text: object, tool: str | None = None) -> Iterator[Passage]:
    if isinstance(text, str) and text:
        yield Passage(kind, text, tool)


def _texts(value: Any) -> Iterator[str]:
    """Yield what a tool was given: names, texts and whole numbers, which JSON writes in one way alone."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield name
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, str | int) and not isinstance(value, bool):
        yield str(value)
