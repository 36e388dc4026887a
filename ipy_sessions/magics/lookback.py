"""What the commands of ``%session`` that look back do: what was spent, and a prompt that is wanted again."""

from __future__ import annotations

from functools import singledispatchmethod
from typing import Any

from ipy_sessions.commands.agent import written
from ipy_sessions.commands.form import SUMS
from ipy_sessions.commands.values import Again, Usage
from ipy_sessions.errors import CommandError
from ipy_sessions.magics.commands import Commands
from ipy_sessions.notebook import Place, saved
from ipy_sessions.render import panels, usage
from ipy_sessions.render.markup import Markup, fenced
from ipy_sessions.table.corpus import Named
from ipy_sessions.table.read import read
from ipy_sessions.table.usage_totals import By, totals


class LookbackCommands(Commands):
    """Carries out the commands of ``%session`` that look back."""

    @singledispatchmethod
    def run(self, command: Any) -> Markup:
        """Carry out one command and return what to show."""
        raise NotImplementedError(command)

    @run.register
    def _usage(self, command: Usage) -> Markup:
        tables = read(self._meant(command))
        tables.corpus.notes = self._host.notes
        wanted: tuple[By, ...] = SUMS if command.by is None else (command.by,)  # type: ignore[assignment]
        if command.by is None and command.ref:
            wanted = wanted[1:]
        sums: dict[str, list[usage.Spent]] = {
            by: [usage.Spent(**row) for row in totals(tables, by).to_pylist()] for by in wanted
        }
        return usage.usage(sums).of(sums)

    def _meant(self, command: Usage) -> list[Named]:
        """Return the sessions that are summed up; those in memory alone are no files to be read."""
        place = self._host.place()
        manager = self._host.manager(place)
        if command.ref:
            return [self._host.meant(command.ref, place)]
        rows = manager.list(notebook=None if command.all else place.notebook, archived=None)
        unwritten = {session.id: session for session in manager.opened if not session.in_file}
        return [unwritten.get(row.id, row) for row in rows]

    @run.register
    def _again(self, command: Again) -> Markup:
        session = self._session
        turn = session.turn(command.turn)
        ask, place = turn.ask, self._host.place()
        if not ask.text:
            raise CommandError(f"Turn {turn.number} says nothing that could be typed into a cell.")
        cell, left_out = written(self._host.config.settings.agent_magic, ask.text, ask.options, ask.take)
        notes = [panels.line(f"Left out, since no line can hold it: {name}.") for name in left_out]
        if len(turn.question.content) > 1:
            notes.append(panels.line("What it asked with, beside the text, is not in the cell."))
        return panels.stacked([self._put(cell, turn.number, place), *notes])

    def _put(self, cell: str, number: int, place: Place) -> Markup:
        """Put a text into the next cell, once; where nobody takes it, show it."""
        if _below(place) == cell:
            return panels.line(f"The next cell asks what turn {number} asked already.")
        if not self._host.output.give(cell, place):
            return Markup(fenced(cell.split("\n")), cell)
        return panels.line(f"What turn {number} asked is in the next cell. It was not run.")


def _below(place: Place) -> str | None:
    """Return what the cell below the one that runs says, as the notebook was saved."""
    if place.notebook is None or place.cell_id is None:
        return None
    cells = saved(place.notebook).cells
    here = next((number for number, cell in enumerate(cells) if cell.id == place.cell_id), len(cells))
    return cells[here + 1].source if here + 1 < len(cells) else None
