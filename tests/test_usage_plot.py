"""What was spent as a picture: whatever is drawn is a sum of the table, and what is not known is never drawn as 0."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from cli_kit import Ran, line  # noqa: F401 - a fixture
from conftest import Shell
from hypothesis import given
from hypothesis import strategies as st
from spending_kit import MODELS, talks, transcripts, write

import ipy_sessions as ses
from ipy_sessions.plotting.figure import LONGEST_SVG, LOOKS, STYLE
from ipy_sessions.plotting.plot import MOST
from ipy_sessions.plotting.shape import GROUPS, STEPS
from ipy_sessions.plotting.text import MOST as LINES
from ipy_sessions.readers.transcript import Draft, Transcript
from ipy_sessions.render.tree.caption import columns
from ipy_sessions.table.usage_totals import By

_keys = count()


def answers(*some: tuple[str, datetime | None, float | None]) -> Transcript:
    """Return a conversation in which models have answered at times and prices."""
    draft = Draft("other", f"plot {next(_keys)}", "2026-01-01T00:00:00Z")
    for model, ts, cost in some:
        usage = {"input_tokens": 10, "cache_read_input_tokens": 30, "output_tokens": 5}
        fields: dict[str, Any] = {"role": "assistant", "content": [], "model": model, "usage": usage, "cost_usd": cost}
        draft.add("message", fields, ts="" if ts is None else f"{ts:%Y-%m-%dT%H:%M:%SZ}")
    return draft.finish()


def day(number: int, hour: int = 12) -> datetime:
    """Return a time on a day of 2026, from 0."""
    return datetime(2026, 1, 1, hour, tzinfo=UTC) + timedelta(days=number)


TIMES = st.datetimes(datetime(1999, 1, 1), datetime(2031, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - of hypothesis
SPENT = st.lists(st.tuples(st.sampled_from("abcdefgh"), TIMES, st.none() | st.floats(0, 9, width=16)), max_size=12)


@given(st.lists(SPENT, min_size=1, max_size=3), st.sampled_from(["model", "session", "day"]))
def test_what_is_drawn_is_what_was_spent(conversations: list[list[Any]], by: By) -> None:
    """All of it, over steps without gaps, of which there are not too many, in a few groups."""
    read = [answers(*some) for some in conversations]
    plot, table = ses.usage_plot(read, by=by), ses.read(read).usage.to_pandas()
    for frame in (plot.frame, plot.groups):
        assert frame["answers"].sum() == len(table)
        assert frame["unpriced"].sum() == table["cost_usd"].isna().sum()
        assert frame["known_cost_usd"].sum() == pytest.approx(table["cost_usd"].sum())
        assert frame["cache_read_tokens"].sum() == table["cache_read_tokens"].sum()
    assert plot.frame["start"].nunique() <= MOST
    assert len(plot.groups) <= GROUPS
    if len(table):
        rows = plot.plain.split("\n\n")[0].splitlines()
        assert 2 <= len(rows) <= LINES + 1


@pytest.mark.parametrize(
    ("last", "step"),
    [(0, "hour"), (3, "hour"), (4, "day"), (85, "day"), (100, "week"), (800, "month"), (5000, "year")],
)
def test_a_step_is_as_long_as_it_must_be(last: int, step: str) -> None:
    """From hours to years, each beginning where a clock or a calendar has it begin."""
    frame = ses.usage_plot(answers(("m", day(0), 1.0), ("m", day(last), 1.0))).frame
    first = frame["start"].min()
    begins = {"hour": day(0), "day": day(0, 0), "week": datetime(2025, 12, 29, tzinfo=UTC)}
    assert first == begins.get(step, day(0, 0))
    assert step in STEPS
    assert f"per {step} (UTC)" in ses.usage_plot(answers(("m", day(0), 1.0), ("m", day(last), 1.0))).figure.axes[
        1
    ].get_title(loc="left")


def test_an_unknown_price_is_said_and_never_drawn_as_nothing() -> None:
    """A step whose prices are not known has a question mark and no bar; in text it says so."""
    some, none = (
        ses.usage_plot(answers(("m", day(0), 1.0), ("m", day(1), None))),
        ses.usage_plot(answers(("m", day(0), None))),
    )
    assert some.frame["known_cost_usd"].isna().tolist() == [False, True]
    costs = some.figure.axes[0]
    assert [bar.get_height() for bar in costs.patches] == [1.0]
    assert [mark.get_text() for mark in costs.texts] == ["?"]
    assert "No price is known of 1 of 2 answers: those are in no sum of costs." in some.plain
    assert re.search(r"2026-01-02 \S+ +unknown +█", some.plain) or re.search(r"12:00 +unknown +█", some.plain)
    assert not none.figure.axes[0].patches
    assert none.figure.axes[0].texts[0].get_text() == "none is known"
    assert "No price is known." in none.plain
    assert "$" not in none.plain


def test_what_costs_nothing_is_not_called_unknown() -> None:
    """A price of 0 is a price."""
    free = ses.usage_plot(answers(("offline", day(0), 0.0)))
    assert free.figure.axes[0].texts[0].get_text() == "none"
    assert "$0.00" in free.plain
    assert "known" not in free.plain


def test_answers_without_a_time_are_in_the_sums_alone() -> None:
    """And that is said."""
    plot = ses.usage_plot(answers(("m", day(0), 1.0), ("m", None, 1.0)))
    if plot.frame["answers"].sum() == 1:  # a reader may have given it the time of its neighbour
        assert "1 of 2 answers could be put at no time that is drawn." in plot.plain
    assert plot.groups["answers"].sum() == 2


def test_many_sessions_are_as_large_a_picture_as_a_few() -> None:
    """The dearest five have a place of their own, and the rest is one; nothing is left out of a sum."""
    read = transcripts(talks(3000, 60))
    plot = ses.usage_plot(read, by="session")
    data, known = plot._repr_mimebundle_()
    assert plot.groups["group"].tolist()[-1] == "2,995 others"
    assert plot.groups["answers"].sum() == len(ses.read(read).usage)
    assert plot.groups["known_cost_usd"][:5].is_monotonic_decreasing
    assert max(len(text) for text in data.values()) < 200_000
    assert len(plot.plain) < 8000
    assert set(data) in ({"image/svg+xml", "text/plain"}, {"image/png", "text/plain"})
    assert ("image/png" in data) == ("image/png" in known)


def test_a_large_picture_is_shown_by_its_dots() -> None:
    """And a small one by its lines."""
    small, _ = ses.usage_plot(transcripts(talks(3, 0)))._repr_mimebundle_()
    assert len(small["image/svg+xml"]) < LONGEST_SVG
    every_day = [(f"m{number % 6}", day(number // 6), 1.0) for number in range(6 * 80)]
    large, known = ses.usage_plot(answers(*every_day))._repr_mimebundle_()
    assert set(large) == {"image/png", "text/plain"}
    assert known["image/png"]["width"] < 800


def test_titles_are_data(tmp_path: Path) -> None:
    """Dollars are no formula, a tag is no tag, and letters that a font has not break nothing."""
    with ses.SessionManager(tmp_path / ".sessions") as manager:
        for name in ("$x^2$ and <b>", "你好 🌧 rain", "$unclosed"):
            session = manager.create(name)
            session.append(ses.user("hi"))
            session.append(ses.assistant("yes", model="m", usage={"input_tokens": 3}, cost_usd=0.5))
    plot = ses.usage_plot(tmp_path / ".sessions", by="session")
    svg = plot._repr_mimebundle_()[0]["image/svg+xml"]
    texts = ET.fromstring(svg).itertext()  # noqa: S314 - ours
    assert {"$x^2$ and <b>", "$unclosed"} <= {text.strip() for text in texts}
    rows = [row for row in plot.plain.splitlines() if "█" in row][1:]
    assert len({columns(row.split("█")[0]) for row in rows}) == 1


def test_sessions_of_one_title_are_told_apart(tmp_path: Path) -> None:
    """By the ends of their ids."""
    with ses.SessionManager(tmp_path / ".sessions") as manager:
        for _ in range(2):
            session = manager.create("same")
            session.append(ses.user("hi"))
            session.append(ses.assistant("yes", model="m", usage={"input_tokens": 3}, cost_usd=0.5))
        tails = {row.id[-6:] for row in manager.list()}
    groups = ses.usage_plot(tmp_path / ".sessions", by="session").groups["group"]
    assert set(groups) == {f"same ({tail})" for tail in tails}


@pytest.mark.parametrize("by", ["model", "session", "day"])
def test_nothing_spent_is_one_sentence(by: By) -> None:
    """In both forms; the frames have their columns."""
    empty, full = ses.usage_plot([], by=by), ses.usage_plot(transcripts(talks(3)), by=by)
    assert empty._repr_mimebundle_() == ({"text/plain": "Nothing was spent: no model has answered."}, {})
    assert repr(empty) == "Nothing was spent: no model has answered."
    assert empty.frame.dtypes.equals(full.frame.dtypes)
    assert empty.groups.dtypes.equals(full.groups.dtypes)
    assert empty.figure.axes


def test_another_kind_is_refused() -> None:
    """In the sentence of `usage`."""
    with pytest.raises(ses.SessionsError, match="and not by 'week'"):
        ses.usage_plot([], by="week")  # type: ignore[arg-type]


def test_every_look_is_another_without_its_ink() -> None:
    """Its hatch and its marker suffice; there is one for each group."""
    assert len({look.hatch for look in LOOKS}) == len({look.marker for look in LOOKS}) == len(LOOKS) == GROUPS


def light(ink: str) -> float:
    """Return the luminance of a colour, as WCAG counts it."""
    parts = [int(ink[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("paper", ["#ffffff", "#111111", "#1e1e1e", "#0d1117", "#22272e"])
def test_every_ink_is_read_on_every_paper(paper: str) -> None:
    """Three times as light or as dark, at least: JupyterLab's papers, an editor's and those of a code-hosting page."""
    for ink in [look.ink for look in LOOKS] + [ink for ink in STYLE.values() if str(ink).startswith("#")]:
        dark, bright = sorted([light(ink), light(paper)])
        assert (bright + 0.05) / (dark + 0.05) >= 3


def test_no_pyplot_no_backend_and_nothing_left_over() -> None:
    """Neither does reading bring matplotlib in, nor does the text."""
    code = (
        "import sys, ipy_sessions as ses\n"
        "with ses.SessionManager('.sessions') as manager:\n"
        "    session = manager.create('a')\n"
        "    session.append(ses.user('hi'))\n"
        "    session.append(ses.assistant('yes', model='m', usage={'input_tokens': 3}, cost_usd=0.5))\n"
        "plot = ses.usage_plot('.sessions')\n"
        "print(plot, 'matplotlib' in sys.modules)\n"
        "import matplotlib\n"
        "before = matplotlib.rcParams.copy()\n"
        "plot._repr_mimebundle_()\n"
        "print(matplotlib.rcParams.copy() == before, 'matplotlib.pyplot' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-2:] == [done.stdout.splitlines()[-2], "True False"]
    assert done.stdout.splitlines()[-2].endswith("False")


def test_without_matplotlib_the_text_says_what_is_missing() -> None:
    """One sentence below it; whoever asks for the figure gets an error that says the same."""
    code = (
        "import sys; sys.modules['matplotlib'] = None\n"
        "import ipy_sessions as ses\n"
        "with ses.SessionManager('.sessions') as manager:\n"
        "    session = manager.create('a')\n"
        "    session.append(ses.user('hi'))\n"
        "    session.append(ses.assistant('yes', model='m', usage={'input_tokens': 3}, cost_usd=0.5))\n"
        "plot = ses.usage_plot('.sessions')\n"
        "print(plot._repr_mimebundle_()[0]['text/plain'])\n"
        "try:\n    plot.figure\nexcept ses.SessionsError as error:\n    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.count("A picture needs matplotlib: `pip install 'ipy_sessions[plot]'`.") == 2
    assert "$0.50" in done.stdout


def test_below_a_cell_it_is_a_picture(notebook: Shell) -> None:
    """The value of the cell; of this notebook, or of what is named; of nothing, a sentence."""
    assert "Nothing was spent" in notebook.run("print(get_ipython().run_line_magic('session', 'usage --plot'))")
    write(Path(".sessions"), talks(4, 3))
    notebook.run("%session usage --plot --all --by session")
    (plot,) = [notebook.ip.user_ns["_"]]
    assert plot.groups["group"].tolist() != []
    assert len(plot.groups) == 4
    notebook.run("%session usage 'talk 1' --plot")
    assert notebook.ip.user_ns["_"].groups["answers"].sum() == len(list(talks(4, 3))[1].answers)


def test_in_a_terminal_it_is_text(terminal: Shell) -> None:
    """Bars, aligned, with their numbers."""
    write(Path(".sessions"), talks(4, 3))
    shown = terminal.run("%session usage --plot --all")
    assert "day (UTC)" in shown or "hour (UTC)" in shown
    assert "█" in shown
    assert MODELS[0][0] in shown


def test_on_the_command_line(line: Callable[..., Ran]) -> None:  # noqa: F811 - the fixture
    """The same text; and its rows as data."""
    write(Path(".sessions"), talks(4, 3))
    assert "█" in line("usage", "--plot").out
    rows = json.loads(line("usage", "--plot", "--json").out)
    assert {"start", "group", "known_cost_usd", "cache_share"} <= set(rows[0])
    assert sum(row["answers"] for row in rows) == sum(len(talk.answers) for talk in talks(4, 3))
