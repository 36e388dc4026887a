"""Contracts: what was written is what is read, whole and unchanged, and nothing else is taken for it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

from ipy_sessions.encoding import encode
from ipy_sessions.entries import VERSION
from ipy_sessions.errors import NotASessionError, SessionNotFoundError, SessionReadOnlyError, StaleSessionError
from ipy_sessions.testing.stores.workbench import Contract, Talk, Workbench, append, need, refuses, same

LONG = 300_000  # characters of a line that is longer than any buffer of one step


class _BrokenOffError(Exception):
    """What a source of lines raises in the middle."""


def created_is_read(bench: Workbench) -> None:
    """What was created is read in the same order, and every header and entry equals what was given."""
    talk = bench.talk("My name is Alice", "Hello, Alice", "What is my name?", "Alice", name="alice", tags=["a", "b"])
    contents = bench.store.read(bench.keep(talk))
    same(contents.header, talk.header, "the header")
    same(list(contents.tree), talk.entries, "the entries")
    same(contents.bad_lines, [], "the lines that could not be read")
    need(contents.reading is not None, "the contents say nothing of what was read (Contents.reading)")


def created_is_opened(bench: Workbench) -> None:
    """Opening a session returns what reading it returns, under the path that it was kept under."""
    path = bench.keep(bench.talk("one", "two"))
    read = bench.store.read(path)
    contents, log = bench.open(path)
    same((contents.header, list(contents.tree)), (read.header, list(read.tree)), "what was opened")
    same(log.path, path, "the log's path")
    need(log.leads_here(), "the log does not lead to the session that it was opened with")


def appended_in_order(bench: Workbench) -> None:
    """Appended lines stand behind the others in the order of the calls, over several openings, whatever their ids."""
    talk = bench.talk("first")
    log = bench.create(talk)
    written = list(talk.entries)
    for number in range(24):
        talk.ask(f"line {number}")
    backwards = talk.entries[:0:-1]  # of which the later ones have the lower ids, numbers and times
    for batch in (backwards[:8], backwards[8:16], backwards[16:]):
        for entry in batch:
            append(log, encode(entry))
            written.append(entry)
        log.close()
        same(list(bench.store.read(log.path).tree), written, "the entries")
        _, log = bench.open(log.path)


def appended_is_there_at_once(bench: Workbench) -> None:
    """An appended line is read as soon as the call has returned, before the session is closed, and `flush` keeps it."""
    talk = bench.talk("one")
    log = bench.create(talk)
    append(log, talk.answer("two"))
    same(bench.read(log.path), talk.lines, "the lines before the flush")
    log.flush()
    same(bench.read(log.path), talk.lines, "the lines after the flush")


def header_alone(bench: Workbench) -> None:
    """A header without any entry is a session: it is read, opened and appended to."""
    talk = bench.talk()
    path = bench.keep(talk)
    same(bench.read(path), talk.lines, "the lines")
    contents, log = bench.open(path)
    same(len(contents.tree), 0, "the entries")
    append(log, talk.ask("the first"))
    log.close()
    same(bench.read(path), talk.lines, "the lines after the first append")


def byte_for_byte(bench: Workbench) -> None:
    """Lines come back byte for byte: any character, separators of lines inside strings, a line of 300 kB."""
    talk = bench.talk(
        "日本語, Zoe\u0308, 🎉, \u202eleft",
        "a\nb\r\nc\u2028d\u2029e\x85f\x00g\x1ah\ttab",
        'quotes " and \\ and {"type":"session"}',
        "\ufeff marked",
        "",
        "x" * LONG,
        "é" * LONG,
    )
    log = bench.create(talk)
    append(log, talk.answer("long again " * (LONG // 11)))
    append(log, talk.ask("short again ✓"))
    log.close()
    same(bench.read(log.path), talk.lines, "the lines")
    if log.path.is_file():
        same(log.path.read_bytes(), b"".join(talk.lines), "the file's bytes")


def unknown_survives(bench: Workbench) -> None:
    """Types and fields that this version does not know are kept, in their order, and those of the header, too."""
    talk = bench.talk("hi", zebra={"b": [1, 2.5, None, True], "a": {}}, apple=[])
    talk.put("hologram", parent_id=talk.entries[-1].id, zoom=1e300, atoms=2**63 - 1, nested={"deep": [{"er": -0.5}]})
    talk.put("hologram", without="a parent")
    log = bench.create(talk)
    append(log, talk.ask("again", mood="fine", a_field_of_tomorrow=[[], {}]))
    append(log, talk.put("oracle", says=None))
    log.close()
    same(bench.read(log.path), talk.lines, "the lines")


def broken_off_creation(bench: Workbench) -> None:
    """A creation that breaks off leaves nothing, and its path can be used afterwards."""
    talk = bench.talk("one", "two")
    path = bench.store.path_for(talk.header.id, bench.source.now(), None)
    with refuses(_BrokenOffError, "create"):
        bench.store.create(path, _breaking_off(talk), bench.owner())
    same(bench.store.rows().rows, [], "the rows")
    with refuses(SessionNotFoundError, "read"):
        bench.store.read(path)
    same(bench.keep(talk, path), path, "where it was kept the second time")
    same(bench.read(path), talk.lines, "the lines")


def reading_changes_nothing(bench: Workbench) -> None:
    """Reading and listing change nothing, not even the time of a file's last change."""
    talk = bench.talk("one", "two")
    path = bench.keep(talk)
    before = _on_disk(path)
    for _ in range(2):
        same(bench.read(path), talk.lines, "the lines")
        same([row.message_count for row in bench.store.rows().rows], [2], "the messages of its row")
    same(_on_disk(path), before, "the file's bytes and time")


