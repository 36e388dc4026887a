"""One Jupyter server and one Chromium for all browser tests; a page and an empty notebook for each."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from browser.labkit import Lab, LabServer, chromium
from hosts_kit import write_notebook
from playwright.sync_api import Browser, Error


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabServer]:
    """A private JupyterLab."""
    folder = tmp_path_factory.mktemp("lab")
    server = LabServer(folder / "root", folder / "home", {"IPY_SESSIONS_OFFLINE_DELAY": "0.02"})
    yield server
    server.stop()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A headless Chromium."""
    with chromium() as browser:
        yield browser


@pytest.fixture
def lab(server: LabServer, browser: Browser, request: pytest.FixtureRequest) -> Iterator[Lab]:
    """A page with a new notebook, in a folder of its own, that has the extension loaded."""
    name = f"{request.node.name}/talk.ipynb"
    (server.root / request.node.name).mkdir()
    write_notebook(server.root / name, "%load_ext ipy_sessions")
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    errors: list[Error] = []
    page.on("pageerror", lambda error: errors.append(error))  # noqa: PLW0108 - Playwright refuses the bare method
    lab = Lab(page, server).open(name)
    lab.run(0)
    yield lab
    page.close()
    server.close_kernels()
    assert not errors
