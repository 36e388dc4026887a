"""Notebooks that travel with their transcripts: run where nobody watches, without a key and without a network."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import nbformat
import pytest
from hosts_kit import Kernel, command, write_notebook
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

import ipy_sessions as ses
from ipy_sessions.testing.server import MessagesServer

TUTORIALS = Path(__file__).parents[1] / "notebooks"
LOAD, ASK, AGAIN = "%load_ext ipy_sessions", "%%agent\nMy name is Alice", "%agent What is my name?"


@pytest.fixture
def nobody(monkeypatch: pytest.MonkeyPatch) -> Iterator[MessagesServer]:
    """A server that nobody is to ask, where the default model would be found."""
    with MessagesServer() as server:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", server.url)
        monkeypatch.delenv("IPY_SESSIONS_MODEL")
        yield server
        assert server.requests == []


def record(path: Path) -> None:
    """Run a notebook's cells in a kernel that is told their ids, as a front end does, and share what was said."""
    kernel = Kernel(IPY_SESSIONS_NOTEBOOK=str(path), IPY_SESSIONS_MODEL="offline", IPY_SESSIONS_OFFLINE_DELAY="0")
    try:
        for cell in nbformat.read(path, as_version=4).cells:
            if cell.cell_type == "code":
                kernel.run(cell.source, cell.id)
        kernel.run("%session share --all")
    finally:
        kernel.stop()


def execute(path: Path) -> dict[str, str]:
    """Run a notebook by nbclient; return what stands below each cell."""
    notebook: Any = nbformat.read(path, as_version=4)
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(path.parent)}}).execute()
    return {cell.id: str(cell.get("outputs")) for cell in notebook.cells}


def content(folder: Path) -> dict[Path, bytes]:
    """Return what all sessions of a folder hold."""
    return {path: path.read_bytes() for path in (folder / ".sessions").glob("*.jsonl")}


@pytest.mark.usefixtures("nobody")
@pytest.mark.parametrize("name", ["01_first_session", "02_branch_and_replay"])
def test_a_tutorial_runs_from_its_transcript(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Recorded, shared, copied elsewhere and run strictly: what its cells show comes from the log, which stays."""
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    record(Path(shutil.copy(TUTORIALS / f"{name}.ipynb", here)))
    shutil.copytree(here, there, ignore=shutil.ignore_patterns(".index", ".cache", ".trash"))
    monkeypatch.setenv("IPY_SESSIONS_REPLAY", "strict")
    asked = {path: data.count(b'"role":"user"') for path, data in content(there).items()}
    below = execute(there / f"{name}.ipynb")
    assert sum("replayed from" in shown for shown in below.values()) >= 5
    assert {path: data.count(b'"role":"user"') for path, data in content(there).items()} == asked


@pytest.mark.usefixtures("nobody")
def test_strict_fails_with_a_diff_and_asks_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """The cell's error holds what is logged and what the cell says, and the way to record it."""
    write_notebook(Path("talk.ipynb"), LOAD, ASK, AGAIN)
    record(Path("talk.ipynb").resolve())
    before = content(Path())
    monkeypatch.setenv("IPY_SESSIONS_REPLAY", "strict")
    write_notebook(Path("talk.ipynb"), LOAD, ASK, "%agent What is my first name?")
    with pytest.raises(CellExecutionError) as failed:
        execute(Path("talk.ipynb"))
    for part in ("- What is my name?", "+ What is my first name?", "IPY_SESSIONS_REPLAY=auto"):
        assert part in str(failed.value)
    assert "Traceback" not in str(failed.value)
    assert content(Path()) == before


@pytest.mark.usefixtures("nobody")
def test_papermill_runs_in_parallel_from_one_transcript(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each run shows what is logged; nobody waits for another, and the log stays as it is."""
    write_notebook(Path("talk.ipynb"), LOAD, ASK, AGAIN)
    record(Path("talk.ipynb").resolve())
    before = content(Path())
    monkeypatch.setenv("IPY_SESSIONS_REPLAY", "strict")

    def run(number: int) -> None:
        done = command("-m", "papermill", "--no-progress-bar", "talk.ipynb", f"out-{number}.ipynb")
        assert done.returncode == 0, done.stderr

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(run, range(8)))
    for number in range(8):
        assert Path(f"out-{number}.ipynb").read_text().count("replayed from") >= 2
    assert content(Path()) == before


def test_a_new_ask_of_papermill_goes_into_a_fork(monkeypatch: pytest.MonkeyPatch) -> None:
    """With replay set and not strict; the transcript stays as it is."""
    write_notebook(Path("talk.ipynb"), LOAD, ASK, AGAIN)
    record(Path("talk.ipynb").resolve())
    before = content(Path())
    monkeypatch.setenv("IPY_SESSIONS_REPLAY", "auto")
    write_notebook(Path("talk.ipynb"), LOAD, ASK, AGAIN, "%agent count to 3")
    done = command("-m", "papermill", "--no-progress-bar", "talk.ipynb", "out.ipynb")
    assert done.returncode == 0, done.stderr
    text = Path("out.ipynb").read_text()
    assert text.count("replayed from") >= 2
    assert "forked into" in text
    after = content(Path())
    assert before.items() <= after.items()
    assert len(after) == len(before) + 1
    (fork,) = (path for path in after if path not in before)
    with ses.SessionManager(".sessions") as manager:
        asked = [turn.ask.text for turn in manager.open(fork, read_only=True).turns.active()]
    assert asked == ["My name is Alice", "What is my name?", "count to 3"]


def test_a_run_of_which_nothing_is_logged_begins_a_session_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """With replay set it goes on with no other conversation that happens to be there."""
    write_notebook(Path("talk.ipynb"), LOAD, ASK, AGAIN)
    record(Path("talk.ipynb").resolve())
    monkeypatch.setenv("IPY_SESSIONS_REPLAY", "auto")
    write_notebook(Path("other.ipynb"), LOAD, "%agent What is my name?!")
    below = execute(Path("other.ipynb").resolve())
    assert any("new session" in shown for shown in below.values())
    assert not any("forked" in shown or "**Alice**" in shown for shown in below.values())
