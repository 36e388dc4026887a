"""A session's entries in memory and in its log, always the same.

An entry is in the log before it is in the tree; a Stop, or a disk that refuses, finds it in both or in neither. A
session lives in memory until its first user message, which creates its file; a temporary one stays there until
`Recorder.keep`.

What an entry means, and when one is written, is the session's business.
"""

from __future__ import annotations

import base64
import itertools
import os
import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from ipy_sessions.encoding import clean, decode, encode
from ipy_sessions.entries import OUTSIDE_TREE, Entry, NewEntry, check
from ipy_sessions.errors import (
    InvalidEntryError,
    LogLostError,
    LogWriteError,
    SessionNotFoundError,
    SessionReadOnlyError,
    SessionsError,
    StaleSessionError,
)
from ipy_sessions.identifiers import Source, timestamp
from ipy_sessions.settings import Settings
from ipy_sessions.store.blobs import MemoryBlobs, references, take_out
from ipy_sessions.store.interface import Log, Store
from ipy_sessions.store.interrupts import uninterrupted
from ipy_sessions.store.masking import Mask, StreamMask, unsigned_where_changed
from ipy_sessions.store.owner import Owner
from ipy_sessions.store.reading import Contents


class Recorder:
    """Writes the entries of one session. Threads may share it; a forked child may only read.

    Parameters
    ----------
    store
        Where it is kept.
    path
        What the store calls it, or will call it.
    contents
        What was read from it; for a new session its header and nothing else.
    log
        Where its lines go; ``None`` as long as there is no file, and for one that is only read.
    owner
        Returns who has it open.
    source
        Ids and the clock.
    temporary
        Whether it stays in memory after the first user message.
    settings
        Returns the settings that hold now.
    """

    def __init__(  # noqa: PLR0913 - a session's parts meet here
        self,
        store: Store,
        path: Path,
        contents: Contents,
        log: Log | None,
        *,
        owner: Callable[[], Owner],
        source: Source,
        settings: Callable[[], Settings],
        temporary: bool = False,
    ) -> None:
        self.file = path
        self.header, self.tree, self.bad_lines = contents.header, contents.tree, contents.bad_lines
        self.temporary = temporary
        self.closed = False
        self.lock = threading.RLock()
        """Held while entries are written; hold it to write several without another thread's between them."""
        self.blobs = MemoryBlobs(store.blobs)
        """The payloads of this session, those included that wait for its file."""
        self._store = store
        self._log = log
        self._reading = contents.reading
        self._torn = contents.reading is not None and contents.reading.whole < contents.reading.size
        self._owner = owner
        self._source = source
        self._settings = settings
        self._mask = Mask(os.environ, settings().secrets)
        self._waiting: list[NewEntry] = []
        self._process = os.getpid()

    @property
    def in_file(self) -> bool:
        """Whether the store holds it."""
        return self._log is not None or self._reading is not None

    def refresh_mask(self) -> None:
        """Mask the credentials that the environment holds now."""
        patterns = self._settings().secrets
        if patterns == self._mask.written:
            self._mask.refresh()
        else:
            self._mask = Mask(os.environ, patterns)

    def mask(self, text: str) -> str:
        """Return a text with the credentials in it masked."""
        return self._mask(text)

    def mask_stream(self) -> StreamMask:
        """Return what masks a text that comes in pieces."""
        return StreamMask(self._mask)

    def write(self, new: NewEntry, expect: str | None = None) -> Entry:
        """Write an entry that follows the leaf; it is in the log when this returns.

        Parameters
        ----------
        new
            The entry.
        expect
            Id of the entry that it is to follow; ``None`` for whichever is the leaf.

        Raises
        ------
        StaleSessionError
            When the leaf is not the entry that was expected.
        InvalidEntryError, LogWriteError
            When it cannot be written; everything is then as it was before.
        """
        self._refuse_in_child()
        with uninterrupted(), self.lock:
            self._catch_up()
            if expect is not None and self.tree.leaf != expect:
                raise StaleSessionError(
                    f"The conversation stands at {self.tree.leaf} and not at {expect}: somebody else has written to it."
                )
            entry = self._put(new)
            self._sync_entry()
            return entry

    def insist(self, new: NewEntry) -> None:
        """Write an entry that must not be lost: one that the disk refuses waits for the next write.

        Raises
        ------
        LogWriteError
            When it has to wait.
        """
        self._refuse_in_child()
        with uninterrupted(), self.lock:
            self._waiting.append(new)
            self._catch_up()
            self._sync_entry()

    def keep(self) -> None:
        """See to it that everything is in a file, and from now on every entry; that of an empty session comes later.

        A file that was deleted, moved, replaced or cut short is written anew, beside what is in its place now.

        Raises
        ------
        LogWriteError, FolderError
            When it cannot be written; everything then stays in memory.
        """
        self._refuse_in_child()
        with uninterrupted(), self.lock:
            self.temporary = False
            if not any(entry.type == "message" for entry in self.tree):
                return
            if self._log is None or not self._log.leads_here():
                log = self._create(self.tree)
                if self._log is not None:
                    self._log.close()
                self._log = log
            self._catch_up()
            self._log.flush()

    def copy(self, other: Recorder, entries: Sequence[Entry] | None = None) -> None:
        """Begin as a copy of another session; entries keep their ids and say who wrote them.

        Parameters
        ----------
        other
            The other.
        entries
            Those of its entries that are copied, in the order of the file; ``None`` for all.

        Raises
        ------
        LogWriteError, FolderError
            When it cannot be written; there is then nothing of it.
        """
        self._refuse_in_child()
        with uninterrupted(), self.lock:
            fields = {**self.header.fields, "parent_session": other.header.id}
            self.header = msgspec.structs.replace(self.header, fields=fields)
            copied = list(other.tree if entries is None else entries)
            held = other.blobs.held
            named = {name for entry in copied for name in references(entry.content)} if held else set[str]()
            for name in held.keys() & named:
                self.blobs.put(held[name])
            if not self.temporary and any(entry.type == "message" for entry in copied):
                self._log = self._create(copied)
            self.tree.extend(copied)

    def take_in(self, entries: Iterable[Entry]) -> int:
        """Write entries that were made elsewhere and are not here yet; they keep ids, parents and times.

        Secrets in them are masked, and their numbers are those of this log. Return how many there were.

        Raises
        ------
        InvalidEntryError, LogWriteError
            When one cannot be written; those before it are, unless there is no file yet.
        """
        self._refuse_in_child()
        with uninterrupted(), self.lock:
            self._catch_up()
            new = {entry.id: entry for entry in reversed(list(entries)) if entry.id not in self.tree}
            wanted = list(reversed(new.values()))
            if self._log is None:
                taken = [self._adopted(entry, number) for number, entry in enumerate(wanted, self.tree.last_seq + 1)]
                if not self.temporary and taken:
                    self._log = self._create([*self.tree, *taken])
                self.tree.extend(taken)
            else:
                for entry in wanted:
                    self._put_adopted(self._log, entry)
            return len(wanted)

    def follow(self) -> bool:
        """Take in what the session's owner has written since; return whether that was anything.

        For a session that is only read. What stood half written at the end when it was read is read again.
        """
        with self.lock:
            before = self._reading
            try:
                now = self._store.read(self.file)
            except SessionNotFoundError:  # deleted: what was read is still here
                return False
            if before is None or now.reading is None or now.reading == before:
                return False
            self.tree.renew(now.tree)  # all of them, so that nothing refers to the former reading any more
            self.bad_lines[:] = now.bad_lines
            self._reading = now.reading
            return True

    def flush(self) -> None:
        """Return when the disk holds every entry, unless nobody wants that."""
        if self._log is not None and self._settings().sync != "never" and self._process == os.getpid():
            self._log.flush()

    def check_kept(self) -> None:
        """Raise `LogLostError` when what was written is not where it was any more."""
        if self._log is not None and self._process == os.getpid() and not self._log.leads_here():
            raise LogLostError(
                f"{self.file} was deleted, moved, replaced or cut short while the session was open. What is in memory "
                "can be written to a file again: type `%session keep`."
            )

    def close(self) -> None:
        """Flush, and let go of the file; in a forked child it is the parent's, and nothing is done.

        Raises
        ------
        LogWriteError
            When an answer that the disk has refused is refused again; everything is then as it was.
        """
        if self._process != os.getpid():
            self.closed = True
            return
        with uninterrupted(), self.lock:
            self._catch_up()
            self.closed = True
            if self._log is not None:
                self._log.close()

    def _refuse_in_child(self) -> None:
        if self._process != os.getpid():
            raise SessionReadOnlyError(
                "This process was forked from the one that has the session open, and two of them would write over each "
                "other. Begin a session of its own here: `SessionManager(directory).create()`."
            )

    def _catch_up(self) -> None:
        while self._waiting:
            try:
                self._put(self._waiting[0])
            except InvalidEntryError:  # it never will be a line
                del self._waiting[0]
                raise
            del self._waiting[0]

    def _put(self, new: NewEntry) -> Entry:
        held = dict(self.blobs.held)
        try:
            return self._put_in_memory(new) if self._log is None else self._put_in_log(self._log, new)
        except SessionsError:
            self.blobs.held = held  # a payload whose line was refused is not to weigh on the next one
            raise

    def _put_in_log(self, log: Log, new: NewEntry) -> Entry:
        with log.alone:
            self._mend(log)
            entry = self._entry(new)
            self._put_blobs()
            log.append(encode(entry))
            self.tree.add(entry)
        return entry

    def _put_adopted(self, log: Log, entry: Entry) -> None:
        with log.alone:
            self._mend(log)
            adopted = self._adopted(entry, self.tree.last_seq + 1)
            self._put_blobs()
            log.append(encode(adopted))
            self.tree.add(adopted)

    def _sync_entry(self) -> None:
        if self._settings().sync == "entry":
            self.flush()

    def _put_in_memory(self, new: NewEntry) -> Entry:
        entry = self._entry(new)
        if entry.role == "user" and not self.temporary:
            self._log = self._create([*self.tree, entry])
        self.tree.add(entry)
        return entry

    def _mend(self, log: Log) -> None:
        repairs: list[Entry] = []

        def repair(fragment: bytes) -> bytes:
            repairs.append(self._entry(_repair(fragment)))
            return encode(repairs[0])

        self._adopt(log.mend(repair))
        for entry in repairs:
            self.tree.add(entry)
            if self._torn:
                del self.bad_lines[-1:]  # the fragment was the last line, and is one no more
        self._torn = False

    def _adopt(self, lines: bytes) -> None:
        """Take in what others have written; the conversation stands where it stood, and theirs is another branch."""
        for line in lines.split(b"\n") if lines else ():
            with suppress(ValueError):
                entry = decode(line)
                if isinstance(entry, Entry):
                    self.tree.adopt(entry)

    def _put_blobs(self) -> None:
        """Give the store the payloads that wait, before a line names them."""
        held = self.blobs.held
        if not held:
            return
        try:
            for blob in list(held.values()):
                self._store.blobs.put(blob)
        except OSError as error:
            raise LogWriteError(f"A payload could not be written: {error.strerror or error}.") from error
        held.clear()

    def _entry(self, new: NewEntry) -> Entry:
        check(new)
        return Entry(
            type=new.type,
            seq=self.tree.last_seq + 1,
            id=self._source.new_id(),
            parent_id=None if new.type in OUTSIDE_TREE else self.tree.leaf,
            session=self.header.id,
            ts=timestamp(self._source.now()),
            held=self._slim(new.fields),
        )

    def _adopted(self, entry: Entry, seq: int) -> Entry:
        fields = self._slim(entry.fields)
        return Entry(entry.type, seq, entry.id, entry.parent_id, entry.session, entry.ts, fields, entry.line_role)

    def _slim(self, fields: dict[str, Any]) -> dict[str, Any]:
        """Return fields as they are written: their secrets masked, large payloads taken out and held for the store."""
        try:
            cleaned = clean(fields, self._mask)
            if cleaned.get("role") == "assistant":
                cleaned = unsigned_where_changed(cleaned, fields)
        except (TypeError, RecursionError) as error:
            raise InvalidEntryError(f"It cannot be written: {error}.") from error
        slim, blobs = take_out(cleaned)
        for blob in blobs:
            self.blobs.put(blob)
        return slim

    def _create(self, entries: Iterable[Entry]) -> Log:
        self._put_blobs()
        lines = itertools.chain([encode(self.header)], map(encode, entries))  # one by one: there may be a gigabyte
        log = self._store.create(self.file, lines, self._owner())
        self.file = log.path  # another, when something has taken the name in the meantime
        return log


def _repair(fragment: bytes) -> NewEntry:
    """Return the entry that keeps a line which a crash has left unfinished."""
    try:
        kept = {"fragment": fragment.decode(), "encoding": "utf-8"}
    except UnicodeDecodeError:  # cut inside a character
        kept = {"fragment": base64.b64encode(fragment).decode(), "encoding": "base64"}
    return NewEntry("repair", {"reason": "the last line was not whole", "bytes": len(fragment), **kept})
