"""A reply that grows below its cell: one display, updated seldom enough that the page keeps up.

Each update sends the whole text and makes the page render it anew, so the updates become fewer as the text grows:
never more than ten a second and never more than about 100,000 characters a second. A pause of the model shows what
had come a tenth of a second before it. The last update is always made, with everything.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from ipy_sessions.events import Event, TextDelta, ThinkingDelta, Waiting
from ipy_sessions.render.markup import Markup
from ipy_sessions.render.panels import line
from ipy_sessions.render.reply import growing, waiting

SHORTEST_PAUSE = 0.1  # seconds between two updates
CHARACTERS_A_SECOND = 100_000


class View(Protocol):
    """Where a reply is shown while it comes in."""

    def show(self, event: Event) -> None:
        """Take the next event."""

    def finish(self, whole: Markup, last_line: str) -> None:
        """Show the whole reply; a view that has shown the text already adds the last line alone."""


class LiveView:
    """A reply in a notebook.

    Parameters
    ----------
    display
        ``IPython.display.display``.
    monotonic
        A clock in seconds.
    mask
        Returns a text with the credentials in it masked, in case that a server repeats one.
    """

    def __init__(
        self, display: Callable[..., Any], monotonic: Callable[[], float], mask: Callable[[str], str] = str
    ) -> None:
        self._display = display
        self._monotonic = monotonic
        self._mask = mask
        self._handle: Any = None
        self._text: list[str] = []
        self._thinking: list[str] = []
        self._length = 0
        self._due = 0.0

    def show(self, event: Event) -> None:
        """Take the next event; the page is updated when it is time."""
        if isinstance(event, TextDelta):
            self._text.append(event.text)
        elif isinstance(event, ThinkingDelta):
            self._thinking.append(event.text)
        else:
            if isinstance(event, Waiting):
                self._update(line(self._mask(waiting(event))))
            return
        self._length += len(event.text)
        now = self._monotonic()
        if now >= self._due:
            self._due = now + max(SHORTEST_PAUSE, self._length / CHARACTERS_A_SECOND)
            thinking, text = "".join(self._thinking), "".join(self._text)
            self._thinking, self._text = [thinking], [text]
            self._update(growing(self._mask(thinking), self._mask(text)))

    def finish(self, whole: Markup, last_line: str) -> None:  # noqa: ARG002 - it is a part of the whole
        """Show the whole reply, in place of what was shown until then."""
        self._update(whole)

    def _update(self, markup: Markup) -> None:
        if self._handle is None:
            self._handle = self._display(markup.bundle, raw=True, display_id=True)
        else:
            self._handle.update(markup.bundle, raw=True)
