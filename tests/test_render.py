"""What a reader sees."""

from __future__ import annotations

import io
import math
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipy_sessions import Reply, SessionManager, TextDelta, ThinkingDelta, Waiting, assistant, user
from ipy_sessions.counting import summarise
from ipy_sessions.events import Event
from ipy_sessions.render import panels
from ipy_sessions.render.live import LiveView
from ipy_sessions.render.markup import Markup, closed, code, escaped, quoted, table
from ipy_sessions.render.reply import answer, last_line
from ipy_sessions.render.terminal import TerminalView
from ipy_sessions.render.transcript import Marks, transcript
from ipy_sessions.replay import Branch
from ipy_sessions.summary import SessionInfo


class Display:
    """Stands for IPython's display and its handle, and keeps what was shown."""

    def __init__(self) -> None:
        self.shown: list[tuple[str, dict[str, str]]] = []

    def __call__(self, bundle: dict[str, str], **_: Any) -> Display:
        """Show something new."""
        self.shown.append(("display", bundle))
        return self

    def update(self, bundle: dict[str, str], **_: Any) -> None:
        """Replace what was shown."""
        self.shown.append(("update", bundle))


class Clock:
    """A clock that stands still until it is moved, and lets happen what was to happen by then."""

    def __init__(self) -> None:
        self.now = 0.0
        self.steps: list[tuple[float, Callable[[], None], Clock]] = []

    def later(self, seconds: float, step: Callable[[], None]) -> Clock:
        """Take a step in some seconds."""
        alarm = Clock()
        alarm.now = self.now
        self.steps.append((self.now + seconds, step, alarm))
        return alarm

    def cancel(self) -> None:
        """Call the step off."""
        self.now = math.inf

    def move(self, seconds: float) -> None:
        """Let time go by."""
        end = self.now + seconds
        for when, step, alarm in [one for one in self.steps if one[0] <= end]:
            self.now = when
            self.steps = [one for one in self.steps if one[2] is not alarm]
            if alarm.now < math.inf:
                step()
        self.now = end


def play(deltas: int, pause: float, text: str = "word ") -> Display:
    """Stream some deltas, a pause in seconds before each; return what was displayed."""
    display, clock = Display(), Clock()
    view = LiveView(display, lambda: clock.now, later=clock.later)
    for _ in range(deltas):
        clock.move(pause)
        view.show(TextDelta(text))
    view.finish(Markup("all", "all"), "end")
    return display


def test_the_first_words_are_shown_at_once_and_the_last_always() -> None:
    """One display, then updates of it; the last holds everything in both forms."""
    display = play(3, 0.001)
    assert display.shown == [
        ("display", {"text/markdown": "word ", "text/plain": "word "}),
        ("update", {"text/markdown": "all", "text/plain": "all"}),
    ]


def test_what_came_in_a_burst_is_shown_when_the_model_falls_silent() -> None:
    """After a tenth of a second, without another event; and nothing of it after the end."""
    display, clock = Display(), Clock()
    view = LiveView(display, lambda: clock.now, later=clock.later)
    for word in "abc":
        view.show(TextDelta(word))
    assert [bundle["text/plain"] for _, bundle in display.shown] == ["a"]
    clock.move(60)
    assert [bundle["text/plain"] for _, bundle in display.shown] == ["a", "abc"]
    view.show(TextDelta("d"))
    view.show(TextDelta("e"))
    view.finish(Markup("all", "all"), "end")
    clock.move(60)
    assert [bundle["text/plain"] for _, bundle in display.shown] == ["a", "abc", "abcd", "all"]


def test_there_are_at_most_ten_updates_a_second() -> None:
    """However fast the model."""
    assert len(play(1000, 0.005).shown) <= 5 * 10 + 2
    assert len(play(1000, 0.005).shown) > 5 * 9


def test_updates_become_fewer_as_the_text_grows() -> None:
    """About a hundred kilobytes a second, whatever the length."""
    display = play(1000, 0.01, "x" * 100)
    sent = sum(len(bundle["text/markdown"]) for _, bundle in display.shown)
    assert sent < 1.2 * 100_000 * 10  # ten seconds; ten updates a second would send five times as much


def test_a_terminal_prints_each_piece_once() -> None:
    """What was printed is not printed again at the end."""
    stream = io.StringIO()
    view = TerminalView(stream)
    view.show(TextDelta("one "))
    view.show(TextDelta("two"))
    assert stream.getvalue() == "one two"
    view.finish(Markup("masked", "masked"), "end")
    assert stream.getvalue() == "one two\n\nend\n"
    silent = io.StringIO()
    TerminalView(silent).finish(Markup("<b>all</b>", "all\n\nend"), "end")
    assert silent.getvalue() == "all\n\nend\n"


