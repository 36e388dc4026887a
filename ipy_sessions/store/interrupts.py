"""Stop waits until an append is whole.

Python raises `KeyboardInterrupt` between any two steps of the main thread, so also between writing a line and knowing
that it was written. Inside `uninterrupted` a Stop is noted and raised at the end instead. Other threads are never
interrupted, and nothing is done for them.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # `signal` looks up an enum for each handler: 8 us of each append
import signal
import threading
from types import FrameType


class uninterrupted:  # noqa: N801 - used as a statement: `with uninterrupted():`
    """Context in which SIGINT waits; a class, since a generator would itself be interruptible at its edges."""

    def __enter__(self) -> None:
        self._noted: tuple[int, FrameType | None] | None = None
        self._before: object = None
        if threading.get_ident() == threading.main_thread().ident:
            # What is no Python function (ignored, or another language's handler) is left alone.
            before = _signal.getsignal(signal.SIGINT)
            if callable(before):
                self._before = before
                _signal.signal(signal.SIGINT, self._note)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self._noted = (number, frame)

    def __exit__(self, *_: object) -> None:
        if callable(self._before):
            _signal.signal(signal.SIGINT, self._before)
            if self._noted is not None:
                self._before(*self._noted)
