"""docs/tables.md: its columns are those of the schema, and what it tells to type does what it says, without us."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from datetime import UTC
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pytest

import ipy_sessions as ses

ROOT = Path(__file__).parents[1]
DOCUMENT = (ROOT / "docs" / "tables.md").read_text()
AWAY = DOCUMENT[DOCUMENT.index("## Without us") :]
ODD = "two\u2028lines, a\ttab\nand \u201cquotes\u201d"  # what a reader of lines may stumble over
WHOLE, TORN = 10, 1


def block(language: str, holding: str = "") -> str:
    """Return the block of code of a language that holds a text, as it stands in the document."""
    (found,) = [one for one in re.findall(rf"```{language}\n(.*?)```", AWAY, re.DOTALL) if holding in one]
    return str(found)


def line(**fields: Any) -> str:
    """Return a line of a session."""
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":")) + "\n"


def message(seq: int, id: str, session: str, role: str, text: str, **more: Any) -> str:  # noqa: A002 - a line's word
    """Return a message's line."""
    place = {"seq": seq, "id": id, "parent_id": None, "session": session, "ts": f"2026-03-01T10:15:0{seq}.250Z"}
    return line(type="message", **place, role=role, content=[{"type": "text", "text": text}], **more)


@pytest.fixture
def messages() -> list[str]:
    """Three sessions in the folder, one with a torn end and one its fork; return the ids of all messages, in order.

    The ids are those that a guess would take for numbers.
    """
    folder = Path(".sessions")
    folder.mkdir()
    paid: dict[str, Any] = {"model": "m", "usage": {"input_tokens": 10, "output_tokens": 2}}
    header = {"type": "session", "version": 1, "ts": "2026-03-01T10:15:00.000Z"}
    first = message(1, "00001234", "1e1", "user", ODD) + message(2, "1234e567", "1e1", "assistant", "b", **paid)
    settings = line(type="settings", seq=3, id="7", session="1e1", ts="2026-03-01T10:15:03.000Z", model="m")
    torn = message(4, "9", "1e1", "user", "half of it")[:-30]
    (folder / "a.jsonl").write_text(line(**header, id="1e1") + first + settings + torn)
    fork = message(3, "00000001", "2e2", "assistant", "c", **paid, cost_usd=0.5)
    (folder / "b.jsonl").write_text(line(**header, id="2e2", parent_session="1e1") + first + fork)
    (folder / "c.jsonl").write_text(line(**header, id="3e3") + message(1, "3", "3e3", "user", "d"))
    return ["00001234", "00001234", "3", "1234e567", "1234e567", "00000001"]


def test_its_columns_are_those_of_the_schema() -> None:
    """Each table's, with types and words, as the script writes them."""
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "tables.py"), "--check"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_its_lines_of_python_run_as_written(messages: list[str]) -> None:
    """One behind the other, as somebody who reads it types them; SQL sums up each answer once."""
    namespace: dict[str, Any] = {}
    before = DOCUMENT[: DOCUMENT.index("## Without us")]
    for typed in re.findall(r"```python\n(.*?)```", before, re.DOTALL):
        exec(typed, namespace)  # noqa: S102 - as a reader does
    assert messages
    assert namespace["costs"].to_pandas()["model"].tolist() == ["m"]
    assert namespace["connection"].execute("select count(*) from messages").fetchall() == [(len(messages),)]
    assert len(namespace["hits"]) == 0


def test_ours_reads_the_same(messages: list[str]) -> None:
    """What the others are measured by: every message, the torn line left out."""
    namespace: dict[str, Any] = {}
    exec(re.findall(r"```python\n(.*?)```", DOCUMENT, re.DOTALL)[0], namespace)  # noqa: S102 - as a reader does
    frame = namespace["tables"].messages.to_pandas()
    assert frame.sort_values(["ts", "session"])["id"].tolist() == messages
    assert ses.read(".sessions").sessions.to_pandas()["bad_lines"].sum() == TORN


def test_duckdb(messages: list[str]) -> None:
    """Every message, its text and its time; ids are strings."""
    rows = duckdb.execute(block("sql", "ORDER BY ts")).fetchall()
    assert len(rows) == len(messages)
    assert {row[0] for row in rows} == {"1e1", "3e3", "2e2"}
    assert ODD in [row[3] for row in rows]
    assert rows[0][1].replace(tzinfo=UTC) == ses.read(".sessions").messages.to_pandas()["ts"].min()


