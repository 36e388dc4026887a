"""From what was typed to what is meant."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipy_sessions import CommandError
from ipy_sessions.commands import values as c
from ipy_sessions.commands.agent import parse_agent, written
from ipy_sessions.commands.completion import completions
from ipy_sessions.commands.forms import FORMS
from ipy_sessions.commands.session import overview, parse_session, session_help
from ipy_sessions.commands.values import Ask, Command
from ipy_sessions.magics.session import OTHERS, SessionCommands


@pytest.mark.parametrize(
    ("line", "body", "meant"),
    [
        ("", "My name is Alice\n", Ask("My name is Alice")),
        ("What is  df?", "", Ask("What is  df?")),
        ("first", "second\n third\n", Ask("first\nsecond\n third")),
        ("", "  {x} $y `z`\n", Ask("  {x} $y `z`")),
        ("--model offline What's -x? --model y", "", Ask("What's -x? --model y", {"model": "offline"})),
        ('--system "be terse" -o x', "hi", Ask("hi", {"system": "be terse"}, out="x")),
        ("--system='a b' -s bob hi", "", Ask("hi", {"system": "a b"}, session="bob")),
        ("-m offline --max-tokens 5 hi", "", Ask("hi", {"model": "offline", "max_tokens": 5})),
        ("-5 + 3?", "", Ask("-5 + 3?")),
        ("- item", "", Ask("- item")),
        ("-- --model is an option", "", Ask("--model is an option")),
        ("hi -- there", "", Ask("hi -- there")),
        ("don't \"stop", "", Ask("don't \"stop")),
        ('say "hi  there"', "", Ask('say "hi  there"')),
        ("", "", Ask("")),
        ("  ", "\n \n", Ask("")),
    ],
)
def test_a_prompt_arrives_as_it_was_typed(line: str, body: str, meant: Ask) -> None:
    """Options stand in front; the first line's text comes first; nothing is expanded or unquoted."""
    assert parse_agent(line, body) == meant


@given(st.text(st.characters(blacklist_characters="-", codec="utf-8")), st.text(st.characters(codec="utf-8")))
def test_text_without_options_is_never_changed(line: str, body: str) -> None:
    """Whatever the characters, only the space around it goes."""
    expected = "\n".join(part for part in (line.strip(), body.strip("\n")) if part.strip())
    assert parse_agent(line, body).prompt == expected


@pytest.mark.parametrize("value", Command.__subclasses__(), ids=lambda value: value.__name__)
def test_a_command_is_carried_out_by_the_module_that_is_called_as_its_values(value: type[Command]) -> None:
    """A session's life is what `session` does itself."""
    kind = value.__module__.rpartition(".")[2]
    who = SessionCommands if kind == "life" else getattr(import_module(f"ipy_sessions.magics.{kind}"), OTHERS[kind])
    assert value in vars(who)["run"].dispatcher.registry


VALUES = st.text(st.characters(codec="utf-8"), max_size=12)


@given(
    st.text(st.characters(codec="utf-8")).filter(lambda text: text.strip() and text == text.strip("\n")),
    st.fixed_dictionaries(
        {},
        optional={
            "model": VALUES,
            "system": VALUES,
            "max_tokens": st.integers(1, 10**9),
            "thinking": VALUES,
            "stop_sequences": st.lists(VALUES, min_size=1, max_size=3).map(tuple),
        },
    ),
    st.integers(1, 9),
)
def test_an_ask_is_written_as_a_cell_that_says_the_same(prompt: str, options: dict[str, Any], take: int) -> None:
    """Whatever quotes, spaces and dashes its options hold; those that are no one line are named, the rest is there."""
    cell, left_out = written("agent", prompt, options, take)
    line, body = cell.split("\n", 1)
    kept = {name: value for name, value in options.items() if name not in left_out}
    texts = {name: value if name == "stop_sequences" else [str(value)] for name, value in options.items()}
    assert left_out == [name for name in options if any(len(f"{one}.".splitlines()) > 1 for one in texts[name])]
    assert line.splitlines() == [line]
    assert parse_agent(line.removeprefix("%%agent"), body) == Ask(prompt, kept, take=take)


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("--modle x hi", "'--modle' is not understood; did you mean --model?"),
        ("--model", "Argument --model/-m: expected one argument."),
        ("--max-tokens x hi", "Argument --max-tokens: invalid int value: 'x'."),
        ("--max-tokens 0 hi", "--max-tokens takes a number from 1 up, and not 0."),
        ("-o 1a hi", "--out takes the name of a variable, and '1a' cannot be one."),
        ("-o class hi", "--out takes the name of a variable, and 'class' cannot be one."),
    ],
)
def test_a_bad_option_is_one_sentence(line: str, sentence: str) -> None:
    """It says what was found and what can be typed."""
    with pytest.raises(CommandError) as raised:
        parse_agent(line)
    assert str(raised.value).startswith(sentence)
    assert "\n" not in str(raised.value)


