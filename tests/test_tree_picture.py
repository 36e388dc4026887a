"""The tree of a session as a picture: whole, honest, harmless."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import pytest
from conftest import Shell
from hypothesis import given
from hypothesis import strategies as st

import ipy_sessions as ses
from ipy_sessions import Session, SessionManager, assistant, user
from ipy_sessions.entries import Entry
from ipy_sessions.render.markup import Picture
from ipy_sessions.render.tree import draw
from ipy_sessions.replay import Branch
from ipy_sessions.tree import Tree
from ipy_sessions.turns import Turns

SVG = "{http://www.w3.org/2000/svg}"
ALLOWED = {f"{SVG}{name}" for name in ("svg", "g", "title", "path", "circle", "text", "tspan")}
ROW = re.compile(r"^(?P<lanes>(?:│ )*(?:├[─┄])?)(?P<dot>[●○]) (?P<number>\d+) (?P<said>.*)$", re.MULTILINE)

TEXTS = st.text(st.characters(exclude_categories=()), max_size=80)
PARENTS = st.none() | st.integers(0, 19)


def asked(session: Session, *questions: str) -> None:
    """Ask and answer."""
    for question in questions:
        session.append(user(question))
        session.append(assistant("an answer"))


def rows(picture: Picture) -> list[tuple[str, str, int]]:
    """Return the lanes, the dot and the number of each turn that the text shows."""
    return [(found["lanes"], found["dot"], int(found["number"])) for found in ROW.finditer(picture.plain)]


@pytest.fixture
def session(manager: SessionManager) -> Session:
    """A session without a turn."""
    return manager.create("talk")


def test_a_branch_is_indented_and_a_line_of_turns_is_not(session: Session) -> None:
    """What is active, where the conversation stands, and how to go elsewhere."""
    asked(session, "one", "two", "three")
    session.rewind(2)
    asked(session, "two, again")
    assert ses.draw(session).plain.splitlines() == [
        "talk: 4 turns on 2 branches. The conversation stands behind turn 4.",
        "● 1 “one”",
        "├─○ 2 “two”",
        "│ ○ 3 “three”",
        "● 4 “two, again”  ◂ here",
        "%session switch NUMBER goes on behind another turn.",
    ]


def test_what_there_is_to_know_of_a_turn_stands_beside_it(session: Session) -> None:
    """Its cell's number, its label, how it ended, that it is a copy, that it is not sent."""
    session.append(user("one", execution_count=7, cell_id="a1"))
    session.append(assistant("so far", stop_reason=None, end="interrupted"))
    asked(session, "two")
    session.label(1, "start")
    session.branch_off(Branch(session.turn(1), None, [session.turn(2)]))
    session.append(user("three"))
    session.hide(3)
    lines = ses.draw(session).plain.splitlines()
    assert "├─○ 1 [7] “one” «start»  interrupted" in lines
    assert "● 3 ~~“two”~~  copy of 2, hidden" in lines
    assert "● 4 “three”  ◂ here, no answer" in lines
    picture = ET.fromstring(ses.draw(session).svg)  # noqa: S314 - our own
    titles = [one.text for one in picture.iter(f"{SVG}title")]
    assert "Turn 1 [7] start (interrupted)\n\none\n\nso far" in titles
    struck = [one.text for one in picture.iter(f"{SVG}tspan") if "line-through" in one.get("style", "")]
    assert struck == ["“two”", "“two”"]  # the copy and its original


def test_the_place_where_the_conversation_stands_is_always_told(session: Session) -> None:
    """Before the first turn, at one in the middle, inside of one, and when nothing was asked."""
    assert ses.draw(session).plain == "talk: nothing was asked yet."
    asked(session, "one", "two")
    question = session.turn(2).id
    session.switch_to(1)
    shown = ses.draw(session).plain
    assert "The conversation stands behind turn 1." in shown
    assert "● 1 “one”  ◂ here\n○ 2 “two”" in shown
    session.move(question)
    shown = ses.draw(session).plain
    assert "The conversation stands within turn 2." in shown
    assert "● 2 “two”  ◂ here, within it" in shown
    session.move(None)
    shown = ses.draw(session).plain
    assert "The conversation stands before the first." in shown
    assert "\n●  ◂ here, before the first turn\n○ 1 “one”\n○ 2 “two”\n" in shown
    assert "here, before the first turn" in ses.draw(session).svg


