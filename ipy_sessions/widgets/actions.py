"""What a page may ask for, as commands: whatever is clicked in the picker can be typed as ``%session``, too.

It owns which actions there are and what they mean. What a page sends may be anything, and is either a command or
refused in one sentence. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from ipy_sessions.commands.values import (
    Command,
    Continue,
    Delete,
    Export,
    Fork,
    Mark,
    New,
    Open,
    Rename,
    Restore,
    Tag,
)
from ipy_sessions.errors import CommandError
from ipy_sessions.summary import SessionInfo

Wanted = Mapping[str, Any]
"""What a page has sent."""

FindRow = Callable[[object], SessionInfo]
"""From what a page calls a session to its row; it refuses what is none."""


class Action(NamedTuple):
    """One thing that can be done.

    Parameters
    ----------
    build
        From the session's row and what was sent to the command.
    leaves
        Whether the picker is done with it.
    """

    build: Callable[[SessionInfo, Wanted], Command]
    leaves: bool = False


ALONE: dict[str, Callable[[Wanted], Command]] = {
    "new": lambda wanted: New(_text(wanted, "name"), again=True),
    "continue": lambda _: Continue(),
}
"""What needs no session to be chosen; the picker is done with each."""

ACTIONS: dict[str, Action] = {
    "open": Action(lambda row, _: Open(_ref(row)), leaves=True),
    "read": Action(lambda row, _: Open(_ref(row), read_only=True), leaves=True),
    "fork": Action(lambda row, _: Fork(_ref(row), again=True), leaves=True),
    "rename": Action(lambda row, wanted: Rename(_text(wanted, "name") or None, _ref(row))),
    "tag": Action(lambda row, wanted: Tag(_words(wanted), _ref(row))),
    "untag": Action(lambda row, wanted: Tag(_words(wanted), _ref(row), remove=True)),
    "pin": Action(lambda row, _: Mark("pinned", _ref(row))),
    "unpin": Action(lambda row, _: Mark("pinned", _ref(row), on=False)),
    "archive": Action(lambda row, _: Mark("archived", _ref(row))),
    "unarchive": Action(lambda row, _: Mark("archived", _ref(row), on=False)),
    "delete": Action(lambda row, _: Delete(_ref(row))),
    "restore": Action(lambda row, _: Restore(row.id)),
    "export": Action(lambda row, wanted: Export(_text(wanted, "format"), ref=_ref(row))),
}
"""What is done with one session."""


def command(wanted: Wanted, find: FindRow) -> tuple[Command, bool]:
    """Return the command that is meant, and whether the picker is done with it.

    Raises
    ------
    CommandError
        When none is.
    """
    name = wanted.get("do")
    if not isinstance(name, str) or name not in {*ALONE, *ACTIONS}:
        raise CommandError(
            f"The picker cannot do {name!r:.60}: this page is older or newer than the kernel. Reload it."
        )
    if name in ALONE:
        return ALONE[name](wanted), True
    build, leaves = ACTIONS[name]
    return build(find(wanted.get("row")), wanted), leaves


def _ref(row: SessionInfo) -> str:
    """Return what means this session and no other, whatever it is called: its path."""
    return str(row.path)


def _text(wanted: Wanted, field: str) -> str:
    text = wanted.get(field, "")
    if not isinstance(text, str):
        raise CommandError(f"A {field} is a text, and not {text!r:.60}.")
    return " ".join(text.split())


def _words(wanted: Wanted) -> list[str]:
    words = _text(wanted, "tags").replace("#", " ").replace(",", " ").split()
    if not words:
        raise CommandError("A tag is a word. Type one or several.")
    return words
