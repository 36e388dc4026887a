"""Sessions of a gigabyte, and of a line of 200 MB: opened, listed, read and forked in bounded memory."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

WORKER = Path(__file__).with_name("large_worker.py")
MB = 1_000_000
EXTRA = 300 * MB  # bytes of memory beside the longest line
ENDS = 1 * MB  # bytes of a file's beginning and end, and of what Linux counts of other files
SESSION = "01970000-0000-7000-8000-00003f9c2a11"


def line(number: int, text: str = "") -> bytes:
    """Return one message; even numbers answer odd ones."""
    parent = None if number == 1 else f"01970000-0000-7000-8000-{number - 1:012x}"
    return (
        f'{{"type":"message","seq":{number},"id":"01970000-0000-7000-8000-{number:012x}",'
        f'"parent_id":{json.dumps(parent)},"session":"{SESSION}","ts":"2026-03-01T10:15:00.123Z",'
        f'"role":"{("assistant", "user")[number % 2]}","content":[{{"type":"text","text":"n° {number} {text}"}}],'
        '"model":"m","stop_reason":"end_turn","usage":{"input_tokens":5,"output_tokens":7}}\n'
    ).encode()


def write(path: Path, size: int) -> int:
    """Write a session of lines of about 2 kB each; return how many entries it has."""
    header = {"type": "session", "version": 1, "id": SESSION, "ts": "2026-03-01T10:15:00.000Z", "name": "large"}
    path.parent.mkdir(exist_ok=True)
    filling = "é" * 850
    count = 0
    with path.open("wb") as file:
        file.write(json.dumps(header).encode() + b"\n")
        while file.tell() < size:
            file.write(b"".join([line(number, filling) for number in range(count + 1, count + 2001)]))
            count += 2000
    return count


def take(what: str, path: Path) -> Any:
    """Do something with a session in a fresh process; return what it took and what was found."""
    done = subprocess.run([sys.executable, WORKER, what, path], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def gigabyte(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, int]]:
    """Return a session of a gigabyte, and how many entries it has."""
    path = tmp_path_factory.mktemp("large") / "gigabyte" / "large.jsonl"
    yield path, write(path, 1000 * MB)
    path.unlink()


def test_a_gigabyte_is_listed_from_its_beginning_and_its_end(gigabyte: tuple[Path, int]) -> None:
    """Without an index, its row is there for a few hundred kilobytes."""
    path, _ = gigabyte
    (path.parent / ".index").unlink(missing_ok=True)
    taken = take("list", path)
    assert taken["found"] == ["large", "n° 1 ", "2026-03-01T10:15:00.123000+00:00", "m", False]
    assert taken["read"] < ENDS
    assert taken["memory"] < 20 * MB


def test_the_last_messages_of_a_gigabyte_are_read_from_its_end(gigabyte: tuple[Path, int]) -> None:
    """A hundred of them, for a few hundred kilobytes."""
    path, count = gigabyte
    taken = take("last", path)
    assert taken["found"] == list(range(count - 99, count + 1))
    assert taken["read"] < ENDS
    assert taken["memory"] < 20 * MB


def test_a_gigabyte_is_forked_line_by_line(gigabyte: tuple[Path, int]) -> None:
    """Every entry is in the copy, and never all of them in memory."""
    path, count = gigabyte
    taken = take("fork", path)
    copied, file = taken["found"]
    assert copied == count + 1  # and a note of its name
    assert taken["memory"] < EXTRA
    copy = Path(file)
    assert abs(copy.stat().st_size - path.stat().st_size) < 1000  # another header, and that note
    copy.unlink()


def test_a_gigabyte_is_opened_in_bounded_memory(gigabyte: tuple[Path, int]) -> None:
    """It is read once, and a line is added."""
    path, count = gigabyte
    size = path.stat().st_size
    taken = take("open", path)
    assert taken["found"] == [count + 1, 0]
    assert taken["memory"] < EXTRA
    assert taken["read"] < size + ENDS


@pytest.mark.parametrize("where", [3, -1], ids=["in the middle", "at the end"])
def test_a_line_of_200_megabytes_costs_once_its_length(tmp_path: Path, where: int) -> None:
    """Opening takes what a large session takes, and that line; the lines around it are all there."""
    path = tmp_path / "long" / "large.jsonl"
    count = write(path, 10 * MB)
    lines = path.read_bytes().splitlines(keepends=True)
    length = 200 * MB
    lines.insert(where if where > 0 else len(lines), line(count + 1, "x" * length))
    path.write_bytes(b"".join(lines))
    del lines
    try:
        listed = take("list", path)
        assert listed["found"][:2] == ["large", "n° 1 "]
        assert listed["memory"] < EXTRA + length
        assert listed["read"] < (ENDS if where > 0 else 2 * length + ENDS)
        taken = take("open", path)
        assert taken["found"] == [count + 2, 0]
        assert taken["memory"] < EXTRA + length
    finally:
        path.unlink()


def test_many_bad_lines_in_a_large_session_are_numbered_in_one_pass(tmp_path: Path) -> None:
    """Each is named, and the file is read twice at most."""
    path = tmp_path / "bad" / "large.jsonl"
    count = write(path, 80 * MB)
    lines = path.read_bytes().splitlines(keepends=True)
    lines[500::100] = [b"not JSON\n"] * len(lines[500::100])
    bad = [number for number, text in enumerate(lines, start=1) if text == b"not JSON\n"]
    path.write_bytes(b"".join(lines))
    taken = take("open", path)
    assert taken["found"] == [count - len(bad) + 1, len(bad)]
    assert taken["read"] < 2 * path.stat().st_size + ENDS
    path.unlink()
