"""The two commands that rewrite a session's file: a text is taken out of it, or it is made fit to be shared.

A log is only ever added to, but for these, which the user asks for by name. It owns when they are refused, and the
order of their steps: what gives something away is taken out first, the file is uncovered last. What a mask hides is
decided by `store.masking`, what tells of a machine by `store.mending.sharing`.
"""

from __future__ import annotations

import getpass
import os
import platform
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from ipy_sessions.counting import summarise
from ipy_sessions.encoding import encode
from ipy_sessions.errors import (
    InvalidEntryError,
    SecretFoundError,
    SessionBusyError,
    SessionNotFoundError,
    SessionReadOnlyError,
)
from ipy_sessions.identifiers import SYSTEM, Source
from ipy_sessions.library import Ref
from ipy_sessions.manager import SessionManager
from ipy_sessions.references import busy
from ipy_sessions.session import Session
from ipy_sessions.store import gitignore
from ipy_sessions.store.blobs import names_in
from ipy_sessions.store.disk import FolderStore
from ipy_sessions.store.masking import Mask
from ipy_sessions.store.mending.redaction import Redaction, redacted, replacing
from ipy_sessions.store.mending.sharing import Machine, Spot, cleared, secrets, traces
from ipy_sessions.store.reading import Contents
from ipy_sessions.summary import SessionInfo, tail

SHORTEST = 4  # characters of a text that can be taken out
NAMED = 3  # secrets whose places are told


class Shared(NamedTuple):
    """What was done to let a session be committed, or with ``check`` would be.

    Parameters
    ----------
    row
        The session.
    files
        What a repository may have of it: its file and its payloads.
    lines
        What was added to the folder's ``.gitignore``.
    taken
        Names of the fields that told of this machine and no longer do.
    redacted
        How many entries something that looks like a secret was taken out of.
    secrets
        What looks like a secret and stands there still; with ``check`` alone.
    traces
        Where your name, home folder or machine are told of in texts; they are left.
    """

    row: SessionInfo
    files: list[Path]
    lines: list[str]
    taken: list[str]
    redacted: int
    secrets: list[Spot]
    traces: list[Spot]


