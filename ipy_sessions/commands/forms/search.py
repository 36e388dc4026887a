"""Finding what was said."""

from __future__ import annotations

import argparse

from ipy_sessions.commands.form import Form, flag, given, number, value, words
from ipy_sessions.commands.values.search import Search
from ipy_sessions.errors import CommandError


def _searching(read: argparse.Namespace) -> Search:
    """Return what is looked for, and where."""
    what = " ".join(read.text) if read.regex or not any(" " in word for word in read.text) else read.text
    if read.user and read.assistant:
        raise CommandError("--user and --assistant exclude each other. Leave out both to look at what either has said.")
    role = next((name for name in ("user", "assistant") if getattr(read, name)), None)
    narrowed = {"regex": read.regex, "deep": read.deep, "case": True if read.case else None, "role": role}
    narrowed |= given(read, ("tool", "notebook"))
    if read.limit is not None:
        narrowed["limit"] = number(read.limit, f"--limit takes a number from 1, and not {read.limit!r}.")
    kept = {name: value for name, value in narrowed.items() if value not in (None, False)}
    return Search(what, kept, given(read, ("since", "until")), read.here, read.within or [])


FORMS = (
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