def test_waiting_and_thinking_are_shown_in_place_of_the_answer_to_come() -> None:
    """A countdown, then folded thinking, then the text below it; all in one display."""
    display = Display()
    now = iter(range(100))
    view = LiveView(display, lambda: next(now), later=Clock().later)
    for event in (
        Waiting(2.0, "Overloaded", 1, 5),
        Waiting(0, "Overloaded", 1, 5),
        ThinkingDelta("a *b*"),
        TextDelta("c"),
    ):
        view.show(event)
    plain = [bundle["text/plain"] for _, bundle in display.shown]
    assert plain == [
        "Overloaded: asking again in 2 s (1 of 5)",
        "Overloaded: asking again now (1 of 5)",
        *("[thinking, 2 words]\n\n", "[thinking, 2 words]\n\nc"),
    ]
    folded = "<details><summary>thinking, 2 words</summary>\n\n> a \\*b\\*  \n\n</details>\n\nc"
    assert display.shown[-1][1]["text/markdown"] == folded
    assert [kind for kind, _ in display.shown] == ["display", "update", "update", "update"]


class Tty(io.StringIO):
    """A terminal that keeps what is written."""

    def isatty(self) -> bool:
        """Say that it is one."""
        return True


def test_a_terminal_writes_over_what_is_no_answer() -> None:
    """Countdown and thinking are one line that goes away; where lines cannot be written over, they are fewer."""
    events: list[Event] = [Waiting(seconds, "Busy", 1, 5) for seconds in (2.0, 1.0, 0)]
    events += [ThinkingDelta("hm"), TextDelta("hi")]
    over = "\r\x1b[K"
    lines = [f"Busy: asking again {when} (1 of 5)" for when in ("in 2 s", "in 1 s", "now")]
    for stream, expected in (
        (Tty(), "".join(over + line for line in [*lines, "thinking …", "[thinking, 1 word]\n\nhi"])),
        (io.StringIO(), f"{lines[0]}\n[thinking, 1 word]\n\nhi"),
    ):
        view = TerminalView(stream)
        for event in events:
            view.show(event)
        view.finish(Markup("hi", "hi"), "end")
        assert stream.getvalue() == f"{expected}\n\nend\n"


@pytest.mark.parametrize(
    ("text", "ends"),
    [
        ("no code", "no code"),
        ("```python\nx = 1", "```python\nx = 1\n```"),
        ("```\nx\n```", "```\nx\n```"),
        ("````\n```\nx", "````\n```\nx\n````"),
        ("~~~\n```", "~~~\n```\n~~~"),
        ("```\nx\n```python", "```\nx\n```python\n```"),
        ("text ``` inline", "text ``` inline"),
    ],
)
def test_an_open_code_fence_is_closed(text: str, ends: str) -> None:
    """So that the last line of a stopped answer is not taken for code."""
    assert closed(text) == ends


def test_names_are_shown_as_they_are() -> None:
    """Nothing that a user calls a session becomes markup."""
    assert escaped("a*b_c|d <i>") == r"a\*b\_c\|d \<i\>"
    assert code("a`b") == "``a`b``"
    assert code("`a") == "`` `a ``"
    assert quoted("# no heading\n\n1") == "> \\# no heading  \n>\n> 1  "


def test_a_table_has_both_forms() -> None:
    """Markdown for notebooks, columns for terminals."""
    shown = table(("#", "session"), [("1", "a|b"), ("10", "c")], right=(0,))
    assert shown.markdown == "| \\# | session |\n| ---: | --- |\n| 1 | a\\|b |\n| 10 | c |"
    assert shown.plain == " #  session\n 1  a|b\n10  c"
    assert repr(shown) == shown.plain


def reply(**fields: Any) -> Reply:
    """Return a reply of one word."""
    return Reply([{"type": "text", "text": "Hello."}], "offline", **{"stop_reason": "end_turn", **fields})


def shown_with(one: Reply, title: str, where: str) -> Markup:
    """Return a reply as it stays below its cell."""
    return answer(one, last_line(one, title, where))


