"""What the kernel knows of its notebook: its path, the cell that runs, what kind of host this is.

The notebook is looked for anew at every magic, since a rename in the file browser changes nothing inside the kernel.
The order of the steps, and what each host gives, was measured; what is said of a host stands beside its step.

It refuses to know sessions: it returns a value and leaves the rest to others.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

SERVER_TIMEOUT = 1.0  # seconds; the server that started us answers in about 10 ms


@dataclass(frozen=True, slots=True)
class Place:
    """Where a magic runs.

    Parameters
    ----------
    notebook
        The notebook's path; ``None`` where there is none or it cannot be found.
    found_by
        What told the path, in a few words for ``%session``.
    provider
        ``"jupyter"``, ``"vscode"``, ``"colab"``, ``"papermill"``, ``"headless"``, ``"console"`` or ``"terminal"``.
    cell_id
        The id of the running cell, as hosts with stable ids tell it.
    execution_count
        The number in ``In [ ]``.
    run
        What tells this run of the cell from the next.
    """

    notebook: Path | None
    found_by: str
    provider: str
    cell_id: str | None = None
    execution_count: int | None = None
    run: str = ""

    @property
    def headless(self) -> bool:
        """Whether nobody watches: nbclient, papermill, nbconvert."""
        return self.provider in {"headless", "papermill"}

    @property
    def matches(self) -> bool:
        """Whether a person watches a notebook whose cells have no ids that we are told."""
        return self.provider in {"vscode", "colab"}

    @property
    def clickable(self) -> bool:
        """Whether a widget can stand in the place of its static form: in JupyterLab and Notebook 7."""
        return self.provider == "jupyter"

    @property
    def updates(self) -> bool:
        """Whether what is shown can be replaced. A console behind a kernel shows a display once and no update of it."""
        return self.provider not in {"console", "terminal"}

    @property
    def directory(self) -> Path:
        """The notebook's folder, or else the working directory."""
        if self.notebook is not None:
            return self.notebook.parent
        try:
            return Path.cwd()
        except OSError:  # it was deleted
            return Path.home()


def look(shell: Any, given: str = "", environ: Mapping[str, str] | None = None) -> Place:
    """Find out where the shell runs.

    Parameters
    ----------
    shell
        IPython's shell.
    given
        The setting `notebook`: a path that the user has given, or empty.
    environ
        The environment; ``None`` for the process's own.
    """
    environ = os.environ if environ is None else environ
    count = _number(shell)
    if not hasattr(shell, "kernel"):
        path = Path(given).resolve() if given else None
        return Place(
            path, "the setting notebook" if path else "a terminal has none", "terminal", None, count, str(count)
        )
    parent = shell.kernel.get_parent() or {}
    cell_id = parent.get("metadata", {}).get("cellId")
    run = str(parent.get("header", {}).get("msg_id", count))
    path, found_by = _find(shell.user_ns, given, environ, cell_id)
    if path is None and _in_colab(shell):
        return Place(None, "Colab keeps it in Drive, so the working directory is used", "colab", cell_id, count, run)
    return Place(path, found_by, _provider(shell.user_ns, parent), cell_id, count, run)


def _in_colab(shell: Any) -> bool:
    """Tell Colab by the extension that it loads into every kernel."""
    return "google.colab" in getattr(getattr(shell, "extension_manager", None), "loaded", ())


