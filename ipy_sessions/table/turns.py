"""Rows of how a conversation went: its turns, its branches, and the cells that asked.

Pure. What a turn is, and which way the conversation went, is decided in `ipy_sessions.turns` and its `branches`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from ipy_sessions.table.calls import kind_of_cost, milliseconds
from ipy_sessions.table.messages import UNPAID, Row, paid
from ipy_sessions.table.part import ALL, Once, Part
from ipy_sessions.turns import Turn


def turns(part: Part, _: Once) -> Iterator[Row]:
    """Yield one row a turn."""
    labels, dropped = part.turns.labels, part.turns.dropped
    for turn in part.shown_turns:
        answer, fields = turn.answer, turn.question.fields
        said = [entry for entry in turn.entries if entry.type == "message"]
        calls = sum(block.get("type") == "tool_use" for entry in said for block in entry.content)
        yield (
            *(part.session, turn.id, turn.number, part.turns.question_before(turn.id), turn.question.ts),
            *(turn.question.text, None if answer is None else answer.text, turn.complete, turn.id in part.active),
            turn.id in dropped,
            *(labels.get(turn.id), part.copied(turn.question), None if answer is None else answer.fields.get("model")),
            *_spent(part, [turn]),
            *(milliseconds(turn.question.ts, said[-1].ts), calls),
            *(fields.get("cell_id"), fields.get("execution_count"), [entry.id for entry in said]),
        )


def _spent(part: Part, some: Iterable[Turn]) -> Row:
    """Return tokens and cost of turns; what is a copy was paid by its original."""
    entries = [entry for turn in some for entry in turn.entries if not part.copied(entry)]
    return total(paid(entry.fields) for entry in entries if kind_of_cost(entry, entry.fields) is not None)


def total(rows: Iterable[Row]) -> Row:
    """Return the sums of what was paid: tokens that are known, and a cost only where every price is known."""
    columns = list(zip(*rows, strict=True))
    if not columns:
        return UNPAID
    *tokens, costs = columns
    return (*map(_sum, tokens), sum(costs) if len(priced(costs)) == len(costs) else None)


def _sum(values: Iterable[Any]) -> int | None:
    known = [value for value in values if isinstance(value, int) and not isinstance(value, bool)]
    return sum(known) if known else None


def priced(costs: Iterable[Any]) -> list[float]:
    """Return those of some costs that are known."""
    return [cost for cost in costs if isinstance(cost, int | float) and not isinstance(cost, bool)]


def cells(part: Part, _: Once) -> Iterator[Row]:
    """Yield one row a cell that has asked."""
    asked: dict[str, list[Turn]] = {}
    for turn in part.shown_turns:
        cell = turn.question.fields.get("cell_id")
        if isinstance(cell, str):
            asked.setdefault(cell, []).append(turn)
    for cell, its in asked.items():
        active = next((turn.id for turn in reversed(its) if turn.id in part.active), None)
        times = [turn.question.ts for turn in its]
        yield (
            *(part.session, cell, part.notebook, len(its), its[-1].id, active, its[-1].question.text),
            *(min(times), max(times), *_spent(part, its)),
        )


class _Count(NamedTuple):
    """What stands between the beginning and an entry, itself included."""

    turns: int
    messages: int
    modified: str | None


def branches(part: Part, _: Once) -> Iterator[Row]:
    """Yield one row a branch, in the order of their ends; of one branch its own."""
    leaves = _leaves(part)
    counts = _counts(part)
    ways = {leaf: part.turns.questions(leaf) for leaf in leaves}
    shared = Counter(question for way in ways.values() for question in way)
    labels = part.turns.labels
    for leaf, way in ways.items():
        count, own = counts[leaf], [question for question in way if shared[question] == 1]
        yield (
            *(
                part.session,
                leaf,
                leaf == part.tree.leaf,
                leaf in part.turns.branches.dropped,
                count.turns,
                count.messages,
            ),
            *(len(own), own[0] if own else None, way[-1] if way else None, count.modified),
            [labels[question] for question in way if question in labels],
        )


def _leaves(part: Part) -> list[str]:
    """Return the ends of the branches, and where the conversation stands, when it was moved back."""
    at = part.tree.leaf
    if part.branch != ALL:
        return [entry.id for entry in part.entries[-1:]]
    leaves = part.tree.leaves
    return leaves if at is None or at in leaves else [*leaves, at]


def _counts(part: Part) -> Mapping[str, _Count]:
    parent_of = part.turns.branches.parent
    found: dict[str | None, _Count] = {None: _Count(0, 0, None)}
    for entry in part.tree:
        if entry.in_tree:
            above = found.get(parent_of(entry.id)) or found[None]
            said = entry.type == "message"
            modified = entry.ts if said else above.modified
            found[entry.id] = _Count(above.turns + (entry.id in part.turns), above.messages + said, modified)
    return {step: count for step, count in found.items() if step is not None}
