"""What is read: files of ours, those of other agents, and sessions that are open, each conversation once.

Our own files are told from the others by their first line, and are not read before a table asks for them; so a folder
of gigabytes is named at no cost. A conversation that is there twice, such as one that was imported and is read in
place as well, is read once: ours before another agent's, a larger file before a smaller.
"""

from __future__ import annotations

import os
from codecs import BOM_UTF8
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import NamedTuple, TypeAlias

import msgspec

from ipy_sessions.errors import NotASessionError, SettingError
from ipy_sessions.readers.finding import find
from ipy_sessions.readers.transcript import Transcript
from ipy_sessions.references import turn_meant
from ipy_sessions.session import Session
from ipy_sessions.summary import SessionInfo
from ipy_sessions.table.part import ACTIVE, ALL, Part
from ipy_sessions.transcripts import of_file, of_session
from ipy_sessions.watching import Item, Watch, unwatched, watched

Named: TypeAlias = str | Path | SessionInfo | Session | Transcript
"""A file, a folder or a pattern; a row of a list; a session that is open; a conversation that was read."""

FIRST, MORE = 2 * 1024, 64 * 1024  # bytes in which a header of ours ends, mostly and always


class Own(NamedTuple):
    """A file of ours."""

    path: str
    session: str
    size: int


class Skipped(NamedTuple):
    """A file that was named and is not in the tables.

    Parameters
    ----------
    path
        The file.
    reason
        Why, in one sentence.
    """

    path: str
    reason: str


class _First(msgspec.Struct):
    """What tells a header of ours."""

    type: str
    version: int
    id: str
    ts: str


_first = msgspec.json.Decoder(_First).decode


class Corpus:
    """Conversations to be read.

    Parameters
    ----------
    named
        What the user has named.
    branch
        ``"all"``, ``"active"``, or a turn of the one session that is named: its number, its label or its id's end.
    """

    notes = True
    """Whether what is found out about our files may be written down in their folders for the next time."""
    watch: Watch = staticmethod(unwatched)
    """Who watches while many files are read."""

    def __init__(self, named: Iterable[Named], branch: str | int = ALL) -> None:
        self.branch = branch
        self.paths: list[str] = []
        self._listed: dict[str, Own] = {}
        self.given: list[Transcript] = []
        self.skipped: list[Skipped] = []
        self._passed_over: tuple[type[Exception], ...] = (NotASessionError, OSError)
        for one in named:
            self._name(one)

    @classmethod
    def of(cls, own: Sequence[Own], others: Sequence[str], sessions: Iterable[str], branch: str | int = ALL) -> Corpus:
        """Return the corpus of files that were looked at before, here or on another machine.

        A file that cannot be read is an error: it could be when it was looked at, and a second try may succeed.

        Parameters
        ----------
        own, others
            Our own files, each session once, and the others.
        sessions
            Ids of the sessions that are ours, those included that are read elsewhere.
        branch
            As above.
        """
        corpus = cls((), branch)
        corpus._sorted = list(own), list(others)
        corpus.sessions = frozenset(sessions)
        corpus._passed_over = (NotASessionError,)
        return corpus

    def _name(self, one: Named) -> None:
        if isinstance(one, Transcript):
            self.given.append(one)
        elif isinstance(one, Session):
            self.given.append(of_session(one))
        elif isinstance(one, SessionInfo):
            self._name_row(one)
        else:
            self.paths += find(one)

    def _name_row(self, row: SessionInfo) -> None:
        """Name a row of a list: which session it is, it has told already."""
        path = row.filename
        with suppress(OSError):
            self._listed[path] = Own(path, row.id, os.stat(path).st_size)  # noqa: PTH116 - ten thousand of them
        self.paths += [path] if path in self._listed else find(path)

    def __str__(self) -> str:
        """Return how much was named; nothing is read for it."""
        count = len(set(self.paths)) + len(self.given)
        return f"{count:,} {'file' if self.paths else 'conversation'}{'' if count == 1 else 's'}"

    @cached_property
    def _sorted(self) -> tuple[list[Own], list[str]]:
        """Our own files, and the others, each conversation of ours once."""
        paths = self._watched(list(dict.fromkeys(self.paths)), "files")
        looked = {path: self._listed.get(path) or _own(path) for path in paths}
        held = {transcript.id for transcript in self.given}
        own, copies = once_each((file for file in looked.values() if file is not None), held)
        self.skipped += copies
        return own, [path for path, file in looked.items() if file is None]

    @property
    def own(self) -> Sequence[Own]:
        """The files of ours."""
        return self._sorted[0]

    @cached_property
    def sessions(self) -> frozenset[str]:
        """Ids of the sessions that are ours, or were given: what was forked from one of them counts there."""
        return frozenset([file.session for file in self.own] + [transcript.id for transcript in self.given])

    def parts(self) -> Iterator[Part]:
        """Yield the conversations, read one after the other."""
        yield from self.given_parts()
        yield from self.parts_of(self.own)
        yield from self.other_parts()

    def given_parts(self) -> Iterator[Part]:
        """Yield the conversations that were not named by a file."""
        yield from map(self._part, self.given)

    def parts_of(self, files: Iterable[Own]) -> Iterator[Part]:
        """Yield the sessions of some files of ours."""
        for file in self._watched(list(files), "sessions"):
            yield from map(self._part, self._read(file.path))

    def other_parts(self) -> Iterator[Part]:
        """Yield the conversations of the files that are not ours, but for those that were given, or are ours."""
        held = set(self.sessions)
        for path in self._watched(self._sorted[1], "files"):
            for transcript in self._read(path):
                if transcript.id in held:
                    self.skip(path, f"Its session {transcript.id} was read already.")
                else:
                    held.add(transcript.id)
                    yield self._part(transcript)

    @property
    def has_others(self) -> bool:
        """Whether there is anything besides files of ours."""
        return bool(self.given or self._sorted[1])

    def _watched(self, items: Sequence[Item], what: str) -> Iterator[Item]:
        return watched(items, self.watch, what)

    def _part(self, transcript: Transcript) -> Part:
        return Part(transcript, self._end(transcript))

    def _read(self, path: str) -> Iterator[Transcript]:
        try:
            found = of_file(path)
        except self._passed_over as error:
            self.skip(path, str(error))
        else:
            yield from found

    def skip(self, path: str, reason: str) -> None:
        """Keep in mind, once, that a file could not be read, or is not in the tables for another reason."""
        skipped = Skipped(path, reason)
        if skipped not in self.skipped:
            self.skipped.append(skipped)

    def _end(self, transcript: Transcript) -> str:
        """Return how `Part` names the branch."""
        if self.branch in (ALL, ACTIVE):
            return str(self.branch)
        turns = Part(transcript).turns
        return turn_meant(str(self.branch), turns, transcript.header.fields.get("name") or transcript.id).last


