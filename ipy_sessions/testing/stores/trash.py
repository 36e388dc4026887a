"""Contracts: what was deleted is in the trash, whole, and comes back."""

from __future__ import annotations

from ipy_sessions.errors import SessionNotFoundError
from ipy_sessions.testing.stores.workbench import Contract, Workbench, need, refuses, same


def deleted_is_in_the_trash(bench: Workbench) -> None:
    """A deleted session is gone from the rows and from reading, and is in the trash; all others stay."""
    talk, other = bench.talk("one", "two"), bench.talk("other")
    path, kept = bench.keep(talk), bench.keep(other)
    thrown = bench.store.delete(path, bench.owner())
    for _ in range(2):
        same([row.path for row in bench.store.rows().rows], [kept], "the rows' paths")
        same([(row.id, row.path) for row in bench.store.trashed()], [(talk.header.id, thrown)], "the trash")
        same([row.message_count for row in bench.store.trashed()], [2], "the messages of its row in the trash")
        bench.store.close()
    with refuses(SessionNotFoundError, "read"):
        bench.store.read(path)
    with refuses(SessionNotFoundError, "open"):
        bench.open(path)
    same(bench.read(kept), other.lines, "the other session's lines")


def deleting_nothing(bench: Workbench) -> None:
    """Deleting what is not there, or not any more, raises SessionNotFoundError and changes nothing."""
    path = bench.keep(bench.talk("one"))
    bench.keep(bench.talk("other"))
    with refuses(SessionNotFoundError, "delete what never was"):
        bench.store.delete(bench.store.path_for(bench.source.new_id(), bench.source.now(), None), bench.owner())
    same(len(bench.store.rows().rows), 2, "the number of rows")
    bench.store.delete(path, bench.owner())
    with refuses(SessionNotFoundError, "delete a second time"):
        bench.store.delete(path, bench.owner())
    same((len(bench.store.rows().rows), len(bench.store.trashed())), (1, 1), "the numbers of rows and in the trash")


def restored_is_as_it_was(bench: Workbench) -> None:
    """A restored session has the same lines and, when that is free, the same path; it can be opened again."""
    talk = bench.talk("one", "日本語", name="alice")
    path = bench.keep(talk)
    for _ in range(2):
        thrown = bench.store.delete(path, bench.owner())
        same(bench.store.restore(thrown), path, "where it was restored to")
        same(bench.read(path), talk.lines, "the lines")
        same(list(bench.store.trashed()), [], "the trash")
        same([row.name for row in bench.store.rows().rows], ["alice"], "the rows' names")
    bench.open(path)


def restored_beside(bench: Workbench) -> None:
    """A session whose path was taken meanwhile is restored to another, and both are whole."""
    talk, other = bench.talk("one"), bench.talk("other")
    path = bench.keep(talk)
    thrown = bench.store.delete(path, bench.owner())
    same(bench.keep(other, path), path, "the path of the one that took its place")
    back = bench.store.restore(thrown)
    need(back != path, "both have one path")
    same(bench.read(back), talk.lines, "the lines of the restored one")
    same(bench.read(path), other.lines, "the lines of the other one")


def deleted_from_one_path(bench: Workbench) -> None:
    """Sessions that were deleted from the same path lie in the trash side by side, and all come back."""
    talks = [bench.talk(f"number {number}") for number in range(3)]
    path = bench.keep(talks[0])
    thrown = [bench.store.delete(path, bench.owner())]
    for talk in talks[1:]:
        same(bench.keep(talk, path), path, "the path, which was free again")
        thrown.append(bench.store.delete(path, bench.owner()))
    same(sorted(row.path for row in bench.store.trashed()), sorted(set(thrown)), "the paths in the trash")
    back = [bench.store.restore(one) for one in thrown]
    same([bench.read(one) for one in back], [talk.lines for talk in talks], "the lines")


def restoring_nothing(bench: Workbench) -> None:
    """Restoring what is not in the trash raises SessionNotFoundError and moves nothing, a session least of all."""
    talk = bench.talk("one")
    path = bench.keep(talk)
    thrown = bench.store.delete(path, bench.owner())
    bench.store.restore(thrown)
    with refuses(SessionNotFoundError, "restore a second time"):
        bench.store.restore(thrown)
    with refuses(SessionNotFoundError, "restore what is no trash"):
        bench.store.restore(path)
    same(bench.read(path), talk.lines, "the lines")
    same([row.path for row in bench.store.rows().rows], [path], "the rows' paths")


def erased_is_gone(bench: Workbench) -> None:
    """What is erased from the trash is gone for good; what is no trash is refused, and stays."""
    talk, other = bench.talk("one"), bench.talk("other")
    path, kept = bench.keep(talk), bench.keep(other)
    thrown = bench.store.delete(path, bench.owner(), "asked for")
    bench.store.erase(thrown, "asked for")
    same(list(bench.store.trashed()), [], "the trash")
    with refuses(SessionNotFoundError, "restore what was erased"):
        bench.store.restore(thrown)
    for nothing in (thrown, kept):
        with refuses(SessionNotFoundError, "erase what is not in the trash"):
            bench.store.erase(nothing)
    same(bench.read(kept), other.lines, "the other session's lines")


CONTRACTS: tuple[Contract, ...] = (
    deleted_is_in_the_trash,
    deleting_nothing,
    restored_is_as_it_was,
    restored_beside,
    deleted_from_one_path,
    restoring_nothing,
    erased_is_gone,
)
