"""Looking at what was said, what it cost, and what is wanted again."""

from __future__ import annotations

import argparse

from ipy_sessions.commands.form import Form, flag, value, words
from ipy_sessions.commands.parser import variable
from ipy_sessions.commands.values.lookback import SUMS, Again, Compare, History, Show, Tree, Usage
from ipy_sessions.errors import CommandError

TURN_OR_SESSION = "a turn's number, label or id's end; if no turn here answers to it, a session, as for open"


def _looked_back(read: argparse.Namespace) -> History:
    """Return how the conversation is shown."""
    if read.prompts and read.df is not None:
        raise CommandError(
            "--prompts is a list to read. As a frame: `ses.read(ses.current(), branch='active').turns.to_pandas()`."
        )
    return History(variable("--df", read.df), read.prompts)


def _spent(read: argparse.Namespace) -> Usage:
    """Return whose usage is summed up, and by what."""
    ref = " ".join(read.ref)
    if ref and read.all:
        raise CommandError(f"Either {ref!r} is summed up, or the whole folder: `%session usage {ref}`, or `--all`.")
    return Usage(ref, read.by, read.all, read.plot)


FORMS = (
    Form(
        "tree",
        "Every turn on every branch, drawn; of a large session, those around where you are.",
        lambda read: Tree(" ".join(read.ref), read.all),
        (words("ref", "another session, as for open"), flag("--all", "every turn, however many, dropped ones too")),
    ),
    Form(
        "compare",
        "Compare two turns, each with all before it, or two sessions: what was asked and answered, turn by turn.",
        lambda read: Compare(read.first, read.second),
        (
            words("first", f"one: {TURN_OR_SESSION}", nargs=None, metavar="A"),
            (
                "second",
                {"nargs": "?", "default": "", "metavar": "B", "help": "the other; by default the active branch"},
            ),
        ),
    ),
    Form(
        "history",
        "The conversation as a DataFrame, one row a message; or a list of what was asked.",
        _looked_back,
        (
            value("--df", "NAME", "also bind the frame to this variable"),
            flag("--prompts", "what was asked alone: turn, time, cell and first line"),
        ),
    ),
    Form(
        "again",
        "Put what a turn asked into the next cell, as it was typed. It is not run.",
        lambda read: Again(" ".join(read.turn)),
        (words("turn", "its number, as %%session history --prompts shows it, its label or id's end", nargs="+"),),
    ),
    Form(
        "usage",
        "What was spent, by session, model and day (in UTC): tokens and dollars, nothing counted twice.",
        _spent,
        (
            words("ref", "one session, as for open; without it those of this notebook"),
            ("--by", {"choices": SUMS, "help": "one of the three alone"}),
            flag("--all", "the sessions of every notebook"),
            flag("--plot", "as a picture: cost and tokens over time, by model or as --by says; cache and latency"),
        ),
    ),
    Form(
        "show",
        "The conversation to read, a long one from its end; or its last answer alone, as after a page closed early.",
        lambda read: Show(" ".join(read.ref), read.last, read.turn or "", read.all),
        (
            words("ref", "another session, as for open"),
            flag("--last", "its last answer alone"),
            value("--turn", "TURN", "this turn alone: its number, label or id's end"),
            flag("--all", "all of it; by default a notebook gets the last 200,000 characters"),
        ),
    ),
)
