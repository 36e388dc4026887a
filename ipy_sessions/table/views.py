"""Our JSONL as DuckDB reads it: the tables that need no tree, straight over the files.

Columns, types and values are those of the rows in Python; a test holds the two together. What is read here are plain
files (`plain`), so that no value is of another type than its column. A line that has been torn since it was looked at
is no row. The order of the rows is that of the files and of the lines in them.

Three relations are read from lines, or from the Parquet files that hold the same (`parquet`): ``said`` (messages),
``pieces`` (content blocks) and ``spent`` (whatever has cost something). The tables are views over these.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from string import Template
from typing import TYPE_CHECKING, NamedTuple

from ipy_sessions.table.messages import TOKENS
from ipy_sessions.table.schema import TABLES, Kind

if TYPE_CHECKING:
    import duckdb

VIEWS = ("messages", "blocks", "tools", "usage", "attachments")
"""The tables that need no tree."""

TYPES: Mapping[Kind, str] = {
    "text": "VARCHAR",
    "json": "VARCHAR",
    "time": "TIMESTAMP WITH TIME ZONE",
    "texts": "VARCHAR[]",
    "count": "BIGINT",
    "number": "DOUBLE",
    "flag": "BOOLEAN",
}
"""What a kind of column is called in SQL."""

OBJECT = 16 * 1024 * 1024  # bytes of a line that DuckDB takes without being told; more makes it slower

HEAD = {"type": "VARCHAR", "seq": "BIGINT", "id": "VARCHAR", "session": "VARCHAR", "ts": "TIMESTAMPTZ"}
USAGE = f"STRUCT({', '.join(f'{name} BIGINT' for name in TOKENS)})"
LINES: Mapping[str, Mapping[str, str]] = {
    "said": {
        **HEAD,
        "parent_id": "VARCHAR",
        "role": "VARCHAR",
        "content": "STRUCT(type VARCHAR, text VARCHAR)[]",
        "model": "VARCHAR",
        "stop_reason": "VARCHAR",
        "end": "VARCHAR",
        "usage": USAGE,
        "cost_usd": "DOUBLE",
        "latency_ms": "BIGINT",
        "cell_id": "VARCHAR",
        "execution_count": "BIGINT",
        "carried_from": "VARCHAR",
    },
    "pieces": {**HEAD, "role": "VARCHAR", "content": "JSON[]", "carried_from": "VARCHAR"},
    "spent": {
        **HEAD,
        "role": "VARCHAR",
        "kind": "VARCHAR",
        "model": "VARCHAR",
        "usage": USAGE,
        "cost_usd": "DOUBLE",
        "latency_ms": "BIGINT",
        "cell_id": "VARCHAR",
        "carried_from": "VARCHAR",
    },
}
"""What is read of each line, and as what."""

OF_COPIES = ("session", "carried_from")
OF_LINES: Mapping[str, Mapping[str, Collection[str]]] = {
    "messages": {
        "": ("type",),
        "text": ("content",),
        "written_by": ("session",),
        "copied": OF_COPIES,
        **dict.fromkeys(("input_tokens", "output_tokens"), ("usage", *OF_COPIES)),
        **dict.fromkeys(("cache_read_tokens", "cache_write_tokens"), ("usage", *OF_COPIES)),
        **{name: (name, *OF_COPIES) for name in ("cost_usd", "latency_ms")},
    },
    "usage": {"": ("type", "role", "usage", "cost_usd", *OF_COPIES)},
}
"""What of a line each column is made of, where that is not what is called the same; and what every row needs."""

COPIED = "(l.session <> f.session OR l.carried_from IS NOT NULL)"
TEXT = "array_to_string([b.text for b in $content if b.type = 'text' AND b.text IS NOT NULL], '')"
INSIDE = """from_json(inside, '[{"type":"VARCHAR","text":"VARCHAR"}]')"""
RESULT = (
    "CASE json_type(inside) WHEN 'VARCHAR' THEN inside ->> '$' WHEN 'ARRAY' THEN "
    f"{TEXT.replace('$content', INSIDE)} END"
)
NAMES = ["type", "text", "thinking", "id", "tool_use_id", "name", "is_error"]
PATHS = ", ".join(f"'$.{name}'" for name in NAMES)

ROWS: Mapping[str, str] = {
    "said": f"""
        SELECT f.place, l.seq AS line, 0 AS piece, 0 AS part, f.session, l.id, l.parent_id, l.seq, l.ts, l.role,
            CASE WHEN len(l.content) = 1 AND l.content[1].type = 'text' THEN coalesce(l.content[1].text, '')
                ELSE coalesce({TEXT.replace("$content", "l.content")}, '') END AS text, l.model, l.stop_reason, l."end",
            {", ".join(f'CASE WHEN NOT {COPIED} THEN l.usage.{name} END AS "{name}"' for name in TOKENS)},
            CASE WHEN NOT {COPIED} THEN l.cost_usd END AS cost_usd,
            CASE WHEN NOT {COPIED} THEN l.latency_ms END AS latency_ms, l.cell_id, l.execution_count, f.notebook,
            l.session AS written_by, {COPIED} AS copied, 'ipy_sessions' AS format
        FROM $lines l JOIN ipy.files f ON f.path = l.filename WHERE l.type = 'message'""",
    "pieces": f"""
        SELECT place, line, index AS piece, 0 AS part, session, id, index, ts, role, told[1] AS type,
            CASE told[1] WHEN 'tool_result' THEN {RESULT}
                WHEN 'thinking' THEN told[3] ELSE told[2] END AS text,
            CASE told[1] WHEN 'tool_use' THEN told[4] ELSE told[5] END AS tool_use_id,
            CASE told[1] WHEN 'tool_use' THEN told[6] END AS tool_name,
            CASE told[1] WHEN 'tool_result' THEN coalesce(told[7], 'false') = 'true' END AS is_error,
            written_by, carried, copied, block::VARCHAR AS block
        FROM (
            SELECT *, json_extract_string(block, [{PATHS}]) AS told,
                CASE told[1] WHEN 'tool_result' THEN block -> 'content' END AS inside
            FROM (
                SELECT f.place, f.session, l.id, l.seq AS line, unnest(l.content) AS block, l.ts, l.role,
                    generate_subscripts(l.content, 1) - 1 AS index, l.session AS written_by,
                    l.carried_from IS NOT NULL AS carried, {COPIED} AS copied
                FROM $lines l JOIN ipy.files f ON f.path = l.filename WHERE l.type = 'message'
            )
        )""",
    "spent": f"""
        SELECT f.place, l.seq AS line, 0 AS piece, 0 AS part, f.session, l.id, l.ts,
            CASE l.type WHEN 'usage' THEN coalesce(l.kind, 'usage') ELSE l.type END AS kind, l.model,
            {", ".join(f"l.usage.{name} AS {name}" for name in TOKENS)},
            l.cost_usd, l.latency_ms, f.notebook, l.cell_id, 'ipy_sessions' AS format, l.session AS written_by,
            l.carried_from IS NOT NULL AS carried
        FROM $lines l JOIN ipy.files f ON f.path = l.filename
        WHERE (l.usage IS NOT NULL OR l.cost_usd IS NOT NULL)
            AND (l.type IN ('usage', 'compaction', 'branch_summary')
                OR (l.type = 'message' AND l.role = 'assistant'))""",
}
"""How the three relations are made of lines."""

ONCE = "NOT carried AND (written_by = session OR written_by NOT IN (SELECT session FROM ipy.read))"
ATTACHED = """
    SELECT place, line, piece, 0 AS part, session, id, index, ts, role, tool_use_id AS call, block::JSON AS held, copied
    FROM ipy.pieces WHERE type IN ('image', 'document')
    UNION ALL
    SELECT place, line, piece, items_part, session, id, index, ts, role, tool_use_id, held, copied FROM (
        SELECT *, unnest(items) AS held, generate_subscripts(items, 1) AS items_part FROM (
            SELECT *, CAST((block::JSON) -> 'content' AS JSON[]) AS items
            FROM ipy.pieces WHERE type = 'tool_result' AND json_type(block, '$.content') = 'ARRAY'
        )
    ) WHERE held ->> 'type' IN ('image', 'document')"""

TABLE: Mapping[str, str] = {
    "messages": "SELECT $columns FROM ipy.said",
    "blocks": "SELECT $columns FROM ipy.pieces",
    "usage": f"SELECT $columns FROM ipy.spent WHERE {ONCE}",
    "tools": f"""
        SELECT $columns FROM (
            SELECT c.place, c.line, c.piece, 0 AS part, c.session, c.tool_use_id, c.id AS message_id, r.id AS result_id,
                c.tool_name AS name, coalesce((c.block::JSON -> 'input')::VARCHAR, 'null') AS input, r.text AS result,
                r.is_error, c.ts AS called, r.ts AS returned, epoch_ms(r.ts) - epoch_ms(c.ts) AS duration_ms
            FROM (SELECT * FROM ipy.pieces WHERE type = 'tool_use' AND {ONCE}) c
            LEFT JOIN (
                FROM ipy.pieces WHERE type = 'tool_result' AND role = 'user' AND {ONCE}
                QUALIFY row_number() OVER (PARTITION BY session, tool_use_id ORDER BY line, piece) = 1
            ) r ON r.session = c.session AND r.tool_use_id = c.tool_use_id
        )""",
    "attachments": f"""
        SELECT $columns FROM (
            SELECT place, line, piece, part, session, id AS message_id, index, ts, role, held ->> 'type' AS type,
                call AS tool_use_id, whence ->> 'media_type' AS media_type, held ->> 'title' AS title,
                whence ->> 'type' AS source, whence ->> 'url' AS url,
                CASE WHEN kept IS NOT NULL THEN TRY_CAST(kept ->> 'bytes' AS BIGINT)
                    WHEN whence ->> 'type' = 'base64' THEN length(data) * 3 // 4
                        - (length(right(data, 2)) - length(replace(right(data, 2), '=', '')))
                    ELSE strlen(data) END AS bytes,
                kept ->> 'sha256' AS sha256, copied
            FROM (
                SELECT *, held -> 'source' AS whence, held ->> '$.source.data' AS data,
                    CASE WHEN json_type(held, '$.source.blobs.data') = 'OBJECT'
                        AND len(json_keys(held, '$.source.blobs.data')) > 0
                        THEN held -> '$.source.blobs.data' END AS kept
                FROM ({ATTACHED})
            )
        )""",
}
"""How the tables are made of the relations."""

RENAMED = {"message_id": "id", "cache_read_tokens": TOKENS[2], "cache_write_tokens": TOKENS[3]}
NEEDS = {"messages": "said", "blocks": "pieces", "tools": "pieces", "usage": "spent", "attachments": "pieces"}
"""The relation that a table is made of."""
PLACE = ("place", "line", "piece", "part")
"""What tells the order of rows: the file's number, the line's, the block's in it, and what that holds."""


