"""``%session sql``: a query over the folder's conversations, with variables of the kernel."""

from __future__ import annotations

from functools import singledispatchmethod
from typing import Any

from ipy_sessions.commands.values import Sql
from ipy_sessions.magics.commands import Commands
from ipy_sessions.table.read import read
from ipy_sessions.table.sql import Result, sql


class QueryCommands(Commands):
    """Carries out the commands of ``%session`` that look at all the conversations of the folder."""

    @singledispatchmethod
    def run(self, command: Any) -> Any:
        """Carry out one command and return what to show."""
        raise NotImplementedError(command)

    @run.register
    def _sql(self, command: Sql) -> Result:
        shell, corpus = self._host.shell, read(self._folder).corpus
        corpus.notes, corpus.watch = self._host.notes, self._host.watch
        found = sql(command.query, corpus, shell.user_ns, shell.user_ns)
        if command.df is not None:
            shell.push({command.df: found.to_pandas()})
        return found
