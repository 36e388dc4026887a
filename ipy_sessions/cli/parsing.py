"""From the words of a shell to a command's value: argparse over the forms that ``%session`` has, too."""

from __future__ import annotations

import argparse
import difflib
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, NoReturn

from ipy_sessions.cli.offers import OFFERS, PROGRAM, arguments, in_a_terminal
from ipy_sessions.commands.forms import FORMS
from ipy_sessions.commands.parser import Parser
from ipy_sessions.commands.values import Command
from ipy_sessions.errors import CommandError
from ipy_sessions.version import __version__

COMMAND = "the command"  # no option is called so
SHELLS = ("bash", "zsh", "fish")
ABOUT = "Conversations with agents, as they stand in a folder of sessions: read, searched and kept in order."
MORE = """\
The folder is .sessions here, unless --dir or the variable IPY_SESSIONS_DIRECTORY names another.
Exit codes: 0 done; 1 nothing was found (search), something is wrong (verify), or it could not be done; 2 typed wrong.
"""


class Typed(NamedTuple):
    """What was typed.

    Parameters
    ----------
    command
        What is to be done; ``None`` where that is to show the help or a completion script.
    ref
        The session that is meant, for a command that in a notebook means the current one alone.
    directory
        The folder of sessions; ``None`` for what the settings say.
    json
        Whether data is wanted and no text.
    pager
        Whether long texts may go through one.
    shell
        Whose completion script is wanted.
    variables
        What a query may name: texts by their names.
    """

    command: Command | None
    ref: str = ""
    directory: str | None = None
    json: bool = False
    pager: bool = True
    shell: str = ""
    variables: Mapping[str, str] = {}


class Line(Parser):
    """A parser of a whole line, whose error says what is near to what was typed."""

    commands: Mapping[str, argparse.ArgumentParser] = {}
    """The parsers of its commands."""

    def of(self, command: str | None) -> argparse.ArgumentParser:
        """Return the parser of a command; itself for none."""
        return self.commands.get(command or "", self)

    def error(self, message: str) -> NoReturn:
        """Raise argparse's message as one sentence, with what can be typed instead."""
        found = re.search(r"invalid choice: '(.*?)'", message)
        if found is not None and message.startswith("argument COMMAND"):
            near = difflib.get_close_matches(found[1], OFFERS, n=1)
            meant = f" Did you mean {near[0]}?" if near else ""
            raise CommandError(f"There is no command {found[1]!r}.{meant} `{PROGRAM} --help` shows what there is.")
        super().error(message)


def parser() -> Line:
    """Return what reads a line."""
    line = Line(prog=PROGRAM, description=ABOUT, epilog=MORE, allow_abbrev=False, formatter_class=_Help)
    commands = line.add_subparsers(dest=COMMAND, metavar="COMMAND", title="commands", parser_class=Line)
    for name in OFFERS:
        text = OFFERS[name].text or in_a_terminal(FORMS[name].text)
        one = commands.add_parser(name, help=text, description=text, allow_abbrev=False, formatter_class=_Help)
        for argument, options in arguments(name):
            one.add_argument(argument, **options)
        one.set_defaults(**{argument.lstrip("-"): None for argument in OFFERS[name].without})
        _add_common(one)
    script = "Print what makes Tab complete commands, options and names of sessions in your shell."
    one = commands.add_parser("completion", help=script, description=script, epilog=HOW, formatter_class=_Help)
    one.add_argument("shell", choices=SHELLS, help="your shell")
    line.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    _add_common(line)
    line.commands = commands.choices
    return line


HOW = """\
bash  echo 'eval "$(ipy-sessions completion bash)"' >> ~/.bashrc
zsh   echo 'eval "$(ipy-sessions completion zsh)"' >> ~/.zshrc
fish  ipy-sessions completion fish > ~/.config/fish/completions/ipy-sessions.fish
"""


class _Help(argparse.RawDescriptionHelpFormatter):
    """Help as argparse prints it, whose epilog stays as it is written."""


def _add_common(parser: argparse.ArgumentParser) -> None:
    """Add the options that may stand before a command and behind it."""
    missing = argparse.SUPPRESS  # or what stands before a command would be forgotten behind it
    options = parser.add_argument_group("everywhere")
    options.add_argument(
        "--dir", metavar="PATH", default=missing, help="the folder of sessions; by default .sessions here"
    )
    options.add_argument(
        "--json", action="store_true", default=missing, help="print data as one JSON document; times are in UTC"
    )
    options.add_argument(
        "--no-pager", action="store_true", default=missing, help="print long texts at once, also in a terminal"
    )


class WrongLineError(CommandError):
    """The line cannot be read; it says why, and what can be typed."""


def parse(words: Sequence[str]) -> Typed:
    """Read a line.

    Raises
    ------
    WrongLineError
        For what cannot be read, in one sentence.
    """
    try:
        line = parser()
        read, unknown = line.parse_known_args(list(words))
        if unknown:
            line.of(getattr(read, COMMAND)).error(f"unrecognized arguments: {' '.join(unknown)}")
        return _typed(read)
    except CommandError as error:
        raise WrongLineError(str(error)) from None


def _typed(read: argparse.Namespace) -> Typed:
    name = getattr(read, COMMAND)
    common: dict[str, Any] = {
        "directory": getattr(read, "dir", None),
        "json": getattr(read, "json", False),
        "pager": not getattr(read, "no_pager", False),
    }
    if name in (None, "completion"):
        return Typed(None, shell=getattr(read, "shell", ""), **common)
    ref = " ".join(read.ref) if any(argument == "ref" for argument, _ in OFFERS[name].adds) else ""
    return Typed(FORMS[name].build(read), ref, variables=_variables(getattr(read, "set", [])), **common)


def _variables(written: Sequence[str]) -> dict[str, str]:
    for pair in written:
        if not pair.partition("=")[0].isidentifier() or "=" not in pair:
            raise CommandError(f"--set takes NAME=VALUE, and not {pair!r}. For example: --set model=offline")
    return dict(pair.split("=", 1) for pair in written)
