"""What the house-keeping commands of ``%session`` do: one short function for each.

Each takes the command's value and returns what to show. What would go or is wrong is shown before anything is done.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import singledispatchmethod
from typing import Any, TypeVar

from ipy_sessions.commands.values import Delete, Mark, Prune, Redact, Restore, Share, Tag, Verify
from ipy_sessions.errors import CommandError, SessionsError
from ipy_sessions.identifiers import SYSTEM
from ipy_sessions.magics.commands import Commands
from ipy_sessions.magics.host import Host
from ipy_sessions.notebook import Place
from ipy_sessions.render import housekeeping, panels
from ipy_sessions.render.markup import Markup
from ipy_sessions.retention import Plan, Policy
from ipy_sessions.session import Session
from ipy_sessions.summary import SessionInfo, tail
from ipy_sessions.upkeep import Upkeep
from ipy_sessions.watching import each

Done = TypeVar("Done")


class UpkeepCommands(Commands):
    """Carries out the house-keeping commands of ``%session``."""

    @property
    def _upkeep(self) -> Upkeep:
        return Upkeep(self._host.manager(self._host.place()))

    @singledispatchmethod
    def run(self, command: Any) -> Markup | None:
        """Carry out one command and return what to show, or ``None``."""
        raise NotImplementedError(command)

    @run.register
    def _tag(self, command: Tag) -> Markup:
        session, title = self._named(command.ref)
        tags = self._upkeep.tag(session, *command.tags, remove=command.remove)
        return panels.line(f"{title} has the tags {', '.join(tags)}." if tags else f"{title} has no tags.")

    @run.register
    def _mark(self, command: Mark) -> Markup:
        session, title = self._named(command.ref)
        self._upkeep.mark(session, command.mark, on=command.on)
        return panels.line(f"{title} is {command.mark if command.on else f'no longer {command.mark}'}.")

    @run.register
    def _delete(self, command: Delete) -> Markup:
        session, title = self._named(command.ref)
        self._upkeep.delete(session)
        return panels.line(f"{title} is in the trash. `%session restore {tail(session.id)}` brings it back.")

    @run.register
    def _restore(self, command: Restore) -> Markup:
        if not command.ref:
            rows = self._upkeep.trashed()
            return housekeeping.trash(rows, SYSTEM.now()).of(rows)
        path = self._upkeep.restore(command.ref)
        return panels.line(f"Back in the list: {panels.near(path, self._host.place().directory)}.").of(path)

    @run.register
    def _prune(self, command: Prune) -> Markup:
        policy = Policy.parse(**command.limits)
        if command.trash:
            return self._prune_trash(policy, yes=command.yes)
        if not command.limits:
            raise CommandError(
                "Say what may go: `%session prune --older-than 90d`, `--keep 100` or `--max-bytes 2GB`. It is shown "
                "before anything is done."
            )
        if command.yes:
            gone = self._upkeep.prune(policy)
            return housekeeping.pruned(gone).of(Plan(gone, []))
        planned = self._upkeep.plan(policy)
        return housekeeping.would_prune(planned).of(planned)

    def _prune_trash(self, policy: Policy, *, yes: bool) -> Markup:
        if yes:
            gone, blobs = self._upkeep.empty(policy)
            return housekeeping.emptied(gone, len(blobs)).of(gone)
        going = self._upkeep.plan_trash(policy)
        return housekeeping.would_empty(going).of(going)

    @run.register
    def _verify(self, command: Verify) -> Markup:
        place = self._host.place()
        ref = self._host.meant(command.ref, place) if command.ref else None
        upkeep = self._upkeep
        with self._going_on(place):
            found = upkeep.verify(ref, repair=command.repair)
        orphans = len(upkeep.collect() if command.repair else upkeep.left_over()) if ref is None else 0
        skipped = self._host.manager(place).scan().skipped if ref is None else []
        shown = housekeeping.verified(found, orphans, skipped, repaired=command.repair)
        return shown.of((found, orphans, skipped))

    @run.register
    def _redact(self, command: Redact) -> Markup:
        secret = self._secret(command.text)
        manager = self._host.manager(self._host.place())
        upkeep = self._upkeep
        rows = [*manager.list(archived=None), *upkeep.trashed()] if command.all else None
        done, refused = self._each(rows, command.ref, lambda row: upkeep.redact(row, secret))
        counts = [len(one.entries) for one in done]
        return housekeeping.redacted(sum(counts), sum(map(bool, counts)), refused)

    @run.register
    def _share(self, command: Share) -> Markup:
        upkeep = self._upkeep
        rows = self._host.manager(self._host.place()).list(archived=None) if command.all else None
        done, refused = self._each(
            rows, command.ref, lambda row: upkeep.share(row, redact=command.redact, check=command.check)
        )
        if command.check:
            return housekeeping.would_share(done, refused)
        return housekeeping.shared(done, upkeep.hidden(done), refused)

    def _each(
        self, rows: Sequence[SessionInfo] | None, ref: str, do: Callable[[Session | SessionInfo], Done]
    ) -> tuple[list[Done], list[tuple[str, str]]]:
        """Do something with some sessions, or with the one that is meant; of several, tell which were refused."""
        place = self._host.place()
        done, refused = [], []
        meant: Sequence[Session | SessionInfo] = [self._host.meant(ref, place)] if rows is None else rows
        with self._going_on(place), self._host.watch("sessions") as progress:
            for row in each(meant, progress):
                try:
                    done.append(do(row))
                except SessionsError as error:
                    if rows is None:
                        raise
                    refused.append((row.title, str(error)))
        return done, refused

    @contextmanager
    def _going_on(self, place: Place) -> Iterator[None]:
        """Go on with the current session afterwards, also when it had to be closed in between."""
        manager = self._host.manager(place)
        path = manager.current.file if manager.current is not None and manager.current.in_file else None
        try:
            yield
        finally:
            if path is not None and manager.current is None and path.exists():
                manager.switch(path)

    def _secret(self, text: str) -> str:
        """Return what is to be taken out: the text, or the value of the variable that ``$name`` means."""
        name = text.removeprefix("$")
        if name == text or not name.isidentifier():
            return text
        value = self._host.shell.user_ns.get(name)
        if not isinstance(value, str) or not value:
            raise CommandError(f"{text} means your variable {name!r}, and there is no text in it.")
        return value

    def _named(self, ref: str) -> tuple[Session | SessionInfo, str]:
        found = self._host.meant(ref, self._host.place())
        return found, found.title


def tidy(host: Host) -> None:
    """Archive and prune as the settings say, and say what was done."""
    settings = host.config.settings
    upkeep = Upkeep(host.manager(host.place()))
    archived = upkeep.tidy() if settings.tidy == "archive" else []
    gone = upkeep.prune(settings.pruning)
    if archived:
        host.output.show(panels.line(f"{len(archived):,} archived: `%session list --all --archived` shows them."))
    if gone:
        host.output.show(housekeeping.pruned(gone))
