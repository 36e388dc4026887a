"""Open JupyterLab on a notebook. No key is needed, and none is used if there is one.

Usage: lab.py NOTEBOOK [ARGUMENTS OF JUPYTER LAB]
"""

from __future__ import annotations

import os
import sys
from pathlib import Path


def main() -> None:
    """Become JupyterLab."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ANTHROPIC_")}
    environment["IPY_SESSIONS_MODEL"] = "offline"
    as_root = ["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    notebook = Path(sys.argv[1])
    # The address that Lab prints, which is all that a user without a browser here has, leads to the notebook too.
    opened = [f"--ServerApp.root_dir={notebook.parent.resolve()}", f"--LabApp.default_url=/lab/tree/{notebook.name}"]
    command = [sys.executable, "-m", "jupyterlab", *as_root, *opened, *sys.argv[2:]]
    os.execve(sys.executable, command, environment)  # noqa: S606 - the user's own JupyterLab


if __name__ == "__main__":
    main()
