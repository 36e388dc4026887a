"""When a request is repeated, and the waiting in between, where everybody can see it.

The SDK's own repetitions sleep in silence, for as long as the server says; so they are off, and these are ours.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ipy_sessions.events import Waiting
from ipy_sessions.model.faults import Fault

FIRST, LONGEST = 0.5, 8.0  # seconds; each wait is twice the one before, as the SDK's are
JITTER = 0.25  # of a wait, so that a class of students does not come back all at once
TICK = 1.0  # seconds between two looks of the countdown


@dataclass(frozen=True, slots=True)
class Patience:
    """How long one waits for a server.

    Parameters
    ----------
    retries
        The most repetitions of one request.
    longest
        The longest wait, in seconds; a server that asks for more is not waited for.
    sleep, chance
        ``time.sleep`` and ``random.random``, or a test's stand-ins.
    """

    retries: int
    longest: float
    sleep: Callable[[float], None] = time.sleep
    chance: Callable[[], float] = random.random

    def wait(self, fault: Fault, done: int) -> float | None:
        """Return the seconds to wait before the next repetition; ``None`` when there is none.

        Parameters
        ----------
        fault
            What happened.
        done
            Repetitions that there were.
        """
        if done >= self.most(fault):
            return None
        if fault.retry_after is not None:
            return fault.retry_after if fault.retry_after <= self.longest else None
        return min(FIRST * 2.0**done, LONGEST, self.longest) * (1 - JITTER * self.chance())

    def most(self, fault: Fault) -> int:
        """Return how often a request may be repeated after this fault."""
        return self.retries if fault.retries is None else min(self.retries, fault.retries)

    def countdown(self, seconds: float, fault: Fault, done: int) -> Iterator[Waiting]:
        """Wait, and yield the seconds that are left, each second anew. Stop ends it at once."""
        left = seconds
        while left > 0:
            yield Waiting(left, fault.reason, done + 1, self.most(fault))
            step = left % TICK or TICK
            self.sleep(step)
            left -= step
        yield Waiting(0, fault.reason, done + 1, self.most(fault))

    def refusal(self, fault: Fault) -> str:
        """Return what is said of a server that asks for more than one waits; empty when it does not."""
        if fault.retries == 0 or fault.retry_after is None or fault.retry_after <= self.longest:
            return ""
        return (
            f" It asks to wait for {fault.retry_after:,.0f} s, more than the setting retry_wait allows "
            f"({self.longest:g} s)."
        )
