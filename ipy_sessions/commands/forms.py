"""How each command of ``%session`` is typed: one row in `FORMS`, with its help, its arguments and its value."""

from __future__ import annotations

import argparse
import math
import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from ipy_sessions.commands.parser import Parser, new_parser, variable
from ipy_sessions.commands.values import (
    Cells,
    Close,
    Command,
    Compare,
    Continue,
    Delete,
    File,
    Fork,
    Help,
    Hide,
    History,
    Keep,
    Label,
    List,
    Mark,
    New,
    Open,
    Plan,
    Prune,
    Redact,
    Rename,
    Restore,
    Rewind,
    Set,
    Share,
    Show,
    Switch,
    Tag,
    Tree,
    Verify,
)
from ipy_sessions.errors import CommandError
from ipy_sessions.settings import REPLAY


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


def _words(name: str, text: str, nargs: str | None = "*", metavar: str = "") -> tuple[str, dict[str, Any]]:
    return name, {"nargs": nargs, "metavar": metavar or name.upper(), "help": text}


def _flag(name: str, text: str) -> tuple[str, dict[str, Any]]:
    return name, {"action": "store_true", "help": text}


def _value(name: str, metavar: str, text: str) -> tuple[str, dict[str, Any]]:
    return name, {"metavar": metavar, "help": text}


def _given(read: argparse.Namespace, names: Sequence[str]) -> dict[str, str]:
    return {name: value for name in names if (value := getattr(read, name)) is not None}


def _marked(read: argparse.Namespace) -> tuple[str, bool]:
    return " ".join(read.ref), not read.off


def _seconds(written: str | None) -> float:
    try:
        seconds = float(written or 0)
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds <= LONGEST_WAIT:
        raise CommandError(f"--wait takes a number of seconds up to {LONGEST_WAIT:,}, and not {written!r}.")
    return seconds


def _turns(written: str | None) -> int:
    if written is None:
        return 1
    if not (written.isdecimal() and 1 <= int(written[:9]) <= MOST_TURNS):
        raise CommandError(f"rewind takes a number of turns, and not {written!r}. For example: `%session rewind 2`.")
    return int(written)


def _name(words: Sequence[str]) -> str:
    name = " ".join(words).strip()
    if not name:
        raise CommandError("A name cannot be empty. Type `%session rename NAME`, or `%session rename --clear`.")
    return name


def _share(read: argparse.Namespace) -> Share:
    ref = " ".join(read.ref)
    if ref and read.all:
        raise CommandError(f"Either {ref!r} is shared, or the whole folder: `%session share {ref}`, or `--all`.")
    return Share(ref, read.all, read.check, read.redact)


def _changes(words: Sequence[str]) -> dict[str, str]:
    words = re.sub(r"\0=\0|=\0|\0=", "=", "\0".join(words)).split("\0") if words else []  # spaces around the sign
    for word in words:
        if "=" not in word:
            raise CommandError(
                f"A setting is changed with NAME=VALUE, and {word!r} has no '='. For example: model=offline"
            )
    return dict(word.split("=", 1) for word in words)


FILTERS = ("name", "tag", "model", "key", "since", "until")
LIMITS = ("older_than", "keep", "max_bytes")
MOST_TURNS = 1_000_000
LONGEST_WAIT = 86_400  # seconds; a day
TURN_OR_SESSION = "a turn's number, label or id's end; if no turn here answers to it, a session, as for open"
MARK = (_words("ref", "another session, as for open"), _flag("--off", "take the mark away"))