class Source(NamedTuple):
    """A file that DuckDB reads.

    Parameters
    ----------
    place
        Its number among those that are read.
    path, session, notebook
        The file, its session, and the notebook that this belongs to.
    longest
        Bytes of its longest line.
    pack
        How the paths of the Parquet files begin that hold its rows; empty where none do.
    """

    place: int
    path: str
    session: str
    notebook: str | None
    longest: int
    pack: str = ""


def define(
    connection: duckdb.DuckDBPyConnection,
    sources: Sequence[Source],
    read: Iterable[str],
    tables: Iterable[str] = VIEWS,
    columns: Mapping[str, Collection[str]] | None = None,
) -> None:
    """Make the relations over some files, in a schema of their own.

    Parameters
    ----------
    connection
        Gets the tables ``ipy.files`` and ``ipy.read``, and where there are files the views ``ipy.said`` and so on.
    sources
        The files.
    read
        Ids of all sessions that are read, also in other ways: what was forked from one of them counts there.
    tables
        Those that are going to be asked for.
    columns
        Which of their columns are, by table; ``None`` for all. Others are there and hold nothing.
    """
    import pyarrow as pa

    given = pa.table([pa.array(list(read), pa.string())], ["session"])
    connection.execute("CREATE SCHEMA ipy")
    connection.register("given", given)
    connection.execute("CREATE TABLE ipy.read AS FROM given")
    types = (pa.int64(), pa.string(), pa.string(), pa.string(), pa.int64(), pa.string())
    told = [pa.array([one[number] for one in sources], held) for number, held in enumerate(types)]
    connection.register("given", pa.table(told, list(Source._fields)))
    connection.execute("CREATE TABLE ipy.files AS FROM given")
    connection.unregister("given")
    if sources:
        for table in tables:
            if table in NEEDS:
                made = relation(NEEDS[table], sources, _of_lines(table, columns))
                connection.execute(f"CREATE VIEW IF NOT EXISTS ipy.{NEEDS[table]} AS {made}")


