"""A real kernel that talks to a server of the Messages API, with the real SDK in between."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from hosts_kit import Kernel, shown

from ipy_sessions.testing import MessagesServer


class Talk:
    """A kernel that asks a server, in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.server = MessagesServer(models=[{"id": "model-a"}]).start()
        self.echo = self.server.otherwise
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(folder)
            for name in ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "IPY_SESSIONS_MODEL"):
                patch.delenv(name, raising=False)
            self.kernel = Kernel(
                HOME=str(folder),
                IPYTHONDIR=str(folder / "ipython"),
                ANTHROPIC_BASE_URL=self.server.url,
                IPY_SESSIONS_TIMEOUT="0.5",
                IPY_SESSIONS_RETRY_WAIT="0.01",
            )

    def begin(self) -> None:
        """Begin another session; forget what the server was told before."""
        self.server.forget()
        self.server.otherwise = self.echo
        self.kernel.run("%session new")

    def lines(self) -> list[dict[str, Any]]:
        """Return the messages of the session."""
        path = Path(self.kernel.run("%session file").removesuffix("\n"))
        return [line for line in map(json.loads, path.read_bytes().splitlines()) if line["type"] == "message"]

    def goes_on(self) -> None:
        """Ask once more: the server takes the history, and the answer is complete."""
        self.server.forget()
        below = self.kernel.run("%agent and now?")
        assert "You said:" in below
        assert "and now?" in below
        assert self.lines()[-1]["stop_reason"] == "end_turn"

    def stopped(self, cell: str, seen: str) -> str:
        """Run a cell, press Stop when the server was asked and `seen` can be read; return what stays below the cell."""
        asked = self.kernel.send(cell)
        while not self.server.asked:
            time.sleep(0.01)
        messages: list[dict[str, Any]] = []
        pressed = False
        for message in self.kernel.messages(asked, timeout=20):
            messages.append(message)
            if not pressed and seen in str(message["content"]):
                pressed = True
                self.kernel.manager.interrupt_kernel()
        return shown(messages)

    def stop(self) -> None:
        """End both."""
        self.kernel.stop()
        self.server.stop()
