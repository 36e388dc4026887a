"""A notebook that is edited, saved and run, in a shell of this process."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ipy_sessions.encoding import decode
from ipy_sessions.entries import Header


class Sheet:
    """A notebook: its cells from top to bottom, its file, its kernel.

    Parameters
    ----------
    make_shell
        Makes a kernel.
    path
        The notebook's file.
    settings
        The kernel's.
    """

    def __init__(self, make_shell: Callable[..., Any], path: Path, **settings: Any) -> None:
        self.path = path
        self.cells: dict[str, str] = {}
        self._make_shell = make_shell
        self._settings = {"model": "offline", "offline_delay": 0, **settings}
        self._clock = 1_700_000_000
        self.save()
        self.restart()

    def write(self, *sources: str) -> None:
        """Write cells at the end, called a, b, c … as they come."""
        for source in sources:
            self.cells[chr(ord("a") + len(self.cells))] = source
        self.save()

    def put(self, cell: str, source: str, above: str = "") -> None:
        """Write a cell, anew or above another."""
        cells = [(one, text) for one, text in self.cells.items() if one != cell]
        order = [one for one, _ in cells]
        cells.insert(order.index(above) if above else len(order), (cell, source))
        self.cells = dict(cells)
        self.save()

    def edit(self, cell: str, source: str) -> str:
        """Change a cell, save, and run it; return what it shows."""
        self.cells[cell] = source
        self.save()
        return self.run(cell)

    def save(self) -> None:
        """Write the file, at a time of its own."""
        cells: list[dict[str, Any]] = [
            {"id": cell, "cell_type": "code", "source": source, "metadata": {}, "outputs": [], "execution_count": None}
            for cell, source in self.cells.items()
        ]
        self.path.write_text(json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
        self._clock += 1
        os.utime(self.path, (self._clock, self._clock))

    def restart(self, **settings: Any) -> None:
        """Begin a fresh kernel."""
        self.shell = self._make_shell(notebook=self.path, **{**self._settings, **settings})

    def run(self, cell: str) -> str:
        """Run one cell; return what it shows."""
        shown: str = self.shell.run(self.cells[cell], at=cell)
        return shown

    def run_all(self) -> dict[str, str]:
        """Run all cells from top to bottom; return what each shows."""
        return {cell: self.run(cell) for cell in self.cells}

    @property
    def asked(self) -> int:
        """How often a model was asked, by what all sessions of the folder say."""
        return sum(line.get("role") == "user" and "carried_from" not in line for line in self.lines)

    @property
    def lines(self) -> list[dict[str, Any]]:
        """Every line of every session of the folder."""
        found = []
        for path in sorted((self.path.parent / ".sessions").glob("*.jsonl")):
            for line in path.read_bytes().splitlines():
                entry = decode(line)
                if not isinstance(entry, Header):
                    found.append({"id": entry.id, "type": entry.type, "parent_id": entry.parent_id, **entry.fields})
        return found
