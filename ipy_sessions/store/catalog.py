"""The sessions of a folder, each summed up.

The rows are made from the files each time. One odd file never breaks the list: what could not be read is returned
beside the rows, with its reason.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ipy_sessions.store.folder import Folder
from ipy_sessions.store.reading import read
from ipy_sessions.summary import SessionInfo, summarise


def scan(folder: Folder) -> tuple[list[SessionInfo], list[tuple[Path, str]]]:
    """Return the sessions of a folder, that of the latest message first, and the files that could not be read.

    Returns
    -------
    rows, skipped
        `skipped` holds each file with the reason in a sentence.
    """
    rows: list[SessionInfo] = []
    skipped: list[tuple[Path, str]] = []
    for path, found in _each(folder):
        if isinstance(found, SessionInfo):
            rows.append(found)
        else:
            skipped.append((path, found))
    rows.sort(key=lambda row: (row.modified, row.id), reverse=True)
    return rows, skipped


def _each(folder: Folder) -> Iterator[tuple[Path, SessionInfo | str]]:
    for path in folder.files():
        try:
            header, tree, bad_lines, _ = read(path)
            yield path, summarise(path, header, tree, (line.number for line in bad_lines))
        except Exception as error:  # noqa: BLE001 - whatever one file holds, the others are listed
            yield path, str(error)
