"""The sessions of one kernel, or of one script: which there are, which one is meant, which one is current.

It owns the choice of a session: by reference, by notebook and cell, the latest. It refuses to know how a line was typed
and how anything is shown.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Self

from ipy_sessions.errors import (
    AmbiguousReferenceError,
    InvalidIdError,
    SessionNotFoundError,
    SessionsError,
    TurnRunningError,
)
from ipy_sessions.identifiers import SYSTEM, Source
from ipy_sessions.model.registry import Models
from ipy_sessions.notebook import cell_ids
from ipy_sessions.references import Rows, matching, names, unknown
from ipy_sessions.session import FindModel, Session
from ipy_sessions.settings import Settings
from ipy_sessions.store.birth import new_header
from ipy_sessions.store.catalog import scan
from ipy_sessions.store.folder import Folder
from ipy_sessions.store.reading import Contents, read
from ipy_sessions.store.recorder import Recorder
from ipy_sessions.summary import SessionInfo
from ipy_sessions.tree import Tree

ID = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9][A-Za-z0-9_-]{7,63}")


class SessionManager:
    """Creates, opens, finds and lists the sessions of one folder.

    Parameters
    ----------
    directory
        The folder that holds the sessions; created with the first one that is written.
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
        directory: str | Path,
        *,
        notebook: Path | None = None,
        provider: str = "script",
        settings: Settings | None = None,
        find_model: FindModel | None = None,
        source: Source = SYSTEM,
    ) -> None:
        self.folder = Folder(Path(directory))
        """Where the sessions are."""
        self.notebook = notebook
        """The notebook whose sessions these are; it may be renamed while the kernel runs."""
        self.settings = settings or Settings.from_environment(os.environ)
        """What new sessions begin with."""
        self.current: Session | None = None
        """The session that asks go to, if one was chosen."""
        self._reads_folder = True
        self._provider = provider
        self.models = Models(lambda: self.settings)
        """The models that can be reached from here."""
        self._find_model = find_model or self.models.find
        self._source = source
        self._open: list[Session] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @classmethod
    def in_memory(cls, settings: Settings | None = None, find_model: FindModel | None = None) -> SessionManager:
        """Return a manager of sessions that are in memory alone; it finds no others and writes nothing."""
        settings = replace(settings or Settings.from_environment(os.environ), persistence="none")
        manager = cls(".sessions", settings=settings, find_model=find_model)
        manager._reads_folder = False
        return manager

    # Making and opening

    def create(
        self,
        name: str | None = None,
        *,
        id: str | None = None,  # noqa: A002 - the field's own name
        temporary: bool = False,
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

        Raises
        ------
        InvalidIdError
            When `id` is malformed or taken.
        """
        session_id = self._source.new_id() if id is None else self._valid(id)
        created = self._source.now()
        header = new_header(
            session_id, created, self.folder, name=name or None, notebook=self.notebook, provider=self._provider
        )
        file = self.folder.free(
            self.folder.file_for(session_id, created, self.notebook), {session.file for session in self._open}
        )
        contents = Contents(header, Tree(), [])
        return self._register(file, contents, temporary=temporary or self.settings.persistence == "none")

    def open(self, ref: str | Path | SessionInfo) -> Session:
        """Return the session that is meant, read from its file; one that is open here already is returned as it is.

        Parameters
        ----------
        ref
            A row of `list`, a name, an id or the end of one, or a path.

        Raises
        ------
        SessionNotFoundError, AmbiguousReferenceError
            When none, or more than one, answers to it; with those that are near.
        NotASessionError
            When the file is something else.
        """
        found = self._load(ref)
        return found if isinstance(found, Session) else self._register(*found)

    def continue_recent(self) -> Session:
        """Return this notebook's session of the latest message; without a notebook the folder's; or else a new one."""
        rows = self.list(notebook=self.notebook)
        return self.open(rows[0]) if rows else self.create()

    # Finding

    def list(self, *, notebook: Path | None = None) -> list[SessionInfo]:
        """Return the sessions of the folder, that of the latest message first; those in memory alone included.

        Parameters
        ----------
        notebook
            Return only those that belong to this notebook: by its path, or, when the path that they know is gone, by
            the cells that they have seen.
        """
        rows = self.scan()[0]
        return rows if notebook is None else [row for row in rows if self._belongs(row, notebook)]

    def scan(self) -> tuple[Rows, Sequence[tuple[Path, str]]]:
        """Return every session of the folder, and the files that are none, each with the reason."""
        rows, skipped = scan(self.folder) if self._reads_folder else ([], [])
        in_memory = [one for one in self._still_open() if one.has_messages and not one.in_file]
        rows += [session.info() for session in in_memory]
        rows.sort(key=lambda row: (row.modified, row.id), reverse=True)
        return rows, skipped

    # Switching

    def switch(self, ref: str | Path | SessionInfo) -> Session:
        """Make another session current; the one before is let go of first.

        A reference that cannot be opened leaves everything as it was.

        Raises
        ------
        TurnRunningError
            While the current session's reply is coming in.
        """
        found = self._load(ref)
        if found is self.current and isinstance(found, Session):
            return found
        self.leave()
        self.current = found if isinstance(found, Session) else self._register(*found)
        return self.current

    def begin(self, name: str | None = None, *, temporary: bool = False) -> Session:
        """Make a new session current; the one before is let go of first."""
        self.leave()
        self.current = self.create(name, temporary=temporary)
        return self.current

    def leave(self) -> None:
        """Let go of the current session. One that is in memory alone stays there, since it could not be opened again.

        Raises
        ------
        TurnRunningError
            While its reply is coming in.
        """
        session = self.current
        if session is None:
            return
        if session.streaming:
            raise TurnRunningError(
                f"{session.title} is still answering, so the session stays. Wait for it or stop it, then switch."
            )
        self.current = None
        if session.in_file or not (session.has_messages or session.name):
            self.close(session)

    def close(self, session: Session | None = None) -> None:
        """Close one session, or all of them and the connections to their models; a second time does nothing."""
        errors = []
        for one in list(self._open) if session is None else [session]:
            try:
                one.close()
            except SessionsError as error:  # the others are closed all the same
                errors.append(error)
                continue
            self._open = [other for other in self._open if other is not one]
            if self.current is one:
                self.current = None
        if errors:
            raise errors[0]
        if session is None:
            self.models.close()

    # Inside

    def _still_open(self) -> Sequence[Session]:
        return [session for session in self._open if not session.closed]

    def _load(self, ref: str | Path | SessionInfo) -> Session | tuple[Path, Contents]:
        path = ref.path if isinstance(ref, SessionInfo) else self._path_of(ref)
        for session in self._still_open():
            if session.file == path:
                return session
        try:
            return path, read(path)
        except OSError as error:
            raise SessionNotFoundError(f"{path} could not be read: {error.strerror or error}.") from error

    def _path_of(self, ref: str | Path) -> Path:
        rows = {row.path: row for row in self.list()}
        rows.update({session.file: session.info() for session in self._still_open()})
        matches = matching(str(ref), list(rows.values()))
        if len(matches) > 1:
            raise AmbiguousReferenceError(f"{len(matches)} sessions answer to {str(ref)!r}: {names(matches)}.")
        if matches:
            return matches[0].path
        for path in self._files_called(ref):
            return path
        raise SessionNotFoundError(unknown(str(ref), list(rows.values())))

    def _files_called(self, ref: str | Path) -> Sequence[Path]:
        """Return the files, or files to be, that a reference means as a path: from here, or in the folder."""
        if not str(ref).endswith(".jsonl"):
            return []
        to_be = {session.file for session in self._still_open()}
        try:
            paths = [(base / Path(ref).expanduser()).resolve() for base in (Path(), self.folder.path)]
            return [path for path in paths if path in to_be or path.exists()]
        except (OSError, RuntimeError, ValueError):  # no home of that name, too long, a NUL
            return []

    def _register(self, file: Path, contents: Contents, *, temporary: bool = False) -> Session:
        recorder = Recorder(file, contents, self._source, temporary=temporary)
        session = Session(recorder, settings=lambda: self.settings, find_model=self._find_model, source=self._source)
        self._open.append(session)
        return session

    def _valid(self, session_id: str) -> str:
        if not ID.fullmatch(session_id):
            raise InvalidIdError(
                f"{session_id!r} cannot be an id: it takes 8 to 64 letters, digits, dashes and underscores, "
                "a letter among them and no dash first."
            )
        ids = {session.id for session in self._still_open()} | {row.id for row in self.list()}
        if session_id in ids:
            raise InvalidIdError(
                f"The id {session_id!r} is taken. Open that session with `%session open {session_id}`."
            )
        return session_id

    def _belongs(self, row: SessionInfo, notebook: Path) -> bool:
        if row.notebook is None:
            return False
        known = self.folder.absolute(row.notebook)
        if known == notebook:
            return True
        try:
            return not known.exists() and not cell_ids(notebook).isdisjoint(row.cells)
        except (OSError, ValueError):  # what the log names can be no path
            return False
