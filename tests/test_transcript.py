"""A conversation to read, in a notebook and in a terminal."""

from __future__ import annotations

from typing import Any

import pytest
from conftest import Shell
from hypothesis import given
from hypothesis import strategies as st
from IPython.core.formatters import DisplayFormatter
from markdown_it import MarkdownIt

from ipy_sessions import Session, SessionManager, assistant, user
from ipy_sessions.entries import NewEntry
from ipy_sessions.render.markup import Markup
from ipy_sessions.render.transcript import RECENT, Marks, transcript
from ipy_sessions.render.transcript.pieces import PICTURE

PIXEL = {"type": "base64", "media_type": "image/png", "data": "aGVsbG8="}


@pytest.fixture
def session(manager: SessionManager) -> Session:
    """An empty session."""
    return manager.create("alice")


def shown(session: Session, most: int | None = None) -> Markup:
    """Return a session as `%session show` shows it."""
    marks = Marks.known(session.turns, session.hidden, session.content)
    return transcript(session.title, session.tree.path(), marks, most)


def asked(session: Session, question: str, answer: str, **fields: Any) -> None:
    """Add a turn."""
    session.append(user(question, **fields))
    session.append(assistant(answer, model="m"))


def test_a_turn_has_a_heading_and_says_what_it_took(session: Session) -> None:
    """The heading is an anchor for links; cell, tokens, cost and seconds stand in small print."""
    session.append(user("one", execution_count=3))
    usage = {"input_tokens": 1200, "output_tokens": 5}
    session.append(assistant("*1*", model="m", usage=usage, cost_usd=0.5, latency_ms=1500))
    both = shown(session)
    assert "#### turn 1\n\n**you** <small>20" in both.markdown
    assert " · cell \\[3\\]</small>\n\n> one" in both.markdown
    assert " · 1,200 in, 5 out · \\$0.50 · 1.5 s</small>\n\n*1*" in both.markdown
    assert " · turn 1 · cell [3]]\none" in both.plain
    assert " · 1,200 in, 5 out · $0.50 · 1.5 s]\n*1*" in both.plain


def test_calls_are_folded_with_their_results(session: Session) -> None:
    """What was given by name, what came, and that it failed; the message that only brings it is not shown."""
    session.append(user("go"))
    call = {"type": "tool_use", "id": "t1", "name": "ba<sh", "input": {"command": "ls -l\n```", "n": 3}}
    lost = {"type": "tool_use", "id": "t2", "name": "read", "input": {}}
    session.append(assistant([call, lost], model="m", stop_reason="tool_use"))
    result = {"type": "tool_result", "tool_use_id": "t1", "content": "no\n</details>", "is_error": True}
    session.append(user([result, {"type": "tool_result", "tool_use_id": "t9", "content": []}]))
    both = shown(session)
    assert (
        "<details><summary>ba&lt;sh <code>ls -l ```</code> (failed)</summary>\n\ncommand:\n\n````text" in both.markdown
    )
    assert "n: `3`\n\nresult:\n\n```text\nno\n</details>\n```" in both.markdown
    assert "<summary>read (no result)</summary>" in both.markdown
    assert "<summary>result</summary>\n\nnothing" in both.markdown
    assert "[ba<sh: ls -l ``` (failed)]\n  no\n  </details>\n[read (no result)]" in both.plain
    assert both.plain.count("[you") == 2


def test_what_a_tool_gave_is_cut_where_it_is_long(session: Session) -> None:
    """And it is said how much is left out, in a notebook and in a terminal."""
    session.append(user("go"))
    session.append(assistant([{"type": "tool_use", "id": "t", "name": "b", "input": {}}], stop_reason="tool_use"))
    session.append(user([{"type": "tool_result", "tool_use_id": "t", "content": "0123456\n" * 1000}]))
    both = shown(session)
    assert "… and 6,000 more characters" in both.markdown
    assert "… and 989 more lines" in both.plain
    assert len(both.markdown) < 3000
    assert len(both.plain) < 1000


