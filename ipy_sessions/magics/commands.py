"""What the classes that carry out the commands of ``%session`` share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from ipy_sessions.errors import CommandError
from ipy_sessions.magics.host import NONE_YET, Host
from ipy_sessions.session import Session

if TYPE_CHECKING:
    from pathlib import Path

    from ipy_sessions.table.corpus import Named


class Commands(ABC):
    """Carries out some of the commands of ``%session``, by a ``run`` that has a function for each.

    Parameters
    ----------
    host
        The kernel.
    """

    def __init__(self, host: Host) -> None:
        self._host = host

    @abstractmethod
    def run(self, command: Any) -> Any:
        """Carry out one command and return what to show."""

    @property
    def _folder(self) -> list[Named]:
        """The folder of the sessions, to be read; nothing while none is in it, which is no mistake of the user."""
        folder = self._host.manager(self._host.place()).store.path
        return [folder] if any(folder.glob("*.jsonl")) else []

    def _listed(self, notebook: Path | None) -> list[Named]:
        """Return a notebook's sessions, or of ``None`` every one, to be read; those in memory alone are no files."""
        manager = self._host.manager(self._host.place())
        unwritten = {session.id: session for session in manager.unwritten}
        return [unwritten.get(row.id, row) for row in manager.list(notebook=notebook, archived=None)]

    @property
    def _session(self) -> Session:
        """The session that one is in, or would go on with.

        Raises
        ------
        CommandError
            When there is none.
        """
        session = self._host.found(self._host.place())
        if session is None:
            raise CommandError(NONE_YET)
        return session
