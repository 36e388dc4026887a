"""What was spent, as a page shows it."""

from __future__ import annotations

import re

import pytest
from browser.labkit import Lab
from browser.test_tree_in_lab import INKS
from playwright.sync_api import expect
from spending_kit import FIRST, MODELS, Talk, talks, write

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(
    ("some", "by"),
    [
        (list(talks(1, 0, MODELS[:1])), "model"),
        (list(talks(50, 60)), "model"),
        (list(talks(50, 60)), "session"),
        (list(talks(12, 0)), "model"),
    ],
    ids=["one session", "three models", "fifty sessions", "one day"],
)
def test_it_can_be_read_in_both_themes(lab: Lab, some: list[Talk], by: str) -> None:
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
    right = picture.evaluate("image => image.getBoundingClientRect().right")
    assert right < lab.page.locator(".jp-Notebook").evaluate("node => node.getBoundingClientRect().right")
    for theme in ("JupyterLab Light", "JupyterLab Dark"):
        lab.page.evaluate("theme => jupyterapp.commands.execute('apputils:change-theme', {theme})", theme)
        expect(lab.page.locator("body")).to_have_attribute("data-jp-theme-name", theme)
        colour = lab.page.locator(".jp-Notebook").evaluate("node => getComputedStyle(node).backgroundColor")
        paper = [int(part) for part in re.findall(r"\d+", colour)[:3]]
        dots, contrast = picture.evaluate(f"(image, paper) => ({INKS})([image, paper])", paper)
        assert dots > 1000
        assert contrast > 3
