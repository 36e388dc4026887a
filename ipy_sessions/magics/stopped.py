"""What is raised when the user has pressed Stop: one line in every host, and no page of traceback."""

from __future__ import annotations


class Stopped(KeyboardInterrupt):
    """The user pressed Stop. It goes on as an interrupt, so that queued cells do not run, and shows one line."""

    def _render_traceback_(self) -> list[str]:
        return [str(self)]
