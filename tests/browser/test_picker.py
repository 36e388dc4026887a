"""The picker in the hands of somebody who looks for a session."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager

import nbformat
import pytest
from axe_playwright_python.sync_playwright import Axe
from browser.labkit import Lab
from hosts_kit import write_notebook
from picker_kit import write_sessions
from playwright.sync_api import Browser, Locator, expect
from processes_kit import Process

from ipy_sessions import SessionManager, assistant, user

pytestmark = pytest.mark.browser

THEMES = ("JupyterLab Light", "JupyterLab Dark")
NAMED = ("alps", "sea", "über den Wolken", "تحليل المبيعات", "🌍🛰️ tiles", "a long name " * 20)


def some(lab: Lab) -> None:
    """Write sessions into the notebook's folder, each with one answer."""
    with SessionManager(lab.folder / ".sessions", notebook=lab.path) as manager:
        for name in NAMED:
            session = manager.create(name)
            session.append(user(f"What about {name[:20]}?"))
            session.append(assistant("It is **good**.\n\n```python\nprint(1)\n```\n\n<script>window.ran = 1</script>"))


def shown(lab: Lab) -> Locator:
    """Show the picker below a cell in the middle of the notebook, and wait for all rows."""
    lab.run(lab.type("x = 1"))
    index = lab.type("%session pick")
    lab.type("x = 2")
    lab.save()
    lab.run(index)
    picker = lab.page.locator(".ips-picker")
    expect(picker.locator("[role=option]").first).to_be_visible()
    return picker


def titles(picker: Locator) -> list[str]:
    """Return the titles that are seen."""
    return picker.locator(".ips-title").all_inner_texts()


def find(picker: Locator) -> Locator:
    """Return the field in which one searches."""
    return picker.get_by_role("combobox", name="Search sessions")


def left(lab: Lab) -> list[dict[str, str]]:
    """Return what the saved notebook has below the picker's cell."""
    lab.save()
    cell = next(cell for cell in nbformat.read(lab.path, as_version=4).cells if "pick" in cell.source)
    return [dict(output.data) for output in cell.outputs]


def test_she_types_a_few_letters_and_opens_what_is_left(lab: Lab) -> None:
    """The list narrows as she types, Enter opens, and one line stands where the picker stood, in the file, too."""
    some(lab)
    picker = shown(lab)
    find(picker).click()
    lab.page.keyboard.type("UBER")
    expect(picker.locator(".ips-title")).to_have_text(["über den Wolken"])
    lab.page.keyboard.press("Enter")
    expect(picker).to_have_count(0)
    (output,) = left(lab)
    assert output["text/markdown"].startswith("<small>opened **über den Wolken**, 2 messages")
    assert set(output) == {"text/markdown", "text/plain"}
    assert "über den Wolken" in lab.ask("import ipy_sessions as ses; print(ses.current().name)")


def test_the_mouse_chooses_looks_and_opens(lab: Lab) -> None:
    """A click shows how the conversation ends, as Markdown in which nothing runs; a double click opens."""
    some(lab)
    picker = shown(lab)
    picker.get_by_text("sea", exact=True).first.click()
    end = picker.get_by_role("region", name="The last turns")
    expect(end.locator("strong")).to_have_text("good")
    expect(end).to_contain_text("<script>")
    assert lab.page.evaluate("() => window.ran") is None
    picker.locator("[role=option]", has_text="alps").dblclick()
    expect(picker).to_have_count(0)
    assert "opened **alps**" in left(lab)[0]["text/markdown"]


KEYS = [
    *("ArrowDown", "ArrowUp", "PageDown", "PageUp", "Home", "End", "a", "b", "x", "d", "d", "m", "y", "z", "0", "0"),
    *("Space", "Tab", "Shift+Tab", "Shift+m", "j", "k", "ArrowRight", "ArrowLeft", "F2", "Backspace"),
]


