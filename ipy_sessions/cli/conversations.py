"""One conversation as data: its messages and its turns, with the columns that the tables have.

The rows are those of `ses.read`, made by the same functions; what a cell holds is what JSON can hold, and no Arrow is
needed for it. It owns which of them a command means.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

from ipy_sessions.cli.desk import Desk
from ipy_sessions.commands.values import History, Show, Tree
from ipy_sessions.errors import CommandError
from ipy_sessions.session import Session
from ipy_sessions.table.messages import Row, messages
from ipy_sessions.table.part import ACTIVE, ALL, Once, Part
from ipy_sessions.table.schema import TABLES
from ipy_sessions.table.turns import turns
from ipy_sessions.transcripts import of_session

Record: TypeAlias = dict[str, Any]


def history(desk: Desk, command: History) -> list[Record]:
    """Return the messages on the active branch of the session that was chosen; or what was asked, its turns."""
    session = desk.read("")
    if command.prompts:
        return list(_records("turns", turns, Part(of_session(session), ACTIVE)))
    return _messages(session, ACTIVE)


def show(desk: Desk, command: Show) -> Record:
    """Return a session, and those of its messages that are shown, each with its whole content.

    Raises
    ------
    CommandError
        When its last answer is wanted, and it has none.
    """
    session = desk.read(command.ref)
    wanted = getattr(command, "turn", "")
    whole = _messages(session, ALL if wanted else ACTIVE)
    if wanted:
        its = {entry.id for entry in session.turn(wanted).entries}
        whole = [record for record in whole if record["id"] in its]
    if command.last:
        whole = [record for record in whole if record["role"] == "assistant"][-1:]
        if not whole:
            raise CommandError(f"{session.title} has no answer yet.")
    contents = {record["id"]: session.content(session.tree[record["id"]]) for record in whole}
    told = [{**record, "content": contents[record["id"]]} for record in whole]
    return {"session": session.id, "title": session.title, "path": str(session.file), "messages": told}


def tree(desk: Desk, command: Tree) -> list[Record]:
    """Return the turns of a session on every branch; dropped ones, too, where all are wanted."""
    found = _records("turns", turns, Part(of_session(desk.read(command.ref))))
    return [record for record in found if command.all or not record["dropped"]]


def _messages(session: Session, branch: str) -> list[Record]:
    return list(_records("messages", messages, Part(of_session(session), branch)))


def _records(table: str, rows: Callable[[Part, Once], Iterator[Row]], part: Part) -> Iterator[Record]:
    names = [column.name for column in TABLES[table]]
    nested = [column.name for column in TABLES[table] if column.kind == "json"]
    for row in rows(part, Once()):
        record = dict(zip(names, row, strict=True))
        yield record | {name: json.loads(record[name]) for name in nested if record[name] is not None}
