"""Two conversations side by side: which turns are the same, and what is told of those that are not."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from conftest import Shell
from hypothesis import given
from hypothesis import strategies as st

import ipy_sessions as ses
from ipy_sessions import Session, SessionManager, SessionsError, Settings, TurnNotFoundError, assistant, user
from ipy_sessions.comparing import Row, compare, difference
from ipy_sessions.render.comparison import comparison
from ipy_sessions.render.markup import closed
from ipy_sessions.replay import Branch
from ipy_sessions.table import history as frames

TYPES = {
    "kind": "string",
    "turn_a": "Int64",
    "turn_b": "Int64",
    "id_a": "string",
    "id_b": "string",
    "question_a": "string",
    "question_b": "string",
    "answer_a": "string",
    "answer_b": "string",
    "model_a": "string",
    "model_b": "string",
    "diff": "string",
}


def talk(session: Session, *said: str | tuple[str, str], **fields: Any) -> Session:
    """Ask and answer by hand; an answer that is not given repeats the question."""
    for one in said:
        question, answer = (one, f"about {one}") if isinstance(one, str) else one
        session.append(user(question, **fields))
        session.append(assistant(answer, model="scripted"))
    return session


def memory() -> SessionManager:
    """Return sessions in memory alone."""
    return SessionManager.in_memory(Settings(model="offline"))


def rows(a: Session, b: Session) -> list[Row]:
    """Compare what is active in two sessions."""
    return compare(a.turns.active(), b.turns.active())


def beside(found: Sequence[Row]) -> list[tuple[str, str | None, str | None]]:
    """Return kinds and questions."""
    return [
        (row.kind, None if row.a is None else row.a.question, None if row.b is None else row.b.question)
        for row in found
    ]


def test_turns_that_are_the_same_stand_beside_each_other() -> None:
    """One that was put in between moves the others, and parts none."""
    manager = memory()
    a = talk(manager.create(), "one", "two", "three", "four")
    b = talk(manager.create(), "one", "in between", ("two", "otherwise"), "four", "five")
    assert beside(rows(a, b)) == [
        ("same", "one", "one"),
        ("only in B", None, "in between"),
        ("other answer", "two", "two"),
        ("only in A", "three", None),
        ("same", "four", "four"),
        ("only in B", None, "five"),
    ]
    assert rows(a, b)[2].diff == "- about two\n+ otherwise"
    assert beside(rows(talk(manager.create(), "x"), talk(manager.create(), "y"))) == [("other question", "x", "y")]
    assert rows(manager.create(), manager.create()) == []


def test_what_two_branches_share_is_known_by_its_ids() -> None:
    """Up to the fork, and copies that were carried along, whatever their questions say."""
    manager = memory()
    session = talk(manager.create(), "again", "again", "again")
    second, third = session.turns.numbered(2), session.turns.numbered(3)
    session.branch_off(Branch(second, second.before, [third]))
    talk(session, "again")
    found = compare(session.turns.path(third.last), session.turns.active())
    assert [(row.kind, row.a and row.a.turn.number, row.b and row.b.turn.number) for row in found] == [
        ("same", 1, 1),
        ("same", 2, 4),
        ("same", 3, 5),
    ]
    fork = manager.fork(session, at=1)
    assert [row.kind for row in rows(session, talk(fork, "another"))] == ["same", "other question", "only in A"]


def test_the_same_words_with_other_options_are_another_question() -> None:
    """What was typed beside a prompt belongs to it; where it was typed, and which answer was wanted, does not."""
    manager = memory()
    a = talk(manager.create(), "draw", cell_id="a", options={"effort": "low", "stop": ["x"]})
    b = talk(manager.create(), "draw", cell_id="b", options={"stop": ["x"], "effort": "low"}, take=2)
    c = talk(manager.create(), "draw", options={"effort": "high"})
    assert [row.kind for row in rows(a, b)] == ["same"]
    (row,) = rows(a, c)
    assert row.kind == "other question"
    assert row.diff == '  draw\n- {"effort": "low", "stop": ["x"]}\n+ {"effort": "high"}'


def test_an_answer_is_all_that_answers() -> None:
    """Calls of tools and their results included, thinking not; and one that never came is another one."""
    manager = memory()
    sessions = []
    for result in ("1", "2"):
        session = manager.create()
        session.append(user("look"))
        call = {"type": "tool_use", "id": f"toolu_{result}", "name": "run", "input": {"code": "x"}}
        session.append(assistant([{"type": "thinking", "thinking": result}, call], stop_reason="tool_use"))
        session.append(user([{"type": "tool_result", "tool_use_id": f"toolu_{result}", "content": result}]))
        session.append(assistant("fine"))
        sessions.append(session)
    (row,) = rows(*sessions)
    assert (row.kind, row.diff) == ("other answer", '  run({"code": "x"})\n  \n- 1\n+ 2\n  \n  fine')
    unanswered = manager.create()
    unanswered.append(user("look"))
    (row,) = rows(unanswered, sessions[0])
    assert row.kind == "other answer"
    assert row.a is not None
    assert (row.a.answer, row.a.model) == ("", None)


WORDS = st.sampled_from(["one", "two", "three", "go on", ""])


@given(st.lists(st.tuples(WORDS, WORDS), max_size=8), st.lists(st.tuples(WORDS, WORDS), max_size=8))
def test_every_turn_stands_in_one_row_and_in_its_order(a: list[tuple[str, str]], b: list[tuple[str, str]]) -> None:
    """And a row says of its turns what is true."""
    manager = memory()
    first, second = talk(manager.create(), *a).turns.active(), talk(manager.create(), *b).turns.active()
    found = compare(first, second)
    assert [row.a.turn for row in found if row.a] == first
    assert [row.b.turn for row in found if row.b] == second
    for row in found:
        if row.a is None or row.b is None:
            assert row.kind == ("only in B" if row.a is None else "only in A")
        else:
            same = row.a.question == row.b.question
            kind = "other question" if not same else "same" if row.a.answer == row.b.answer else "other answer"
            assert (row.kind, bool(row.diff)) == (kind, kind != "same")
    assert [row.kind for row in compare(first, first)] == ["same"] * len(first)


# How texts differ


def test_stretches_that_are_equal_are_folded() -> None:
    """Two lines around each difference stay; a fold says how many lines it holds."""
    lines = [f"line {n}" for n in range(20)]
    changed = [*lines[:10], "another", *lines[11:]]
    assert difference("\n".join(lines), "\n".join(changed)) == [
        "  ⋯ 8 equal lines",
        *("  line 8", "  line 9", "- line 10", "+ another", "  line 11", "  line 12"),
        "  ⋯ 7 equal lines",
    ]
    assert difference("a\nb", "a\nc") == ["  a", "- b", "+ c"]
    assert difference("a", "a") == []
    assert difference("a\n", "a") == ["  a", "- "]


def test_of_long_lines_the_words_that_differ_are_told() -> None:
    """A paragraph is one line; those that have nothing in common are shown whole."""
    words = "word " * 60
    assert difference(f"{words}is **Alice** and {words}", f"{words}is **Bob** and {words}") == [
        f"- ⋯ {'word ' * 7}is **Alice** and {'word ' * 7}⋯",
        f"+ ⋯ {'word ' * 7}is **Bob** and {'word ' * 7}⋯",
    ]
    assert difference(words, "x " * 60) == [f"- {words}", f"+ {'x ' * 60}"]


TEXTS = st.lists(
    st.sampled_from(["a", "b", "```", "~~~", "", "⋯", "- a", "long " * 30, "long " * 29 + "end"]), max_size=30
)


@given(TEXTS, TEXTS)
def test_a_difference_names_each_line_that_is_in_one_text_alone(a: list[str], b: list[str]) -> None:
    """It is empty when nothing differs, and in Markdown nothing in it ends its block of code."""
    found = difference("\n".join(a), "\n".join(b))
    assert bool(found) == ("\n".join(a) != "\n".join(b))
    assert all(line[:2] in ("- ", "+ ", "  ") for line in found)
    first, second = ({line for line in lines or [""] if len(line) < 100} for lines in (a, b))
    assert {f"- {line}" for line in first - second} <= set(found)
    assert {f"+ {line}" for line in second - first} <= set(found)
    manager = memory()
    shown = comparison(
        "x", "y", rows(talk(manager.create(), ("?", "\n".join(a))), talk(manager.create(), ("?", "\n".join(b))))
    )
    assert closed(shown.markdown) == shown.markdown


# What is shown


def test_a_comparison_is_readable_in_both_forms() -> None:
    """Runs of turns that are the same are one line; names and texts are shown as they are."""
    manager = memory()
    a = talk(manager.create(), "one", "two", ("th*ree", "yes"), "four")
    b = talk(manager.create(), "one", "two", ("th*ree", "no"))
    shown = comparison("a*lice", "bob", rows(a, b))
    assert shown.plain == (
        "A: a*lice · B: bob\n"
        "2 same, 1 other answer, 1 only in A\n\n"
        "A 1 to 2, B 1 to 2: the same\n\n"
        "[A 3, B 3: other answer]\n> “th*ree”\nwhat was answered\n- yes\n+ no\n\n"
        "[A 4: only in A]\n> “four”\n“about four”"
    )
    assert shown.markdown.startswith(
        "### A: a\\*lice · B: bob\n\n<small>2 same, 1 other answer, 1 only in A</small>\n\n"
    )
    assert "**A 3, B 3** <small>other answer</small>\n\n> “th\\*ree”" in shown.markdown
    assert "```diff\n- yes\n+ no\n```" in shown.markdown
    assert "2 turns, and nothing differs." in comparison("a", "b", rows(a, a)[:2]).plain
    assert "Nothing was asked in either." in comparison("a", "b", []).plain


def test_of_many_differences_the_first_are_shown() -> None:
    """The others are counted, and it is said where they are."""
    manager = memory()
    a, b = (talk(manager.create(), *((f"{n}", side) for n in range(70))) for side in "ab")
    shown = comparison("a", "b", rows(a, b)).plain
    assert shown.count(": other answer]") == 50
    assert shown.endswith("20 more turns differ: `ses.compare(…)` returns all of them as a DataFrame.")


@pytest.mark.parametrize("host", ["terminal", "notebook"])
def test_branches_and_sessions_are_compared_by_a_line(host: str, request: pytest.FixtureRequest) -> None:
    """Turns by number, label or id's end, with the active branch by default; a session where no turn is meant."""
    shell: Shell = request.getfixturevalue(host)
    shell.run('%session new "my other"')
    shell.run("%agent My name is Bob")
    shell.run("%session new alice")
    for cell in ("%agent My name is Alice", "%agent What's my name?", "%session rewind", "%agent hello"):
        shell.run(cell)
    shell.run("%session label 2 'the name'")
    for line in ("compare 2", "compare 'the name'", "compare 2 3", "compare #2 'turn 3'"):
        shown = shell.run(f"%session {line}")
        assert not shell.failed
        assert "A: turn 2 · B: " in shown
        assert "1 same, 1 other question" in shown
        assert "- What's my name?\n+ hello" in shown
    shown = shell.run('%session compare "my other"')
    assert "A: my other · B: the active branch" in shown
    assert "- My name is Bob\n+ My name is Alice" in shown
    assert "A: my other · B: turn 2" in shell.run("%session compare 'my other' 2")
    assert "2 turns, and nothing differs." in shell.run("%session compare alice")
    shell.run("%session list")
    assert "A: alice · B: my other" in shell.run("%session compare 0 'my other'")
    assert "B: the active branch" in shell.run("%session compare alice")
    shell.run("%agent still here?")
    assert not shell.failed


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        (
            "compare nobody",
            "alice has no turn 'nobody'. Its turns are 1 to 1: `%session tree` shows them. Nor is there ",
        ),
        ("compare nobody", "Nor is there a session 'nobody': `%session list --all` shows those."),
        ("compare 1 7", "alice has no turn '7'. Its turns are 1 to 1"),
        ("compare", "The following arguments are required: A. What can be typed: %session compare A [B]"),
        ("compare 1 2 3", "'3' is not understood. What can be typed: %session compare A [B]"),
        ("compare twin", "2 sessions answer to 'twin'"),
    ],
)
def test_what_cannot_be_compared_is_one_sentence(terminal: Shell, line: str, sentence: str) -> None:
    """It says what was typed, what there is, and where that is shown."""
    for name in ("twin", "twin", "alice"):
        terminal.run(f"%session new {name} --again")
        terminal.run("%agent hi")
    shown = terminal.run(f"%session {line}")
    assert terminal.failed
    assert sentence in shown
    assert "Traceback" not in shown


