"""Moving about in a conversation: back, to another branch, into a copy; what is written of it, and what comes back."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from conftest import Shell
from hypothesis import given, settings
from hypothesis import strategies as st

from ipy_sessions import (
    InvalidEntryError,
    Session,
    SessionManager,
    SessionReadOnlyError,
    Settings,
    TurnDroppedError,
    TurnNotFoundError,
    Upkeep,
    assistant,
    user,
)
from ipy_sessions.ask import Ask
from ipy_sessions.entries import Block, Entry, NewEntry
from ipy_sessions.replay import Branch, Replay
from ipy_sessions.testing import FixedSource
from ipy_sessions.tree import Tree
from ipy_sessions.turns import Turns


def say(session: Session, *questions: str, **fields: Any) -> Session:
    """Ask and answer by hand; return the session."""
    for question in questions:
        session.append(user(question, **fields))
        session.append(assistant(f"answer to {question}", usage={"output_tokens": 3}, cost_usd=0.5))
    return session


def asked(session: Session) -> list[str]:
    """Return what is asked on the active branch."""
    return [turn.question.text for turn in session.turns.active()]


def reopened(manager: SessionManager, session: Session) -> Session:
    """Close a session and read it from its file again."""
    path = session.file
    manager.close(session)
    return manager.open(path)


# Back, elsewhere, and back again after a restart


def test_a_rewind_goes_back_and_loses_nothing(manager: SessionManager) -> None:
    """The turns stay on a branch of their own; the next question follows what is before them."""
    session = say(manager.create(), "one", "two", "three")
    assert [turn.number for turn in session.rewind(2)] == [2, 3]
    assert asked(session) == ["one"]
    say(session, "four")
    assert asked(session) == ["one", "four"]
    assert [turn.question.text for turn in session.turns] == ["one", "two", "three", "four"]
    assert [turn.number for turn in session.rewind(2)] == [1, 4]
    assert (session.leaf, asked(session), session.build_context().messages) == (None, [], [])
    say(session, "another beginning")
    assert asked(session) == ["another beginning"]


@pytest.mark.parametrize("turns", [0, -1, 3, 10**9])
def test_nobody_goes_back_further_than_there_is(manager: SessionManager, turns: int) -> None:
    """One sentence says how far it goes, and nothing is written."""
    session = say(manager.create(), "one", "two")
    before = session.file.read_bytes()
    with pytest.raises(InvalidEntryError, match=f"{turns} turns cannot be taken back: the active branch has 2"):
        session.rewind(turns)
    assert session.file.read_bytes() == before
    with pytest.raises(InvalidEntryError, match="nothing was asked yet"):
        manager.create().rewind()


def test_a_switch_stands_behind_a_turn_on_any_branch(manager: SessionManager) -> None:
    """By its number, label, id or the end of that; one who stands there already writes nothing."""
    session = say(manager.create(), "one", "two")
    session.rewind()
    say(session, "other")
    two = session.turns.numbered(2)
    session.label(2, "the better one")
    for ref in (2, "2", "turn 2", "the better one", two, two.id, two.id.replace("-", "")[-6:]):
        session.switch_to(3)
        assert session.switch_to(ref).id == two.id
        assert asked(session) == ["one", "two"]
    before = len(session.tree)
    session.switch_to(2)
    assert len(session.tree) == before


def test_a_turn_that_is_not_there_is_one_sentence(manager: SessionManager) -> None:
    """What was typed, how many there are, and where they are shown; a turn of another session is none of this one."""
    session = say(manager.create("alice"), "one", "two")
    for ref in (3, 0, "nine", "", "-1", "99999999999999999999"):
        with pytest.raises(TurnNotFoundError, match=r"alice has no turn .*Its turns are 1 to 2: `%session tree`"):
            session.switch_to(ref)
    with pytest.raises(TurnNotFoundError, match="It has none yet"):
        manager.create().switch_to(1)
    other = say(manager.create("bob"), "three")
    with pytest.raises(TurnNotFoundError, match="one of another session, not of alice"):
        session.switch_to(other.turns.numbered(1))
    with pytest.raises(TurnNotFoundError, match="to stand at"):
        session.move("nowhere")


def test_several_that_answer_to_a_reference_are_named(manager: SessionManager) -> None:
    """Two turns that were given one label in the file are told by their numbers."""
    session = say(manager.create(), "one", "two")
    for turn in session.turns:
        session.append(NewEntry("label", {"target_id": turn.id, "label": "draft"}))
    with pytest.raises(TurnNotFoundError, match="Several turns answer to 'draft': say which by its number, 1, 2"):
        session.switch_to("draft")


@pytest.mark.parametrize("move", [lambda s: s.rewind(), lambda s: s.switch_to(1), lambda s: s.rewind(3)])
def test_who_navigates_and_leaves_comes_back_to_the_same_place(
    manager: SessionManager, move: Callable[[Session], object]
) -> None:
    """Without a line behind the move: the move itself is in the file."""
    session = say(manager.create(), "one", "two", "three")
    move(session)
    leaf, questions = session.leaf, asked(session)
    again = reopened(manager, session)
    assert (again.leaf, asked(again)) == (leaf, questions)
    assert again.build_context().messages == [
        {"role": role, "content": [{"type": "text", "text": text}]}
        for question in questions
        for role, text in (("user", question), ("assistant", f"answer to {question}"))
    ]


def test_who_only_reads_stands_elsewhere_in_memory_alone(manager: SessionManager) -> None:
    """A replay moves the reader, and the file stays as it is; whatever would write is refused."""
    session = say(manager.create("alice"), "one", "two")
    path, before = session.file, session.file.read_bytes()
    manager.close(session)
    reader = manager.open(path, read_only=True)
    first = reader.turns.numbered(1)
    reader.stand_as(Replay(first, moves=True, leaf=first.last))
    assert asked(reader) == ["one"]
    for move in (reader.rewind, lambda: reader.switch_to(2), lambda: reader.hide(1), lambda: reader.label(1, "x")):
        with pytest.raises(SessionReadOnlyError):
            move()
    assert path.read_bytes() == before


# Labels, and what is hidden


def test_a_label_is_one_turns_and_can_be_taken_away(manager: SessionManager) -> None:
    """Given twice it is written once; one that another turn has, and one that is a number, is refused."""
    session = say(manager.create(), "one", "two")
    session.label(1, "  the   start ")
    before = len(session.tree)
    session.label("the start", "the start")
    assert len(session.tree) == before
    with pytest.raises(InvalidEntryError, match="Turn 1 has the label 'the start'\\. Take it away first: `label 1`"):
        session.label(2, "the start")
    for name in ("", " ", "12"):
        with pytest.raises(InvalidEntryError, match="cannot be a label"):
            session.label(2, name)
    assert reopened(manager, session).turns.labels == {session.turns.ids[0]: "the start"}
    session = manager.opened[0]
    session.label(1, None)
    session.label(2, "the start")
    assert session.turns.labels == {session.turns.ids[1]: "the start"}


def test_what_is_hidden_is_not_sent_and_stays_in_the_log(manager: SessionManager) -> None:
    """On whichever branch, until it is shown again; both are lines."""
    session = say(manager.create(), "one", "two")
    session.hide(1)
    assert [message["content"][0]["text"] for message in session.build_context().messages] == ["two", "answer to two"]
    assert session.hidden == {entry.id for entry in session.turns.numbered(1).entries}
    before = len(session.tree)
    session.hide(1)
    assert len(session.tree) == before
    leaf = session.leaf
    session.hide(1, on=False)
    assert session.hidden == frozenset()
    assert len(session.build_context().messages) == 4
    session.rewind(2)
    session.hide(1)
    say(session, "three")
    session.move(leaf)
    assert len(reopened(manager, session).hidden) == 2


def test_a_copy_and_its_original_are_hidden_and_shown_by_either_name(manager: SessionManager) -> None:
    """Hidden by the number of the one, it is sent again by the number of the other; said twice it is written once."""
    for first, second in itertools.product((2, 3), repeat=2):
        session = say(manager.create(), "one", "two")
        one, two = session.turns
        session.branch_off(Branch(one, None, [two]))
        for ref, on, lines in ((first, True, 1), (second, True, 0), (second, False, 1), (first, False, 0)):
            before = len(session.tree)
            session.hide(ref, on=on)
            assert len(session.hidden) == 2 * on
            assert len(session.tree) - before == lines


# Branching with what comes along


def test_a_branch_takes_copies_along_that_cost_nothing(manager: SessionManager) -> None:
    """They name their originals, stay hidden where those are, and are counted neither in tokens nor in cost."""
    session = say(manager.create(), "one", "two", "three")
    one, two, three = session.turns
    session.branch_off(Branch(one, one.before, [two, three], [one.id]))
    assert asked(session) == ["two", "three"]
    copies = session.turns.active()
    assert [copy.original for copy in copies] == [two.id, three.id]
    assert [copy.number for copy in copies] == [4, 5]
    again = reopened(manager, session)
    (row,) = manager.list()
    for info in (again.info(), row):
        assert (info.message_count, info.turn_count) == (10, 5)
        assert (info.output_tokens, info.cost_usd, info.known_cost_usd) == (9, 1.5, 1.5)
    again.hide(two.id)
    assert again.hidden == {entry.id for entry in copies[0].entries}
    copy_of_a_copy = Branch(copies[1], None, [again.turns.active()[1]])
    again.branch_off(copy_of_a_copy)
    assert again.turns.active()[-1].original == three.id
    assert Upkeep(manager).verify() == []


# Tool calls


def calls(ids: list[str]) -> list[Block]:
    """Return tool calls of these ids."""
    return [{"type": "tool_use", "id": one, "name": "run", "input": {"n": one}} for one in ids]


def results(ids: list[str]) -> list[Block]:
    """Return their results."""
    return [{"type": "tool_result", "tool_use_id": one, "content": f"result of {one}"} for one in ids]


@pytest.mark.parametrize("lines", [1, 5])
def test_parallel_tool_calls_are_sent_and_copied_whole_and_in_order(manager: SessionManager, lines: int) -> None:
    """Five calls in one answer, their results on one line or on five; the turn is one, and a fork has all of it."""
    session, ids = manager.create("tools"), [f"toolu_{n}" for n in range(5)]
    session.append(user("look at five things"))
    session.append(assistant(calls(ids), stop_reason="tool_use"))
    for batch in [ids] if lines == 1 else [[one] for one in ids]:
        session.append(user(results(batch)))
    session.append(assistant("all five are fine"))
    say(session, "and now?")
    assert len(session.turns) == 2
    for one in (session, manager.fork(session), manager.fork(session, at=1), reopened(manager, session)):
        messages = one.build_context().messages[:4]
        assert [message["role"] for message in messages] == ["user", "assistant", "user", "assistant"]
        assert messages[1]["content"] == calls(ids)
        assert [block["tool_use_id"] for block in messages[2]["content"]] == ids
        assert [block["content"] for block in messages[2]["content"]] == [f"result of {one}" for one in ids]


# A copy up to a turn


@pytest.fixture(params=["files", "memory"])
def anywhere(request: pytest.FixtureRequest, manager: SessionManager) -> SessionManager:
    """Sessions in files, and in memory alone."""
    return manager if request.param == "files" else SessionManager.in_memory(Settings(model="offline"))


def branched(manager: SessionManager) -> Session:
    """Return a session of two branches and two roots, with labels on three of its turns."""
    session = say(manager.create("alice"), "one", "two", "three")
    session.label(1, "start")
    session.label(3, "end")
    session.rewind(2)
    say(session, "four")
    session.label(4, "other")
    session.move(None)
    say(session, "five")
    return session


@pytest.mark.parametrize(
    ("at", "questions", "labels"),
    [
        (1, ["one"], ["start"]),
        ("end", ["one", "two", "three"], ["start", "end"]),
        ("other", ["one", "four"], ["start", "other"]),
        (5, ["five"], []),
    ],
)
def test_a_fork_at_a_turn_holds_the_way_to_its_end_and_no_more(
    anywhere: SessionManager, at: int | str, questions: list[str], labels: list[str]
) -> None:
    """Ids, writers, times and the labels of its turns; the next question follows that turn; the source is unchanged."""
    session = branched(anywhere)
    before = [*session.tree], session.leaf
    file = session.file.read_bytes() if session.in_file else b""
    fork = anywhere.fork(session, "tried again", at=at)
    turn = session.turn(at)
    assert (fork.name, fork.header.fields["parent_session"]) == ("tried again", session.id)
    assert fork.leaf == turn.last
    assert asked(fork) == questions
    assert len(fork.turns) == len(questions)
    assert fork.tree.path() == session.tree.path(turn.last)
    assert {entry.session for entry in fork.tree.path()} == {session.id}
    assert [fork.turns.labels[one] for one in fork.turns.labels] == labels
    assert (list(session.tree), session.leaf) == (before[0], before[1])
    assert (session.file.read_bytes() if session.in_file else b"") == file
    entry = fork.append(user("and then?"))
    assert (entry.parent_id, entry.session) == (turn.last, fork.id)
    if fork.in_file:
        again = reopened(anywhere, fork)
        assert (asked(again), again.turns.labels) == ([*questions, "and then?"], fork.turns.labels)
        assert Upkeep(anywhere).verify() == []


def test_a_fork_at_a_question_without_an_answer_holds_the_question(anywhere: SessionManager) -> None:
    """Before the model has said anything; in the fork it can be answered."""
    session = anywhere.create()
    session.append(user("anybody there?"))
    fork = anywhere.fork(session, at=1)
    assert [entry.text for entry in fork.tree.path()] == ["anybody there?"]
    fork.append(assistant("yes"))
    assert len(fork.turns.numbered(1).entries) == 2
    assert session.turns.numbered(1).answer is None


def test_a_fork_keeps_settings_as_they_were_then_and_what_is_hidden(anywhere: SessionManager) -> None:
    """Settings from before the end of that turn, and none from after it; tags and the notebook are the session's."""
    session = anywhere.create("alice")
    session.configure(system="Be brief.")
    say(session, "one", "two")
    session.hide(1)
    session.note(tags=["draft"])
    say(session, "three")
    session.configure(system="Be long.")
    session.hide(2)
    gone = [{entry.id for entry in session.turns.numbered(number).entries} for number in (1, 2)]
    assert anywhere.fork(session, at=1).hidden == gone[0]
    fork = anywhere.fork(session, at=3)
    assert fork.parameters.system == "Be brief."
    assert fork.hidden == gone[0] | gone[1]
    assert (fork.name, fork.info().tags) == ("alice (fork)", ("draft",))


