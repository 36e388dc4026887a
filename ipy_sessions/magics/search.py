"""What ``%session search`` does: the kernel's sessions are looked through, and what is found can be opened."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import singledispatchmethod
from typing import Any

from ipy_sessions.commands.dates import wanted
from ipy_sessions.commands.values import Search
from ipy_sessions.errors import CommandError
from ipy_sessions.identifiers import SYSTEM
from ipy_sessions.magics.commands import Commands
from ipy_sessions.magics.stopped import Stopped
from ipy_sessions.manager import SessionManager
from ipy_sessions.notebook import Place
from ipy_sessions.render.hits import found
from ipy_sessions.render.markup import Markup
from ipy_sessions.render.panels import Listing
from ipy_sessions.searching.hits import Hits
from ipy_sessions.searching.search import prepared
from ipy_sessions.summary import SessionInfo
from ipy_sessions.table.corpus import Named


class SearchCommands(Commands):
    """Carries out ``%session search``.

    Parameters
    ----------
    host
        The kernel.
    """

    @singledispatchmethod
    def run(self, command: Any) -> Markup:
        """Carry out one command and return what to show."""
        raise NotImplementedError(command)

    @run.register
    def _search(self, command: Search) -> Markup:
        place = self._host.place()
        manager = self._host.manager(place)
        dates = wanted(command.dates, SYSTEM.now())
        named = self._named(command, manager, place)
        if not named:
            raise CommandError("There is no session to look in yet. Ask something, and there is one.")
        search = prepared(command.what, named, **command.narrowed, **dates)
        try:
            search.corpus.watch = self._host.watch
            with self._host.watch("sessions") as progress:
                search.run(progress)
        except KeyboardInterrupt:
            note = f"Stopped after {search.done:,} sessions: this is what was found by then."
            self._host.output.show(self._shown(search.hits(), manager, [note]))
            raise Stopped("Stopped.") from None
        return self._shown(search.hits(), manager)

    def _named(self, command: Search, manager: SessionManager, place: Place) -> Sequence[Named]:
        """Return where is looked: in what was named, or in the notebook's sessions, or in the folder and in memory."""
        if command.paths:
            return command.paths
        return self._listed(place.notebook) if command.here else [*self._folder, *manager.unwritten]

    def _shown(self, hits: Hits, manager: SessionManager, notes: Iterable[str] = ()) -> Markup:
        """Return what is shown of hits; from now on the numbers of their rows mean their sessions."""
        rows = {str(row.path): row for row in manager.list(archived=None)} if hits else {}
        rows |= {session.id: session.info() for session in manager.unwritten}
        others: list[SessionInfo] = []
        refs: list[int | str | None] = []
        for hit in hits:
            row = rows.get(hit.path) or rows.get(hit.session)
            told = None if row is None else len(others) + 1 if self._host.counts_on else row.tail
            refs.append(told)
            others += [] if row is None else [row]
        if others:
            current = None if manager.current is None else manager.current.info()
            self._host.listing = Listing(current, tuple(others))
        skipped = [f"Skipped {reason}" for reason in hits.skipped]
        return found(hits, hits.total, hits.sessions, refs, *notes, *skipped).of(hits)
