"""Other processes that tests tell what to do, one line of Python after the other, and then kill."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any, Self

LOOP = """
import json, sys
names = {}
exec("import os\\nfrom ipy_sessions import *", names)
for line in sys.stdin:
    how, source = json.loads(line)
    try:
        answer = eval(source, names) if how == "eval" else exec(source, names)
    except BaseException as error:
        names["raised"] = error
        print(json.dumps({"raised": type(error).__name__, "text": str(error)}), flush=True)
    else:
        print(json.dumps({"answer": answer}, default=str), flush=True)
"""


class Process:
    """Another Python with everything from `ipy_sessions` imported."""

    def __init__(self) -> None:
        self._popen = subprocess.Popen(
            [sys.executable, "-c", LOOP], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.pid = self._popen.pid

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.kill()

    def tell(self, how: str, source: str) -> None:
        """Say what to do next, and go on."""
        assert self._popen.stdin is not None
        self._popen.stdin.write(json.dumps([how, source]) + "\n")
        self._popen.stdin.flush()

    def answer(self) -> Any:
        """Wait for what it was told last; return its value, or ``"NameOfError: what it says"``."""
        assert self._popen.stdout is not None
        got = json.loads(self._popen.stdout.readline() or '{"raised": "gone", "text": ""}')
        return got["answer"] if "answer" in got else f"{got['raised']}: {got['text']}"

    def run(self, source: str) -> None:
        """Run statements to their end."""
        self.tell("exec", source)
        answer = self.answer()
        assert answer is None, answer

    def ask(self, source: str) -> Any:
        """Return the value of an expression, or its error in words."""
        self.tell("eval", source)
        return self.answer()

    def kill(self) -> None:
        """End it as a power cut does; a second time does nothing."""
        if self._popen.poll() is None:
            os.kill(self.pid, signal.SIGKILL)
        self._popen.wait()
        for pipe in (self._popen.stdin, self._popen.stdout):
            assert pipe is not None
            pipe.close()


def run(source: str, *arguments: str | Path, prefix: tuple[str, ...] = ()) -> Any:
    """Run a program in a fresh Python to its end; return what it prints, read as JSON."""
    done = subprocess.run(
        [*prefix, sys.executable, "-c", source, *map(str, arguments)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def raw_lines(path: Path) -> list[dict[str, Any]]:
    """Return every line of a session's file but the header; each must be JSON and the last must end."""
    data = path.read_bytes()
    assert data.endswith(b"\n")
    return [json.loads(line) for line in data.split(b"\n")[1:-1]]
