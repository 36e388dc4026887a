"""Reads ``%session``: one row in `FORMS` for each of its commands, with its help, its arguments and its value."""

from __future__ import annotations

import argparse
import difflib
import re
import shlex
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from ipy_sessions.commands.parser import Parser, new_parser, variable
from ipy_sessions.commands.values import (
    Close,
    Command,
    Continue,
    File,
    Help,
    History,
    Keep,
    List,
    New,
    Open,
    Rename,
    Set,
    Show,
    Where,
)
from ipy_sessions.errors import CommandError


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

    @property
    def parser(self) -> Parser:
        """What reads it; made when it is needed, since making all of them would delay loading."""
        parser = new_parser(f"%session {self.name}", self.text)
        for argument, options in self.arguments:
            parser.add_argument(argument, **options)
        return parser


def _words(name: str, text: str, nargs: str = "*", metavar: str = "") -> tuple[str, dict[str, Any]]:
    return name, {"nargs": nargs, "metavar": metavar or name.upper(), "help": text}


def _flag(name: str, text: str) -> tuple[str, dict[str, Any]]:
    return name, {"action": "store_true", "help": text}


FORMS = {
    form.name: form
    for form in (
        Form(
            "new",
            "Begin another session. The one before stays in the list.",
            lambda read: New(" ".join(read.name), read.temp),
            (
                _words("name", "what to call it; it can do without"),
                _flag("--temp", "keep it in memory alone; %%session keep writes it"),
            ),
        ),
        Form(
            "open",
            "Go on with a session: a number of the list last shown, a name, an id's end, or a path.",
            lambda read: Open(" ".join(read.ref)),
            (_words("ref", "2, alice, 3f9c2a or path/to/file.jsonl", nargs="+"),),
        ),
        Form(
            "list",
            "Show this notebook's sessions, the latest first. Number 0 is the one you are in.",
            lambda read: List(read.all),
            (_flag("--all", "every session of the folder"),),
        ),
        Form(
            "continue",
            "Go on with this notebook's latest session; without a notebook, the folder's.",
            lambda _: Continue(),
        ),
        Form("close", "Let go of the session. Nothing is deleted.", lambda _: Close()),
        Form("keep", "Write a session that is in memory alone to its file.", lambda _: Keep()),
        Form(
            "rename",
            "Give the session a name.",
            lambda read: Rename(_name(read.name)),
            (_words("name", "its new name", nargs="+"),),
        ),
        Form(
            "history",
            "The conversation as a DataFrame, one row a message.",
            lambda read: History(variable("--df", read.df)),
            (("--df", {"metavar": "NAME", "help": "also bind the frame to this variable"}),),
        ),
        Form(
            "show",
            "The conversation to read; or the last answer alone, as after a page that was closed too early.",
            lambda read: Show(" ".join(read.ref), read.last),
            (_words("ref", "another session, as for open"), _flag("--last", "its last answer alone")),
        ),
        Form("file", "Where the session's file is.", lambda _: File()),
        Form(
            "settings",
            "Show every setting and where its value comes from, or change the session's own.",
            lambda read: Set(_changes(read.changes)),
            (_words("changes", "model=NAME, system='Be brief.', max_tokens=500, effort=low", metavar="NAME=VALUE"),),
        ),
        Form(
            "help",
            "Show what can be typed.",
            lambda read: Help(" ".join(read.command)),
            (_words("command", "one of them, or model: keys and servers"),),
        ),
    )
}
"""The commands by the word that stands behind ``%session``."""


TOPICS = {
    "model": """\
Which model answers? The nearest of these that names one:

  %%agent --model NAME               this turn
  %session settings model=NAME       this session
  %config IPySessions.model = NAME   new sessions of this kernel; or
                                     IPY_SESSIONS_MODEL in the environment

and when none does, the best that is found:

  a key            claude-sonnet-5-5. Give the key to ANTHROPIC_API_KEY before
                   Jupyter starts, so that it stands in no notebook. In a cell:
                   import os, getpass
                   os.environ["ANTHROPIC_API_KEY"] = getpass.getpass()
  a local server   the first model that it lists. Give its address to
                   ANTHROPIC_BASE_URL: http://localhost:11434 for Ollama.
                   It needs no key.
  neither          offline, a small fixed program and no language model.

Tab behind --model shows the models that there are."""
}
"""What has help of its own and is no command."""


def parse_session(line: str) -> Command:
    """Read ``%session LINE``.

    Raises
    ------
    CommandError
        For a word that is no command, and for arguments that it does not take.
    """
    words = _split(line)
    if not words:
        return Where()
    name, *arguments = words
    if name not in FORMS:
        raise CommandError(_no_command(name))
    form = FORMS[name]
    return form.build(form.parser.parse_args(arguments))


def session_help(command: str) -> str:
    """Return the help of one command.

    Raises
    ------
    CommandError
        When there is no such command.
    """
    if command in TOPICS:
        return TOPICS[command]
    if command not in FORMS:
        raise CommandError(_no_command(command))
    return FORMS[command].parser.format_help()


def overview() -> list[tuple[str, str]]:
    """Return each command with its help in one line."""
    return [(form.name, form.text) for form in FORMS.values()]


def _split(line: str) -> list[str]:
    words = shlex.shlex(line, posix=True, punctuation_chars=False)
    words.whitespace_split, words.escape, words.commenters = True, "", ""
    try:
        return list(words)
    except ValueError:  # an apostrophe, as in a name
        return line.split()


def _name(words: Sequence[str]) -> str:
    name = " ".join(words).strip()
    if not name:
        raise CommandError("A name cannot be empty. Type `%session rename NAME`.")
    return name


def _changes(words: Sequence[str]) -> dict[str, str]:
    words = re.sub(r"\0=\0|=\0|\0=", "=", "\0".join(words)).split("\0") if words else []  # spaces around the sign
    for word in words:
        if "=" not in word:
            raise CommandError(
                f"A setting is changed with NAME=VALUE, and {word!r} has no '='. For example: model=offline"
            )
    return dict(word.split("=", 1) for word in words)


def _no_command(name: str) -> str:
    near = difflib.get_close_matches(name, FORMS, n=1)
    meant = f" Did you mean `%session {near[0]}`?" if near else ""
    return f"There is no `%session {name}`.{meant} `%session help` shows what there is."
