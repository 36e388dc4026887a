"""What any store must keep, tried on ours, on one that somebody else might write, and on some that are broken."""

from __future__ import annotations

import itertools
import os
import re
import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ipy_sessions import (
    FolderStore,
    LogLostError,
    LogWriteError,
    MemoryStore,
    SessionBusyError,
    SessionInfo,
    SessionManager,
    SessionNotFoundError,
    StaleSessionError,
    Store,
    user,
)
from ipy_sessions.counting import summarise
from ipy_sessions.store.blobs import REFERENCE, Blob
from ipy_sessions.store.interface import Listing, Progress, Repair, Skipped
from ipy_sessions.store.owner import Owner
from ipy_sessions.store.reading import Contents, Reading, parse, parse_header, refuse_newer
from ipy_sessions.testing import BrokenContractsError, check_store

CONTRACTS = 56


@pytest.fixture
def new(tmp_path: Path) -> Callable[[], Path]:
    """Return a function that returns another path each time."""
    numbers = itertools.count()
    return lambda: tmp_path / f"store {next(numbers)}"


def old_blobs(store: Any) -> None:
    """Make a folder's payloads look old."""
    for file in store.blobs.files():
        os.utime(file, (0, 0))


def test_the_folder_keeps_every_contract(new: Callable[[], Path]) -> None:
    """Nothing is left out, and the report says so."""
    report = check_store(lambda: FolderStore(new()), age=old_blobs)
    assert str(report) == f"FolderStore keeps {CONTRACTS} contracts."


def test_memory_keeps_every_contract() -> None:
    """The same, without a disk."""
    report = check_store(MemoryStore, age=lambda _: None)
    assert (len(report.kept), report.left_out) == (CONTRACTS, {})


# A store as somebody else might write it


class SqliteLog:
    """The lines of one session in a database, held by its owner."""

    def __init__(self, store: SqliteStore, number: int, path: Path) -> None:
        self.path = path
        self.alone: AbstractContextManager[object] = nullcontext()
        self._store = store
        self._number: int | None = number

    def append(self, line: bytes) -> None:
        """Put one line behind the others."""
        if self._number is None:
            raise LogWriteError(f"{self.path} is closed here.")
        with self._store.work() as db:
            db.execute("INSERT INTO lines (session, line) VALUES (?, ?)", [self._number, line])

    def mend(self, repair: Repair) -> bytes:
        """Do nothing but look: a database has no torn ends."""
        del repair
        if self._number is not None and not self.leads_here():
            raise LogLostError(f"{self.path} is gone.")
        return b""

    def leads_here(self) -> bool:
        """Tell whether the session is still there."""
        with self._store.work() as db:
            found = db.execute("SELECT 1 FROM sessions WHERE number = ? AND path = ?", [self._number, str(self.path)])
            return found.fetchone() is not None

    def flush(self) -> None:
        """Do nothing: each line was committed."""

    def close(self) -> None:
        """Let go of the session."""
        with self._store.work() as db:
            db.execute("UPDATE sessions SET owner = NULL WHERE number = ?", [self._number])
        self._number = None


