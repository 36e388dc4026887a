"""What a command of ``%session`` takes: the kinds of its arguments, and what is made of those that were typed."""

from __future__ import annotations

import argparse
import math
import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from ipy_sessions.commands.parser import Parser, new_parser, variable
from ipy_sessions.commands.values import Command, History, Search, Share, Sql, Usage
from ipy_sessions.errors import CommandError

FILTERS = ("name", "tag", "model", "key", "since", "until")
LIMITS = ("older_than", "keep", "max_bytes")
SUMS = ("session", "model", "day")
MOST_TURNS = 1_000_000
LONGEST_WAIT = 86_400  # seconds; a day


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
    """

    name: str
    text: str
    build: Callable[[argparse.Namespace], Command]
    arguments: tuple[tuple[str, dict[str, Any]], ...] = ()
    verbatim: bool = False
    """Whether its last word is the rest of the line, and the cell's body, as they were typed."""

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


def marked(read: argparse.Namespace) -> tuple[str, bool]:
    """Return which session is meant, and whether the mark is set."""
    return " ".join(read.ref), not read.off


def seconds(written: str | None) -> float:
    """Return how long is waited."""
    try:
        seconds = float(written or 0)
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds <= LONGEST_WAIT:
        raise CommandError(f"--wait takes a number of seconds up to {LONGEST_WAIT:,}, and not {written!r}.")
    return seconds


def turns(written: str | None) -> int:
    """Return how many turns are meant; one when nothing was typed."""
    if written is None:
        return 1
    if not (written.isdecimal() and 1 <= int(written[:9]) <= MOST_TURNS):
        raise CommandError(f"rewind takes a number of turns, and not {written!r}. For example: `%session rewind 2`.")
    return int(written)


def a_name(words: Sequence[str]) -> str:
    """Return a name, which says something."""
    name = " ".join(words).strip()
    if not name:
        raise CommandError("A name cannot be empty. Type `%session rename NAME`, or `%session rename --clear`.")
    return name


def searching(read: argparse.Namespace) -> Search:
    """Return what is looked for, and where."""
    what = " ".join(read.text) if read.regex or not any(" " in word for word in read.text) else read.text
    if read.user and read.assistant:
        raise CommandError("Either what you have said is looked for, or the model: leave out both, and it is both.")
    role = next((name for name in ("user", "assistant") if getattr(read, name)), None)
    narrowed = {"regex": read.regex, "deep": read.deep, "case": True if read.case else None, "role": role}
    narrowed |= given(read, ("tool", "notebook"))
    if read.limit is not None:
        narrowed["limit"] = _count("--limit", read.limit)
    kept = {name: value for name, value in narrowed.items() if value not in (None, False)}
    return Search(what, kept, given(read, ("since", "until")), read.here, read.within or [])


def _count(option: str, written: str) -> int:
    if not (written.isdecimal() and 1 <= int(written[:9]) <= MOST_TURNS):
        raise CommandError(f"{option} takes a number from 1, and not {written!r}.")
    return int(written)


def sharing(read: argparse.Namespace) -> Share:
    """Return what is shared, and how."""
    ref = " ".join(read.ref)
    if ref and read.all:
        raise CommandError(f"Either {ref!r} is shared, or the whole folder: `%session share {ref}`, or `--all`.")
    return Share(ref, read.all, read.check, read.redact)


def spent(read: argparse.Namespace) -> Usage:
    """Return whose usage is summed up, and by what."""
    ref = " ".join(read.ref)
    if ref and read.all:
        raise CommandError(f"Either {ref!r} is summed up, or the whole folder: `%session usage {ref}`, or `--all`.")
    return Usage(ref, read.by, read.all)


def looked_back(read: argparse.Namespace) -> History:
    """Return how the conversation is shown."""
    if read.prompts and read.df is not None:
        raise CommandError(
            "--prompts is a list to read. As a frame: `ses.read(ses.current(), branch='active').turns.to_pandas()`."
        )
    return History(variable("--df", read.df), read.prompts)


def changes(words: Sequence[str]) -> dict[str, str]:
    """Return settings and their new values."""
    words = re.sub(r"\0=\0|=\0|\0=", "=", "\0".join(words)).split("\0") if words else []  # spaces around the sign
    for word in words:
        if "=" not in word:
            raise CommandError(
                f"A setting is changed with NAME=VALUE, and {word!r} has no '='. For example: model=offline"
            )
    return dict(word.split("=", 1) for word in words)


def queried(read: argparse.Namespace) -> Sql:
    """Return a query, which says something."""
    query = "\n".join(read.query).strip()
    if not query:
        raise CommandError("sql takes a query: `%session sql SELECT model, sum(cost_usd) FROM usage GROUP BY model`.")
    return Sql(query, variable("--df", read.df))
