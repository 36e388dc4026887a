"""A conversation to read, as JupyterLab shows it: its sanitiser, its colours, its formulas, its headings."""

from __future__ import annotations

import nbformat
import pytest
from browser.labkit import Lab
from browser.pagekit import put
from hostile_kit import FORMULAS, HOSTILE
from nbconvert import HTMLExporter
from playwright.sync_api import expect

from ipy_sessions.testing.script import Reply
from ipy_sessions.testing.server import MessagesServer

# Each would run, were it obeyed.
ACTING = [
    "<img src=x onerror='window.ran=1'>",
    "\\\\<img src=x onerror='window.ran=1'>",
    "<script>window.ran=1</script>",
    "a `b\n<img src=x onerror='window.ran=1'>\n` c",
    "$a\n<img src=x onerror='window.ran=1'>\n$",
    "- ```\n  <img src=x onerror='window.ran=1'>",
    "[press](javascript:window.ran=1)",
    "[press]\n\n> [press]:\n> javascript:window.ran=1",
    "$\\href{javascript:window.ran=1}{x}$",
]

pytestmark = pytest.mark.browser

TALK = """import ipy_sessions as ses
s = ses.current()
s.append(ses.user("one <b>bold</b> <script>window.ran = 1</script>"))
s.append(ses.assistant([
    {"type": "thinking", "thinking": "hm </details>"},
    {"type": "text", "text": "```python\\ndef f(): return 1\\n```\\n\\nand $x^2$ <img src=x onerror='window.ran = 1'>"},
    {"type": "tool_use", "id": "t", "name": "bash", "input": {"command": "ls </details><script>window.ran=1</script>"}},
], model="m", stop_reason="tool_use"))
dot = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": dot}}
s.append(ses.user([{"type": "tool_result", "tool_use_id": "t", "content": [{"type": "text", "text": "came"}, image]}]))
s.append(ses.assistant("done", model="m", stop_reason=None, end="interrupted"))
s.rewind(1)
s.append(ses.user("two"))
s.append(ses.assistant("other", model="m"))
s.switch_to(1);"""


def talked(lab: Lab) -> int:
    """Have a conversation, and show it; return the cell that does."""
    lab.ask("%session new talk")
    put(lab, TALK)
    lab.run(lab.count() - 1)
    index = lab.type("s")
    lab.run(index)
    return index


def test_a_session_is_read_in_both_themes(lab: Lab) -> None:
    """She types `s`: each turn has a heading that can be linked to, code has colours, what is folded opens."""
    index = talked(lab)
    (output,) = lab.outputs(index)
    assert set(output["data"]) == {"text/markdown", "text/plain"}
    shown = lab.page.locator(".jp-Notebook .jp-Cell").nth(index).locator(".jp-RenderedMarkdown")
    expect(shown.locator("h4")).to_have_text(["turn 1¶"])
    expect(shown.locator("h4 a")).to_have_attribute("href", "#turn-1")
    assert [one.strip() for one in shown.locator("summary").all_inner_texts()] == [
        "thinking, 2 words",
        "bash ls </details><script>window.ran=1</script>",
        "version 2 of 2: turn 2, “two”",
    ]
    expect(shown.locator("pre span").first).to_have_text("def")
    expect(shown.locator("mjx-container, .MathJax").first).to_be_visible()
    assert "stopped; what came until then is kept" in shown.inner_text()
    assert not shown.get_by_text("came", exact=True).is_visible()
    shown.locator("summary").nth(1).click()
    expect(shown.get_by_text("came", exact=True)).to_be_visible()
    assert shown.locator("details img").evaluate("image => image.complete && image.naturalWidth") == 1
    shown.locator("summary").nth(2).click()
    expect(shown.get_by_text("%session switch 2")).to_be_visible()
    assert lab.page.evaluate("window.ran") is None
    for theme in ("JupyterLab Light", "JupyterLab Dark"):
        lab.page.evaluate("theme => jupyterapp.commands.execute('apputils:change-theme', {theme})", theme)
        expect(lab.page.locator("body")).to_have_attribute("data-jp-theme-name", theme)
        ink, paper = shown.locator("blockquote").first.evaluate(
            "node => [getComputedStyle(node).color,"
            " getComputedStyle(document.querySelector('.jp-Notebook')).backgroundColor]"
        )
        assert ink != paper


