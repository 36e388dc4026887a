"""A session summed up in one row.

It owns what a row says; how it is made is the business of `counting`, and of `store.outlines` for files.

A row has two halves. The `Outline` is what the beginning and the end of a file tell, so ten thousand of them are read
while somebody waits; the `Counts` need every line, and are counted for the rows that somebody looks at.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from ipy_sessions.identifiers import moment

TAIL = 6  # characters of an id that tell a session from its neighbours
JOINER = "\u200d"  # of emoji that are made of several
TITLE = 50  # characters of the first message that stand for a name


def tail(session_id: str) -> str:
    """Return the end of an id that stands in file names and lists."""
    return session_id.replace("-", "")[-TAIL:]


def title_of(name: str | None, first_message: str, session_id: str) -> str:
    """Return what a session is called where it is shown: nothing of it moves a cursor or turns a text around."""
    title = name or " ".join(first_message.split())[:TITLE]
    if not title.isprintable():
        title = "".join(sign for sign in title if sign.isprintable() or sign == JOINER).strip()
    return title or tail(session_id)


class Outline(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """What the beginning and the end of a session tell; the attributes are those of `SessionInfo`."""

    id: str
    name: str | None
    created: str
    modified: str
    first_message: str
    notebook: str | None
    model: str | None
    key: str | None
    tags: list[str]
    pinned: bool
    archived: bool
    interrupted: bool
    parent_session: str | None
    begun_by: str | None = None


class Counts(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """What every line of a session adds to; the attributes are those of `SessionInfo`."""

    message_count: int
    turn_count: int
    input_tokens: int
    output_tokens: int
    cache_read_tokens: int
    cache_write_tokens: int
    cost_usd: float | None
    known_cost_usd: float | None
    leaf_count: int
    label_count: int
    cells: dict[str, str]
    bad_lines: list[int]


class SessionInfo(msgspec.Struct, eq=False, gc=False):
    """One session, summed up.

    What needs every line of the session, `message_count`, `turn_count`, the tokens and costs, `leaf_count`,
    `label_count`, `cells` and `bad_lines`, is counted when it is first asked for.

    Parameters
    ----------
    cursor
        Its place in lists that are sorted by the last message: the time of that, and its id. `SessionManager.list` goes
        on behind it.
    size
        Bytes of its file; 0 in memory.
    archived
        Whether it is archived: lists leave it out.
    """

    # Ten thousand of them are made while somebody waits, so a store may keep the halves packed (`store.index`).
    _file: str
    cursor: str
    size: int
    archived: bool
    _half: Any
    _counts: Any

    def __repr__(self) -> str:
        return f"<SessionInfo {self.title!r} {self.path}>"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, SessionInfo):
            return NotImplemented
        return (self.path, self._line, self._sums) == (other.path, other._line, other._sums)

    def __hash__(self) -> int:
        return hash(self.cursor)

    @property
    def _line(self) -> Outline:
        half: Outline = self._half
        return half

    @property
    def _sums(self) -> Counts:
        counts: Counts = self._counts
        return counts

    @property
    def path(self) -> Path:
        """Its file; for a session in memory, the one that `%session keep` would write."""
        return Path(self._file)

    @property
    def filename(self) -> str:
        """The same as text, which is there at once: ten thousand paths take a twentieth of a second."""
        return self._file

    @property
    def id(self) -> str:
        """Its id."""
        return self._line.id

    @property
    def tail(self) -> str:
        """The end of the id that stands in file names and lists."""
        return tail(self.id)

    @property
    def name(self) -> str | None:
        """Its name, if it has one."""
        return self._line.name

    @property
    def title(self) -> str:
        """The name, or else the beginning of the first message, or else the end of the id."""
        return title_of(self.name, self.first_message, self.id)

    @property
    def created(self) -> datetime:
        """When it was created; aware, in UTC."""
        return _moment(self._line.created)

    @property
    def modified(self) -> datetime:
        """When its last message was written, or else it was created; aware, in UTC."""
        return _moment(self._line.modified)

    @property
    def first_message(self) -> str:
        """The beginning of the first user message, up to 500 characters; empty when there is none."""
        return self._line.first_message

    @property
    def notebook(self) -> str | None:
        """The notebook that it belongs to, as its log names it: seen from the parent of the session folder."""
        return self._line.notebook

    @property
    def model(self) -> str | None:
        """The model that answered last."""
        return self._line.model

    @property
    def key(self) -> str | None:
        """Where it was born: ``agent:<agent>:<provider>:<peer>``."""
        return self._line.key

    @property
    def tags(self) -> tuple[str, ...]:
        """Its tags."""
        return tuple(self._line.tags)

    @property
    def pinned(self) -> bool:
        """Whether it is pinned: pruning never takes it."""
        return self._line.pinned

    @property
    def interrupted(self) -> bool:
        """Whether the last turn has no complete answer."""
        return self._line.interrupted

    @property
    def begun_by(self) -> str | None:
        """The cell and command that began it; ``None`` for one that an ask, or Python, began."""
        return self._line.begun_by

    @property
    def parent_session(self) -> str | None:
        """Id of the session that it was forked from."""
        return self._line.parent_session

    @property
    def message_count(self) -> int:
        """Messages, those of all branches counted."""
        return self._sums.message_count

    @property
    def turn_count(self) -> int:
        """Messages that ask something, those of all branches counted."""
        return self._sums.turn_count

    @property
    def input_tokens(self) -> int:
        """Tokens that were sent, without those of the caches, as far as they were counted."""
        return self._sums.input_tokens

    @property
    def output_tokens(self) -> int:
        """Tokens of all answers together, as far as they were counted."""
        return self._sums.output_tokens

    @property
    def cache_read_tokens(self) -> int:
        """Tokens that the servers had in their caches."""
        return self._sums.cache_read_tokens

    @property
    def cache_write_tokens(self) -> int:
        """Tokens that the servers put into their caches."""
        return self._sums.cache_write_tokens

    @property
    def cost_usd(self) -> float | None:
        """US dollars of all answers together; ``None`` when one of them is not known.

        What broke off before the server counted anything costs nothing.
        """
        return self._sums.cost_usd

    @property
    def known_cost_usd(self) -> float | None:
        """US dollars of the answers whose cost is known; ``None`` when that of none is."""
        return self._sums.known_cost_usd

    @property
    def leaf_count(self) -> int:
        """Branches: the steps that nothing follows."""
        return self._sums.leaf_count

    @property
    def label_count(self) -> int:
        """Entries that have a label."""
        return self._sums.label_count

    @property
    def cells(self) -> Mapping[str, datetime]:
        """The ids of the cells that asked, each with the time of its last ask."""
        return {cell: _moment(ts) for cell, ts in self._sums.cells.items()}

    @property
    def bad_lines(self) -> tuple[int, ...]:
        """Numbers of the lines that could not be read; the header is line 1."""
        return tuple(self._sums.bad_lines)


def cursor(modified: str, session_id: str) -> str:
    """Return what rows are sorted by."""
    return f"{modified} {session_id}"


def _moment(written: str) -> datetime:
    try:
        return moment(written)
    except ValueError:
        return datetime.fromtimestamp(0, UTC)