def test_a_fork_at_a_turn_that_is_not_there_leaves_nothing(manager: SessionManager) -> None:
    """One sentence, and no file and no session more than before."""
    session = say(manager.create("alice"), "one")
    with pytest.raises(TurnNotFoundError, match="alice has no turn '7'"):
        manager.fork("alice", at=7)
    assert manager.opened == (session,)
    assert len(list(session.file.parent.glob("*.jsonl"))) == 1


def test_a_fork_from_memory_takes_the_payloads_of_its_turns_alone(tmp_path: Path) -> None:
    """A picture that was shown after the turn is not written with the copy."""
    manager = SessionManager(tmp_path / "s", settings=Settings(model="offline"))
    session = manager.create(temporary=True)
    for name in ("a", "b"):
        say(session, name)
        session.append(user([{"type": "tool_result", "tool_use_id": name, "content": name * 100_000}]))
    fork = manager.fork(session, at=1)
    assert fork.temporary
    fork.keep()
    (blob,) = (tmp_path / "s" / "blobs").iterdir()
    assert set(blob.read_text()) == {"a"}
    manager.close()


def test_a_fork_at_a_turn_can_be_typed(terminal: Shell) -> None:
    """By number, label or id's end; a wrong one is one line."""
    terminal.run("%session new alice")
    for name in ("one", "two"):
        terminal.run(f"%agent {name}")
    terminal.run('%session label 1 "the start"')
    assert "forked into bob, 2 messages" in terminal.run("%session fork --at 'the start' --name bob --again")
    assert "forked into alice (fork), 4 messages" in terminal.run("%session fork alice --at 2 --again")
    shown = terminal.run("%session fork alice --at 9 --again")
    assert terminal.failed
    assert "alice has no turn '9'. Its turns are 1 to 2: `%session tree` shows them." in shown


