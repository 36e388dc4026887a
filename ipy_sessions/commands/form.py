"""What the row of a command of ``%session`` is made of: the kinds of arguments, and how they are read."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from ipy_sessions.commands.parser import Parser, new_parser
from ipy_sessions.commands.values import Command
from ipy_sessions.errors import CommandError

LARGEST = 1_000_000


class Form(NamedTuple):
    """How one command is typed.

    Parameters
    ----------
    name
        The word behind ``%session``.
    text
        Its help, in one line.
    build
        From what was read to its value.
    arguments
        What may stand behind it, for argparse.
    verbatim
        Whether its last word is the rest of the line, and the cell's body, as they were typed.
    """

    name: str
    text: str
    build: Callable[[argparse.Namespace], Command]
    arguments: tuple[tuple[str, dict[str, Any]], ...] = ()
    verbatim: bool = False

    @property
    def parser(self) -> Parser:
        """What reads it; made when it is needed, since making all of them would delay loading."""
        parser = new_parser(f"%session {self.name}", self.text)
        for argument, options in self.arguments:
            parser.add_argument(argument, **options)
        return parser


def words(name: str, text: str, nargs: str | None = "*", metavar: str = "") -> tuple[str, dict[str, Any]]:
    """Return an argument of some words."""
    return name, {"nargs": nargs, "metavar": metavar or name.upper(), "help": text}


def flag(name: str, text: str) -> tuple[str, dict[str, Any]]:
    """Return an option without a value."""
    return name, {"action": "store_true", "help": text}


def value(name: str, metavar: str, text: str) -> tuple[str, dict[str, Any]]:
    """Return an option with a value."""
    return name, {"metavar": metavar, "help": text}


def given(read: argparse.Namespace, names: Sequence[str]) -> dict[str, str]:
    """Return those of some options that were given."""
    return {name: value for name in names if (value := getattr(read, name)) is not None}


def number(written: str, wrong: str) -> int:
    """Return a number from 1 that was typed; `wrong` is what is said of anything else.

    Raises
    ------
    CommandError
        For anything else.
    """
    if not (written.isdecimal() and 1 <= int(written[:9]) <= LARGEST):
        raise CommandError(wrong)
    return int(written)
