"""What is known from the last time is believed only where it is true, and costs nothing when it is not."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator
from pathlib import Path

import pytest

from ipy_sessions import SessionInfo, SessionManager, Settings, user
from ipy_sessions.store.disk import FolderStore
from ipy_sessions.store.rows import index
from ipy_sessions.testing import FixedSource

SESSIONS = 5


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder of a few sessions, each counted and known."""
    folder = tmp_path / "work" / ".sessions"
    settings = Settings(model="offline", offline_delay=0)
    with SessionManager(folder, settings=settings, source=FixedSource()) as manager:
        for number in range(SESSIONS):
            session = manager.create(f"talk {number}")
            session.prompt(f"hi, {'é' * number}")
            session.note(tags=["t"] * number, archived=number == 1)
    listed(folder)
    return folder


def listed(folder: Path) -> list[tuple[object, ...]]:
    """Return what a new kernel lists, and keep it."""
    with SessionManager(folder) as manager:
        return [said(row) for row in manager.list(archived=None)]


def said(row: SessionInfo) -> tuple[object, ...]:
    """Return something of each half of a row."""
    return row.id, row.title, row.modified, row.tags, row.archived, row.cursor, row.size, row.path, row.message_count


def damaged(data: bytes) -> Iterator[bytes]:
    """Yield an index as it may be found."""
    yield from (b"", b"\0" * len(data), data * 2, data[1:], b"[2, []]")
    for place in range(0, len(data), 7):
        yield data[:place]
        yield data[:place] + bytes([data[place] ^ 0x15]) + data[place + 1 :]
        yield data[:place] + bytes(20) + data[place + 20 :]


def test_a_damaged_index_is_made_again(folder: Path) -> None:
    """Missing, cut anywhere, with any byte changed: the list says what the files say."""
    wanted, file = listed(folder), folder / ".index"
    assert len(wanted) == SESSIONS
    file.unlink()
    assert listed(folder) == wanted
    for data in damaged(file.read_bytes()):
        file.write_bytes(data)
        assert listed(folder) == wanted


def test_rows_hold_what_they_said_when_another_kernel_lists_anew(folder: Path) -> None:
    """Halves that nobody has looked at yet are those of their rows, whatever the index is then."""
    wanted = listed(folder)
    with SessionManager(folder) as manager:
        rows = manager.list(archived=None)
        with SessionManager(folder) as other:
            other.create("newer").append(user("hello"))
        listed(folder)
        assert [said(row) for row in rows] == wanted
        assert manager.list(archived=None)[0].title == "newer"


def test_rows_outlive_their_store_and_keep_nothing_of_it(folder: Path) -> None:
    """They can be looked at afterwards, and a store that nobody uses any more is gone from memory."""
    wanted = listed(folder)
    store = FolderStore(folder)
    rows, gone = store.rows().rows, weakref.ref(store)
    del store
    gc.collect()
    assert gone() is None
    assert sorted(map(said, rows), key=str) == sorted(wanted, key=str)


def test_an_index_names_no_file_of_another_folder(folder: Path, tmp_path: Path) -> None:
    """Not even one that somebody has written by hand."""
    outside = tmp_path / "outside.jsonl"
    inside = next(folder.glob("*.jsonl"))
    inside.rename(outside)
    known = index.Index(folder)
    row = known.known.pop(inside.name)
    known.put(f"../../{outside.name}", outside.stat(), row.outline)
    known.save()
    assert len(listed(folder)) == SESSIONS - 1
