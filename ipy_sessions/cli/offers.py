"""Which commands of ``%session`` there are on the command line, and what is said of them in a terminal."""

from __future__ import annotations

import re
from argparse import SUPPRESS
from collections.abc import Mapping
from typing import Any, NamedTuple

from ipy_sessions.commands.forms import FORMS
from ipy_sessions.table.schema import TABLES

PROGRAM = "ipy-sessions"
NAMED = "its number in the list, its name, the end of its id, or its path"
REF = f"which session: {NAMED}; by default the latest"


class Offer(NamedTuple):
    """What is different in a terminal.

    Parameters
    ----------
    text
        The command's help in one line; ``None`` for that of the notebook.
    says
        The help of some arguments. One that changes nothing here is taken, and no help speaks of it.
    without
        Arguments that only a notebook can have: they are always left empty.
    adds
        Arguments that only a terminal needs.
    """

    text: str | None = None
    says: Mapping[str, str] = {}
    without: tuple[str, ...] = ()
    adds: tuple[tuple[str, dict[str, Any]], ...] = ()


OFFERS = {
    "list": Offer(
        "Show the sessions of the folder, the latest first. Each can be meant by its number.", {"--all": SUPPRESS}
    ),
    "show": Offer("Read a conversation, or its last answer alone.", {"ref": REF}),
    "search": Offer(
        says={"--notebook": "only the sessions of one notebook: its name, or its path's end"}, without=("--here",)
    ),
    "sql": Offer(
        f"Show what a query finds in the tables {', '.join(TABLES)}; 'DESCRIBE turns' names the columns of one.",
        without=("--df",),
        says={"query": "one SELECT in DuckDB's dialect, in quotes; $NAME is what --set says"},
        adds=(("--set", {"action": "append", "default": [], "metavar": "NAME=VALUE", "help": "the text of $NAME"}),),
    ),
    "history": Offer(
        "Show the messages of a conversation, a line each; or what was asked alone.",
        without=("--df",),
        adds=(("ref", {"nargs": "*", "metavar": "REF", "help": REF}),),
    ),
    "tree": Offer("Draw every turn on every branch; of a large session, those around where it stands.", {"ref": REF}),
    "usage": Offer(says={"ref": f"one session: {NAMED}; by default all of the folder", "--all": SUPPRESS}),
    "export": Offer(
        "Write a session in another form, into a file. Secrets are masked in all of it.",
        {"--of": f"{REF}; or another agent's transcript, by its path"},
    ),
    "import": Offer(),
    "verify": Offer(says={"ref": f"one session: {NAMED}; by default all of the folder"}),
    "prune": Offer(),
    "restore": Offer(),
}
"""The commands by their names, in the order of the help."""


def arguments(name: str) -> list[tuple[str, dict[str, Any]]]:
    """Return what may stand behind a command, for argparse, in the words of a terminal."""
    offer = OFFERS[name]
    kept = [(argument, options) for argument, options in FORMS[name].arguments if argument not in offer.without]
    return [
        (argument, {**options, "help": offer.says.get(argument) or in_a_terminal(str(options.get("help", "")))})
        for argument, options in (*kept, *offer.adds)
    ]


def in_a_terminal(text: str) -> str:
    """Return what is said of ``%session`` as it is said here; commands that need a notebook keep their name."""
    return re.sub(r"(%{1,2})session (\w+)", _typed, text)


def _typed(found: re.Match[str]) -> str:
    return f"{PROGRAM} {found[2]}" if found[2] in OFFERS else found[0]
