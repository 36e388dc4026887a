"""From a header and a tree to a session's row.

Pure. It owns what a session is called, which notebook it belongs to and how its messages, tokens and costs add up.
What was changed by hand may say anything, and never costs the row.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC
from pathlib import Path
from typing import Any

from ipy_sessions.branches import Branches
from ipy_sessions.entries import Entry, Header
from ipy_sessions.identifiers import moment
from ipy_sessions.summary import Counts, Outline, SessionInfo, cursor
from ipy_sessions.tree import Tree

SAYS = ("name", "notebook", "tags", "pinned", "archived")  # of a session about itself, in its ``info`` entries
FIRST = 500  # characters of the first message that a row keeps
NEVER = "1970-01-01T00:00:00.000Z"  # of a time that was changed by hand and is none: the session stays listed, last


def info_of(header: Header, tree: Tree) -> dict[str, Any]:
    """Return what a session says about itself: for each field the last value that it was given."""
    given = {name: header.fields.get(name) for name in ("name", "notebook")}
    for entry in tree:
        if entry.type == "info":
            given.update(said(entry.fields))
    return given


def said(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return what an ``info`` entry says about its session."""
    return {name: fields[name] for name in SAYS if name in fields}


def name_of(header: Header, tree: Tree) -> str | None:
    """Return a session's name: the last that it was given."""
    return text_or_none(info_of(header, tree)["name"])


def notebook_of(header: Header, tree: Tree) -> str | None:
    """Return the notebook that a session belongs to: the last that it was seen in."""
    return text_or_none(info_of(header, tree)["notebook"])


def summarise(path: Path, header: Header, tree: Tree, bad_lines: Iterable[int] = (), size: int = 0) -> SessionInfo:
    """Sum up one session whose entries are there."""
    line = outline(header, tree)
    return SessionInfo(str(path), cursor(line.modified, line.id), size, line.archived, line, count(tree, bad_lines))


def outline(header: Header, tree: Tree) -> Outline:
    """Return one half of a session's row."""
    messages = [entry for entry in tree if entry.type == "message"]
    first = next((entry for entry in messages if entry.role == "user"), None)
    answer = next((entry for entry in reversed(messages) if entry.role == "assistant"), None)
    return make_outline(
        header.id,
        header.ts,
        {**header.fields, **info_of(header, tree)},
        first_message="" if first is None else first.text,
        model=None if answer is None else answer.fields.get("model"),
        modified=messages[-1].ts if messages else header.ts,
        interrupted=bool(messages) and messages[-1].fields.get("stop_reason") is None,
    )


def make_outline(
    session_id: str,
    created: str,
    given: Mapping[str, Any],
    *,
    first_message: str,
    model: object,
    modified: str,
    interrupted: bool,
) -> Outline:
    """Return an outline; `given` is what the header and the last ``info`` entries say, which may be anything."""
    tags = given.get("tags")
    return Outline(
        id=session_id,
        name=text_or_none(given.get("name")),
        created=_readable(created),
        modified=_readable(modified),
        first_message=first_message[:FIRST],
        notebook=text_or_none(given.get("notebook")),
        model=text_or_none(model),
        key=text_or_none(given.get("key")),
        tags=[tag for tag in tags if isinstance(tag, str)] if isinstance(tags, list) else [],
        pinned=given.get("pinned") is True,
        archived=given.get("archived") is True,
        interrupted=interrupted,
        parent_session=text_or_none(given.get("parent_session")),
        begun_by=begun_by(given),
    )


def begun_by(typed: Mapping[str, Any]) -> str | None:
    """Return what tells the command that began a session: its cell, which one of that run it was, what it said."""
    cell, number, command = typed.get("cell_id", "-"), typed.get("ask", 0), typed.get("command")
    return f"{cell} {number} {command}" if isinstance(cell, str) and isinstance(command, str) else None


def count(tree: Tree, bad_lines: Iterable[int] = ()) -> Counts:
    """Return the other half of a session's row."""
    sums = _Sums()
    labels: dict[str, bool] = {}
    drops = False
    for entry in tree:
        if entry.type == "message":
            sums.add(entry)
        elif entry.type == "label":
            fields = entry.fields
            labels[str(fields.get("target_id"))] = bool(fields.get("label"))
        elif entry.type == "drop":
            drops = True
    return Counts(
        message_count=sums.messages,
        turn_count=sums.turns,
        input_tokens=sums.tokens["input_tokens"],
        output_tokens=sums.tokens["output_tokens"],
        cache_read_tokens=sums.tokens["cache_read_input_tokens"],
        cache_write_tokens=sums.tokens["cache_creation_input_tokens"],
        cost_usd=sum(sums.costs) if len(sums.costs) == sums.priced else None,
        known_cost_usd=sum(sums.costs) if sums.costs else None,
        leaf_count=len(_kept(tree) if drops else tree.leaves),
        label_count=sum(labels.values()),
        cells=sums.cells,
        bad_lines=list(bad_lines),
    )


def _kept(tree: Tree) -> list[str]:
    branches = Branches(tree)
    branches.catch_up()
    return branches.leaves


class _Sums:
    """What messages add up to."""

    def __init__(self) -> None:
        self.messages = self.turns = self.priced = 0
        self.costs: list[float] = []
        self.tokens = dict.fromkeys(
            ("input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens"), 0
        )
        self.cells: dict[str, str] = {}

    def add(self, entry: Entry) -> None:
        self.messages += 1
        whole = Entry(entry.type, entry.seq, entry.id, entry.parent_id, entry.session, entry.ts, entry.fields)
        if whole.role == "user":
            self.turns += bool(whole.text)
            cell = text_or_none(whole.fields.get("cell_id"))
            if cell is not None:
                self.cells[cell] = whole.ts
        elif whole.role == "assistant":
            if "carried_from" in whole.fields:  # a copy, which was paid once
                return
            usage = whole.usage
            for kind in self.tokens:
                self.tokens[kind] += usage.get(kind, 0)
            if usage or whole.fields.get("end") != "error":
                self.priced += 1
                if whole.cost_usd is not None:
                    self.costs.append(whole.cost_usd)


def text_or_none(value: object) -> str | None:
    """Return a text that says something, else ``None``: a line that was changed by hand may hold anything."""
    return value if isinstance(value, str) and value else None


def _readable(written: str) -> str:
    """Return a time that can be read and sorted as text: what is none counts as the oldest."""
    if len(written) == len(NEVER) and written.endswith("Z") and written[10] == "T":
        return written
    try:
        return moment(written).astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    except (ValueError, OverflowError):
        return NEVER
