"""One server of each kind and one Chromium for all browser tests; a page and an empty notebook for each."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from browser.labkit import Lab, LabServer, chromium
from hosts_kit import write_notebook
from playwright.sync_api import Browser, Error

from ipy_sessions.testing.server import MessagesServer


@pytest.fixture(scope="session")
def model() -> Iterator[MessagesServer]:
    """A server of the Messages API; where no model is named, its first one answers."""
    with MessagesServer() as model:
        yield model


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabServer]:
    """A private JupyterLab, whose kernels ask the offline model."""
    folder = tmp_path_factory.mktemp("lab")
    env = {"IPY_SESSIONS_OFFLINE_DELAY": "0.02", "IPY_SESSIONS_MODEL": "offline"}
    server = LabServer(folder / "root", folder / "home", env)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def notebook7_server(tmp_path_factory: pytest.TempPathFactory, model: MessagesServer) -> Iterator[LabServer]:
    """A private Notebook 7, whose kernels ask the fake server of the Messages API."""
    folder = tmp_path_factory.mktemp("notebook7")
    env = {"ANTHROPIC_BASE_URL": model.url}
    server = LabServer(folder / "root", folder / "home", env, application="notebook")
    yield server
    server.stop()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A headless Chromium."""
    with chromium() as browser:
        yield browser


@contextmanager
def opened(browser: Browser, server: LabServer, name: str, *cells: str) -> Iterator[Lab]:
    """Give a page with a new notebook in a folder of its own, whose first cell was run."""
    path = f"{name}/talk.ipynb"
    (server.root / name).mkdir()
    write_notebook(server.root / path, *cells)
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    errors: list[Error] = []
    page.on("pageerror", lambda error: errors.append(error))  # noqa: PLW0108 - Playwright refuses the bare method
    lab = Lab(page, server).open(path)
    if server.application == "notebook":  # its own, of version 7.6: "… of undefined (reading 'schema')"
        errors.clear()
    lab.run(0)
    yield lab
    page.close()
    server.close_kernels()
    assert not errors


def _called(request: pytest.FixtureRequest) -> str:
    """Return a folder's name for a test: two files may have tests of one name."""
    return f"{request.node.path.stem}-{request.node.name}"


@pytest.fixture
def lab(server: LabServer, browser: Browser, request: pytest.FixtureRequest) -> Iterator[Lab]:
    """A page of JupyterLab that has the extension loaded; the offline model answers."""
    with opened(browser, server, _called(request), "%load_ext ipy_sessions") as lab:
        yield lab


@pytest.fixture
def asking(server: LabServer, browser: Browser, model: MessagesServer, request: pytest.FixtureRequest) -> Iterator[Lab]:
    """A page of JupyterLab that has the extension loaded; the fake server of the Messages API answers."""
    model.forget()
    cell = f"%env ANTHROPIC_BASE_URL={model.url}\n%load_ext ipy_sessions\n%config IPySessions.model = ''"
    with opened(browser, server, _called(request), cell) as lab:
        yield lab


@pytest.fixture
def notebook7(
    notebook7_server: LabServer, browser: Browser, model: MessagesServer, request: pytest.FixtureRequest
) -> Iterator[Lab]:
    """A page of Notebook 7 that has the extension loaded; the fake server of the Messages API answers."""
    model.forget()
    with opened(browser, notebook7_server, _called(request), "%load_ext ipy_sessions") as lab:
        yield lab
