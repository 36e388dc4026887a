"""Branches that are dropped and brought back: left out of what is seen and of what runs again, and never lost."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import Shell
from hypothesis import given, settings
from hypothesis import strategies as st
from sheet_kit import Sheet
from test_timeline import MOVES, asked, do, reopened, say, state

import ipy_sessions as ses
from ipy_sessions import Session, SessionManager, Settings, TurnDroppedError, TurnNotFoundError, Upkeep
from ipy_sessions.replay import Branch
from ipy_sessions.testing import FixedSource

NAME, COLOUR, WHAT = "%agent My name is Alice", "%agent count to 3", "%agent What is my name?"


@pytest.fixture
def session(manager: SessionManager) -> Session:
    """A session of two branches: one, then two and three, or four and five."""
    session = say(manager.create("talk"), "one", "two", "three")
    session.rewind(2)
    return say(session, "four", "five")


@pytest.fixture
def three(make_shell: Callable[..., Any], tmp_path: Path) -> Sheet:
    """A notebook of three cells that were run: a name is told, something else, the name is asked for."""
    sheet = Sheet(make_shell, tmp_path / "work" / "analysis.ipynb")
    sheet.write(NAME, COLOUR, WHAT)
    sheet.run_all()
    return sheet


def plain(session: Session, *, whole: bool = False) -> list[str]:
    """Return the lines of its tree."""
    return ses.draw(session, whole=whole).plain.splitlines()


# In a session


def test_a_dropped_branch_is_left_out_and_stays_in_the_log(manager: SessionManager, session: Session) -> None:
    """The tree, and the branches that are counted, are those of the others; the file has one line more."""
    whole, before, place = plain(session), session.file.read_bytes(), (session.leaf, asked(session))
    assert session.info().leaf_count == 2
    assert [turn.number for turn in session.drop(2)] == [2, 3]
    assert session.file.read_bytes().startswith(before)
    assert session.file.read_bytes().count(b"\n") == before.count(b"\n") + 1
    again = reopened(manager, session)
    assert (again.leaf, asked(again)) == place
    assert again.info().leaf_count == manager.list()[0].leaf_count == 1
    assert plain(again) == [
        "talk: 3 turns. The conversation stands behind turn 5.",
        "● 1 “one”",
        "● 4 “four”",
        "● 5 “five”  ◂ here",
        "Dropped: 2 turns. %session tree --all draws what was dropped, too.",
    ]
    assert plain(again, whole=True) == [
        "talk: 3 turns. The conversation stands behind turn 5.",
        "● 1 “one”",
        "├─○ 2 “two”  dropped",
        "│ ○ 3 “three”  dropped with 2",
        "● 4 “four”",
        "● 5 “five”  ◂ here",
        "Dropped: 2 turns. %session undrop NUMBER brings one back.",
    ]
    assert [turn.number for turn in again.drop(2, on=False)] == [2, 3]
    assert plain(again) == whole
    assert again.info().leaf_count == 2
    assert Upkeep(manager).verify() == []


@pytest.mark.parametrize(("ref", "number"), [(5, 4), (4, 1), (1, None)])
def test_who_stands_on_a_dropped_branch_goes_back(session: Session, ref: int, number: int | None) -> None:
    """To before the turn, as a rewind does."""
    session.drop(ref)
    assert [turn.number for turn in session.turns.active()][-1:] == ([number] if number else [])
    assert session.leaf == (session.turn(number).last if number else None)


def test_the_settings_for_a_turn_alone_are_dropped_with_it(session: Session) -> None:
    """No branch ends in them."""
    session.prompt("six", max_tokens=50)
    assert session.turn(6).entries[0].type == "settings"
    session.rewind()
    session.prompt("seven")
    assert session.info().leaf_count == 3
    session.drop(6)
    assert session.info().leaf_count == 2
    session.drop(6, on=False)
    session.switch_to(6)
    session.drop(6)
    assert session.leaf == session.turn(7).before


def test_what_two_branches_share_stays(session: Session) -> None:
    """The turns before it, and the copies of its turns on other branches."""
    one, two, three = list(session.turns)[:3]
    session.switch_to(3)
    session.branch_off(Branch(two, two.before, [three]))
    assert asked(session) == ["one", "three"]
    session.drop(2)
    assert asked(session) == ["one", "three"]
    assert session.turns.active()[-1].original == three.id
    assert session.turns.dropped == {two.id: two.id, three.id: two.id}
    assert one.id in session.turns.kept


def test_the_line_of_the_tree_goes_on_with_what_was_kept(session: Session) -> None:
    """A dropped branch stands beside it, however long it is."""
    session.switch_to(3)
    say(session, "six")
    session.switch_to(1)
    session.drop(2)
    assert plain(session, whole=True)[1:7] == [
        "● 1 “one”  ◂ here",
        "├─○ 2 “two”  dropped",
        "│ ○ 3 “three”  dropped with 2",
        "│ ○ 6 “six”  dropped with 2",
        "○ 4 “four”",
        "○ 5 “five”",
    ]


def test_nothing_goes_to_a_dropped_turn(manager: SessionManager, session: Session) -> None:
    """Neither a switch nor a fork nor a move; one sentence says what brings it back, and nothing is written."""
    session.drop(2)
    before = session.file.read_bytes()
    for ref, said in ((2, "Turn 2 was dropped: "), (3, "Turn 3 was dropped with turn 2: ")):
        for go in (session.switch_to, lambda ref: session.move(session.turn(ref).id)):
            with pytest.raises(TurnDroppedError, match=f"^{said}`%session undrop 2` brings that back.$"):
                go(ref)
        with pytest.raises(TurnDroppedError, match=said):
            manager.fork(session, at=ref)
    with pytest.raises(TurnDroppedError, match="Turn 3 was dropped with turn 2: `%session undrop 2`"):
        session.drop(3, on=False)
    with pytest.raises(TurnNotFoundError, match=r"talk has no turn '9'\. Its turns are 1 to 5"):
        session.drop(9)
    assert session.drop(2) == session.drop(3) == session.drop(4, on=False) == []
    assert session.file.read_bytes() == before


def test_a_branch_within_a_dropped_one_stays_dropped(session: Session) -> None:
    """What was dropped by itself is brought back by itself."""
    session.drop(3)
    assert [turn.number for turn in session.drop(2)] == [2]
    assert [turn.number for turn in session.drop(2, on=False)] == [2]
    assert [turn.number for turn in session.drop(3, on=False)] == [3]


def test_where_a_branch_was_left_is_before_what_was_dropped_there(session: Session) -> None:
    """A cell that comes back to a branch does not come back to that."""
    session.drop(3)
    two = session.turn(2)
    assert session.turns.branches.tip(two.last) == two.last


def test_what_the_conversation_stands_on_is_not_dropped(manager: SessionManager, session: Session) -> None:
    """As when the line is lost that has left it: the tree shows where one is."""
    session.drop(4)
    path = session.file
    manager.close(session)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(line for line in lines if b'"type":"leaf"' not in line or line == lines[7]))
    again = manager.open(path)
    assert asked(again) == ["one", "four", "five"]
    assert again.turns.dropped == {}
    again.switch_to(1)
    assert [again.turn(turn).number for turn in again.turns.dropped] == [4, 5]


@settings(deadline=None)
@given(MOVES, st.integers(0, 9))
def test_to_drop_and_to_bring_back_changes_nothing(moves: list[tuple[str, int]], number: int) -> None:
    """But for where one stood: before the turn that was dropped, if that was on it, as after a move to there."""
    sessions = []
    with tempfile.TemporaryDirectory() as folder:
        manager = SessionManager(folder, settings=Settings(model="offline", sync="never"), source=FixedSource())
        for drops in (True, False):
            session = manager.create("alice")
            session.append(ses.user("the first"))
            for move, some in moves:
                do(session, move, some)
            turn = session.turn(1 + number % len(session.turns))
            if turn.id not in session.turns.dropped and drops:
                session.drop(turn)
                assert turn.id in session.turns.dropped
                assert turn.id not in session.turns.kept
                session.drop(turn, on=False)
            elif session.turns.is_active(turn):
                session.move(turn.before)
            sessions.append(session)
        one, other = sessions
        assert plain(one, whole=True) == plain(other, whole=True)
        assert told(one) == told(other)
        manager.close()


def told(session: Session) -> list[object]:
    """Return the state of a session, with numbers in the place of ids."""
    numbers = {entry.id: n for n, entry in enumerate(entry for entry in session.tree if entry.in_tree)}

    def read(value: Any) -> object:
        if isinstance(value, dict):
            return [(read(key), read(one)) for key, one in value.items()]
        if isinstance(value, list | tuple):
            return [read(one) for one in value]
        if isinstance(value, frozenset):
            return sorted(numbers[one] for one in value)
        return numbers.get(value, value)

    return [read(one) for one in state(session)]


# In a notebook


def test_a_cell_whose_turn_was_dropped_asks_again_once(three: Sheet) -> None:
    """The cells above show their answers; the dropped one is never shown again, until it is brought back."""
    said = three.shell.run("%session drop 2")
    assert "Turn 2 is dropped, and 1 behind it. The conversation stands behind turn 1." in said
    assert "`%session undrop 2` undoes it." in said
    assert three.shell.run("%session cells").count("dropped") == 2
    shown = three.run_all()
    assert ["replayed" in text for text in shown.values()] == [True, False, False]
    assert three.asked == 5
    assert all("replayed" in text for text in three.run_all().values())
    back = three.shell.run("%session undrop 2")
    assert "Turn 2 is back, and 1 behind it. `%session switch 3` goes there." in back
    three.shell.run("%session switch 3")
    assert all("replayed" in text for text in three.run_all().values())
    assert [turn.number for turn in ses.current().turns.active()] == [1, 2, 3]
    assert three.asked == 5


def test_the_undo_of_an_edit_does_not_bring_back_what_was_dropped(three: Sheet) -> None:
    """Its answer is asked for again; without that it is shown for nothing."""
    three.edit("b", "%agent count to 4")
    assert "replayed" in three.edit("b", COLOUR)
    three.edit("b", "%agent count to 4")
    three.shell.run("%session drop 2")
    assert "replayed" not in three.edit("b", COLOUR)
    assert three.asked == 5


def test_strict_shows_no_answer_that_was_dropped(three: Sheet) -> None:
    """It is refused as what is not logged is, beside the nearest that was not dropped."""
    three.shell.run("%session drop 3")
    three.restart(replay="strict")
    shown = three.run("c")
    assert three.shell.failed
    assert "- count to 3" in shown or "- My name is Alice" in shown
    assert three.asked == 3


@pytest.mark.parametrize("command", ["drop 3", "undrop 3"])
def test_a_command_in_a_cell_does_it_once(three: Sheet, command: str) -> None:
    """Run again it does nothing and says so, whatever has happened since; a second Run All asks nothing."""
    three.shell.run("%session drop 3" if command == "undrop 3" else "")
    three.write(f"%session {command}")
    first = three.run("d")
    assert "Turn 3 is dropped" in first if command == "drop 3" else "Turn 3 is back" in first
    ses.current().drop(3, on=command == "undrop 3")
    for _ in range(2):
        before = three.lines
        assert "This cell has done so before; nothing is done again." in three.run("d")
        assert three.lines == before
        three.restart()
        three.run("a")
    three.run_all()
    asked = three.asked
    assert all("replayed" in three.run_all()[cell] for cell in "abc")
    assert three.asked == asked


def test_a_switch_to_what_a_cell_below_has_dropped_is_left_alone(three: Sheet) -> None:
    """Run All goes through both commands."""
    three.edit("b", "%agent count to 4")
    three.write("%session switch 3", "%session drop 2", "%agent hi")
    three.run_all()
    shown = three.run_all()
    assert "nothing is done again" in shown["d"]
    assert "nothing is done again" in shown["e"]
    assert not three.shell.failed


def test_the_plan_says_that_a_dropped_turn_is_asked_again(three: Sheet) -> None:
    """And that a command that drops has its say in what stands below."""
    three.shell.run("%session drop 3")
    assert "Run All asks the model once." in three.shell.run("%session plan")
    three.write("%session drop 1", "%agent hi")
    shown = three.shell.run("%session plan")
    assert "moves the conversation, which is not followed here" in shown


def test_hosts_without_cell_ids_match_no_dropped_turn(three: Sheet) -> None:
    """Its text is asked again."""
    three.shell.run("%session drop 3")
    three.restart()
    three.shell.ip.kernel.has_ids = False
    three.shell.ip.user_ns["__vsc_ipynb_file__"] = str(three.path)
    assert ["replayed" in three.run(cell) for cell in "abc"] == [True, True, False]


def test_who_only_reads_goes_on_where_the_owner_has_not_dropped(three: Sheet) -> None:
    """A kernel that came back to a branch that is dropped meanwhile asks at the owner's."""
    three.edit("b", "%agent count to 4")
    (path,) = three.path.parent.glob(".sessions/*.jsonl")
    three.restart()
    with SessionManager(path.parent) as manager:
        owner = manager.open(path)
        assert "replayed" in three.edit("b", COLOUR)
        assert [turn.number for turn in ses.current().turns.active()] == [1, 2, 3]
        owner.drop(2)
    assert "replayed" not in three.shell.run("%agent hi", at="new")
    assert [turn.number for turn in ses.current().turns.active()] == [1, 4, 5]


