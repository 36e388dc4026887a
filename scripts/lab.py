"""Open JupyterLab on a notebook. No key is needed, and none is used if there is one.

Usage: lab.py NOTEBOOK [ARGUMENTS OF JUPYTER LAB]
"""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Become JupyterLab."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ANTHROPIC_")}
    environment["IPY_SESSIONS_MODEL"] = "offline"
    as_root = ["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    command = [sys.executable, "-m", "jupyterlab", *as_root, *sys.argv[1:]]
    os.execve(sys.executable, command, environment)  # noqa: S606 - the user's own JupyterLab


if __name__ == "__main__":
    main()
