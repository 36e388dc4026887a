"""What leaves the folder and what comes into it: exports, and the transcripts of any agent.

It owns which conversation a reference means, ours or a file of another agent, which files are meant by a pattern, and
what must never be written over. How a format looks is known to `export`, what is new in a transcript to `importing`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from ipy_sessions import transcripts
from ipy_sessions.commands.values import BRANCHES
from ipy_sessions.errors import (
    AmbiguousReferenceError,
    ExportError,
    NotASessionError,
    SessionNotFoundError,
    SessionsError,
)
from ipy_sessions.export.material import Material, material
from ipy_sessions.export.registry import format_called
from ipy_sessions.export.writing import default_path, write
from ipy_sessions.importing import Imported, Importer
from ipy_sessions.library import Ref
from ipy_sessions.manager import SessionManager
from ipy_sessions.readers.finding import find
from ipy_sessions.readers.transcript import Transcript
from ipy_sessions.store.interface import Skipped
from ipy_sessions.store.masking import Mask
from ipy_sessions.watching import Progress, each


class Exported(NamedTuple):
    """What was written.

    Parameters
    ----------
    path
        The file.
    title
        The session's.
    messages
        How many it holds.
    size
        Bytes.
    others
        How many more conversations, of sub-agents, the transcript holds, which were not.
    """

    path: Path
    title: str
    messages: int
    size: int
    others: int = 0


class Taken(NamedTuple):
    """What an import came to.

    Parameters
    ----------
    done
        One for each conversation that was read.
    skipped
        What could not be read as one, or not be written, each with the reason.
    """

    done: list[Imported]
    skipped: list[Skipped]


class Exchange:
    """Exports sessions of a manager and imports others into its folder.

    Parameters
    ----------
    manager
        Whose sessions.
    """

    def __init__(self, manager: SessionManager) -> None:
        self._manager = manager

    def export(
        self,
        ref: Ref,
        format: str,  # noqa: A002 - the field's word
        path: str | Path | None = None,
        *,
        branch: str | None = None,
        force: bool = False,
    ) -> Exported:
        """Write a session, or another agent's transcript, in another form. Secrets are masked in all of it.

        Parameters
        ----------
        ref
            As for `SessionManager.open`; or the path of a transcript in any format that is read here.
        format
            ``"html"``, ``"markdown"``, ``"notebook"``, ``"pi"``, ``"jsonl"`` or ``"parquet"``.
        path
            The file; by default one beside the notebook that is called as the session is.
        branch
            ``"active"``, or for a format that can hold them ``"all"``, which is what it holds by default.
        force
            Write in the place of a file that is there.

        Raises
        ------
        ExportError
            When there is no such format, the file is there already, or cannot be written.
        SessionNotFoundError, AmbiguousReferenceError, NotASessionError
            When none, or more than one, answers to the reference.
        """
        chosen = format_called(format)
        found, others = self._material(ref)
        if branch is not None and branch not in BRANCHES:
            raise ExportError(f"branch can be 'all' or 'active', and not {branch!r}.")
        if branch == "all" and not chosen.whole:
            raise ExportError(
                f"A file of the format {format} holds one branch. Leave `--branch all` out, or choose html or pi."
            )
        if branch == "active" and chosen.whole:
            found = found.active()
        where = default_path(found, chosen, self._beside) if path is None else Path(path).expanduser()
        self._refuse_originals(where, ref)
        size = write(found, chosen, where, force=force)
        count = sum(entry.type == "message" for entry in found.tree) if chosen.whole else len(found.messages)
        return Exported(where, found.info.title, count, size, others)

    def import_files(self, *patterns: str | Path, progress: Progress | None = None) -> Taken:
        """Make sessions of this folder out of transcripts, or add what is new to those that were imported before.

        Parameters
        ----------
        patterns
            Files; folders, with all that is below them; or patterns such as ``"~/.pi/agent/sessions/**/*.jsonl"``.
        progress
            Called with how many of how many files are done; what it raises ends the import. What was imported stays,
            and the same import goes on from there.

        Returns
        -------
        Taken
            What became of each conversation, and what was skipped.
        """
        taken = Taken([], [])
        files = list(_files(patterns, taken.skipped))
        importer = Importer(self._manager)
        with self._manager.watched("files", progress) as told:
            for file in each(files, told):
                try:
                    for transcript in _transcripts(file):
                        taken.done.append(importer.take(transcript))
                except SessionsError as error:
                    taken.skipped.append(Skipped(Path(file), str(error)))
                except RecursionError:
                    taken.skipped.append(Skipped(Path(file), f"{file} is nested too deeply to be read."))
        return taken

    # Inside

    @property
    def _beside(self) -> Path:
        """The notebook's folder, or else the working directory."""
        return Path.cwd() if self._manager.notebook is None else self._manager.notebook.parent

    def _material(self, ref: Ref) -> tuple[Material, int]:
        """Return what is exported, and how many conversations of the same file are not."""
        mask, watch = Mask(os.environ, self._manager.settings.secrets), self._manager.watch
        found = self._foreign(ref)
        if found:
            return material(found[0], transcripts.content_of(found[0]), mask, watch), len(found) - 1
        with self._manager.reading(ref) as session:
            return material(transcripts.of_session(session), session.content, mask, watch), 0

    def _foreign(self, ref: Ref) -> list[Transcript]:
        """Return the conversations of a file that is no session of this folder; none when a session is meant."""
        if not isinstance(ref, str | Path):
            return []
        try:
            self._manager.row(ref)
        except AmbiguousReferenceError:
            raise
        except SessionsError:
            path = Path(ref).expanduser()
            if not path.is_file():
                raise
            return _transcripts(str(path))
        return []

    def _refuse_originals(self, path: Path, ref: Ref) -> None:
        """Refuse to write over what is exported, over the notebook, or among the sessions."""
        where = path.resolve()
        if where.is_relative_to(self._manager.store.path):
            raise ExportError(f"{path} is in the folder of the sessions. Export to a file outside of it.")
        originals = [self._manager.notebook, Path(ref) if isinstance(ref, str | Path) else None]
        if any(one is not None and one.expanduser().resolve() == where for one in originals):
            raise ExportError(f"{path} is what is exported, or the notebook that runs. Name another file.")


def _transcripts(path: str) -> list[Transcript]:
    """Return the conversations of a file; one that cannot be read is none."""
    try:
        return transcripts.of_file(path)
    except OSError as error:
        raise NotASessionError(f"{path} could not be read: {error.strerror or error}.") from error


def _files(patterns: Sequence[str | Path], skipped: list[Skipped]) -> Iterator[str]:
    """Yield the files that are meant, each once; what means none is skipped."""
    seen: set[str] = set()
    for pattern in patterns:
        try:
            files = find(pattern)
        except SessionNotFoundError as error:
            skipped.append(Skipped(Path(pattern), str(error)))
            continue
        for file in files:
            if (known := os.path.realpath(file)) not in seen:  # which a link to itself does not stop
                seen.add(known)
                yield file