WORDS = st.sampled_from(["=", "-", "--", "--all", "--temp", "--df", "-x", "a=b", "=x", '"', "'", "\\", "alice", "1"])


@given(st.sampled_from([*FORMS, "", "x"]), st.lists(WORDS | st.text(max_size=5), max_size=4))
def test_any_line_is_a_command_or_a_sentence(name: str, words: list[str]) -> None:
    """Never anything else, whatever is typed."""
    line = " ".join([name, *words])
    for read in (parse_session, parse_agent):
        try:
            assert read(line) is not None
        except CommandError as error:
            assert str(error)  # noqa: PT017 - either outcome is right


@pytest.mark.parametrize(
    ("line", "meant"),
    [
        ("", c.Where()),
        ("new", c.New()),
        ("new my analysis --temp", c.New("my analysis", temporary=True)),
        ("open 1", c.Open("1")),
        ("open 'my analysis'", c.Open("my analysis")),
        ("open alice --read-only", c.Open("alice", read_only=True)),
        ("open my analysis --wait 2.5", c.Open("my analysis", wait=2.5)),
        ("fork", c.Fork()),
        ("fork alice --name bob", c.Fork("alice", "bob")),
        ("list --all", c.List(all=True)),
        ("list --tag draft --since 7d", c.List(wanted={"tag": "draft", "since": "7d"})),
        ("tag draft review", c.Tag(["draft", "review"])),
        ("tag draft --of alice --remove", c.Tag(["draft"], "alice", remove=True)),
        ("pin", c.Mark("pinned")),
        ("archive alice --off", c.Mark("archived", "alice", on=False)),
        ("delete my analysis", c.Delete("my analysis")),
        ("restore", c.Restore()),
        ("prune --older-than 90d --keep 100", c.Prune({"older_than": "90d", "keep": "100"})),
        ("prune --trash --yes", c.Prune(trash=True, yes=True)),
        ("verify --repair", c.Verify(repair=True)),
        ("redact $secret --of alice", c.Redact("$secret", "alice")),
        ("share", c.Share()),
        ("share my analysis --check --redact", c.Share("my analysis", check=True, redact=True)),
        ("share --all", c.Share(all=True)),
        ("export markdown", c.Export("markdown")),
        ("export pi my talk.jsonl --of alice", c.Export("pi", "my talk.jsonl", "alice")),
        ("export pi --branch active --force", c.Export("pi", branch="active", force=True)),
        ('import ~/a/*.jsonl "my notes.md"', c.Import(["~/a/*.jsonl", "my notes.md"])),
        ("continue", c.Continue()),
        ("close", c.Close()),
        ("keep", c.Keep()),
        ("rename don't", c.Rename("don't")),
        ("rename --clear", c.Rename(None)),
        ("compare 2", c.Compare("2")),
        ("compare 'my analysis' \"turn 3\"", c.Compare("my analysis", "turn 3")),
        ("history --df d", c.History("d")),
        ("history --prompts", c.History(prompts=True)),
        ("again 2", c.Again("2")),
        ("again my label", c.Again("my label")),
        ("usage", c.Usage()),
        ("usage my analysis --by day", c.Usage("my analysis", "day")),
        ("usage --all", c.Usage(all=True)),
        ("show", c.Show()),
        ("file", c.File()),
        ("settings", c.Set()),
        ("settings max_tokens = 7 model= offline", c.Set({"max_tokens": "7", "model": "offline"})),
        ("settings model=offline system='a b'", c.Set({"model": "offline", "system": "a b"})),
        ("help open", c.Help("open")),
    ],
)
def test_every_command_is_read(line: str, meant: c.Command) -> None:
    """Each line becomes its value."""
    assert parse_session(line) == meant


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("opne 2", "There is no `%session opne`. Did you mean `%session open`?"),
        ("xyzzy", "There is no `%session xyzzy`. `%session help` shows"),
        ("open", "The following arguments are required: REF. What can be typed: %session open [--read-only]"),
        ("list --al", "'--al' is not understood; did you mean --all?"),
        ("close now", "'now' is not understood. What can be typed: %session close"),
        ("settings model", "A setting is changed with NAME=VALUE, and 'model' has no '='."),
        ("history --df 1", "--df takes the name of a variable"),
        ("history --df d --prompts", "--prompts is a list to read. As a frame: `ses.read("),
        ("usage alice --all", "Either 'alice' is summed up, or the whole folder: `%session usage alice`, or `--all`."),
        ("usage --by week", "Argument --by: invalid choice: 'week'"),
        ("again", "The following arguments are required: TURN."),
    ],
)
def test_a_bad_command_is_one_sentence(line: str, sentence: str) -> None:
    """It says what was found and what to type instead."""
    with pytest.raises(CommandError) as raised:
        parse_session(line)
    assert str(raised.value).startswith(sentence)


