"""How the entries of a file hang together: their numbers, parents, sessions and tool calls.

Pure: `Step` in, `Finding` out. Nothing here has a repair as its cure. What is missing cannot be brought back, and every
reader bridges it; a gap in the numbers is left, as evidence.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import takewhile
from typing import TypeAlias

from ipy_sessions.entries import Header
from ipy_sessions.findings import Finding, Step

BRIDGED = "Nothing is needed: the entry above it in the file takes the place."
CUT = "Nothing is needed: readers cut the circle where it closes."
LOST = "It cannot be mended from this file; a backup may have what is missing. The session goes on without it."
ORDER = "Nothing is needed: an entry follows the one that it names, wherever that stands."
TWO_WRITERS = "Nothing is needed: ids tell the entries apart. Two programs may have written at the same time."
STAYS = "Nothing is needed: the conversation stands where it stood before. `%session switch TURN` goes on elsewhere."
UNLABELLED = "Nothing is needed: no turn has this label. `%session label TURN NAME` gives it to one."
SENT = "Nothing is needed: it hides and shows nothing. `%session hide TURN` keeps a turn from being sent."
UNDROPPED = "Nothing is needed: it leaves nothing out. `%session drop TURN` leaves out a turn and what follows it."
FOREIGN = "Nothing is needed if it was put there on purpose: it is read as part of this session."
CALL = "Nothing is needed: when the conversation is sent, it is answered or left out."
RESULT = "Nothing is needed: when the conversation is sent, it is left out."

AIMS = {
    "leaf": ("moves the conversation to", STAYS),
    "label": ("labels", UNLABELLED),
    "context_edit": ("hides or shows", SENT),
    "drop": ("drops or brings back", UNDROPPED),
}
"""What an entry does to those that it names, and what is to be done where they are not there."""

PLACES = {"leaf": "no step", "label": "not in the file", "context_edit": "not in the file", "drop": "not in the file"}

Open: TypeAlias = tuple[tuple[str, int], ...]
"""Tool calls without a result so far, each with its line."""


def check(steps: Sequence[Step], header: Header) -> Iterator[Finding]:
    """Yield what is wrong between the entries of a file."""
    ancestors = _ancestors(steps, header)
    yield from _numbers(steps, ancestors)
    yield from _parents(steps)
    yield from _targets(steps, ancestors)
    yield from _sessions(steps, header, ancestors)
    yield from _calls(steps)


def _ancestors(steps: Sequence[Step], header: Header) -> set[str]:
    """Return the sessions whose lines a fork holds as copies.

    Its parent's, and, since a parent may be a fork, those of sessions that stand above all lines of parent and fork.
    """
    parent = header.fields.get("parent_session")
    if not isinstance(parent, str):
        return set()
    copies = (step for step in steps if not step.is_repair)
    above = takewhile(lambda step: step.session not in ("", header.id, parent), copies)
    return {parent, *(step.session for step in above)}


def _numbers(steps: Sequence[Step], ancestors: set[str]) -> Iterator[Finding]:
    """Yield gaps, doubles and disorder; a fork copies one branch, so that the copies' numbers may have gaps."""
    numbered = [step for step in steps if step.numbered]
    first = {step.seq: step.line for step in reversed(numbered)}
    known = sorted(first)
    before = unread = 0
    for step in numbered:
        line, seq = step.line, step.seq
        if seq < 1:
            yield Finding("gap in seq", line, f"Line {line} has no number, or one below 1.", ORDER)
            continue
        if first[seq] != line:
            text = f"Line {line} has the number {seq}, and line {first[seq]} has it, too."
            yield Finding("doubled seq", line, text, TWO_WRITERS)
        elif seq < before:
            text = f"Line {line} has the number {seq} and stands below number {before}."
            yield Finding("gap in seq", line, text, ORDER)
        elif step.session not in ancestors:
            seen = bisect_left(known, seq) - bisect_right(known, before)
            missing = seq - before - 1 - seen - (step.unread - unread)
            if missing > 0:
                yield Finding("gap in seq", line, _gap(line, before + 1, seq - 1, missing), LOST)
        before, unread = seq, step.unread


def _gap(line: int, low: int, high: int, missing: int) -> str:
    if low == high:
        return f"Above line {line} the entry with the number {low} is missing."
    return f"Above line {line}, entries with numbers from {low} to {high} are missing: {missing} of them."