class SqliteStore:
    """Sessions in one database, their payloads included."""

    def __init__(self, file: Path) -> None:
        self.path = file
        self.blobs = self
        with closing(sqlite3.connect(file)) as db:
            db.executescript("""
                CREATE TABLE IF NOT EXISTS sessions (number INTEGER PRIMARY KEY, path TEXT UNIQUE, owner BLOB);
                CREATE TABLE IF NOT EXISTS lines (number INTEGER PRIMARY KEY, session INTEGER, line BLOB);
                CREATE TABLE IF NOT EXISTS blobs (name TEXT PRIMARY KEY, data BLOB);
            """)

    @contextmanager
    def work(self) -> Iterator[sqlite3.Connection]:
        """Work on the database, alone, all or nothing."""
        with closing(sqlite3.connect(self.path)) as db, db:
            db.execute("PRAGMA synchronous = OFF")  # for the test's sake
            db.execute("BEGIN IMMEDIATE")
            yield db

    def put(self, blob: Blob) -> None:
        """Keep a payload."""
        with self.work() as db:
            db.execute("INSERT OR IGNORE INTO blobs VALUES (?, ?)", [blob.name, blob.data])

    def get(self, name: str, suffix: str) -> bytes | None:
        """Return a payload."""
        del suffix
        with self.work() as db:
            found = db.execute("SELECT data FROM blobs WHERE name = ?", [name]).fetchone()
        return found[0] if found else None

    def path_for(self, session_id: str, created: datetime, notebook: Path | None, taken: Collection[Path] = ()) -> Path:
        """Return a path that is free."""
        del created, notebook
        with self.work() as db:
            return self._free(db, self.path / f"{session_id}.jsonl", taken)

    def create(self, path: Path, lines: Iterable[bytes], owner: Owner) -> SqliteLog:
        """Keep a new session and hold it."""
        with self.work() as db:
            path = self._free(db, path)
            new = db.execute(
                "INSERT INTO sessions (path, owner) VALUES (?, ?)", [str(path), msgspec.json.encode(owner)]
            )
            number = int(new.lastrowid or 0)
            db.executemany("INSERT INTO lines (session, line) VALUES (?, ?)", [(number, line) for line in lines])
        return SqliteLog(self, number, path)

    def open(self, path: Path, owner: Owner, wait: float = 0.0) -> tuple[Contents, SqliteLog]:
        """Read a session and hold it."""
        del wait
        with self.work() as db:
            number = self._not_held(db, path)
            contents = parse(self._data(db, number), path)
            refuse_newer(contents.header, path)
            db.execute("UPDATE sessions SET owner = ? WHERE number = ?", [msgspec.json.encode(owner), number])
        return contents, SqliteLog(self, number, path)

    def read(self, path: Path) -> Contents:
        """Read a session."""
        with self.work() as db:
            return parse(self._data(db, self._find(db, path)[0]), path)

    def rewrite(self, path: Path, lines: Iterable[bytes], owner: Owner, expect: Reading | None = None) -> None:
        """Put other lines in the place of a session's."""
        del owner
        with self.work() as db:
            number = self._not_held(db, path)
            data = self._data(db, number)
            refuse_newer(parse(data, path).header, path)
            if expect is not None and expect.size != len(data):
                raise StaleSessionError(f"{path} has lines that were not read.")
            db.execute("DELETE FROM lines WHERE session = ?", [number])
            db.executemany("INSERT INTO lines (session, line) VALUES (?, ?)", [(number, line) for line in lines])

    def rows(self, progress: Progress | None = None) -> Listing:
        """Return every session, summed up."""
        return self._listing(self.path, progress)

    def is_held(self, path: Path) -> bool:
        """Tell whether a session is open."""
        with self.work() as db:
            return self._find(db, path)[1] is not None

    def delete(self, path: Path, owner: Owner, reason: str = "") -> Path:
        """Put a session into the trash."""
        del owner, reason
        return self._move(path, self.path / ".trash")

    def erase(self, path: Path, reason: str = "") -> None:
        """Take a session out of the trash for good."""
        del reason
        if path.parent != self.path / ".trash":
            raise SessionNotFoundError(f"{path} is not in the trash.")
        with self.work() as db:
            number = self._not_held(db, path)
            db.execute("DELETE FROM lines WHERE session = ?", [number])
            db.execute("DELETE FROM sessions WHERE number = ?", [number])

    def trashed(self) -> list[SessionInfo]:
        """Return what is in the trash."""
        return self._listing(self.path / ".trash").rows

    def restore(self, path: Path) -> Path:
        """Take a session out of the trash."""
        if path.parent != self.path / ".trash":
            raise SessionNotFoundError(f"{path} is not in the trash.")
        return self._move(path, self.path)

    def collect(self, names: Collection[str] = ()) -> list[Path]:
        """Drop the payloads that no line refers to."""
        del names
        with self.work() as db:
            lines = (line for (line,) in db.execute("SELECT line FROM lines"))
            used = {name.decode() for line in lines for name in REFERENCE.findall(line)}
            gone = [name for (name,) in db.execute("SELECT name FROM blobs") if name not in used]
            db.executemany("DELETE FROM blobs WHERE name = ?", [(name,) for name in gone])
        return [self.path / name for name in gone]

    def close(self) -> None:
        """Do nothing: nothing stays open."""

    def _free(self, db: sqlite3.Connection, path: Path, taken: Collection[Path] = ()) -> Path:
        there = {Path(name) for (name,) in db.execute("SELECT path FROM sessions")} | set(taken)
        paths = (path.with_stem(f"{path.stem}-{number}") for number in itertools.count(2))
        return next(free for free in itertools.chain([path], paths) if free not in there)

    def _find(self, db: sqlite3.Connection, path: Path) -> tuple[int, bytes | None]:
        found = db.execute("SELECT number, owner FROM sessions WHERE path = ?", [str(path)]).fetchone()
        if found is None:
            raise SessionNotFoundError(f"{path} is not there.")
        return int(found[0]), found[1]

    def _not_held(self, db: sqlite3.Connection, path: Path) -> int:
        number, held = self._find(db, path)
        owner = None if held is None else msgspec.json.decode(held, type=Owner)
        if owner is not None and owner.lives:
            raise SessionBusyError(f"{path} is open in {owner}.", owner)
        return number

    def _data(self, db: sqlite3.Connection, number: int) -> bytes:
        return b"".join(line for (line,) in db.execute("SELECT line FROM lines WHERE session = ?", [number]))

    def _move(self, path: Path, folder: Path) -> Path:
        with self.work() as db:
            number, target = self._not_held(db, path), self._free(db, folder / path.name)
            db.execute("UPDATE sessions SET path = ? WHERE number = ?", [str(target), number])
        return target

    def _listing(self, folder: Path, progress: Progress | None = None) -> Listing:
        rows, skipped = [], []
        with self.work() as db:
            sessions = [(Path(name), number) for name, number in db.execute("SELECT path, number FROM sessions")]
            sessions = [(path, number) for path, number in sessions if path.parent == folder]
            for done, (path, number) in enumerate(sessions, start=1):
                try:
                    header, tree, bad_lines, _ = parse(self._data(db, number), path)
                    rows.append(summarise(path, header, tree, (line.number for line in bad_lines)))
                except Exception as error:  # noqa: BLE001 - whatever one holds, the others are listed
                    skipped.append(Skipped(path, str(error)))
                if progress is not None:
                    progress(done, len(sessions))
        return Listing(rows, skipped)


