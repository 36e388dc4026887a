"""One session: the tree of its entries over its log.

It owns the order of things: an entry is on disk before it is in the tree, the user's message before the model is
asked, the settings before the message that is sent with them. It refuses to know which session a notebook means
(`manager`), how a turn is composed (`turn`), what a line looks like (`entries`) and how it reaches the disk
(`store`).

A session lives in memory until its first user message, which creates its file; a temporary one stays there until
`keep`.
"""

from __future__ import annotations

import base64
import os
import threading
from collections.abc import Callable, Generator, Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

from ipy_sessions import context, turn
from ipy_sessions.context import Context
from ipy_sessions.entries import OUTSIDE_TREE, VERSION, Entry, Header, NewEntry, assistant, check, clean, encode, user
from ipy_sessions.errors import (
    InvalidEntryError,
    LogWriteError,
    SessionClosedError,
    SessionReadOnlyError,
    TurnRunningError,
)
from ipy_sessions.events import Event, Reply
from ipy_sessions.identifiers import SYSTEM, Source, timestamp
from ipy_sessions.model import registry
from ipy_sessions.model.interface import Model, Request
from ipy_sessions.settings import Parameters, Settings
from ipy_sessions.store.folder import Folder
from ipy_sessions.store.interrupts import uninterrupted
from ipy_sessions.store.log import FileLog, Log
from ipy_sessions.store.masking import Mask
from ipy_sessions.store.reading import BadLine, Contents
from ipy_sessions.summary import SessionInfo, name_of, notebook_of, summarise
from ipy_sessions.tree import Tree

FindModel = Callable[[str], Model]