def _of_lines(table: str, columns: Mapping[str, Collection[str]] | None) -> Mapping[str, str]:
    """Return what is read of each line for some columns of a table, and as what."""
    lines = LINES[NEEDS[table]]
    if columns is None or table not in OF_LINES:
        return lines
    of = OF_LINES[table]
    wanted = {one for column in ("", *columns.get(table, ())) for one in of.get(column, (column,))}
    return {name: held for name, held in lines.items() if name in wanted}


def query(table: str, *, placed: bool = False) -> str:
    """Return the SQL of a table over the relations that `define` has made.

    Parameters
    ----------
    table
        One of `VIEWS`.
    placed
        Whether `PLACE` stands in front of the table's columns.
    """
    own = {"messages": {}, "tools": {}, "attachments": {}}.get(table, RENAMED)
    renamed = {**{name: RENAMED[name] for name in ("cache_read_tokens", "cache_write_tokens")}, **own}
    columns = ", ".join(f'"{renamed.get(one.name, one.name)}" AS "{one.name}"' for one in TABLES[table])
    columns = f"{', '.join(PLACE)}, {columns}" if placed else columns
    return Template(TABLE[table]).safe_substitute(columns=columns)


def relation(name: str, sources: Sequence[Source], columns: Mapping[str, str]) -> str:
    """Return the SQL of a relation over files, and over the Parquet files that hold the rows of some of them.

    Parameters
    ----------
    name
        Which of `ROWS`.
    sources
        The files.
    columns
        What is read of each line, and as what; nothing stands in the place of the others.
    """
    read = [one for one in sources if not one.pack]
    parts = [Template(ROWS[name]).safe_substitute(lines=_lines(name, read, columns))] if read else []
    packs = sorted({one.pack for one in sources if one.pack})
    if packs:
        paths = ", ".join(quoted(escaped(f"{pack}-{name}.parquet")) for pack in packs)
        kept = f"read_parquet([{paths}]) p JOIN ipy.files f ON f.session = p.session AND f.pack <> ''"
        parts.append(f"SELECT p.* REPLACE (f.place AS place) FROM {kept}")
    return " UNION ALL ".join(parts)


def _lines(name: str, sources: Sequence[Source], columns: Mapping[str, str]) -> str:
    """Return the SQL of the lines of some files; columns that are not read are there, and hold nothing."""
    declared = ", ".join(f"{quoted(column)}: {quoted(held)}" for column, held in columns.items())
    paths = ", ".join(quoted(escaped(one.path)) for one in sources)
    longest = max((one.longest for one in sources), default=0)
    lines = (
        f"read_json([{paths}], format='newline_delimited', ignore_errors=true, filename=true, "
        f"maximum_object_size={max(OBJECT, longest + 1)}, columns={{{declared}}})"
    )
    others = "".join(f', NULL::{held} AS "{one}"' for one, held in LINES[name].items() if one not in columns)
    return f"(SELECT *{others} FROM {lines})"


def quoted(text: str) -> str:
    """Return a text as SQL writes it."""
    return "'" + text.replace("'", "''") + "'"


def escaped(path: str) -> str:
    """Return a path that means itself where a pattern is expected."""
    return "".join(f"[{sign}]" if sign in "*?[" else sign for sign in path)
