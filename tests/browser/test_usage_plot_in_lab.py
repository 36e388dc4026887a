"""What was spent, as a page shows it."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from browser.labkit import Lab
from browser.test_tree_in_lab import INKS
from playwright.sync_api import expect
from spending_kit import FIRST, MODELS, Talk, talks, write

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(
    ("named", "some", "by"),
    [
        ("one session", list(talks(1, 0, MODELS[:1])), "model"),
        ("fifty sessions of three models", list(talks(50, 60)), "model"),
        ("fifty sessions", list(talks(50, 60)), "session"),
        ("one day", list(talks(12, 0)), "model"),
    ],
)
def test_it_can_be_read_in_both_themes(lab: Lab, named: str, some: list[Talk], by: str) -> None:
    """Of one session, of many, of one day: a picture with a transparent ground, every ink of which stands out."""
    write(lab.folder / ".sessions", iter(some))
    index = lab.type(f"%session usage --all --plot --by {by}")
    lab.run(index)
    (output,) = lab.outputs(index)
    assert set(output["data"]) == {"image/svg+xml", "text/plain"}
    assert "█" in "".join(output["data"]["text/plain"])
    assert f"{FIRST:%Y}-" in "".join(output["data"]["text/plain"])
    picture = lab.page.locator(".jp-Notebook .jp-Cell").nth(index).locator(".jp-RenderedSVG img")
    expect(picture).to_be_visible()
    for theme in ("JupyterLab Light", "JupyterLab Dark"):
        lab.page.evaluate("theme => jupyterapp.commands.execute('apputils:change-theme', {theme})", theme)
        expect(lab.page.locator("body")).to_have_attribute("data-jp-theme-name", theme)
        colour = lab.page.locator(".jp-Notebook").evaluate("node => getComputedStyle(node).backgroundColor")
        paper = [int(part) for part in re.findall(r"\d+", colour)[:3]]
        dots, contrast = picture.evaluate(f"(image, paper) => ({INKS})([image, paper])", paper)
        assert dots > 1000
        assert contrast > 3
        if folder := os.environ.get("LOOK_AT"):  # to be looked at
            lab.page.locator(".jp-Notebook").screenshot(path=Path(folder) / f"{named}, {by}, {theme}.png")
