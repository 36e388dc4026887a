"""The entries of a session as a tree: who follows whom, where the conversation stands.

Pure: it reads entries and knows no file. It owns two answers, the path from the first entry to any other and the
leaf, and it never loops and never hides. A circle is cut where it closes. A parent that is missing, since its line
was damaged, is kept in `missing`, and the step that stood before in the file takes its place, so that one bad line
does not cost the conversation before it.

A hundred thousand entries are added in a few passes that Python runs in C; what only few ask for (the leaves, the
missing parents) is worked out when it is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from operator import attrgetter

from ipy_sessions.entries import OUTSIDE_TREE, Entry

MISSING = ""
"""Stands for the step that a ``leaf`` entry names and that is not there; no entry has this id."""


class Tree:
    """Entries by what they follow.

    Parameters
    ----------
    entries
        In the order of their file.
    """

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        self._entries: dict[str, Entry] = {}
        self.leaf: str | None = None
        """Id of the entry that the next one will follow: the last step in the file's order, or where a later ``leaf``
        entry has moved to; ``None`` before the first."""
        self.last_seq = 0
        """The highest number that an entry has."""
        self.extend(list(entries))

    def __repr__(self) -> str:
        return f"<Tree of {len(self):,} entries, {len(self.leaves):,} ends>"

    def add(self, entry: Entry) -> None:
        """Add the entry that comes next in the file; a step becomes the leaf, and a ``leaf`` entry names another."""
        self.adopt(entry)
        self._move_behind([entry])

    def adopt(self, entry: Entry) -> None:
        """Add an entry that another program has written: the conversation stands where it stood."""
        if entry.id in self._entries:
            raise ValueError(f"the id {entry.id} is in the log already")
        self._entries[entry.id] = entry
        self.last_seq = max(self.last_seq, entry.seq)

    def extend(self, entries: list[Entry]) -> None:
        """Add many entries, all or none.

        Raises
        ------
        ValueError
            When two of them have the same id.
        """
        if not entries:
            return
        added = {entry.id: entry for entry in entries}
        if len(added) < len(entries) or not self._entries.keys().isdisjoint(added):
            raise ValueError("an id is in the log already")
        self._entries.update(added)
        self._move_behind(entries)

    def renew(self, entries: Iterable[Entry]) -> None:
        """Add what is new among entries that were read again; each other takes the place of its former self."""
        read = {entry.id: entry for entry in entries}
        added = [entry for entry in read.values() if entry.id not in self._entries]
        self._entries.update(read)
        self._move_behind(added)

    def _move_behind(self, added: list[Entry]) -> None:
        self.last_seq = max([self.last_seq, *[entry.seq for entry in added]])
        for entry in reversed(added):
            if entry.in_tree:
                self.leaf = entry.id
                return
            if entry.type == "leaf" and (target := self.target(entry)) != MISSING:
                self.leaf = target
                return

    def target(self, entry: Entry) -> str | None:
        """Return where a ``leaf`` entry moved to: ``None`` for before the first, `MISSING` for what is no step."""
        target = entry.fields.get("target_id", MISSING)
        if target is None:
            return None
        step = self._entries.get(target) if isinstance(target, str) else None
        return MISSING if step is None or not step.in_tree else step.id

    def is_step(self, entry_id: str) -> bool:
        """Tell whether an id is that of a step of the conversation."""
        return entry_id in self._entries and self._entries[entry_id].in_tree

    def __contains__(self, entry_id: str) -> bool:
        return entry_id in self._entries

    def __iter__(self) -> Iterator[Entry]:
        """Go through every entry that is there now, in the order of the file, also while others are added."""
        return iter(list(self._entries.values()))

    def __len__(self) -> int:
        return len(self._entries)

    def __getitem__(self, entry_id: str) -> Entry:
        return self._entries[entry_id]

    @property
    def leaves(self) -> list[str]:
        """Ids of the steps that nothing follows, in the order of the file."""
        parents = self._parents()
        return [entry.id for entry in self if entry.id not in parents and entry.in_tree]

    @property
    def missing(self) -> list[str]:
        """Ids that an entry follows, or the leaf was moved to, and that are not there, as after a damaged line."""
        targets = {entry.fields.get("target_id") for entry in self if entry.type == "leaf"}
        wanted = self._parents() | {target for target in targets if isinstance(target, str)}
        return sorted(wanted - self._entries.keys())

    def path(self, leaf: str | None = None) -> list[Entry]:
        """Return the steps from the first to `leaf`, or to the tree's own leaf.

        Raises
        ------
        KeyError
            When `leaf` is not in the tree.
        """
        return self._straight(leaf) or self._mended(leaf)

    def _straight(self, leaf: str | None) -> list[Entry]:
        """Return the path where all are steps, no parent is missing and no circle is to be cut, else nothing."""
        steps: list[Entry] = []
        entries = self._entries
        at = self.leaf if leaf is None else entries[leaf].id
        for _ in entries:
            if at is None:
                break
            if at not in entries:
                return []
            steps.append(entry := entries[at])
            at = entry.parent_id
        whole = at is None and steps and steps[-1].in_tree and OUTSIDE_TREE.isdisjoint(map(attrgetter("type"), steps))
        return steps[::-1] if whole else []

    def _mended(self, leaf: str | None) -> list[Entry]:
        steps: list[Entry] = []
        seen: set[str] = set()
        before = _Lazily(self._before)
        at = self.leaf if leaf is None else self._entries[leaf].id
        while at is not None and at not in seen:
            seen.add(at)
            steps.append(self._entries[at])
            at = self.step_above(self._entries[at], lambda entry_id: before.found[entry_id])
        steps.reverse()
        return steps

    def step_above(self, entry: Entry, before: Callable[[str], str | None]) -> str | None:
        """Return the step that an entry follows.

        A label or the like, which other programs may let a message follow, stands for what it follows itself. Where a
        line was damaged, the step before it in the file takes its place.

        Parameters
        ----------
        entry
            The entry.
        before
            From an entry's id to the step that stood before it in the file.
        """
        seen: set[str] = set()
        while (parent := entry.parent_id) is not None and parent not in seen:
            if parent not in self._entries:
                return before(entry.id)
            if self.is_step(parent):
                return parent
            seen.add(parent)
            entry = self._entries[parent]
        return None

    def _parents(self) -> set[str]:
        return {entry.parent_id for entry in self if entry.parent_id is not None and entry.in_tree}

    def _before(self) -> dict[str, str | None]:
        """Return for each entry the step that stood before it in the file."""
        found: dict[str, str | None] = {}
        last: str | None = None
        for entry in self:
            found[entry.id] = last
            last = entry.id if entry.in_tree else last
        return found


class _Lazily:
    """What stands before each entry, worked out when it is first asked for, as only damaged files do."""

    def __init__(self, find: Callable[[], dict[str, str | None]]) -> None:
        self._find = find

    @cached_property
    def found(self) -> dict[str, str | None]:
        """The step before each entry, by its id."""
        return self._find()
