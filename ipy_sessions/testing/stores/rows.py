"""Contracts: every session is in the list, summed up as it is now, and nothing keeps the others out of it."""

from __future__ import annotations

import math
from datetime import datetime

from ipy_sessions.counting import summarise
from ipy_sessions.summary import SessionInfo
from ipy_sessions.testing.stores.workbench import Contract, Talk, Workbench, append, need, refuses, same

MANY = 12  # sessions


class _EnoughError(Exception):
    """What a progress report raises to end the work."""


def new_is_empty(bench: Workbench) -> None:
    """A new store has no rows, nothing that was skipped, and nothing in its trash."""
    same(tuple(bench.store.rows()), ([], []), "rows and skipped")
    same(list(bench.store.trashed()), [], "the trash")


def each_once(bench: Workbench) -> None:
    """Rows list each session once, with its id and path, and with times that are aware and finite."""
    talks = [bench.talk(f"session {number}", "answer") for number in range(MANY)]
    talks.append(bench.talk())
    paths = {talk.header.id: bench.keep(talk) for talk in talks}
    rows, skipped = bench.store.rows()
    same(skipped, [], "what was skipped")
    same(sorted((row.id, row.path) for row in rows), sorted(paths.items()), "ids and paths")
    written = {talk.header.id: talk for talk in talks}
    for row in rows:
        talk = written[row.id]
        last = talk.entries[-1].ts if talk.entries else talk.header.ts
        for found, wanted in ((row.created, talk.header.ts), (row.modified, last)):
            need(found.tzinfo is not None and math.isfinite(found.timestamp()), f"a time of a row: {found!r}")
            same(found, datetime.fromisoformat(wanted), "a time of a row")


def summaries_agree(bench: Workbench) -> None:
    """A row says what `counting.summarise` says of the session's entries, in every field."""
    paths = [bench.keep(talk) for talk in (_rich(bench), bench.talk("short"), bench.talk(), _odd(bench))]
    rows = {row.path: row for row in bench.store.rows().rows}
    for path in paths:
        _agrees(bench, rows[path])


def never_stale(bench: Workbench) -> None:
    """Rows say what is so now: after an append, after a rewriting of the same length, after an odd last line."""
    talk, other = bench.talk("AAAA"), bench.talk("CCCC")
    log = bench.create(talk)
    path = log.path
    bench.keep(other)
    for line in (talk.answer("BBBB"), talk.put("info", name="named"), talk.put("info", pinned=True, tags=["x"])):
        same({row.id for row in bench.store.rows().rows}, {talk.header.id, other.header.id}, "the ids")
        append(log, line)
        row = _row(bench, talk)
        _agrees(bench, row)
    log.close()
    lines = [line.replace(b"AAAA", b"DDDD") for line in talk.lines]
    bench.store.rewrite(path, lines, bench.owner())
    same(_row(bench, talk).first_message, "DDDD", "the first message after a rewriting of the same length")
    bench.store.close()
    same(_row(bench, talk).first_message, "DDDD", "the same after the store was closed")


def odd_one(bench: Workbench) -> None:
    """One session that cannot be read never breaks the list: the others are there, and it is told with a reason."""
    talks = [bench.talk("before"), bench.talk("behind")]
    bench.keep(talks[0])
    odd = bench.keep_odd([b"\x00\xff not a session\n"])
    bench.keep(talks[1])
    for _ in range(2):
        rows, skipped = bench.store.rows()
        same({row.id for row in rows}, {talk.header.id for talk in talks}, "the ids")
        same([one.path for one in skipped], [odd], "what was skipped")
        need(skipped[0].reason, "there is no reason for what was skipped")


def progress_told(bench: Workbench) -> None:
    """Progress is told how many of how many are done, never backwards, and at last that all are."""
    for number in range(MANY):
        bench.keep(bench.talk(f"session {number}"))
    told: list[tuple[int, int]] = []
    bench.store.rows(lambda done, of: told.append((done, of)))
    need(told, "it was never told anything")
    same(told[-1], (MANY, MANY), "what it was told last")
    need(told == sorted(told) and all(0 <= done <= of for done, of in told), f"it was told {told}")


def progress_ends_it(bench: Workbench) -> None:
    """What progress raises ends the listing and is raised; the next listing is whole."""
    for number in range(MANY):
        bench.keep(bench.talk(f"session {number}"))

    def enough(done: int, of: int) -> None:
        raise _EnoughError(f"{done} of {of}")

    with refuses(_EnoughError, "rows"):
        bench.store.rows(enough)
    same(len(bench.store.rows().rows), MANY, "the number of rows afterwards")


def closed_goes_on(bench: Workbench) -> None:
    """A store that was closed, once or twice, can go on being used, and its sessions are as they were."""
    talk = bench.talk("one")
    path = bench.keep(talk)
    for _ in range(2):
        bench.store.close()
    same(_row(bench, talk).message_count, 1, "the messages of its row")
    _, log = bench.open(path)
    append(log, talk.answer("two"))
    log.close()
    bench.store.close()
    same(bench.read(path), talk.lines, "the lines")
    same(_row(bench, talk).message_count, 2, "the messages of its row afterwards")


def _row(bench: Workbench, talk: Talk) -> SessionInfo:
    found = [row for row in bench.store.rows().rows if row.id == talk.header.id]
    need(len(found) == 1, f"there are {len(found)} rows of one session")
    return found[0]


def _agrees(bench: Workbench, row: SessionInfo) -> None:
    contents = bench.store.read(row.path)
    wanted = summarise(row.path, contents.header, contents.tree, (line.number for line in contents.bad_lines))
    for field in _FIELDS:
        same(getattr(row, field), getattr(wanted, field), f"a row's {field}")


def _rich(bench: Workbench) -> Talk:
    """Return a conversation with something for every field of a row."""
    talk = bench.talk("What is\nthis?", name="first name", notebook="a.ipynb", key="agent:main:script:x", tags=["old"])
    first = talk.entries[0].id
    talk.put("settings", model="scripted", system="Be brief.")
    talk.answer("One", cost_usd=0.25, usage={"input_tokens": 5, "output_tokens": 7, "cache_read_input_tokens": 11})
    talk.ask("Another way", parent_id=first, cell_id="c1")
    talk.answer("Two", usage={"input_tokens": 1, "output_tokens": 1, "cache_creation_input_tokens": 13})
    talk.put("label", target_id=first, label="here")
    talk.put("info", name="second name", tags=["new", "tag"], pinned=True)
    talk.put("info", archived=True, notebook="b.ipynb")
    talk.ask("é" * 700, cell_id="c2")
    talk.answer("broken o", stop_reason=None, model="other")
    return talk


def _odd(bench: Workbench) -> Talk:
    """Return a conversation that somebody has changed by hand."""
    talk = bench.talk(name=7, tags="none")
    talk.put("message", role="user", content="bare text")
    talk.put("message", role="assistant", content=[{"type": "text"}], usage={"input_tokens": "many"}, cost_usd="much")
    return talk


_FIELDS = (
    *("path", "id", "name", "title", "created", "modified", "first_message", "notebook", "model", "key", "tags"),
    *("pinned", "archived", "interrupted", "parent_session", "message_count", "turn_count", "input_tokens"),
    *("output_tokens", "cache_read_tokens", "cache_write_tokens", "cost_usd", "known_cost_usd", "leaf_count"),
    *("label_count", "cells", "bad_lines", "cursor"),
)

CONTRACTS: tuple[Contract, ...] = (
    new_is_empty,
    each_once,
    summaries_agree,
    never_stale,
    odd_one,
    progress_told,
    progress_ends_it,
    closed_goes_on,
)
