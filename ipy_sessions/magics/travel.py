"""What the commands of ``%session`` that move about in a conversation do: one short function for each."""

from __future__ import annotations

from functools import singledispatchmethod
from typing import Any

from ipy_sessions.commands.values import Drop, Hide, Label, Rewind, Switch
from ipy_sessions.magics.commands import Commands
from ipy_sessions.render import panels
from ipy_sessions.render.markup import Markup
from ipy_sessions.session import Session


class TravelCommands(Commands):
    """Carries out the commands of ``%session`` that move about."""

    @singledispatchmethod
    def run(self, command: Any) -> Markup:
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


def _where(session: Session) -> str:
    active = session.turns.active()
    return f"behind turn {active[-1].number}" if active else "before the first turn"