# Whatever is done, and whatever the file holds


MOVES = st.lists(
    st.tuples(
        st.sampled_from(["append", "rewind", "switch", "hide", "unhide", "label", "branch", "root"])
        | st.sampled_from(["drop", "undrop"]),
        st.integers(0, 5),
    ),
    max_size=12,
)


def do(session: Session, move: str, number: int) -> None:
    """Do one thing, as far as it can be done."""
    if move == "append":
        session.append(user(f"question {number}"))
        if number:
            session.append(assistant(f"answer {number}"))
    elif move in ("hide", "unhide"):
        session.hide(1 + number % len(session.turns), on=move == "hide")
    elif move in ("drop", "undrop"):
        with suppress(TurnDroppedError):  # with a turn before it
            session.drop(1 + number % len(session.turns), on=move == "drop")
    elif move == "label":
        session.label(1 + number % len(session.turns), f"label {len(session.tree)}")
    else:
        go(session, move, number)


def go(session: Session, move: str, number: int) -> None:
    """Go somewhere else, as far as one can."""
    turns, active = session.turns, session.turns.active()
    if move == "root":
        session.move(None)
    elif move == "rewind" and active:
        session.rewind(1 + number % len(active))
    elif move == "branch" and len(active) > 1:
        over = active[number % (len(active) - 1)]
        carried = active[active.index(over) + 1 :]
        session.branch_off(Branch(over, over.before, carried))
    elif move == "switch" and turns.kept:
        session.switch_to(turns.kept[number % len(turns.kept)])


