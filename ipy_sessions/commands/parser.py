"""argparse as our lines need it, and what both kinds of line share."""

from __future__ import annotations

import argparse
import difflib
import keyword
import re
from typing import NoReturn

from ipy_sessions.errors import CommandError


class Parser(argparse.ArgumentParser):
    """argparse with our error and without its exits."""

    def error(self, message: str) -> NoReturn:
        """Raise argparse's message as one sentence, with what can be typed instead."""
        unknown = message.removeprefix("unrecognized arguments: ")
        if unknown != message:
            near = difflib.get_close_matches(unknown.partition(" ")[0].partition("=")[0], options_of(self), n=1)
            message = f"{unknown!r} is not understood" + (f"; did you mean {near[0]}?" if near else ".")
        else:
            message += "."
        usage = " ".join(self.format_usage().removeprefix("usage: ").split())
        raise CommandError(f"{message[0].upper()}{message[1:]} What can be typed: {usage}")


def new_parser(prog: str, text: str) -> Parser:
    """Return a parser of its own name and help."""
    return Parser(
        prog=prog, description=text, add_help=False, allow_abbrev=False, formatter_class=argparse.RawTextHelpFormatter
    )


def options_of(parser: argparse.ArgumentParser) -> list[str]:
    """Return the long options of a parser, in their order."""
    return list(dict.fromkeys(re.findall(r"--[a-z-]+", parser.format_usage())))


def variable(option: str, name: str | None) -> str | None:
    """Return the name of a variable that an option was given.

    Raises
    ------
    CommandError
        When it cannot be one.
    """
    if name is not None and (not name.isidentifier() or keyword.iskeyword(name)):
        raise CommandError(f"{option} takes the name of a variable, and {name!r} cannot be one.")
    return name
