"""From what was typed to what is meant: a line becomes a value, and nothing is carried out.

Pure, so that every form of a line can be tested without a notebook. It owns the words of ``%%agent``, ``%agent`` and
``%session``, their options, their help and what completes them. What it cannot read raises `CommandError` with one
sentence that says what to type instead.
"""

from __future__ import annotations

import argparse
import difflib
import keyword
import re
import shlex
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, NamedTuple, NoReturn, TypeAlias

import msgspec

from ipy_sessions.errors import CommandError

_TOKEN = re.compile(r"""(?:"(?:\\.|[^"\\])*"|'[^']*'|[^\s"']|["'](?=\S*$|\S*\s))+""")


class Ask(msgspec.Struct, frozen=True):
    """``%%agent``: ask the model.

    Parameters
    ----------
    prompt
        What to ask, as it was typed: the first line's text, then the body.
    model, system, max_tokens
        For this turn alone; ``None`` for the session's own.
    session
        Reference of the session that this ask alone goes to; ``None`` for the current one.
    out
        Name of the variable that gets the reply; ``None`` for none.
    """

    prompt: str
    model: str | None = None
    system: str | None = None
    session: str | None = None
    max_tokens: int | None = None
    out: str | None = None


class Where(msgspec.Struct, frozen=True):
    """``%session`` alone: say which session this is."""


class New(msgspec.Struct, frozen=True):
    """``%session new``: begin another session; `temporary` keeps it in memory alone."""

    name: str = ""
    temporary: bool = False


class Open(msgspec.Struct, frozen=True):
    """``%session open``: go on with the session that is meant."""

    ref: str


class List(msgspec.Struct, frozen=True):
    """``%session list``: show the notebook's sessions, or all of the folder."""

    all: bool = False


class Continue(msgspec.Struct, frozen=True):
    """``%session continue``: go on with the latest session."""


class Close(msgspec.Struct, frozen=True):
    """``%session close``: let go of the session."""


class Keep(msgspec.Struct, frozen=True):
    """``%session keep``: write a session that is in memory alone to its file."""


class Rename(msgspec.Struct, frozen=True):
    """``%session rename``: give the session a name."""

    name: str


class History(msgspec.Struct, frozen=True):
    """``%session history``: the conversation as a DataFrame, also bound to `df` when one is named."""

    df: str | None = None


class Show(msgspec.Struct, frozen=True):
    """``%session show``: the conversation to read, of this session or another."""

    ref: str = ""


class File(msgspec.Struct, frozen=True):
    """``%session file``: where the file is."""


class Set(msgspec.Struct, frozen=True):
    """``%session settings``: show the settings, or change what belongs to the session."""

    changes: dict[str, str] = {}


class Help(msgspec.Struct, frozen=True):
    """``%session help``: what there is to type."""

    command: str = ""


Command: TypeAlias = Where | New | Open | List | Continue | Close | Keep | Rename | History | Show | File | Set | Help


class _Parser(argparse.ArgumentParser):
    """argparse with our error and without its exits."""

    def error(self, message: str) -> NoReturn:
        unknown = message.removeprefix("unrecognized arguments: ")
        if unknown != message:
            near = difflib.get_close_matches(unknown.split("=")[0].split()[0], _options(self), n=1)
            message = f"{unknown!r} is not understood" + (f"; did you mean {near[0]}?" if near else ".")
        else:
            message += "."
        usage = " ".join(self.format_usage().removeprefix("usage: ").split())
        raise CommandError(f"{message[0].upper()}{message[1:]} What can be typed: {usage}")


def _parser(prog: str, text: str) -> _Parser:
    return _Parser(
        prog=prog, description=text, add_help=False, allow_abbrev=False, formatter_class=argparse.RawTextHelpFormatter
    )


