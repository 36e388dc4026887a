"""The lines of files that may hold what is looked for, at the speed of the disk.

A file goes through a buffer, a piece at a time. Where a piece may be meant, its halves are looked at, and theirs, down
to a few lines; all else is passed over without being cut into lines. So memory is bounded by the longest line and
not by the file. Several files are read at once, since neither reading nor looking needs Python's lock.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeAlias

from ipy_sessions.searching.sieve import Sieve
from ipy_sessions.table.corpus import Own

PIECE = 512 * 1024  # bytes that are looked at together: they stay in the cache
FEW = 32 * 1024  # bytes of which every line is looked at
SHARE = 8 * 1024 * 1024  # bytes of files that a thread goes through before it hands over their lines
ALONE = 16 * 1024 * 1024  # bytes of a file whose lines are not gathered
WORKERS = min(4, os.cpu_count() or 1)

Scanned: TypeAlias = tuple[Own, Iterator[bytes]]
"""A file, and its lines that may be meant; they end with an `OSError` where it cannot be read."""


def scanned(files: Sequence[Own], sieve: Sieve) -> Generator[Scanned]:
    """Yield files in their order with their lines that may be meant; when it is closed, no thread is left."""
    shares = list(_shares(files))
    if min(len(shares), WORKERS) < 2:  # noqa: PLR2004 - nothing to be done side by side
        scanner = Scanner(sieve)
        yield from ((file, scanner.lines(file)) for file in files)
        return
    idle = [Scanner(sieve) for _ in range(WORKERS)]
    pool = ThreadPoolExecutor(WORKERS)
    waiting: deque[Future[list[Scanned]]] = deque()
    try:
        for share in shares:
            waiting.append(pool.submit(_gathered, share, sieve, idle))
            if len(waiting) > WORKERS:
                yield from waiting.popleft().result()
        while waiting:
            yield from waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def _shares(files: Sequence[Own]) -> Iterator[Sequence[Own]]:
    share: list[Own] = []
    size = 0
    for file in files:
        if share and size + file.size > SHARE:
            yield share
            share, size = [], 0
        share.append(file)
        size += file.size
    if share:
        yield share


def _gathered(share: Sequence[Own], sieve: Sieve, idle: list[Scanner]) -> list[Scanned]:
    if share[0].size > ALONE:
        return [(file, Scanner(sieve).lines(file)) for file in share]  # read when its turn comes, by who asks
    scanner = idle.pop()
    try:
        return [(file, _again(*_read(scanner, file))) for file in share]
    finally:
        idle.append(scanner)


def _read(scanner: Scanner, file: Own) -> tuple[list[bytes], OSError | None]:
    lines: list[bytes] = []
    try:
        for line in scanner.lines(file):
            lines.append(line)  # noqa: PERF402 - what was read before an error counts
    except OSError as error:
        return lines, error
    return lines, None


def _again(lines: Sequence[bytes], error: OSError | None) -> Iterator[bytes]:
    yield from lines
    if error is not None:
        raise error


class Scanner:
    """Goes over one file after the other through the same buffer.

    Parameters
    ----------
    sieve
        Which lines may be meant.
    """

    def __init__(self, sieve: Sieve) -> None:
        self._may_hold = sieve.test()
        self._buffer = bytearray(PIECE)

    def lines(self, file: Own) -> Iterator[bytes]:
        """Yield the lines of a file that may be meant, in their order, as far as it went when it was named.

        Raises
        ------
        OSError
            When it cannot be read.
        """
        descriptor = os.open(file.path, os.O_RDONLY)
        try:
            read = filled = 0
            while read < file.size and (count := self._more(descriptor, filled)):
                end = self._buffer.rfind(b"\n", filled, filled + count) + 1
                read, filled = read + count, filled + count
                yield from self._meant(0, end)
                self._buffer[: filled - end] = self._buffer[end:filled]
                filled -= end
            yield from self._meant(0, filled)
        finally:
            os.close(descriptor)

    def _more(self, descriptor: int, filled: int) -> int:
        if filled == len(self._buffer):
            self._buffer += bytes(filled)  # a longer line
        with memoryview(self._buffer) as whole, whole[filled:] as room:
            return os.readv(descriptor, [room])

    def _meant(self, start: int, end: int) -> Iterator[bytes]:
        """Yield the lines of a part of what was read that may be meant."""
        if start == end:
            return
        with memoryview(self._buffer) as whole, whole[start:end] as part:
            if not self._may_hold(part):
                return
        if end - start <= FEW:
            lines = bytes(self._buffer[start:end]).split(b"\n")
            yield from (line for line in lines if line and self._may_hold(line))
            return
        half = (start + end) // 2
        middle = self._buffer.rfind(b"\n", start, half) + 1 or self._buffer.find(b"\n", half, end - 1) + 1
        if middle:
            yield from self._meant(start, middle)
            yield from self._meant(middle, end)
        else:
            yield bytes(self._buffer[start:end])
