"""Lists of sessions: an index that decides nothing, files that are none, rows that are what opening would tell."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import threading
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ipy_sessions import SessionInfo, SessionManager, SessionsError, Settings, assistant, user
from ipy_sessions.counting import outline
from ipy_sessions.store.reading import read
from ipy_sessions.store.rows import outlines
from ipy_sessions.store.rows.outlines import read_outline
from ipy_sessions.summary import Outline
from ipy_sessions.testing import FixedSource

QUIET = Settings(model="offline", offline_delay=0)
NOBODY = 65534


def examples(count: int) -> settings:
    """Let hypothesis try so many, each in the same folder, for as long as it takes."""
    return settings(max_examples=count, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def fill(manager: SessionManager, count: int = 5) -> list[Path]:
    """Write some sessions, and let go of them; return their files."""
    files = []
    for number in range(count):
        session = manager.create(f"s{number}")
        session.prompt(f"question {number}", cell_id=f"c{number}")
        session.note(tags=[f"t{number % 2}"], pinned=number == 1)
        files.append(session.file)
    manager.close()
    return files


def rows(folder: Path) -> list[SessionInfo]:
    """Return the rows of a folder as a new kernel sees them, each of them counted."""
    with SessionManager(folder, settings=QUIET) as manager:
        found = manager.list(archived=None)
        assert all(row.message_count >= 0 for row in found)
        return found


# The index


def damages(index: bytes, others: bytes) -> dict[str, bytes | None]:
    """Return what an index may have become."""
    half = len(index) // 2
    return {
        "missing": None,
        "empty": b"",
        "torn": index[:half],
        "zeros at its end": index[:half] + bytes(len(index) - half),
        "all zeros": bytes(len(index)),
        "not an index": b"\x89PNG\r\n",
        "too long": index + b"\x00",
        "of another folder": others,
        "of an older version": checked([0, [], [], [], [], []]),
        "of a newer version": checked([99, [], [], [], [], []]),
        "of a version that looks otherwise": checked([2, {}, "new"]),
        "of columns that do not fit": checked([1, ["a", "b"], [[1, 2, 3]], [], [], []]),
        "JSON": b"{}",
    }


def checked(content: Any) -> bytes:
    """Return something as an index that nothing has damaged."""
    packed = msgspec.msgpack.encode(content)
    return zlib.crc32(packed).to_bytes(4) + packed


def test_whatever_the_index_is_the_rows_are_the_same(manager: SessionManager, tmp_path: Path) -> None:
    """Missing, torn, old, new, strange or another folder's: the list is made again from the files."""
    folder = manager.store.path
    fill(manager)
    with SessionManager(tmp_path / "other", settings=QUIET, source=FixedSource()) as other:
        fill(other)
        rows(tmp_path / "other")
    expected = rows(folder)
    index = folder / ".index"
    whole = index.read_bytes()
    for name, data in damages(whole, (tmp_path / "other" / ".index").read_bytes()).items():
        index.unlink(missing_ok=True)
        if data is not None:
            index.write_bytes(data)
        assert rows(folder) == expected, name
        assert rows(folder) == expected, name
    index.unlink()
    index.mkdir()
    assert rows(folder) == expected


