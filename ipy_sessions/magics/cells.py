"""``%session plan`` and ``%session cells``: the saved notebook beside the conversation. Neither does anything.

The session is only read; where there is none yet, the notebook is seen beside an empty conversation.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import singledispatchmethod
from pathlib import Path
from typing import Any

from ipy_sessions.commands.values import Cells, Plan
from ipy_sessions.errors import CommandError
from ipy_sessions.magics.commands import Commands
from ipy_sessions.magics.host import Host
from ipy_sessions.magics.order import order_of
from ipy_sessions.manager import SessionManager
from ipy_sessions.notebook import Place, saved
from ipy_sessions.notebook_cells import Line, Names, lines_of
from ipy_sessions.planning import Plan as Planned
from ipy_sessions.planning import plan
from ipy_sessions.render import cells
from ipy_sessions.render.markup import Markup
from ipy_sessions.replay import Order
from ipy_sessions.session import Session
from ipy_sessions.settings import Settings
from ipy_sessions.store.folder import absolute
from ipy_sessions.survey import Survey, survey


@dataclass(frozen=True, slots=True)
class View:
    """A saved notebook beside a conversation.

    Parameters
    ----------
    session
        The conversation.
    lines, order
        What the notebook's cells ask, and their order.
    mode
        The setting `replay`.
    used
        Ids of the questions that this kernel has shown or asked, where asks are known by their text.
    """

    session: Session
    lines: list[Line]
    order: Order
    mode: str = "auto"
    used: frozenset[str] = frozenset()


class CellCommands(Commands):
    """Carries out the commands of ``%session`` that look at the notebook."""

    @singledispatchmethod
    def run(self, command: Any) -> Markup:
        """Carry out one command and return what to show."""
        raise NotImplementedError(command)

    @run.register
    def _plan(self, command: Plan) -> Markup:
        with viewed(self._host, command.ref) as view:
            found = planned(view, command.replay)
        return cells.plan(found, found.saved)

    @run.register
    def _cells(self, command: Cells) -> Markup:
        with viewed(self._host, command.ref) as view:
            found = surveyed(view)
        return cells.survey(found, found.saved)


def planned(view: View, replay: str | None = None) -> Planned:
    """Return what running the notebook would do, with the setting `replay` or as if it were another."""
    return plan(view.session, view.lines, view.order, replay or view.mode, view.used)


def surveyed(view: View) -> Survey:
    """Return how the notebook's cells stand."""
    return survey(view.session, view.lines, view.order)


@contextmanager
def viewed(host: Host, ref: str, notebook: Path | None = None) -> Iterator[View]:
    """Give a kernel's notebook, or another one, beside the session that is meant.

    Raises
    ------
    CommandError
        When there is no notebook, or it cannot be read.
    """
    place, settings = host.place(), host.config.settings
    path = notebook or place.notebook
    if path is None:
        raise CommandError(
            f"No notebook is known here ({place.found_by}). Name it: `%config IPySessions.notebook = 'path.ipynb'`."
        )
    ids = place.cell_id is not None or not (place.matches or place.headless)
    lines, order = _read(path, Names(settings.agent_magic, settings.session_magic), ids=ids)
    with _session(host, ref, place) as session:
        lines = _with_their_sessions(lines, session, host.manager(place), path)
        yield View(session, lines, order, settings.replay, frozenset(() if ids else host.used))


def _with_their_sessions(lines: list[Line], session: Session, manager: SessionManager, notebook: Path) -> list[Line]:
    """Return the lines, of which those that another session of the notebook has answered say which."""
    cells = {line.ask.cell for line in lines if line.ask is not None and line.session is None}
    foreign = {cell for cell in cells if cell is not None and not session.turns.has_asked(cell)}
    if not foreign:
        return lines
    theirs: dict[str | None, str] = {}
    for row in reversed(manager.list(notebook=notebook, archived=None)):  # the one that has answered last counts
        theirs.update(dict.fromkeys(foreign & row.cells.keys(), row.title) if row.id != session.id else {})
    return [
        replace(line, session=theirs[line.cell]) if line.ask is not None and line.cell in theirs else line
        for line in lines
    ]


def view_of(session: Session, notebook: Path | None) -> View:
    """Return a notebook, or the one that a session belongs to, beside that session.

    Raises
    ------
    CommandError
        When there is no notebook, or it cannot be read.
    """
    known = session.notebook
    if notebook is None and known is None:
        raise CommandError(f"{session.title} belongs to no notebook. Name one: plan(session, 'path.ipynb').")
    path = notebook or absolute(session.file.parent, str(known))
    return View(session, *_read(path, Names()))


def _read(path: Path, names: Names, *, ids: bool = True) -> tuple[list[Line], Order]:
    found = saved(path)
    if found.at is None:
        raise CommandError(f"{path} cannot be read as a notebook. Save it first.")
    if not ids:
        found = replace(found, cells=tuple(replace(cell, id=None) for cell in found.cells))
    return lines_of(found.cells, names), order_of(found)


@contextmanager
def _session(host: Host, ref: str, place: Place) -> Iterator[Session]:
    """Give the session that is meant, or else the one that an ask would go on with, only to be read."""
    manager = host.manager(place)
    if manager.current is not None and ref in ("", "0"):
        manager.current.refresh()
        yield manager.current
        return
    row = host.next(place) if ref in ("", "0") else host.resolve(ref)
    if row is None:
        with SessionManager.in_memory(Settings()) as nowhere:
            yield nowhere.create()
        return
    with host.reading(row) as session:
        yield session
