"""What a reader of a format is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from ipy_sessions.readers.file import File
from ipy_sessions.readers.transcript import Transcript


class Reader(Protocol):
    """One format."""

    @property
    def name(self) -> str:
        """What the format is called: ``"pi"``."""

    def knows(self, file: File) -> bool:
        """Tell whether a file is of this format, from what stands in it."""

    def read(self, file: File) -> Iterator[Transcript]:
        """Yield the conversations of a file: mostly one; a sub-agent's is one of its own, after its parent's.

        Nothing that stands in a file is an error: a damaged line is counted, an unknown record kept and counted.
        """