@examples(300)
@given(data=st.data())
def test_an_index_with_any_byte_changed_changes_no_row(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Cut anywhere, or another bit anywhere: it is noticed, and made again."""
    folder, expected, whole = kept(tmp_path_factory)
    at = data.draw(st.integers(0, len(whole) - 1))
    change = data.draw(st.integers(0, 255))
    (folder / ".index").write_bytes(whole[:at] + (bytes([whole[at] ^ change]) + whole[at + 1 :] if change else b""))
    assert rows(folder) == expected


def test_what_was_counted_is_not_counted_again(manager: SessionManager) -> None:
    """A new kernel takes rows and their sums from the index, and reads of the files what is new."""
    for number in range(3):
        session = manager.create(f"s{number}")
        session.append(user("é" * 500_000))
    manager.close()
    expected = rows(manager.store.path)
    before = bytes_read()
    assert rows(manager.store.path) == expected
    assert bytes_read() - before < 100_000


KEPT: list[tuple[Path, list[SessionInfo], bytes]] = []


def kept(factory: pytest.TempPathFactory) -> tuple[Path, list[SessionInfo], bytes]:
    """Return a folder, its rows and its index, made once."""
    if not KEPT:
        folder = factory.mktemp("kept") / ".sessions"
        with SessionManager(folder, settings=QUIET, source=FixedSource()) as manager:
            fill(manager)
        expected = rows(folder)
        KEPT.append((folder, expected, (folder / ".index").read_bytes()))
    return KEPT[0]


def test_files_that_come_go_and_change_are_seen(manager: SessionManager) -> None:
    """Copied in, deleted, added to by another program, put back from a backup: always as the files are."""
    folder = manager.store.path
    files = fill(manager)
    reader = SessionManager(folder, settings=QUIET)
    names = lambda: sorted(row.name or "" for row in reader.list())  # noqa: E731 - asked again and again
    assert names() == ["s0", "s1", "s2", "s3", "s4"]
    backup = files[0].read_bytes()
    (folder / "copied in.jsonl").write_bytes(backup.replace(b'"s0"', b'"copy"'))
    files[1].unlink()
    assert names() == ["copy", "s0", "s2", "s3", "s4"]
    with manager.open(files[0]) as session:
        session.note(name="renamed")
        session.prompt("more")
    assert names() == ["copy", "renamed", "s2", "s3", "s4"]
    assert next(row for row in reader.list() if row.name == "renamed").message_count == 4
    files[0].write_bytes(backup)
    assert names() == ["copy", "s0", "s2", "s3", "s4"]
    shutil.copytree(folder, folder.parent / "restored")
    assert len(rows(folder.parent / "restored")) == 5
    for path in folder.glob("*.jsonl"):
        path.unlink()
    assert names() == []
    reader.close()


# Rows and what opening would tell

TEXT = st.text(st.sampled_from('ab é😀"\\\n\u2028{}[]:,user'), max_size=12)
ODD = st.one_of(st.none(), st.booleans(), st.integers(), TEXT, st.lists(TEXT, max_size=2), st.just({"role": "user"}))
TIME = st.one_of(
    st.datetimes().map(lambda at: f"{at.isoformat(timespec='milliseconds')}Z"),
    st.sampled_from(["2026-03-01T10:15:00+05:00", "yesterday", "", "0001-01-01T00:00:00+14:00"]),
)
BLOCK = st.one_of(
    st.fixed_dictionaries({"type": st.just("text"), "text": st.one_of(TEXT, ODD)}),
    st.fixed_dictionaries({"type": st.just("tool_use"), "input": ODD}),
    st.fixed_dictionaries({"type": st.just("text")}),
    ODD,
)
CONTENT = st.one_of(
    st.lists(st.fixed_dictionaries({"type": st.just("text"), "text": TEXT}), max_size=3),
    st.lists(BLOCK, max_size=3),
    ODD,
)
SAYS = {"name": ODD, "tags": ODD, "pinned": ODD, "archived": ODD, "notebook": ODD, "key": ODD, "parent_session": ODD}
MESSAGE = st.fixed_dictionaries(
    {
        "type": st.just("message"),
        "role": st.sampled_from(["user", "assistant", "user", "assistant", "system", None, 5]),
        "content": CONTENT,
    },
    optional={"model": ODD, "stop_reason": ODD, "usage": ODD},
)
INFO = st.fixed_dictionaries({"type": st.just("info")}, optional=SAYS)
OTHER = st.fixed_dictionaries(
    {"type": st.sampled_from(["label", "settings", "x", "info ", 5, None])},
    optional={"info": ODD, "role": st.just("user")},
)


@st.composite
def lines(draw: st.DrawFn) -> bytes:
    """Return one line as this program, another one, or somebody by hand, has written it."""
    entry = draw(st.one_of(MESSAGE, MESSAGE, INFO, OTHER))
    head = {
        "seq": draw(st.one_of(st.integers(0, 9), st.just("1"))),
        "id": draw(st.uuids()).hex + "-a",
        "parent_id": None,
        "session": "s",
        "ts": draw(TIME),
    }
    if draw(st.integers(0, 9)) == 0:
        head[draw(st.sampled_from(sorted(head)))] = draw(ODD)
    whole = {"type": entry.pop("type"), **head, **entry}
    compact = draw(st.sampled_from([True, True, True, False]))
    line = json.dumps(whole, ensure_ascii=False, separators=(",", ":") if compact else None).encode()
    damage = draw(st.sampled_from([*[0] * 9, 1, 2, 3]))
    if damage == 1:
        return line[: draw(st.integers(0, len(line)))]
    return (
        draw(st.sampled_from([b"", b"  ", b"\xff\x00", b"[]", b'{"type":"session","version":1,"id":"x"}']))
        if damage == 2
        else line
    )


@st.composite
def sessions(draw: st.DrawFn) -> bytes:
    """Return the bytes of a session's file."""
    header = {
        "type": "session",
        "version": 1,
        "id": draw(st.uuids()).hex + "-s",
        "ts": draw(TIME),
        **draw(st.fixed_dictionaries({}, optional=SAYS)),
    }
    first = json.dumps(header).encode()
    newline = draw(st.sampled_from([b"\n", b"\n", b"\r\n"]))
    data = newline.join([first, *draw(st.lists(lines(), max_size=8))]) + draw(st.sampled_from([newline, newline, b""]))
    return draw(st.sampled_from([b""])) + data


def outlined(path: Path, before: Any = None) -> Outline:
    """Return what the ends of a file tell."""
    fd = os.open(path, os.O_RDONLY)
    try:
        return read_outline(fd, os.fstat(fd).st_size, path, before)
    finally:
        os.close(fd)


@examples(600)
@given(data=sessions())
def test_a_files_ends_tell_what_the_whole_session_tells(tmp_path: Path, data: bytes) -> None:
    """Title, time, model, tags and all of the rest, whoever has written or damaged it."""
    path = tmp_path / "one.jsonl"
    path.write_bytes(data)
    contents = read(path)
    assert outlined(path) == outline(contents.header, contents.tree)


@examples(60)
@given(files=st.lists(sessions(), max_size=4))
def test_rows_from_the_index_are_rows_rebuilt_are_rows_of_opened_sessions(tmp_path: Path, files: list[bytes]) -> None:
    """Of any sessions: three ways, one answer."""
    folder = tmp_path / "any"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for number, data in enumerate(files):
        (folder / f"{number}.jsonl").write_bytes(data)
    rebuilt = rows(folder)
    assert len(rebuilt) == len(files)
    assert rows(folder) == rebuilt
    for row in rebuilt:
        with SessionManager(folder, settings=QUIET) as manager:
            session = manager.open(row, read_only=True)
            assert session.info() == row


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every file count as large: 3 kB at each end are read."""
    monkeypatch.setattr(outlines, "WHOLE", 20_000)
    monkeypatch.setattr(outlines, "END", 3000)


@pytest.mark.usefixtures("large")
def test_a_large_session_that_grows_keeps_its_latest_name_in_the_list(manager: SessionManager) -> None:
    """Whatever was said of it where the ends do not reach is known from before, as long as there is an index."""
    reader = SessionManager(manager.store.path, settings=QUIET)
    session = manager.create("born so")
    session.append(user("hello"))
    for number in range(60):
        session.append(assistant("é" * 600) if number % 3 else user("ö" * 700))
        if number % 4 == 0:
            session.note(name=f"name {number}", tags=[str(number)])
        if number % 5 == 0:
            session.note(pinned=number % 2 == 0, archived=number % 3 == 0)
        if number % 7 == 0:
            for _ in range(9):  # more than an end is long, between two looks
                session.append(assistant("ü" * 400))
        (row,) = reader.list(archived=None)
        assert (row.name, row.tags, row.pinned, row.archived) == (
            session.name,
            session.info().tags,
            session.info().pinned,
            session.info().archived,
        )
        assert row.first_message == "hello"
        assert row == session.info()
    assert session.file.stat().st_size > 5 * outlines.WHOLE
    reader.close()


@pytest.mark.usefixtures("large")
@pytest.mark.parametrize("before", ["nothing", "long settings"])
def test_a_large_session_is_called_by_a_long_first_question(manager: SessionManager, before: str) -> None:
    """Also when it is longer than the end that is read, or stands behind something that is."""
    session = manager.create()
    if before == "long settings":
        session.configure(system="s" * 8000)
    session.append(user("Tell me " + "more " * 4000))
    for _ in range(9):
        session.append(assistant("ü" * 2000))
    (row,) = rows(manager.store.path)
    assert row.first_message == session.info().first_message != ""
    assert row.title == session.title


@pytest.mark.usefixtures("large")
def test_a_name_of_a_former_file_is_not_the_name_of_another_that_took_its_place(manager: SessionManager) -> None:
    """Written over in place, by a longer one: what was known was of another session."""
    old, new = manager.create(), manager.create()
    for session, count in ((old, 30), (new, 50)):
        session.append(user("hello"))
        if session is old:
            session.note(name="old")
        for _ in range(count):
            session.append(assistant("ü" * 1000))
    manager.close()
    reader = SessionManager(manager.store.path, settings=QUIET)
    assert sorted(row.name or "" for row in reader.list()) == ["", "old"]
    with old.file.open("r+b") as file:
        file.write(new.file.read_bytes())
    assert [row.name for row in reader.list()] == [None, None]
    reader.close()


def test_of_a_large_file_without_answers_the_middle_is_not_searched(
    manager: SessionManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Thousands of questions that nothing answered cost no more than others."""
    monkeypatch.setattr(outlines, "WHOLE", 100_000)
    session = manager.create()
    for _ in range(1000):
        session.append(user("é" * 1000))
    manager.close()
    with SessionManager(manager.store.path, settings=QUIET) as reader:
        reader.list()  # whatever is read once is read
        with session.file.open("ab") as file:
            file.write(b"\n")
        before = bytes_read()
        (row,) = reader.list()
        assert bytes_read() - before < 600_000
        assert row.modified == session.info().modified


def bytes_read() -> int:
    """Return how many bytes this process has read."""
    found = re.search(r"rchar: (\d+)", Path("/proc/self/io").read_text())
    assert found is not None
    return int(found[1])


# Odd files


def odd_files(folder: Path) -> dict[str, str]:
    """Put files into a folder that are no sessions; return the names of those that are told of, with a part of why."""
    os.mkfifo(folder / "fifo.jsonl")
    (folder / "folder.jsonl").mkdir()
    (folder / "dangling.jsonl").symlink_to(folder / "nowhere")
    (folder / "loop.jsonl").symlink_to(folder / "loop.jsonl")
    (folder / "device.jsonl").symlink_to("/dev/zero")
    (folder / "empty.jsonl").touch()
    (folder / "garbage.jsonl").write_bytes(bytes(range(256)) * 100)
    (folder / "nul.jsonl").write_bytes(bytes(5000))
    (folder / "torn.jsonl").write_bytes(b'{"type":"session","version":1,"id')
    (folder / "text.jsonl").write_bytes(b"hello\n" * 1000)
    (folder / "headerless.jsonl").write_bytes(b'{"type":"info","id":"x"}\n')
    (folder / "line.jsonl").write_bytes(b"x" * 300_000)
    (folder / "unreadable.jsonl").write_bytes(b'{"type":"session","version":1,"id":"x"}\n')
    (folder / "unreadable.jsonl").chmod(0)
    (folder / "notes.txt").write_text("no session at all")
    reasons = dict.fromkeys(("empty", "garbage", "nul", "torn", "text", "headerless", "line"), "is not a session")
    return {
        **reasons,
        "fifo": "it is no file",
        **dict.fromkeys(("device", "dangling", "loop"), "It is a link"),
        "unreadable": "denied",
    }


def test_odd_files_never_break_a_list_and_are_told_of(manager: SessionManager) -> None:
    """Pipes, devices, links, garbage and what may not be read: each with its reason, and all sessions are there."""
    folder = manager.store.path
    fill(manager)
    told = odd_files(folder)
    (folder / ".index").unlink(missing_ok=True)
    folder.chmod(0o777)
    folder.parent.chmod(0o777)
    seen: list[tuple[list[str], dict[str, str]]] = []
    process = os.geteuid() == 0
    if process:
        for parent in [folder, *folder.parents]:
            parent.chmod(parent.stat().st_mode | 0o055)
        for path in folder.glob("*-session-*"):
            path.chmod(0o644)
        os.seteuid(NOBODY)  # root may read anything
    try:
        for _ in range(2):
            with SessionManager(folder, settings=QUIET) as other:
                listing = other.scan()
            seen.append(
                (sorted(row.name or "" for row in listing.rows), {path.stem: why for path, why in listing.skipped})
            )
    finally:
        if process:
            os.seteuid(0)
    for names, skipped in seen:
        assert names == ["s0", "s1", "s2", "s3", "s4"]
        assert skipped.keys() == told.keys()
        assert all(part in skipped[name] for name, part in told.items())


@pytest.fixture
def impatient() -> Iterator[None]:
    """End a test that waits for a pipe."""

    def give_up(*_: object) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(30)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.usefixtures("impatient")
def test_opening_an_odd_file_is_a_sentence_at_once(manager: SessionManager) -> None:
    """A pipe is not waited for, a device is not read, and nothing is changed."""
    folder = manager.store.path
    fill(manager, 1)
    told = odd_files(folder)
    for name in [*told.keys() - {"unreadable"}, "folder"]:
        path = folder / f"{name}.jsonl"
        for read_only in (False, True):
            with pytest.raises(SessionsError, match=r"jsonl|zero"):
                manager.open(path, read_only=read_only)
        with pytest.raises(SessionsError, match=r"jsonl|zero"):
            manager.fork(path)


# Pages, order, filters, progress


def test_pages_go_on_where_the_last_one_ended_while_sessions_come_and_go(manager: SessionManager) -> None:
    """Nothing is shown twice and nothing left out of what was there from the beginning."""
    fill(manager, 20)
    reader = SessionManager(manager.store.path, settings=QUIET)
    there = [row.id for row in reader.list()]
    seen: list[str] = []
    after = ""
    while page := reader.list(limit=3, after=after):
        seen += [row.id for row in page]
        after = page[-1].cursor
        fill(manager, 2)
        if len(seen) == 9:
            gone = reader.list(after=after)[1]
            gone.path.unlink()
            there.remove(gone.id)
    assert seen == there
    assert reader.list(limit=0) == []
    reader.close()


def test_rows_are_sorted_by_what_was_said_last_and_not_by_their_files_time(manager: SessionManager) -> None:
    """A rename, a tag, a copy or `touch` makes nothing recent."""
    files = fill(manager, 6)
    for number, path in enumerate(files):
        os.utime(path, (10**9 + number * 7 % 5, 10**9 - number))
    with manager.open(files[0]) as session:
        session.note(name="touched")
    assert [row.path for row in rows(manager.store.path)] == files[::-1]
    with manager.open(files[2]) as session:
        session.append(user("more"))
    found = rows(manager.store.path)
    assert [row.path for row in found] == [files[2], *(path for path in files[::-1] if path != files[2])]
    assert [row.modified for row in found] == sorted((row.modified for row in found), reverse=True)


@examples(40)
@given(data=st.data())
def test_a_filter_takes_the_rows_that_have_it(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    """Any filters together are what picking by hand from the whole list gives, page for page."""
    folder, every, _ = kept(tmp_path_factory)
    moments = st.sampled_from([row.modified for row in every])
    wanted: dict[str, Any] = data.draw(
        st.fixed_dictionaries(
            {},
            optional={
                "name": st.sampled_from(["s", "S1", "4", "x"]),
                "tag": st.sampled_from(["t0", "t1", "t"]),
                "model": st.sampled_from(["offline", "other"]),
                "key": st.sampled_from(["agent:main:", "agent:x"]),
                "since": moments,
                "until": moments,
            },
        )
    )
    picks: dict[str, Callable[[SessionInfo, Any], bool]] = {
        "name": lambda row, text: text.casefold() in row.title,
        "tag": lambda row, tag: tag in row.tags,
        "model": lambda row, model: model == row.model,
        "key": lambda row, key: str(row.key).startswith(key),
        "since": lambda row, at: row.modified >= at,
        "until": lambda row, at: row.modified <= at,
    }
    expected = [row for row in every if all(picks[name](row, value) for name, value in wanted.items())]
    limit = data.draw(st.integers(1, 6))
    with SessionManager(folder, settings=QUIET) as manager:
        assert manager.list(**wanted) == expected
        assert manager.list(**wanted, limit=limit) == expected[:limit]


def test_a_search_can_be_watched_and_ended(manager: SessionManager) -> None:
    """Progress rises to the whole; whatever it raises ends the search, and the next one has all rows."""
    fill(manager, 3)
    folder = manager.store.path
    template = next(folder.glob("*.jsonl")).read_bytes()
    for number in range(1300):
        (folder / f"n{number}.jsonl").write_bytes(template.replace(b"0000-7000", b"%04d-7000" % number))
    reader = SessionManager(folder, settings=QUIET)

    class Stopped(Exception):  # noqa: N818 - no error
        """Somebody has stopped it."""

    def stop(done: int, count: int) -> None:
        if done >= 1000:
            raise Stopped(count)

    with pytest.raises(Stopped):
        reader.list(progress=stop)
    reports: list[tuple[int, int]] = []
    assert len(reader.list(progress=lambda done, count: reports.append((done, count)))) == 1303
    assert [done for done, _ in reports] == sorted(done for done, _ in reports)
    assert reports[-1] == (1303, 1303)
    assert {count for _, count in reports} == {1303}
    reader.close()
    kept_rows = rows(folder)
    (folder / ".index").unlink()
    assert rows(folder) == kept_rows


# What a list leaves behind


def snapshot(folder: Path) -> dict[str, tuple[bytes, int, int]]:
    """Return every file below a folder but the index, with its bytes, mode and time."""
    return {
        str(path): (path.read_bytes() if path.is_file() else b"", path.lstat().st_mode, path.lstat().st_mtime_ns)
        for path in sorted(folder.rglob("*"))
        if path.name != ".index"
    }


def test_listing_and_reading_change_nothing_but_the_index(manager: SessionManager) -> None:
    """No byte, time or mode of any session, and no other file; a folder that is not there is not made."""
    files = fill(manager)
    with files[2].open("ab") as file:
        file.write(b'{"type":"mess')
    before = snapshot(manager.store.path)
    with SessionManager(manager.store.path, settings=QUIET) as reader:
        reader.list()
        assert [row.bad_lines for row in reader.list() if row.bad_lines] == [(6,)]
        for path in files:
            session = reader.open(path, read_only=True)
            session.refresh()
            session.build_context()
    assert snapshot(manager.store.path) == before
    assert (manager.store.path / ".index").stat().st_mode & 0o777 == 0o600
    nowhere = manager.store.path.parent / "nowhere"
    assert rows(nowhere) == []
    assert not nowhere.exists()


def test_lists_open_no_files_for_good(manager: SessionManager) -> None:
    """As many descriptors after a hundred lists and counts as before."""
    fill(manager, 30)
    descriptors = Path("/dev/fd")
    before = len(list(descriptors.iterdir()))
    for number in range(100):
        found = rows(manager.store.path)
        assert len(found) == 30
        if number % 10 == 0:
            (manager.store.path / ".index").unlink()
    assert len(list(descriptors.iterdir())) == before


def test_lists_are_right_while_others_write(manager: SessionManager) -> None:
    """Eight threads of appending sessions: every list has each session once, and at last what all of them said."""
    sessions = [manager.create(f"s{number}") for number in range(8)]
    for session in sessions:
        session.append(user("first"))
    reader = SessionManager(manager.store.path, settings=QUIET)

    def work(number: int) -> None:
        for count in range(40):
            sessions[number].append(user(f"{count} " + "é" * 2000))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        listing = reader.scan()
        assert sorted(row.name or "" for row in listing.rows) == [f"s{number}" for number in range(8)]
        assert listing.skipped == []
    for thread in threads:
        thread.join()
    assert [row.message_count for row in reader.list()] == [41] * 8
    reader.close()


def test_a_question_whose_content_was_spoiled_by_hand_has_no_words(tmp_path: Path) -> None:
    """In a list as in the opened session."""
    path = tmp_path / "one.jsonl"
    path.write_bytes(
        b'{"type":"session","version":1,"id":"a-session","ts":"2000-01-01T00:00:00.000Z"}\n'
        b'{"type":"message","id":"a","role":"user","content":[null,{"type":"text","text":"hi"}]}\n'
    )
    contents = read(path)
    assert outlined(path).first_message == outline(contents.header, contents.tree).first_message == ""