@pytest.mark.parametrize("where", ["search", "list", "button", "menu"])
def test_no_key_reaches_the_notebook(lab: Lab, where: str) -> None:
    """Whatever she types in the picker, the cells stay, their number, which is active, and the file."""
    some(lab)
    picker = shown(lab)
    state = """() => { const notebook = jupyterapp.shell.currentWidget.content;
        return JSON.stringify([notebook.widgets.length, notebook.widgets.map(cell => cell.model.sharedModel.source),
            notebook.widgets.map(cell => cell.model.type)]) }"""
    active = "() => jupyterapp.shell.currentWidget.content.activeCellIndex"
    before = lab.page.evaluate(state)
    places = {
        "search": find(picker),
        "list": picker.get_by_role("listbox", name="Sessions"),
        "button": picker.get_by_role("button", name="Tag", exact=True),
        "menu": picker.get_by_role("combobox", name="Any tag").or_(picker.get_by_label("Tag", exact=True)).first,
    }
    for key in KEYS:
        places[where].focus()
        index = lab.page.evaluate(active)
        lab.page.keyboard.press(key)
        assert lab.page.evaluate(active) == index, key
    assert lab.page.evaluate(state) == before
    lab.save()
    sources = [cell.source for cell in nbformat.read(lab.path, as_version=4).cells]
    assert sources == ["%load_ext ipy_sessions", "x = 1", "%session pick", "x = 2"]


def test_the_arrows_move_through_the_list_from_the_field(lab: Lab) -> None:
    """The selected row is the one that is told to a screen reader, and what the pane shows."""
    some(lab)
    picker = shown(lab)
    expect(picker.locator(".ips-count")).to_have_text("6 sessions")
    find(picker).focus()
    lab.page.keyboard.press("ArrowDown")
    lab.page.keyboard.press("ArrowDown")
    chosen = picker.locator("[aria-selected=true]")
    expect(chosen).to_have_count(1)
    expect(chosen).to_have_attribute("aria-posinset", "3")
    assert find(picker).get_attribute("aria-activedescendant") == chosen.get_attribute("id")
    expect(picker.get_by_role("heading")).to_have_text(chosen.locator(".ips-title").inner_text())
    picker.get_by_role("listbox").focus()
    lab.page.keyboard.press("End")
    expect(chosen).to_have_attribute("aria-posinset", "6")
    lab.page.keyboard.press("Home")
    expect(chosen).to_have_attribute("aria-posinset", "1")
    lab.page.keyboard.type("tiles")  # a letter begins a search
    expect(find(picker)).to_have_value("tiles")
    expect(find(picker)).to_be_focused()
    picker.get_by_label("Which").focus()
    lab.page.keyboard.press("Escape")  # closes a menu, and no more
    expect(find(picker)).to_be_focused()


def test_escape_first_clears_and_then_closes(lab: Lab) -> None:
    """One line says that nothing was chosen."""
    some(lab)
    picker = shown(lab)
    find(picker).fill("sea")
    expect(picker.locator(".ips-title")).to_have_count(1)
    lab.page.keyboard.press("Escape")
    expect(picker.locator(".ips-title")).to_have_count(6)
    lab.page.keyboard.press("Escape")
    expect(picker).to_have_count(0)
    assert [output["text/plain"] for output in left(lab)] == ["Nothing was chosen."]


def test_a_session_is_named_tagged_and_pinned_where_it_stands(lab: Lab) -> None:
    """F2 asks for the name; the row and the file have it; focus comes back to the list."""
    some(lab)
    picker = shown(lab)
    find(picker).fill("sea")
    find(picker).press("F2")
    field = picker.get_by_role("textbox", name="Name")
    expect(field).to_have_value("sea")
    field.fill("by the 🌊")
    field.press("Enter")
    expect(picker.get_by_role("status").filter(has_text="sea is now by the 🌊")).to_be_visible()
    find(picker).fill("🌊")
    expect(picker.locator(".ips-title")).to_have_text(["by the 🌊"])
    picker.get_by_role("button", name="Tag").click()
    picker.get_by_role("textbox", name="Tags").fill("summer holidays")
    lab.page.keyboard.press("Enter")
    expect(picker.locator("[role=option]")).to_contain_text("#summer · #holidays")
    picker.get_by_role("button", name="Pin", exact=True).focus()
    lab.page.keyboard.press("Enter")
    expect(picker.get_by_role("button", name="Unpin")).to_be_focused()
    (row,) = [row for row in SessionManager(lab.folder / ".sessions").list() if row.name == "by the 🌊"]
    assert (row.tags, row.pinned) == (("summer", "holidays"), True)


