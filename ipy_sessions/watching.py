"""How work that takes long tells how far it has come, and whoever watches it.

It refuses to know how that is shown: a notebook, a terminal and a script watch in their own ways, the last in none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TypeAlias, TypeVar

Progress: TypeAlias = Callable[[int, int], None]
"""Told how many of how many are done, of 0 where nobody knows how many there are; what it raises ends the work."""

Watch: TypeAlias = Callable[[str], AbstractContextManager[Progress]]
"""From what is counted (``"files"``) to what is told, while the work goes on."""

Item = TypeVar("Item")


def unwatched(what: str) -> AbstractContextManager[Progress]:
    """Watch nothing, as a script does."""
    del what
    return nullcontext(untold)


def untold(done: int, total: int) -> None:
    """Tell nobody."""
    del done, total


def each(items: Sequence[Item], progress: Progress) -> Iterator[Item]:
    """Yield items and tell before each how many are done, and at the end that all are."""
    for number, item in enumerate(items):
        progress(number, len(items))
        yield item
    progress(len(items), len(items))


def watched(items: Sequence[Item], watch: Watch, what: str) -> Iterator[Item]:
    """Yield items to whoever works on them, watched."""
    with watch(what) as progress:
        yield from each(items, progress)
