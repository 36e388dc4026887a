"""A notebook that is run strictly, from its transcript, beside the same number of cells that do nothing.

Both are run by nbclient in a fresh kernel each, so what differs is loading, finding the session, and twenty answers.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import nbformat
from figures import Figure
from nbclient import NotebookClient

from ipy_sessions import SessionManager, Settings

TURNS = 20
ROUNDS = 5


def strict() -> list[Figure]:
    """Run the two in turn."""
    asks = [f"%agent question {number}" for number in range(TURNS)]
    with tempfile.TemporaryDirectory() as folder:
        with SessionManager(Path(folder) / ".sessions", settings=Settings(model="offline", offline_delay=0)) as manager:
            session = manager.create("logged")
            for ask in asks:
                session.prompt(ask.removeprefix("%agent "))
        times: list[list[float]] = [[], []]
        for _ in range(ROUNDS):
            ours = _executed(folder, "%load_ext ipy_sessions", *asks)
            times[0].append(ours)
            times[1].append(_executed(folder, *["pass"] * (TURNS + 1)))
    run, bare = (statistics.median(found) * 1000 for found in times)
    return [
        Figure(f"a strict run of {TURNS} turns, over a kernel and empty cells", run, bare, "ms", "difference", 1000)
    ]


def _executed(folder: str, *cells: str) -> float:
    """Return the seconds that nbclient takes; every ask has to be answered from the log."""
    notebook: Any = nbformat.v4.new_notebook()
    notebook.cells = [nbformat.v4.new_code_cell(cell) for cell in cells]
    client = NotebookClient(notebook, timeout=120, resources={"metadata": {"path": folder}})
    before = os.environ.get("IPY_SESSIONS_REPLAY")
    os.environ["IPY_SESSIONS_REPLAY"] = "strict"
    try:
        started = time.perf_counter()
        client.execute()
        took = time.perf_counter() - started
    finally:
        os.environ.pop("IPY_SESSIONS_REPLAY") if before is None else os.environ.update(IPY_SESSIONS_REPLAY=before)
    shown = str([cell.outputs for cell in notebook.cells]).count("replayed from")
    if cells[-1] != "pass" and shown < TURNS:
        raise AssertionError(f"{shown} of {TURNS} answers were replayed")
    return took