def several(named: Named | Iterable[Named]) -> Iterable[Named]:
    """Return what is named as several, also where it is one.

    Raises
    ------
    SettingError
        When it is nothing of the kind.
    """
    if isinstance(named, (str, Path, Session, SessionInfo, Transcript)):
        return (named,)
    if not isinstance(named, Iterable):
        raise SettingError(
            f"{named!r:.60} names no conversations. Give a file, a folder, a session, or a list of them."
        )
    return named


def once_each(files: Iterable[Own], held: Collection[str] = ()) -> tuple[list[Own], list[Skipped]]:
    """Return the largest file of each session but for those that are held already, and the files that are left out."""
    files, largest = list(files), dict[str, Own]()
    for file in files:
        if file.session not in held and ((known := largest.get(file.session)) is None or known.size < file.size):
            largest[file.session] = file
    kept = {file.path for file in largest.values()}
    reason = "It holds a session that another file holds as well."
    return list(largest.values()), [Skipped(file.path, reason) for file in files if file.path not in kept]


def _own(path: str) -> Own | None:
    """Return a file of ours; ``None`` for any other."""
    if "://" in path:
        return None
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | getattr(os, "O_NONBLOCK", 0))
    except OSError:
        return None
    try:
        head = os.read(descriptor, FIRST)
        if b"\n" not in head and len(head) == FIRST:
            head += os.read(descriptor, MORE - FIRST)
        first = _first(head.removeprefix(BOM_UTF8).partition(b"\n")[0])
        return Own(path, first.id, os.fstat(descriptor).st_size) if first.type == "session" else None
    except (ValueError, OSError):
        return None
    finally:
        os.close(descriptor)
