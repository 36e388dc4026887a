"""Tab in a shell: commands, options, and the names of sessions and formats. The protocol is argcomplete's."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from typing import Any

import argcomplete
from argcomplete.completers import DirectoriesCompleter, FilesCompleter, SuppressCompleter
from argcomplete.shell_integration import shellcode

from ipy_sessions.cli.offers import PROGRAM
from ipy_sessions.errors import SessionsError

SESSIONS = {"ref", "of"}
FILES = {"path", "paths", "within"}


def script(shell: str) -> str:
    """Return what a shell runs once, so that Tab asks this program."""
    return shellcode([PROGRAM], shell=shell)


def complete(line: argparse.ArgumentParser) -> None:
    """Tell the shell what may stand where Tab was pressed, and end the process; nothing where it was not."""
    for parser in _all(line):
        for action in parser._actions:  # noqa: SLF001 - argcomplete's way to name a completer is an attribute of them
            completer = _completer(action.dest)
            if completer is not None:
                action.completer = completer  # type: ignore[attr-defined]
    argcomplete.autocomplete(line, default_completer=SuppressCompleter(), always_complete_options=False)


def _all(line: argparse.ArgumentParser) -> list[argparse.ArgumentParser]:
    commands = [action for action in line._actions if isinstance(action, argparse._SubParsersAction)]  # noqa: SLF001
    return [line, *(parser for action in commands for parser in action.choices.values())]


def _completer(name: str) -> Callable[..., Any] | None:
    found: Callable[..., Any] | None = None
    if name in SESSIONS:
        found = _sessions
    elif name in FILES:
        found = FilesCompleter()
    elif name == "dir":
        found = DirectoriesCompleter()
    elif name == "format":
        found = _formats
    return found


def _sessions(prefix: str, parsed_args: argparse.Namespace, **_: object) -> list[str]:
    """Return the names of the sessions; where they cannot be read there are none."""
    from ipy_sessions.cli.desk import HERE, Desk

    try:
        rows = Desk(os.environ, getattr(parsed_args, "dir", None)).manager(HERE).list()
    except SessionsError:
        return []
    return [name for row in rows if (name := row.name or row.tail).startswith(prefix)]


def _formats(**_: object) -> list[str]:
    from ipy_sessions.export.registry import FORMATS

    return list(FORMATS)
