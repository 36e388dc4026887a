"""What the commands of ``%session`` that move about in a conversation do: one short function for each."""

from __future__ import annotations

from functools import singledispatchmethod
from typing import Any

from ipy_sessions.commands.values import Hide, Label, Rewind, Switch
from ipy_sessions.errors import CommandError
from ipy_sessions.magics.host import Host
from ipy_sessions.render import panels
from ipy_sessions.render.markup import Markup
from ipy_sessions.session import Session


class TravelCommands:
    """Carries out the commands of ``%session`` that move about.

    Parameters
    ----------
    host
        The kernel.
    """

    def __init__(self, host: Host) -> None:
        self._host = host

    @singledispatchmethod
    def run(self, command: Any) -> Markup | None:
        """Carry out one command and return what to show, or ``None``."""
        raise NotImplementedError(command)

    @run.register
    def _rewind(self, command: Rewind) -> Markup:
        session, place = self._session, self._host.place()
        typed = self._host.typed(place, f"rewind {command.turns}")
        if session.moved_by(typed) is not None:
            return panels.line("This cell has gone back before, and that still holds; nothing is done again.")
        gone = session.rewind(command.turns, **typed)
        count = f"{len(gone)} turns" if len(gone) > 1 else "1 turn"
        return panels.line(f"{count} back, before turn {gone[0].number}. `%session switch {gone[-1].number}` returns.")

    @run.register
    def _switch(self, command: Switch) -> Markup:
        session, place = self._session, self._host.place()
        typed = self._host.typed(place, f"switch {command.turn}")
        if session.moved_by(typed) is not None:
            return panels.line("This cell has switched before, and that still holds; nothing is done again.")
        turn = session.switch_to(command.turn, **typed)
        return panels.line(f"The conversation stands behind turn {turn.number}: {panels.short(turn.ask.text)}")

    @run.register
    def _label(self, command: Label) -> Markup:
        turn = self._session.label(command.turn, command.label or None)
        said = f"has the label {command.label!r}" if command.label else "has no label"
        return panels.line(f"Turn {turn.number} {said}.")

    @run.register
    def _hide(self, command: Hide) -> Markup:
        turn = self._session.hide(command.turn, on=command.on)
        said = "is not sent from here on" if command.on else "is sent again"
        return panels.line(f"Turn {turn.number} {said}.")

    @property
    def _session(self) -> Session:
        session = self._host.found(self._host.place())
        if session is None:
            raise CommandError("There is no session yet. Ask something, or type `%session new`.")
        return session