def test_a_missing_step_is_reported(session: Session) -> None:
    """A line that was damaged is never hidden; what followed it is drawn."""
    asked(session, "one", "two")
    kept = [entry for entry in session.tree if entry.text != "two"]
    tree = Tree(kept)
    picture = draw(Turns(tree), "talk", missing=tree.missing)
    for form in (picture.plain, picture.svg):
        assert f"1 step is missing, as after a damaged line: {session.turn(2).id}" in form


def test_a_thousand_turns_in_a_row_stand_one_below_the_other(session: Session) -> None:
    """Asked for, all of them are drawn; by default the last, and the others are counted."""
    asked(session, *map(str, range(1000)))
    assert rows(ses.draw(session, whole=True)) == [("", "●", number) for number in range(1, 1001)]
    picture = ses.draw(session)
    assert [number for *_, number in rows(picture)] == list(range(801, 1001))
    for form in (picture.plain, picture.svg):
        assert "Left out: 800 of 1,000 turns. %session tree --all draws all." in form


def test_a_large_tree_is_drawn_around_where_the_conversation_stands(session: Session) -> None:
    """The way to it, what has a label, what came last; what is left out in between is marked."""
    asked(session, *map(str, range(20)))
    session.label(3, "mark")
    session.switch_to(10)
    asked(session, "new")
    picture = draw(session.turns, "talk", most=8)
    assert picture.plain.splitlines()[1:-2] == [
        "⋮",
        "● 3 “2” «mark»",
        "⋮",
        "● 8 “7”",
        "● 9 “8”",
        "● 10 “9”",
        "├┄○ 18 “17”",
        "│ ○ 19 “18”",
        "│ ○ 20 “19”",
        "● 21 “new”  ◂ here",
    ]


@given(st.lists(st.tuples(st.sampled_from(["user", "assistant", "leaf"]), PARENTS, TEXTS), max_size=20), st.data())
def test_every_turn_is_there_once_or_counted(steps: list[tuple[str, int | None, str]], data: st.DataObject) -> None:
    """Whatever the tree, with circles and missing steps, and wherever the conversation was moved."""
    tree = Tree(_step(number, *step) for number, step in enumerate(steps))
    turns = Turns(tree)
    most = data.draw(st.none() | st.integers(1, 6))
    picture = draw(turns, "talk", missing=tree.missing, most=most)
    numbers = [number for *_, number in rows(picture)]
    assert len(numbers) == len(set(numbers)) == min(most or len(turns), len(turns))
    left = re.search(r"^Left out: ([\d,]+) of [\d,]+ turns\. ", picture.plain, re.MULTILINE)
    assert (int(left[1]) if left else 0) + len(numbers) == len(turns)
    assert sorted(numbers) == list(range(1, len(turns) + 1)) or left
    dots = {number: dot for _, dot, number in rows(picture)}
    path = {entry.id for entry in tree.path()}
    assert all((dots[number] == "●") == (turns.numbered(number).id in path) for number in numbers)
    assert bool(tree.missing) is (" missing, as after a damaged line: " in picture.svg)


def _step(number: int, kind: str, parent: int | None, text: str) -> Entry:
    follows = None if parent is None else f"e{parent}"
    if kind == "leaf":
        return Entry("leaf", number, f"e{number}", None, "s", "", {"target_id": follows})
    content = [{"type": "text", "text": text}]
    return Entry("message", number, f"e{number}", follows, "s", "", {"role": kind, "content": content})


