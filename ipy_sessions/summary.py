"""A session summed up in one row.

Pure: a header and a tree in, a `SessionInfo` out. It owns what a session is called, which notebook it belongs to and
how its messages, tokens and costs add up; where its file is, it is told.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ipy_sessions.entries import Entry, Header
from ipy_sessions.identifiers import moment
from ipy_sessions.tree import Tree

TAIL = 6  # characters of an id that tell a session from its neighbours
TITLE = 50  # characters of the first message that stand for a name


def tail(session_id: str) -> str:
    """Return the end of an id that stands in file names and lists."""
    return session_id.replace("-", "")[-TAIL:]


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionInfo:
    """One session, summed up.

    Parameters
    ----------
    path
        Its file; for a session in memory, the one that `%session keep` would write.
    id, name
        Its id, and its name if it has one.
    created, modified
        When it was created and when its last message was written; aware, in UTC.
    message_count, turn_count
        Messages, and those of them that ask something, those of all branches counted.
    first_message
        Text of the first user message; empty when there is none.
    notebook
        The notebook that it belongs to, as its log names it: relative to the folder that holds the session folder.
    model
        The model that answered last.
    input_tokens, output_tokens
        Tokens of all answers together, as far as they were counted.
    cache_read_tokens, cache_write_tokens
        Tokens that the servers had in their caches, and those that they put there; `input_tokens` has neither.
    cost_usd
        US dollars of all answers together; ``None`` when one of them is not known. What broke off before the server
        counted anything costs nothing.
    known_cost_usd
        The same of those that are known; ``None`` when none is.
    leaf_count
        Branches: the steps that nothing follows.
    interrupted
        Whether the last turn has no complete answer.
    cells
        The ids of the cells that asked, each with the time of its last ask.
    bad_lines
        Numbers of the lines that could not be read; the header is line 1.
    """

    path: Path
    id: str
    name: str | None
    created: datetime
    modified: datetime
    message_count: int
    turn_count: int
    first_message: str
    notebook: str | None
    model: str | None
    input_tokens: int
    output_tokens: int
    cache_read_tokens: int
    cache_write_tokens: int
    cost_usd: float | None
    known_cost_usd: float | None
    leaf_count: int
    interrupted: bool
    cells: Mapping[str, datetime]
    bad_lines: tuple[int, ...]

    @property
    def tail(self) -> str:
        """The end of the id that stands in file names and lists."""
        return tail(self.id)

    @property
    def title(self) -> str:
        """The name, or else the beginning of the first message, or else the end of the id."""
        return self.name or " ".join(self.first_message.split())[:TITLE] or self.tail


def name_of(header: Header, tree: Tree) -> str | None:
    """Return a session's name: the last that it was given."""
    return _last_info(tree, "name", header.fields.get("name"))


def notebook_of(header: Header, tree: Tree) -> str | None:
    """Return the notebook that a session belongs to: the last that it was seen in."""
    return _last_info(tree, "notebook", header.fields.get("notebook"))


def _last_info(tree: Tree, field: str, value: Any) -> str | None:
    for entry in tree:
        if entry.type == "info" and field in entry.fields:
            value = entry.fields[field]
    return _text(value)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def summarise(path: Path, header: Header, tree: Tree, bad_lines: Iterable[int] = ()) -> SessionInfo:
    """Sum up one session."""
    messages = [entry for entry in tree if entry.type == "message"]
    asked = [entry for entry in messages if entry.role == "user"]
    answers = [entry for entry in messages if entry.role == "assistant"]
    costs = [entry.cost_usd for entry in answers if entry.usage or entry.fields.get("end") != "error"]
    known = [cost for cost in costs if cost is not None]
    last = next((entry for entry in reversed(tree.path()) if entry.type == "message"), None)
    return SessionInfo(
        path=path,
        id=header.id,
        name=name_of(header, tree),
        created=_time(header.ts),
        modified=_time(messages[-1].ts if messages else header.ts),
        message_count=len(messages),
        turn_count=sum(1 for entry in asked if entry.text),
        first_message=asked[0].text if asked else "",
        notebook=notebook_of(header, tree),
        model=_text(answers[-1].fields.get("model")) if answers else None,
        input_tokens=_tokens(answers, "input_tokens"),
        output_tokens=_tokens(answers, "output_tokens"),
        cache_read_tokens=_tokens(answers, "cache_read_input_tokens"),
        cache_write_tokens=_tokens(answers, "cache_creation_input_tokens"),
        cost_usd=sum(known) if len(known) == len(costs) else None,
        known_cost_usd=sum(known) if known else None,
        leaf_count=len(tree.leaves),
        interrupted=last is not None and last.fields.get("stop_reason") is None,
        cells={cell: _time(entry.ts) for entry in asked if (cell := _text(entry.fields.get("cell_id"))) is not None},
        bad_lines=tuple(bad_lines),
    )


def _tokens(answers: Iterable[Entry], kind: str) -> int:
    return sum(entry.usage.get(kind, 0) for entry in answers)


def _time(written: str) -> datetime:
    """Read a time; one that was changed by hand and is none counts as the oldest, so that the session stays listed."""
    try:
        return moment(written)
    except ValueError:
        return datetime.fromtimestamp(0, UTC)
