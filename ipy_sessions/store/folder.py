"""Where the files of sessions are and what they are called.

A `Folder` is one directory of sessions. It owns names, permissions and the ``.gitignore`` that keeps transcripts out of
a repository until their owner wants them there. What is inside the files is not its business.
"""

from __future__ import annotations

import errno
import itertools
import os
import re
import unicodedata
from collections.abc import Collection
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from ipy_sessions.errors import FolderError, SettingError
from ipy_sessions.summary import tail

NAME = ".sessions"
STEM_BYTES = 80  # of a file name's 255; the time, the id's tail and the suffix need 34


class Folder:
    """One directory of sessions.

    Parameters
    ----------
    path
        The directory; it need not exist.
    """

    def __init__(self, path: Path) -> None:
        try:
            self.path = path.expanduser().resolve()
        except (RuntimeError, ValueError, OSError) as error:
            raise SettingError(f"{str(path)!r} cannot be a folder of sessions: {error}.") from None

    def file_for(self, session_id: str, created: datetime, notebook: Path | None) -> Path:
        """Return the path that a new session's file will have.

        Parameters
        ----------
        session_id
            Its id; the end of it becomes part of the name.
        created
            When it was created, in UTC.
        notebook
            The notebook that it belongs to; its name becomes part of the file's.
        """
        stem = _safe(notebook.stem) if notebook is not None else ""
        return self.path / f"{created:%Y%m%dT%H%M%SZ}-{stem or 'session'}-{_safe(tail(session_id))}.jsonl"

    def free(self, file: Path, taken: Collection[Path] = ()) -> Path:
        """Return the path, or the next to it that no file has and that is not among `taken`."""
        numbered = (file.with_stem(f"{file.stem}-{number}") for number in itertools.count(2))
        return next(path for path in itertools.chain([file], numbered) if path not in taken and not path.exists())

    def make(self) -> None:
        """Create the directory, readable by its owner alone, and its ``.gitignore``.

        Raises
        ------
        FolderError
            When it cannot be created.
        """
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with suppress(FileExistsError):
                self.path.mkdir(mode=0o700)
                # Only in a folder that is new: whoever has deleted it wants the sessions in the repository.
                (self.path / ".gitignore").write_text("*\n", encoding="utf-8")
            if not self.path.is_dir():
                raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
        except OSError as error:
            raise FolderError(
                f"The folder {self.path} could not be created: {error.strerror or error}. Choose another with "
                "`%config IPySessions.directory = 'user'`."
            ) from error


def relative(folder: Path, path: Path) -> str:
    """Return how a header names `path`: seen from the session folder's parent when inside it, so that both can move."""
    try:
        return path.relative_to(folder.parent).as_posix()
    except ValueError:
        return str(path)


def absolute(folder: Path, written: str) -> Path:
    """Return the path that `relative` has written."""
    return folder.parent / written


def _safe(stem: str) -> str:
    """Return a notebook's name as part of a file's: letters, digits, dots, dashes, underscores, and not too long."""
    plain = re.sub(r"[^\w.-]+", "_", unicodedata.normalize("NFC", stem)).strip("._-")
    return plain.encode()[:STEM_BYTES].decode(errors="ignore")


def choose(setting: str, beside: Path) -> tuple[Folder, str | None]:
    """Return the folder that the setting `directory` means.

    Parameters
    ----------
    setting
        ``"notebook"``, ``"user"`` or a path; a relative one is seen from `beside`.
    beside
        The notebook's folder, or the working directory where there is no notebook.

    Returns
    -------
    folder, note
        `note` is a sentence when the folder is another than was asked for, else ``None``.
    """
    if setting == "user":
        return _users(), None
    if setting != "notebook":
        return Folder(beside / _expanded(setting)), None
    there = beside / NAME
    if _writable(there if there.exists() else beside):
        return Folder(there), None
    users = _users()
    return users, f"{beside} cannot be written, so sessions are kept in {users.path}."


def _expanded(written: str) -> Path:
    try:
        return Path(written).expanduser()
    except RuntimeError as error:
        raise SettingError(f"{written!r} cannot be a folder of sessions: {error}.") from None


def _users() -> Folder:
    import platformdirs

    return Folder(Path(platformdirs.user_data_dir("ipy_sessions", appauthor=False)) / NAME)


def _writable(folder: Path) -> bool:
    return os.access(folder, os.W_OK, effective_ids=os.access in os.supports_effective_ids)
