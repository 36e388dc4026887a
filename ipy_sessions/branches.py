"""Which way a conversation went: what follows each step, which steps are active, where each branch was last left.

Pure, and made of ids alone. It reads what the tree's file order says (every step moved the leaf to itself, every
``leaf`` entry to another step; a ``drop`` entry names the first step of a branch) and keeps up with a tree that grows,
so that after the first time a question costs nothing that grows with the conversation.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice

from ipy_sessions.entries import Entry
from ipy_sessions.tree import MISSING, Tree


class Branches:
    """The branches of one tree.

    Parameters
    ----------
    tree
        The tree; it may grow.
    """

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._seen = 0
        self._befores: dict[str, str | None] = {}
        self._parents: dict[str, str | None] = {}
        self._children: dict[str | None, list[str]] = {}
        self._active: set[str] = set()
        self._latest: dict[str | None, str] = {}
        self._roots: dict[str, None] = {}
        self._dropped: dict[str, str] | None = None
        self._leaf: str | None = None
        self._last: str | None = None

    def catch_up(self) -> list[Entry]:
        """Take in what the tree has got since the last time; return it."""
        new = list(islice(self._tree, self._seen, None)) if len(self._tree) > self._seen else []
        self._seen += len(new)
        self._dropped = None if new else self._dropped
        for entry in new:
            self._befores[entry.id] = self._last
            self._last = entry.id if entry.in_tree else self._last
        for entry in new:
            if entry.in_tree:
                self._learn(entry)
        for entry in new:
            if entry.in_tree:
                self._move(entry.id)
            elif entry.type == "leaf" and (target := self._tree.target(entry)) != MISSING:
                self._move(target)
            elif entry.type == "drop":
                self._drop(entry)
        self._move(self._tree.leaf)
        return new

    def _learn(self, entry: Entry) -> None:
        parent = self._tree.step_above(entry, self._befores.__getitem__)
        self._parents[entry.id] = parent
        self._children.setdefault(parent, []).append(entry.id)

    def _drop(self, entry: Entry) -> None:
        target = str(entry.fields.get("target_id"))
        if entry.fields.get("dropped") is True:
            self._roots[target] = None
        else:
            self._roots.pop(target, None)

    def _move(self, leaf: str | None) -> None:
        """Let the leaf be another step: the way to it is active from there on, and its end is where it was left."""
        if leaf == self._leaf:
            return
        self._dropped = None
        way = self._way_to(leaf)
        meets = self._parents[way[-1]] if way else leaf
        at = self._leaf
        while at is not None and at != meets and at in self._active:
            self._active.discard(at)
            at = self._parents[at]
        self._active.update(way)
        for step in way:
            self._latest[self._parents[step]] = step
        self._latest.pop(leaf, None)
        self._leaf = leaf

    def _way_to(self, leaf: str | None) -> list[str]:
        """Return the steps from `leaf` up that are not active yet; a circle is cut."""
        way: dict[str, None] = {}
        at = leaf
        while at is not None and at not in self._active and at not in way:
            way[at] = None
            at = self._parents[at]
        return list(way)

    def __contains__(self, step: object) -> bool:
        return step in self._parents

    def is_active(self, step: str | None) -> bool:
        """Tell whether a step is on the way to the leaf; before the first (``None``) always is."""
        return step is None or step in self._active

    def parent(self, step: str) -> str | None:
        """Return what a step follows."""
        return self._parents[step]

    def children(self, step: str | None) -> list[str]:
        """Return what follows a step, in the order of the file; of ``None``, the first steps."""
        return self._children.get(step, [])

    def latest(self, step: str | None) -> str | None:
        """Return the child of a step that was active last; ``None`` when the conversation was last left at the step."""
        return self._latest.get(step)

    @property
    def dropped(self) -> Mapping[str, str]:
        """The steps of the branches that were dropped, each with the first of its branch.

        A branch that the conversation stands on, as when the line that left it is damaged, is none of them.
        """
        if self._dropped is None:
            self._dropped = {}
            for root in self._roots:
                if root in self and root not in self._active and root not in self._dropped:
                    self._dropped.update(dict.fromkeys(self._from(root), root))
        return self._dropped

    def _from(self, root: str) -> Iterator[str]:
        """Yield a step and all that follow it, on every branch."""
        seen: set[str] = set()
        waiting = [root]
        while waiting:
            step = waiting.pop()
            if step not in seen:
                seen.add(step)
                yield step
                waiting += self.children(step)

    @property
    def leaves(self) -> list[str]:
        """The steps that nothing follows, in the order of the file; dropped branches are left aside."""
        kept = [step for step in self._parents if step not in self.dropped]
        followed = {self._parents[step] for step in kept}
        return [step for step in kept if step not in followed]

    def tip(self, step: str) -> str:
        """Return where the branch through a step was last left, or before that a branch begins that was dropped."""
        for _ in self._parents:  # as many as there can be, so that a circle ends as well
            if (child := self._latest.get(step)) is None or child in self.dropped:
                break
            step = child
        return step

    def is_left(self, step: str | None, other: str | None) -> bool:
        """Tell whether a step is `other` or on the way to it, on a branch that is not active."""
        seen: set[str] = set()
        while other is not None and other not in seen and other not in self._active:
            if other == step:
                return True
            seen.add(other)
            other = self._parents[other]
        return False

    def follows(self, step: str | None, other: str | None) -> bool:
        """Tell whether a step comes behind another, on whichever branch; behind ``None`` every step does."""
        seen: set[str] = set()
        while step is not None and step not in seen:
            seen.add(step)
            step = self._parents[step]
            if step == other:
                return True
        return False
