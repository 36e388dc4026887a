"""A session's entries in memory and in its log, always the same.

An entry is in the log before it is in the tree; a Stop, or a disk that refuses, finds it in both or in neither. A
session lives in memory until its first user message, which creates its file; a temporary one stays there until
`Recorder.keep`.

What an entry means, and when one is written, is the session's business.
"""

from __future__ import annotations

import base64
import os
import threading
from collections.abc import Iterable
from pathlib import Path

from ipy_sessions.encoding import clean, encode
from ipy_sessions.entries import OUTSIDE_TREE, Entry, NewEntry, check
from ipy_sessions.errors import InvalidEntryError
from ipy_sessions.identifiers import Source, timestamp
from ipy_sessions.store.folder import Folder
from ipy_sessions.store.interrupts import uninterrupted
from ipy_sessions.store.log import FileLog, Log, MemoryLog
from ipy_sessions.store.masking import Mask, StreamMask, unsigned_where_changed
from ipy_sessions.store.reading import Contents


class Recorder:
    """Writes the entries of one session. Threads may share it.

    Parameters
    ----------
    file
        Where its file is, or will be.
    contents
        What was read from it; for a new session its header and nothing else.
    source
        Ids and the clock.
    temporary
        Whether it stays in memory after the first user message.
    """

    def __init__(self, file: Path, contents: Contents, source: Source, *, temporary: bool = False) -> None:
        self.file = file
        self.header, self.tree, self.bad_lines = contents.header, contents.tree, contents.bad_lines
        self.temporary = temporary
        self.lock = threading.RLock()
        """Held while entries are written; hold it to write several without another thread's between them."""
        self._log: Log = MemoryLog() if contents.reading is None else FileLog(file, contents.reading)
        self._source = source
        self._mask = Mask(os.environ)
        self._waiting: NewEntry | None = None

    @property
    def in_file(self) -> bool:
        """Whether the file has been created."""
        return isinstance(self._log, FileLog)

    def refresh_mask(self) -> None:
        """Mask the credentials that the environment holds now."""
        self._mask.refresh()

    def mask(self, text: str) -> str:
        """Return a text with the credentials in it masked."""
        return self._mask(text)

    def mask_stream(self) -> StreamMask:
        """Return what masks a text that comes in pieces."""
        return StreamMask(self._mask)

    def write(self, new: NewEntry) -> Entry:
        """Write an entry that follows the leaf; it is in the log when this returns.

        Raises
        ------
        InvalidEntryError, LogWriteError
            When it cannot be written; everything is then as it was before.
        """
        with uninterrupted(), self.lock:
            self._catch_up()
            return self._put(new)

    def insist(self, new: NewEntry) -> None:
        """Write an entry that must not be lost: one that the disk refuses waits for the next write.

        Raises
        ------
        LogWriteError
            When it has to wait.
        """
        with uninterrupted(), self.lock:
            self._waiting = new
            self._catch_up()

    def keep(self) -> None:
        """See to it that everything is in a file, and from now on every entry; that of an empty session comes later.

        A file that was deleted, replaced or cut short is written anew, beside what is in its place now.

        Raises
        ------
        LogWriteError, FolderError
            When it cannot be written; everything then stays in memory.
        """
        with uninterrupted(), self.lock:
            self.temporary = False
            if not any(entry.type == "message" for entry in self.tree):
                return
            if not isinstance(self._log, FileLog) or not self._log.leads_here():
                log = self._create_file(self.tree)
                self._log.close()
                self._log = log
            self._catch_up()
            self._log.flush()

    def flush(self) -> None:
        """Return when the disk holds every entry."""
        self._log.flush()

    def close(self) -> None:
        """Flush, and let go of the file."""
        with uninterrupted(), self.lock:
            try:
                self._catch_up()
            finally:
                self._log.close()

    def _catch_up(self) -> None:
        if self._waiting is not None:
            self._put(self._waiting)
            self._waiting = None

    def _put(self, new: NewEntry) -> Entry:
        self._mend()
        entry = self._entry(new)
        if entry.role == "user" and not self.in_file and not self.temporary:
            self._log = self._create_file([*self.tree, entry])
        else:
            self._log.append(encode(entry))
        self.tree.add(entry)
        return entry

    def _mend(self) -> None:
        repairs: list[Entry] = []

        def repair(fragment: bytes) -> bytes:
            repairs.append(self._entry(_repair(fragment)))
            return encode(repairs[0])

        self._log.mend(repair)
        for entry in repairs:
            self.tree.add(entry)
            del self.bad_lines[-1:]  # the fragment was the last line, and is one no more

    def _entry(self, new: NewEntry) -> Entry:
        check(new)
        try:
            fields = clean(new.fields, self._mask)
            if fields.get("role") == "assistant":
                fields = unsigned_where_changed(fields, new.fields)
        except (TypeError, RecursionError) as error:
            raise InvalidEntryError(f"It cannot be written: {error}.") from error
        return Entry(
            type=new.type,
            seq=self.tree.last_seq + 1,
            id=self._source.new_id(),
            parent_id=None if new.type in OUTSIDE_TREE else self.tree.leaf,
            session=self.header.id,
            ts=timestamp(self._source.now()),
            held=fields,
        )

    def _create_file(self, entries: Iterable[Entry]) -> FileLog:
        folder = Folder(self.file.parent)
        folder.make()
        self.file = folder.free(self.file)  # another, when something has taken the name in the meantime
        return FileLog.create(self.file, [encode(self.header), *map(encode, entries)])


def _repair(fragment: bytes) -> NewEntry:
    """Return the entry that keeps a line which a crash has left unfinished."""
    try:
        kept = {"fragment": fragment.decode(), "encoding": "utf-8"}
    except UnicodeDecodeError:  # cut inside a character
        kept = {"fragment": base64.b64encode(fragment).decode(), "encoding": "base64"}
    return NewEntry("repair", {"reason": "the last line was not whole", "bytes": len(fragment), **kept})