def _sessions(steps: Iterable[Step], header: Header, ancestors: set[str]) -> Iterator[Finding]:
    for step in steps:
        if step.session != header.id and step.session not in ancestors:
            whose = f"belongs to the session {step.session!r:.60}" if step.session else "names no session"
            yield Finding("foreign session", step.line, f"Line {step.line} {whose}.", FOREIGN)


def _parents(steps: Sequence[Step]) -> Iterator[Finding]:
    lines = {step.id: step.line for step in steps}
    for step in steps:
        if step.in_tree and step.parent_id is not None and step.parent_id not in lines:
            text = f"Line {step.line} follows the entry {step.parent_id!r:.60}, which is not in the file."
            yield Finding("missing parent", step.line, text, BRIDGED)
    parents = {step.id: step.parent_id if step.parent_id in lines else None for step in steps if step.in_tree}
    for entry_id in _parents_first(parents)[1]:
        text = f"Line {lines[entry_id]} follows an entry that follows it: a circle."
        yield Finding("circle", lines[entry_id], text, CUT)


def _targets(steps: Sequence[Step], ancestors: set[str]) -> Iterator[Finding]:
    """Yield moves, labels and edits that name nothing here; in a fork, what the copies name may have stayed behind."""
    tree = {step.id for step in steps if step.in_tree}
    said = {step.id for step in steps} | {step.original for step in steps}
    for step in steps:
        if step.names is None or step.session in ancestors:
            continue
        kind, ids = step.names
        if (tree if kind == "leaf" else said).isdisjoint(ids):
            does, cure = AIMS[kind]
            what = f"the entry {ids[0]!r:.60}, which is {PLACES[kind]}" if ids else "no entry"
            yield Finding("missing target", step.line, f"Line {step.line} {does} {what}.", cure)


def _parents_first(parents: Mapping[str, str | None]) -> tuple[list[str], list[str]]:
    """Return ids in an order in which none stands before its parent, and one id of each circle, which is cut there."""
    order: dict[str, None] = {}
    circles: list[str] = []
    for start in parents:
        chain: dict[str, None] = {}
        at: str | None = start
        while at is not None and at not in order and at not in chain:
            chain[at] = None
            at = parents.get(at)
        if at is not None and at in chain:
            circles.append(at)
        order.update(dict.fromkeys(reversed(chain)))
    return list(order), circles


def _calls(steps: Sequence[Step]) -> Iterator[Finding]:
    """Yield the calls without a result in the user's messages right behind them, on any branch, and the reverse."""
    by_id = {step.id: step for step in steps if step.in_tree}
    parents = _bridged(by_id)
    states: dict[str | None, tuple[str | None, Open]] = {}
    dangling: set[tuple[int, str]] = set()
    for entry_id in _parents_first(parents)[0]:
        step = by_id[entry_id]
        role, waiting = states.get(parents[entry_id], (None, ()))
        if step.role == "assistant" and role == "user":
            dangling.update((line, call) for call, line in waiting)
            waiting = ()
        waiting, astray = _after(step, waiting)
        for call in astray:
            text = f"The tool result on line {step.line} answers no call right before it ({call!r:.60})."
            yield Finding("dangling tool call", step.line, text, RESULT)
        states[entry_id] = step.role or role, waiting
    for leaf in states.keys() - set(parents.values()):
        dangling.update((line, call) for call, line in states[leaf][1])
    for line, call in sorted(dangling):
        text = f"The tool call on line {line} has no result right behind it ({call!r:.60})."
        yield Finding("dangling tool call", line, text, CALL)


def _bridged(by_id: Mapping[str, Step]) -> dict[str, str | None]:
    """Return each entry's parent; where that is missing, the entry above, as in `Tree`."""
    parents: dict[str, str | None] = {}
    above: str | None = None
    for entry_id, step in by_id.items():
        parents[entry_id] = step.parent_id if step.parent_id is None or step.parent_id in by_id else above
        above = entry_id
    return parents


def _after(step: Step, waiting: Open) -> tuple[Open, list[str]]:
    """Return the calls that wait after an entry, and the results in it that none was waiting for."""
    if not step.calls and not step.results:
        return waiting, []
    left = dict(waiting)
    astray = [call for call in step.results if left.pop(call, None) is None]
    return (*left.items(), *((call, step.line) for call in step.calls)), astray
