"""The tree of a session in the hands of somebody who clicks it."""

from __future__ import annotations

import json

import nbformat
import pytest
from axe_playwright_python.sync_playwright import Axe
from browser.labkit import Lab
from hosts_kit import lines
from playwright.sync_api import Locator, expect

pytestmark = pytest.mark.browser


def grown(lab: Lab) -> Locator:
    """Make a conversation of three turns on two branches, and show its tree below the last cell."""
    lab.ask("%%agent\nMy name is Alice")
    lab.ask("%%agent\nWhat's my name?")
    lab.ask("%session rewind")
    lab.ask("%%agent\nHow many turns is this? <img src=x onerror='window.ran = 1'>")
    lab.run(lab.type("%session tree"))
    tree = lab.page.locator(".ips-tree")
    expect(tree.locator("[data-turn]")).to_have_count(3)
    return tree


def turn(tree: Locator, number: int) -> Locator:
    """Return what stands for a turn."""
    return tree.locator(f"[data-turn='{number}']")


def test_a_click_goes_on_behind_another_turn_and_the_next_ask_follows_it(lab: Lab) -> None:
    """She clicks the other branch, and goes on there; the picture and the saved one say so, and so does the model."""
    tree = grown(lab)
    turn(tree, 2).click()
    tree.get_by_role("button", name="Go on here").click()
    expect(tree.get_by_role("status")).to_contain_text("stands behind turn 2")
    expect(turn(tree, 2)).to_have_attribute("data-here", "")
    expect(tree.get_by_role("button", name="Go on here")).to_be_disabled()
    lab.ask("%%agent\nWhat's my name?")
    last = lines(lab.folder)[-1]
    question = next(line for line in lines(lab.folder) if line.get("id") == last["parent_id"])
    asked = [line for line in lines(lab.folder) if line.get("role") == "assistant"]
    assert question["parent_id"] == asked[1]["id"]


def test_a_notebook_keeps_the_picture_alone(lab: Lab) -> None:
    """What is saved is the picture as it was last, with no widget that would be loading for ever."""
    tree = grown(lab)
    turn(tree, 1).click()
    tree.get_by_role("button", name="Label").click()
    tree.get_by_label("Label of the turn").fill("a <b>start</b>")
    lab.page.keyboard.press("Enter")
    expect(turn(tree, 1)).to_contain_text("a <b>start</b>")
    lab.save()
    (output,) = nbformat.read(lab.path, as_version=4).cells[-1].outputs
    assert set(output.data) == {"image/svg+xml", "text/plain"}
    assert "a &lt;b&gt;start&lt;/b&gt;" in output.data["image/svg+xml"]
    assert "widgets" not in nbformat.read(lab.path, as_version=4).metadata


def test_without_its_kernel_the_picture_stands_there_again(lab: Lab) -> None:
    """She restarts the kernel: the picture takes the place of what cannot be clicked any more."""
    tree = grown(lab)
    picture = lab.page.locator(".jp-Notebook .jp-Cell").last.locator(".jp-RenderedSVG img")
    expect(picture).to_be_hidden()
    lab.restart()
    expect(tree).to_have_count(0)
    expect(picture).to_be_visible()


def test_a_page_that_is_loaded_again_can_be_clicked_as_before(lab: Lab) -> None:
    """The kernel lives on, and so does what it has shown."""
    tree = grown(lab)
    lab.save()
    lab.open(str(lab.path.relative_to(lab.server.root)))
    expect(tree.locator("[data-turn]")).to_have_count(3)
    turn(tree, 1).click()
    tree.get_by_role("button", name="Hide").click()
    expect(tree.get_by_role("status")).to_contain_text("Turn 1 is not sent any more")
    expect(tree.get_by_role("button", name="Send again")).to_be_visible()


def test_a_turn_is_read_and_nothing_in_it_runs(lab: Lab) -> None:
    """What was asked stands there as it was typed, tags and all."""
    tree = grown(lab)
    turn(tree, 3).click()
    tree.get_by_role("button", name="Read").click()
    expect(tree.locator(".ips-tree-read")).to_contain_text("<img src=x onerror=")
    assert lab.page.evaluate("window.ran") is None


def test_a_fork_is_drawn_in_the_place_of_what_it_came_from(lab: Lab) -> None:
    """She forks at a turn: the conversation that goes on is the copy, and the tree is its tree."""
    tree = grown(lab)
    turn(tree, 1).click()
    tree.get_by_role("button", name="Fork").click()
    expect(tree.get_by_role("status")).to_contain_text("forked into")
    expect(tree.locator("[data-turn]")).to_have_count(1)
    assert len(list((lab.folder / ".sessions").glob("*.jsonl"))) == 2


def test_keys_move_about_in_the_tree_and_not_in_the_notebook(lab: Lab) -> None:
    """Arrows, Home, End, Space, Enter and letters do what they do here; cells and what is saved stay as they are."""
    tree = grown(lab)
    lab.save()
    before = lab.path.read_text(encoding="utf-8")
    active = (
        "() => [jupyterapp.shell.currentWidget.content.activeCellIndex, jupyterapp.shell.currentWidget.content.mode]"
    )
    turn(tree, 1).focus()
    stood = lab.page.evaluate(active)
    for key, chosen in (("End", 3), ("Home", 1), ("ArrowDown", 2), ("ArrowUp", 1), ("ArrowUp", 1), ("Space", 1)):
        lab.page.keyboard.press(key)
        expect(turn(tree, chosen)).to_be_focused()
    for key in ("d", "d", "a", "b", "x", "m", "y"):
        lab.page.keyboard.press(key)
    assert lab.page.evaluate(active) == stood
    lab.save()
    assert _cells(lab.path.read_text(encoding="utf-8")) == _cells(before)
    lab.page.keyboard.press("ArrowDown")
    lab.page.keyboard.press("Enter")
    expect(tree.get_by_role("status")).to_contain_text("stands behind turn 2")
    assert lab.page.evaluate(active) == stood


def _cells(saved: str) -> list[object]:
    return [cell["source"] for cell in json.loads(saved)["cells"]]


def test_it_can_be_used_without_seeing_it_in_both_themes(lab: Lab) -> None:
    """The rules of accessibility find nothing."""
    tree = grown(lab)
    turn(tree, 2).click()
    tree.get_by_role("button", name="Read").click()
    expect(tree.locator(".ips-tree-read")).to_contain_text("my name?")
    for theme in ("JupyterLab Light", "JupyterLab Dark", "JupyterLab Dark High Contrast"):
        lab.page.evaluate("theme => jupyterapp.commands.execute('apputils:change-theme', {theme})", theme)
        expect(lab.page.locator("body")).to_have_attribute("data-jp-theme-name", theme)
        lab.page.wait_for_timeout(300)  # colours fade
        found = Axe().run(lab.page, context=".ips-tree")
        assert found.violations_count == 0, found.generate_report()


def test_notebook_7_has_it_too(notebook7: Lab) -> None:
    """The same page, the same clicks."""
    tree = grown(notebook7)
    turn(tree, 1).click()
    tree.get_by_role("button", name="Hide").click()
    expect(tree.get_by_role("status")).to_contain_text("Turn 1 is not sent any more")
