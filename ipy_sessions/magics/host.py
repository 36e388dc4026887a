"""The kernel as the magics see it: its notebook and its sessions.

It joins what `notebook` finds with what `SessionManager` knows, so that each magic asks one object: where am I, and
which session is meant.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ipy_sessions.errors import AmbiguousReferenceError, CommandError, SessionNotFoundError
from ipy_sessions.magics.configuration import IPySessions
from ipy_sessions.magics.output import Output
from ipy_sessions.manager import SessionManager
from ipy_sessions.notebook import Place, look
from ipy_sessions.references import matching
from ipy_sessions.render.panels import Listing, came, line, near
from ipy_sessions.session import FindModel, Session
from ipy_sessions.settings import Settings
from ipy_sessions.store.disk import FolderStore
from ipy_sessions.store.folder import absolute, choose, relative
from ipy_sessions.store.mending.sharing import is_cleared
from ipy_sessions.summary import SessionInfo


class Host:
    """The kernel that the magics run in.

    Parameters
    ----------
    shell
        IPython's shell.
    config
        The settings of this kernel.
    """

    def __init__(self, shell: Any, config: IPySessions) -> None:
        self.shell = shell
        self.config = config
        self.output = Output(shell)
        self.find_model: FindModel | None = None
        """From a name to a model; ``None`` for the models that come with ipy_sessions."""
        self.listing: Listing | None = None
        """The list that was last shown."""
        self._manager: SessionManager | None = None
        self._said: set[str] = set()

    # Where

    def place(self) -> Place:
        """Find out where the magic runs."""
        return look(self.shell, self.config.settings.notebook)

    def manager(self, place: Place) -> SessionManager:
        """Return the sessions of this kernel, seen from where the magic runs."""
        settings: Settings = self.config.settings
        folder, note = choose(settings.directory, place.directory)
        if self._manager is None:
            self._manager = SessionManager(
                folder.path, provider=place.provider, settings=settings, find_model=self.find_model
            )
        if self._manager.store.path != folder.path:
            self._manager.store.close()
            self._manager.store = FolderStore(folder.path)
        self._say_once([note, getattr(self._manager.store, "caution", "")])
        self._manager.notebook = place.notebook
        self._manager.settings = settings
        return self._manager

    def _say_once(self, notes: Iterable[str | None]) -> None:
        for note in notes:
            if note and note not in self._said:
                self._said.add(note)
                self.output.show(line(note))

    def close(self) -> None:
        """Close every session of this kernel."""
        if self._manager is not None:
            self._manager.close()

    # Which session

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
                raise CommandError("There is no session yet. Ask something, or type `%session new`.")
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
        session = manager.switch(row)
        self.came("continued", session, place)
        return session

    def next(self, place: Place) -> SessionInfo | None:
        """Return the session that a fresh kernel goes on with, if there is one; nothing is opened."""
        settings = self.config.settings
        if settings.on_start != "continue" or settings.persistence == "none" or place.headless:
            return None
        rows = self.manager(place).list(notebook=place.notebook, archived=None)
        if place.notebook is None:
            rows = [row for row in rows if row.notebook is None]
        if not rows:
            return None
        cell = place.cell_id
        answered = [row for row in rows if cell in row.cells]
        return max(answered, key=lambda row: row.cells[str(cell)]) if answered else rows[0]

    def asked(self, place: Place) -> Session:
        """Return the session that an ask goes to: `found`, or else a new one.

        Raises
        ------
        CommandError
            When the setting `on_start` says that the user is to choose.
        """
        session = self.found(place)
        if session is None:
            if self.config.settings.on_start == "ask":
                raise CommandError(
                    "Choose the session first: `%session continue`, `%session list` and `%session open N`, or "
                    "`%session new`. (The setting on_start is 'ask'.)"
                )
            session = self.manager(place).begin()
            self.came("new session", session, place)
        self._follow_rename(session, place)
        return session

    @contextmanager
    def routed(self, ref: str, place: Place) -> Iterator[Session]:
        """Give the session that one ask alone goes to, created if there is none of this name."""
        manager = self.manager(place)
        try:
            session = manager.open(self.resolve(ref))
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

    # What is said

    def came(self, verb: str, session: Session, place: Place) -> None:
        """Say which session one is in now."""
        self.output.show(came(verb, session.info(), self.where(session, place)))

    def where(self, session: Session, place: Place) -> str:
        """Return where a session is kept, in words."""
        if session.temporary:
            return f"in memory alone, %{self.config.settings.session_magic} keep writes it"
        return near(session.file, place.directory)
