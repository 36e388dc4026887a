"""The sessions that there are: those of a store, and those that are open here and in memory alone.

It owns which of them are listed, and which one a reference means. It refuses to know how one is opened (`manager`).
"""

from __future__ import annotations

import itertools
import unicodedata
from collections.abc import Collection, Sequence
from datetime import datetime
from operator import attrgetter
from pathlib import Path
from typing import Any, TypeAlias

from ipy_sessions.errors import AmbiguousReferenceError, SessionNotFoundError, SettingError
from ipy_sessions.identifiers import check_aware
from ipy_sessions.notebook import cell_ids
from ipy_sessions.references import Filter, matching, names, unknown
from ipy_sessions.render import values
from ipy_sessions.session import Session
from ipy_sessions.store.folder import absolute
from ipy_sessions.store.interface import Listing, Progress, Store
from ipy_sessions.summary import SessionInfo, tail

Ref: TypeAlias = "str | Path | SessionInfo | Session"
"""What a session is meant by: a name, an id or the end of one, a path, a row of a list, or itself."""


class Rows(list[SessionInfo]):
    """Rows of a list, which show themselves as a table."""

    def _repr_markdown_(self) -> str:
        return values.rows(self).markdown

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(values.rows(self).plain if not cycle else "…")


class Library:
    """Lists and finds sessions.

    Parameters
    ----------
    store
        Where they are.
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        """Where the sessions are."""
        self._open: list[Session] = []

    def list(  # noqa: PLR0913 - each of them narrows the list
        self,
        *,
        notebook: Path | None = None,
        name: str | None = None,
        tag: str | None = None,
        model: str | None = None,
        key: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        archived: bool | None = False,
        limit: int | None = None,
        after: str = "",
        progress: Progress | None = None,
    ) -> list[SessionInfo]:
        """Return the sessions of the folder, that of the latest message first; those in memory alone included.

        Parameters
        ----------
        notebook
            Only those that belong to this notebook: by its path, or, when the path that they know is gone, by the
            cells that they have seen.
        name, tag, model, key
            Only those whose title holds this text, that have this tag, that this model answered last, whose key begins
            with this.
        since, until
            Only those whose last message is not older, not younger; aware.
        archived
            Whether to return the archived ones: not, only, or (``None``) also.
        limit, after
            At most so many, behind the row with this `SessionInfo.cursor`. New sessions in between shift nothing.
        progress
            Called with how many files of how many were looked at; whatever it raises ends the search.
        """
        if limit is not None and limit < 0:
            raise SettingError(f"limit is how many sessions are wanted, from 0, and not {limit}.")
        check_aware(since, until)
        wanted = Filter(name=name, tag=tag, model=model, key=key, since=since, until=until)
        here = None if notebook is None else _Notebook(notebook, self.store.path)
        rows = [row for row in self.scan(progress).rows if not after or row.cursor < after]
        if archived is not None:
            rows = [row for row in rows if row.archived is archived]
        takes = wanted.takes if wanted != Filter() else None
        found = (row for row in rows if (takes is None or takes(row)) and (here is None or here.has(row)))
        return Rows(itertools.islice(found, limit))

    def scan(self, progress: Progress | None = None) -> Listing:
        """Return every session, that of the latest message first, and what is none, each with the reason."""
        rows, skipped = self.store.rows(progress)
        rows += [session.info() for session in self.unwritten]
        rows.sort(key=attrgetter("cursor"), reverse=True)
        return Listing(rows, skipped)

    def find(self, ref: Ref) -> Path:
        """Return the path of the session that is meant.

        Raises
        ------
        SessionNotFoundError, AmbiguousReferenceError
            When none, or more than one, answers to it; with those that are near.
        """
        return self._find(ref)[0]

    def row(self, ref: Ref) -> SessionInfo:
        """Return the row of the session that is meant.

        Raises
        ------
        SessionNotFoundError, AmbiguousReferenceError
            As `find`.
        """
        if isinstance(ref, SessionInfo):
            return ref
        path = self.find(ref)
        rows = (session.info() for session in self._still_open() if session.file == path)
        row = next(rows, None) or next((row for row in self.list(archived=None) if row.path == path), None)
        if row is None:
            raise SessionNotFoundError(f"{path} is in another folder. Open it first: `%session open {ref}`.")
        return row

    @property
    def opened(self) -> tuple[Session, ...]:
        """The sessions that are open here."""
        return tuple(self._still_open())

    @property
    def unwritten(self) -> tuple[Session, ...]:
        """Those of them that are in memory alone and in which something was said."""
        return tuple(session for session in self._still_open() if session.has_messages and not session.in_file)

    # Inside

    def _still_open(self) -> Sequence[Session]:
        return [session for session in self._open if not session.closed]

    def _find(self, ref: Ref) -> tuple[Path, str]:
        """Return the path of the session that is meant, and how to call it."""
        if isinstance(ref, Session):
            return ref.file, tail(ref.id)
        if isinstance(ref, SessionInfo):
            return ref.path, ref.tail
        rows = {row.path: row for row in self.list(archived=None)}
        rows.update({session.file: session.info() for session in self._still_open()})
        matches = matching(str(ref), list(rows.values()))
        if len(matches) > 1:
            raise AmbiguousReferenceError(f"{len(matches)} sessions answer to {str(ref)!r}: {names(matches)}.")
        if matches:
            return matches[0].path, matches[0].tail
        for path in self._paths_called(ref, rows):
            return path, rows[path].tail if path in rows else str(ref)
        raise SessionNotFoundError(unknown(str(ref), list(rows.values())))

    def _paths_called(self, ref: str | Path, known: Collection[Path]) -> Sequence[Path]:
        """Return what a reference means as a path, from here or in the store: what is known, or any other file."""
        bases = (Path(), self.store.path)
        if paths := [path for base in bases if (path := base / ref) in known]:
            return paths
        if not str(ref).endswith(".jsonl"):
            return []
        try:
            paths = [(base / Path(ref).expanduser()).resolve() for base in bases]
            return [path for path in paths if path in known or path.exists()]
        except (OSError, RuntimeError, ValueError):  # no home of that name, too long, a NUL
            return []


class _Notebook:
    """A notebook, to be asked which sessions belong to it. It lives as long as one list: files are looked at once.

    Parameters
    ----------
    path
        The notebook.
    folder
        The folder of the sessions, from whose parent they name their notebooks.
    """

    def __init__(self, path: Path, folder: Path) -> None:
        self._path = path
        self._folder = folder
        self._known: dict[str, bool | None] = {}
        self._cells: frozenset[str] | None = None

    def has(self, row: SessionInfo) -> bool:
        """Tell whether a session belongs to it: by its path, or, when the path that it knows is gone, by the cells."""
        written = row.notebook
        if written is None:
            return False
        if written not in self._known:
            self._known[written] = self._is_meant(written)
        meant = self._known[written]
        return self._shares_cells(row) if meant is None else meant

    def _is_meant(self, written: str) -> bool | None:
        """Tell whether a path leads to this notebook; ``None`` for one that leads nowhere."""
        known = absolute(self._folder, written)
        if unicodedata.normalize("NFC", str(known)) == unicodedata.normalize("NFC", str(self._path)):
            return True
        try:
            if not known.exists():
                return None
            return known.samefile(self._path)  # as through a link, or where capitals make no difference
        except (OSError, ValueError):  # what the log names can be no path
            return False

    def _shares_cells(self, row: SessionInfo) -> bool:
        if self._cells is None:
            self._cells = cell_ids(self._path)
        return bool(self._cells) and not self._cells.isdisjoint(row.cells)
