"""Searching 200 MB of sessions, and ten thousand of them, without any index, beside ripgrep over the same files.

ripgrep prints the lines that hold the bytes. We decode them, look at what was said alone, rank and cut out snippets.
Either has read the files before, so that they come from the system's memory. Without an ``rg`` on the path the floor is
one look over the bytes of every file by Python's own `bytes.find`, which knows no case, and nothing is a gate then.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from figures import Figure, medians
from transcripts import conversation, lognormal, write_many

from ipy_sessions.searching.search import prepared

LARGE, MESSAGES = 930, 100  # sessions and messages of 200 MB
SMALL, FEW = 10_000, 6
ROUNDS = 9
SLOW_ROUNDS = 3  # of what finds every message
TARGET = 2.0
RARE = "pancake"  # stands in one message
COMMON = "fox"  # stands in every message


def searching() -> list[Figure]:
    """Search in turn with the floor."""
    with tempfile.TemporaryDirectory() as parent:
        large, small = Path(parent) / "large", Path(parent) / "small"
        _write_large(large)
        write_many(small, SMALL, FEW)
        _hide(large, LARGE // 2)
        _hide(small, SMALL // 2)
        size = sum(path.stat().st_size for path in large.iterdir()) / 1e6
        told = f"{size:.0f} MB"
        return [
            _figure(f"searching {told} for a word, small letters", large, RARE, 1, TARGET),
            _figure(f"searching {told} for a word as it is typed", large, RARE.title(), 1, TARGET),
            _figure(f"searching {told} for two words and a phrase", large, f'{RARE} fox "lazy dog"', 1, TARGET),
            _figure(f"searching {told} for a word that is in none", large, "stopwatch", 0, TARGET),
            _figure(f"searching {told} for a word, ripgrep in one thread", large, RARE, 1, None, "--threads=1"),
            _figure(f"searching {told} for a word that is in all", large, COMMON, LARGE * MESSAGES, None),
            _figure(f"searching {SMALL:,} sessions for a word", small, RARE, 1, None),
        ]


def _figure(name: str, folder: Path, what: str, total: int, target: float | None, *options: str) -> Figure:
    rounds = SLOW_ROUNDS if total > 1 else ROUNDS
    grep, floor = _floor(folder, what, *options)
    ours, theirs = medians(rounds, lambda: _searched(folder, what, total), floor)
    gate = target if grep else None
    return Figure(
        f"{name} ({'ripgrep' if grep else 'ripgrep is missing'})", ours * 1e3, theirs * 1e3, "ms", "ratio", gate
    )


def _searched(folder: Path, what: str, total: int) -> None:
    search = prepared(what, folder)
    search.run()
    if search.hits().total != total:
        raise AssertionError(f"{search.hits().total} messages hold {what!r}, and not {total}")


def _floor(folder: Path, what: str, *options: str) -> tuple[bool, Callable[[], object]]:
    """Return whether there is a ripgrep, and what is measured beside us: of several words it looks for the first."""
    word = what.split(maxsplit=1)[0]
    program = shutil.which("rg")
    if program is None:
        return False, lambda: [path.read_bytes().find(word.encode()) for path in folder.iterdir()]
    command = [program, "--smart-case", "--fixed-strings", *options, word, str(folder)]
    return True, lambda: subprocess.run(command, stdout=subprocess.DEVNULL, check=False)


def _write_large(folder: Path) -> None:
    folder.mkdir()
    lengths = lognormal()
    for number in range(LARGE):
        path = folder / f"20260101T000000Z-session-{number:06}.jsonl"
        path.write_bytes(b"".join(conversation(MESSAGES, lengths, number)))


def _hide(folder: Path, number: int) -> None:
    """Put the rare word into one message."""
    path = sorted(folder.iterdir())[number]
    lines = path.read_bytes().split(b"\n")
    lines[3] = lines[3].replace(b"quick brown", RARE.title().encode() + b" " + RARE.encode(), 1)
    path.write_bytes(b"\n".join(lines))