class Session:
    """A conversation and its log. `SessionManager` makes and opens them.

    Parameters
    ----------
    file
        Where its file is, or will be.
    contents
        What was read from it; for a new session its header and nothing else.
    log
        Where its lines go.
    settings
        Returns what holds where the session itself has no say; asked at each turn.
    find_model
        From a name to a model; by default the models that come with ipy_sessions.
    source
        Ids and the clock.
    temporary
        Whether it stays in memory after the first user message.
    """

    def __init__(
        self,
        file: Path,
        contents: Contents,
        log: Log,
        *,
        settings: Callable[[], Settings],
        find_model: FindModel | None = None,
        source: Source = SYSTEM,
        temporary: bool = False,
    ) -> None:
        self.file = file
        """Path of its file, known before the file exists."""
        self.temporary = temporary
        """Whether it is kept in memory alone."""
        self.header: Header = contents.header
        """The first line of its log."""
        self.bad_lines: list[BadLine] = contents.bad_lines
        """Lines that could not be read."""
        self.tree: Tree = contents.tree
        """All its entries."""
        self.closed = False
        self.streaming = False
        """Whether a reply is coming in."""
        self._log = log
        self._settings = settings
        self._find_model = find_model or (lambda name: registry.find(name, settings()))
        self._source = source
        self._mask = Mask(os.environ)
        self._lock = threading.RLock()
        self._waiting: NewEntry | None = None

    # What it is

    @property
    def id(self) -> str:
        """Its id."""
        return self.header.id

    @property
    def name(self) -> str | None:
        """Its name, if it has one."""
        return name_of(self.header, self.tree)

    @property
    def notebook(self) -> str | None:
        """The notebook that it belongs to, as its log names it."""
        return notebook_of(self.header, self.tree)

    @property
    def leaf(self) -> str | None:
        """Id of the entry that the next one will follow; ``None`` before the first."""
        return self.tree.leaf

    @property
    def parameters(self) -> Parameters:
        """The model, system text and longest answer of its next turn."""
        return context.own_parameters(self.tree.path()) or self._settings().parameters

    @property
    def has_messages(self) -> bool:
        """Whether anything was said in it."""
        return any(entry.type == "message" for entry in self.tree)

    @property
    def in_file(self) -> bool:
        """Whether its file has been created."""
        return isinstance(self._log, FileLog)

    def info(self) -> SessionInfo:
        """Return the session, summed up."""
        return summarise(self.file, self.header, self.tree, len(self.bad_lines))

    def build_context(self) -> Context:
        """Return what a model would be sent now; ``.messages`` is exactly that."""
        return context.build(self.tree.path())

    # What it takes in

    def append(self, new: NewEntry) -> Entry:
        """Write an entry that follows the leaf; it is on disk when this returns.

        Parameters
        ----------
        new
            What `user`, `assistant` or another constructor of entries returned.

        Raises
        ------
        SessionClosedError, SessionReadOnlyError, LogWriteError
            When it cannot be written; the session is then as it was before.
        """
        self._check_writable()
        self._mask.refresh()
        return self._write(new)

    def prompt(self, text: str, **options: Any) -> Reply:
        """Ask the model, write both messages, return the reply.

        Parameters
        ----------
        text
            What to ask.
        options
            Those of `stream`.

        Raises
        ------
        ModelError
            When the model cannot answer; what it had said by then is in the log.
        """
        with closing(self.stream(text, **options)) as events:
            while True:
                try:
                    next(events)
                except StopIteration as done:
                    reply: Reply = done.value
                    return reply

    def stream(
        self,
        text: str,
        *,
        model: str | None = None,
        system: str | None = None,
        max_tokens: int | None = None,
        **fields: Any,
    ) -> Generator[Event, None, Reply]:
        """Ask the model and yield its answer event by event; both messages are written.

        Nothing happens before the first event is asked for. Whoever stops listening early closes the stream, and the
        answer is logged as far as it came, as ``interrupted``.

        Parameters
        ----------
        text
            What to ask.
        model, system, max_tokens
            For this turn alone; ``None`` for the session's own.
        fields
            More to write with the user's message, such as ``cell_id``.

        Raises
        ------
        TurnRunningError
            When another reply of this session is still coming in.
        """
        self._check_writable()
        if not text.strip():
            raise InvalidEntryError("Nothing was asked: the prompt is empty.")
        own = self.parameters
        wanted = own.changed(model=model, system=system, max_tokens=max_tokens)
        answerer = self._find_model(wanted.model)
        before = self.leaf
        running = False

        def ask() -> Request:
            nonlocal running
            with uninterrupted(), self._lock:
                if self.streaming:
                    raise TurnRunningError(f"{self.title} is still answering. Wait for it or stop it, then ask again.")
                self.streaming = running = True
                self._mask.refresh()
                for needed in context.settings_needed(self.tree.path(), own, wanted):
                    self._write(needed)
                self._write(user(text, **fields))
                sent = self.build_context()
            return Request(sent.messages, sent.parameters or wanted)

        def answer(reply: Reply) -> None:
            if not running:
                return
            self.streaming = False
            if self.leaf != before and self.tree[str(self.leaf)].role == "user":
                self._write_answer(reply)
            self._log.flush()

        return (yield from turn.take(ask, answerer, answer, self._source))

    def note(self, **fields: Any) -> None:
        """Write an ``info`` entry: a new ``name``, or the ``notebook`` that it belongs to now."""
        self.append(NewEntry("info", fields))

    def configure(self, **changes: Any) -> None:
        """Give the session another ``model``, ``system`` text or ``max_tokens`` from its next turn on."""
        changed = self.parameters.changed(**changes)
        self._find_model(changed.model)
        if changed != self.parameters or context.own_parameters(self.tree.path()) is None:
            self.append(context.settings_entry(changed))

    # Where it is kept

    def keep(self) -> None:
        """Write a session that is in memory alone to its file, and from now on every entry.

        A session whose file was deleted, replaced or cut short is written anew, beside what is in its place now; an
        answer that the disk has refused is written, too.

        Raises
        ------
        LogWriteError
            When the file cannot be created; the session then stays in memory.
        """
        self._check_writable()
        with uninterrupted(), self._lock:
            if not isinstance(self._log, FileLog) or not self._log.leads_here():
                log = self._create_file(self.tree)
                self._log.close()
                self._log = log
            self._catch_up()
            self._log.flush()
        self.temporary = False

    def close(self) -> None:
        """Make the disk hold every line and let go of the file; a second time does nothing.

        Raises
        ------
        TurnRunningError
            While a reply is coming in.
        """
        if self.closed:
            return
        if self.streaming:
            raise TurnRunningError(f"{self.title} cannot be closed: a reply is coming in. Stop it first.")
        self.closed = True
        self._log.close()

    @property
    def title(self) -> str:
        """Its name, or else the beginning of its first message."""
        return self.info().title

    def _check_writable(self) -> None:
        if self.closed:
            raise SessionClosedError(
                f"The session {self.title} is closed. Open it again with `%session open {self.info().tail}`."
            )
        if self.header.version > VERSION:
            raise SessionReadOnlyError(
                f"{self.file} was written by a newer ipy_sessions (format {self.header.version}, this one writes "
                f"{VERSION}) and can only be read here. Upgrade with `pip install -U ipy_sessions`."
            )

    def _write_answer(self, reply: Reply) -> None:
        """Write the answer to the question at the leaf; one that the disk refuses waits for the next write."""
        self._waiting = assistant(reply.content, **reply.fields)
        try:
            self._catch_up()
        except LogWriteError as error:
            error.reply = reply
            raise

    def _catch_up(self) -> None:
        """Write the answer that the disk has refused before, if there is one."""
        if self._waiting is not None:
            self._put(self._waiting)
            self._waiting = None

    def _write(self, new: NewEntry) -> Entry:
        """Write one entry. A Stop, or a disk that refuses, finds it both in the log and in the tree or in neither."""
        with uninterrupted(), self._lock:
            self._catch_up()
            return self._put(new)

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

    def _entry(self, new: NewEntry) -> Entry:
        check(new)
        return Entry(
            type=new.type,
            seq=self.tree.last_seq + 1,
            id=self._source.new_id(),
            parent_id=None if new.type in OUTSIDE_TREE else self.tree.leaf,
            session=self.id,
            ts=timestamp(self._source.now()),
            fields=clean(new.fields, self._mask),
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