def test_the_last_line_says_model_tokens_session_and_file() -> None:
    """In small print, and in both forms."""
    shown = shown_with(reply(usage={"input_tokens": 1200, "output_tokens": 3}), "al*ice", ".sessions/x.jsonl")
    assert shown.markdown == "Hello.\n\n<small>offline · 1,200 in, 3 out · al\\*ice · `.sessions/x.jsonl`</small>"
    assert shown.plain == "Hello.\n\noffline · 1,200 in, 3 out · al*ice · .sessions/x.jsonl"


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"stop_reason": None, "end": "interrupted"}, "stopped; what came until then is kept"),
        ({"stop_reason": None, "end": "error"}, "broken off; what came until then is kept"),
        ({"stop_reason": "max_tokens"}, "cut at `max_tokens`; `%agent go on` asks for the rest"),
    ],
)
def test_the_last_line_says_when_an_answer_is_not_whole(fields: dict[str, Any], word: str) -> None:
    """First of all."""
    shown = shown_with(reply(**fields), "s", "f")
    assert shown.plain.splitlines()[-1].startswith(f"{word} · offline")
    assert f"<small>**{word}**" in shown.markdown


def test_the_last_line_says_tokens_of_the_cache_cost_and_notes() -> None:
    """Tokens that were cheaper and dearer are told apart; a cost that is not known is not told as one."""
    usage = {
        "input_tokens": 12,
        "cache_read_input_tokens": 900,
        "cache_creation_input_tokens": 30,
        "output_tokens": 340,
    }
    shown = shown_with(reply(usage=usage, cost_usd=0.0031, notes=("Asked without *x*.",)), "s", "f")
    assert shown.plain == (
        "Hello.\n\nAsked without *x*.\n"
        "offline · 12 in + 900 from the cache, 30 into the cache, 340 out · $0.0031 · s · f"
    )
    assert "<small>Asked without \\*x\\*.</small>\n\n<small>offline" in shown.markdown
    assert "$" not in shown_with(reply(usage=usage), "s", "f").plain


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"stop_reason": "refusal"}, "refused; this turn is not sent again"),
        (
            {"stop_reason": "refusal", "stop_details": {"category": "cyber", "explanation": "No."}},
            "refused (cyber: No.); this turn is not sent again",
        ),
        ({"stop_reason": "model_context_window_exceeded"}, "cut: the context window is full"),
        ({"stop_reason": "pause_turn"}, "paused; `%agent go on` asks for the rest"),
        ({"stop_reason": None, "end": "error", "content": []}, "no answer"),
        ({"stop_reason": "something new"}, ""),
    ],
)
def test_the_last_line_says_how_it_ended(fields: dict[str, Any], words: str) -> None:
    """First of all, when it is not as it should be."""
    one = replace(reply(), **fields)
    assert shown_with(one, "s", "f").plain.splitlines()[-1] == f"{f'{words} · ' if words else ''}offline · s · f"


def test_thinking_stays_folded_above_the_answer() -> None:
    """As it was written, whatever markup it holds; in plain text its length alone."""
    thought = {"type": "thinking", "thinking": "</details> ```x", "signature": "s"}
    shown = shown_with(replace(reply(), content=[thought, *reply().content]), "s", "f")
    assert shown.markdown.startswith(
        "<details><summary>thinking, 2 words</summary>\n\n> \\</details\\> \\`\\`\\`x  \n\n</details>\n\nHello."
    )
    assert shown.plain == "[thinking, 2 words]\n\nHello.\n\noffline · s · f"


def test_a_cost_that_is_not_known_is_not_nothing() -> None:
    """Free is free, unknown is unknown."""
    assert [panels.dollars(cost) for cost in (0.0, None, 0.0042, 1.5)] == ["$0.00", "unknown", "$0.0042", "$1.50"]


def test_a_list_says_what_it_does_not_show(manager: SessionManager) -> None:
    """Number, name or first message, messages, date; and what was left out, with the way to see it."""
    session = manager.create()
    session.prompt("My   name is\nAlice " + "x" * 100)
    info = session.info()
    rows = panels.Listing(None, (info,) * 60)
    shown = panels.listing(rows, info.modified + timedelta(hours=2), 3, [(Path("odd.jsonl"), "not a session")]).plain
    lines = shown.splitlines()
    assert lines[1] == f" 1  My name is Alice {'x' * 33} (000001)         2  2 hours ago"
    assert len([line for line in lines if "2 hours ago" in line]) == 50
    older = panels.listing(rows, info.modified + timedelta(days=2), 0, []).plain
    assert f"{info.modified.astimezone():%Y-%m-%d %H:%M}" in older.splitlines()[1]
    assert lines[-3:] == [
        "10 more, numbered on in the same order.",
        "3 more of other notebooks: `%session list --all` shows them.",
        "Skipped odd.jsonl: not a session",
    ]
    assert rows.row(60) == info
    assert rows.row(61) is None
    assert rows.row(0) is None