FORMS = {
    form.name: form
    for form in (
        Form(
            "new",
            "Begin another session. The one before stays in the list.",
            lambda read: New(" ".join(read.name), read.temp, read.again),
            (
                _words("name", "what to call it; it can do without"),
                _flag("--again", "another one, although this cell has begun one already"),
                _flag("--temp", "keep it in memory alone; %%session keep writes it"),
            ),
        ),
        Form(
            "open",
            "Go on with a session: a number of the list last shown, a name, an id's end, or a path.",
            lambda read: Open(" ".join(read.ref), read.read_only, _seconds(read.wait)),
            (
                _words("ref", "2, alice, 3f9c2a or path/to/file.jsonl", nargs="+"),
                _flag("--read-only", "only read it; it may be open in another kernel"),
                _value("--wait", "SECONDS", "wait so long for another kernel to let go of it"),
            ),
        ),
        Form(
            "fork",
            "Go on in a copy of this session, or of another; that one stays as it is.",
            lambda read: Fork(" ".join(read.ref), read.name, read.at or "", read.again),
            (
                _words("ref", "another session, as for open"),
                _value("--at", "TURN", "up to this turn alone: its number, label or id's end"),
                _value("--name", "NAME", "what to call the copy"),
                _flag("--again", "another one, although this cell has made one already"),
            ),
        ),
        Form(
            "list",
            "Show this notebook's sessions, the latest first. Number 0 is the one you are in.",
            lambda read: List(read.all, _given(read, FILTERS), read.archived),
            (
                _flag("--all", "those of every notebook"),
                _value("--name", "TEXT", "those whose name or first message holds this"),
                _value("--tag", "TAG", "those that have this tag"),
                _value("--model", "NAME", "those that this model answered last"),
                _value("--key", "KEY", "those that were born here: agent:main:terminal"),
                _value("--since", "DATE", "those whose last message is not older: 2026-03-01, or 7d"),
                _value("--until", "DATE", "those whose last message is not younger"),
                _flag("--archived", "the archived ones"),
            ),
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
            "Give the session a name, or with --clear none.",
            lambda read: Rename(None if read.clear and not read.name else _name(read.name)),
            (_words("name", "its new name"), _flag("--clear", "take its name away instead")),
        ),
        Form(
            "tag",
            "Give the session tags.",
            lambda read: Tag(read.tags, read.of or "", read.remove),
            (
                _words("tags", "one word each", nargs="+", metavar="TAG"),
                _value("--of", "REF", "another session, as for open"),
                _flag("--remove", "take them away instead"),
            ),
        ),
        Form("pin", "Keep the session from being pruned.", lambda read: Mark("pinned", *_marked(read)), MARK),
        Form("archive", "Leave the session out of the list.", lambda read: Mark("archived", *_marked(read)), MARK),
        Form(
            "delete",
            "Put a session into the trash. Nothing is lost until the trash is emptied.",
            lambda read: Delete(" ".join(read.ref)),
            (_words("ref", "which one, as for open; 0 is the one you are in", nargs="+"),),
        ),
        Form(
            "restore",
            "Show the trash, or bring a session back from it.",
            lambda read: Restore(" ".join(read.ref)),
            (_words("ref", "which one: its name or its id's end"),),
        ),
        Form(
            "prune",
            "Show what would go by age, number or size. With --yes it goes into the trash.",
            lambda read: Prune(_given(read, LIMITS), read.trash, read.yes),
            (
                _value("--older-than", "AGE", "those whose last message is older: 90d, 12w, 1y"),
                _value("--keep", "NUMBER", "all but the latest so many; named, pinned and labelled ones always stay"),
                _value("--max-bytes", "SIZE", "the oldest, until the rest is no larger: 500MB, 2GB"),
                _flag("--trash", "what is in the trash, for good"),
                _flag("--yes", "do it, instead of showing what would go"),
            ),
        ),
        Form(
            "verify",
            "Look for damage in a session's file, or in the whole folder, and say how to cure it.",
            lambda read: Verify(" ".join(read.ref), read.repair),
            (
                _words("ref", "one session, as for open"),
                _flag("--repair", "put a mended copy in the place of a damaged file, which goes into the trash"),
            ),
        ),
        Form(
            "redact",
            "Take a text out of what is written already; without one, whatever looks like a secret.",
            lambda read: Redact(" ".join(read.text), read.of or "", read.all),
            (
                _words("text", "the secret; in a variable of yours it is not shown here: $name"),
                _value("--of", "REF", "another session, as for open"),
                _flag("--all", "every session of the folder"),
            ),
        ),
        Form(
            "share",
            "Let git have the session, so that it travels with its notebook. What tells of this machine is taken out.",
            _share,
            (
                _words("ref", "another session, as for open"),
                _flag("--all", "every session of the folder"),
                _flag("--check", "only say what would be done"),
                _flag("--redact", "take out what looks like a secret, which otherwise stops it"),
            ),
        ),
        Form(
            "rewind",
            "Go back a turn, or several. They stay in the log, on a branch of their own.",
            lambda read: Rewind(_turns(read.turns)),
            (_words("turns", "how many", nargs="?", metavar="N"),),
        ),
        Form(
            "switch",
            "Go on behind another turn, on whichever branch it is.",
            lambda read: Switch(" ".join(read.turn)),
            (_words("turn", "its number, label or id's end, as %%session tree shows them", nargs="+"),),
        ),
        Form(
            "label",
            "Give a turn a label that it can be meant by.",
            lambda read: Label(read.turn, " ".join(read.name)),
            (_words("turn", "the turn's number", nargs=None), _words("name", "the label; none takes it away")),
        ),
        Form(
            "hide",
            "Keep a turn from being sent. The log keeps it.",
            lambda read: Hide(" ".join(read.turn)),
            (_words("turn", "its number, label or id's end", nargs="+"),),
        ),
        Form(
            "unhide",
            "Send a hidden turn again.",
            lambda read: Hide(" ".join(read.turn), on=False),
            (_words("turn", "its number, label or id's end", nargs="+"),),
        ),
        Form(
            "plan",
            "Show what running the notebook would do: replay, ask or branch, cell by cell. Nothing is asked.",
            lambda read: Plan(" ".join(read.ref), read.replay),
            (
                _words("ref", "another session, as for open"),
                ("--replay", {"choices": REPLAY, "help": "as if the setting replay had this value"}),
            ),
        ),
        Form(
            "cells",
            "Show how the notebook's cells stand to the conversation: current, changed, never asked, missing.",
            lambda read: Cells(" ".join(read.ref)),
            (_words("ref", "another session, as for open"),),
        ),
        Form(
            "tree",
            "Every turn on every branch, drawn; of a large session, those around where you are.",
            lambda read: Tree(" ".join(read.ref), read.all),
            (_words("ref", "another session, as for open"), _flag("--all", "every turn, however many")),
        ),
        Form(
            "compare",
            "Compare two turns, each with all before it, or two sessions: what was asked and answered, turn by turn.",
            lambda read: Compare(read.first, read.second),
            (
                _words("first", f"one: {TURN_OR_SESSION}", nargs=None, metavar="A"),
                (
                    "second",
                    {"nargs": "?", "default": "", "metavar": "B", "help": "the other; by default the active branch"},
                ),
            ),
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
