"""Keeping house: marks, the trash, pruning, mending, taking out, sharing."""

from __future__ import annotations

import msgspec

from ipy_sessions.commands.values.command import Command


class Tag(Command, frozen=True):
    """``%session tag``: give tags to this session or another, or take them away."""

    tags: list[str]
    ref: str = ""
    remove: bool = False


class Mark(Command, frozen=True):
    """``%session pin`` and ``%session archive``: mark this session or another, or take the mark away."""

    mark: str
    ref: str = ""
    on: bool = True


class Delete(Command, frozen=True):
    """``%session delete``: put a session into the trash."""

    ref: str


class Restore(Command, frozen=True):
    """``%session restore``: show the trash, or bring a session back from it."""

    ref: str = ""


class Prune(Command, frozen=True):
    """``%session prune``: show what would go by age, number and size, or let it go; of the trash, for good."""

    limits: dict[str, str] = msgspec.field(default_factory=dict)
    trash: bool = False
    yes: bool = False


class Verify(Command, frozen=True):
    """``%session verify``: say what is wrong with a session's file, or with any of the folder; put it right."""

    ref: str = ""
    repair: bool = False


class Redact(Command, frozen=True):
    """``%session redact``: take a text, or whatever looks like a secret, out of what is written already."""

    text: str = ""
    ref: str = ""
    all: bool = False


class Share(Command, frozen=True):
    """``%session share``: let a repository have this session or another, or all; only say what that would do."""

    ref: str = ""
    all: bool = False
    check: bool = False
    redact: bool = False