def state(session: Session) -> tuple[object, ...]:
    """Return where a conversation stands and what is known of it."""
    active = [turn.id for turn in session.turns.active()]
    return (
        session.leaf,
        active,
        session.hidden,
        session.turns.labels,
        session.turns.ids,
        session.turns.dropped,
        session.turns.branches.leaves,
        session.info().leaf_count,
        session.build_context().messages,
    )


@settings(deadline=None)
@given(MOVES)
def test_after_any_moves_the_file_brings_back_the_same_place(moves: list[tuple[str, int]]) -> None:
    """Leaf, active turns, labels, what is hidden, dropped and sent; no turn is lost, and each can be switched to."""
    with tempfile.TemporaryDirectory() as folder:
        manager = SessionManager(folder, settings=Settings(model="offline", sync="never"), source=FixedSource())
        session = manager.create("alice")
        session.append(user("the first"))
        said = len(session.turns)
        for move, number in moves:
            do(session, move, number)
            assert len(session.turns) >= said
            said = len(session.turns)
            assert Turns(session.tree).ids == session.turns.ids
            assert Turns(session.tree).dropped == session.turns.dropped
            assert {turn.id for turn in session.turns.active()}.isdisjoint(session.turns.dropped)
        before = state(session)
        again = reopened(manager, session)
        assert state(again) == before
        for turn in list(again.turns):
            for root in {again.turns.dropped.get(one.id) for one in again.turns.path(turn.last)} - {None}:
                again.drop(str(root), on=False)
            again.switch_to(turn)
            assert again.turns.active()[-1].id == turn.id
            assert [one.id for one in again.tree.path()][-len(turn.entries) :] == [one.id for one in turn.entries]
            fork = manager.fork(again, at=turn)
            assert (fork.leaf, asked(fork)) == (turn.last, asked(again))
            manager.close(fork)
        assert Upkeep(manager).verify() == []
        manager.close()


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["user", "assistant", "settings", "leaf", "label", "context_edit", "drop", "x"]),
        st.none() | st.integers(0, 12),
    ),
    max_size=12,
)