def _number(shell: Any) -> int | None:
    """Return the number of the running cell: that of the last input, since IPython has counted on already."""
    inputs = getattr(shell, "user_ns", {}).get("In")
    return len(inputs) - 1 if isinstance(inputs, list) and len(inputs) > 1 else None


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell as it was saved.

    Parameters
    ----------
    id
        Its id; ``None`` in a notebook older than format 4.5.
    type
        ``"code"``, ``"markdown"`` or ``"raw"``.
    source
        Its text.
    """

    id: str | None
    type: str
    source: str


@dataclass(frozen=True, slots=True)
class Saved:
    """A notebook as it was saved.

    Parameters
    ----------
    cells
        From top to bottom.
    at
        When it was saved; ``None`` when it was not, or cannot be read.
    """

    cells: tuple[Cell, ...] = ()
    at: datetime | None = None


def saved(notebook: Path) -> Saved:
    """Return a notebook as it was saved, read again only when the file has changed; empty when it cannot be read."""
    try:
        found = notebook.stat()
        cells = _cells(notebook, found.st_mtime_ns, found.st_size)
        return Saved(cells, datetime.fromtimestamp(found.st_mtime, UTC))
    except (OSError, ValueError, OverflowError, RecursionError):
        return Saved()


def cell_ids(notebook: Path) -> frozenset[str]:
    """Return the ids of the cells in a saved notebook; none when it cannot be read."""
    return frozenset(cell.id for cell in saved(notebook).cells if cell.id is not None)


@lru_cache(maxsize=16)
def _cells(notebook: Path, _changed: int, _size: int) -> tuple[Cell, ...]:
    read = json.loads(notebook.read_bytes())
    cells = read.get("cells") if isinstance(read, dict) else None
    return tuple(_cell(cell) for cell in cells if isinstance(cell, dict)) if isinstance(cells, list) else ()


def _cell(read: Mapping[str, Any]) -> Cell:
    """Take of a cell what is right; a source is one text, or a list of lines."""
    name, kind, source = read.get("id"), read.get("cell_type"), read.get("source")
    lines = source if isinstance(source, list) else [source]
    text = "".join(line for line in lines if isinstance(line, str))
    return Cell(name if isinstance(name, str) else None, kind if isinstance(kind, str) else "", text)


def _provider(user_ns: Mapping[str, Any], parent: Mapping[str, Any]) -> str:
    if "__vsc_ipynb_file__" in user_ns:
        return "vscode"
    if "PAPERMILL_OUTPUT_PATH" in user_ns:
        return "papermill"
    # nbclient, and so papermill and nbconvert, runs cells without a way to ask back and without cell ids.
    if "cellId" in parent.get("metadata", {}):
        return "jupyter"
    if parent.get("content", {}).get("allow_stdin") is False:
        return "headless"
    # jupyter console and its kin know no cells, and no server has started the kernel for a document.
    return "jupyter" if _is_our_own_session_name() else "console"


def _find(
    user_ns: Mapping[str, Any], given: str, environ: Mapping[str, str], cell_id: str | None
) -> tuple[Path | None, str]:
    if given:
        return Path(given).resolve(), "the setting notebook"
    if in_vscode := user_ns.get("__vsc_ipynb_file__"):
        return Path(in_vscode).resolve(), "VS Code"
    path = _from_server(environ)
    if path is not None and path.exists():
        return path, "the Jupyter server"
    if found := _from_name(Path(environ.get("JPY_SESSION_NAME", "")), cell_id):
        return found
    if run_by_papermill := user_ns.get("PAPERMILL_OUTPUT_PATH"):
        return Path(run_by_papermill).resolve(), "papermill"
    return None, "it could not be found, so the working directory is used"


def _from_name(name: Path, cell_id: str | None) -> tuple[Path, str] | None:
    """Go by the name that the kernel was started with, which a rename leaves as it was."""
    if not name.is_absolute() or not _is_our_own_session_name():
        return None
    if name.exists():
        return name.resolve(), "the name that the kernel was started with"
    path = _holding(cell_id, name.parent)
    return None if path is None else (path.resolve(), "the running cell, in a renamed file")


def _connection_file() -> Path:
    from ipykernel.connect import get_connection_file

    return Path(get_connection_file())


def _from_server(environ: Mapping[str, str]) -> Path | None:
    """Ask exactly the server that started us: its file is named after our parent's process."""
    import http.client
    import urllib.request  # 20 ms, and only kernels need it

    from jupyter_core.paths import jupyter_runtime_dir

    try:
        kernel_id = re.sub(r"^kernel-|\.json$", "", _connection_file().name)
        info_file = Path(jupyter_runtime_dir()) / f"jpserver-{environ.get('JPY_PARENT_PID')}.json"
        info = json.loads(info_file.read_text(encoding="utf-8"))
        token = info.get("token") or environ.get("JUPYTERHUB_API_TOKEN") or ""
        request = urllib.request.Request(info["url"] + "api/sessions", headers={"Authorization": f"token {token}"})  # noqa: S310 - our own server's address
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # never through http_proxy
        with opener.open(request, timeout=SERVER_TIMEOUT) as answer:
            sessions = json.load(answer)
        for session in sessions:
            if session["kernel"]["id"] == kernel_id and session.get("type") == "notebook":
                return (Path(info["root_dir"]) / re.sub(r"^(RTC|Drive):", "", session["path"])).resolve()
    except (OSError, ValueError, LookupError, TypeError, RuntimeError, http.client.HTTPException):
        pass  # a password-only server, a remote kernel, a gateway, a server that is gone: the next step answers
    return None


def _is_our_own_session_name() -> bool:
    """Tell our ``JPY_SESSION_NAME`` from one inherited by nbclient or papermill inside another kernel."""
    try:
        return bool(json.loads(_connection_file().read_text(encoding="utf-8")).get("jupyter_session"))
    except (OSError, ValueError, RuntimeError):
        return False


def _holding(cell_id: str | None, folder: Path) -> Path | None:
    """Find a notebook that was renamed in a shell: the newest in the folder that holds the running cell."""
    if not cell_id:
        return None
    try:
        paths = sorted(folder.glob("*.ipynb"), key=lambda path: path.stat().st_mtime, reverse=True)
    except OSError:
        return None
    return next((path for path in paths if cell_id in cell_ids(path)), None)
