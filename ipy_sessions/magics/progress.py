"""How far a long look over many files has come; what is done in half a second says nothing."""

from __future__ import annotations

import time
from typing import Any, Self

from ipy_sessions.magics.output import Output
from ipy_sessions.render.panels import line

PATIENCE = 0.5  # seconds without a word
STEP = 0.2  # seconds between two updates


class Watched:
    """Callable that is told how many of how many are done; Stop ends the work, as it ends everything.

    Parameters
    ----------
    output
        Where it is shown.
    what
        What is counted: ``"files"``.
    """

    def __init__(self, output: Output, what: str) -> None:
        self._output = output
        self._what = what
        self._shown: Any = None
        self._next = time.monotonic() + PATIENCE

    def __enter__(self) -> Self:
        return self

    def __call__(self, done: int, total: int) -> None:
        """Show it, if it is time."""
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + STEP
            self._shown = self._output.update(self._shown, line(f"{done:,} of {total:,} {self._what} …"))

    def __exit__(self, *_: object) -> None:
        if self._shown is not None:
            self._output.update(self._shown, line(""))