def test_what_was_deleted_is_brought_back(lab: Lab) -> None:
    """Delete takes the selected row away, Undo brings it back."""
    some(lab)
    picker = shown(lab)
    picker.locator("[role=option]", has_text="alps").click()
    picker.get_by_role("listbox").focus()
    lab.page.keyboard.press("Delete")
    expect(picker.locator(".ips-count")).to_have_text("5 sessions")
    expect(picker.get_by_role("status").filter(has_text="alps is in the trash")).to_be_visible()
    picker.get_by_role("button", name="Undo").click()
    expect(picker.locator(".ips-count")).to_have_text("6 sessions")
    assert "alps" in titles(picker)


def test_a_session_is_exported_and_archived(lab: Lab) -> None:
    """The buttons ask what is missing; an archived one is found behind its menu."""
    some(lab)
    picker = shown(lab)
    picker.locator("[role=option]", has_text="alps").click()
    picker.get_by_role("button", name="Export").click()
    picker.get_by_role("button", name="markdown").click()
    lab.until(lambda: list(lab.folder.glob("alps*.md")))
    picker.get_by_role("button", name="Archive", exact=True).click()
    expect(picker.locator(".ips-count")).to_have_text("5 sessions")
    picker.get_by_label("Which").select_option("archived")
    expect(picker.locator(".ips-title")).to_have_text(["alps"])


def test_sessions_of_another_kernel_appear_and_say_who_has_them(lab: Lab) -> None:
    """What is written, renamed and deleted elsewhere is seen without a click; so is who has one open."""
    some(lab)
    picker = shown(lab)
    with Process() as other:
        folder = str(lab.folder / ".sessions")
        other.run(f"manager = SessionManager({folder!r}); session = manager.create('from elsewhere')")
        other.run("_ = session.append(user('hello'))")
        row = picker.locator("[role=option]", has_text="from elsewhere")
        expect(row).to_contain_text("open elsewhere")
        row.click()
        picker.get_by_role("button", name="Open", exact=True).click()
        expect(picker.get_by_role("status").filter(has_text="is open elsewhere")).to_be_visible()
        expect(picker.locator(".ips-facts")).to_contain_text(f"process {other.pid}")
        other.run("manager.close()")
    next((lab.folder / ".sessions").glob(f"*{lab_tail(lab)}*.jsonl")).unlink()
    expect(row).to_have_count(0)


@contextmanager
def beside(lab: Lab, browser: Browser) -> Iterator[Lab]:
    """Give another notebook of the same folder, with a kernel of its own."""
    path = lab.path.with_name("other.ipynb")
    write_notebook(path, "%load_ext ipy_sessions")
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    try:
        other = Lab(page, lab.server).open(path.relative_to(lab.server.root).as_posix())
        other.run(0)
        yield other
    finally:
        page.close()


def test_a_second_notebook_has_a_session_open(lab: Lab, browser: Browser) -> None:
    """It is named, what it says is seen, an answer on its way is no interrupted one; what it lets go of is opened."""
    some(lab)
    with beside(lab, browser) as other:
        other.ask("%session open alps")
        picker = shown(lab)
        row = picker.locator("[role=option]", has_text="alps")
        expect(row).to_contain_text("open elsewhere")
        row.click()
        expect(picker.locator(".ips-facts")).to_contain_text("other.ipynb")
        for refused in ("Open", "Pin", "Delete"):
            picker.get_by_role("button", name=refused, exact=True).click()
            expect(picker.locator(".ips-wrong")).to_contain_text("is open elsewhere")
        other.ask("%config IPySessions.offline_delay = 0.3")
        other.run(other.type("%%agent\nMy name is Bob. What's my name? What's my name?"), wait=False)
        expect(picker.get_by_role("region", name="The last turns")).to_contain_text("My name is Bob")
        expect(row).not_to_contain_text("interrupted")
        other.idle()
        other.ask("%session rename alps of Bob")
        expect(row).to_contain_text("alps of Bob")
        other.ask("%session close")
        expect(row).not_to_contain_text("open elsewhere")
    picker.get_by_role("button", name="Open", exact=True).click()
    expect(picker).to_have_count(0)
    assert "opened **alps of Bob**" in left(lab)[0]["text/markdown"]


