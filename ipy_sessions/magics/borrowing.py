"""How a kernel goes on with a session: as its writer, or as long as that will do as a reader.

What is logged can be shown from a session that belongs to another notebook, that another kernel has open, or that a
strict run must not change. For a new turn the first is forked, and the others are opened, or refused.
"""

from __future__ import annotations

from typing import Any

from ipy_sessions.errors import SessionBusyError
from ipy_sessions.magics.kernel import Configured, Kernel
from ipy_sessions.notebook import Place
from ipy_sessions.session import Session
from ipy_sessions.store.folder import absolute
from ipy_sessions.summary import SessionInfo

TYPED = ("cell_id", "ask", "command")  # by which a command that has begun a session is known


class Borrowing(Kernel):
    """The kernel, and the sessions that it only reads. The parameters are those of `Kernel`."""

    def __init__(self, shell: Any, config: Configured) -> None:
        super().__init__(shell, config)
        self._chosen: str | None = None
        self._borrowed: dict[str, str] = {}

    def _continue(self, row: SessionInfo, place: Place) -> Session:
        """Go on with a session; one that belongs, or is open, elsewhere is read as long as that will do."""
        manager = self.manager(place)
        if self.config.settings.replay == "strict":
            return self._borrow(row, place, "strict")
        if place.headless or (row.id != self._chosen and self._is_copied(row, place)):
            return self._borrow(row, place, "copy")
        try:
            session = manager.switch(row)
        except SessionBusyError:
            return self._borrow(row, place, "busy")
        self.came("continued", session, place)
        return session

    def _borrow(self, row: SessionInfo, place: Place, why: str) -> Session:
        session = self.manager(place).switch(row, read_only=True)
        self._borrowed[session.id] = why
        self.came("reading", session, place)
        return session

    def _is_copied(self, row: SessionInfo, place: Place) -> bool:
        """Tell whether a session belongs to another notebook that is there, so that this one is a copy of it."""
        if place.notebook is None or row.notebook is None:
            return False
        known = absolute(row.path.parent, row.notebook)
        return known.exists() and place.notebook.exists() and not known.samefile(place.notebook)

    def writable(self, session: Session, place: Place) -> Session:
        """Return the session that a new turn goes to: a session that was only read here is opened, or forked.

        Raises
        ------
        SessionBusyError
            When another kernel has it open.
        """
        manager, why = self.manager(place), self._borrowed.get(session.id)
        if not session.read_only or why is None:
            return session
        if why == "copy":
            begun = {name: session.header.fields[name] for name in TYPED if name in session.header.fields}
            fork = manager.fork(session, session.name, typed=begun)
            _stand(fork, session.leaf)
            manager.become(fork)
            self._chosen = fork.id if self._chosen == session.id else self._chosen
            self.came("forked into", fork, place)
            return fork
        row, leaf = session.info(), session.leaf
        try:
            again = manager.switch(row)
        except SessionBusyError:
            self._borrowed[manager.switch(row, read_only=True).id] = why
            raise
        if leaf is not None and leaf in again.tree:
            _stand(again, leaf)
        return again


def _stand(session: Session, leaf: str | None) -> None:
    """Stand where a reader stood, unless the session's owner has dropped that since."""
    if session.leaf != leaf and leaf not in session.turns.branches.dropped:
        session.move(leaf)
