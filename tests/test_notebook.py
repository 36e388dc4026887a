"""Where a magic runs, host by host. The real hosts are in test_hosts.py and in browser/."""

from __future__ import annotations

import json
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ipy_sessions.magics.order import saved_order
from ipy_sessions.notebook import Cell, Saved, cell_ids, look, saved
from ipy_sessions.replay import Order


def shell(*, cell: str | None = "c1", stdin: bool = True, **names: Any) -> SimpleNamespace:
    """Return what a kernel's shell tells."""
    parent = {"metadata": {"cellId": cell} if cell else {}, "content": {"allow_stdin": stdin}}
    return SimpleNamespace(execution_count=3, user_ns=names, kernel=SimpleNamespace(get_parent=lambda: parent))


def test_a_terminal_has_no_notebook(tmp_path: Path) -> None:
    """Its folder is the working directory; a setting may name a notebook all the same."""
    place = look(SimpleNamespace(execution_count=3), environ={})
    assert (place.notebook, place.provider, place.directory) == (None, "terminal", Path.cwd())
    given = look(SimpleNamespace(execution_count=3), given=str(tmp_path / "a.ipynb"), environ={})
    assert (given.notebook, given.directory) == (tmp_path / "a.ipynb", tmp_path)


def test_the_setting_goes_before_everything(tmp_path: Path) -> None:
    """What the user says is right."""
    place = look(shell(__vsc_ipynb_file__="/elsewhere.ipynb"), given=str(tmp_path / "a.ipynb"), environ={})
    assert (place.notebook, place.found_by) == (tmp_path / "a.ipynb", "the setting notebook")


def test_vscode_names_its_notebook(tmp_path: Path) -> None:
    """By a variable of its own (by its documentation; VS Code itself was not run)."""
    place = look(shell(cell=None, __vsc_ipynb_file__=str(tmp_path / "a.ipynb")), environ={})
    assert (place.notebook, place.provider, place.headless) == (tmp_path / "a.ipynb", "vscode", False)


def test_colab_has_no_path() -> None:
    """Its notebooks are no files (by its documentation; Colab itself was not run)."""
    colab = shell()
    colab.extension_manager = SimpleNamespace(loaded={"google.colab"})
    place = look(colab, environ={})
    assert (place.notebook, place.provider, place.directory) == (None, "colab", Path.cwd())
    given = look(colab, given="/content/drive/a.ipynb", environ={})
    assert given.notebook == Path("/content/drive/a.ipynb")


def test_papermill_names_its_output(tmp_path: Path) -> None:
    """When it was told to inject its paths."""
    place = look(shell(cell=None, stdin=False, PAPERMILL_OUTPUT_PATH=str(tmp_path / "out.ipynb")), environ={})
    assert (place.notebook, place.provider, place.headless) == (tmp_path / "out.ipynb", "papermill", True)


def test_a_kernel_that_cannot_ask_and_has_no_cells_is_headless() -> None:
    """nbclient; a console can ask, a notebook has cells."""
    assert look(shell(cell=None, stdin=False), environ={}).headless
    assert not look(shell(cell=None), environ={}).headless
    assert not look(shell(stdin=False), environ={}).headless


def test_a_kernel_that_can_ask_and_has_no_cells_is_a_console() -> None:
    """A console shows no update of a display; a notebook does, and what nobody watches keeps the last."""
    place = look(shell(cell=None), environ={})
    assert (place.provider, place.updates) == ("console", False)
    assert look(shell(), environ={}).updates
    assert look(shell(cell=None, stdin=False), environ={}).updates
    assert not look(SimpleNamespace(execution_count=3), environ={}).updates


def test_an_inherited_session_name_is_not_ours(tmp_path: Path) -> None:
    """Nbclient inside another kernel must not take its parent's notebook."""
    parent = tmp_path / "parent.ipynb"
    parent.write_text("{}")
    assert look(shell(), environ={"JPY_SESSION_NAME": str(parent)}).notebook is None


@pytest.mark.parametrize(
    "text", ["", "[]", '{"cells": 3}', '{"cells": [{"id": 3}, 4, {}]}', '{"cells": ' + "[" * 100_000, "\xff", "{}"]
)
def test_a_notebook_that_cannot_be_read_has_no_cells(tmp_path: Path, text: str) -> None:
    """Never an error: the notebook is the user's, and may be half saved."""
    path = tmp_path / "a.ipynb"
    path.write_text(text)
    assert cell_ids(path) == frozenset()
    assert cell_ids(tmp_path / "none.ipynb") == frozenset()


def test_cell_ids_are_those_of_the_saved_notebook(tmp_path: Path) -> None:
    """Older notebooks have none."""
    path = tmp_path / "a.ipynb"
    path.write_text(json.dumps({"cells": [{"id": "c1"}, {"source": ""}, {"id": "c2"}]}))
    assert cell_ids(path) == {"c1", "c2"}


def test_a_saved_notebook_is_read_as_far_as_it_can_be(tmp_path: Path) -> None:
    """From top to bottom, whatever stands in it; lines or one text, with ids or without."""
    path = tmp_path / "a.ipynb"
    cells = [
        {"id": "c1", "cell_type": "code", "source": ["a\n", "b"], "outputs": [{"data": {"text/plain": "x"}}]},
        {"id": 3, "cell_type": "markdown", "source": "# A"},
        "no cell",
        {"id": "c2", "cell_type": None, "source": [1, "c"]},
    ]
    path.write_text(json.dumps({"cells": cells, "nbformat": 4}))
    found = saved(path)
    assert found.cells == (Cell("c1", "code", "a\nb"), Cell(None, "markdown", "# A"), Cell("c2", "", "c"))
    assert saved(tmp_path / "none.ipynb") == saved(tmp_path) == saved(Path("\0")) == Saved()


def test_a_notebook_is_read_again_when_it_was_saved_again(tmp_path: Path) -> None:
    """An ask sees the order of the cells as they were last saved, and when that was."""
    path = tmp_path / "a.ipynb"
    for ids in (["c1", "c2"], ["c2", "c1"]):
        path.write_text(json.dumps({"cells": [{"id": name} for name in ids]}))
        at = 1_772_360_100 + ids.index("c1")
        os.utime(path, (at, at))
        assert saved_order(path) == Order(tuple(ids), f"2026-03-01T10:15:0{ids.index('c1')}.000Z", frozenset())
    path.write_text(json.dumps({"cells": [{"id": "c1", "source": "x = 1\n%session rewind 2"}, {"id": "c2"}]}))
    assert saved_order(path).moving == frozenset({"c1"})
    assert saved_order(None) == saved_order(tmp_path / "none.ipynb") == Order(moving=frozenset())
