"""What the classes that carry out the commands of ``%session`` share."""

from __future__ import annotations

from typing import Any

from ipy_sessions.errors import CommandError
from ipy_sessions.magics.host import NONE_YET, Host
from ipy_sessions.session import Session


class Commands:
    """Carries out some of the commands of ``%session``, by a ``run`` that has a function for each.

    Parameters
    ----------
    host
        The kernel.
    """

    def __init__(self, host: Host) -> None:
        self._host = host

    def takes(self, command: Any) -> bool:
        """Tell whether a command is one of these."""
        return type(command) in vars(type(self))["run"].dispatcher.registry

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
