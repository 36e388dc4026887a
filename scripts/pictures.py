"""Take the pictures of the documents, in a real JupyterLab: the picker in both themes.

Usage: pictures.py [SESSIONS [FOLDER]]

SESSIONS are made up, 10,000 by default; FOLDER is where the pictures go, by default ``docs/pictures``. It needs a
Chromium, named by the variable CHROMIUM.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from browser.labkit import Lab, LabServer, chromium
from hosts_kit import write_notebook
from picker_kit import write_sessions
from playwright.sync_api import Locator

THEMES = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}
MANY = 100  # sessions among which one searches
CELLS = ("%load_ext ipy_sessions", "%session continue", "%session pick")


def main() -> None:
    """Take them."""
    sessions = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    folder = Path(sys.argv[2]) if len(sys.argv) > 2 else Path(__file__).parents[1] / "docs" / "pictures"  # noqa: PLR2004 - the second
    with tempfile.TemporaryDirectory() as home, chromium() as browser:
        server = LabServer(Path(home) / "root", Path(home) / "home", {"IPY_SESSIONS_MODEL": "offline"})
        try:
            write_notebook(server.root / "talk.ipynb", *CELLS)
            write_sessions(server.root / ".sessions", sessions)
            page = browser.new_page(viewport={"width": 1360, "height": 900})
            lab = Lab(page, server).open("talk.ipynb")
            lab.command("application:toggle-left-area")
            for index in range(len(CELLS)):
                lab.run(index)
            page.locator(f".ips-row[aria-setsize='{sessions - sessions // 50}']").first.wait_for()  # all have come
            for name, theme in THEMES.items():
                page.evaluate("theme => jupyterapp.commands.execute('apputils:change-theme', {theme})", theme)
                page.locator(f"body[data-jp-theme-name='{theme}']").wait_for(state="attached")
                looked_at(page.locator(".ips-picker"), "ozone" if sessions > MANY else "").screenshot(
                    path=folder / f"picker-{name}.png"
                )
        finally:
            server.stop()


def looked_at(picker: Locator, what: str) -> Locator:
    """Search for something and choose a row, as somebody would; return the picker."""
    picker.locator("[type=search]").fill(what)
    picker.locator("[type=search]").press("ArrowDown")
    picker.locator(".ips-end article").first.wait_for()
    picker.page.wait_for_timeout(500)  # for the theme, which comes in some steps
    return picker


if __name__ == "__main__":
    main()