def test_every_command_has_help() -> None:
    """One line each in the overview, and a page of its own."""
    assert [name for name, _ in overview()] == list(FORMS)
    for name, text in overview():
        assert f"usage: %session {name}" in session_help(name)
        assert text in session_help(name)
    with pytest.raises(CommandError):
        session_help("xyzzy")


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("%session o", ["open"]),
        ("%session open al", ["alice"]),
        ("%session open be", ["beta two"]),
        ("%session compare be", ['"beta two"']),
        ('%session compare "beta two" al', ["alice"]),
        ('%session compare alice "be', ['"beta two"']),
        ("%session compare alice bob ", []),
        ("%session open beta t", ["beta two"]),
        ('%%agent -s "beta t', ['"beta two"']),
        ("%%agent --session=al", ["--session=alice"]),
        ("%session settings model=o", ["model=offline"]),
        ("%session\tlist --", ["--all", "--name", "--tag", "--model", "--key", "--since", "--until", "--archived"]),
        ("%session list -", ["--all", "--name", "--tag", "--model", "--key", "--since", "--until", "--archived"]),
        ("%session help re", ["rename", "restore", "redact", "rewind"]),
        ("%session settings m", ["model=", "max_tokens="]),
        ("%session settings model=cl", ["model=claude-sonnet-5-5"]),
        ("%session settings effort=x", ["effort=xhigh"]),
        ("%session help mo", ["model"]),
        ("%session show --l", ["--last"]),
        ("%session usage al", ["alice"]),
        ("%session usage --", ["--by", "--all", "--plot"]),
        ("%session history --p", ["--prompts"]),
        ("%%agent --model cl", ["claude-sonnet-5-5"]),
        ("%%agent --thinking o", ["on", "off"]),
        ("%%agent --mo", ["--model"]),
        ("%%agent --model of", ["offline"]),
        ("%%agent -s ", ["alice", "bob", '"beta two"']),
        ("%agent --model offline --s", ["--system", "--session", "--stop"]),
        ("%%agent hello --mo", []),
        ('%%agent --system "be terse" --mo', ["--model"]),
        ("%%agent --model=offline --s", ["--system", "--session", "--stop"]),
        ('%session open "be', ["beta two"]),
        ("%session export m", ["markdown"]),
        ("%session export markdown x", []),
        ("%session export pi --b", ["--branch"]),
        ("%session export pi --branch a", ["all", "active"]),
        ("%session export pi --of be", ['"beta two"']),
        ("%session xyzzy ", []),
        ("x = 3", []),
    ],
)
def test_tab_offers_what_may_stand_there(line: str, offered: list[str]) -> None:
    """Subcommands, options, sessions and models, each in its place."""
    found = completions(
        line,
        sessions=lambda: ["alice", "bob", "beta two"],
        models=lambda: ["offline", "claude-sonnet-5-5"],
        formats=lambda: ["pi", "markdown"],
        agent="agent",
        session="session",
    )
    assert found.words == offered
    assert line.endswith(found.begun)
