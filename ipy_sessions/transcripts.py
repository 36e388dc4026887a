"""One value for every conversation: a session that is open here and a file of any agent are the same transcript.

It owns where the payloads of either are found. It refuses to know what is done with a transcript: it is the one door
of tables, search, export and import.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from ipy_sessions.conversation import Conversation
from ipy_sessions.entries import Block, Entry
from ipy_sessions.readers import own, registry
from ipy_sessions.readers.file import File
from ipy_sessions.readers.finding import load
from ipy_sessions.readers.transcript import Transcript
from ipy_sessions.store.blobs import FolderBlobs, put_back, references
from ipy_sessions.store.reading import Contents

Content: TypeAlias = Callable[[Entry], list[Block]]
"""From an entry to its content with the payloads that were too large for its line."""


def of_session(session: Conversation) -> Transcript:
    """Return the transcript of a session that is open here, as it stands now; it has no path while it has no file."""
    contents = Contents(session.header, session.tree, session.bad_lines)
    return own.transcript(contents, str(session.file) if session.in_file else "")


def of_file(path: str) -> list[Transcript]:
    """Return the conversations of a file, whatever its format; a sub-agent's comes after its parent's.

    Raises
    ------
    NotASessionError
        When no reader knows it.
    OSError
        When it cannot be read.
    """
    return list(registry.read(File(path, load(path))))


def content_of(transcript: Transcript) -> Content:
    """Return what gives the whole content of the entries of a file; a payload that is gone stays a reference."""
    if transcript.format != own.NAME:
        return lambda entry: entry.content
    get = FolderBlobs(Path(transcript.path).parent / "blobs").get

    def whole(entry: Entry) -> list[Block]:
        content = entry.content
        names = set(references(content))
        if not names or any(get(name, "") is None for name in names):
            return content
        found: list[Block] = put_back(content, get)
        return found

    return whole
