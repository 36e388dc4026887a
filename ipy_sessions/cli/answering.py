"""One command, carried out by those who carry it out in a notebook, and shown as text or as data."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

from ipy_sessions.cli import conversations
from ipy_sessions.cli.conversations import Record
from ipy_sessions.cli.desk import Desk, is_file
from ipy_sessions.cli.documents import READ, TOLD, code
from ipy_sessions.cli.offers import in_a_terminal
from ipy_sessions.cli.parsing import Typed
from ipy_sessions.cli.screen import show
from ipy_sessions.commands.values import Command, History, Import, Prune, Restore, Search, Sql, Verify
from ipy_sessions.identifiers import moment, timestamp
from ipy_sessions.magics.session import SessionCommands
from ipy_sessions.render.markup import Markup, table

FITS = 80  # characters of a message that stand in a row


def answer(command: Command, typed: Typed, environ: Mapping[str, str]) -> int:
    """Carry out a command and show what it came to; return the exit code.

    Parameters
    ----------
    command
        The command.
    typed
        How it was typed: on which folder, for which session, in which form.
    environ
        The environment.
    """
    desk = Desk(
        environ,
        typed.directory,
        writes=changes(command),
        needed=needs_folder(command, typed.ref),
        variables=typed.variables,
        watched=not typed.json,
    )
    try:
        if typed.ref:
            desk.read(typed.ref)  # from here on it is the one that is meant
        return _answered(desk, command, typed)
    finally:
        desk.close()


def changes(command: Command) -> bool:
    """Tell whether a command changes the folder."""
    done = isinstance(command, Prune) and command.yes
    mended = isinstance(command, Verify) and command.repair
    return done or mended or isinstance(command, Import) or (isinstance(command, Restore) and bool(command.ref))


def needs_folder(command: Command, ref: str = "") -> bool:
    """Tell whether a command is about a folder that is there: it makes none, and what it reads is not named by path."""
    named = is_file(ref or getattr(command, "ref", ""))
    elsewhere = isinstance(command, Search) and bool(command.paths)
    return not (named or elsewhere or isinstance(command, Import))


def _answered(desk: Desk, command: Command, typed: Typed) -> int:
    if typed.json and type(command) in READ:
        _print_json(READ[type(command)](desk, command))
        return 0
    if isinstance(command, History) and not command.prompts:
        show(_rows(conversations.history(desk, command)), table=True, pager=typed.pager)
        return 0
    shown = SessionCommands(desk).run(command)
    if isinstance(command, Sql):  # in a notebook, a table that shows itself
        shown = Markup("", _found(shown)).of(shown)
    about = getattr(shown, "about", None)
    if typed.json:
        _print_json(TOLD[type(command)](about))
    else:
        is_table = isinstance(command, Sql) or getattr(shown, "markdown", "").startswith("| ")
        show(in_a_terminal(shown.plain), table=is_table, pager=typed.pager)
    return code(command, about)


def _rows(messages: Sequence[Record]) -> str:
    """Return messages as a table that is read, each on a line."""
    rows = [(_when(one["ts"]), one["role"], one["model"] or "", _short(one["text"])) for one in messages]
    return table(("when", "role", "model", "text"), rows).plain if rows else "Nothing was said yet."


def _found(result: Any) -> str:
    """Return what a query has found as a table that is read, all of its rows."""
    rows = [[_cell(value) for value in row.values()] for row in result.to_arrow().to_pylist()]
    return table(result.columns, rows).plain


def _cell(value: object) -> str:
    if value is None:
        return ""
    return _short(value if isinstance(value, str) else str(_plain(value)))


def _when(ts: str) -> str:
    try:
        return f"{moment(ts).astimezone():%Y-%m-%d %H:%M}"
    except ValueError:
        return ts


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= FITS else f"{text[: FITS - 1]}…"


def _print_json(data: Any) -> None:
    """Print one JSON document in UTF-8; half a character of a damaged text is escaped, as are control characters."""
    text = json.dumps(data, ensure_ascii=False, indent=2, default=_plain)
    text = "".join(f"\\u{ord(sign):04x}" if "\x7f" <= sign <= "\x9f" else sign for sign in text)
    sys.stdout.flush()
    sys.stdout.buffer.write(f"{text}\n".encode("utf-8", "backslashreplace"))


def _plain(value: object) -> str | float:
    """Return a value that JSON has not: times in UTC where they have a zone, bytes as hexadecimal digits."""
    if isinstance(value, datetime) and value.tzinfo is not None:
        return timestamp(value.astimezone(UTC))
    if isinstance(value, date | time):  # a datetime, too
        return value.isoformat()
    if isinstance(value, Decimal):
        return float(value)
    return value.hex() if isinstance(value, bytes) else str(value)