def test_a_cell_whose_turn_was_dropped_belongs_to_its_session(three: Sheet) -> None:
    """And not to another one that has answered it once."""
    three.edit("c", "%agent -s other What is my name?")
    three.restart()
    three.run("a")
    three.shell.run("%session drop 3")
    three.put("c", WHAT)
    assert "Run All asks the model once." in three.shell.run("%session plan")
    three.run("c")
    assert [turn.number for turn in ses.current().turns.active()] == [1, 2, 4]


def test_what_cannot_be_dropped_is_one_sentence(terminal: Shell) -> None:
    """What was typed, and where the turns are; what is done already is said."""
    for line in ("%session new alice", "%agent one", "%agent two"):
        terminal.run(line)
    assert "alice has no turn '9'. Its turns are 1 to 2: `%session tree` shows them." in terminal.run("%session drop 9")
    assert terminal.failed
    assert "Turn 1 is not dropped." in terminal.run("%session undrop 1")
    assert "stands before the first turn" in terminal.run("%session drop 1")
    assert "Turn 2 is dropped already." in terminal.run("%session drop 2")
    assert "Turn 2 was dropped with turn 1: `%session undrop 1` brings that back." in terminal.run("%session undrop 2")
    assert terminal.failed
    assert "dropped" in terminal.run("%session tree --all")
    assert terminal.run("%session tree").count("○") == 0
    assert "Leave out a turn and all that follows it" in terminal.run("%session help drop")