def test_pictures_are_shown_and_documents_named(session: Session) -> None:
    """Small ones of dots; a large one, or one that could hold a program, by name alone."""
    large = {**PIXEL, "data": "a" * (PICTURE + 4)}
    drawing = {**PIXEL, "media_type": "image/svg+xml"}
    report = {"type": "document", "title": "a *b*", "source": {**PIXEL, "media_type": "application/pdf"}}
    session.append(user([*({"type": "image", "source": source} for source in (PIXEL, large, drawing)), report]))
    both = shown(session)
    assert both.markdown.count("](data:") == 1
    assert "![image, image/png, 6 bytes](data:image/png;base64,aGVsbG8=)" in both.markdown
    assert "*(image, image/png, 75,003 bytes)*" in both.markdown
    assert "*(image, image/svg+xml, 6 bytes)*" in both.markdown
    assert "*(document, a \\*b\\*, application/pdf, 6 bytes)*" in both.markdown
    assert "[image, image/svg+xml, 6 bytes]\n[document, a *b*, application/pdf, 6 bytes]" in both.plain


def test_summaries_are_cards(session: Session) -> None:
    """Where they stand; what follows them is no part of them, whatever they leave open."""
    asked(session, "one", "1")
    session.append(NewEntry("compaction", {"summary": "so **far**\n```\nopen"}))
    asked(session, "two", "2")
    both = shown(session)
    assert (
        "> **what was said before, summed up**\n>\n> so **far**\n>\n> ```\n> open\n> ```\n\n#### turn 2"
        in both.markdown
    )
    assert "[what was said before, summed up]\nso **far**" in both.plain


def test_other_answers_to_one_question_stand_folded_below_it(session: Session) -> None:
    """As imported conversations have them, where an answer was asked for anew: nothing that was said is passed over."""
    question = session.append(user("one"))
    for text in ("first </details>", "second", "third"):
        session.move(question.id)
        session.append(assistant(text))
    both = shown(session)
    assert both.plain.count("one") == 1
    assert "answer 3 of 3" in both.plain.partition("third")[0]
    assert both.plain.endswith("[answer 1 of 3: “first </details>”]\n\n[answer 2 of 3: “second”]")
    assert "<details><summary>answer 2 of 3: “second”</summary>\n\n> second" in both.markdown
    assert "> first \\</details\\>" in both.markdown


def test_other_versions_stand_folded_below_a_turn(session: Session) -> None:
    """Which of how many it is, and the others with their question and answer: to be read without a kernel."""
    asked(session, "one", "1")
    asked(session, "two", "answer </details> *a*")
    session.rewind(1)
    asked(session, "two", "answer b")
    both = shown(session)
    assert " · answer 2 of 2</small>" in both.markdown
    told = "> two  \n\n> answer \\</details\\> \\*a\\*  \n\n<small>`%session switch 2` goes on there.</small>"
    assert both.markdown.endswith(f"<details><summary>answer 1 of 2: turn 2, “two”</summary>\n\n{told}\n\n</details>")
    assert both.plain.endswith("\n\n[answer 1 of 2: turn 2, “two”]")
    session.rewind(1)
    asked(session, "something else", "c")
    assert " · version 3 of 3</small>" in shown(session).markdown
    for number in range(9):
        session.rewind(1)
        asked(session, f"{number}", "d")
    assert "6 more: %session tree shows them." in shown(session).markdown


def test_an_answer_that_stopped_says_so(session: Session) -> None:
    """Whether it was stopped or broke off, and then why."""
    session.append(user("one"))
    session.append(assistant("so", model="m", stop_reason=None, end="error", error={"message": "the line *is* dead"}))
    both = shown(session)
    assert "broken off; what came until then is kept: the line \\*is\\* dead</small>" in both.markdown
    assert "broken off; what came until then is kept: the line *is* dead]" in both.plain


def test_a_long_conversation_is_shown_from_its_end(session: Session) -> None:
    """As far as there is room; how many messages come before is said, and how to see them."""
    for number in range(1, 1001):
        asked(session, f"question {number}", "word " * 100)
    both = shown(session, 5000)
    assert len(both.markdown) < 7000
    assert both.markdown.startswith("### alice\n\n<small>… 1,9")
    assert "`%session show --all` shows all of it, and `%session export html`" in both.markdown
    assert "question 1000" in both.plain
    assert "question 9\n" not in both.plain
    assert "question 1\n" in shown(session).plain