class Rewriter:
    """Takes texts out of the sessions of a manager, and makes them fit to be shared.

    Parameters
    ----------
    manager
        Whose sessions.
    source
        The clock, and ids.
    """

    def __init__(self, manager: SessionManager, source: Source = SYSTEM) -> None:
        self._manager = manager
        self._source = source

    def redact(self, ref: Ref, secret: str = "") -> Redaction:
        """Take a text out of a session that is written already, or whatever looks like a secret.

        The file is written anew, and ends with a ``redaction`` entry that says which entries were changed; payloads
        that held the text are replaced.

        Raises
        ------
        SessionBusyError
            When another kernel has it open.
        SessionReadOnlyError
            When it has damaged lines, which would be lost.
        """
        if secret and len(secret) < SHORTEST:
            raise InvalidEntryError(f"{secret!r} is too short to be taken out: it stands in too many words.")
        path = self._let_go(ref)
        store = self._manager.store
        contents = self._whole(path)
        mask = replacing(secret) if secret else self._mask()
        done = redacted(contents, store.blobs, mask, self._source)
        if done.entries:
            with self._telling(path):
                store.rewrite(path, done.lines, self._manager.owner(), contents.reading)
            store.collect(done.old_blobs)
        return done

    def share(self, ref: Ref, *, redact: bool = False, check: bool = False) -> Shared:
        """Let a repository have a session: take out what tells of this machine, and uncover its files to git.

        Absolute paths and hosts go from its header and its ``info`` entries; entries keep their ids and times. The
        folder's ``.gitignore`` gets a line for its file and for each payload that it refers to, so that other sessions
        stay out. Share again after a payload was added.

        Parameters
        ----------
        ref
            As for `SessionManager.open`.
        redact
            Take out what looks like a secret first, as the method `redact` does.
        check
            Only say what would be done.

        Raises
        ------
        SecretFoundError
            When something in it looks like a secret, and neither `redact` nor `check` is given; nothing is done then.
        SessionBusyError
            When another kernel has it open, and its file would have to be changed.
        SessionReadOnlyError
            When it has damaged lines, or is in no folder.
        SessionNotFoundError
            When its file is in another folder.
        """
        path, store = self._in_folder(ref)
        contents = self._whole(path)
        found = secrets(contents, store.blobs, self._mask(), self._source)
        if found and not (redact or check):
            raise SecretFoundError(_refusal(self._called(contents), tail(contents.header.id), found))
        if changed := len(self.redact(path).entries) if found and not check else 0:
            contents, found = self._whole(path), []
        clear = cleared(contents, store.path)
        if clear.taken and not check:
            with self._telling(self._let_go(path)):
                store.rewrite(path, map(encode, clear.everything), self._manager.owner(), contents.reading)
        files = [path, *_payloads(path, store)]
        return Shared(
            row=summarise(path, contents.header, contents.tree),
            files=files,
            lines=gitignore.uncover(store.path, files, check=check),
            taken=clear.taken,
            redacted=changed,
            secrets=found,
            traces=traces(clear, store.blobs, _machine()),
        )

    def hidden(self, shared: Sequence[Shared]) -> list[str]:
        """Return the rules by which git ignores what was shared all the same, such as those of a folder above."""
        return gitignore.hiding(self._manager.store.path, [file for one in shared for file in one.files])

    # Inside

    def _mask(self) -> Mask:
        return Mask(os.environ, self._manager.settings.secrets)

    def _called(self, contents: Contents) -> str:
        return summarise(Path(), contents.header, contents.tree).title

    def _whole(self, path: Path) -> Contents:
        """Return what a session's file holds; one with damaged lines, which rewriting would lose, is refused."""
        contents = self._manager.store.read(path)
        if contents.bad_lines:
            raise SessionReadOnlyError(
                f"{path.name} has damaged lines, which would be lost. Type `%session verify --repair` first; of one in "
                "the trash, `%session prune --trash` takes it away for good."
            )
        return contents

    @contextmanager
    def _telling(self, path: Path) -> Iterator[None]:
        """Say of a session that is open elsewhere which it is, and the ways on."""
        try:
            yield
        except SessionBusyError as error:
            raise SessionBusyError(busy(self._manager.row(path).tail, error), error.owner) from None

    def _in_folder(self, ref: Ref) -> tuple[Path, FolderStore]:
        """Return the path of a session that can be shared, and its folder."""
        store = self._manager.store
        if not isinstance(store, FolderStore):
            raise SessionReadOnlyError("Only the files of a folder can be shared, and these sessions are in none.")
        path = self._found(ref)[0]
        if path.parent != store.path:
            raise SessionNotFoundError(f"{path} is not in {store.path}, and only sessions of this folder are shared.")
        return path, store

    def _found(self, ref: Ref) -> tuple[Path, Session | None]:
        """Return the path of the session that is meant, and the session if it is open here."""
        path = self._manager.find(ref)
        opened = next((session for session in self._manager.opened if session.file == path), None)
        if opened is not None and not opened.in_file:
            raise SessionReadOnlyError(
                f"{opened.title} is in memory alone, and goes with the kernel. `%session keep` writes it."
            )
        return path, opened

    def _let_go(self, ref: Ref) -> Path:
        """Close the session that is meant, if it is open here; return its path."""
        path, opened = self._found(ref)
        if opened is not None:
            opened.check_kept()
            self._manager.close(opened)
        return path


def _payloads(path: Path, store: FolderStore) -> list[Path]:
    """Return the files of the payloads that a session refers to."""
    names = set(names_in(path))
    files = store.blobs.files() if names else []
    return sorted(file for file in files if file.name.partition(".")[0] in names)


def _machine() -> Machine:
    """Return what this machine and its user are called."""
    home = user = ""
    with suppress(RuntimeError):
        home = str(Path.home())
    with suppress(OSError, KeyError, ImportError):  # nobody has this number, as in some containers
        user = getpass.getuser()
    return Machine(home, user, platform.node().partition(".")[0])


def _refusal(title: str, end: str, found: Sequence[Spot]) -> str:
    places = [f"{spot.where} ({spot.what})" for spot in found]
    more = f" and {len(places) - NAMED} more places" if len(places) > NAMED else ""
    return (
        f"{title} was not shared: something that looks like a secret stands in {', '.join(places[:NAMED])}{more}. "
        f"`%session redact --of {end}` takes it out, and so does `%session share {end} --redact`."
    )
