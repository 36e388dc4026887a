"""What a magic raises when the user presses Stop."""

from __future__ import annotations


class Stopped(KeyboardInterrupt):
    """The user pressed Stop. It goes on as an interrupt, so that queued cells do not run, and shows one line."""

    def _render_traceback_(self) -> list[str]:
        return [str(self)]
