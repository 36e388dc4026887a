"""The tree of a conversation cut into what stands on a page: stretches in which nothing branches. Pure.

A turn is one stretch, or several where its answer was tried again. It owns their order and their names; that there is
HTML is none of its business. Dropped branches are left out, as everywhere.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from ipy_sessions.entries import Entry
from ipy_sessions.render.parts import SUMMARIES
from ipy_sessions.tree import Tree
from ipy_sessions.turns import Turns


@dataclass(slots=True)
class Node:
    """A stretch of the conversation.

    Parameters
    ----------
    name
        What it is called in an address: ``"turn-3"``, or ``"turn-3-2"`` for what goes on in it.
    number
        Of its turn; 0 for what stands before the first.
    begins
        Whether it begins the turn.
    entries
        Its steps: messages and summaries.
    above
        The stretch that it follows, if any.
    active
        Whether it is on the active branch.
    ways
        All that follow the same stretch, itself included, in the order of the file.
    """

    name: str
    number: int
    begins: bool
    entries: list[Entry]
    above: Node | None
    active: bool
    ways: list[Node] = field(default_factory=list, repr=False)


def nodes(tree: Tree) -> list[Node]:
    """Return the stretches of a tree in the order of the file."""
    turns = Turns(tree)
    numbers = {question: number for number, question in enumerate(turns.ids, start=1)}
    shown = [entry for entry in tree if _is_shown(entry) and entry.id not in turns.branches.dropped]
    above = _shown_above(shown, turns)
    below: dict[str | None, list[str]] = {}
    for entry in shown:
        below.setdefault(above[entry.id], []).append(entry.id)
    found: dict[str, Node] = {}
    made: list[Node] = []
    for entry in _parents_first(shown, above):
        before = found.get(above[entry.id] or "")
        begins = entry.id in numbers
        if before is not None and not begins and len(below[above[entry.id]]) == 1:
            before.entries.append(entry)
            found[entry.id] = before
            continue
        number = numbers.get(entry.id, before.number if before is not None else 0)
        node = Node("", number, begins, [entry], before, turns.branches.is_active(entry.id))
        made.append(node)
        found[entry.id] = node
    return _named(made)


def _is_shown(entry: Entry) -> bool:
    return entry.type == "message" or (entry.type in SUMMARIES and isinstance(entry.fields.get("summary"), str))


def _shown_above(shown: Iterable[Entry], turns: Turns) -> dict[str, str | None]:
    """Return what each entry follows of those that are shown; settings and the like are passed over."""
    known = {entry.id for entry in shown}
    found: dict[str, str | None] = {}
    for step in known:
        seen, at = {step}, turns.branches.parent(step)
        while at is not None and at not in known and at not in seen:
            seen.add(at)
            at = turns.branches.parent(at)
        found[step] = at if at in known else None
    return found


def _parents_first(shown: list[Entry], above: dict[str, str | None]) -> list[Entry]:
    """Return entries so that each comes behind what it follows; a circle, as in a damaged file, is cut."""
    entries = {entry.id: entry for entry in shown}
    done: dict[str, None] = {}
    for entry in shown:
        way: dict[str, None] = {}
        at: str | None = entry.id
        while at is not None and at not in done and at not in way:
            way[at] = None
            at = above[at]
        if at in way:
            above[next(reversed(way))] = None
        done.update(dict.fromkeys(reversed(way)))
    return [entries[one] for one in done]


def _named(made: list[Node]) -> list[Node]:
    ways: dict[int | None, list[Node]] = {}
    parts: dict[int, int] = {}
    for node in made:
        siblings = ways.setdefault(None if node.above is None else id(node.above), [])
        siblings.append(node)
        node.ways = siblings
        if node.begins:
            node.name = f"turn-{node.number}"
        else:
            parts[node.number] = parts.get(node.number, 1) + 1
            node.name = f"turn-{node.number}-{parts[node.number]}"
    return made
