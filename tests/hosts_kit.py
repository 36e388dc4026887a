"""Hosts to run for real: a kernel over its sockets, a program behind a pty, commands; and what they leave behind."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4
from typing import Any

import nbformat
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager


class Kernel:
    """A real kernel, asked by messages as a front end does."""

    def __init__(self, **environ: str) -> None:
        self.manager = KernelManager(kernel_name="python3")
        self.manager.start_kernel(env={**os.environ, **environ}, stderr=subprocess.DEVNULL)
        self.client: BlockingKernelClient = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=60)
        self.run("%load_ext ipy_sessions")
        self.pid = self.run("import os; print(os.getpid())")

    def send(self, code: str, cell_id: str = "") -> str:
        """Ask for a cell, a new one or that of an id, to be run, as a notebook's front end does; return the request."""
        content = {"code": code, "allow_stdin": True, "stop_on_error": True, "store_history": True, "silent": False}
        message = self.client.session.msg("execute_request", content, metadata={"cellId": cell_id or str(uuid4())})
        self.client.shell_channel.send(message)
        return str(message["header"]["msg_id"])

    def messages(self, request: str, timeout: float = 30) -> Iterator[dict[str, Any]]:
        """Yield what the kernel publishes for a request, until it is idle."""
        while True:
            message = self.client.get_iopub_msg(timeout=timeout)
            if message["parent_header"].get("msg_id") != request:
                continue
            if message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
                return
            yield message

    def run(self, code: str, cell_id: str = "") -> str:
        """Run a cell, a new one or that of an id, to its end; return what stays below it."""
        return shown(list(self.messages(self.send(code, cell_id))))

    def stop(self) -> None:
        """End the kernel."""
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)
        self.manager.cleanup_resources()


def shown(messages: list[dict[str, Any]]) -> str:
    """Return what stays below a cell after these messages."""
    outputs: dict[str, str] = {}
    for number, message in enumerate(messages):
        content = message["content"]
        if message["msg_type"] in {"display_data", "update_display_data", "execute_result"}:
            outputs[content.get("transient", {}).get("display_id") or str(number)] = content["data"]["text/plain"]
        elif message["msg_type"] == "stream":
            outputs[str(number)] = content["text"]
        elif message["msg_type"] == "error":
            outputs[str(number)] = "\n".join(content["traceback"])
    return "\n".join(outputs.values())


def sessions(folder: Path) -> list[list[dict[str, Any]]]:
    """Return the lines of every session beside a notebook, the oldest session first."""
    paths = sorted(folder.glob(".sessions/*.jsonl"))
    return [[json.loads(line) for line in path.read_bytes().splitlines()] for path in paths]


def lines(folder: Path) -> list[dict[str, Any]]:
    """Return the lines of the only session beside a notebook."""
    (only,) = sessions(folder)
    return only


def messages(folder: Path) -> list[dict[str, Any]]:
    """Return the messages of the only session beside a notebook."""
    return [line for line in lines(folder) if line["type"] == "message"]


def last_line() -> dict[str, Any]:
    """Return the last line of the only session of the working directory."""
    return lines(Path())[-1]


def write_notebook(path: Path, *cells: str) -> None:
    """Write a notebook of code cells."""
    kernel = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
    notebook = nbformat.v4.new_notebook(metadata={"kernelspec": kernel})
    notebook.cells = [nbformat.v4.new_code_cell(cell) for cell in cells]
    nbformat.write(notebook, path)


def command(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run Python with these arguments to its end, as a user does who types a command."""
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=False, timeout=120)


class Terminal:
    """A program of Python's in a real terminal.

    Parameters
    ----------
    arguments
        Python's: ``"-m", "IPython"``.
    kind
        What it can do: a ``"dumb"`` one writes one line below the other, an ``"xterm"`` has a line editor.
    """

    def __init__(self, *arguments: str, kind: str = "dumb") -> None:
        self.child, self._fd = pty.fork()
        if self.child == 0:
            os.execve(sys.executable, [sys.executable, *arguments], {**os.environ, "TERM": kind})  # noqa: S606
        self._seen = ""
        self._ended = False

    def type(self, text: str) -> None:
        """Type some keys."""
        os.write(self._fd, text.encode())

    def until(self, pattern: str, seconds: float = 30) -> str:
        """Read until something appears; return all up to there."""
        deadline = time.monotonic() + seconds
        while (found := re.search(pattern, self._seen)) is None:
            assert time.monotonic() < deadline, f"waited for {pattern!r}, saw:\n{self._seen}"
            if select.select([self._fd], [], [], 0.2)[0]:
                self._seen += os.read(self._fd, 65536).decode(errors="replace").replace("\r\n", "\n")
        read, self._seen = self._seen[: found.end()], self._seen[found.end() :]
        return read

    def close(self) -> None:
        """End the program; a second time does nothing."""
        if self._ended:
            return
        self._ended = True
        self.type("\x04")
        self.type("y\n")
        os.close(self._fd)
        os.waitpid(self.child, 0)
