"""Rows of what counts once: calls of tools with their results, and what the model's answers have cost.

Pure. A copy that was carried to another branch, or that a fork has brought along, is the original's row.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from ipy_sessions.entries import Block, Entry, text_in
from ipy_sessions.identifiers import moment
from ipy_sessions.table.messages import Row, json_of, paid
from ipy_sessions.table.part import ALL, Once, Part

SUMMARIES = ("compaction", "branch_summary")


class _Result(NamedTuple):
    """What came back from a call."""

    entry: Entry
    block: Block


def tools(part: Part, once: Once) -> Iterator[Row]:
    """Yield one row a call, joined with its result."""
    counted = [entry for entry in _originals(part) if entry.type == "message" and once.counts(part, entry)]
    results = _results(counted)
    for entry in counted:
        for block in entry.content:
            if block.get("type") == "tool_use":
                call = block.get("id")
                yield (
                    part.session,
                    call,
                    entry.id,
                    *_call(entry, block, results.get(call) if isinstance(call, str) else None),
                )


def _results(entries: list[Entry]) -> Mapping[str, _Result]:
    found: dict[str, _Result] = {}
    for entry in entries:
        if entry.role == "user":
            for block in entry.content:
                call = block.get("tool_use_id")
                if block.get("type") == "tool_result" and isinstance(call, str):
                    found.setdefault(call, _Result(entry, block))
    return found


def _call(entry: Entry, block: Block, result: _Result | None) -> Row:
    name, given = block.get("name"), json_of(block.get("input"))
    if result is None:
        return None, name, given, None, None, entry.ts, None, None
    returned = result.entry.ts
    text, is_error = text_in(result.block.get("content")), bool(result.block.get("is_error"))
    return result.entry.id, name, given, text, is_error, entry.ts, returned, milliseconds(entry.ts, returned)


def milliseconds(start: str, end: str) -> int | None:
    """Return the milliseconds from one time to another; ``None`` where one of them is none."""
    try:
        return round((moment(end) - moment(start)).total_seconds() * 1000)
    except ValueError:
        return None


def usage(part: Part, once: Once) -> Iterator[Row]:
    """Yield one row for whatever has cost something, or may have."""
    notebook, written = part.notebook, part.transcript.format
    for entry in _originals(part):
        fields = entry.fields
        kind = kind_of_cost(entry, fields)
        if kind is not None and once.counts(part, entry):
            yield (
                *(part.session, entry.id, entry.ts, kind, fields.get("model"), *paid(fields)),
                *(fields.get("latency_ms"), notebook, fields.get("cell_id"), written),
            )


def kind_of_cost(entry: Entry, fields: Mapping[str, Any]) -> str | None:
    """Return what an entry's cost is for; ``None`` for one that has none."""
    if not isinstance(fields.get("usage"), dict) and fields.get("cost_usd") is None:
        return None
    if entry.type == "usage":
        kind = fields.get("kind")
        return kind if isinstance(kind, str) else "usage"
    return entry.type if entry.role == "assistant" or entry.type in SUMMARIES else None


def _originals(part: Part) -> Iterator[Entry]:
    """Yield the entries that are shown, and in place of a copy its original, which was paid."""
    if part.branch == ALL:
        yield from part.entries
    else:
        yield from dict.fromkeys(part.original(entry) for entry in part.entries)