@cache
def _agent_parser() -> _Parser:
    parser = _parser("%%agent", "Ask the model; the reply streams below the cell and is kept in the session.")
    parser.usage = "%(prog)s [--model NAME] [--system TEXT] [--session NAME] [--max-tokens N] [--out VAR] PROMPT"
    parser.add_argument("--model", "-m", metavar="NAME", help="the model, for this turn alone")
    parser.add_argument("--system", metavar="TEXT", help="the system text, for this turn alone")
    parser.add_argument(
        "--session", "-s", metavar="NAME", help="send this ask alone to that session; created if unknown"
    )
    parser.add_argument("--max-tokens", metavar="N", type=int, help="the longest answer, for this turn alone")
    parser.add_argument("--out", "-o", metavar="VAR", help="put the reply into this variable")
    parser.add_argument(
        "text", nargs=argparse.REMAINDER, metavar="PROMPT", help="what to ask; the cell's body follows it"
    )
    return parser


class _Form(NamedTuple):
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
    def parser(self) -> _Parser:
        """What reads it; made when it is needed, since making all of them would delay loading."""
        parser = _parser(f"%session {self.name}", self.text)
        for argument, options in self.arguments:
            parser.add_argument(argument, **options)
        return parser


def _words(name: str, text: str, nargs: str = "*", metavar: str = "") -> tuple[str, dict[str, Any]]:
    return name, {"nargs": nargs, "metavar": metavar or name.upper(), "help": text}


def _flag(name: str, text: str) -> tuple[str, dict[str, Any]]:
    return name, {"action": "store_true", "help": text}


_FORMS = {
    form.name: form
    for form in (
        _Form(
            "new",
            "Begin another session. The one before stays in the list.",
            lambda read: New(" ".join(read.name), read.temp),
            (
                _words("name", "what to call it; it can do without"),
                _flag("--temp", "keep it in memory alone; %%session keep writes it"),
            ),
        ),
        _Form(
            "open",
            "Go on with a session: a number of the list last shown, a name, an id's end, or a path.",
            lambda read: Open(" ".join(read.ref)),
            (_words("ref", "2, alice, 3f9c2a or path/to/file.jsonl", nargs="+"),),
        ),
        _Form(
            "list",
            "Show this notebook's sessions, the latest first. Number 0 is the one you are in.",
            lambda read: List(read.all),
            (_flag("--all", "every session of the folder"),),
        ),
        _Form(
            "continue",
            "Go on with this notebook's latest session; without a notebook, the folder's.",
            lambda _: Continue(),
        ),
        _Form("close", "Let go of the session. Nothing is deleted.", lambda _: Close()),
        _Form("keep", "Write a session that is in memory alone to its file.", lambda _: Keep()),
        _Form(
            "rename",
            "Give the session a name.",
            lambda read: Rename(" ".join(read.name)),
            (_words("name", "its new name", nargs="+"),),
        ),
        _Form(
            "history",
            "The conversation as a DataFrame, one row a message.",
            lambda read: History(_variable("--df", read.df)),
            (("--df", {"metavar": "NAME", "help": "also bind the frame to this variable"}),),
        ),
        _Form(
            "show",
            "The conversation to read.",
            lambda read: Show(" ".join(read.ref)),
            (_words("ref", "another session, as for open"),),
        ),
        _Form("file", "Where the session's file is.", lambda _: File()),
        _Form(
            "settings",
            "Show every setting and where its value comes from, or change the session's own.",
            lambda read: Set(_changes(read.changes)),
            (_words("changes", "model=offline, system='Be brief.', max_tokens=500", metavar="NAME=VALUE"),),
        ),
        _Form(
            "help",
            "Show what can be typed.",
            lambda read: Help(" ".join(read.command)),
            (_words("command", "one of them"),),
        ),
    )
}
COMMANDS = tuple(_FORMS)
"""The words that may follow ``%session``."""