def test_a_store_of_somebody_elses_keeps_every_contract(new: Callable[[], Path]) -> None:
    """The door is narrow enough to be built over a database, in 150 lines with what is there to read and sum up."""
    report = check_store(lambda: SqliteStore(new()), age=lambda _: None)
    assert (len(report.kept), report.left_out) == (CONTRACTS, {})


# Stores that are broken on purpose


class Sorting(MemoryStore):
    """Sorts its lines."""

    def read(self, path: Path) -> Contents:
        """Read the lines in the order of their ids."""
        contents = super().read(path)
        entries = sorted(contents.tree, key=lambda entry: entry.id)
        return contents._replace(tree=type(contents.tree)(entries))


class Ascii(MemoryStore):
    """Keeps ASCII alone."""

    def create(self, path: Path, lines: Iterable[bytes], owner: Owner) -> Any:
        """Keep questions marks for the others."""
        return super().create(path, [line.decode("ascii", "replace").encode() for line in lines], owner)


class Tidying(MemoryStore):
    """Drops the entries that it does not know."""

    def read(self, path: Path) -> Contents:
        """Read messages alone."""
        contents = super().read(path)
        known = [entry for entry in contents.tree if entry.type in {"message", "info", "settings", "label"}]
        return contents._replace(tree=type(contents.tree)(known))


class Strange(MemoryStore):
    """Raises what nobody expects."""

    def read(self, path: Path) -> Contents:
        """Read as a dict does."""
        return parse(bytes(self._lines[path]), path)


class Sharing(MemoryStore):
    """Shares its sessions with all others."""

    everybodys: dict[Path, bytearray] = {}  # noqa: RUF012 - which is what is wrong here

    def __init__(self) -> None:
        super().__init__()
        self._lines = self.everybodys


