"""A measured figure and how it is printed."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure beside its floor.

    Parameters
    ----------
    name
        What was measured.
    ours, floor
        The two values, in `unit`.
    unit
        Such as ``"ms"``.
    measure
        ``"difference"``, ``"ratio"`` or ``"ours"``: what of the two has to stay under the target.
    target
        The largest value of it that is acceptable; ``None`` where the figure is reported and no gate.
    """

    name: str
    ours: float
    floor: float
    unit: str
    measure: str
    target: float | None

    @property
    def value(self) -> float:
        """What has to stay under the target."""
        if self.measure == "ratio":
            return self.ours / self.floor
        return self.ours - self.floor if self.measure == "difference" else self.ours

    @property
    def kept(self) -> bool:
        """Whether it does."""
        return self.target is None or self.value <= self.target

    def __str__(self) -> str:
        measured = f"{self.ours:9.2f} {self.unit:2}  floor {self.floor:9.2f} {self.unit:2}"
        value = f"{self.value:8.2f}x" if self.measure == "ratio" else f"{self.value:8.2f} {self.unit}"
        wanted = "reported" if self.target is None else f"target {self.target:g} {'kept' if self.kept else 'MISSED'}"
        return f"{self.name:58} {measured}  {self.measure:10} {value}  {wanted}"


def medians(rounds: int, *steps: Callable[[], object], before: Callable[[], object] = lambda: None) -> list[float]:
    """Return the median time of each step in seconds, all of them measured in turn.

    Parameters
    ----------
    rounds
        How often each is measured, after once that is not.
    steps
        What is measured.
    before
        Called before each step, and not measured.
    """
    found: list[list[float]] = [[] for _ in steps]
    for turn in range(rounds + 1):
        for step, times in zip(steps, found, strict=True):
            before()
            started = time.perf_counter()
            step()
            if turn:  # the first round warms the caches
                times.append(time.perf_counter() - started)
    return [statistics.median(times) for times in found]
