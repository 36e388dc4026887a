"""Contracts: one writer at a time, who is known by name and never outlives its process."""

from __future__ import annotations

import os
import time
import warnings
from collections.abc import Callable

from ipy_sessions.errors import SessionBusyError, SessionsError
from ipy_sessions.store.interface import Log
from ipy_sessions.store.owner import Owner
from ipy_sessions.testing.stores.workbench import Contract, LeftOutError, Workbench, append, need, refuses, same

PATIENCE = 10.0  # seconds for a forked child to open a session and end
SHORT = 0.01  # seconds to wait for somebody who does not let go


def second_is_refused(bench: Workbench) -> None:
    """A session that is open, or was just created, is opened by nobody else: SessionBusyError with the owner."""
    store, talk, creator = bench.store, bench.talk("one"), bench.owner()
    log = store.create(store.path_for(talk.header.id, bench.source.now(), None), talk.lines, creator)
    _refused(bench, log, creator)
    log.close()
    opener = bench.owner("second.ipynb")
    _, log = bench.open(log.path, opener)
    _refused(bench, log, opener)
    append(log, talk.answer("still its own"))
    log.close()
    same(bench.read(log.path), talk.lines, "the lines")


def free_after_close(bench: Workbench) -> None:
    """A session that was let go of is free at once."""
    log = bench.create(bench.talk("one"))
    for number in range(3):
        log.close()
        _, log = bench.open(log.path, bench.owner(f"{number}.ipynb"))


def held_is_told(bench: Workbench) -> None:
    """Whether somebody has a session open is told, and asking changes nothing: not its lines, not who has it."""
    talk = bench.talk("one")
    owner = bench.owner()
    log = bench.store.create(bench.store.path_for(talk.header.id, bench.source.now(), None), talk.lines, owner)
    for _ in range(2):
        need(bench.store.is_held(log.path), "an open session is not told")
    append(log, talk.answer("still its own"))
    log.close()
    for _ in range(2):
        need(not bench.store.is_held(log.path), "a closed session is told as open")
    bench.open(log.path, owner)
    same(bench.read(log.path), talk.lines, "the lines")


def closed_twice(bench: Workbench) -> None:
    """Closing a second time does nothing, also when somebody else has the session open by then."""
    log = bench.create(bench.talk("one"))
    log.close()
    log.close()
    second = bench.owner("second.ipynb")
    bench.open(log.path, second)
    log.close()
    with refuses(SessionBusyError, "open while the second has it") as errors:
        bench.open(log.path)
    same(getattr(errors[0], "owner", None), second, "the owner")


def closed_writes_nothing(bench: Workbench) -> None:
    """Who has let go of a session writes to it no more: LogWriteError, or another error of ours, and no line."""
    talk = bench.talk("one")
    log = bench.create(talk)
    log.close()
    lines = talk.lines
    with refuses(SessionsError, "append after close"):
        append(log, talk.answer("too late"))
    same(bench.read(log.path), lines, "the lines")


def readers_never_kept_out(bench: Workbench) -> None:
    """Reading and listing go on while a session is open, and find what was written by then."""
    talk = bench.talk("one")
    log = bench.create(talk)
    for text in ("two", "three"):
        append(log, talk.ask(text))
        same(bench.read(log.path), talk.lines, "the lines")
        same([row.message_count for row in bench.store.rows().rows], [len(talk.entries)], "the messages of its row")


def open_is_not_rewritten(bench: Workbench) -> None:
    """An open session is not rewritten: SessionBusyError, and it goes on as it was."""
    _held_against(bench, lambda log: bench.store.rewrite(log.path, bench.talk("new").lines, bench.owner()))


def open_is_not_deleted(bench: Workbench) -> None:
    """An open session is not deleted: SessionBusyError, and it goes on as it was."""
    _held_against(bench, lambda log: bench.store.delete(log.path, bench.owner()))
    same(list(bench.store.trashed()), [], "the trash")


def dead_owner(bench: Workbench) -> None:
    """A process that has ended keeps nobody out, however it ended; what it wrote is there."""
    talk = bench.talk("one")
    path = bench.keep(talk)
    line = talk.answer("from another process")

    def work() -> None:
        _, log = bench.store.open(path, Owner.here(bench.source.now()))
        append(log, line)

    _in_a_process_that_dies(work)
    contents, log = bench.open(path)
    shared = len(contents.tree) > 1  # not so for a store in memory
    append(log, talk.ask("and on"))
    log.close()
    same(list(bench.store.read(path).tree), talk.entries if shared else talk.entries[::2], "the entries")


def _refused(bench: Workbench, log: Log, owner: Owner) -> None:
    for wait in (0.0, SHORT):
        with refuses(SessionBusyError, f"open, waiting {wait} s") as errors:
            bench.store.open(log.path, bench.owner("other.ipynb"), wait)
        same(getattr(errors[0], "owner", None), owner, "the owner that the error names")


def _held_against(bench: Workbench, step: Callable[[Log], object]) -> None:
    talk = bench.talk("one")
    log = bench.create(talk)
    with refuses(SessionBusyError, "while it is open"):
        step(log)
    append(log, talk.answer("two"))
    need(log.leads_here(), "the log does not lead to its session any more")
    log.close()
    same(bench.read(log.path), talk.lines, "the lines")
    same([row.path for row in bench.store.rows().rows], [log.path], "the paths")


def _in_a_process_that_dies(work: Callable[[], None]) -> None:
    """Do something in a forked process that ends without a word."""
    if not hasattr(os, "fork"):
        raise LeftOutError("there is no fork here")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # threads of others, which the child does not use
        child = os.fork()
    if child == 0:
        status = 1
        try:
            work()
            status = 0
        finally:
            os._exit(status)
    if _status(child) != 0:
        raise LeftOutError("the store cannot be used in a forked process")


def _status(child: int) -> int:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return status
        time.sleep(SHORT)
    os.kill(child, 9)
    return os.waitpid(child, 0)[1]


CONTRACTS: tuple[Contract, ...] = (
    second_is_refused,
    free_after_close,
    held_is_told,
    closed_twice,
    closed_writes_nothing,
    readers_never_kept_out,
    open_is_not_rewritten,
    open_is_not_deleted,
    dead_owner,
)
