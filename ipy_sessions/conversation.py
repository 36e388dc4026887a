"""What was said in a session, and every line that is added to it.

It owns what a session is (its names, its entries, its turns) and the way of a line into it. It refuses to know how a
model is asked (`session`), which session a notebook means (`manager`) and how a line reaches the disk (`store`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ipy_sessions.context import Context, build
from ipy_sessions.context.edits import hidden
from ipy_sessions.counting import name_of, notebook_of, summarise
from ipy_sessions.entries import Block, Entry, Header, NewEntry
from ipy_sessions.errors import SessionClosedError, SessionReadOnlyError
from ipy_sessions.store.blobs import put_back
from ipy_sessions.store.reading import BadLine
from ipy_sessions.store.recorder import Recorder
from ipy_sessions.summary import SessionInfo, tail, title_of
from ipy_sessions.tree import Tree


class Conversation:
    """A session without anybody who answers: what was said, and what is added by hand.

    Parameters
    ----------
    recorder
        Its entries, in memory and in its log.
    read_only
        Why it can only be read; empty when it can be written.
    """

    def __init__(self, recorder: Recorder, read_only: str = "") -> None:
        self.tree: Tree = recorder.tree
        """All its entries."""
        self.bad_lines: list[BadLine] = recorder.bad_lines
        """Lines that could not be read."""
        self.read_only = read_only
        """Why it can only be read; empty when it can be written."""
        self._recorder = recorder

    def __repr__(self) -> str:
        info = self.info()
        return f"<Session {info.title!r}, {info.message_count} messages, {self.file}>"

    # What it is

    @property
    def header(self) -> Header:
        """The first line of its log."""
        return self._recorder.header

    @property
    def id(self) -> str:
        """Its id."""
        return self.header.id

    @property
    def file(self) -> Path:
        """Path of its file, known before the file exists."""
        return self._recorder.file

    @property
    def temporary(self) -> bool:
        """Whether it is kept in memory alone."""
        return self._recorder.temporary

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
    def has_messages(self) -> bool:
        """Whether anything was said in it."""
        return any(entry.type == "message" for entry in self.tree)

    @property
    def closed(self) -> bool:
        """Whether it was closed."""
        return self._recorder.closed

    @property
    def in_file(self) -> bool:
        """Whether its file has been created."""
        return self._recorder.in_file

    def info(self) -> SessionInfo:
        """Return the session, summed up."""
        return summarise(self.file, self.header, self.tree, (line.number for line in self.bad_lines))

    def build_context(self) -> Context:
        """Return what a model would be sent now; ``.messages`` is exactly that."""
        path = self.tree.path()
        context = build(path, hidden(self.tree, path))
        return replace(context, messages=put_back(context.messages, self._recorder.blobs.get))

    def content(self, entry: Entry) -> list[Block]:
        """Return the content of an entry with the payloads that were too large for its line."""
        whole: list[Block] = put_back(entry.content, self._recorder.blobs.get)
        return whole

    # What is added by hand

    def append(self, new: NewEntry, *, expect: str | None = None) -> Entry:
        """Write an entry that follows the leaf; it is in the log when this returns, and flushed later.

        Parameters
        ----------
        new
            What `user`, `assistant` or another constructor of entries returned.
        expect
            Id of the entry that it is to follow; by default whichever is the leaf.

        Raises
        ------
        StaleSessionError
            When the leaf is not the entry that was expected: somebody else has written to the session.
        SessionClosedError, SessionReadOnlyError, LogWriteError
            When it cannot be written; the session is then as it was before.
        """
        self._check_writable()
        self._recorder.refresh_mask()
        return self._recorder.write(new, expect)

    def note(self, **fields: Any) -> None:
        """Write an ``info`` entry: a new ``name``, ``tags``, ``pinned``, ``archived``, or its ``notebook``."""
        self.append(NewEntry("info", fields))

    def begin_as(self, other: Conversation, entries: Sequence[Entry] | None = None) -> None:
        """Take over entries of another session, by default all, as long as there are none here.

        They say where they are from, and so does this session.
        """
        self._check_writable()
        self._recorder.copy(other._recorder, entries)

    def take_in(self, entries: Iterable[Entry]) -> int:
        """Write those entries, made elsewhere, that are not here yet; they keep ids, parents and times.

        Return how many there were. The conversation then stands behind the last of them.
        """
        self._check_writable()
        self._recorder.refresh_mask()
        return self._recorder.take_in(entries)

    @property
    def title(self) -> str:
        """Its name, or else the beginning of its first message."""
        first = next((entry.text for entry in self.tree if entry.role == "user"), "")
        return title_of(self.name, first, self.id)

    def _check_writable(self) -> None:
        if self.closed:
            raise SessionClosedError(
                f"The session {self.title} is closed. Open it again with `%session open {tail(self.id)}`."
            )
        if self.read_only:
            raise SessionReadOnlyError(self.read_only)
