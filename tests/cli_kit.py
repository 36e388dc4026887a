"""The command line as a shell runs it, and a folder of sessions for it."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import ipy_sessions as ses
from ipy_sessions.cli.main import main

PROGRAM = (sys.executable, "-m", "ipy_sessions")


class Ran(NamedTuple):
    """What a line came to: its exit code, and what it printed."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        """What it printed, read as JSON."""
        return json.loads(self.out)


def run(*words: str, **environ: str) -> Ran:
    """Run a line in a process of its own, its output piped."""
    done = subprocess.run(
        [*PROGRAM, *words], capture_output=True, text=True, check=False, timeout=60, env={**os.environ, **environ}
    )
    return Ran(done.returncode, done.stdout, done.stderr)


def in_terminal(*words: str, **environ: str) -> str:
    """Run a line in a terminal of 24 lines; return what that is sent."""
    outer, inner = pty.openpty()
    env = {**os.environ, "TERM": "xterm", "LINES": "24", "COLUMNS": "80", **environ}
    process = subprocess.Popen([*PROGRAM, *words], stdin=inner, stdout=inner, stderr=inner, env=env)
    os.close(inner)
    sent = b"".join(_read(outer))
    process.wait(60)
    os.close(outer)
    return sent.decode()


def _read(terminal: int) -> Iterator[bytes]:
    while True:
        try:
            yield os.read(terminal, 65536)
        except OSError:  # nobody has it open any more
            return


@pytest.fixture
def line(capsys: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """Return what runs a line in this process."""

    def run_here(*words: str) -> Ran:
        capsys.readouterr()
        code = main(words)
        return Ran(code, *capsys.readouterr())

    return run_here


@pytest.fixture
def folder() -> Path:
    """Return a folder ``.sessions`` here: alice, who is on two branches, and after her a session without a name."""
    with ses.SessionManager(".sessions", settings=ses.Settings(model="offline", offline_delay=0)) as manager:
        alice = manager.create("alice")
        alice.prompt("My name is Alice")
        alice.prompt("What's my name?")
        alice.rewind(1)
        alice.prompt("My favourite language is Python")
        manager.create().prompt("Grüße aus Köln")
    return Path(".sessions").resolve()
