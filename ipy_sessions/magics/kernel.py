"""The kernel as the magics see it: where it runs, its sessions, and where it shows things.

It joins what `notebook` finds with a `SessionManager`. Which session is meant is `host`'s business.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple, Protocol

from ipy_sessions.library import Ref
from ipy_sessions.magics.output import Collected, Output
from ipy_sessions.magics.progress import Watched
from ipy_sessions.magics.standing import Standing
from ipy_sessions.manager import SessionManager
from ipy_sessions.notebook import Place, look
from ipy_sessions.render.panels import SHOWN, Listing, came, line, near
from ipy_sessions.session import FindModel, Session
from ipy_sessions.settings import Settings
from ipy_sessions.store.disk import FolderStore
from ipy_sessions.store.folder import choose
from ipy_sessions.watching import Watch


class Configured(Protocol):
    """Where settings come from: `configuration.IPySessions` in a kernel, the environment alone in a terminal."""

    @property
    def settings(self) -> Settings:
        """The settings as one value."""

    @property
    def values(self) -> Mapping[str, Any]:
        """Every setting's value."""

    @property
    def sources(self) -> Mapping[str, str]:
        """Where each comes from, in words."""


class _Behalf(NamedTuple):
    """For whom a command is carried out that no cell holds."""

    place: Place
    output: Collected


_behalf: ContextVar[_Behalf | None] = ContextVar("_behalf", default=None)
"""A variable of its context: a widget is answered in a thread beside the cell that runs."""


class Kernel:
    """The kernel that the magics run in.

    Parameters
    ----------
    shell
        IPython's shell.
    config
        The settings of this kernel.
    """

    def __init__(self, shell: Any, config: Configured) -> None:
        self.shell = shell
        self.config = config
        self._output = Output(shell)
        self.find_model: FindModel | None = None
        """From a name to a model; ``None`` for the models that come with ipy_sessions."""
        self.listing: Listing | None = None
        """The list that was last shown."""
        self.most: int | None = SHOWN
        """Rows of a list that are shown; ``None`` for all."""
        self.notes = True
        """Whether reading may leave something disposable in the folder, by which the next time is faster."""
        self.counts_on = True
        """Whether a number of the list that was shown means its row later on."""
        self.watch: Watch = lambda what: Watched(self.output, what)
        """Shows how far work has come that takes long."""
        self.standing = Standing()
        """The widgets that were shown."""
        self._manager: SessionManager | None = None
        self._said: set[str] = set()
        self._runs: dict[str, tuple[str, int]] = {}

    # Where

    def place(self) -> Place:
        """Find out where the magic runs."""
        behalf = _behalf.get()
        return look(self.shell, self.config.settings.notebook) if behalf is None else behalf.place

    @property
    def output(self) -> Output:
        """Where things are shown."""
        behalf = _behalf.get()
        return self._output if behalf is None else behalf.output

    @contextmanager
    def on_behalf(self, place: Place) -> Iterator[Collected]:
        """Carry out commands that no cell holds, for what a cell has shown, and collect what they say.

        Parameters
        ----------
        place
            Where that cell is. The commands are not written down as the cell's: whoever clicks twice means it twice.
        """
        behalf = _Behalf(place, Collected())
        token = _behalf.set(behalf)
        try:
            yield behalf.output
        finally:
            _behalf.reset(token)

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
        self.say_once([note, getattr(self._manager.store, "caution", "")])
        self._manager.notebook, self._manager.watch = place.notebook, self.watch
        self._manager.settings = settings
        return self._manager

    def say_once(self, notes: Iterable[str | None]) -> None:
        """Say what was not said before in this kernel."""
        for note in notes:
            if note and note not in self._said:
                self._said.add(note)
                self.output.show(line(note))

    def close(self) -> None:
        """Close every session of this kernel."""
        if self._manager is not None:
            self._manager.close()

    def reading(self, ref: Ref) -> AbstractContextManager[Session]:
        """Give a session only to be read, as `SessionManager.reading`."""
        return self.manager(self.place()).reading(ref)

    def count(self, place: Place, what: str = "ask") -> int:
        """Count asks, or commands, within one run of a cell; return the number of the one that is carried out now."""
        run, number = self._runs.get(what, ("", 0))
        self._runs[what] = (place.run, number + 1 if run == place.run else 1)
        return self._runs[what][1]

    def typed(self, place: Place, command: str) -> dict[str, Any]:
        """Return what is written with a command, so that the same cell does nothing when it is run again."""
        if _behalf.get() is not None:
            return {"command": command}
        number = self.count(place, "command")
        where = {} if place.cell_id is None else {"cell_id": place.cell_id, "ask": number}
        return {**where, "command": command}

    # What is said

    def came(self, verb: str, session: Session, place: Place) -> None:
        """Say which session one is in now."""
        self.output.show(came(verb, session.info(), self.where(session, place)))

    def where(self, session: Session, place: Place) -> str:
        """Return where a session is kept, in words."""
        if session.temporary:
            return f"in memory alone, %{self.config.settings.session_magic} keep writes it"
        return near(session.file, place.directory)
