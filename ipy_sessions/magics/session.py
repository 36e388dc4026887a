"""What ``%session`` does: the commands of a session's life here, the others by those who carry them out.

Each has one short function, which takes the command's value and returns what to show below the cell; those that change
the session say so themselves.
"""

from __future__ import annotations

from functools import singledispatchmethod
from importlib import import_module
from typing import Any

from ipy_sessions.commands.dates import wanted
from ipy_sessions.commands.values import Close, Continue, Fork, Keep, List, New, Open, Rename
from ipy_sessions.identifiers import SYSTEM
from ipy_sessions.magics.commands import Commands
from ipy_sessions.magics.host import Host
from ipy_sessions.render import panels
from ipy_sessions.render.markup import Markup

OTHERS = {
    "upkeep": "UpkeepCommands",
    "exchange": "ExchangeCommands",
    "travel": "TravelCommands",
    "cells": "CellCommands",
    "lookback": "LookbackCommands",
    "queries": "QueryCommands",
    "search": "SearchCommands",
    "picking": "PickingCommands",
    "about": "AboutCommands",
}
"""Who carries out the commands of each kind: a class in the module here that is called as the module of their values.

It is imported for the first of its commands: a shell that lists its sessions does not wait for the others.
"""


class SessionCommands(Commands):
    """Carries out every command of ``%session``: those of a session's life itself, the others by others."""

    def __init__(self, host: Host) -> None:
        super().__init__(host)
        self._others: dict[str, Commands] = {}

    @singledispatchmethod
    def run(self, command: Any) -> Any:
        """Carry out a command; return what is to be shown, a `Markup`, a `Picture` or a DataFrame, or ``None``."""
        kind = type(command).__module__.rpartition(".")[2]
        if kind not in self._others:
            module = import_module(f"ipy_sessions.magics.{kind}")
            self._others[kind] = getattr(module, OTHERS[kind])(self._host)
        return self._others[kind].run(command)

    @run.register
    def _new(self, command: New) -> None:
        place = self._host.place()
        manager = self._host.manager(place)
        typed = self._host.typed(place, f"new {command.name}".strip())
        if self._host.has_begun(typed, place, again=command.again):
            return
        taken = command.name and any(row.name == command.name for row in manager.list())
        session = manager.begin(command.name, temporary=command.temporary, typed=typed)
        self._host.told(place)
        self._host.came("new session", session, place)
        if taken:
            tail = session.info().tail
            self._host.output.show(
                panels.line(f"Another session is called {command.name!r} too; this one is also {tail!r}.")
            )

    @run.register
    def _open(self, command: Open) -> None:
        place = self._host.place()
        manager = self._host.manager(place)
        before = manager.current
        ref = self._host.resolve(command.ref)
        session = manager.switch(ref, read_only=command.read_only, wait=command.wait)
        self._host.told(place)
        opened = "opened to read" if session.read_only else "opened"
        self._host.came("already in" if session is before else opened, session, place)

    @run.register
    def _continue(self, _: Continue) -> None:
        place = self._host.place()
        manager = self._host.manager(place)
        rows = manager.list(notebook=place.notebook)
        session = manager.switch(rows[0]) if rows else manager.begin()
        self._host.told(place)
        self._host.came("continued" if rows else "new session", session, place)

    @run.register
    def _fork(self, command: Fork) -> None:
        place = self._host.place()
        manager = self._host.manager(place)
        typed = self._host.typed(place, f"fork {command.ref} {command.at}".strip())
        if self._host.has_begun(typed, place, again=command.again):
            return
        meant = self._host.meant(command.ref, place)
        session = manager.fork(meant, command.name, at=command.at or None, typed=typed)
        manager.become(session)
        self._host.told(place)
        self._host.came("forked into", session, place)

    @run.register
    def _list(self, command: List) -> Markup:
        place = self._host.place()
        manager = self._host.manager(place)
        rows, skipped = manager.scan()
        notebook = None if command.all else place.notebook
        shown = manager.list(notebook=notebook, archived=command.archived, **wanted(command.wanted, SYSTEM.now()))
        narrowed = bool(command.wanted) or command.archived
        current = manager.current.info() if manager.current is not None else None
        if narrowed and current is not None and all(row.path != current.path for row in shown):
            current = None
        others = tuple(row for row in shown if current is None or row.path != current.path)
        self._host.listing = panels.Listing(current, others)
        seen = {row.path for row in shown} | {row.path for row in rows if row.archived}
        hidden = None if narrowed else len(rows) - len(seen)
        archived = 0 if narrowed else sum(row.archived for row in rows)
        told = panels.listing(self._host.listing, SYSTEM.now(), hidden, skipped, archived, most=self._host.most)
        return told.of((self._host.listing, skipped))

    @run.register
    def _close(self, _: Close) -> Markup:
        manager = self._host.manager(self._host.place())
        session = manager.current
        if session is None:
            return panels.line("No session is open.")
        manager.leave()
        return panels.line(f"Closed {session.title}. The next ask chooses a session as in a fresh kernel.")

    @run.register
    def _keep(self, _: Keep) -> None:
        session = self._session
        session.keep()
        if session.in_file:
            self._host.came("kept", session, self._host.place())
        else:
            self._host.output.show(panels.line(f"{session.title} is empty. It will be written with its first message."))

    @run.register
    def _rename(self, command: Rename) -> Markup | None:
        place = self._host.place()
        if command.ref:
            from ipy_sessions.upkeep import Upkeep

            found = self._host.meant(command.ref, place)
            before = found.title
            return panels.line(f"{before} is now {Upkeep(self._host.manager(place)).rename(found, command.name)}.")
        session = self._session
        session.note(name=command.name)
        self._host.came("renamed to", session, place)
        return None
