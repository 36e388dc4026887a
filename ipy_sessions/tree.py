"""The entries of a session as a tree: who follows whom, where the conversation stands.

Pure: it reads entries and knows no file. It owns two answers, the path from the first entry to any other and the
leaf, and it never loops and never hides. A circle is cut where it closes. A parent that is missing, since its line
was damaged, is kept in `missing`, and the step that stood before in the file takes its place, so that one bad line
does not cost the conversation before it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ipy_sessions.entries import Entry


class Tree:
    """Entries by what they follow.

    Parameters
    ----------
    entries
        In the order of their file.
    """

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        self._entries: dict[str, Entry] = {}
        self._parents: set[str] = set()
        self._before: dict[str, str | None] = {}
        self.leaf: str | None = None
        """Id of the entry that the next one will follow: the last step in the file's order."""
        self.last_seq = 0
        """The highest number that an entry has."""
        for entry in entries:
            self.add(entry)

    def add(self, entry: Entry) -> None:
        """Add the entry that comes next in the file; a step of the conversation becomes the leaf."""
        if entry.id in self._entries:
            raise ValueError(f"the id {entry.id} is in the log already")
        self._entries[entry.id] = entry
        self.last_seq = max(self.last_seq, entry.seq)
        if entry.in_tree:
            self._before[entry.id] = self.leaf
            self.leaf = entry.id
            if entry.parent_id is not None:
                self._parents.add(entry.parent_id)

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
        return [entry.id for entry in self if entry.in_tree and entry.id not in self._parents]

    @property
    def missing(self) -> list[str]:
        """Ids that an entry follows and that are not there, as after a damaged line."""
        return sorted(self._parents - self._entries.keys())

    def path(self, leaf: str | None = None) -> list[Entry]:
        """Return the steps from the first to `leaf`, or to the tree's own leaf.

        Raises
        ------
        KeyError
            When `leaf` is not in the tree.
        """
        steps: list[Entry] = []
        seen: set[str] = set()
        at = self.leaf if leaf is None else self._entries[leaf].id
        while at is not None and at in self._entries and at not in seen:
            seen.add(at)
            steps.append(self._entries[at])
            parent = self._entries[at].parent_id
            at = parent if parent is None or parent in self._entries else self._before[at]
        steps.reverse()
        return steps
