"""What ``import ipy_sessions`` and ``%load_ext`` add to the start of a bare IPython."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time

from figures import Figure

ROUNDS = 15
BARE = "import IPython.core.interactiveshell as i; shell = i.InteractiveShell.instance()"
LOADED = f"{BARE}; import ipy_sessions; shell.run_line_magic('load_ext', 'ipy_sessions')"


def startup() -> list[Figure]:
    """Start fresh processes, one with and one without, in turn."""
    times: dict[str, list[float]] = {BARE: [], LOADED: []}
    with tempfile.TemporaryDirectory() as home:
        environment = {**os.environ, "IPYTHONDIR": home}
        for turn in range(ROUNDS + 1):
            for code, found in times.items():
                started = time.perf_counter()
                subprocess.run([sys.executable, "-c", code], check=True, env=environment, cwd=home)
                if turn:  # the first pair warms the caches
                    found.append((time.perf_counter() - started) * 1000)
    loaded, bare = statistics.median(times[LOADED]), statistics.median(times[BARE])
    return [Figure("import and %load_ext, over a bare IPython", loaded, bare, "ms", "difference", 60)]
