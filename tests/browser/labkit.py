"""Drive a real JupyterLab, or a real Notebook 7, in a real Chromium.

`LabServer` is a private Jupyter server, `chromium` a headless browser, `Lab` one page with one notebook. It is driven
through its own commands and model where a test is about us, and by mouse and keyboard where it is about the user.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from playwright.sync_api import Browser, Page, sync_playwright

CHROMIUM_ARGUMENTS = [
    "--no-sandbox",  # needed where Chromium runs as root, as in many containers
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

# Every folder that Jupyter would otherwise take from the developer's home.
PRIVATE_FOLDERS = (
    "JUPYTER_CONFIG_DIR",
    "JUPYTER_DATA_DIR",
    "JUPYTER_RUNTIME_DIR",
    "IPYTHONDIR",
    "JUPYTERLAB_SETTINGS_DIR",
    "JUPYTERLAB_WORKSPACES_DIR",
)

# From the name of the module to the page with a notebook, and to what gives that page `window.jupyterapp`.
APPLICATIONS = {
    "jupyterlab": ("lab/tree/{}?reset&", "--LabApp.expose_app_in_browser=True"),
    "notebook": ("notebooks/{}?", "--JupyterNotebookApp.expose_app_in_browser=True"),
}

# Beginnings of the variables that would tell the kernels whom to ask, or whose they are.
OUTSIDE = ("ANTHROPIC_", "IPY_SESSIONS_", "JPY_")

# Without this, Lab asks about news at its first start, and the dialog covers the notebook.
QUIET = {"@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False}}

# `kernel.status` alone says idle while a widget's message is answered and a cell still runs: the cells are asked too.
IDLE = """name => {
    const panel = window.jupyterapp?.shell.currentWidget;
    if (!panel?.content?.widgets || !panel.sessionContext || !panel.context.isReady) return false;
    if (name && !panel.context.path.endsWith(name)) return false;
    const kernel = panel.sessionContext.session?.kernel;
    return !!kernel && kernel.connectionStatus === 'connected' && kernel.status === 'idle'
        && panel.content.widgets.every(cell => cell.model.type !== 'code' || cell.model.executionState !== 'running');
}"""


class LabServer:
    """One Jupyter server with its own home, root folder, port and token.

    Parameters
    ----------
    root
        Folder that the server shows.
    home
        Folder for every setting and cache.
    env
        More environment variables, for the server and its kernels. Whom they ask depends on nothing else: what is set
        outside of models and of this package is left out.
    application
        Of `APPLICATIONS`.
    """

    def __init__(
        self, root: Path, home: Path, env: dict[str, str] | None = None, *, application: str = "jupyterlab"
    ) -> None:
        self.application = application
        self._page, expose = APPLICATIONS[application]
        self.root, self.token = root, secrets.token_hex(16)
        folders = {name: home / name.lower() for name in PRIVATE_FOLDERS}
        for folder in (root, *folders.values()):
            folder.mkdir(parents=True, exist_ok=True)
        overrides = folders["JUPYTER_CONFIG_DIR"] / "labconfig"
        overrides.mkdir()
        (overrides / "default_setting_overrides.json").write_text(json.dumps(QUIET))
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        command = [
            *(sys.executable, "-m", application, "--no-browser", "--ip=127.0.0.1", "--allow-root"),
            *(f"--port={port}", "--ServerApp.port_retries=0", f"--IdentityProvider.token={self.token}"),
            *(f"--ServerApp.root_dir={root}", "--ServerApp.terminals_enabled=False"),
            expose,
        ]
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(OUTSIDE)},
            **{name: str(path) for name, path in folders.items()},
            "HOME": str(home),
            **(env or {}),
        }
        self._log = home / "server.log"
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                command, env=environment, stdout=log, stderr=subprocess.STDOUT, cwd=root, start_new_session=True
            )
        self._wait()

    def address(self, name: str) -> str:
        """Return the address of the page that shows a notebook."""
        return f"{self.url}/{self._page.format(name)}token={self.token}"

    def api(self, path: str, method: str = "GET") -> Any:
        """Call the server's REST interface; returns the decoded answer, ``None`` for an empty one."""
        headers = {"Authorization": f"token {self.token}"}
        request = urllib.request.Request(self.url + path, method=method, headers=headers)  # noqa: S310 - loopback
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
            raw = answer.read()
        return json.loads(raw) if raw else None

    def close_kernels(self) -> None:
        """Shut down every kernel that a test has left."""
        for session in self.api("/api/sessions"):
            self.api(f"/api/sessions/{session['id']}", method="DELETE")

    def stop(self) -> None:
        """Stop the server and its kernels."""
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _wait(self, seconds: float = 90) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                break
            try:
                self.api("/api/status")
            except OSError:
                time.sleep(0.1)
            else:
                return
        raise RuntimeError(f"the Jupyter server did not start:\n{self._log.read_text()[-3000:]}")