def test_what_is_no_session_is_counted_and_an_empty_folder_says_so(lab: Lab) -> None:
    """Files that are copied in are seen; one that cannot be read is not passed over in silence."""
    lab.run(lab.type("%session pick"))
    picker = lab.page.locator(".ips-picker")
    expect(picker.get_by_role("heading")).to_contain_text("No session yet")
    folder = lab.folder / ".sessions"
    folder.mkdir(exist_ok=True)
    (folder / "odd.jsonl").write_text("{not json\n")
    expect(picker.locator(".ips-count")).to_have_text("0 sessions · 1 unreadable file")
    expect(picker.locator(".ips-count")).to_have_attribute("title", re.compile(r"^odd\.jsonl: "))
    some(lab)
    expect(picker.locator(".ips-count")).to_have_text("6 sessions · 1 unreadable file")
    find(picker).fill("no such thing")
    expect(picker.get_by_role("heading")).to_have_text("No session is like that")


def test_focus_stays_in_the_picker_when_nothing_is_left(lab: Lab) -> None:
    """The last one that was found is archived by a key: the next key is the picker's, and not the notebook's."""
    some(lab)
    picker = shown(lab)
    find(picker).fill("sea")
    expect(picker.locator("[role=option]")).to_have_count(1)
    picker.get_by_role("button", name="Archive", exact=True).focus()
    lab.page.keyboard.press("Enter")
    expect(picker.locator("[role=option]")).to_have_count(0)
    expect(picker.get_by_role("listbox")).to_be_focused()


def test_a_name_longer_than_the_list_shows_stays_whole(lab: Lab) -> None:
    """She looks at it in its field, changes nothing or its beginning, and nothing of its end is lost."""
    some(lab)
    picker = shown(lab)
    row = picker.locator("[role=option]", has_text="a long name")
    row.click()
    expect(picker.get_by_role("region", name="The last turns").locator("strong")).to_be_visible()
    picker.get_by_role("listbox").press("F2")
    field = picker.get_by_role("textbox", name="Name")
    expect(field).to_have_value(NAMED[-1])
    field.press("Enter")
    picker.get_by_role("listbox").press("F2")
    field.press("Home")
    lab.page.keyboard.type("Not ")
    field.press("Enter")
    expect(picker.get_by_role("status").filter(has_text="is now Not a long name")).to_be_visible()
    names = {row.name for row in SessionManager(lab.folder / ".sessions").list()}
    assert f"Not {NAMED[-1]}".strip() in names


def lab_tail(lab: Lab) -> str:
    """Return the id's end of the session that came from elsewhere."""
    rows = SessionManager(lab.folder / ".sessions").list()
    return next(row.tail for row in rows if row.name == "from elsewhere")


def test_the_list_narrows_while_a_reply_streams(lab: Lab) -> None:
    """The kernel is busy with an answer; what is typed is found all the same, and looked at when it is free."""
    some(lab)
    lab.ask("%config IPySessions.offline_delay = 0.3")
    picker = shown(lab)
    expect(picker.locator(".ips-count")).to_have_text("6 sessions")
    index = lab.type("%%agent\nHow many turns is this? My name is Alice. " + "What's my name? " * 3)
    lab.run(index, wait=False)
    running = "i => jupyterapp.shell.currentWidget.content.widgets[i].model.executionState"
    lab.until(lambda: lab.page.evaluate(running, index) == "running")
    find(picker).fill("tiles")
    expect(picker.locator(".ips-title")).to_have_text(["🌍🛰️ tiles"])
    assert lab.page.evaluate(running, index) == "running"
    lab.idle()
    expect(picker.get_by_role("region", name="The last turns").locator("strong")).to_have_text("good")


