"""Which formats there are, and which of them a file is of.

A format is told from what stands in a file. Readers of other packages are asked before ours, the latest first, so that
a better one can take a format over.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from functools import cache
from importlib import import_module

from ipy_sessions.errors import NotASessionError
from ipy_sessions.readers.file import File
from ipy_sessions.readers.interface import Reader
from ipy_sessions.readers.transcript import Transcript

GROUP = "ipy_sessions.readers"
"""The group of entry points by which another package adds a reader: a class, or a function that returns a `Reader`."""

OURS = {
    "ipy_sessions": "own:OwnReader",
    "pi": "pi:PiReader",
    "claude_code": "claude_code:ClaudeCodeReader",
    "codex": "codex:CodexReader",
    "aider": "aider:AiderReader",
    "plain": "plain:PlainReader",
}
"""Name of each format and where its reader is, in the order in which they are asked: the most particular first."""

_registered: list[Reader] = []


def register(reader: Reader) -> None:
    """Add a reader, which is asked before all others; one of the same name is replaced."""
    _registered[:] = [reader, *(known for known in _registered if known.name != reader.name)]


def readers() -> Sequence[Reader]:
    """Return every reader, in the order in which they are asked."""
    return (*_registered, *_installed(), *_ours())


def reader_of(file: File) -> Reader:
    """Return the reader that knows a file.

    Raises
    ------
    NotASessionError
        When none does.
    """
    for reader in readers():
        if reader.knows(file):
            return reader
    names = ", ".join(reader.name for reader in readers())
    raise NotASessionError(f"{file.path} is no transcript of a format that is known here: {names}.")


def read(file: File) -> Iterator[Transcript]:
    """Yield the conversations of a file, whatever its format.

    Raises
    ------
    NotASessionError
        When no reader knows it.
    """
    transcripts = reader_of(file).read(file)
    while (transcript := _without_collector(transcripts)) is not None:
        yield transcript


def _without_collector(transcripts: Iterator[Transcript]) -> Transcript | None:
    """Return the next one. All that is read stays, and Python's search for what does not takes three times as long."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        return next(transcripts, None)
    finally:
        if enabled:
            gc.enable()


@cache
def _installed() -> tuple[Reader, ...]:
    from importlib.metadata import entry_points

    return tuple(point.load()() for point in entry_points(group=GROUP))


@cache
def _ours() -> tuple[Reader, ...]:
    return tuple(_load(place) for place in OURS.values())


def _load(place: str) -> Reader:
    module, name = place.split(":")
    reader: Reader = getattr(import_module(f"ipy_sessions.readers.{module}"), name)()
    return reader
