"""Keeping house: tags and pins, the archive, the trash, what may go by age and size, and what is damaged.

It owns what each of these does to a session. Which may go is decided by `retention`, what is wrong by `store.verify`;
what rewrites a file is done by `rewriting`. Nothing is deleted but from the trash, and nothing of the trash without
being told.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

from ipy_sessions.counting import summarise
from ipy_sessions.errors import (
    InvalidEntryError,
    SessionBusyError,
    SessionNotFoundError,
    SessionReadOnlyError,
    SessionsError,
)
from ipy_sessions.findings import Finding
from ipy_sessions.library import Ref
from ipy_sessions.references import matching, names
from ipy_sessions.retention import Candidate, Going, Plan, Policy, plan
from ipy_sessions.rewriting import Rewriter
from ipy_sessions.session import Session
from ipy_sessions.store.disk import FolderStore
from ipy_sessions.summary import SessionInfo
from ipy_sessions.watching import Progress, each, watched

ARCHIVE_AFTER = timedelta(days=30)
IN_THE_LIST = 100
MARKS = ("pinned", "archived")
LONGEST_TAG = 100  # characters


class Verified(NamedTuple):
    """What was found in one session's file.

    Parameters
    ----------
    path
        The file.
    findings
        What is wrong with it.
    original
        Where the damaged file is after a repair; ``None`` when there was none.
    """

    path: Path
    findings: list[Finding]
    original: Path | None = None


class Upkeep(Rewriter):
    """Keeps house among the sessions of a manager. The parameters are those of `Rewriter`."""

    # Marks

    def tag(self, ref: Ref, *tags: str, remove: bool = False) -> tuple[str, ...]:
        """Give a session tags, or take them away; return those that it has now.

        Raises
        ------
        SessionBusyError, SessionNotFoundError
            As `SessionManager.open`.
        """
        with self._session(ref) as session:
            had = session.info().tags
            given = dict.fromkeys(tag for written in tags if (tag := _tag(written)))
            now = [tag for tag in had if tag not in given] if remove else list(dict.fromkeys([*had, *given]))
            if now != list(had):
                session.note(tags=now)
            return tuple(now)

    def rename(self, ref: Ref, name: str | None) -> str:
        """Give a session a name, or take it away; return what it is called now.

        Raises
        ------
        SessionBusyError, SessionNotFoundError
            As `SessionManager.open`.
        """
        with self._session(ref) as session:
            if session.name != name:
                session.note(name=name)
            return session.title

    def mark(self, ref: Ref, mark: str, *, on: bool = True) -> None:
        """Set a session's mark, ``"pinned"`` or ``"archived"``, or take it away.

        Raises
        ------
        SessionBusyError, SessionNotFoundError
            As `SessionManager.open`.
        """
        if mark not in MARKS:
            raise InvalidEntryError(
                f"A session can be marked as {' or '.join(map(repr, MARKS))}, and not {mark!r:.60}."
            )
        with self._session(ref) as session:
            if getattr(session.info(), mark) is not on:
                session.note(**{mark: on})

    # The trash

    def delete(self, ref: Ref, reason: str = "asked for") -> Path:
        """Put a session into the trash; return where it is now.

        Raises
        ------
        SessionBusyError
            When another kernel has it open.
        TurnRunningError
            While its reply is coming in.
        """
        path = self._let_go(ref)
        with self._telling(path):
            return self._manager.store.delete(path, self._manager.owner(), reason)

    def trashed(self) -> list[SessionInfo]:
        """Return what is in the trash, that of the latest message first."""
        return sorted(self._manager.store.trashed(), key=lambda row: row.cursor, reverse=True)

    def restore(self, ref: str) -> Path:
        """Bring a session back from the trash, by its name, title or id's end; return where it is now.

        Raises
        ------
        SessionNotFoundError
            When none, or more than one, in the trash answers to it.
        """
        rows = self.trashed()
        found = matching(ref, rows)
        if len(found) > 1:
            raise SessionNotFoundError(f"{len(found)} sessions in the trash answer to {ref!r}: {names(found)}.")
        if not found:
            there = f"In the trash are {names(rows[:5])}." if rows else "The trash is empty."
            raise SessionNotFoundError(f"There is no session {ref!r} in the trash. {there}")
        return self._manager.store.restore(found[0].path)

    # What may go

    def plan(self, policy: Policy) -> Plan:
        """Return what a policy would put into the trash, by each session's last message; nothing is done."""
        rows = {str(row.path): row for row in self._manager.list(archived=None) if row.size}
        candidates = {path: self._candidate(row) for path, row in rows.items()}
        checked: set[str] = set()
        while True:
            planned = plan(candidates.values(), policy, self._source.now())
            unsure = [path for going in planned.going if (path := going.candidate.path) not in checked]
            if not unsure:
                return planned
            for path in watched(unsure, self._manager.watch, "sessions"):  # what protects one may stand anywhere in it
                candidates[path] = self._exact(rows[path])
                checked.add(path)

    def prune(self, policy: Policy) -> list[Going]:
        """Put what `plan` names into the trash; return what went. What was opened in the meantime stays."""
        gone = []
        for going in watched(self.plan(policy).going, self._manager.watch, "sessions"):
            try:
                self._manager.store.delete(Path(going.candidate.path), self._manager.owner(), going.reason)
            except (SessionBusyError, SessionNotFoundError):
                continue
            gone.append(going)
        return gone

    def plan_trash(self, policy: Policy) -> list[tuple[SessionInfo, str]]:
        """Return what of the trash a policy would delete for good, each with the reason; nothing is done."""
        rows = {str(row.path): row for row in self.trashed()}
        found = [
            Candidate(path=at, id=row.id, title=row.title, modified=row.modified, size=row.size)
            for at, row in rows.items()
        ]
        limited = policy if any((policy.older_than, policy.keep, policy.max_bytes)) else None
        if limited is None:
            return [(row, "in the trash") for row in rows.values()]
        return [(rows[going.candidate.path], going.reason) for going in plan(found, limited, self._source.now()).going]

    def empty(self, policy: Policy) -> tuple[list[tuple[SessionInfo, str]], list[Path]]:
        """Delete what `plan_trash` names for good, and the blobs that nothing refers to then; return both."""
        going = self.plan_trash(policy)
        for row, reason in watched(going, self._manager.watch, "sessions"):
            self._manager.store.erase(row.path, reason)
        return going, self._manager.store.collect()

    def tidy(self) -> list[SessionInfo]:
        """Archive what was last said more than 30 days ago, and all but the latest 100; return what was archived."""
        oldest = self._source.now() - ARCHIVE_AFTER
        rows = self._manager.list()
        going = [row for number, row in enumerate(rows) if number >= IN_THE_LIST or row.modified < oldest]
        archived = []
        for row in watched(going, self._manager.watch, "sessions"):
            if row.pinned or not row.size:
                continue
            try:
                self.mark(row, "archived")
            except SessionsError:  # open elsewhere, or not to be written: it stays in the list
                continue
            archived.append(row)
        return archived

    # What is damaged

    def verify(
        self, ref: Ref | None = None, *, repair: bool = False, progress: Progress | None = None
    ) -> list[Verified]:
        """Look for damage in one session's file, or in those of the whole folder; return those that have any.

        Parameters
        ----------
        ref
            One session; ``None`` for all.
        repair
            Put mended copies in the places of damaged files, which go into the trash.
        progress
            Called with how many of how many are done.

        Raises
        ------
        SessionReadOnlyError
            When the sessions are in no folder.
        """
        store = self._folder()
        paths = (
            [row.path for row in self._manager.list(archived=None) if row.size]
            if ref is None
            else [self._manager.find(ref)]
        )
        found = []
        with self._manager.watched("sessions", progress) as told:
            for path in each(paths, told):
                findings = store.examine(path)
                if findings:
                    original = None
                    mends = repair and any(finding.repair for finding in findings)
                    with suppress(SessionBusyError) if ref is None else self._telling(path):  # the others are mended
                        original = store.repair(self._let_go(path), self._manager.owner()) if mends else None
                    found.append(Verified(path, findings, original))
        return found

    def left_over(self) -> list[Path]:
        """Return the blobs that no session refers to any more; none where there is no folder."""
        store = self._manager.store
        return store.left_over() if isinstance(store, FolderStore) else []

    def collect(self) -> list[Path]:
        """Delete the blobs that no session refers to any more; return them."""
        return self._manager.store.collect()

    # Inside

    def _folder(self) -> FolderStore:
        if not isinstance(self._manager.store, FolderStore):
            raise SessionReadOnlyError("Only the files of a folder can be verified, and these sessions are in none.")
        return self._manager.store

    @contextmanager
    def _session(self, ref: Ref) -> Iterator[Session]:
        """Give the session that is meant; one that was not open is closed again."""
        if isinstance(ref, Session):
            yield ref
            return
        opened: Sequence[Session] = self._manager.opened
        session = self._manager.open(ref)
        try:
            yield session
        finally:
            if session not in opened:
                self._manager.close(session)

    def _candidate(self, row: SessionInfo) -> Candidate:
        return Candidate(
            path=str(row.path), id=row.id, title=row.title, modified=row.modified, size=row.size,
            name=row.name, pinned=row.pinned,
        )  # fmt: skip

    def _in_use(self, path: Path) -> bool:
        here = any(session.file == path for session in self._manager.opened)  # those that are only read, too
        return here or self._manager.store.is_held(path)

    def _exact(self, row: SessionInfo) -> Candidate:
        """Return a candidate with everything that protects it, read from the whole file."""
        header, tree, _, _ = self._manager.store.read(row.path)
        whole = summarise(row.path, header, tree, size=row.size)
        return Candidate(
            path=str(row.path), id=row.id, title=whole.title, modified=whole.modified, size=row.size, name=whole.name,
            pinned=whole.pinned, labels=whole.label_count, in_use=self._in_use(row.path),
        )  # fmt: skip


def _tag(written: str) -> str:
    """Return a tag as it is kept, so that it is found by what looks the same: composed characters, single spaces."""
    tag = " ".join(unicodedata.normalize("NFC", written).split())
    if len(tag) > LONGEST_TAG:
        raise InvalidEntryError(f"{tag[:20]!r}… is too long for a tag: it takes up to {LONGEST_TAG} characters.")
    return tag
