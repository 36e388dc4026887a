"""A reply in a terminal: each piece printed as it comes, and nothing printed twice."""

from __future__ import annotations

from typing import TextIO

from ipy_sessions.events import Event, TextDelta
from ipy_sessions.render.markup import Markup


class TerminalView:
    """A reply in a terminal.

    Parameters
    ----------
    stream
        Where to print, such as ``sys.stdout``.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._printed = False

    def show(self, event: Event) -> None:
        """Print the next piece of text."""
        if isinstance(event, TextDelta):
            self._printed = True
            self._stream.write(event.text)
            self._stream.flush()

    def finish(self, whole: Markup, last_line: str) -> None:
        """Print what was not printed yet: the last line, or everything when no text has come."""
        self._stream.write(f"\n\n{last_line}\n" if self._printed else f"{whole.plain}\n")
        self._stream.flush()
