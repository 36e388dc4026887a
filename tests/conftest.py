"""What every test gets: a folder of its own, no settings or keys from outside, and a shell when it asks for one."""

from __future__ import annotations

import gc
import itertools
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from IPython.core.displaypub import CapturingDisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from ipy_sessions import Session, SessionManager, Settings
from ipy_sessions.model.interface import Model
from ipy_sessions.testing import FixedSource, ScriptedModel

# No example may fail because a machine is slow. CI tries the same examples each time, so that it fails for a change and
# not by chance; HYPOTHESIS_PROFILE=random looks for new ones.
settings.register_profile("same", deadline=None, derandomize=True)
settings.register_profile("random", deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run in an empty folder, without settings and keys from outside, and without waiting for the offline model."""
    for name in list(os.environ):
        if name.startswith(("ANTHROPIC_", "IPY_SESSIONS_", "JPY_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("IPY_SESSIONS_OFFLINE_DELAY", "0")
    monkeypatch.setenv("IPY_SESSIONS_MODEL", "offline")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "home" / "ipython"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home" / "data"))
    folder = tmp_path / "work"
    folder.mkdir()
    (tmp_path / "home").mkdir()
    monkeypatch.chdir(folder)


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[SessionManager]:
    """Sessions of an empty folder, with ids and times that are known."""
    manager = SessionManager(
        tmp_path / "work" / ".sessions", settings=Settings(model="offline", offline_delay=0), source=FixedSource()
    )
    yield manager
    manager.close()


def scripted(manager: SessionManager, *scripts: Any) -> tuple[Session, ScriptedModel]:
    """Return a new session whose model says what it was told to."""
    model = ScriptedModel(*scripts)
    find: Callable[[str], Model] = lambda _name: model  # noqa: E731 - one line says it
    other = SessionManager(manager.store.path, settings=manager.settings, find_model=find, source=FixedSource())
    return other.create("scripted"), model


class Shell:
    """An IPython shell in this process.

    Parameters
    ----------
    ip
        IPython's shell.
    """

    def __init__(self, ip: Any, capture: pytest.CaptureFixture[str]) -> None:
        self.ip = ip
        self._capture = capture
        self.run("%load_ext ipy_sessions")

    def run(self, cell: str, at: str = "") -> str:
        """Run a cell, a new one or that of an id; return what it shows, as text."""
        self._capture.readouterr()
        if self.in_notebook:
            self.ip.display_pub.outputs.clear()
            self.ip.kernel.begin(at)
        self.result = self.ip.run_cell(cell, store_history=True)
        printed = "".join(self._capture.readouterr())
        return "\n".join([printed, *self.final_outputs("text/plain")])

    @property
    def in_notebook(self) -> bool:
        """Whether it shows outputs as a notebook does."""
        return isinstance(self.ip.display_pub, CapturingDisplayPublisher)

    @property
    def failed(self) -> bool:
        """Whether the last cell ended in an error."""
        return not self.result.success

    @property
    def outputs(self) -> list[dict[str, Any]]:
        """Every display message of the last cell, in order."""
        found: list[dict[str, Any]] = self.ip.display_pub.outputs if self.in_notebook else []
        return found

    def final_outputs(self, mime: str) -> list[str]:
        """Return what stays below the last cell: for each display its last update."""
        shown: dict[str, str] = {}
        for number, output in enumerate(self.outputs):
            shown[(output["transient"] or {}).get("display_id", str(number))] = output["data"].get(mime, "")
        return list(shown.values())


class NotebookKernel:
    """What the magics ask of ipykernel."""

    _runs = itertools.count(1)  # no id comes twice, also after a restart

    def __init__(self) -> None:
        self.stdin = True
        self.has_ids = True
        self._run = 0
        self._cell_id = ""

    def begin(self, cell_id: str = "") -> None:
        """Begin to run a cell."""
        self._run = next(self._runs)
        self._cell_id = cell_id or f"cell-{self._run}"

    def get_parent(self) -> dict[str, Any]:
        """Return the request that runs."""
        metadata = {"cellId": self._cell_id} if self.has_ids else {}
        return {"header": {"msg_id": f"run-{self._run}"}, "metadata": metadata, "content": {"allow_stdin": self.stdin}}


@pytest.fixture
def make_shell(capsys: pytest.CaptureFixture[str]) -> Iterator[Callable[..., Shell]]:
    """Return a function that makes the shell; called again, it makes one as after a restart of the kernel."""
    main = sys.modules["__main__"]

    def stop() -> None:
        if InteractiveShell.initialized():
            ip = InteractiveShell.instance()
            ip.run_line_magic("unload_ext", "ipy_sessions")
            ip.reset(new_session=False)
            InteractiveShell.clear_instance()
            sys.modules["__main__"] = main  # which a process that is spawned later looks for

    def make(*, notebook: Path | None = None, **settings: Any) -> Shell:
        stop()
        config = Config()
        config.HistoryManager.enabled = False
        config.InteractiveShell.colors = "nocolor"
        for name, value in settings.items():
            config.IPySessions[name] = value
        if notebook is None:
            return Shell(InteractiveShell.instance(config=config), capsys)
        config.IPySessions.notebook = str(notebook)
        config.InteractiveShell.display_pub_class = CapturingDisplayPublisher
        ip: Any = InteractiveShell.instance(config=config)
        ip.display_pub = CapturingDisplayPublisher(shell=ip)
        ip.kernel = NotebookKernel()
        return Shell(ip, capsys)

    yield make
    stop()
    gc.collect()


@pytest.fixture
def terminal(make_shell: Callable[..., Shell]) -> Shell:
    """IPython in a terminal, with the extension loaded."""
    return make_shell()


@pytest.fixture
def notebook(make_shell: Callable[..., Shell], tmp_path: Path) -> Shell:
    """IPython behind a notebook, with the extension loaded."""
    path = tmp_path / "work" / "analysis.ipynb"
    path.write_text('{"cells": [{"id": "cell-1"}]}')
    return make_shell(notebook=path)
