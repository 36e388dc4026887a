"""The sessions of one kernel, or of one script: which there are, which one is meant, which one is current.

It owns how a session is made, opened, switched to and let go of. It refuses to know which there are (`library`), how a
line was typed and how anything is shown.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import msgspec

from ipy_sessions.encoding import clean
from ipy_sessions.entries import Header
from ipy_sessions.errors import (
    InvalidIdError,
    SessionBusyError,
    SessionReadOnlyError,
    SessionsError,
    SettingError,
    TurnRunningError,
)
from ipy_sessions.identifiers import SYSTEM, Source, moment
from ipy_sessions.library import Library, Ref
from ipy_sessions.model.registry import Models
from ipy_sessions.readers.transcript import EPOCH, when
from ipy_sessions.references import busy
from ipy_sessions.session import FindModel, Session
from ipy_sessions.settings import Settings
from ipy_sessions.store.birth import new_header
from ipy_sessions.store.disk import FolderStore
from ipy_sessions.store.interface import Log, Store
from ipy_sessions.store.masking import Mask
from ipy_sessions.store.memory import MemoryStore
from ipy_sessions.store.owner import Owner
from ipy_sessions.store.reading import Contents, refuse_newer
from ipy_sessions.store.recorder import Recorder
from ipy_sessions.tree import Tree
from ipy_sessions.turns import Turn

ID = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9][A-Za-z0-9_-]{7,63}")


class SessionManager(Library):
    """Creates, opens, finds and lists the sessions of one folder.

    Parameters
    ----------
    directory
        The folder that holds the sessions; created with the first one that is written.
    store
        Where the sessions are, when that is no folder: anything that passes `ipy_sessions.testing.check_store`.
    notebook
        The notebook whose sessions these are; ``None`` in a script or a terminal.
    provider
        What kind of place this is: ``"jupyter"``, ``"vscode"``, ``"terminal"``, ``"script"``.
    settings
        What new sessions begin with; by default what the environment's ``IPY_SESSIONS_…`` say, and else the defaults.
    find_model
        From a name to a model, from an empty one to the default; by default the models that can be reached from here.
    source
        Ids and the clock.
    """

    def __init__(
        self,
        directory: str | Path | None = None,
        *,
        store: Store | None = None,
        notebook: Path | None = None,
        provider: str = "script",
        settings: Settings | None = None,
        find_model: FindModel | None = None,
        source: Source = SYSTEM,
    ) -> None:
        if (directory is None) == (store is None):
            raise SettingError("Sessions need one place: SessionManager('.sessions'), or SessionManager(store=…).")
        super().__init__(store or FolderStore(Path(str(directory))))
        self.notebook = notebook
        """The notebook whose sessions these are; it may be renamed while the kernel runs."""
        self.settings = settings or Settings.from_environment(os.environ)
        """What new sessions begin with."""
        self.current: Session | None = None
        """The session that asks go to, if one was chosen."""
        self._provider = provider
        self.models = Models(lambda: self.settings)
        """The models that can be reached from here."""
        self._find_model = find_model or self.models.find
        self._source = source

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @classmethod
    def in_memory(cls, settings: Settings | None = None, find_model: FindModel | None = None) -> SessionManager:
        """Return a manager of sessions that are in memory alone; it finds no others and writes nothing."""
        settings = replace(settings or Settings.from_environment(os.environ), persistence="none")
        return cls(store=MemoryStore(), settings=settings, find_model=find_model)

    # Making and opening

    def create(
        self,
        name: str | None = None,
        *,
        id: str | None = None,  # noqa: A002 - the field's own name
        temporary: bool = False,
        typed: Mapping[str, Any] | None = None,
    ) -> Session:
        """Return a new session. Its file appears with its first user message.

        Parameters
        ----------
        name
            What to call it; ``None`` or empty for no name.
        id
            An id of your own: 8 to 64 letters, digits, dashes and underscores, a letter among them and no dash first,
            and not yet used in this folder. By default a UUIDv7.
        temporary
            Keep it in memory alone.
        typed
            The ``command`` that begins it, and the ``cell_id`` that it stands in: run again, it goes on with it.

        Raises
        ------
        InvalidIdError
            When `id` is malformed or taken.
        """
        session_id = self._source.new_id() if id is None else self._valid(id)
        created = self._source.now()
        header = new_header(
            session_id,
            created,
            self.store.path,
            name=name or None,
            notebook=self.notebook,
            provider=self._provider,
            typed=typed,
        )
        taken = {session.file for session in self._open}
        path = self.store.path_for(session_id, created, self.notebook, taken)
        temporary = temporary or self.settings.persistence == "none"
        return self._register(path, Contents(header, Tree(), []), None, temporary=temporary)

    def receive(self, header: Header) -> Session:
        """Return a new session of a header that was written elsewhere. Its file appears with its first entries.

        Raises
        ------
        SessionReadOnlyError
            When a newer version wrote it.
        """
        created = moment(when(header.ts) or EPOCH)
        path = self.store.path_for(header.id, created, None, {session.file for session in self._open})
        refuse_newer(header, path)
        fields = clean(header.fields, Mask(os.environ, self.settings.secrets))
        contents = Contents(msgspec.structs.replace(header, fields=fields), Tree(), [])
        return self._register(path, contents, None, temporary=self.settings.persistence == "none")

    def open(self, ref: Ref, *, read_only: bool = False, wait: float = 0.0) -> Session:
        """Return the session that is meant, read from its file; one that is open here already is returned as it is.

        Parameters
        ----------
        ref
            A row of `list`, a name, an id or the end of one, or a path.
        read_only
            Only read it: nobody is kept out, and it may be open elsewhere.
        wait
            Seconds to wait for another kernel to let go of it.

        Raises
        ------
        SessionBusyError
            When another kernel has it open; with that kernel, and the ways on.
        SessionNotFoundError, AmbiguousReferenceError
            When none, or more than one, answers to it; with those that are near.
        NotASessionError
            When the file is something else.
        """
        path, called = self._find(ref)
        return self._opened(path, read_only=read_only) or self._read(path, called, read_only=read_only, wait=wait)

    @contextmanager
    def reading(self, ref: Ref) -> Iterator[Session]:
        """Give a session only to be read; one that was not open is closed again. It raises what `open` does."""
        before = self.opened
        session = self.open(ref, read_only=True)
        try:
            yield session
        finally:
            if session not in before:
                self.close(session)

    def fork(
        self,
        ref: Ref,
        name: str | None = None,
        at: int | str | Turn | None = None,
        *,
        typed: Mapping[str, Any] | None = None,
    ) -> Session:
        """Return a new session that begins as a copy of another, which stays as it is; it may be open elsewhere.

        The copied entries keep their ids and say which session wrote them; the new session's header names the other.

        Parameters
        ----------
        ref
            As for `open`.
        name
            What to call it; by default the other's name with ``(fork)``.
        at
            A turn of the other: only the path to its end is copied, with its labels. By default everything is.
        typed
            As for `create`.

        Raises
        ------
        SessionNotFoundError, AmbiguousReferenceError, NotASessionError
            As for `open`.
        TurnNotFoundError
            When no turn of the other, or more than one, answers to `at`.
        """
        path = self.find(ref)
        found = ref if isinstance(ref, Session) else self._opened(path, read_only=True)
        other = found or self._read(path, "", read_only=True)
        session = self.create(temporary=other.temporary, typed=typed)
        try:
            if at is None:
                session.begin_as(other)
            else:
                session.begin_at(other, at)
        except BaseException:
            self.close(session)
            raise
        finally:
            if found is None:
                self.close(other)
        old = other.name
        session.note(name=name or (f"{old} (fork)" if old else None), notebook=session.header.fields.get("notebook"))
        return session

    def continue_recent(self) -> Session:
        """Return this notebook's session of the latest message; without a notebook the folder's; or else a new one."""
        rows = self.list(notebook=self.notebook, archived=None)
        return self.open(rows[0]) if rows else self.create()

    # Switching

    def switch(self, ref: Ref, *, read_only: bool = False, wait: float = 0.0) -> Session:
        """Make another session current; the one before is let go of first.

        A reference that cannot be opened leaves everything as it was. The parameters are those of `open`.

        Raises
        ------
        TurnRunningError
            While the current session's reply is coming in.
        """
        session = self.open(ref, read_only=read_only, wait=wait)
        if session is not self.current:
            self.become(session)
        return session

    def become(self, session: Session) -> None:
        """Make a session of this manager current; the one before is let go of first."""
        try:
            self.leave()
        except SessionsError:
            if session.in_file:
                self.close(session)
            raise
        self.current = session

    def begin(
        self, name: str | None = None, *, temporary: bool = False, typed: Mapping[str, Any] | None = None
    ) -> Session:
        """Make a new session current; the one before is let go of first. The parameters are those of `create`."""
        self.leave()
        self.current = self.create(name, temporary=temporary, typed=typed)
        return self.current

    def leave(self) -> None:
        """Let go of the current session. One that is in memory alone stays there, since it could not be opened again.

        Raises
        ------
        TurnRunningError
            While its reply is coming in.
        LogWriteError
            When its file was deleted or moved, so that it would be lost, or an answer that the disk has refused is
            refused again.
        """
        session = self.current
        if session is None:
            return
        if session.streaming:
            raise TurnRunningError(
                f"{session.title} is still answering, so the session stays. Wait for it or stop it, then switch."
            )
        begun_by_a_cell = "cell_id" in session.header.fields  # whose cells below will look for it
        if session.in_file or not (session.has_messages or session.name or begun_by_a_cell):
            session.check_kept()
            self.close(session)
        self.current = None

    def close(self, session: Session | None = None) -> None:
        """Close one session, or all of them and the connections to their models; a second time does nothing."""
        errors = []
        for one in list(self._open) if session is None else [session]:
            try:
                one.close()
            except SessionsError as error:  # the others are closed all the same
                errors.append(error)
            if one.closed:
                self._open = [other for other in self._open if other is not one]
                self.current = None if self.current is one else self.current
        if errors:
            raise errors[0]
        if session is None:
            self.store.close()
            self.models.close()

    # Inside

    def _opened(self, path: Path, *, read_only: bool) -> Session | None:
        """Return the session of a path that is open here, if it serves."""
        for session in self._still_open():
            if session.file == path:
                if not session.read_only or read_only:
                    return session
                self.close(session)  # it was opened to read, and is to be written now
        return None

    def _read(self, path: Path, called: str, *, read_only: bool, wait: float = 0.0) -> Session:
        if read_only:
            why = f"{called} was opened to read. To go on with it, type `%session open {called}` or `%session fork`."
            return self._register(path, self.store.read(path), None, read_only=why)
        try:
            contents, log = self.store.open(path, self.owner(), wait)
        except SessionReadOnlyError as error:
            return self._register(path, self.store.read(path), None, read_only=str(error))
        except SessionBusyError as error:
            raise SessionBusyError(busy(called, error), error.owner) from None
        return self._register(path, contents, log)

    def owner(self) -> Owner:
        """Return this process, as others see who has a session open."""
        return Owner.here(SYSTEM.now(), self.notebook)

    def _register(
        self, path: Path, contents: Contents, log: Log | None, *, temporary: bool = False, read_only: str = ""
    ) -> Session:
        recorder = Recorder(
            self.store,
            path,
            contents,
            log,
            owner=self.owner,
            source=self._source,
            settings=lambda: self.settings,
            temporary=temporary,
        )
        session = Session(
            recorder,
            settings=lambda: self.settings,
            find_model=self._find_model,
            source=self._source,
            read_only=read_only,
        )
        self._open.append(session)
        return session

    def _valid(self, session_id: str) -> str:
        if not ID.fullmatch(session_id):
            raise InvalidIdError(
                f"{session_id!r} cannot be an id: it takes 8 to 64 letters, digits, dashes and underscores, "
                "a letter among them and no dash first."
            )
        ids = {session.id for session in self._still_open()} | {row.id for row in self.list(archived=None)}
        if session_id in ids:
            raise InvalidIdError(
                f"The id {session_id!r} is taken. Open that session with `%session open {session_id}`."
            )
        return session_id
