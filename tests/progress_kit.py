"""Work that is watched: by nobody, by a clock that is told the time, and by somebody who presses Stop."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

from ipy_sessions.magics.output import Output
from ipy_sessions.magics.progress import Watched
from ipy_sessions.watching import Progress, Watch


class Clock:
    """A clock that goes on by a step whenever it is looked at."""

    def __init__(self, step: float = 0.0) -> None:
        self.now = 1000.0
        self.step = step

    def __call__(self) -> float:
        """Return the seconds."""
        self.now += self.step
        return self.now


class Screen(Output):
    """What keeps what was shown; the last is what is seen."""

    def __init__(self) -> None:
        super().__init__(None)
        self.shown: list[str] = []

    def progress(self, shown: Any, bar: str, said: str) -> Any:
        """Keep it."""
        del shown
        self.shown.append(f"{bar} {said}".strip())
        return True

    def clear(self, shown: Any) -> None:
        """Keep that nothing is seen."""
        assert shown
        self.shown.append("")


class _Stopping(Watched):
    after = 0

    def __call__(self, done: int, total: int) -> None:
        """Press Stop when enough is done."""
        if self.after <= done < total:
            raise KeyboardInterrupt


def stopping(output: Output, after: int, what: str) -> Watch:
    """Return what watches, and presses Stop when so many of a kind are done."""

    def watch(counted: str) -> AbstractContextManager[Progress]:
        watched = _Stopping(output, counted)
        watched.after = after if counted == what else 10**9
        return watched

    return watch
