"""Who follows whom."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipy_sessions.entries import Entry
from ipy_sessions.tree import Tree


def step(name: str, parent: str | None, kind: str = "message") -> Entry:
    """Return an entry that says nothing."""
    return Entry(kind, 0, name, parent, "s", "", {"role": "user", "content": []})


def names(path: list[Entry]) -> list[str]:
    """Return the ids of a path."""
    return [entry.id for entry in path]


def test_the_path_follows_parents_and_not_the_file() -> None:
    """Two branches in one file stay apart."""
    tree = Tree([step("a", None), step("b", "a"), step("c", "b"), step("d", "a")])
    assert names(tree.path()) == ["a", "d"]
    assert names(tree.path("c")) == ["a", "b", "c"]
    assert tree.leaves == ["c", "d"]


def test_names_and_repairs_are_no_steps() -> None:
    """Entries outside the tree move no leaf; a type that is not known does when it names a parent."""
    tree = Tree([step("a", None), step("n", None, "info"), step("x", None, "from_the_future")])
    assert tree.leaf == "a"
    tree.add(step("y", "a", "from_the_future"))
    assert tree.leaf == "y"


def test_a_missing_parent_is_reported_and_a_circle_is_cut() -> None:
    """Damage never makes it loop, and is never silent."""
    assert Tree([step("b", "gone")]).missing == ["gone"]
    assert names(Tree([step("a", "b"), step("b", "a")]).path()) == ["a", "b"]
    with pytest.raises(ValueError, match="in the log already"):
        Tree([step("a", None), step("a", None)])


@given(st.lists(st.none() | st.integers(0, 30), max_size=30))
def test_every_path_ends_and_holds_each_step_once(parents: list[int | None]) -> None:
    """Whatever the parents, forward references and circles included."""
    tree = Tree(step(str(n), None if parent is None else str(parent)) for n, parent in enumerate(parents))
    for entry in tree:
        path = names(tree.path(entry.id))
        assert path[-1] == entry.id
        assert len(path) == len(set(path))
