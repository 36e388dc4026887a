"""Long conversations: what is remembered of the way to a turn is the way, however the tree grew."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ipy_sessions.entries import Entry
from ipy_sessions.replay import Order
from ipy_sessions.tree import Tree
from ipy_sessions.turns import Turns

KINDS = st.sampled_from(["user", "assistant", "settings"])
PARENTS = st.none() | st.integers(0, 24)
STEPS = st.lists(st.tuples(KINDS, PARENTS), max_size=24)


def step(number: int, kind: str, parent: int | None) -> Entry:
    """Return an entry that follows any other, a later one or itself included."""
    follows = None if parent is None else f"e{parent}"
    if kind == "settings":
        return Entry("settings", number, f"e{number}", follows, "s", "", {})
    said = [{"type": "text", "text": f"{number}"}]
    return Entry("message", number, f"e{number}", follows, "s", "", {"role": kind, "content": said})


def walked(turns: Turns, at: str | None, behind: str | None) -> list[str]:
    """Return the questions on the way to a step, one step after the other."""
    found: list[str] = []
    seen: set[str] = set()
    while at is not None and at != behind and at not in seen:
        seen.add(at)
        found += [at] if at in turns else []
        at = turns.branches.parent(at)
    return found[::-1]


@given(STEPS, st.integers(1, 24), st.data())
def test_the_way_to_a_turn_is_the_same_however_it_was_found(
    steps: list[tuple[str, int | None]], at_once: int, data: st.DataObject
) -> None:
    """All at once or line by line, asked for in any order, damaged files with circles included."""
    tree = Tree()
    turns = Turns(tree)
    entries = [step(number, kind, parent) for number, (kind, parent) in enumerate(steps)]
    for first in range(0, len(entries), at_once):
        tree.extend(entries[first : first + at_once])
        turns.catch_up()
        for at in [turns.leaf, data.draw(st.sampled_from([entry.id for entry in tree]))]:
            behind = data.draw(st.sampled_from([None, *turns.ids]))
            assert turns.questions(at, behind) == walked(turns, at, behind)
        for question in turns.ids:
            assert turns.question_before(question) == turns.question_of(turns.branches.parent(question))


@given(st.lists(st.tuples(st.sampled_from(["user", "label"]), st.none() | st.integers(0, 9)), max_size=9))
def test_a_step_may_follow_what_is_no_step(steps: list[tuple[str, int | None]]) -> None:
    """A message behind a label, as others may write it, or behind a damaged line is in the conversation."""
    tree = Tree()
    for number, (kind, parent) in enumerate(steps):
        if parent is not None and number <= parent < len(steps):
            continue  # its line was damaged
        said = {"role": kind, "content": [{"type": "text", "text": "q"}]}
        follows = None if parent is None else f"e{parent}"
        tree.add(Entry("message" if kind == "user" else kind, number, f"e{number}", follows, "s", "", said))
    turns = Turns(tree)
    way = [entry.id for entry in tree.path() if entry.in_tree]
    assert turns.questions(turns.leaf) == way
    assert {question for question in turns.ids if turns.branches.is_active(question)} == set(way)


@given(st.lists(st.sampled_from("abcd"), max_size=5), st.data())
def test_a_place_stands_above_what_comes_later_in_the_notebook(cells: list[str], data: st.DataObject) -> None:
    """Earlier cells, and earlier asks of the same cell; what is not in the notebook never does."""
    places = st.tuples(st.sampled_from([*"abcde", None]), st.integers(1, 3))
    here, others = data.draw(places), data.draw(st.lists(places, max_size=8))
    order = {cell: number for number, cell in reversed(list(enumerate(cells)))}
    expected = [
        here[0] in order and one[0] in order and (order[str(one[0])], one[1] * (one[0] == here[0]))
        < (order[str(here[0])], here[1] * (one[0] == here[0]))
        for one in others
    ]  # fmt: skip
    assert Order(tuple(cells)).above(here, others) == expected