def parse_agent(line: str, body: str = "") -> Ask:
    """Read ``%%agent LINE`` and the cell's body.

    Options stand at the beginning of the line; from the first word that is none, everything is the prompt, as typed.

    Raises
    ------
    CommandError
        For an option that does not exist or lacks its value.
    """
    tokens = list(_TOKEN.finditer(line))
    words = [token[0] for token in tokens]
    cut = words.index("--") if "--" in words else None
    read = _agent_parser().parse_args([_unquoted(word) for word in words[:cut]])
    if cut is not None and not read.text:
        start = tokens[cut].end()
    else:
        start = tokens[len(words[:cut]) - len(read.text)].start() if read.text else len(line)
    if read.max_tokens is not None and read.max_tokens < 1:
        raise CommandError(f"--max-tokens takes a number from 1 up, and not {read.max_tokens}.")
    prompt = "\n".join(part for part in (line[start:].strip(), body.strip("\n")) if part.strip())
    return Ask(prompt, read.model, read.system, read.session, read.max_tokens, _variable("--out", read.out))


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
    if name not in _FORMS:
        raise CommandError(_no_command(name))
    form = _FORMS[name]
    return form.build(form.parser.parse_args(arguments))


def agent_help() -> str:
    """Return the help of ``%%agent``."""
    return _agent_parser().format_help()


def session_help(command: str = "") -> str:
    """Return the help of one command, or a line for each.

    Raises
    ------
    CommandError
        When there is no such command.
    """
    if not command:
        return "\n".join(f"{name:10}{form.text}" for name, form in _FORMS.items())
    if command not in _FORMS:
        raise CommandError(_no_command(command))
    return _FORMS[command].parser.format_help()


def completions(line: str, *, sessions: Sequence[str], models: Sequence[str], agent: str, session: str) -> list[str]:
    """Return the words that may stand where `line` ends.

    Parameters
    ----------
    line
        The line as far as the cursor.
    sessions, models
        The names that there are.
    agent, session
        The magics' names.
    """
    found = re.match(rf"\s*(?:%%?{agent}|%{session})\s+(?:.*\s)?", line)
    if found is None:
        return []
    begun = line[found.end() :]
    before = line[: found.end()].split()
    if before[0] == f"%{session}":
        candidates = _after_session(before[1:], begun, sessions)
    else:
        candidates = _after_agent(before[1:], begun, sessions, models)
    return [word for word in candidates if word.startswith(begun)]


def _after_session(before: list[str], begun: str, sessions: Sequence[str]) -> Sequence[str]:
    if not before or before == ["help"]:
        return COMMANDS
    if begun.startswith("-"):
        return _options(_FORMS[before[0]].parser) if before[0] in _FORMS else []
    if before[0] in {"open", "show"}:
        return sessions
    return [f"{name}=" for name in ("model", "system", "max_tokens")] if before[0] == "settings" else []


def _after_agent(before: list[str], begun: str, sessions: Sequence[str], models: Sequence[str]) -> Sequence[str]:
    match before[-1] if before else "":
        case "--model" | "-m":
            return models
        case "--session" | "-s":
            return sessions
    # Options stand before the prompt: after a word of it, nothing is offered.
    values = before[1::2]
    if begun.startswith("-") and all(word.startswith("-") for word in before[0::2]) and len(values) * 2 == len(before):
        return _options(_agent_parser())
    return []


def _options(parser: argparse.ArgumentParser) -> list[str]:
    return list(dict.fromkeys(re.findall(r"--[a-z-]+", parser.format_usage())))


def _split(line: str) -> list[str]:
    try:
        return shlex.split(line)
    except ValueError:  # an apostrophe, as in a name
        return line.split()


def _unquoted(word: str) -> str:
    try:
        return "".join(shlex.split(word))
    except ValueError:
        return word


def _variable(option: str, name: str | None) -> str | None:
    if name is not None and (not name.isidentifier() or keyword.iskeyword(name)):
        raise CommandError(f"{option} takes the name of a variable, and {name!r} cannot be one.")
    return name


def _changes(words: Sequence[str]) -> dict[str, str]:
    for word in words:
        if "=" not in word:
            raise CommandError(
                f"A setting is changed with NAME=VALUE, and {word!r} has no '='. For example: model=offline"
            )
    return dict(word.split("=", 1) for word in words)


def _no_command(name: str) -> str:
    near = difflib.get_close_matches(name, COMMANDS, n=1)
    meant = f" Did you mean `%session {near[0]}`?" if near else ""
    return f"There is no `%session {name}`.{meant} `%session help` shows what there is."