def opening_changes_nothing(bench: Workbench) -> None:
    """Opening and closing a session without a word changes no line."""
    talk = bench.talk("one", "two")
    path = bench.keep(talk)
    before = _on_disk(path)
    _, log = bench.open(path)
    with log.alone:
        same(log.mend(_unwanted), b"", "what others have written")
    log.flush()
    log.close()
    same(bench.read(path), talk.lines, "the lines")
    same(_on_disk(path), before, "the file's bytes and time")


def rewritten_whole(bench: Workbench) -> None:
    """Rewriting puts other lines in a session's place, at the same path; it can be opened and appended to then."""
    old, new = bench.talk("old", "older", "oldest"), bench.talk("new")
    path = bench.keep(old)
    bench.store.rewrite(path, iter(new.lines), bench.owner())
    same(bench.read(path), new.lines, "the lines")
    same([row.path for row in bench.store.rows().rows], [path], "the paths")
    _, log = bench.open(path)
    append(log, new.answer("newer"))
    log.close()
    same(bench.read(path), new.lines, "the lines after an append")


def broken_off_rewriting(bench: Workbench) -> None:
    """Rewriting that breaks off leaves the session as it was, and open to whoever wants it."""
    old, new = bench.talk("old"), bench.talk("new", "newer")
    path = bench.keep(old)
    with refuses(_BrokenOffError, "rewrite"):
        bench.store.rewrite(path, _breaking_off(new), bench.owner())
    same(bench.read(path), old.lines, "the lines")
    same(len(bench.store.rows().rows), 1, "the number of sessions")
    bench.open(path)


def rewritten_as_read(bench: Workbench) -> None:
    """A session that has lines which were not read is not rewritten: StaleSessionError, and all of them are there."""
    talk = bench.talk("one")
    path = bench.keep(talk)
    reading = bench.store.read(path).reading
    _, log = bench.open(path)
    append(log, talk.answer("in the meantime"))
    log.close()
    with refuses(StaleSessionError, "rewrite what was written to since"):
        bench.store.rewrite(path, talk.lines[:2], bench.owner(), reading)
    same(bench.read(path), talk.lines, "the lines")


def damaged_line(bench: Workbench) -> None:
    """One damaged line is skipped and reported with its number; those before and behind it are read."""
    talk = bench.talk("one", "two", "three")
    lines = talk.lines
    path = bench.keep_odd([*lines[:2], b'{"type":"message","id":\n', *lines[2:]])
    contents = bench.store.read(path)
    same(list(contents.tree), talk.entries, "the entries")
    same([line.number for line in contents.bad_lines], [3], "the numbers of bad lines")


def not_a_session(bench: Workbench) -> None:
    """What is no session is refused with NotASessionError, to readers and writers, and left untouched."""
    path = bench.keep_odd([b"\x89PNG\r\n\x1a\n not a session\n", b'{"type":"message"}\n'])
    before = _on_disk(path)
    for _ in range(2):
        with refuses(NotASessionError, "read"):
            bench.store.read(path)
        with refuses(NotASessionError, "open"):
            bench.open(path)
    same(_on_disk(path), before, "the file's bytes and time")


def newer_version(bench: Workbench) -> None:
    """A session of a newer format can be read and is never opened for writing: SessionReadOnlyError."""
    talk = Talk(bench.source, version=VERSION + 1)
    talk.ask("from tomorrow")
    path = bench.keep_odd(talk.lines)
    same(bench.read(path), talk.lines, "the lines")
    for _ in range(2):
        with refuses(SessionReadOnlyError, "open"):
            bench.open(path)
        with refuses(SessionReadOnlyError, "rewrite"):
            bench.store.rewrite(path, talk.lines, bench.owner())
    same(bench.read(path), talk.lines, "the lines afterwards")


def _breaking_off(talk: Talk) -> Iterator[bytes]:
    yield from talk.lines[:2]
    raise _BrokenOffError


def _unwanted(fragment: bytes) -> NoReturn:
    raise AssertionError(f"there was nothing to repair, and this was found: {fragment!r:.100}")


def _on_disk(path: Path) -> tuple[bytes, int] | None:
    """Return a file's bytes and the time of its last change; ``None`` where the store has no such file."""
    return (path.read_bytes(), path.stat().st_mtime_ns) if path.is_file() else None


CONTRACTS: tuple[Contract, ...] = (
    created_is_read,
    created_is_opened,
    appended_in_order,
    appended_is_there_at_once,
    header_alone,
    byte_for_byte,
    unknown_survives,
    broken_off_creation,
    reading_changes_nothing,
    opening_changes_nothing,
    rewritten_whole,
    broken_off_rewriting,
    rewritten_as_read,
    damaged_line,
    not_a_session,
    newer_version,
)