class Lab:
    """One page with one notebook; cells are addressed by their position.

    Parameters
    ----------
    page
        Playwright's page.
    server
        The server to open notebooks from.
    """

    def __init__(self, page: Page, server: LabServer) -> None:
        self.page, self.server = page, server

    def open(self, name: str) -> Self:
        """Open a notebook and wait for its kernel."""
        self.page.goto(self.server.address(name), wait_until="domcontentloaded")
        self.idle(name)
        return self

    def idle(self, name: str | None = None) -> None:
        """Wait until the kernel is idle and no cell runs."""
        self.page.wait_for_function(IDLE, arg=name, timeout=60_000)

    def command(self, name: str) -> None:
        """Run one of Lab's commands and wait for it."""
        self.page.evaluate("name => jupyterapp.commands.execute(name).then(() => null)", name)

    def restart(self) -> None:
        """Restart the kernel from the menu, with the mouse, and wait until it is there again."""
        self.menu("Kernel", "Restart Kernel…")
        self.page.locator(".jp-Dialog button.jp-mod-accept").click()
        self.page.wait_for_selector(".jp-Dialog", state="detached")
        self.idle()

    def stop(self) -> None:
        """Press the toolbar's Stop."""
        button = '[data-command="notebook:interrupt-kernel"], [title^="Interrupt the kernel"]'
        self.page.locator(button).first.click()

    def menu(self, *labels: str) -> None:
        """Choose from the menu bar with the mouse."""
        self.page.get_by_role("menuitem", name=labels[0], exact=True).first.click()
        for label in labels[1:]:
            self.page.locator(".lm-Menu-item:visible", has_text=label).first.click()

    def type(self, text: str) -> int:
        """Type into a new cell at the end; return its position."""
        last = self.count() - 1
        self.select(last)
        self.command("notebook:insert-cell-below")
        editor = self.page.locator(".jp-Notebook .jp-Cell.jp-mod-active .cm-content")
        editor.click()
        self.page.keyboard.type(text)
        return last + 1

    def run(self, index: int, *, wait: bool = True) -> None:
        """Run one cell."""
        self.select(index)
        if wait:
            self.command("notebook:run-cell")
            self.idle()
        else:  # the braces matter: an arrow function that returns the promise would be waited for
            self.page.evaluate("() => { jupyterapp.commands.execute('notebook:run-cell'); }")

    def ask(self, text: str) -> str:
        """Type a cell, run it to its end, return what it shows."""
        index = self.type(text)
        self.run(index)
        return self.text(index)

    def count(self) -> int:
        """Return the number of cells."""
        return int(self.page.evaluate("() => jupyterapp.shell.currentWidget.content.widgets.length"))

    def select(self, index: int) -> None:
        """Make a cell the active one."""
        self.page.evaluate(
            """index => { const notebook = jupyterapp.shell.currentWidget.content;
                          notebook.activeCellIndex = index; notebook.mode = 'command'; notebook.node.focus() }""",
            index,
        )

    def outputs(self, index: int) -> list[dict[str, Any]]:
        """Return a cell's outputs as they would be saved."""
        found: list[dict[str, Any]] = self.page.evaluate(
            "index => jupyterapp.shell.currentWidget.content.widgets[index].model.outputs?.toJSON() ?? []", index
        )
        return found

    def text(self, index: int) -> str:
        """Return a cell's outputs as text: Markdown before plain, errors as ``Name: value``."""
        return "\n".join(map(_text, self.outputs(index)))

    def below(self, index: int) -> str:
        """Return the text that the page shows below a cell."""
        return self.page.locator(".jp-Notebook .jp-Cell").nth(index).locator(".jp-OutputArea").first.inner_text()

    @property
    def path(self) -> Path:
        """The open notebook's file."""
        return self.server.root / str(self.page.evaluate("() => jupyterapp.shell.currentWidget.context.path"))

    @property
    def folder(self) -> Path:
        """The folder of the open notebook."""
        return self.path.parent

    def until(self, condition: Callable[[], Any], seconds: float = 30) -> Any:
        """Wait until a condition holds; return what it returned."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if found := condition():
                return found
            self.page.wait_for_timeout(50)
        raise TimeoutError("the condition did not come true")

    def save(self) -> None:
        """Save the notebook."""
        self.command("docmanager:save")


def _text(output: dict[str, Any]) -> str:
    if output["output_type"] == "stream":
        return "".join(output["text"])
    if output["output_type"] == "error":
        return f"{output['ename']}: {output['evalue']}\n" + "\n".join(output["traceback"])
    return "".join(output["data"].get("text/markdown") or output["data"].get("text/plain") or "")


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start the Chromium that the variable CHROMIUM names, headless."""
    path = os.environ.get("CHROMIUM")
    if not path:
        raise RuntimeError("CHROMIUM does not name a browser: run the tests with `make test`")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=CHROMIUM_ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()
