"""What the commands of ``%session`` do that tell of the session, its settings and what can be typed."""

from __future__ import annotations

from functools import singledispatchmethod
from typing import Any

from ipy_sessions.commands.session import overview, session_help
from ipy_sessions.commands.values import File, Help, Set, Where
from ipy_sessions.context.parameters import own_parameters
from ipy_sessions.errors import CommandError
from ipy_sessions.magics.commands import Commands
from ipy_sessions.render import markup, panels
from ipy_sessions.render.markup import Markup
from ipy_sessions.settings import DEFAULTS, PARAMETERS, convert


class AboutCommands(Commands):
    """Carries out the commands of ``%session`` that tell what holds."""

    @singledispatchmethod
    def run(self, command: Any) -> Markup:
        """Carry out one command and return what to show."""
        raise NotImplementedError(command)

    @run.register
    def _where(self, _: Where) -> Markup:
        place = self._host.place()
        session = self._host.manager(place).current
        notebook = f"{place.notebook} (from {place.found_by})" if place.notebook else f"none: {place.found_by}"
        if session is None:
            row = self._host.next(place)
            told = (
                "none yet: ask something, and there is one"
                if row is None
                else f"none open; an ask continues {row.title}"
            )
            return panels.facts([("session", told), ("notebook", notebook)])
        return panels.where(session.info(), notebook, self._host.where(session, place))

    @run.register
    def _file(self, _: File) -> Markup:
        session = self._session
        if session.temporary:
            return panels.line(f"{session.title} is in memory alone. `%session keep` writes it to {session.file}.")
        note = "" if session.in_file else " (written with the first message)"
        return panels.path(session.file, note)

    @run.register
    def _settings(self, command: Set) -> Markup:
        if command.changes:
            foreign = [name for name in command.changes if name not in PARAMETERS]
            if foreign and foreign[0] not in DEFAULTS:
                raise CommandError(f"There is no setting {foreign[0]!r}. A session has {', '.join(PARAMETERS)}.")
            if foreign:
                raise CommandError(
                    f"{foreign[0]} does not belong to a session ({', '.join(PARAMETERS)} do). "
                    f"For this kernel type `%config IPySessions.{foreign[0]} = …`."
                )
            place = self._host.place()
            self._host.asked(place).configure(**{name: convert(name, value) for name, value in command.changes.items()})
        return self._settings_table()

    def _settings_table(self) -> Markup:
        config = self._host.config
        rows = {name: (name, _shown(config.values[name]), config.sources[name]) for name in DEFAULTS}
        session = self._host.manager(self._host.place()).current
        if session is not None and (own := own_parameters(session.tree.path())) is not None:
            rows.update({name: (name, _shown(getattr(own, name)), "this session") for name in PARAMETERS})
            if not own.chosen:
                rows["model"] = ("model", _shown(own.model), "default, as found when it was asked")
        return panels.settings(list(rows.values()))

    @run.register
    def _help(self, command: Help) -> Markup:
        if not command.command:
            return markup.table(("%session", "does"), overview())
        text = session_help(command.command).strip()
        return Markup(f"```text\n{text}\n```", text)


def _shown(value: object) -> str:
    text = ", ".join(map(repr, value)) if isinstance(value, tuple | list) else str(value)
    return f"{text[:60]}…" if len(text) > 60 else text or "(empty)"  # noqa: PLR2004 - fits a line
