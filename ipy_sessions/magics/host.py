"""Which session is meant, by a reference, by a cell, by what a command has chosen before.

A cell belongs to the session that has answered it, unless a command has chosen another one above it. How one goes on
with a session that belongs elsewhere is the business of `borrowing`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ipy_sessions.ask import Ask
from ipy_sessions.counting import begun_by
from ipy_sessions.errors import AmbiguousReferenceError, CommandError, SessionBusyError, SessionNotFoundError
from ipy_sessions.magics.borrowing import Borrowing
from ipy_sessions.magics.kernel import Configured
from ipy_sessions.magics.order import saved_order
from ipy_sessions.manager import SessionManager
from ipy_sessions.notebook import Place
from ipy_sessions.references import matching
from ipy_sessions.render.panels import line
from ipy_sessions.replay import Replay, match
from ipy_sessions.session import Session
from ipy_sessions.store.folder import absolute, relative
from ipy_sessions.store.mending.sharing import is_cleared
from ipy_sessions.summary import SessionInfo

COPIED_FROM = 100  # of the latest sessions, those that are looked at for one that knows this notebook's cells

NONE_YET = "There is no session yet. Ask something, or type `%session new`."


class Host(Borrowing):
    """The kernel, and which of its sessions is meant. The parameters are those of `Kernel`."""

    def __init__(self, shell: Any, config: Configured) -> None:
        super().__init__(shell, config)
        self.used: set[str] = set()
        """Ids of the questions that this kernel has shown or asked, for hosts whose cells have no ids."""
        self._told: str | None = None
        self._entered: set[str] = set()
        self._asked: set[str] = set()
        self._listed_for: tuple[str, Path | None] | None = None
        self._others: list[SessionInfo] = []

    # Which session

    def told(self, place: Place) -> None:
        """Know that a command has chosen the session that is current now, and where it stood."""
        current = self.manager(place).current
        self._told, self._chosen = place.cell_id or "", None if current is None else current.id
        self._borrowed = {}

    def has_begun(self, typed: Mapping[str, Any], place: Place, *, again: bool) -> bool:
        """Go on with the session that the same command of the same cell has begun before, if it has, and say so."""
        manager, wanted = self.manager(place), begun_by(typed)
        current = manager.current
        rows = [] if wanted is None or again else self._begun(wanted, place)
        here = [one for one in manager.opened if begun_by(one.header.fields) == wanted] if place.cell_id else []
        if again or wanted is None or not (rows or here):
            return False
        kept = self._borrowed if current in here else {}  # as it was read, it is read on
        self.told(place)
        self._borrowed.update(kept)
        if current in here and current is not None:
            self.came("already in", current, place)
        elif rows:
            self._entered.add(self._continue(rows[0], place).id)
        else:
            manager.switch(here[-1])
        self._chosen = None if manager.current is None else manager.current.id
        self.output.show(line("This cell has begun it before; with `--again` it begins another."))
        return True

    def _begun(self, wanted: str, place: Place) -> list[SessionInfo]:
        """Return the sessions that a command has begun: in this cell, or, where nobody watches, in their order."""
        rows = self.manager(place).list(notebook=place.notebook, archived=None)
        if place.cell_id is not None:
            others = [] if rows else self.manager(place).list(archived=None, limit=COPIED_FROM)
            originals = (row for row in others if row.begun_by == wanted and self._is_copied(row, place))
            return [row for row in rows if row.begun_by == wanted] or list(originals)
        if not place.headless or not self.replays(self.config.settings.replay):
            return []
        command = wanted.split(" ", 2)[2]
        same = [row for row in rows if row.begun_by is not None and row.begun_by.split(" ", 2)[2] == command]
        return [row for row in reversed(same) if row.id not in self._entered]

    def resolve(self, ref: str) -> str | SessionInfo:
        """Return what a reference means when it is a number of the list last shown, else the reference itself.

        Raises
        ------
        SessionNotFoundError
            When it is a number and no list, or none with so many rows, was shown.
        """
        if not ref.isdecimal() or len(ref) > 5:  # noqa: PLR2004 - longer ones are ends of ids
            return ref
        row = self.listing.row(int(ref)) if self.listing is not None else None
        if row is not None:
            return row
        if matching(ref, self.manager(self.place()).list()):  # a name or the end of an id, made of digits
            return ref
        if self.listing is None:
            raise SessionNotFoundError(f"{ref} is a row's number, and no list was shown yet. Type `%session list`.")
        raise SessionNotFoundError(f"The list has no row {ref}: its last is {len(self.listing.others)}.")

    def meant(self, ref: str, place: Place) -> Session | SessionInfo:
        """Return the session that a reference means; an empty one, and row 0, mean the current session.

        Raises
        ------
        CommandError
            When there is no current session.
        SessionNotFoundError
            When nothing answers to the reference.
        """
        manager = self.manager(place)
        if ref in ("", "0"):
            session = manager.current or self.found(place)
            if session is None:
                raise CommandError(NONE_YET)
            return session
        return manager.row(self.resolve(ref))

    def found(self, place: Place) -> Session | None:
        """Return the current session; in a fresh kernel, the one to go on with, if there is one.

        That is the session of this notebook that last answered this cell, else its latest; without a notebook, the
        latest that has none.
        """
        manager = self.manager(place)
        row = None if manager.current is not None else self.next(place)
        if row is None:
            if manager.current is not None:
                manager.current.refresh()
            return manager.current
        return self._continue(row, place)

    def replays(self, mode: str) -> bool:
        """Tell whether logged answers are to be shown although nobody watches: only when that was asked for."""
        return mode == "strict" or self.config.sources["replay"] != "default"

    def next(self, place: Place) -> SessionInfo | None:
        """Return the session that a fresh kernel goes on with, if there is one; nothing is opened."""
        if not self._goes_on(place):
            return None
        rows = self.manager(place).list(notebook=place.notebook, archived=None)
        if place.notebook is None:
            rows = [row for row in rows if row.notebook is None and row.key is not None]  # none of another agent's
        if not rows:
            return self._original(place)
        return _last_answered(rows, place.cell_id) or rows[0]

    def _goes_on(self, place: Place) -> bool:
        settings = self.config.settings
        return settings.on_start == "continue" and settings.persistence != "none" and not place.headless

    def _original(self, place: Place) -> SessionInfo | None:
        """Return the session that has answered this cell for another notebook, of which this one is a copy."""
        if place.notebook is None or place.cell_id not in saved_order(place.notebook).cells:
            return None  # a cell that was not saved yet came with no copy
        rows = self.manager(place).list(archived=None, limit=COPIED_FROM)
        return _last_answered([row for row in rows if row.notebook is not None], place.cell_id)

    def _own(self, place: Place) -> SessionInfo | None:
        """Return the session that a cell belongs to, when that is another than the current one.

        Below a command that has chosen one it is that; above it, or without one, the session of this notebook that has
        answered the cell. A kernel that is not to go on with sessions from before knows its own alone.
        """
        manager, cell = self.manager(place), place.cell_id
        session = manager.current
        if session is None:
            self._told = self._chosen = None  # it was closed, or deleted
        if session is None or cell is None or place.notebook is None:
            return None
        if self._told is not None and not saved_order(place.notebook).stands_above((cell, 1), (self._told, 1)):
            return self._left(session, manager)
        if session.turns.has_asked(cell):
            return None
        goes_on = self._goes_on(place)
        return _last_answered([row for row in self._rest(session, place) if goes_on or row.id in self._asked], cell)

    def _rest(self, current: Session, place: Place) -> list[SessionInfo]:
        """Return the notebook's other sessions, listed once for each session that is current: each new cell asks."""
        listed_for = current.id, place.notebook
        if self._listed_for != listed_for:
            rows = self.manager(place).list(notebook=place.notebook, archived=None)
            self._listed_for, self._others = listed_for, [row for row in rows if row.id != current.id]
        return self._others

    def _left(self, current: Session, manager: SessionManager) -> SessionInfo | None:
        """Return the session that a command has chosen, when it was left for a cell above that belongs elsewhere."""
        if self._chosen in (None, current.id):
            return None
        rows = [one.info() for one in manager.opened] + manager.list(archived=None)
        return next((row for row in rows if row.id == self._chosen), None)

    def asked(self, place: Place, ask: Ask | None = None) -> Session:
        """Return the session that an ask goes to: the cell's own, else `found`, or else a new one.

        Raises
        ------
        CommandError
            When the setting `on_start` says that the user is to choose.
        """
        own = self._own(place)
        session = self.found(place) if own is None else self._continue(own, place)
        if session is None and ask is not None and place.headless and self.replays(self.config.settings.replay):
            session = self._holding(ask, place)
        if session is None:
            if self.config.settings.on_start == "ask":
                raise CommandError(
                    "Choose the session first: `%session continue`, `%session list` and `%session open N`, or "
                    "`%session new`. (The setting on_start is 'ask'.)"
                )
            session = self.manager(place).begin()
            self.came("new session", session, place)
        self._follow_rename(session, place)
        self._asked.add(session.id)
        return session

    def _holding(self, ask: Ask, place: Place) -> Session | None:
        """Return the latest session in which an ask is logged, for a notebook that nobody watches.

        Where there is none, a strict run still gets the latest, to say how the ask differs.
        """
        manager, strict = self.manager(place), self.config.settings.replay == "strict"
        rows = manager.list(notebook=place.notebook, archived=None, limit=COPIED_FROM)
        rows = rows or manager.list(archived=None, limit=COPIED_FROM)
        found = next((row for row in rows if self._holds(row, ask)), rows[0] if rows and strict else None)
        return None if found is None else self._borrow(found, place, "strict" if strict else "copy")

    def _holds(self, row: SessionInfo, ask: Ask) -> bool:
        with self.reading(row) as session:
            return isinstance(match(session.turns, session.masked(ask), self.used), Replay)

    @contextmanager
    def routed(self, ref: str, place: Place) -> Iterator[Session]:
        """Give the session that one ask alone goes to, created if there is none of this name.

        One that another kernel has open is read, and what is not logged in it is refused with who has it.
        """
        manager = self.manager(place)
        try:
            session = self._opened(manager, self.resolve(ref))
        except AmbiguousReferenceError:
            raise
        except SessionNotFoundError:
            if ref.isdecimal():
                raise
            session = manager.create(ref)
            self.came("new session", session, place)
        try:
            yield session
        finally:
            if session is not manager.current and (session.in_file or not (session.has_messages or session.name)):
                manager.close(session)

    def _opened(self, manager: SessionManager, ref: str | SessionInfo) -> Session:
        try:
            return manager.open(ref)
        except SessionBusyError as error:
            session = manager.open(ref, read_only=True)
            session.read_only = str(error)
            return session

    def _follow_rename(self, session: Session, place: Place) -> None:
        """Write down the notebook's new path when the one that the session knows is gone."""
        if place.notebook is None or session.notebook is None or session.read_only:
            return
        folder = session.file.parent
        known = absolute(folder, session.notebook)
        if known != place.notebook and not known.exists() and place.notebook.exists():
            path = relative(folder, place.notebook)
            if not (Path(path).is_absolute() and is_cleared(session.header)):  # it was shared, and stays fit for that
                session.note(notebook=path)


def _last_answered(rows: Sequence[SessionInfo], cell: str | None) -> SessionInfo | None:
    """Return the session that has answered a cell last."""
    answered = [row for row in rows if cell in row.cells]
    return max(answered, key=lambda row: row.cells[str(cell)], default=None)
