"""What ``%session pick`` does: the picker is shown, and what is clicked in it is carried out as a command.

It owns what the picker is given of this kernel: its sessions, read by a store of their own, since a page may ask while
a cell runs; and the commands, which do and say what they would if they were typed.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import singledispatchmethod
from pathlib import Path
from typing import Any

from ipy_sessions.commands.values import Command, Pick
from ipy_sessions.export.registry import FORMATS
from ipy_sessions.hit import Hit
from ipy_sessions.identifiers import SYSTEM
from ipy_sessions.magics.clicking import carry_out
from ipy_sessions.magics.commands import Commands
from ipy_sessions.magics.host import Host
from ipy_sessions.notebook import Place
from ipy_sessions.readers.transcript import Transcript
from ipy_sessions.render.markup import Markup
from ipy_sessions.render.offered import offered
from ipy_sessions.render.panels import Listing
from ipy_sessions.searching.search import prepared
from ipy_sessions.session import Session
from ipy_sessions.store.disk import FolderStore
from ipy_sessions.store.folder import relative
from ipy_sessions.summary import SessionInfo
from ipy_sessions.tree import Tree
from ipy_sessions.widgets.seen import Seen

HITS = 100  # messages that a search tells of


class PickingCommands(Commands):
    """Carries out ``%session pick``."""

    @singledispatchmethod
    def run(self, command: Any) -> Markup | None:
        """Carry out one command and return what to show, or ``None``."""
        raise NotImplementedError(command)

    @run.register
    def _pick(self, _: Pick) -> Markup | None:
        place = self._host.place()
        sessions = KernelSessions(self._host, place)
        seen = sessions.look()
        current = next((row for row in seen.rows if row.path == seen.current), None)
        others = tuple(row for row in seen.rows if row is not current and not row.archived)
        self._host.listing = Listing(current, others)
        static = offered(self._host.listing, SYSTEM.now(), seen.skipped)
        if not place.clickable:
            return static
        from ipy_sessions.widgets.picker import Picker

        picker = Picker(sessions, seen)
        self._host.standing.add(place, picker)
        picker.show(static)
        return None


class KernelSessions:
    """The sessions of a kernel, as the picker sees them.

    Parameters
    ----------
    host
        The kernel.
    place
        Where the cell is that has shown the picker.
    """

    def __init__(self, host: Host, place: Place) -> None:
        self._host, self._place = host, place
        self._manager = host.manager(place)
        self._store = FolderStore(self._manager.store.path)
        self.notebook = "" if place.notebook is None else relative(self._store.path, place.notebook)
        self.formats: Sequence[str] = tuple(FORMATS)
        self._memory: dict[tuple[str, int], SessionInfo] = {}

    def look(self) -> Seen:
        """Return what there is now."""
        there = self._store.rows()
        rows = sorted([*there.rows, *self._unwritten()], key=lambda row: row.cursor, reverse=True)
        current = self._manager.current
        owners = {path: str(owner) for path, owner in self._store.holders().items()}
        if current is None:
            return Seen(rows, None, owners, there.skipped)
        return Seen(rows, current.file, owners, there.skipped, current.streaming)

    def _here(self) -> list[Session]:
        """Return the sessions in memory alone: those in which something was said, and the one in use."""
        current, said = self._manager.current, self._manager.unwritten
        return [*said, *([] if current is None or current.in_file or current in said else [current])]

    def _unwritten(self) -> list[SessionInfo]:
        """Return the rows of what is in memory alone; one to which nothing was added is the very row that it was."""
        there = {(session.id, len(session.tree)): session for session in self._here()}
        self._memory = {key: self._memory.get(key) or session.info() for key, session in there.items()}
        return list(self._memory.values())

    def tree(self, row: SessionInfo) -> Tree:
        """Return a session's entries: as its file has them, since one that is open here may be growing just now."""
        session = next((one for one in self._here() if one.file == row.path), None)
        return self._store.read(row.path).tree if session is None else session.tree

    def search(self, text: str) -> tuple[Sequence[Path], Sequence[Hit]]:
        """Return the files of all sessions that hold a text, and the messages that hold it best."""
        unwritten = {session.id: session for session in self._manager.unwritten}
        search = prepared(text, [*self._store.rows().rows, *unwritten.values()], limit=HITS)
        search.run()
        files = [
            unwritten[source.id].file if isinstance(source, Transcript) else Path(source) for source in search.sources()
        ]
        return files, search.hits()

    def carry_out(self, wanted: Command) -> Markup:
        """Carry out a command as if it stood in the picker's cell; return what it says."""
        return carry_out(self._host, self._place, wanted)
