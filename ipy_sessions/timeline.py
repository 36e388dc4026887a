"""Moving about in a conversation: back, to another branch, to where a turn was; labels; what is hidden or dropped.

It owns what each move writes. Nothing is ever taken out of the log: to go back is a line that says so, and so is to
hide, and to drop. Which move an ask means is `replay`'s decision; here it is carried out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

from ipy_sessions.ask import Ask
from ipy_sessions.context.edits import hidden, names
from ipy_sessions.context.parameters import last_parameters, own_parameters, settings_needed
from ipy_sessions.conversation import Conversation
from ipy_sessions.encoding import clean
from ipy_sessions.entries import Entry, NewEntry
from ipy_sessions.errors import InvalidEntryError, TurnDroppedError, TurnNotFoundError
from ipy_sessions.references import turn_meant
from ipy_sessions.replay import Branch, Replay, in_effect
from ipy_sessions.store.interrupts import uninterrupted
from ipy_sessions.turns import Turn, Turns

COST = ("usage", "cost_usd", "latency_ms")
"""What a copy of an answer leaves out: it was paid once."""


class Timeline(Conversation):
    """A conversation that one can move about in. The parameters are those of `Conversation`."""

    @cached_property
    def _turns(self) -> Turns:
        return Turns(self.tree)

    @property
    def turns(self) -> Turns:
        """Its turns, on every branch; ``turns.active()`` are those of the active one."""
        return self._turns.catch_up()

    def turn(self, ref: int | str | Turn) -> Turn:
        """Return the turn that is meant.

        Parameters
        ----------
        ref
            Its number, its label, its id or the end of that; or itself.

        Raises
        ------
        TurnNotFoundError
            When none, or more than one, answers to it.
        """
        turns = self.turns
        if isinstance(ref, Turn):
            if ref.id not in turns:
                raise TurnNotFoundError(
                    f"Turn {ref.number} that was given is one of another session, not of {self.title}."
                )
            return turns.at(ref.id)
        return turn_meant(str(ref).strip(), turns, self.title)

    # Moving

    def move(self, target: str | None, **more: Any) -> None:
        """Let the next entry follow a step, or none, when it is ``None``; that is written down.

        Parameters
        ----------
        target
            Id of the step.
        more
            More to write on the line, such as the ``cell_id`` that it was typed in.

        Raises
        ------
        TurnNotFoundError
            When there is no such step.
        TurnDroppedError
            When it is on a branch that was dropped.
        """
        if target is not None and not self.tree.is_step(target):
            raise TurnNotFoundError(f"{self.title} has no step {target!r} to stand at.")
        self._check_kept(target)
        if target != self.leaf or "cell_id" in more:  # a command of a cell is known by it when it runs again
            self.append(NewEntry("leaf", {"target_id": target, "from_id": self.leaf, **more}))

    def rewind(self, turns: int = 1, **more: Any) -> list[Turn]:
        """Go back so many turns; return them. They stay in the log, on a branch of their own.

        Raises
        ------
        InvalidEntryError
            When there are not so many on the active branch.
        """
        active = self.turns.active()
        if not 1 <= turns <= len(active):
            there = f"the active branch has {len(active)}" if active else "nothing was asked yet"
            raise InvalidEntryError(f"{turns} turns cannot be taken back: {there}.")
        gone = active[-turns:]
        self.move(gone[0].before, **more)
        return gone

    def switch_to(self, ref: int | str | Turn, **more: Any) -> Turn:
        """Stand behind another turn, on whichever branch it is; return it.

        Raises
        ------
        TurnNotFoundError
            When none, or more than one, answers to the reference.
        TurnDroppedError
            When it was dropped.
        """
        turn = self.turn(ref)
        self.move(turn.last, **more)
        return turn

    def moved_by(self, typed: Mapping[str, Any]) -> bool:
        """Tell whether a command of a cell has moved before, and that still holds.

        It does while the branch that it led to is active, unless the conversation was taken back to where it had been
        by other means than a command of a cell. Where cells have no ids, and nothing can be written, the command alone
        tells.
        """
        turns = self.turns
        if "cell_id" not in typed and not self.read_only:
            return False
        held = in_effect(turns)
        same = (move for move in turns.moves if all(move.fields.get(name) == typed[name] for name in typed))
        return any(self.read_only or _holds(move, held, turns) for move in same)

    def edited_by(self, typed: Mapping[str, Any]) -> bool:
        """Tell whether a command of a cell has hidden something before, or dropped it, or brought it back."""
        edits = (entry for entry in self.tree if entry.type in ("context_edit", "drop"))
        known = "cell_id" in typed or bool(self.read_only)
        return known and any(all(edit.fields.get(name) == typed[name] for name in typed) for edit in edits)

    def begin_at(self, other: Timeline, ref: int | str | Turn) -> Turn:
        """Take over another session's path to the end of a turn, as long as there is nothing here; return the turn.

        Raises
        ------
        TurnNotFoundError
            When none, or more than one, answers to the reference.
        TurnDroppedError
            When it was dropped.
        """
        turn = other.turn(ref)
        other._check_kept(turn.last)
        self.begin_as(other, copied(other.tree.path(turn.last), other.tree))
        self.move(turn.last)  # nothing to write, unless the lines of the other stand in another order than they follow
        return turn

    def branch_off(self, branch: Branch) -> None:
        """Stand where a branch begins, with what it takes along copied there."""
        self._check_writable()
        with uninterrupted(), self._recorder.lock:
            self.move(branch.at)
            for turn in branch.carried:
                self._carry(turn)

    def _carry(self, turn: Turn) -> None:
        asked_with = self.tree.path(turn.id)
        wanted, path = last_parameters(asked_with), self.tree.path()
        if wanted is not None:
            own = own_parameters(path) or own_parameters(asked_with) or wanted
            for needed in settings_needed(path, own, wanted):
                self._recorder.write(needed)
        for entry in turn.entries:
            if entry.type == "message":
                kept = {name: value for name, value in entry.fields.items() if name not in COST}
                origin = kept.get("carried_from", entry.id)
                self._recorder.write(NewEntry("message", {**kept, "carried_from": origin}))

    def stand_as(self, replay: Replay) -> None:
        """Stand where a replayed turn leaves the conversation; where nothing can be written, in memory alone."""
        if replay.moves and self.read_only:
            self.tree.leaf = replay.leaf
        elif replay.moves:
            self.move(replay.leaf)

    def masked(self, ask: Ask) -> Ask:
        """Return an ask as its line in the log would say it."""
        self._recorder.refresh_mask()
        options = clean(dict(ask.options), self._recorder.mask)
        text = ask.text.replace("\r\n", "\n")  # the same prompt, as another system's editor ends its lines
        return Ask(clean(text, self._recorder.mask), options, ask.take, ask.cell, ask.number)

    # Marks

    def label(self, ref: int | str | Turn, name: str | None) -> Turn:
        """Give a turn a label that it can be meant by, or with ``None`` take it away; return the turn.

        Raises
        ------
        InvalidEntryError
            When the label is empty or a number, or another turn has it.
        """
        turn = self.turn(ref)
        wanted = None if name is None else " ".join(name.split())
        if wanted is not None:
            taken = [one for one, label in self.turns.labels.items() if label == wanted and one != turn.id]
            if not wanted or wanted.isdecimal():
                raise InvalidEntryError(f"{name!r} cannot be a label: it takes words, numbers are the turns' own.")
            if taken:
                other = self.turns.at(taken[0]).number
                raise InvalidEntryError(f"Turn {other} has the label {wanted!r}. Take it away first: `label {other}`.")
        if self.turns.labels.get(turn.id) != wanted:
            self.append(NewEntry("label", {"target_id": turn.id, "label": wanted}))
        return turn

    def hide(self, ref: int | str | Turn, *, on: bool = True, **more: Any) -> Turn:
        """Keep a turn from being sent, on whichever branch, or with ``on=False`` send it again; the log keeps it."""
        turn = self.turn(ref)
        messages = [entry for entry in turn.entries if entry.type == "message"]
        if (turn.id in hidden(self.tree, messages)) is not on:
            # Originals are hidden, and their copies with them; shown again is whatever may have been named.
            ids = [entry.fields.get("carried_from", entry.id) for entry in messages]
            ids = ids if on else sorted(set().union(*map(names, messages)))
            self.append(NewEntry("context_edit", {"edit": "hide" if on else "show", "target_ids": ids, **more}))
        return turn

    def drop(self, ref: int | str | Turn, *, on: bool = True, **more: Any) -> list[Turn]:
        """Leave out a turn and all that follows it, or with ``on=False`` bring it back; return these turns.

        The log keeps them, and so do other branches what they share with them. One who stands there goes back to before
        the turn. When there is nothing to do nothing is written, and no turn returned.

        Raises
        ------
        TurnNotFoundError
            When none, or more than one, answers to the reference.
        TurnDroppedError
            When what is to come back was dropped with a turn before it.
        """
        turn, before = self.turn(ref), self.turns.dropped
        if (turn.id in before) is on:
            return []
        if before.get(turn.id, turn.id) != turn.id:
            self._check_kept(turn.id)
        self._check_writable()
        with uninterrupted(), self._recorder.lock:
            if on and self.turns.branches.is_active(turn.entries[0].id):
                self.move(turn.before, **more)
            self.append(NewEntry("drop", {"target_id": turn.entries[0].id, "dropped": on, **more}))
        changed = before.keys() ^ self.turns.dropped.keys()
        return [self.turns.at(question) for question in self.turns.ids if question in changed]

    def _check_kept(self, step: str | None) -> None:
        if step not in self.turns.branches.dropped:
            return
        turn = self.turns.question_of(step)
        first = self.turns.dropped.get(str(turn))
        if turn is not None and first is not None:
            number, root = self.turns.at(turn).number, self.turns.at(first).number
            said = "" if root == number else f" with turn {root}"
            raise TurnDroppedError(f"Turn {number} was dropped{said}: `%session undrop {root}` brings that back.")

    @property
    def hidden(self) -> frozenset[str]:
        """Ids of the messages on the active branch that are not sent."""
        return hidden(self.tree, self.tree.path())


def _holds(move: Entry, held: Sequence[Entry], turns: Turns) -> bool:
    """Tell whether a move still holds, among those that are in effect."""
    branches, target, before = turns.branches, move.fields.get("target_id"), move.fields.get("from_id")
    if any(branches.is_left(target, later.fields["from_id"]) for later in held):
        return True
    if not branches.is_active(target):
        return False
    undone = before in branches and branches.is_active(before) and branches.follows(before, target)
    later = [one.fields["from_id"] for one in held if one.seq > move.seq]
    return not undone or any(branches.follows(left, target) for left in later)


def copied(path: Sequence[Entry], tree: Iterable[Entry]) -> list[Entry]:
    """Return a path and what speaks of it or of the whole session from outside the tree, in the order of the file."""
    steps = {entry.id for entry in path}
    return [entry for entry in tree if entry.id in steps or _speaks_of(entry, steps)]


def _speaks_of(entry: Entry, steps: set[str]) -> bool:
    if entry.type == "context_edit":
        named = entry.fields.get("target_ids")
        return isinstance(named, list) and any(isinstance(one, str) and one in steps for one in named)
    return entry.type == "info" or (entry.type in ("label", "usage") and entry.fields.get("target_id") in steps)
