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
        self._printed = ""

    def show(self, event: Event) -> None:
        """Print the next piece of text."""
        if isinstance(event, TextDelta):
            self._printed += event.text
            self._stream.write(event.text)
            self._stream.flush()

    def finish(self, markup: Markup) -> None:
        """Print what stands behind the text that was printed already."""
        # The spaces around the text are not a part of what stays; those that were printed do no harm.
        self._stream.write(markup.plain.removeprefix(self._printed.strip()) + "\n")
        self._stream.flush()
