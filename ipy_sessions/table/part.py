"""One conversation as the tables see it: all of it, its active branch, or the way to one turn.

It owns which entries the rows of a conversation are made of, and which of them count: what was copied was paid once.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import cached_property

from ipy_sessions.counting import notebook_of
from ipy_sessions.entries import Entry
from ipy_sessions.readers.transcript import Transcript
from ipy_sessions.tree import Tree
from ipy_sessions.turns import Turn, Turns

ALL, ACTIVE = "all", "active"


class Part:
    """One conversation.

    Parameters
    ----------
    transcript
        What was read.
    branch
        ``"all"``, ``"active"``, or the id of the last entry of a branch.
    """

    def __init__(self, transcript: Transcript, branch: str = ALL) -> None:
        self.transcript, self.branch = transcript, branch

    @cached_property
    def tree(self) -> Tree:
        """All of its entries."""
        return Tree(self.transcript.entries)

    @cached_property
    def turns(self) -> Turns:
        """All of its turns."""
        return Turns(self.tree)

    @cached_property
    def entries(self) -> Sequence[Entry]:
        """The entries that are shown, in the order of the file; of a branch, from the first to its last."""
        if self.branch == ALL:
            return self.transcript.entries
        return self.tree.path() if self.branch == ACTIVE else self.tree.path(self.branch)

    @property
    def messages(self) -> Sequence[Entry]:
        """Those that are messages."""
        return [entry for entry in self.entries if entry.type == "message"]

    @cached_property
    def shown_turns(self) -> Sequence[Turn]:
        """The turns that are shown, in the order of the file."""
        if self.branch == ALL:
            return list(self.turns)
        return self.turns.active() if self.branch == ACTIVE else self.turns.path(self.branch)

    @cached_property
    def active(self) -> Collection[str]:
        """Ids of the questions on the active branch."""
        return set(self.turns.questions(self.tree.leaf))

    @property
    def session(self) -> str:
        """The session's id."""
        return self.transcript.id

    @cached_property
    def notebook(self) -> str | None:
        """The notebook that the session belongs to."""
        return notebook_of(self.transcript.header, self.tree)

    def copied(self, entry: Entry) -> bool:
        """Tell whether an entry is a copy: carried to another branch, or forked from another session."""
        return entry.session != self.session or entry.fields.get("carried_from") is not None

    def original(self, entry: Entry) -> Entry:
        """Return the entry of this session that another was carried from; itself where it is no such copy."""
        carried = entry.fields.get("carried_from")
        while isinstance(carried, str) and carried in self.tree and carried != entry.id:
            entry = self.tree[carried]
            carried = entry.fields.get("carried_from")
        return entry


class Once:
    """What was counted already, over all the conversations of one table.

    Parameters
    ----------
    sessions
        Ids of all the sessions that are read: what was forked from one of them counts there.
    """

    def __init__(self, sessions: Collection[str] = ()) -> None:
        self._sessions = sessions
        self._counted: set[str] = set()

    def counts(self, part: Part, entry: Entry) -> bool:
        """Tell whether an entry counts here, and remember it when it does."""
        elsewhere = entry.session != part.session and entry.session in self._sessions
        if elsewhere or entry.fields.get("carried_from") is not None or entry.id in self._counted:
            return False
        self._counted.add(entry.id)
        return True
