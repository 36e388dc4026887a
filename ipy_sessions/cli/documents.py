"""What a command has found or done, as data for ``--json``; and by which code a shell is told how it went.

A command's answer carries the values that it tells of (`Markup.about`); each kind of command has its row in
`DOCUMENTS`. Names are those of the tables' columns (`table.schema`) wherever one stands for the same.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ipy_sessions.cli import conversations
from ipy_sessions.cli.conversations import Record
from ipy_sessions.cli.desk import Desk
from ipy_sessions.commands.values import (
    Command,
    Export,
    History,
    Import,
    List,
    Prune,
    Restore,
    Search,
    Show,
    Sql,
    Tree,
    Usage,
    Verify,
)
from ipy_sessions.summary import SessionInfo

DONE, NOTHING = 0, 1


def row(info: SessionInfo) -> Record:
    """Return what a row of a list tells, every line of its file counted."""
    return {
        "session": info.id,
        "name": info.name,
        "title": info.title,
        "path": str(info.path),
        "notebook": info.notebook,
        "created": info.created,
        "modified": info.modified,
        "model": info.model,
        "parent_session": info.parent_session,
        "first_message": info.first_message,
        "messages": info.message_count,
        "turns": info.turn_count,
        "branches": info.leaf_count,
        "input_tokens": info.input_tokens,
        "output_tokens": info.output_tokens,
        "cache_read_tokens": info.cache_read_tokens,
        "cache_write_tokens": info.cache_write_tokens,
        "cost_usd": info.cost_usd,
        "known_cost_usd": info.known_cost_usd,
        "tags": list(info.tags),
        "interrupted": info.interrupted,
        "bad_lines": len(info.bad_lines),
        "key": info.key,
        "pinned": info.pinned,
        "archived": info.archived,
        "bytes": info.size,
    }


def _list(about: Any) -> list[Record]:
    listing, _ = about
    return [{"number": number, **row(info)} for number, info in enumerate(listing.others, start=1)]


def _export(about: Any) -> Record:
    return {
        "path": str(Path(about.path).absolute()),
        "title": about.title,
        "messages": about.messages,
        "bytes": about.size,
        "others": about.others,
    }


def _import(about: Any) -> Record:
    done = [
        {
            **row(one.row),
            "format": one.transcript.format,
            "read_from": one.transcript.path,
            "added": one.added,
            "is_new": one.is_new,
            "unknown": sum(one.transcript.unknown.values()),
        }
        for one in about.done
    ]
    return {"sessions": done, "skipped": _skipped(about.skipped)}


def _verify(about: Any) -> Record:
    found, payloads, skipped = about
    findings = [
        {"path": str(one.path), **asdict(finding), "original": None if one.original is None else str(one.original)}
        for one in found
        for finding in one.findings
    ]
    return {"findings": findings, "payloads_left_over": payloads, "skipped": _skipped(skipped)}


def _search(about: Any) -> list[Record]:
    from ipy_sessions.searching.hits import COLUMNS

    return [{column.name: getattr(hit, column.name) for column in COLUMNS} for hit in about]


def _sql(about: Any) -> list[Record]:
    return [{name: _finite(value) for name, value in row.items()} for row in about.to_arrow().to_pylist()]


def _finite(value: Any) -> Any:
    """Return a value of a query; JSON knows no number that is none."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _usage(about: Any) -> Record | list[Record]:
    if isinstance(about, list):  # of a plot
        return about
    from ipy_sessions.table.usage_totals import TOTALS

    return {
        by: [{one.name: getattr(row, one.name) for one in TOTALS[by]} for row in rows] for by, rows in about.items()
    }


def _prune(about: Any) -> Record:
    if isinstance(about, list):  # of the trash
        return {"going": [{**_brief(info), "reason": reason} for info, reason in about], "staying": []}
    return {
        "going": [{**_candidate(one.candidate), "reason": one.reason} for one in about.going],
        "staying": [{**_candidate(one.candidate), "reason": one.why} for one in about.staying],
    }


def _restore(about: Any) -> Record | list[Record]:
    return {"path": str(about)} if isinstance(about, Path) else [_brief(info) for info in about]


def _brief(info: SessionInfo) -> Record:
    return {
        "session": info.id, "title": info.title, "path": str(info.path), "modified": info.modified, "bytes": info.size,
    }  # fmt: skip


def _candidate(one: Any) -> Record:
    return {
        "session": one.id, "title": one.title, "path": one.path, "modified": one.modified, "bytes": one.size,
    }  # fmt: skip


def _skipped(skipped: Any) -> list[Record]:
    return [{"path": str(path), "reason": reason} for path, reason in skipped]


TOLD: Mapping[type, Callable[[Any], Any]] = {
    List: _list,
    Export: _export,
    Import: _import,
    Verify: _verify,
    Prune: _prune,
    Restore: _restore,
    Usage: _usage,
    Sql: _sql,
    Search: _search,
}
"""From what a command's answer tells of to data."""

READ: Mapping[type, Callable[[Desk, Any], Any]] = {
    Show: conversations.show,
    History: conversations.history,
    Tree: conversations.tree,
}
"""Commands whose data is a conversation's, and not what their answer says of it."""


def code(command: Command, about: Any) -> int:
    """Return the exit code of a command that was carried out."""
    if isinstance(command, Verify):
        found, payloads, skipped = about
        mended = command.repair and all(one.original is not None for one in found)
        return DONE if not (found or skipped or payloads) or (mended and not skipped) else NOTHING
    return NOTHING if isinstance(command, Search) and not about else DONE
