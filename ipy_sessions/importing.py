"""From a transcript to a session of ours: a new one, or what has been added to one that was imported before.

It owns why an import does no harm. Entries are known by their ids, which a reader derives from the file, so what is
here already is not written again; what was said here since stays, and so does where the conversation stands: what comes
from elsewhere is then another branch.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import msgspec

from ipy_sessions.counting import info_of
from ipy_sessions.entries import Entry
from ipy_sessions.errors import NotASessionError, TurnRunningError
from ipy_sessions.manager import SessionManager
from ipy_sessions.readers.transcript import Transcript
from ipy_sessions.session import Session
from ipy_sessions.store.blobs import references
from ipy_sessions.summary import SessionInfo
from ipy_sessions.transcripts import Content, content_of
from ipy_sessions.tree import Tree

FOLLOWED = "import"
"""How a ``leaf`` entry is marked that only follows where the other program's conversation stands."""


class Imported(NamedTuple):
    """What one transcript came to.

    Parameters
    ----------
    row
        The session here.
    transcript
        What was read.
    added
        How many entries were new.
    is_new
        Whether the session was.
    """

    row: SessionInfo
    transcript: Transcript
    added: int
    is_new: bool


class Importer:
    """Takes transcripts into the folder of a manager.

    Parameters
    ----------
    manager
        Whose folder.
    """

    def __init__(self, manager: SessionManager) -> None:
        self._manager = manager
        self._rows = {row.id: row for row in manager.list(archived=None)}

    def take(self, transcript: Transcript) -> Imported:
        """Take in what is new of a transcript.

        Raises
        ------
        NotASessionError
            When nothing was said in it, so that there is nothing to keep.
        SessionBusyError
            When another kernel has its session open.
        SessionReadOnlyError
            When a newer version wrote it.
        LogWriteError
            When the disk refuses.
        """
        known = self._rows.get(transcript.id)
        if known is None and not any(entry.type == "message" for entry in transcript.entries):
            raise NotASessionError(f"{transcript.path} holds no messages.")
        if known is not None and not self._has_new(known, transcript):  # and nobody has to let go of it for that
            return Imported(known, transcript, 0, is_new=False)
        opened = self._manager.opened
        session = self._manager.receive(transcript.header) if known is None else self._manager.open(known)
        try:
            added = take_in(session, transcript)
            row = self._rows[transcript.id] = session.info()
        finally:
            if session not in opened and not session.temporary:
                self._manager.close(session)
        return Imported(row, transcript, added, is_new=known is None)

    def _has_new(self, row: SessionInfo, transcript: Transcript) -> bool:
        opened = self._manager.opened
        here = next((session for session in opened if session.file == row.path), None)
        tree = self._manager.store.read(row.path).tree if here is None else here.tree
        return any(entry.id not in tree for entry in transcript.entries)


def take_in(session: Session, transcript: Transcript) -> int:
    """Write what is new of a transcript into its session; return how many entries that were.

    Raises
    ------
    TurnRunningError
        While a reply is coming in.
    """
    if session.streaming:
        raise TurnRunningError(f"{session.title} is still answering. Wait for it or stop it, then import.")
    ours = list(_own(session.tree, transcript.entries))
    stands, said = session.leaf, info_of(session.header, session.tree)
    added = session.take_in(_whole(transcript.entries, content_of(transcript)))
    if not added:
        return 0
    if any(entry.in_tree or entry.type == "leaf" for entry in ours):  # it was gone on with here
        session.move(stands)
    elif (leaf := Tree(transcript.entries).leaf) != session.leaf and (leaf is None or session.tree.is_step(leaf)):
        session.move(leaf, by=FOLLOWED)
    now = info_of(session.header, session.tree)
    named = {name for entry in ours if entry.type == "info" for name in entry.fields}
    if lost := {name: value for name, value in said.items() if name in named and now.get(name) != value}:
        session.note(**lost)
    return added


def _own(tree: Tree, others: Sequence[Entry]) -> Iterator[Entry]:
    """Yield the entries that were written here."""
    ids = {entry.id for entry in others}
    for entry in tree:
        if entry.id not in ids and not (entry.type == "leaf" and entry.fields.get("by") == FOLLOWED):
            yield entry


def _whole(entries: Iterable[Entry], content: Content) -> Iterator[Entry]:
    """Yield entries with the payloads that were beside their file, so that they are masked and kept here, too."""
    for entry in entries:
        fields = entry.fields
        if entry.type == "message" and any(references(fields.get("content"))):
            fields = {**fields, "content": content(entry)}
        yield msgspec.structs.replace(entry, held=fields)