def test_without_a_session_there_is_nothing_to_compare_with(terminal: Shell) -> None:
    """It says what to do first."""
    for line in ("compare 1", "compare 1 2"):
        assert "There is no session yet. Ask something, or type `%session new`." in terminal.run(f"%session {line}")
        assert terminal.failed


def test_the_help_says_what_is_meant_first(terminal: Shell) -> None:
    """A turn before a session."""
    shown = terminal.run("%session help compare")
    assert "a turn's number, label or id's end; if no turn here answers to it, a session" in shown


def test_sessions_that_were_only_compared_are_let_go_of(tmp_path: Path, terminal: Shell) -> None:
    """Nothing is written to them, and another kernel may go on with them."""
    terminal.run("%session new other")
    terminal.run("%agent hi")
    terminal.run("%session new alice --again")
    terminal.run("%agent hi")
    files = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in Path(".sessions").glob("*.jsonl")}
    terminal.run("%session compare other alice")
    assert not terminal.failed
    assert {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in files} == files
    with SessionManager(tmp_path / "work" / ".sessions") as another:
        another.open("other").append(user("mine"))


# As a frame


def types(frame: pd.DataFrame) -> dict[str, str]:
    """Return the types of a frame's columns."""
    return {str(name): str(kind) for name, kind in frame.dtypes.items()}