def test_ten_thousand_sessions_are_no_more_than_what_is_seen(lab: Lab) -> None:
    """They are all found, and never more than a hundred rows are on the page."""
    write_sessions(lab.folder / ".sessions", 10_000)
    picker = shown(lab)
    expect(picker.locator(".ips-count")).to_have_text("9,800 sessions", timeout=30_000)
    options = picker.locator("[role=option]")
    expect(options.first).to_have_attribute("aria-setsize", "9800", timeout=30_000)
    picker.get_by_role("listbox").focus()
    lab.page.keyboard.press("End")
    expect(picker.locator("[aria-selected=true]")).to_have_attribute("aria-posinset", "9800")
    assert options.count() < 100
    oldest = titles(picker)[-1]
    find(picker).fill(f'"{oldest}"')
    expect(picker.locator(".ips-title").last).to_have_text(oldest)
    find(picker).fill("tag:thesis before:2026-01-01 ozone")
    expect(options.first).to_contain_text("#thesis")
    assert options.count() < 100
    picker.get_by_label("In all text").check()
    find(picker).fill('"what chance would do"')
    expect(options.first.locator("mark").first).to_be_visible(timeout=30_000)


def test_a_notebook_opened_without_a_kernel_shows_a_table(lab: Lab) -> None:
    """Whoever opens it later, or elsewhere, reads the sessions and what opens them; nothing loads for ever."""
    some(lab)
    shown(lab)
    (output,) = left(lab)
    assert "`%session open 1`" in output["text/markdown"]
    path = lab.path
    lab.server.close_kernels()
    notebook = json.loads(path.read_text())
    notebook["metadata"]["kernelspec"] = {"name": "gone", "display_name": "gone", "language": "python"}
    copy = path.with_name("later.ipynb")
    copy.write_text(json.dumps(notebook))
    lab.page.goto(lab.server.address(copy.relative_to(lab.server.root).as_posix()), wait_until="domcontentloaded")
    table = lab.page.locator(".jp-Notebook table").first
    expect(table).to_contain_text("alps", timeout=30_000)
    assert "Loading widget" not in lab.page.locator(".jp-Notebook").first.inner_text()


@pytest.mark.parametrize("theme", THEMES)
def test_nothing_of_it_keeps_anybody_out(lab: Lab, theme: str) -> None:
    """The rules of accessibility hold in both themes: names, roles, contrast."""
    some(lab)
    lab.page.evaluate("theme => jupyterapp.commands.execute('apputils:change-theme', {theme})", theme)
    expect(lab.page.locator("body")).to_have_attribute("data-jp-theme-name", theme)
    picker = shown(lab)
    picker.get_by_role("button", name="Tag").click()
    expect(picker.get_by_role("region", name="The last turns").locator("strong")).to_be_visible()
    picker.get_by_role("button", name="Open", exact=True).hover()
    found = Axe().run(lab.page, context=".ips-picker")
    assert not found.response["violations"], found.generate_report()


def test_in_a_narrow_place_the_panes_stand_one_below_the_other(lab: Lab) -> None:
    """And nothing is cut off at the side."""
    some(lab)
    lab.page.set_viewport_size({"width": 640, "height": 1000})
    picker = shown(lab)
    panes = picker.locator(".ips-panes > *")
    above, below = (panes.nth(at).bounding_box() for at in (0, 1))
    assert above is not None
    assert below is not None
    assert above["y"] + above["height"] <= below["y"] + 1
    assert picker.evaluate("node => node.scrollWidth <= node.clientWidth")
    expect(picker.get_by_text("تحليل المبيعات").first).to_have_attribute("dir", "auto")


def test_notebook_7_has_it_too(notebook7: Lab) -> None:
    """Looked for, chosen, one line left."""
    some(notebook7)
    picker = shown(notebook7)
    find(picker).fill("sea")
    find(picker).press("Enter")
    expect(picker).to_have_count(0)
    assert "opened **sea**" in left(notebook7)[0]["text/markdown"]
