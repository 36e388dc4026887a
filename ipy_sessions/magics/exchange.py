"""What ``%session export`` and ``%session import`` do."""

from __future__ import annotations

from functools import singledispatchmethod
from pathlib import Path
from typing import Any

from ipy_sessions.commands.values import Export, Import
from ipy_sessions.errors import SessionNotFoundError
from ipy_sessions.exchange import Exchange
from ipy_sessions.library import Ref
from ipy_sessions.magics.commands import Commands
from ipy_sessions.render import exchange
from ipy_sessions.render.markup import Markup


class ExchangeCommands(Commands):
    """Carries out the commands of ``%session`` by which conversations leave and come."""

    @singledispatchmethod
    def run(self, command: Any) -> Markup | None:
        """Carry out one command and return what to show, or ``None``."""
        raise NotImplementedError(command)

    @run.register
    def _export(self, command: Export) -> Markup:
        place = self._host.place()
        done = Exchange(self._host.manager(place)).export(
            self._source(command.ref), command.format, command.path or None, branch=command.branch, force=command.force
        )
        return exchange.exported(done, place.directory).of(done)

    @run.register
    def _import(self, command: Import) -> Markup:
        manager = self._host.manager(self._host.place())
        taken = Exchange(manager).import_files(*command.paths)
        return exchange.imported(taken).of(taken)

    def _source(self, ref: str) -> Ref:
        """Return the session that is meant, or the path of another agent's transcript."""
        try:
            return self._host.meant(ref, self._host.place())
        except SessionNotFoundError:
            if not ref or not Path(ref).expanduser().is_file():
                raise
            return Path(ref)