class Crowded(MemoryStore):
    """Has one path for all."""

    def path_for(self, session_id: str, created: datetime, notebook: Path | None, taken: Collection[Path] = ()) -> Path:
        """Return it."""
        del session_id, created, notebook, taken
        return self.path / "the.jsonl"


class Overwriting(FolderStore):
    """Rewrites in place."""

    def rewrite(self, path: Path, lines: Iterable[bytes], owner: Owner, expect: Reading | None = None) -> None:
        """Write line by line over what is there."""
        if expect is not None and expect.size != path.stat().st_size:
            raise StaleSessionError(f"{path} has lines that were not read.")
        self.open(path, owner)[1].close()
        with path.open("wb") as file:
            file.writelines(lines)


class Careless(MemoryStore):
    """Lets everybody write."""

    def _refuse_held(self, path: Path) -> None:
        del path


class Nameless(MemoryStore):
    """Does not say who has a session open."""

    def _refuse_held(self, path: Path) -> None:
        if path in self._held:
            raise SessionBusyError("Somebody has it.")


class Jealous(MemoryStore):
    """Keeps readers out."""

    def read(self, path: Path) -> Contents:
        """Read what nobody has open."""
        self._refuse_held(path)
        return super().read(path)


class LettingGo(MemoryStore):
    """Lets go of a session as often as it is asked to."""

    def _hold(self, path: Path, owner: Owner) -> Any:
        log = super()._hold(path, owner)

        def close() -> None:
            type(log).close(log)
            self._let_go(path)

        log.close = close  # type: ignore[method-assign]
        return log


class Brave(MemoryStore):
    """Writes to what it does not understand."""

    def open(self, path: Path, owner: Owner, wait: float = 0.0) -> tuple[Contents, Any]:
        """Open any version."""
        del wait
        return self.read(path), self._hold(path, owner)


class Fragile(MemoryStore):
    """Breaks at the first odd session."""

    def rows(self, progress: Progress | None = None) -> Listing:
        """Return the rows, or fail."""
        listing = super().rows(progress)
        for path in self._lines:
            parse_header(bytes(self._lines[path]).split(b"\n")[0], path)
        return listing


class Deaf(MemoryStore):
    """Goes on whatever progress says."""

    def rows(self, progress: Progress | None = None) -> Listing:
        """Return all rows."""

        def told(done: int, of: int) -> None:
            with suppress(Exception):
                if progress is not None:
                    progress(done, of)

        return super().rows(told)


class Stale(MemoryStore):
    """Counts each session once."""

    def __init__(self) -> None:
        super().__init__()
        self._once: dict[Path, SessionInfo] = {}

    def rows(self, progress: Progress | None = None) -> Listing:
        """Return rows as they were first."""
        rows, skipped = super().rows(progress)
        return Listing([self._once.setdefault(row.path, row) for row in rows], skipped)


class Final(MemoryStore):
    """Has no trash."""

    def delete(self, path: Path, owner: Owner, reason: str = "") -> Path:
        """Delete for good."""
        kept = super().delete(path, owner, reason)
        del self._trash[kept]
        return kept


class Replacing(MemoryStore):
    """Restores over whatever is there."""

    def restore(self, path: Path) -> Path:
        """Put it where it was."""
        self._lines.pop(path, None)
        return super().restore(path)


class Greedy(MemoryStore):
    """Drops what only the trash refers to."""

    def collect(self, names: Collection[str] = ()) -> list[Path]:
        """Collect without a look into the trash."""
        kept, self._trash = self._trash, {}
        try:
            return super().collect(names)
        finally:
            self._trash = kept


class Forgetful(MemoryStore):
    """Holds lines back until the end."""

    def _hold(self, path: Path, owner: Owner) -> Any:
        log = super()._hold(path, owner)
        held: list[bytes] = []

        def close() -> None:
            while held:
                type(log).append(log, held.pop(0))
            type(log).close(log)

        log.append = held.append  # type: ignore[assignment, method-assign]
        log.close = close  # type: ignore[method-assign]
        return log


