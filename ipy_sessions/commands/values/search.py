"""Finding what was said."""

from __future__ import annotations

from typing import Any

import msgspec

from ipy_sessions.commands.values.command import Command


class Search(Command, frozen=True):
    """``%session search``: find messages by what they say.

    Parameters
    ----------
    what
        Words and phrases, each as it stands; or, where quotes were left in it, the line as it was typed.
    narrowed
        What narrows the search: ``regex``, ``case``, ``role``, ``tool``, ``notebook``, ``deep`` and ``limit`` as
        `magics.tables.search` takes them.
    dates
        ``since`` and ``until`` as they were typed.
    here
        Only the sessions of this notebook.
    paths
        Files, folders and patterns to look in, in place of the kernel's sessions.
    """

    what: str | list[str]
    narrowed: dict[str, Any] = msgspec.field(default_factory=dict)
    dates: dict[str, str] = msgspec.field(default_factory=dict)
    here: bool = False
    paths: list[str] = msgspec.field(default_factory=list)
