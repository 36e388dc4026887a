"""The way of the user, in a real JupyterLab: typed, watched, stopped, restarted, reopened, renamed."""

from __future__ import annotations

import nbformat
import pytest
from browser.labkit import Lab
from hosts_kit import messages
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


def test_a_reply_grows_and_stays(lab: Lab) -> None:
    """She types a cell, runs it with the keyboard and watches the text grow; Markdown, with the last line in small."""
    index = lab.type("%%agent My name is Alice. count to 150")
    lab.page.keyboard.press("Control+Enter")
    lengths: set[int] = set()

    def grows() -> bool:
        lengths.add(len(lab.text(index)))
        return len(lengths) > 10

    lab.until(grows)
    lab.idle()
    assert "Nice to meet you, Alice!" in lab.below(index)
    small = lab.page.locator(".jp-Notebook .jp-Cell").nth(index).locator("small")
    expect(small.last).to_contain_text("offline · ")
    expect(small.last).to_contain_text(".sessions/")
    assert len([output for output in lab.outputs(index) if "149 150" in str(output)]) == 1


def test_the_kernel_is_restarted_from_the_menu_and_it_remembers(lab: Lab) -> None:
    """My name is Alice; restart; what's my name?"""
    lab.ask("%%agent\nMy name is Alice")
    assert "True" in lab.ask("alive = True\nprint(alive)")
    lab.restart()
    assert "NameError" in lab.ask("print(alive)")
    lab.run(0)
    shown = lab.ask("%%agent\nWhat's my name?")
    assert "continued **My name is Alice**, 2 messages, `.sessions/" in shown
    assert "Your name is **Alice**." in shown
    assert [line["role"] for line in messages(lab.folder)] == ["user", "assistant"] * 2
    assert all(line["cell_id"] for line in messages(lab.folder) if line["role"] == "user")


def test_stop_keeps_what_came_and_queued_cells_do_not_run(lab: Lab) -> None:
    """The toolbar's Stop, mid-reply, with another cell waiting."""
    asked = lab.type("%%agent\ncount to 3000")
    queued = lab.type("print('ran')")
    lab.run(asked, wait=False)
    lab.run(queued, wait=False)
    lab.until(lambda: " 20 " in lab.text(asked))
    lab.stop()
    lab.idle()
    text = lab.text(asked)
    assert "**stopped; what came until then is kept** · offline" in text
    assert "Stopped. What came until then is kept in the session." in text
    assert "Traceback" not in text
    assert lab.outputs(queued) == []
    last = messages(lab.folder)[-1]
    assert (last["end"], last["stop_reason"]) == ("interrupted", None)
    assert last["content"][0]["text"].rstrip() in text
    assert "This is turn 2" in lab.ask("%agent How many turns is this?")


def test_every_answer_is_there_without_a_kernel(lab: Lab) -> None:
    """Save, shut the kernel down, open the file again: the answers are in it, and the page shows them."""
    index = lab.type("%%agent\nMy name is Alice. count to 3")
    lab.run(index)
    lab.ask("%session list")
    lab.save()
    path = lab.path
    name = str(path.relative_to(lab.server.root))
    lab.server.close_kernels()
    saved = nbformat.read(path, as_version=4)
    data = saved.cells[index].outputs[-1]["data"]
    assert "1 2 3\n\n<small>offline" in data["text/markdown"]
    assert "1 2 3\n\noffline" in data["text/plain"]
    assert "widgets" not in saved.metadata
    saved.metadata["kernelspec"]["name"] = "no-such-kernel"
    nbformat.write(saved, path)
    lab.page.goto(lab.server.address(name))
    lab.page.wait_for_selector(".jp-Notebook .jp-Cell")
    expect(lab.page.locator(".jp-Notebook")).to_contain_text("Nice to meet you, Alice!")
    expect(lab.page.locator(".jp-Notebook small").last).to_be_attached()


def test_a_notebook_renamed_while_the_kernel_runs_keeps_its_conversation(lab: Lab) -> None:
    """In this kernel, and in the next one."""
    lab.ask("%%agent\nMy name is Alice")
    lab.save()
    lab.page.evaluate("() => jupyterapp.shell.currentWidget.context.rename('renamed.ipynb')")
    lab.until((lab.folder / "renamed.ipynb").exists)
    assert "Your name is **Alice**." in lab.ask("%%agent\nWhat's my name?")
    assert "renamed.ipynb (from the Jupyter server)" in lab.ask("%session")
    lab.save()
    lab.restart()
    lab.run(0)
    assert "**Alice**" in lab.ask("%%agent\nWhat's my name?")
    assert len(messages(lab.folder)) == 6


def test_tab_offers_our_words(lab: Lab) -> None:
    """The completer of the page shows and inserts them."""
    lab.type("%session op")
    lab.page.keyboard.press("Tab")
    expect(lab.page.locator(".jp-Completer-item")).to_contain_text(["open"])
    lab.page.keyboard.press("Enter")
    lab.page.wait_for_function(
        "() => jupyterapp.shell.currentWidget.content.activeCell.model.sharedModel.getSource() === '%session open'"
    )


def test_tab_offers_sessions_and_models(asking: Lab) -> None:
    """``open ali`` and ``--model cl``: what there is, chosen with Enter."""
    asking.ask("%session new alice")
    asking.ask("%agent hi")
    source = "() => jupyterapp.shell.currentWidget.content.activeCell.model.sharedModel.getSource()"
    for begun, whole in (
        ("%session open ali", "%session open alice"),
        ("%agent --model claude-son", "claude-sonnet-5-5"),
    ):
        asking.type(begun)
        asking.page.keyboard.press("Tab")
        # One match is put in at once, several are offered.
        asking.until(
            lambda: (
                asking.page.evaluate(source) != begun  # noqa: B023 - it is asked within the loop
                or asking.page.locator(".jp-Completer-item:visible").count()
            )
        )
        if asking.page.evaluate(source) == begun:
            asking.page.keyboard.press("Enter")
        asking.page.wait_for_function(f"whole => ({source})().includes(whole)", arg=whole)


def test_the_history_is_a_table(lab: Lab) -> None:
    """She types ses.history() and has a tidy frame."""
    lab.ask("%%agent\nMy name is Alice")
    index = lab.type("import ipy_sessions as ses\nses.history()[['ts', 'role', 'text']]")
    lab.run(index)
    table = lab.page.locator(".jp-Notebook .jp-Cell").nth(index).locator("table")
    expect(table.locator("thead")).to_contain_text("role")
    expect(table.locator("tbody tr")).to_have_count(2)
