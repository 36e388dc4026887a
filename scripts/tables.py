"""Write the columns of every table into docs/tables.md, as `table/schema.py` has them.

Usage: tables.py [--check]

The words around them are written by hand. What is between a pair of marks such as ``<!-- columns: turns -->`` and
``<!-- end -->`` is replaced; with ``--check`` nothing is written, and a document that is behind is an error.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from ipy_sessions.table.arrow import to_pandas
from ipy_sessions.table.schema import TABLES, Columns, schema_of
from ipy_sessions.table.usage_totals import TOTALS

DOCUMENT = Path(__file__).parents[1] / "docs" / "tables.md"
MARKED = re.compile(r"(<!-- columns: (?P<name>.+?) -->\n).*?(<!-- end -->)", re.DOTALL)
WRITTEN = {**TABLES, **{f"usage by {by}": columns for by, columns in TOTALS.items()}}


def main() -> None:
    """Write the document, or say that it is behind."""
    before = DOCUMENT.read_text()
    after = MARKED.sub(lambda found: f"{found[1]}{described(WRITTEN[found['name']])}{found[3]}", before)
    missing = set(WRITTEN) - {found["name"] for found in MARKED.finditer(before)}
    if missing:
        sys.exit(f"{DOCUMENT.name} has no place for {', '.join(sorted(missing))}.")
    if "--check" not in sys.argv:
        DOCUMENT.write_text(after)
    elif before != after:
        sys.exit(f"{DOCUMENT.name} is behind the schema. Run: python scripts/tables.py")


def described(columns: Columns) -> str:
    """Return columns as a Markdown table: name, what it holds with its unit, type in Arrow, dtype in pandas."""
    schema = schema_of(columns)
    frame = to_pandas(schema.empty_table())
    rows = [
        (f"`{column.name}`", column.says, f"`{schema.field(column.name).type}`", f"`{frame[column.name].dtype}`")
        for column in columns
    ]
    lines = [("column", "holds", "Arrow", "pandas"), ("---",) * 4, *rows]
    return "\n" + "".join(f"| {' | '.join(line)} |\n" for line in lines) + "\n"


if __name__ == "__main__":
    main()