def test_a_comparison_is_a_frame_of_fixed_columns() -> None:
    """One row a turn or pair of turns; the same columns and types without rows."""
    manager = memory()
    assert types(frames.comparison([])) == TYPES
    assert list(frames.comparison([]).columns) == list(TYPES)
    a = talk(manager.create(), "one", ("two", "yes"), "three")
    b = talk(manager.create(), "one", ("two", "no"))
    frame = ses.compare(a, b)
    assert types(frame) == TYPES
    assert list(frame["kind"]) == ["same", "other answer", "only in A"]
    assert frame["turn_b"].isna().tolist() == [False, False, True]
    assert list(frame["question_a"]) == ["one", "two", "three"]
    assert frame["diff"].tolist() == [pd.NA, "- yes\n+ no", pd.NA]
    assert list(frame["id_a"]) == a.turns.ids
    assert frame.loc[2, ["id_b", "question_b", "answer_b", "model_b"]].isna().all()
    assert types(ses.compare(manager.create(), manager.create())) == TYPES


def test_turns_of_one_session_mean_the_way_to_their_end() -> None:
    """By number, label or themselves; without the other, the active branch."""
    session = talk(memory().create("alice"), "one", "two")
    session.rewind()
    talk(session, "three")
    session.label(2, "old")
    for a in (2, "old", session.turns.numbered(2)):
        for frame in (
            ses.compare(a, 3, session=session),
            ses.compare(a, session=session),
            ses.compare(a, session, session=session),
        ):
            assert list(frame["kind"]) == ["same", "other question"]
            assert frame["turn_a"].tolist() == [1, 2]
            assert frame["turn_b"].tolist() == [1, 3]
    with pytest.raises(TurnNotFoundError, match="alice has no turn '9'"):
        ses.compare(9, session=session)
    wrong: Any = 1.5
    with pytest.raises(SessionsError, match=r"compare takes sessions or turns and not 1\.5"):
        ses.compare(wrong, session=session)
    with pytest.raises(SessionsError, match=r"%load_ext ipy_sessions"):
        ses.compare(1)


def test_the_kernels_session_is_the_one_that_is_meant(terminal: Shell) -> None:
    """In a notebook its turns need no session."""
    for cell in ("%agent one", "%agent two", "%session rewind", "%agent three"):
        terminal.run(cell)
    frame = ses.compare(2)
    assert list(frame["kind"]) == ["same", "other question"]
