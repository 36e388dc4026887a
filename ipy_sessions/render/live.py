"""A reply that grows below its cell: one display, updated seldom enough that the page keeps up.

Each update sends the whole text and makes the page render it anew, so the updates become fewer as the text grows:
never more than ten a second and never more than about 100,000 characters a second. What comes in between is shown as
soon as it is time, also when the model then falls silent; the last update is always made, with everything.
"""

from __future__ import annotations

import contextvars
import threading
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


class Alarm(Protocol):
    """Something that is going to happen, and can be called off."""

    def cancel(self) -> None:
        """Call it off."""


Later = Callable[[float, Callable[[], None]], Alarm]


def later(seconds: float, step: Callable[[], None]) -> Alarm:
    """Take a step in some seconds, in another thread, as if it were taken here: displays land below the same cell."""
    timer = threading.Timer(seconds, contextvars.copy_context().run, [step])
    timer.daemon = True
    timer.start()
    return timer


class LiveView:
    """A reply in a notebook.

    Parameters
    ----------
    display
        ``IPython.display.display``.
    monotonic
        A clock in seconds.
    later
        Takes a step in some seconds; returns what calls it off.
    """

    def __init__(
        self,
        display: Callable[..., Any],
        monotonic: Callable[[], float],
        later: Later = later,
    ) -> None:
        self._display = display
        self._monotonic = monotonic
        self._later = later
        self._handle: Any = None
        self._text: list[str] = []
        self._thinking: list[str] = []
        self._length = 0
        self._due = 0.0
        self._alarm: Alarm | None = None
        self._lock = threading.RLock()  # one that a Stop has left taken still lets this thread in

    def show(self, event: Event) -> None:
        """Take the next event; the page is updated when it is time."""
        if isinstance(event, Waiting):
            self._update(line(waiting(event)))
        if not isinstance(event, TextDelta | ThinkingDelta):
            return
        with self._lock:
            (self._text if isinstance(event, TextDelta) else self._thinking).append(event.text)
            self._length += len(event.text)
            now = self._monotonic()
            if now >= self._due:
                self._paint(now)
            elif self._alarm is None:
                self._alarm = self._later(self._due - now, self._ring)

    def finish(self, whole: Markup, last_line: str) -> None:  # noqa: ARG002 - it is a part of the whole
        """Show the whole reply, in place of what was shown until then."""
        with self._lock:
            self._silence()
            self._length = 0
            self._update(whole)

    def _ring(self) -> None:
        """Show what came since the last update; called in another thread."""
        with self._lock:
            if self._length:  # it has not been finished in the meantime
                self._paint(self._monotonic())

    def _paint(self, now: float) -> None:
        self._silence()
        self._due = now + max(SHORTEST_PAUSE, self._length / CHARACTERS_A_SECOND)
        thinking, text = "".join(self._thinking), "".join(self._text)
        self._thinking, self._text = [thinking], [text]
        self._update(growing(thinking, text))

    def _silence(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None

    def _update(self, markup: Markup) -> None:
        if self._handle is None:
            self._handle = self._display(markup.bundle, raw=True, display_id=True)
        else:
            self._handle.update(markup.bundle, raw=True)