@given(TEXTS, TEXTS, TEXTS)
def test_whatever_is_asked_the_picture_is_well_formed_and_nothing_in_it_runs(
    question: str, answer: str, label: str
) -> None:
    """Markup, control characters, halves of characters: shown as text, in a picture of shapes and words alone."""
    texts = {"1": ("user", question), "2": ("assistant", answer)}
    entries = [
        Entry("message", int(name), name, str(int(name) - 1) if name > "1" else None, "s", "", _said(*said))
        for name, said in texts.items()
    ]
    named = Entry("label", 3, "3", None, "s", "", {"target_id": "1", "label": label})
    picture = draw(Turns(Tree([*entries, named])), question)
    root = ET.fromstring(picture.svg)  # noqa: S314 - our own
    assert {one.tag for one in root.iter()} <= ALLOWED
    assert {name for one in root.iter() for name in one.attrib} <= {
        *("role", "aria-label", "width", "height", "viewBox", "style", "d", "stroke-dasharray"),
        *("x", "y", "cx", "cy", "r", "data-turn", "data-label", "data-here", "data-hidden"),
    }
    assert "url(" not in picture.svg
    assert all(sign.isprintable() or sign in "\n\u200c\u200d" for sign in picture.plain)
    assert len(picture.plain.splitlines()) == 2


def _said(role: str, text: str) -> dict[str, object]:
    return {"role": role, "content": [{"type": "text", "text": text}], "stop_reason": "end_turn"}


@given(st.lists(st.integers(0, 60), max_size=60))
def test_a_branchy_tree_stays_narrow(parents: list[int]) -> None:
    """The lanes grow with the logarithm of the turns, and one for the active branch."""
    steps = [("user", None if parent >= number else parent, "q") for number, parent in enumerate(parents)]
    tree = Tree(_step(number, *step) for number, step in enumerate(steps))
    lanes = [len(lanes) // 2 for lanes, *_ in rows(draw(Turns(tree), "talk"))]
    assert max(lanes, default=0) <= len(parents).bit_length() + 1


def test_branches_deeper_than_pythons_stack_are_drawn() -> None:
    """A fork behind each of three thousand turns."""
    parents = [None, *(parent for number in range(0, 6000, 2) for parent in (number, number))]
    tree = Tree(_step(number, "user", parent, "q") for number, parent in enumerate(parents))
    drawn = rows(draw(Turns(tree), "talk", most=None))
    assert len(drawn) == 6001
    assert {lanes for lanes, *_ in drawn} == {"", "├─"}


def test_a_notebook_gets_a_picture_with_plain_text_beside_it(notebook: Shell) -> None:
    """For whoever shows no pictures."""
    notebook.run("%%agent My name is Alice")
    assert "“My name is Alice”  ◂ here" in notebook.run("%session tree")
    assert [set(output["data"]) for output in notebook.outputs] == [{"image/svg+xml", "text/plain"}]


def test_another_session_is_drawn_without_going_there(terminal: Shell) -> None:
    """By its name; the current one stays, and the other can be written elsewhere."""
    terminal.run("%session new first")
    terminal.run("%%agent hello there")
    terminal.run("%session new second")
    terminal.run("%%agent and you?")
    shown = terminal.run("%session tree first --all")
    assert "“hello there”  ◂ here" in shown
    assert "“and you?”" not in shown
    assert "second" in terminal.run("%session")
    assert "nobody" in terminal.run("%session tree nobody")
    assert terminal.failed


def test_without_a_session_it_says_what_to_type(terminal: Shell) -> None:
    """One sentence, in the magic and in Python."""
    assert "There is no session yet. Ask something, or type `%session new`." in terminal.run("%session tree")
    with pytest.raises(ses.SessionsError, match=r"draw takes a session and not 'alice': draw\(manager.open"):
        ses.draw("alice")  # type: ignore[arg-type]


def test_in_python_the_picture_shows_itself(notebook: Shell) -> None:
    """The last value of a cell is displayed, and has both forms."""
    notebook.run("%%agent My name is Alice")
    notebook.run("import ipy_sessions as ses; picture = ses.draw()")
    picture = notebook.ip.user_ns["picture"]
    data, _ = notebook.ip.display_formatter.format(picture)
    assert data["image/svg+xml"] == picture.svg
    assert data["text/plain"] == picture.plain
    assert "text/markdown" not in data


def test_what_is_hidden_is_struck_through_on_every_branch(terminal: Shell) -> None:
    """Since it is sent on none of them."""
    for line in ("%agent one", "%agent two", "%session hide 2", "%session rewind", "%agent three"):
        terminal.run(line)
    assert "~~“two”~~" in terminal.run("%session tree")