@given(st.lists(st.tuples(st.integers(0, 3000), st.integers(0, 9000)), max_size=12), st.integers(1, 20_000))
def test_no_bound_is_passed_by_more_than_a_message(sizes: list[tuple[int, int]], most: int) -> None:
    """However long questions and answers are; the last answer is there, or its beginning."""
    session = SessionManager.in_memory().create("x")
    for question, answer in sizes:
        asked(session, f"q{'a' * question}", f"b{'c' * answer}")
    both = shown(session, most)
    assert len(both.markdown) < 2 * most + 2000
    assert not sizes or "\nb" in both.plain


def test_one_message_of_megabytes_is_cut(session: Session) -> None:
    """As is one of a thousand calls: a notebook is never given all of it without being asked."""
    asked(session, "q", "word " * 400_000)
    assert len(shown(session, 5000).markdown) < 7000
    calls = [{"type": "tool_use", "id": str(n), "name": "b", "input": {"a": "x\n" * 3000}} for n in range(1000)]
    session.append(user("go"))
    session.append(assistant(calls, model="m"))
    both = shown(session, 5000)
    assert len(both.markdown) < 10_000
    assert "more parts" in both.markdown


LINES = st.lists(
    st.sampled_from(["```", "~~~~", "</details>", "# a", "<b>", "    x", "> y", "- a", "</summary>", "$$"])
)


@given(LINES)
def test_whatever_is_folded_stays_folded(lines: list[str]) -> None:
    """What a tool got and gave, thinking and other versions end nothing that is around them."""
    text = "\n".join(lines)
    session = SessionManager.in_memory().create("x")
    asked(session, text or "x", text)
    session.rewind(1)
    session.append(user(text or "y"))
    call = {"type": "tool_use", "id": "t", "name": text, "input": {text: text}}
    session.append(assistant([{"type": "thinking", "thinking": text}, call], stop_reason="tool_use"))
    session.append(user([{"type": "tool_result", "tool_use_id": "t", "content": text}]))
    both = shown(session)
    tokens = MarkdownIt().parse(f"{both.markdown}\n\n# the end")
    blocks = [token.content.strip() for token in tokens if token.type == "html_block"]
    assert sum(block.startswith("<details>") for block in blocks) == sum(block == "</details>" for block in blocks)
    assert tokens[-2].content == "the end"


def test_a_session_shows_itself_as_the_last_expression_of_a_cell(session: Session) -> None:
    """Where it is and its last turns, as Markdown and as plain text; among others it is a line."""
    asked(session, "one", "1")
    bundle, _ = DisplayFormatter().format(session)
    assert {"text/markdown", "text/plain"} == set(bundle)
    assert "### alice\n\n<small>1 turn · it stands behind turn 1 · m · `" in bundle["text/markdown"]
    assert "#### turn 1" in bundle["text/markdown"]
    assert bundle["text/plain"].startswith("alice\n1 turn · it stands behind turn 1 · m · ")
    assert "\n\n[m, 20" in bundle["text/plain"]
    (many, _) = DisplayFormatter().format([session])
    assert many["text/plain"].startswith("[<Session 'alice', 2 messages")
    for _ in range(1000):
        asked(session, "and", "word " * 100)
    bundle, _ = DisplayFormatter().format(session)
    assert "`%session show` shows more" in bundle["text/markdown"]
    assert len(bundle["text/markdown"]) < 2 * RECENT


def test_an_empty_session_shows_itself(manager: SessionManager) -> None:
    """And says that nothing was said."""
    bundle, _ = DisplayFormatter().format(manager.create("alice"))
    assert "0 turns" in bundle["text/plain"]
    assert "Nothing was said yet." in bundle["text/markdown"]


def test_a_closed_session_shows_itself(manager: SessionManager, session: Session) -> None:
    """What is in memory is still there to be read."""
    asked(session, "one", "1")
    manager.close(session)
    assert "#### turn 1" in DisplayFormatter().format(session)[0]["text/markdown"]


def test_show_all_shows_all(terminal: Shell) -> None:
    """By default a notebook gets the end of a long conversation; `--all` is for whoever wants it."""
    terminal.run("%session new alice")
    terminal.run("import ipy_sessions as ses")
    terminal.run("for n in range(300): ses.current().append(ses.user(f'question {n} ' + 'x' * 1000))")
    assert "question 0 " not in terminal.run("%session show")
    assert "question 0 " in terminal.run("%session show --all")
