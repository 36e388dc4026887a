"""What a session's header says about where it was born.

Read once, when the session is created: the notebook, the folder that the code ran in, the state of the repository. None
of it is needed to go on with the session.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from ipy_sessions.encoding import clean
from ipy_sessions.entries import VERSION, Header
from ipy_sessions.identifiers import timestamp
from ipy_sessions.store.folder import relative
from ipy_sessions.store.masking import Mask
from ipy_sessions.version import __version__

GIT_TIMEOUT = 1.0  # seconds; a repository on a slow disk is not worth waiting for


def new_header(
    session_id: str,
    created: datetime,
    folder: Path,
    *,
    name: str | None,
    notebook: Path | None,
    provider: str,
    typed: Mapping[str, Any] | None = None,
) -> Header:
    """Return the header of a new session.

    Parameters
    ----------
    session_id, created, name
        Its id, when it was created, and its name if it has one.
    folder
        The folder that its file will be in.
    notebook
        The notebook that it belongs to, if there is one.
    provider
        What kind of place it was born in: ``"jupyter"``, ``"vscode"``, ``"terminal"``, ``"script"`` …
    typed
        The command that began it, and the cell that it stood in.
    """
    cwd = _working_directory()
    peer = relative(folder, notebook) if notebook is not None else folder.parent.name
    fields: dict[str, Any] = {
        "name": name,
        "key": f"agent:main:{provider}:{peer}",
        "notebook": None if notebook is None else peer,
        "cwd": None if cwd is None else str(cwd),
        "git": None if cwd is None else _git_state(cwd),
        "parent_session": None,
        "app": f"ipy_sessions {__version__}",
        **(typed or {}),
    }
    return Header(VERSION, session_id, timestamp(created), clean(fields, Mask(os.environ)))


def _working_directory() -> Path | None:
    try:
        return Path.cwd()
    except OSError:  # it was deleted
        return None


def _git_state(folder: Path) -> dict[str, str] | None:
    """Return branch and commit of the repository around `folder`; ``None`` where there is none, or no git."""
    import subprocess

    try:
        answer = subprocess.run(
            ["git", "rev-parse", "HEAD", "--abbrev-ref", "HEAD"],  # noqa: S607 - the user's own git
            cwd=folder, capture_output=True, text=True,
            errors="replace", timeout=GIT_TIMEOUT, check=True,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return None
    commit, branch = answer.stdout.split()
    return {"branch": branch, "commit": commit}
