"""What ``%session`` does: one short function for each of its commands.

Each takes the command's value and returns what to show below the cell; those that change the session say so themselves.
"""

from __future__ import annotations

from functools import cached_property, singledispatchmethod
from typing import Any

from ipy_sessions.commands.dates import wanted
from ipy_sessions.commands.session import overview, session_help
from ipy_sessions.commands.values import (
    Close,
    Continue,
    File,
    Help,
    History,
    Keep,
    List,
    New,
    Open,
    Rename,
    Set,
    Show,
    Where,
)
from ipy_sessions.context.parameters import own_parameters
from ipy_sessions.errors import CommandError
from ipy_sessions.events import Reply
from ipy_sessions.identifiers import SYSTEM
from ipy_sessions.magics.commands import Commands
from ipy_sessions.magics.progress import Watched
from ipy_sessions.render import markup, panels
from ipy_sessions.render.markup import Markup
from ipy_sessions.render.prompts import prompts
from ipy_sessions.render.reply import answer, last_line
from ipy_sessions.render.transcript import Marks, transcript
from ipy_sessions.session import Session
from ipy_sessions.settings import DEFAULTS, PARAMETERS, convert


class SessionCommands(Commands):
    """Carries out every command of ``%session``: those of a session's life itself, the others by others."""

    @cached_property
    def _others(self) -> tuple[Any, ...]:
        """Those who carry out the rest; a shell that lists its sessions does not wait for their imports."""
        from ipy_sessions.magics.cells import CellCommands
        from ipy_sessions.magics.exchange import ExchangeCommands
        from ipy_sessions.magics.lookback import LookbackCommands
        from ipy_sessions.magics.queries import TableCommands
        from ipy_sessions.magics.search import SearchCommands
        from ipy_sessions.magics.travel import TravelCommands
        from ipy_sessions.magics.upkeep import UpkeepCommands

        kinds = UpkeepCommands, TravelCommands, CellCommands, ExchangeCommands, LookbackCommands
        return tuple(kind(self._host) for kind in (*kinds, SearchCommands, TableCommands))

    @singledispatchmethod
    def run(self, command: Any) -> Any:
        """Carry out a command; return what is to be shown, a `Markup` or a DataFrame, or ``None``."""
        return next(other for other in self._others if other.takes(command)).run(command)

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
    def _new(self, command: New) -> None:
        place = self._host.place()
        manager = self._host.manager(place)
        typed = self._host.typed(place, f"new {command.name}".strip())
        if self._host.has_begun(typed, place, again=command.again):
            return
        taken = command.name and any(row.name == command.name for row in manager.list())
        session = manager.begin(command.name, temporary=command.temporary, typed=typed)
        self._host.told(place)
        self._host.came("new session", session, place)
        if taken:
            tail = session.info().tail
            self._host.output.show(
                panels.line(f"Another session is called {command.name!r} too; this one is also {tail!r}.")
            )

    @run.register
    def _open(self, command: Open) -> None:
        place = self._host.place()
        manager = self._host.manager(place)
        before = manager.current
        ref = self._host.resolve(command.ref)
        session = manager.switch(ref, read_only=command.read_only, wait=command.wait)
        self._host.told(place)
        self._host.came("already in" if session is before else "opened", session, place)

    @run.register
    def _continue(self, _: Continue) -> None:
        place = self._host.place()
        manager = self._host.manager(place)
        rows = manager.list(notebook=place.notebook)
        session = manager.switch(rows[0]) if rows else manager.begin()
        self._host.told(place)
        self._host.came("continued" if rows else "new session", session, place)

    @run.register
    def _list(self, command: List) -> Markup:
        place = self._host.place()
        manager = self._host.manager(place)
        with Watched(self._host.output, "files") as progress:
            rows, skipped = manager.scan(progress)
            notebook = None if command.all else place.notebook
            shown = manager.list(notebook=notebook, archived=command.archived, **wanted(command.wanted, SYSTEM.now()))
        narrowed = bool(command.wanted) or command.archived
        current = manager.current.info() if manager.current is not None else None
        if narrowed and current is not None and all(row.path != current.path for row in shown):
            current = None
        others = tuple(row for row in shown if current is None or row.path != current.path)
        self._host.listing = panels.Listing(current, others)
        seen = {row.path for row in shown} | {row.path for row in rows if row.archived}
        hidden = None if narrowed else len(rows) - len(seen)
        archived = 0 if narrowed else sum(row.archived for row in rows)
        told = panels.listing(self._host.listing, SYSTEM.now(), hidden, skipped, archived, most=self._host.most)
        return told.of((self._host.listing, skipped))

    @run.register
    def _close(self, _: Close) -> Markup:
        manager = self._host.manager(self._host.place())
        session = manager.current
        if session is None:
            return panels.line("No session is open.")
        manager.leave()
        return panels.line(f"Closed {session.title}. The next ask chooses a session as in a fresh kernel.")

    @run.register
    def _keep(self, _: Keep) -> None:
        session = self._session
        session.keep()
        if session.in_file:
            self._host.came("kept", session, self._host.place())
        else:
            self._host.output.show(panels.line(f"{session.title} is empty. It will be written with its first message."))

    @run.register
    def _rename(self, command: Rename) -> None:
        session = self._session
        session.note(name=command.name)
        self._host.came("renamed to", session, self._host.place())

    @run.register
    def _history(self, command: History) -> Any:
        if command.prompts:
            return prompts(self._session.turns.active())
        from ipy_sessions.table.history import history

        frame = history(self._host.found(self._host.place()))
        if command.df is not None:
            self._host.shell.push({command.df: frame})
        return frame

    @run.register
    def _show(self, command: Show) -> Markup:
        if not command.ref:
            return self._shown(self._session, command)
        with self._host.reading(self._host.resolve(command.ref)) as session:
            return self._shown(session, command)

    def _shown(self, session: Session, command: Show) -> Markup:
        path = session.tree.path()
        if command.turn and command.last:
            raise CommandError("Either a turn is shown, or the last answer: leave out `--turn` or `--last`.")
        if not command.last:
            turns = session.turns
            numbers = {question: number for number, question in enumerate(turns.ids, start=1)}
            shown_path = session.turn(command.turn).entries if command.turn else path
            return transcript(session.title, shown_path, Marks(session.hidden, turns.labels, numbers))
        last = next((entry for entry in reversed(path) if entry.role is not None), None)
        if last is None or last.role != "assistant":
            raise CommandError(f"{session.title} has no answer to its last question. Ask again.")
        reply = Reply.of(last)
        shown = answer(reply, last_line(reply, session.title, self._host.where(session, self._host.place())))
        why = str((reply.error or {}).get("message") or "")
        return panels.stacked([shown, panels.line(why)]) if why else shown

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
