"""Contracts: each session has a path of its own, in a store of its own, and nothing is at any other."""

from __future__ import annotations

from pathlib import Path

from ipy_sessions.errors import SessionNotFoundError
from ipy_sessions.testing.stores.workbench import Contract, Workbench, append, need, refuses, same


def others_unaffected(bench: Workbench) -> None:
    """Writing to one session changes no other one of the store."""
    one, other = bench.talk("one"), bench.talk("other")
    logs = [bench.create(one), bench.create(other)]
    for number in range(5):
        append(logs[number % 2], (one, other)[number % 2].ask(f"line {number}"))
    for log, talk in zip(logs, (one, other), strict=True):
        same(bench.read(log.path), talk.lines, "the lines")


def stores_isolated(bench: Workbench) -> None:
    """Two stores share nothing: no session, no row, no trash."""
    other = bench.another()
    talk = bench.talk("only here")
    path = bench.keep(talk)
    same(other.rows().rows, [], "the other store's rows")
    mine = bench.talk("only there")
    bench.keep(mine, store=other)
    same([row.id for row in bench.store.rows().rows], [talk.header.id], "the first store's rows")
    bench.store.delete(path, bench.owner())
    same(list(other.trashed()), [], "the other store's trash")
    same([row.id for row in other.rows().rows], [mine.header.id], "the other store's rows")


def unknown_path(bench: Workbench) -> None:
    """What is not there raises SessionNotFoundError when it is read, opened or rewritten, and nothing is made of it."""
    bench.keep(bench.talk("one"))
    path = _nowhere(bench)
    with refuses(SessionNotFoundError, "read"):
        bench.store.read(path)
    with refuses(SessionNotFoundError, "open"):
        bench.open(path)
    with refuses(SessionNotFoundError, "rewrite"):
        bench.store.rewrite(path, bench.talk("x").lines, bench.owner())
    need(path not in {row.path for row in bench.store.rows().rows}, "it is in the rows now")
    with refuses(SessionNotFoundError, "read once more"):
        bench.store.read(path)


def path_is_free(bench: Workbench) -> None:
    """`path_for` returns a path that no session has and that is not among `taken`, and writes nothing."""
    store, talk = bench.store, bench.talk("one")
    need(store.path.is_absolute(), f"the store's own path is {store.path}, which is another in every folder")
    when = bench.source.now()
    for notebook in (None, Path("/work/My notebook (1).ipynb"), Path("/日本/Zoe\u0308.ipynb"), Path("/work/.ipynb")):
        paths: list[Path] = []
        for kept in (False, True, False, True):
            path = store.path_for(talk.header.id, when, notebook, tuple(paths))
            need(path not in paths, f"{path} was taken")
            paths.append(bench.keep(talk, path) if kept else path)
            same(paths[-1], path, "where it was kept")
        same({row.path for row in store.rows().rows}, set(paths[1::2]), "what is there")
        for path in paths[1::2]:
            store.delete(path, bench.owner())


def taken_path(bench: Workbench) -> None:
    """A session that is created where one is gets another path, and both are whole."""
    one, other = bench.talk("one"), bench.talk("other")
    path = bench.keep(one)
    second = bench.keep(other, path)
    need(second != path, "both have one path")
    same(bench.read(path), one.lines, "the first one's lines")
    same(bench.read(second), other.lines, "the second one's lines")


def _nowhere(bench: Workbench) -> Path:
    """Return a path that could be a session's and is none."""
    return bench.store.path_for(bench.source.new_id(), bench.source.now(), None)


CONTRACTS: tuple[Contract, ...] = (
    others_unaffected,
    stores_isolated,
    unknown_path,
    path_is_free,
    taken_path,
)
