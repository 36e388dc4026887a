"""Looking at what was said, here and in every other conversation of the folder."""

from __future__ import annotations

import argparse

from ipy_sessions.commands.form import Form, flag, given, number, value, words
from ipy_sessions.commands.parser import variable
from ipy_sessions.commands.values.lookback import SUMS, Again, Compare, History, Search, Show, Sql, Tree, Usage
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
    return Usage(ref, read.by, read.all)


def _queried(read: argparse.Namespace) -> Sql:
    """Return a query, which says something."""
    query = "\n".join(read.query).strip()
    if not query:
        raise CommandError("sql takes a query: `%session sql SELECT model, sum(cost_usd) FROM usage GROUP BY model`.")
    return Sql(query, variable("--df", read.df))


def _searching(read: argparse.Namespace) -> Search:
    """Return what is looked for, and where."""
    what = " ".join(read.text) if read.regex or not any(" " in word for word in read.text) else read.text
    if read.user and read.assistant:
        raise CommandError("Either what you have said is looked for, or the model: leave out both, and it is both.")
    role = next((name for name in ("user", "assistant") if getattr(read, name)), None)
    narrowed = {"regex": read.regex, "deep": read.deep, "case": True if read.case else None, "role": role}
    narrowed |= given(read, ("tool", "notebook"))
    if read.limit is not None:
        narrowed["limit"] = number(read.limit, f"--limit takes a number from 1, and not {read.limit!r}.")
    kept = {name: value for name, value in narrowed.items() if value not in (None, False)}
    return Search(what, kept, given(read, ("since", "until")), read.here, read.within or [])


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
        ),
    ),
    Form(
        "sql",
        "What a query finds in the folder's conversations: tables sessions, messages, turns, usage and others.",
        _queried,
        (
            words("query", "SELECT … in DuckDB's dialect; $name is a variable. Or in the cell: %%%%session sql"),
            ("--df", {"metavar": "NAME", "help": "before the query: also bind a DataFrame to this variable"}),
        ),
        verbatim=True,
    ),
    Form(
        "show",
        "The conversation to read; or the last answer alone, as after a page that was closed too early.",
        lambda read: Show(" ".join(read.ref), read.last, read.turn or ""),
        (
            words("ref", "another session, as for open"),
            flag("--last", "its last answer alone"),
            value("--turn", "TURN", "this turn alone: its number, label or id's end"),
        ),
    ),
    Form(
        "search",
        'Find messages that hold some words, "phrases in quotes", or a regular expression, in every session.',
        _searching,
        (
            words("text", "all of them stand in one message; capitals matter when one is typed", nargs="+"),
            flag("--regex", "it is a regular expression of Python's"),
            flag("--case", "capitals matter, although none is typed"),
            flag("--user", "only what you have said"),
            flag("--assistant", "only what the model has said"),
            flag("--deep", "also thinking, and the calls and results of tools"),
            value("--tool", "NAME", "only calls and results of this tool"),
            value("--since", "DATE", "only messages that are not older: 2026-03-01, or 7d"),
            value("--until", "DATE", "only messages that are not younger"),
            flag("--here", "only the sessions of this notebook"),
            value("--notebook", "NAME", "only those of this notebook: its name, or its path's end"),
            (
                "--in",
                {"dest": "within", "action": "append", "metavar": "PATH", "help": "in these files or folders"},
            ),
            value("--limit", "NUMBER", "how many hits are shown; by default 20"),
        ),
    ),
)
