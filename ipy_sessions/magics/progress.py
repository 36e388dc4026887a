"""How far long work has come, as whoever waits sees it: counts, rate and time left, and how to end it.

What is done in half a second says nothing, and imports nothing. tqdm counts and words it; where that is shown is the
business of `Output`. Below a cell it is one display, which is empty in the end: no widget that a saved notebook would
keep. A plain script is told nothing.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from io import StringIO
from threading import RLock
from typing import TYPE_CHECKING, Any, ClassVar, Self
from weakref import WeakSet

from ipy_sessions.magics.output import Output
from ipy_sessions.magics.stopped import Stopped
from ipy_sessions.watching import Progress, unwatched

if TYPE_CHECKING:
    from types import TracebackType

PATIENCE = 0.5  # seconds without a word
STEP = 0.2  # seconds between two updates
WIDE = 20  # characters of a bar
TENTH = 10  # a second; of fewer the tenths are told


class Watched:
    """Callable that is told how many of how many are done; Stop ends the work, in one line.

    Parameters
    ----------
    output
        Where it is shown.
    what
        What is counted: ``"files"``.
    clock
        Tells seconds.
    """

    def __init__(self, output: Output, what: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._output = output
        self._what = what
        self._clock = clock
        self._begun = clock()
        self._bar: Any = None
        self._shown: Any = None

    def __enter__(self) -> Self:
        return self

    def __call__(self, done: int, total: int) -> None:
        """Show it, if it is time."""
        if self._bar is None:
            if self._clock() < self._begun + PATIENCE:
                return
            self._bar = _bar(self._what, self._begun, self._clock, self._show)
        self._bar.total = total or None
        self._bar.update(done - self._bar.n)

    def _show(self, bar: str, said: str) -> None:
        self._shown = self._output.progress(self._shown, bar, f"{said} · {self._output.ended_by} ends it")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.close()
        if self._shown is not None:
            self._output.clear(self._shown)
        if kind is KeyboardInterrupt:
            raise Stopped("Stopped.") from None


def _bar(what: str, begun: float, clock: Callable[[], float], show: Callable[[str, str], None]) -> Any:
    """Return tqdm's count of what was begun; it prints nothing, starts no thread, and no other bar makes way for it."""
    from tqdm import tqdm

    class Bar(tqdm):
        monitor_interval = 0
        _instances: ClassVar[WeakSet[Any]] = WeakSet()
        _lock = RLock()

        def display(self, msg: str | None = None, pos: int | None = None) -> None:
            del pos
            if msg is None:  # and not that it is over
                told = self.format_dict | {"bar_format": f"{{bar:{WIDE}}}"}
                show(self.format_meter(**told) if self.total else "", _said(told, self.format_interval))

    bar = Bar(unit=what, delay=PATIENCE, mininterval=STEP, miniters=0, ascii="·█", leave=False, file=StringIO())
    bar._time, bar.start_t, bar.last_print_t = clock, begun, begun  # noqa: SLF001 - as tqdm's own tests do
    return bar


def _said(told: Mapping[str, Any], interval: Callable[[float], str]) -> str:
    """Return how far it has come: how many of how many, how many a second, and the time that is left."""
    done, total, rate = told["n"], told["total"], told["rate"] or told["n"] / told["elapsed"]
    pace = f"{rate:,.0f}/s" if rate >= TENTH else f"{rate:.1f}/s"
    if not total:
        return f"{done:,} {told['unit']} · {pace}"
    left = f" · {pace} · {interval((total - done) / rate)} left" if rate else ""
    return f"{done:,} of {total:,} {told['unit']}{left}"


@contextmanager
def stoppable() -> Iterator[None]:
    """Let Stop be one line in a session of IPython wherever it is pressed, also between what is counted."""
    with shown("steps"):
        yield


def shown(what: str) -> AbstractContextManager[Progress]:
    """Watch work in a notebook's or a terminal's session of IPython; in a plain script, nothing."""
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    return unwatched(what) if shell is None else Watched(Output(shell), what)