def test_nothing_of_a_hostile_answer_runs_in_a_notebook(lab: Lab) -> None:
    """JupyterLab sanitises nothing that its own cells show: no tag, handler or link of an answer may reach it."""
    hostile = [one.replace("alert(1)", "window.ran=1") for one in HOSTILE if "seen.png" not in one]
    answers = [*ACTING, *(one.replace("\ud800", "") for one in hostile)]
    put(
        lab,
        f"import ipy_sessions as ses\ns = ses.current()\nfor one in {answers!a}:\n"
        "    s.append(ses.user(one)); s.append(ses.assistant([{'type': 'thinking', 'thinking': one},"
        " {'type': 'text', 'text': one}, {'type': 'tool_use', 'id': 'a', 'name': one, 'input': {one: one}}]))",
    )
    lab.ask("%session new talk")
    lab.run(1)
    index = lab.type("%session show")
    lab.run(index)
    shown = lab.page.locator(".jp-Notebook .jp-Cell").nth(index).locator(".jp-RenderedMarkdown")
    expect(shown.locator("h4")).to_have_count(len(answers))
    hosts = shown.locator("a").evaluate_all("links => links.map(link => link.protocol)")
    assert set(hosts) <= {"http:", "https:", "mailto:"}
    for link in shown.locator("a").all():
        if "example.com" not in (link.get_attribute("href") or ""):
            link.evaluate("link => link.click()")
    assert shown.locator("script, style, iframe, svg:not(mjx-container svg), [onerror], [onload], img").count() == 0
    assert lab.page.evaluate("window.ran") is None


def test_no_formula_becomes_a_part_of_an_address(lab: Lab) -> None:
    """JupyterLab puts formulas back after it has made the page, in attributes, too, where a quote would end them."""
    put(
        lab,
        f"import ipy_sessions as ses\ns = ses.current()\nfor one in {FORMULAS!a}:\n"
        "    s.append(ses.user(one)); s.append(ses.assistant([{'type': 'text', 'text': one},"
        " {'type': 'tool_use', 'id': 'a', 'name': one, 'input': {one: one}}]))\ns.rename(one)",
    )
    lab.ask("%session new talk")
    lab.run(1)
    for line in (
        "%session show",
        "s",
        "[*map(display, s.tree.path())];",
        "s.info()",
        "ses.Reply(s.tree.path()[2].content, '')",
    ):
        index = lab.type(line)
        lab.run(index)
        shown = lab.page.locator(".jp-Notebook .jp-Cell").nth(index).locator(".jp-RenderedMarkdown")
        expect(shown.first).to_be_visible()
        found = shown.locator("[onmouseover], [onfocus]").evaluate_all("nodes => nodes.map(node => node.outerHTML)")
        assert found == [], line


def test_the_saved_notebook_shows_it_without_a_kernel(lab: Lab) -> None:
    """As nbconvert makes a page of it: the folds, the picture and the headings are there."""
    index = talked(lab)
    lab.save()
    notebook = nbformat.read(lab.path, as_version=4)
    notebook.cells = [notebook.cells[index]]
    page, _ = HTMLExporter().from_notebook_node(notebook)
    assert page.count("<summary>") == page.count("</summary>") == 3
    assert 'id="turn-1"' in page
    assert "data:image/png;base64," in page


def test_nothing_of_a_reply_runs_while_it_streams(asking: Lab, model: MessagesServer) -> None:
    """Nor when it is shown again: what a model was made to say is read, and not obeyed."""
    model.push(Reply(f"hello {ACTING[0]} and [press](javascript:window.ran=1)"))
    assert "&lt;img" in asking.ask("%agent hi")
    shown = asking.page.locator(".jp-Notebook .jp-RenderedMarkdown").last
    expect(shown).to_contain_text("<img src=x onerror='window.ran=1'> and [press](javascript:window.ran=1)")
    asking.ask("s = __import__('ipy_sessions').current(); s.turns.active()[-1]")
    assert asking.page.evaluate("window.ran") is None
