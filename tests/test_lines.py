"""Lines that are read piece by piece, of files that stay on disk and of those that do not."""

from __future__ import annotations

from pathlib import Path

import pytest

from ipy_sessions.encoding import encode
from ipy_sessions.entries import Entry, Header
from ipy_sessions.store import lines
from ipy_sessions.store.reading import parse, read

LINES = 60


def written() -> list[bytes]:
    """Return a header and entries of very different lengths."""
    entries = [
        Entry("message", number, f"id-{number}", f"id-{number - 1}", "s", "", {"role": "user", "content": "é" * length})
        for number, length in enumerate([(number % 7) ** 4 for number in range(LINES)], start=1)
    ]
    return [encode(Header(1, "session-one", "", {})), *map(encode, entries)]


def damaged() -> tuple[bytes, list[int]]:
    """Return the bytes of a session with bad lines at the beginning, in the middle, at the end, and their numbers."""
    whole = written()
    whole[1] = b"{broken\n"
    whole[2] = b"\n"
    whole[9:9] = [b" \r\n", b"[]\n"]
    whole[30] = whole[29]  # one id twice
    whole[40] = b"\xff" * 3000 + b"\n"
    whole.append(whole[20][:-20])
    return b"".join(whole), [2, 11, 31, 41, len(whole)]


@pytest.mark.parametrize("in_memory", [0, 1 << 30])
@pytest.mark.parametrize("piece", [64, 500, 4096, 1 << 20])
def test_bad_lines_have_their_numbers_whatever_the_size_of_a_piece(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, in_memory: int, piece: int
) -> None:
    """In a file that stays on disk as in one in memory; every other line is read, and its fields when asked for."""
    monkeypatch.setattr(lines, "IN_MEMORY", in_memory)
    monkeypatch.setattr(lines, "PIECE", piece)
    monkeypatch.setattr(lines, "PART", piece)
    data, numbers = damaged()
    file = tmp_path / "a.jsonl"
    file.write_bytes(data)
    contents = read(file)
    assert [line.number for line in contents.bad_lines] == numbers
    assert contents.reading is not None
    assert contents.reading.whole == data.rfind(b"\n") + 1
    found = {entry.id: len(entry.fields["content"]) for entry in reversed(list(contents.tree))}
    assert found == {f"id-{n + 1}": (n % 7) ** 4 for n in range(LINES) if n + 1 not in {1, 2, 28, 38}}


@pytest.mark.parametrize("in_memory", [0, 1 << 30])
@pytest.mark.parametrize("piece", [64, 4096])
def test_every_cut_is_read_the_same_in_pieces_as_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, in_memory: int, piece: int
) -> None:
    """Wherever a file ends."""
    data = b"".join(written()[:9])
    file = tmp_path / "a.jsonl"
    for end in range(data.index(b"\n"), len(data), 5):
        file.write_bytes(data[:end])
        wanted = parse(data[:end], file)
        monkeypatch.setattr(lines, "IN_MEMORY", in_memory)
        monkeypatch.setattr(lines, "PIECE", piece)
        monkeypatch.setattr(lines, "PART", piece)
        found = read(file)
        monkeypatch.undo()
        assert (found.header, list(found.tree), found.bad_lines) == (
            wanted.header,
            list(wanted.tree),
            wanted.bad_lines,
        )
