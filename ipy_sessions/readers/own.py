"""The sessions of this package, as a reader reads them: whatever `store.reading` keeps.

It owns how what stands in a file of ours becomes a transcript, also where it was read by other means, or is open.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ipy_sessions.readers.file import File
from ipy_sessions.readers.transcript import Transcript
from ipy_sessions.store.reading import Contents, parse

NAME = "ipy_sessions"


class OwnReader:
    """Our JSONL: a header of type ``session`` whose version is 1 or higher, and entries with ``seq``."""

    name = NAME

    def knows(self, file: File) -> bool:
        """Tell whether the first record is our header: pi's has a ``timestamp`` where ours has ``ts``."""
        first = file.beginning[0] if file.beginning else {}
        return first.get("type") == "session" and "ts" in first and isinstance(first.get("id"), str)

    def read(self, file: File) -> Iterator[Transcript]:
        """Yield the session; messages are decoded when somebody looks at them."""
        yield transcript(parse(file.data, Path(file.path)), file.path)


def transcript(contents: Contents, path: str) -> Transcript:
    """Return what a file of ours holds as a transcript; `path` is empty for what is in no file yet."""
    bad_lines = [line.number for line in contents.bad_lines]
    return Transcript(contents.header, list(contents.tree), NAME, path, {}, bad_lines)
