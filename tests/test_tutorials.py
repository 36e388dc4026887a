"""The second and the third notebook keep their word: run from top to bottom, and with what is to be done by hand."""

from __future__ import annotations

import re
import shutil
import tomllib
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from conftest import Shell
from nbclient import NotebookClient

import ipy_sessions as ses
from ipy_sessions.testing import MessagesServer

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
NOTEBOOK = NOTEBOOKS / "02_branch_and_replay.ipynb"
DATA = NOTEBOOKS / "03_transcripts_as_data.ipynb"
CORPUS = NOTEBOOKS / "transcripts"


class Reader:
    """Somebody who runs the notebook's cells one by one, in a front end that tells which cell it is.

    Parameters
    ----------
    shell
        Where the cells run.
    """

    def __init__(self, shell: Shell) -> None:
        self.shell = shell
        self.cells = {cell.id: cell.source for cell in nbformat.read(NOTEBOOK, as_version=4).cells}

    def run(self, cell: str, old: str = "", new: str = "") -> str:
        """Run a cell, one word of it changed; return what it shows."""
        return self.shell.run(self.cells[cell].replace(old, new) if old else self.cells[cell], cell)

    def run_from(self, first: str, last: str) -> dict[str, str]:
        """Run the cells from one to another that are code and can be run; return what each shows."""
        ids = list(self.cells)
        code = [cell for cell in ids[ids.index(first) : ids.index(last) + 1] if self.cells[cell][0] in "%i"]
        return {cell: self.run(cell) for cell in code}


@pytest.fixture
def reader(make_shell: Callable[..., Shell]) -> Reader:
    """Return somebody who has opened a copy of the notebook."""
    return Reader(make_shell(notebook=Path(shutil.copy(NOTEBOOK, Path.cwd()))))


def turns() -> int:
    """Return how many turns the notebook's session has, on all branches."""
    session = ses.current()
    assert session is not None
    return len(session.turns)


def test_what_it_says_of_running_again_changing_and_undoing(reader: Reader) -> None:
    """Its lines are those that the reader sees, and the figures those that it names."""
    reader.run_from("load", "where")
    assert "replayed from" in reader.run("name")
    assert turns() == 3
    edited = reader.run("language", "Rust", "Go")
    assert "This cell has changed since turn 2, so the conversation branches before it. 1 turn is on the" in edited
    assert "To go back: undo the edit and run this cell, or `%session switch 3`." in edited
    assert "Your favourite language is **Go**." in reader.run("both")
    assert turns() == 5
    assert "replayed from" in reader.run("language")
    assert "**Rust**" in reader.run("both")
    assert turns() == 5


@pytest.mark.parametrize("by_hand", [False, True])
def test_it_goes_on_with_and_without_what_is_done_by_hand(reader: Reader, *, by_hand: bool) -> None:
    """Turn 3 is the question of above, either way; and run again from top to bottom it asks nothing."""
    reader.run_from("load", "where")
    if by_hand:
        for changed in (("Rust", "Go"), ("", "")):
            reader.run("language", *changed)
            reader.run("both")
    shown = reader.run_from("label", "unhidden")
    assert "> My name is Alice" in shown["first"]
    assert "This is turn 4" in shown["count"]
    assert "you do not tell your name" in shown["hidden"]
    assert "**Alice**" in shown["unhidden"]
    asked = turns()
    reader.run_from("load", "unhidden")
    assert turns() == asked


def test_it_ends_with_a_folder_that_git_has(reader: Reader) -> None:
    """What is not logged is refused with a difference, and sharing takes the folder's path out."""
    reader.run_from("load", "both")
    reader.run("strict")
    assert "+ What did I say last?" in reader.run("refused")
    reader.run("auto")
    assert "cwd" in reader.run("share-check")
    assert "cwd" in reader.run("share")
    assert "!/.gitignore" in reader.run("gitignore")


