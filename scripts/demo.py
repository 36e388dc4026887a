"""Run a notebook without a browser and print what a reader of it would see.

Usage: demo.py NOTEBOOK

It runs on a copy in a temporary folder, so that neither the notebook nor its sessions change.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient


def main() -> None:
    """Run the notebook and print it cell by cell."""
    source = Path(sys.argv[1])
    os.environ["IPY_SESSIONS_MODEL"] = "offline"
    os.environ.setdefault("IPY_SESSIONS_OFFLINE_DELAY", "0.001")
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(shutil.copy(source, folder))
        notebook = nbformat.read(copy, as_version=4)
        client = NotebookClient(notebook, timeout=120, resources={"metadata": {"path": folder}})
        client.execute()
    for cell in notebook.cells:
        print(shown(cell), end="\n\n")


def shown(cell: Any) -> str:
    """Return a cell as text: its source, and what stands below it."""
    if cell.cell_type != "code":
        return str(cell.source)
    number = f"In [{cell.execution_count}]: "
    lines = [number + cell.source.replace("\n", "\n" + " " * len(number))]
    for output in cell.outputs:
        text = output.get("text") or output.get("data", {}).get("text/plain", "")
        lines.append(str(text).rstrip())
    return "\n".join(lines)


if __name__ == "__main__":
    main()
