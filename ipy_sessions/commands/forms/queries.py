"""Queries over every conversation of the folder."""

from __future__ import annotations

import argparse

from ipy_sessions.commands.form import Form, words
from ipy_sessions.commands.parser import variable
from ipy_sessions.commands.values.queries import Sql
from ipy_sessions.errors import CommandError


def _queried(read: argparse.Namespace) -> Sql:
    """Return a query, which says something."""
    query = "\n".join(read.query).strip()
    if not query:
        raise CommandError("sql takes a query: `%session sql SELECT model, sum(cost_usd) FROM usage GROUP BY model`.")
    return Sql(query, variable("--df", read.df))


FORMS = (
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
)