def test_it_runs_from_top_to_bottom_and_spends_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every cell, without a browser; also where there is a key."""
    monkeypatch.delenv("IPY_SESSIONS_MODEL")
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    with MessagesServer() as server:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", server.url)
        NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(tmp_path)}}).execute()
        assert server.requests == []
    below = {cell.id: str(cell.get("outputs")) for cell in notebook.cells}
    assert "This is turn 3" in below["fork-ask"]
    assert "opened branches, 14 messages" in below["open"]
    assert "+ What did I say last?" in below["refused"]


def texts(cell: nbformat.NotebookNode) -> str:
    """Return what stands below a cell, as text."""
    outputs = cell.get("outputs", [])
    return "\n".join(output.get("text") or output["data"]["text/plain"] for output in outputs)


def test_the_third_shows_what_it_says_and_asks_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every cell, on a copy; the figures are those that its words name; two plots; the corpus stays as it is."""
    monkeypatch.delenv("IPY_SESSIONS_MODEL")
    copy = Path(shutil.copytree(CORPUS, tmp_path / "transcripts"))
    before = {path.relative_to(copy): path.read_bytes() for path in copy.rglob("*") if path.is_file()}
    notebook = nbformat.read(DATA, as_version=4)
    with MessagesServer() as server:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", server.url)
        NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(tmp_path)}}).execute()
        assert server.requests == []
    below = {cell.id: texts(cell) for cell in notebook.cells}
    assert "18 turns on all branches, 17 on the active ones" in below["branches"]
    assert below["failed"].count("claude_code, Bash") == below["failed"].count("pi, bash") == 1
    assert "0.026066 dollars are known, of 13 of 26 answers" in below["sums"]
    assert below["once"].count("True") == below["once"].count("<NA>") == 2
    assert "rain" in below["sql-word"].lower()
    assert "gauge" in below["search"].lower()
    pictures = [cell.id for cell in notebook.cells if "image/" in str(cell.get("outputs"))]
    assert pictures == ["plot-usage", "plot-days"]
    assert "No price is known of 13 of 26 answers" in below["plot-usage"]
    assert not any(output.get("name") == "stderr" for cell in notebook.cells for output in cell.get("outputs", []))
    assert {path.relative_to(copy): path.read_bytes() for path in copy.rglob("*") if path.is_file()} == before


def test_the_corpus_is_read_whole() -> None:
    """Five formats; no line that cannot be read, no file left out, every turn with its answer; each cost once."""
    tables = ses.read(CORPUS)
    sessions = tables.sessions.to_pandas()
    assert sorted(sessions["format"]) == ["claude_code", "codex", "ipy_sessions", "ipy_sessions", "pi", "plain"]
    assert sessions["bad_lines"].sum() == 0
    assert tables.skipped == ()
    assert tables.turns.to_pandas()["complete"].all()
    calls = tables.tools.to_pandas()
    assert calls["result_id"].notna().all()
    assert (calls["duration_ms"] >= 0).all()
    usage = tables.usage.to_pandas()
    assert usage["id"].is_unique
    assert usage["cost_usd"].sum() == pytest.approx(sessions["known_cost_usd"].sum())


def test_make_lab_installs_what_the_tutorials_need() -> None:
    """Every extra that a notebook names, and pandas' plots: a newcomer runs all of it behind one command."""
    extras = tomllib.loads((NOTEBOOKS.parent / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    (own,) = (one for one in extras["lab"] if one.startswith("ipy_sessions["))
    installed = set(own.partition("[")[2].rstrip("]").split(","))
    texts = "".join(path.read_text() for path in NOTEBOOKS.glob("*.ipynb"))
    named = set(re.findall(r"ipy_sessions\[(\w+)\]", texts))
    assert named
    assert named | {"plot"} <= installed


def test_no_tutorial_is_kept_with_outputs() -> None:
    """They are run by their readers."""
    for path in NOTEBOOKS.glob("*.ipynb"):
        cells = nbformat.read(path, as_version=4).cells
        assert [cell.id for cell in cells if cell.get("outputs") or cell.get("execution_count")] == []