@given(STEPS)
def test_no_file_makes_it_loop_or_break(steps: list[tuple[str, int | None]]) -> None:
    """Parents and targets that are missing, stand below, are no steps, or go round in a circle."""
    tree = Tree(written(str(number), kind, target) for number, (kind, target) in enumerate(steps))
    turns = Turns(tree)
    path = [entry.id for entry in tree.path()]
    assert [turn.id for turn in turns.active()] == [one for one in path if one in turns]
    for turn in turns:
        assert turns.path(turn.last)
        turns.behind(turn.last)
        turns.branches.tip(turn.id)
        turns.branches.is_left(turn.id, path[0] if path else None)
    assert isinstance(turns.labels, dict)
    assert set(path).isdisjoint(turns.branches.dropped)
    assert {*turns.kept, *turns.dropped} == set(turns.ids)
    assert set(turns.branches.leaves).isdisjoint(turns.branches.dropped)


def written(own_id: str, kind: str, target: int | None) -> Entry:
    """Return an entry that follows, or names, another of this number, whether it is there or not."""
    named = None if target is None else str(target)
    if kind in ("user", "assistant"):
        return Entry("message", 1, own_id, named, "s", "", {"role": kind, "content": [{"type": "text", "text": "hi"}]})
    fields = {"target_id": named, "label": "x", "target_ids": [named], "dropped": True}
    return Entry(kind, 1, own_id, None if kind in ("leaf", "label", "drop") else named, "s", "", fields)


def test_the_ends_of_lines_are_no_part_of_an_ask(manager: SessionManager) -> None:
    """The same prompt, saved by another system's editor."""
    session = manager.create()
    one, other = (session.masked(Ask(text)) for text in ("a\r\nb", "a\nb"))
    assert one.says_as(other)
