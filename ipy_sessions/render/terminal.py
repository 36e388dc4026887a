"""A reply in a terminal: each piece printed as it comes, and nothing printed twice."""

from __future__ import annotations

from typing import TextIO

from ipy_sessions.events import Event, TextDelta, ThinkingDelta, Waiting
from ipy_sessions.render.markup import Markup, visible
from ipy_sessions.render.reply import thought, waiting

CLEAR_LINE = "\r\x1b[K"


class TerminalView:
    """A reply in a terminal.

    Parameters
    ----------
    stream
        Where to print, such as ``sys.stdout``. Where it is no terminal, a line cannot be written over, so what goes on
        before the answer is told less often.
    flush
        Whether to send each piece at once. The stream of a kernel sends what it has five times a second by itself, and
        a message for each piece is more than some readers of it keep up with.
    """

    def __init__(self, stream: TextIO, *, flush: bool = True) -> None:
        self._stream = stream
        self._flush = stream.flush if flush else lambda: None
        self._printed = False
        self._thinking: list[str] = []
        self._status = ""
        self._attempt = 0

    def show(self, event: Event) -> None:
        """Print the next piece of text; what is thought and waited for is told in a line that goes away."""
        if isinstance(event, TextDelta):
            self._tell("")
            if self._thinking and not self._printed:
                self._stream.write(f"[{thought(''.join(self._thinking))}]\n\n")
            self._printed = True
            self._stream.write(visible(event.text))
            self._flush()
        elif isinstance(event, ThinkingDelta):
            self._thinking.append(event.text)
            if self._stream.isatty() and not self._printed:
                self._tell("thinking …")
        elif isinstance(event, Waiting) and (self._stream.isatty() or event.attempt != self._attempt):
            self._attempt = event.attempt
            self._tell(waiting(event))

    def finish(self, whole: Markup, last_line: str) -> None:
        """Print what was not printed yet: the last line, or everything when no text has come."""
        self._tell("")
        self._stream.write(f"\n\n{last_line}\n" if self._printed else f"{whole.plain}\n")
        self._flush()

    def _tell(self, status: str) -> None:
        """Show a line in place of the one before."""
        if status == self._status:
            return
        if not self._stream.isatty():
            self._stream.write(f"{status}\n" if status else "")
        else:
            self._stream.write(CLEAR_LINE + status)
        self._status = status
        self._flush()
