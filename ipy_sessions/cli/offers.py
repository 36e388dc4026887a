"""Which commands of ``%session`` there are on the command line, and what is said of them in a terminal."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from ipy_sessions.commands.forms import FORMS

PROGRAM = "ipy-sessions"
REF = "which session: its number in the list, its name, the end of its id, or its path; by default the latest"


class Offer(NamedTuple):
    """What is different in a terminal.

    Parameters
    ----------
    text
        The command's help in one line; ``None`` for that of the notebook.
    without
        Arguments that only a notebook can have: they are always left empty.
    silent
        Arguments that change nothing here: they are taken, and no help speaks of them.
    adds
        Arguments that only a terminal needs.
    """

    text: str | None = None
    without: tuple[str, ...] = ()
    silent: tuple[str, ...] = ()
    adds: tuple[tuple[str, dict[str, Any]], ...] = ()


OFFERS = {
    "list": Offer("Show the sessions of the folder, the latest first. Their numbers mean them.", silent=("--all",)),
    "show": Offer("Read a conversation, or its last answer alone."),
    "search": Offer(without=("--here",)),
    "sql": Offer(),
    "history": Offer(
        "Show the messages of a conversation, one row each.",
        without=("--df",),
        adds=(("ref", {"nargs": "*", "metavar": "REF", "help": REF}),),
    ),
    "tree": Offer("Draw every turn on every branch; of a large session, those around where it stands."),
    "usage": Offer(silent=("--all",)),
    "export": Offer("Write a session in another form, into a file. Secrets are masked in all of it."),
    "import": Offer(),
    "verify": Offer(),
    "prune": Offer(),
    "restore": Offer(),
}
"""The commands by their names, in the order of the help."""


def arguments(name: str) -> list[tuple[str, dict[str, Any]]]:
    """Return what may stand behind a command, for argparse, in the words of a terminal."""
    offer = OFFERS[name]
    kept = [(argument, options) for argument, options in FORMS[name].arguments if argument not in offer.without]
    return [(argument, _said(argument, options, offer)) for argument, options in (*kept, *offer.adds)]


def _said(argument: str, options: dict[str, Any], offer: Offer) -> dict[str, Any]:
    import argparse

    text = argparse.SUPPRESS if argument in offer.silent else in_a_terminal(str(options.get("help") or ""))
    return {**options, "help": text}


def in_a_terminal(text: str) -> str:
    """Return what is said of ``%session`` as it is said here; commands that need a notebook keep their name."""
    text = text.replace("another session, as for open", REF)
    return re.sub(r"%{1,2}session (\w+)", _typed, text)


def _typed(found: re.Match[str]) -> str:
    return f"{PROGRAM} {found[1]}" if found[1] in OFFERS else found[0]
