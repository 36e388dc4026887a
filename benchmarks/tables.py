"""A gigabyte of sessions as tables, beside DuckDB's own reading of the same files with the same types.

What a file is like is looked at once, by the first query; that is reported by itself, and not part of the others.
Memory is that of a fresh process, over what it had after its imports. `pd.read_json` reads a part, and its time is
scaled up.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from figures import Figure
from transcripts import conversation, lognormal

FILES, MESSAGES = 4_674, 100  # which make a gigabyte
PART = 40  # one in so many files is read by pandas
ROUNDS = 5

# In a fresh process: one step, some times; prints seconds each, then the megabytes that the highest peak has added.
STEP = """
import sys, time
from pathlib import Path
import duckdb, pandas, pyarrow
import ipy_sessions as ses
from ipy_sessions.table import quick, views
from ipy_sessions.table.corpus import Corpus
from ipy_sessions.table.plain import facts_of

def peak():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))

folder, step, rounds = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
paths = sorted(map(str, folder.glob("*.jsonl")))
COUNT = "SELECT role, count(*) FROM messages GROUP BY role"
SPENT = "SELECT model, sum(output_tokens), sum(cost_usd), max(ts) FROM usage GROUP BY model"

def lines(columns):
    held = ", ".join(f"'{name}': '{kind}'" for name, kind in columns.items())
    return f"read_json('{folder}/*.jsonl', format='newline_delimited', ignore_errors=true, columns={{{held}}})"

def floor_sql():
    read = lines({"type": "VARCHAR", "role": "VARCHAR"})
    quick.connect().execute(f"SELECT role, count(*) FROM {read} WHERE type = 'message' GROUP BY role").fetchall()

def floor_arrow():
    connection = quick.connect()
    return connection.sql(f"FROM {lines(views.LINES['said'])} WHERE type = 'message'").to_arrow_table()

STEPS = {
    "look": lambda: facts_of(paths),
    "sql": lambda: ses.sql(COUNT, folder),
    "floor sql": floor_sql,
    "spent": lambda: ses.sql(SPENT, folder),
    "keep": lambda: ses.sql(COUNT, folder, cache=True),
    "arrow": lambda: ses.read(folder).messages.to_arrow(),
    "floor arrow": floor_arrow,
    "pandas": lambda: ses.read(folder).messages.to_pandas(),
    "read_json": lambda: pandas.concat([pandas.read_json(path, lines=True) for path in paths[:: int(sys.argv[4])]]),
}
before = peak()
for _ in range(rounds):
    started = time.perf_counter()
    made = STEPS[step]()
    print(time.perf_counter() - started)
    del made
print((peak() - before) / 1024)
"""


def tables() -> list[Figure]:
    """Write a gigabyte, and read it in turn with the floors."""
    with tempfile.TemporaryDirectory() as parent:
        folder = Path(parent, ".sessions")
        _write(folder)
        look = _once(folder, "look")[0]
        turns = [{name: _once(folder, name) for name in ("floor sql", "sql", "spent")} for _ in range(ROUNDS)]
        count, floor, spent = (_median(turns, name) for name in ("sql", "floor sql", "spent"))
        frames = [{name: _once(folder, name) for name in ("floor arrow", "arrow", "pandas")} for _ in range(3)]
        arrow, floor_arrow, pandas = (_median(frames, name) for name in ("arrow", "floor arrow", "pandas"))
        slow = _once(folder, "read_json")[0] * PART
        keep = _once(folder, "keep")[0]
        kept = [{name: _once(folder, name) for name in ("sql", "spent")} for _ in range(ROUNDS)]
        return [
            Figure("SQL over 1 GB of JSONL: messages by role", count[0], floor[0], "s", "ours", 2.0),
            Figure("  its memory", count[1], floor[1], "MB", "ours", 150),
            Figure("  the look at every file, once", look, floor[0], "s", "ours", None),
            Figure(
                "  on what is kept as Parquet, beside the JSONL", _median(kept, "sql")[0], count[0], "s", "ratio", 0.2
            ),
            Figure("  costs by model there, beside the JSONL", _median(kept, "spent")[0], spent[0], "s", "ratio", 0.2),
            Figure("  keeping it", keep, count[0], "s", "ours", None),
            Figure("1 GB to an Arrow table, beside DuckDB's typed read", arrow[0], floor_arrow[0], "s", "ratio", 1.2),
            Figure("  its memory", arrow[1], floor_arrow[1], "MB", "ours", 1100),
            Figure("1 GB to pandas, beside read_json (scaled)", pandas[0], slow, "s", "ratio", 0.1),
        ]


def _write(folder: Path) -> None:
    folder.mkdir()
    lengths = lognormal()
    for number in range(FILES):
        path = folder / f"20260101T000000Z-session-{number:06}.jsonl"
        path.write_bytes(b"".join(conversation(MESSAGES, lengths, number)))


def _once(folder: Path, step: str) -> tuple[float, float]:
    """Return the seconds of a step in a fresh process, the better of two, and the megabytes that it has added."""
    rounds = "1" if step in ("look", "keep", "read_json") else "2"
    command = [sys.executable, "-c", STEP, str(folder), step, rounds, str(PART)]
    *seconds, memory = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    return min(map(float, seconds)), float(memory)


def _median(turns: list[dict[str, tuple[float, float]]], name: str) -> tuple[float, float]:
    seconds, memory = zip(*(turn[name] for turn in turns), strict=True)
    return statistics.median(seconds), statistics.median(memory)
