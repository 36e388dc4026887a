"""Where the command line works: a folder of sessions and a terminal, and no kernel.

It is the `Host` of the commands that ``%session`` has. Sessions are only read, whoever has them open, and a command
that reads leaves the folder as it is.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from ipy_sessions.cli.offers import in_a_terminal
from ipy_sessions.errors import FolderError, NotASessionError, SessionNotFoundError
from ipy_sessions.magics.host import Host
from ipy_sessions.magics.output import Output
from ipy_sessions.manager import SessionManager
from ipy_sessions.notebook import Place
from ipy_sessions.render.markup import Markup, Picture
from ipy_sessions.render.panels import Listing
from ipy_sessions.render.terminal import CLEAR_LINE
from ipy_sessions.session import Session
from ipy_sessions.settings import DEFAULTS, Settings, given_in
from ipy_sessions.store.disk import FolderStore
from ipy_sessions.store.folder import NAME, Folder, choose
from ipy_sessions.summary import SessionInfo

HERE = Place(None, "a terminal has none", "terminal")


class Environment:
    """The settings where there is no kernel: what the environment says, and else the defaults.

    Parameters
    ----------
    environ
        The environment.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        given = given_in(environ)
        self.settings = Settings(**given)
        self.values: Mapping[str, Any] = {name: getattr(self.settings, name) for name in DEFAULTS}
        self.sources = {name: "the environment" if name in given else "default" for name in DEFAULTS}


class Aside(Output):
    """What is said beside the answer: on the error stream, so that it never stands among data."""

    def __init__(self) -> None:
        super().__init__(None)

    def show(self, markup: Markup | Picture) -> None:
        """Say it."""
        print(in_a_terminal(markup.plain), file=sys.stderr)

    def update(self, shown: Any, markup: Markup) -> Any:
        """Say how far something has come, where somebody watches."""
        if sys.stderr.isatty():
            print(f"{CLEAR_LINE}{markup.plain}", end="", file=sys.stderr, flush=True)
        return shown or True


class Desk(Host):
    """A folder of sessions, as the commands see it.

    Parameters
    ----------
    environ
        The environment, whose ``IPY_SESSIONS_…`` are the settings.
    directory
        The folder; ``None`` for what the settings say.
    writes
        Whether the command that is carried out changes the folder.
    needed
        Whether the folder must be there.
    variables
        What a command may name by ``$name``, as in a notebook its variables.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        directory: str | None = None,
        *,
        writes: bool = False,
        needed: bool = True,
        variables: Mapping[str, str] = {},
    ) -> None:
        super().__init__(SimpleNamespace(user_ns=dict(variables)), Environment(environ))
        self._output = Aside()
        self.notes = writes
        self.counts_on = False  # the next line is carried out by another process
        self.most = None  # what is long goes through a pager, or on to another program
        self._directory = directory
        self._writes = writes
        self._needed = needed

    def place(self) -> Place:
        """Return where this runs: beside no notebook."""
        return HERE

    def manager(self, place: Place) -> SessionManager:
        """Return the sessions of the folder."""
        del place  # which is always the same
        return self._sessions

    @cached_property
    def _sessions(self) -> SessionManager:
        folder = self._folder()
        if self._needed and not folder.path.is_dir():
            raise FolderError(f"There is no folder {folder.path}. Name the folder of your sessions with --dir PATH.")
        store = FolderStore(folder.path, index=self._writes)
        self.say_once([store.caution])
        self._manager = SessionManager(store=store, provider=HERE.provider, settings=self.config.settings)
        return self._manager

    def _folder(self) -> Folder:
        if self._directory is not None:
            return Folder(Path(self._directory))
        here = HERE.directory
        if self.config.settings.directory == "notebook" and (here / NAME).is_dir() and not self._writes:
            return Folder(here / NAME)  # which may be one that can only be read
        folder, note = choose(self.config.settings.directory, here)
        self.say_once([note])
        return folder

    def resolve(self, ref: str) -> str | SessionInfo:
        """Return what a reference means; a number is one of the whole list, as ``list`` shows it.

        Raises
        ------
        SessionNotFoundError
            For a path of what is no session of ours.
        """
        if ref.isdecimal() and self.listing is None:
            self.listing = Listing(None, tuple(self._sessions.list()))
        if is_file(ref):
            _refuse_foreign(Path(ref).expanduser())
        return super().resolve(ref)

    def meant(self, ref: str, place: Place) -> Session | SessionInfo:
        """Return the session that a reference means, also by a path into another folder."""
        try:
            return super().meant(ref, place)
        except SessionNotFoundError:
            if is_file(ref):
                return self.read(ref)
            raise

    def found(self, place: Place) -> Session | None:
        """Return the session that was chosen, or else the latest one, to be read."""
        manager = self.manager(place)
        if manager.current is None and (rows := manager.list()):
            manager.switch(rows[0], read_only=True)
        return manager.current

    def read(self, ref: str) -> Session:
        """Return the session that is meant, to be read; an empty reference means the latest one.

        Raises
        ------
        SessionNotFoundError
            When there is none.
        """
        session = self._sessions.switch(self.resolve(ref), read_only=True) if ref else self.found(HERE)
        if session is None:
            raise SessionNotFoundError(f"There is no session in {self._sessions.store.path} yet.")
        return session


def is_file(ref: str) -> bool:
    """Tell whether a reference is the path of a file; a name may be anything."""
    try:
        return Path(ref).expanduser().is_file()
    except (OSError, RuntimeError, ValueError):  # too long, no home of that name, a NUL
        return False


def _refuse_foreign(path: Path) -> None:
    """Refuse a transcript of another agent: some begin as ours do, and would be read as a session without a word."""
    from ipy_sessions.readers import own
    from ipy_sessions.readers.file import File
    from ipy_sessions.readers.registry import reader_of

    try:
        written = reader_of(File(str(path), path.read_bytes())).name
    except (NotASessionError, OSError) as error:
        raise SessionNotFoundError(str(error)) from None
    if written != own.NAME:
        raise SessionNotFoundError(
            f"{path} is a transcript of the format {written}. `ipy-sessions import {path}` makes a session of it."
        )
