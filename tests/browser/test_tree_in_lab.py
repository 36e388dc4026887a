"""The tree of a session, as a page shows it."""

from __future__ import annotations

import re

import pytest
from browser.labkit import Lab
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

# How far a colour is from what lies behind it, as WCAG counts it; 3 is its least for large text and for shapes.
INKS = """async ([image, paper]) => {
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
    const pen = canvas.getContext('2d');
    pen.drawImage(image, 0, 0);
    const dots = pen.getImageData(0, 0, canvas.width, canvas.height).data;
    const light = rgb => { const [r, g, b] = rgb.map(v => v / 255).map(
        v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
    const behind = light(paper), found = [];
    for (let at = 0; at < dots.length; at += 4) {
        if (dots[at + 3] !== 255) continue;  // an edge, or nothing
        const ink = light([dots[at], dots[at + 1], dots[at + 2]]);
        found.push((Math.max(ink, behind) + 0.05) / (Math.min(ink, behind) + 0.05));
    }
    return [found.length, Math.min(...found)];
}"""


def test_the_tree_is_a_picture_that_can_be_read_in_both_themes(lab: Lab) -> None:
    """She asks, goes back, asks something else, and looks at both branches; in the light theme, and in the dark one."""
    lab.ask("%%agent\nMy name is Alice")
    lab.ask("%%agent\nWhat's my name?")
    lab.ask("%session rewind")
    lab.ask("%%agent\nHow many turns is this? <script>alert(1)</script>")
    index = lab.type("import ipy_sessions as ses; ses.draw()")
    lab.run(index)
    (output,) = lab.outputs(index)
    assert set(output["data"]) == {"image/svg+xml", "text/plain"}
    plain = "".join(output["data"]["text/plain"])
    assert re.search(r"● 1 \[2\] “My name is Alice”\n├─○ 2 \[3\] “What's my name\?”\n● 3 \[5\] “How many", plain)
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
