"""A conversation into a file: which one by default, and when that is refused.

A file is written whole or not at all, beside its place first. It refuses to know formats, and which conversation is
meant.
"""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

from ipy_sessions.errors import ExportError, LogWriteError
from ipy_sessions.export.material import Material
from ipy_sessions.export.registry import Format
from ipy_sessions.store.log import publish
from ipy_sessions.store.whole import beside, write_whole

LONGEST_NAME = 80  # bytes of a session's name in a file's


def default_path(material: Material, chosen: Format, folder: Path) -> Path:
    """Return the file that an export goes to when none is named: in `folder`, called as the session is."""
    title = unicodedata.normalize("NFC", material.info.title)
    plain = re.sub(r"[^\w.-]+", "_", title).strip("._-").encode()[:LONGEST_NAME].decode(errors="ignore")
    return folder / f"{plain or material.info.tail}{chosen.suffix}"


def write(material: Material, chosen: Format, path: Path, *, force: bool = False) -> int:
    """Write a conversation into a file; return how many bytes that are.

    Raises
    ------
    ExportError
        When there is something of this name, and `force` is not given; or it cannot be written.
    """
    if path.is_dir():
        raise ExportError(f"{path} is a folder. Say what the file is to be called: {path / f'name{chosen.suffix}'}")
    if not force and path.exists():
        raise _taken(path)
    written = chosen.write(material)
    data = written.encode() if isinstance(written, str) else written
    try:
        if force:
            write_whole(path, [data])
        else:
            _write_new(path, data)
    except OSError as error:
        raise ExportError(f"{path} could not be written: {error.strerror or error}.") from error
    return len(data)


def _write_new(path: Path, data: bytes) -> None:
    """Write a file that takes the place of no other, also not of one that appears in the meantime."""
    new = beside(path)
    try:
        write_whole(new, [data])
        publish(new, path)
    except LogWriteError as error:
        raise (_taken(path) if path.exists() else ExportError(str(error))) from error
    finally:
        new.unlink(missing_ok=True)


def _taken(path: Path) -> ExportError:
    return ExportError(f"{path} is there already. Name another file, or say `--force` to write in its place.")