def test_damaged_lines_are_reported_with_their_numbers(manager: SessionManager) -> None:
    """In the line that says which session was opened; many are not all named."""
    session = manager.create("alice")

    def damaged(*lines: int) -> SessionInfo:
        return summarise(session.file, session.header, session.tree, lines)

    assert panels.came("opened", damaged(3), "f").plain == ("opened alice, f; 1 damaged line skipped (line 3)")
    assert "8 damaged lines skipped (line 2, 3, 4, 5, 6 …)" in (
        panels.came("opened", damaged(*range(2, 10)), "f").markdown
    )


def test_a_transcript_shows_who_said_what(manager: SessionManager) -> None:
    """Questions as quotations, answers as the Markdown that they are."""
    session = manager.create("al*ice")
    assert "Nothing was said yet." in transcript("x", []).plain
    session.prompt("# My name is Alice")
    shown = transcript(session.title, session.tree.path())
    assert shown.markdown.startswith("### al\\*ice\n\n**you** <small>2026-03-01")
    assert "> \\# My name is Alice" in shown.markdown
    assert "# My name is Alice\n\n[offline, 2026-03-01" in shown.plain


def test_a_transcript_says_what_is_hidden_copied_and_labelled(manager: SessionManager) -> None:
    """In small print beside who spoke; who is hidden is struck through, and the text folded away."""
    session = manager.create("alice")
    session.prompt("one")
    session.prompt("two *more*")
    session.label(2, "a *better* one")
    first, second = session.turns
    session.branch_off(Branch(first, None, [second]))
    marks = Marks(session.hidden, session.turns.labels, {one: n for n, one in enumerate(session.turns.ids, start=1)})
    shown = transcript("alice", session.tree.path(), marks)
    assert " · turn 3 · carried along from turn 2]\ntwo *more*" in shown.plain
    assert " · carried along]\n" in shown.plain
    assert "#### turn 3\n\n**you** <small>2026" in shown.markdown
    assert " · carried along from turn 2</small>" in shown.markdown
    shown = transcript("alice", session.tree.path(second.last), marks)
    assert "#### turn 2\n\n**you** <small>2026" in shown.markdown
    assert " · “a \\*better\\* one”</small>" in shown.markdown
    session.switch_to(2)
    session.hide(2)
    shown = transcript("alice", session.tree.path(), Marks(session.hidden))
    assert "~~**you**~~ <small>2026" in shown.markdown
    folded = "<details><summary>not sent, 2 words</summary>\n\n> two \\*more\\*  \n\n</details>"
    assert f"· hidden</small>\n\n{folded}" in shown.markdown
    assert "· hidden]\n~ two *more*" in shown.plain
    assert shown.markdown.count("~~") == 4
    assert "**you** <small>" in shown.markdown.split("~~")[0]


@given(
    st.lists(st.sampled_from(["```", "~~~~", "</details>", "~~", "# a", "<b>", "    x", "", "text", "`", "- a", "|a|"]))
)
def test_whatever_is_hidden_stays_folded(lines: list[str]) -> None:
    """Fences, tags and tildes in it end nothing, and nothing that follows is taken for a part of it."""
    session = SessionManager.in_memory().create()
    session.append(user("\n".join(lines)))
    session.append(assistant("\n".join(lines)))
    session.hide(1)
    session.append(user("then"))
    shown = transcript("x", session.tree.path(), Marks(session.hidden)).markdown
    assert closed(shown) == shown
    assert shown.count("<details>") == shown.count("\n</details>") == 2
    inside = [one.split("</summary>")[1].split("\n</details>")[0] for one in shown.split("<details>")[1:]]
    assert all(line.startswith(">") for one in inside for line in one.splitlines() if line)
    assert shown.endswith("\n\n> then  ")


def test_a_terminal_shows_what_was_said_and_does_not_obey_it() -> None:
    """An escape in a title or a reply colours nothing, renames no window and moves no cursor; lines and tabs stay."""
    said = "a\x1b[31mred\x1b]0;title\x07\x9b2J\x7f\tb\r\nc\rd"
    shown = "a\u241b[31mred\u241b]0;title\u2407\ufffd2J\u2421\tb\nc\u240dd"
    assert repr(Markup(said, said)) == shown
    assert table(["\x1b"], [[said]]).plain == f"\u241b\n{shown}"
    stream = io.StringIO()
    TerminalView(stream).show(TextDelta(said))
    assert stream.getvalue() == shown