@pytest.mark.parametrize(
    ("broken", "sentence"),
    [
        (Sorting, "Appended lines stand behind the others in the order of the calls"),
        (Ascii, "Lines come back byte for byte"),
        (Tidying, "Types and fields that this version does not know are kept"),
        (Strange, "What is not there raises SessionNotFoundError"),
        (Sharing, "Two stores share nothing"),
        (Crowded, "`path_for` returns a path that no session has"),
        (Careless, "A session that is open, or was just created, is opened by nobody else"),
        (Nameless, "A session that is open, or was just created, is opened by nobody else"),
        (Jealous, "Reading and listing go on while a session is open"),
        (LettingGo, "Closing a second time does nothing"),
        (Brave, "A session of a newer format can be read and is never opened for writing"),
        (Fragile, "One session that cannot be read never breaks the list"),
        (Deaf, "What progress raises ends the listing"),
        (Stale, "Rows say what is so now"),
        (Final, "A deleted session is gone from the rows and from reading, and is in the trash"),
        (Replacing, "A session whose path was taken meanwhile is restored to another"),
        (Greedy, "Collecting drops payloads that no session refers to, and no other"),
        (Forgetful, "An appended line is read as soon as the call has returned"),
    ],
)
def test_a_broken_store_is_told_what_it_breaks(broken: Callable[[], Store], sentence: str) -> None:
    """By the sentence of the contract, whatever else it breaks."""
    with pytest.raises(BrokenContractsError, match=re.escape(sentence)) as raised:
        check_store(broken, age=lambda _: None)
    assert any(one.startswith(sentence) for one in raised.value.broken)


def test_a_rewriting_that_breaks_off_is_noticed(new: Callable[[], Path]) -> None:
    """A store that writes over a session, line by line, is told so, and of nothing else."""
    with pytest.raises(BrokenContractsError) as raised:
        check_store(lambda: Overwriting(new()), age=old_blobs)
    assert [sentence[:29] for sentence in raised.value.broken] == ["Rewriting that breaks off lea"]
    assert str(raised.value).startswith(
        f"Overwriting breaks 1 of {CONTRACTS} contracts.\n\n1. Rewriting that breaks off"
    )
    assert "the lines: found" in str(raised.value)
    assert "lines.py:" in str(raised.value)


def test_a_store_that_cannot_be_made_is_told_of_every_contract() -> None:
    """Plainly, and without an error of the kit's own."""

    def make() -> Store:
        raise OSError("no such server")

    with pytest.raises(BrokenContractsError, match="OSError: no such server") as raised:
        check_store(make)
    assert len(raised.value.broken) == CONTRACTS


class Strict(MemoryStore):
    """Takes good sessions alone."""

    def create(self, path: Path, lines: Iterable[bytes], owner: Owner) -> Any:
        """Keep a session, if it is one."""
        given = list(lines)
        if parse(b"".join(given), path).bad_lines:
            raise LogWriteError("A line is damaged.")
        return super().create(path, given, owner)


def test_what_a_store_cannot_hold_is_left_out_and_said() -> None:
    """A store that refuses bad lines has no use for the contracts about them."""
    report = check_store(Strict)
    assert len(report.kept) == CONTRACTS - len(report.left_out)
    assert len(report.left_out) == 3
    assert "(the store takes no such lines: A line is damaged.)" in str(report)


# What the kit has found in ours


def test_the_first_message_of_a_folder_may_be_a_picture(new: Callable[[], Path]) -> None:
    """The folder is made for its payload as for its session: its owner's alone, and ignored by git."""
    folder = new() / "deep" / ".sessions"
    with SessionManager(folder) as manager:
        source = {"type": "base64", "media_type": "image/png", "data": "A" * 100_000}
        manager.create().append(user([{"type": "image", "source": source}]))
    assert (folder / ".gitignore").read_text() == "*\n"
    assert {path.stat().st_mode & 0o777 for path in (folder, folder / "blobs")} == {0o700}
    assert len(list((folder / "blobs").iterdir())) == 1


def test_a_session_that_is_no_trash_is_not_restored(new: Callable[[], Path]) -> None:
    """It stays where it is, whatever is asked."""
    with SessionManager(new()) as manager:
        session = manager.create("alice")
        session.append(user("hi"))
        with pytest.raises(SessionNotFoundError, match="is not in the trash"):
            manager.store.restore(session.file)
        assert session.file.exists()
