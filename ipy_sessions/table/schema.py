"""The tables: their columns, types, units and keys.

This is the one place that decides what a column is called and what it holds; rows, SQL views and documents follow it.
A type is never inferred from data, and a table without rows has the same columns. The keys by which tables are joined
are ``session`` together with ``id``, ``message_id``, ``turn_id``, ``leaf_id``, ``cell_id`` or ``tool_use_id``.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from ipy_sessions.errors import SessionsError

if TYPE_CHECKING:
    import pyarrow as pa

Kind: TypeAlias = Literal["text", "texts", "time", "count", "number", "flag", "json"]
"""Strings, lists of strings, UTC to the millisecond, 64-bit integers, doubles, booleans, JSON as a string."""


class Column(NamedTuple):
    """One column.

    Parameters
    ----------
    name
        What it is called.
    kind
        Its type.
    says
        What it holds, with its unit.
    """

    name: str
    kind: Kind
    says: str


Columns: TypeAlias = tuple[Column, ...]

SESSION = Column("session", "text", "id of the session that the row was read in")
FORMAT = Column("format", "text", "who wrote the transcript: ipy_sessions, pi, claude_code, codex …")
COPIED = Column("copied", "flag", "a copy: carried to another branch, or forked from another session")
CELL = Column("cell_id", "text", "id of the notebook's cell")
RUN = Column("execution_count", "count", "number of the cell's run, as in In [3]")
MODEL = Column("model", "text", "the model's name")
PAID: Columns = (
    Column("input_tokens", "count", "tokens sent, those from and into the cache apart"),
    Column("output_tokens", "count", "tokens answered"),
    Column("cache_read_tokens", "count", "tokens read from the cache"),
    Column("cache_write_tokens", "count", "tokens written into the cache"),
    Column("cost_usd", "number", "US dollars; missing where the price is not known"),
)

TABLES: Mapping[str, Columns] = {
    "sessions": (
        SESSION,
        Column("name", "text", "its name, where it has one"),
        Column("title", "text", "its name, or how its first message begins"),
        FORMAT,
        Column("path", "text", "the file that it was read from; missing for one in memory"),
        Column("notebook", "text", "the notebook that it belongs to"),
        Column("created", "time", "when it began"),
        Column("modified", "time", "when its last message was written"),
        Column("model", "text", "the last model that answered"),
        Column("parent_session", "text", "the session that it was forked from, or that called this sub-agent"),
        Column("first_message", "text", "how its first message begins"),
        Column("messages", "count", "messages on all branches, copies included"),
        Column("turns", "count", "questions on all branches, copies included"),
        Column("branches", "count", "ends of branches, dropped ones left out"),
        *PAID[:-1],
        Column("cost_usd", "number", "US dollars; missing where one price is not known"),
        Column("known_cost_usd", "number", "US dollars of the answers whose price is known"),
        Column("tags", "texts", "its tags"),
        Column("interrupted", "flag", "its last turn was not answered to the end"),
        Column("bad_lines", "count", "lines that could not be read"),
        Column("unknown", "count", "records that were kept without being understood"),
    ),
    "messages": (
        SESSION,
        Column("id", "text", "id of the message"),
        Column("parent_id", "text", "id of the entry that it follows"),
        Column("seq", "count", "its place in the file, from 1"),
        Column("ts", "time", "when it was written"),
        Column("role", "text", "user or assistant"),
        Column("text", "text", "its text blocks, joined"),
        MODEL,
        Column("stop_reason", "text", "why the model stopped; missing where it did not come to an end"),
        Column("end", "text", "interrupted or error, where it stopped early"),
        *PAID,
        Column("latency_ms", "count", "milliseconds from the request to the end of the answer"),
        CELL,
        RUN,
        Column("notebook", "text", "the notebook that the session belongs to"),
        Column("written_by", "text", "id of the session that wrote it; another one in a fork"),
        COPIED,
        FORMAT,
    ),
    "blocks": (
        SESSION,
        Column("message_id", "text", "id of the message"),
        Column("index", "count", "the block's place in its message, from 0"),
        Column("ts", "time", "when the message was written"),
        Column("role", "text", "user or assistant"),
        Column("type", "text", "text, thinking, tool_use, tool_result, image, document …"),
        Column("text", "text", "what it says: of text and thinking, and of a result its text"),
        Column("tool_use_id", "text", "id of the call, of a tool_use and of its tool_result"),
        Column("tool_name", "text", "the tool's name, of a tool_use"),
        Column("is_error", "flag", "whether a tool_result reports an error; missing for other blocks"),
        COPIED,
        Column("block", "json", "the whole block, as the Messages API has it"),
    ),
    "tools": (
        SESSION,
        Column("tool_use_id", "text", "id of the call"),
        Column("message_id", "text", "id of the message that called"),
        Column("result_id", "text", "id of the message that brought the result; missing where none did"),
        Column("name", "text", "the tool's name"),
        Column("input", "json", "what it was called with"),
        Column("result", "text", "what it returned, as text"),
        Column("is_error", "flag", "whether the result is an error; missing without a result"),
        Column("called", "time", "when it was called"),
        Column("returned", "time", "when the result was written"),
        Column("duration_ms", "count", "milliseconds between the two"),
    ),
    "turns": (
        SESSION,
        Column("turn_id", "text", "id of the question"),
        Column("turn", "count", "its number in the session, from 1"),
        Column("parent_id", "text", "turn_id of the turn that it follows"),
        Column("ts", "time", "when it was asked"),
        Column("question", "text", "what was asked"),
        Column("answer", "text", "what was answered, in the last of its messages"),
        Column("complete", "flag", "whether it was answered to the end"),
        Column("active", "flag", "whether it is on the active branch"),
        Column("dropped", "flag", "whether its branch was dropped"),
        Column("label", "text", "its label"),
        COPIED,
        MODEL,
        *PAID,
        Column("duration_ms", "count", "milliseconds from the question to its last message"),
        Column("tool_calls", "count", "calls of tools"),
        CELL,
        RUN,
        Column("message_ids", "texts", "ids of its messages, the question's first"),
    ),
    "usage": (
        SESSION,
        Column("id", "text", "id of the entry that cost it"),
        Column("ts", "time", "when it was written"),
        Column("kind", "text", "message, compaction, branch_summary, or what a usage entry says"),
        MODEL,
        *PAID,
        Column("latency_ms", "count", "milliseconds from the request to the end of the answer"),
        Column("notebook", "text", "the notebook that the session belongs to"),
        CELL,
        FORMAT,
    ),
    "branches": (
        SESSION,
        Column("leaf_id", "text", "id of the branch's last entry"),
        Column("active", "flag", "whether the conversation goes on here"),
        Column("dropped", "flag", "whether it was dropped, or a part of it"),
        Column("turns", "count", "turns from the first to the leaf"),
        Column("messages", "count", "messages from the first to the leaf"),
        Column("own_turns", "count", "turns that no other branch has"),
        Column("first_turn_id", "text", "the first of those"),
        Column("last_turn_id", "text", "the last turn on it"),
        Column("modified", "time", "when its last message was written"),
        Column("labels", "texts", "labels of the turns on it"),
    ),
    "cells": (
        SESSION,
        CELL,
        Column("notebook", "text", "the notebook that the session belongs to"),
        Column("turns", "count", "turns that the cell has asked"),
        Column("last_turn_id", "text", "the latest of them"),
        Column("active_turn_id", "text", "the latest of them that is on the active branch"),
        Column("question", "text", "what the latest asked"),
        Column("first", "time", "when it first asked"),
        Column("last", "time", "when it last asked"),
        *PAID,
    ),
    "attachments": (
        SESSION,
        Column("message_id", "text", "id of the message"),
        Column("index", "count", "place in its message of the block that it is, or that holds it, from 0"),
        Column("ts", "time", "when the message was written"),
        Column("role", "text", "user or assistant"),
        Column("type", "text", "image or document"),
        Column("tool_use_id", "text", "id of the call whose result holds it"),
        Column("media_type", "text", "such as image/png"),
        Column("title", "text", "a document's title"),
        Column("source", "text", "base64, url, file, text or content"),
        Column("url", "text", "where it is, for one that has an address"),
        Column("bytes", "count", "size of the data; missing where it is not here"),
        Column("sha256", "text", "name of the file in blobs/ that holds it, where one does"),
        COPIED,
    ),
}
"""The columns of each table, in their order."""


def schema(table: str) -> pa.Schema:
    """Return a table's Arrow schema, for whatever else reads or writes it: names, types, and what each column holds.

    Parameters
    ----------
    table
        ``"sessions"``, ``"messages"``, ``"blocks"``, ``"tools"``, ``"turns"``, ``"usage"``, ``"branches"``,
        ``"cells"`` or ``"attachments"``.

    Returns
    -------
    pyarrow.Schema
        What a column holds, with its unit, is its field's metadata ``says``.

    Raises
    ------
    SessionsError
        When there is no such table.
    """
    if table not in TABLES:
        raise SessionsError(f"There is no table {table!r}. There are {', '.join(TABLES)}.")
    return schema_of(TABLES[table])


@cache
def schema_of(columns: Columns) -> pa.Schema:
    """Return the Arrow schema of some columns."""
    import pyarrow as pa

    types = {
        "text": pa.string(),
        "texts": pa.list_(pa.string()),
        "time": pa.timestamp("ms", tz="UTC"),
        "count": pa.int64(),
        "number": pa.float64(),
        "flag": pa.bool_(),
        "json": pa.string(),
    }
    return pa.schema([pa.field(column.name, types[column.kind], metadata={"says": column.says}) for column in columns])
