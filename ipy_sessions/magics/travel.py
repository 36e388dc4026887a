"""What the commands of ``%session`` that move about in a conversation do: one short function for each."""

from __future__ import annotations

from contextlib import ExitStack
from functools import singledispatchmethod
from typing import Any

from ipy_sessions.commands.values import Compare, Drop, Hide, Label, Rewind, Switch, Tree
from ipy_sessions.comparing import compare
from ipy_sessions.context.edits import hidden
from ipy_sessions.errors import AmbiguousReferenceError, CommandError, SessionNotFoundError, TurnNotFoundError
from ipy_sessions.magics.commands import NONE_YET, Commands
from ipy_sessions.render import panels
from ipy_sessions.render.comparison import comparison
from ipy_sessions.render.markup import Markup, Picture
from ipy_sessions.render.tree import SHOWN, draw
from ipy_sessions.session import Session
from ipy_sessions.turns import Turn


class TravelCommands(Commands):
    """Carries out the commands of ``%session`` that move about."""

    @singledispatchmethod
    def run(self, command: Any) -> Markup | Picture:
        """Carry out one command and return what to show."""
        raise NotImplementedError(command)

    @run.register
    def _rewind(self, command: Rewind) -> Markup:
        session, place = self._session, self._host.place()
        typed = self._host.typed(place, f"rewind {command.turns}")
        if session.moved_by(typed):
            return panels.line("This cell has gone back before, and is on that branch; nothing is done again.")
        gone = self._host.writable(session, place).rewind(command.turns, **typed)
        count = f"{len(gone)} turns" if len(gone) > 1 else "1 turn"
        return panels.line(f"{count} back, before turn {gone[0].number}. `%session switch {gone[-1].number}` returns.")

    @run.register
    def _switch(self, command: Switch) -> Markup:
        session, place = self._session, self._host.place()
        typed = self._host.typed(place, f"switch {command.turn}")
        if session.moved_by(typed):
            return panels.line("This cell has switched before, and is on that branch; nothing is done again.")
        turn = self._host.writable(session, place).switch_to(command.turn, **typed)
        return panels.line(f"The conversation stands behind turn {turn.number}: {panels.short(turn.ask.text)}")

    @run.register
    def _label(self, command: Label) -> Markup:
        session = self._host.writable(self._session, self._host.place())
        turn = session.label(command.turn, command.label or None)
        said = f"has the label {command.label!r}" if command.label else "has no label"
        return panels.line(f"Turn {turn.number} {said}.")

    @run.register
    def _hide(self, command: Hide) -> Markup:
        session, place = self._session, self._host.place()
        typed = self._host.typed(place, f"{'hide' if command.on else 'unhide'} {command.turn}")
        if session.edited_by(typed):
            return panels.line("This cell has done so before; nothing is done again.")
        turn = self._host.writable(session, place).hide(command.turn, on=command.on, **typed)
        said = "is not sent any more" if command.on else "is sent again"
        return panels.line(f"Turn {turn.number} {said}.")

    @run.register
    def _drop(self, command: Drop) -> Markup:
        session, place = self._session, self._host.place()
        typed = self._host.typed(place, f"{'drop' if command.on else 'undrop'} {command.turn}")
        if session.edited_by(typed):
            return panels.line("This cell has done so before; nothing is done again.")
        session = self._host.writable(session, place)
        stood = session.leaf
        turns = session.drop(command.turn, on=command.on, **typed)
        turn = session.turn(command.turn)
        if not turns:
            return panels.line(f"Turn {turn.number} is {'dropped already' if command.on else 'not dropped'}.")
        behind = f", and {len(turns) - 1} behind it" if len(turns) > 1 else ""
        if not command.on:
            last = session.turns.path(session.turns.branches.tip(turn.last))[-1].number
            return panels.line(f"Turn {turn.number} is back{behind}. `%session switch {last}` goes there.")
        moved = "" if session.leaf == stood else f" The conversation stands {_where(session)}."
        return panels.line(f"Turn {turn.number} is dropped{behind}.{moved} `%session undrop {turn.number}` undoes it.")

    @run.register
    def _tree(self, command: Tree) -> Picture:
        if not command.ref:
            return drawn(self._session, whole=command.all)
        with self._host.reading(self._host.resolve(command.ref)) as session:
            return drawn(session, whole=command.all)

    @run.register
    def _compare(self, command: Compare) -> Markup:
        session = self._host.found(self._host.place())
        with ExitStack() as opened:  # long sessions are read while they are compared
            (a, first), (b, second) = [self._side(ref, session, opened) for ref in (command.first, command.second)]
            return comparison(a, b, compare(first, second))

    def _side(self, ref: str, session: Session | None, opened: ExitStack) -> tuple[str, list[Turn]]:
        """Return what is compared, and what to call it: a turn of this session is meant first, then a session."""
        why = NONE_YET
        session = session if ref else self._session
        if session is not None:
            try:
                turn = session.turn(ref) if ref else None
            except TurnNotFoundError as error:
                why = str(error)
            else:
                called = "the active branch" if turn is None else f"turn {turn.number}"
                return called, session.turns.path(session.leaf if turn is None else turn.last)
        try:
            other = opened.enter_context(self._host.reading(self._host.resolve(ref)))
        except AmbiguousReferenceError:
            raise
        except SessionNotFoundError:
            raise CommandError(f"{why} Nor is there a session {ref!r}: `%session list --all` shows those.") from None
        return other.title, other.turns.active()


def _where(session: Session) -> str:
    active = session.turns.active()
    return f"behind turn {active[-1].number}" if active else "before the first turn"


def drawn(session: Session, *, whole: bool = False) -> Picture:
    """Return the tree of a session, drawn; of a large one the turns around where it stands, or all, dropped too."""
    return draw(
        session.turns,
        session.title,
        hidden=hidden(session.tree, list(session.tree)),  # on every branch
        missing=session.tree.missing,
        most=None if whole else SHOWN,
    )