@pytest.mark.usefixtures("messages")
def test_duckdb_sums_up_what_was_spent() -> None:
    """As `ses.usage` does."""
    ours = ses.usage(".sessions", by="model")[["model", "answers", "unpriced", "known_cost_usd"]]
    assert duckdb.execute(block("sql", "unpriced")).fetchall() == [tuple(row) for row in ours.to_numpy().tolist()]


@pytest.mark.skipif(shutil.which("jq") is None, reason="jq is not installed here")
def test_jq(messages: list[str]) -> None:
    """Every message on a line of its own, and how many there are; nothing is said of the torn line."""
    shown = re.findall(r"```sh\n(.*?)```", AWAY, re.DOTALL)
    listed, counted = (
        subprocess.run(["/bin/sh", "-c", one], capture_output=True, text=True, check=True) for one in shown
    )
    assert (listed.stderr, counted.stderr) == ("", "")
    rows = [row.split("\t") for row in listed.stdout.removesuffix("\n").split("\n")]
    assert [row[2] for row in rows].count("user") == 3
    assert {row[0] for row in rows} == {"1e1", "2e2", "3e3"}
    assert int(counted.stdout) == len(rows) == len(messages)
    headers = "jq -rR 'fromjson? | select(.type == \"session\") | .id'"
    both = (f"awk 1 .sessions/*.jsonl | {headers}", f"{headers} .sessions/*.jsonl")
    ids = [subprocess.run(["/bin/sh", "-c", one], capture_output=True, text=True, check=True).stdout for one in both]
    assert [one.split() for one in ids] == [["1e1", "2e2", "3e3"], ["1e1", "3e3"]]  # what `awk 1` is for


def test_polars(messages: list[str]) -> None:
    """Every message; ids are strings, times are UTC."""
    namespace: dict[str, Any] = {}
    exec(block("python", "polars"), namespace)  # noqa: S102 - as a reader does
    frame: pl.DataFrame = namespace["messages"]
    assert frame.sort("ts", "session")["id"].to_list() == messages
    assert frame.schema["id"] == pl.String
    assert frame.schema["ts"].time_zone == "UTC"  # type: ignore[attr-defined]
    assert ODD in frame["text"].to_list()


def test_pandas(messages: list[str]) -> None:
    """Every message; ids are strings, times are UTC; no text is cut."""
    namespace: dict[str, Any] = {}
    exec(block("python", "pandas"), namespace)  # noqa: S102 - as a reader does
    frame: pd.DataFrame = namespace["messages"]
    assert frame.sort_values(["ts", "session"])["id"].tolist() == messages
    assert str(frame["ts"].dt.tz) == "UTC"
    assert ODD in [content[0]["text"] for content in frame["content"]]


def test_what_guesses_gives_up() -> None:
    """Why each of them says what it says: without it the torn line is an error, and an id is a number."""
    Path("guess.jsonl").write_text('{"id":"00001234"}\n')
    assert pd.read_json("guess.jsonl", lines=True)["id"].tolist() == [1234]
    Path("guess.jsonl").write_text('{"id":"00001234"}\n{"id":"0000')
    for read in (
        lambda: pd.read_json("guess.jsonl", lines=True),
        lambda: pl.read_ndjson("guess.jsonl", ignore_errors=True),
        lambda: duckdb.execute("FROM read_json('guess.jsonl', format = 'newline_delimited')").fetchall(),
    ):
        with pytest.raises((ValueError, pl.exceptions.PolarsError, duckdb.Error)):
            read()


@pytest.mark.usefixtures("messages")
def test_what_wc_counts() -> None:
    """Whole lines of any type, and no torn one; `grep -c` counts that one, too."""
    count = 'cat .sessions/*.jsonl | wc -l; cat .sessions/a.jsonl | grep -c \'"role":"user"\''
    done = subprocess.run(["/bin/sh", "-c", count], capture_output=True, text=True, check=True)
    assert [int(number) for number in done.stdout.split()] == [WHOLE, 2]
