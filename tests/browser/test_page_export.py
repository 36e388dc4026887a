"""Pages that conversations become, opened in a real Chromium: nothing runs, nothing is loaded, everything is found."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from hostile_kit import HOSTILE, PIXEL
from playwright.sync_api import Browser, BrowserContext, Page, expect

from ipy_sessions import Exchange, Session, SessionManager, assistant, user
from ipy_sessions.entries import NewEntry

pytestmark = pytest.mark.browser

RAN = "window.ran = (window.ran || 0) + 1"
ACTING = [
    f"<script>{RAN}</script>",
    f"</script><script>{RAN}</script>",
    f"</style></title></textarea><script>{RAN}</script>",
    f"<!--<script>{RAN}</script>-->",
    f"<img src=x onerror='{RAN}'>",
    f"<svg onload='{RAN}'>",
    f"[press me](javascript:{RAN.replace(' ', '')})",
    f"<a href='javascript:{RAN}'>press me</a>",
    f"<iframe srcdoc='<script>parent.{RAN}</script>'></iframe>",
    "![seen](https://example.com/seen.png)",
    "<link rel=stylesheet href=https://example.com/x.css><style>@import 'https://example.com/y.css'</style>",
    "\u2028\u2029\u202ethis is turned around\u202c",
    "**[broken](<` ~~~ ```\n> - | $$ \\frac{",
]
DRAWING = "PHN2ZyB4bWxucz0iaHR0cDovL3d3dy53My5vcmcvMjAwMC9zdmciIG9ubG9hZD0id2luZG93LnJhbj0xIi8+"  # with an onload


class Watched:
    """A page of its own, and what happened on it that should not."""

    def __init__(self, context: BrowserContext) -> None:
        self.page: Page = context.new_page()
        self.wrong: list[str] = []
        self.page.on("dialog", self._asked)
        self.page.on("console", lambda message: self.wrong.append(message.text))
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.on("request", self._requested)

    def _asked(self, dialog: Any) -> None:
        self.wrong.append(dialog.message)
        dialog.dismiss()

    def _requested(self, request: Any) -> None:
        if not request.url.startswith(("file:", "data:")):
            self.wrong.append(request.url)

    def open(self, path: Path, anchor: str = "") -> Page:
        """Open a file."""
        self.page.goto(path.resolve().as_uri() + anchor)
        return self.page


Opener = Callable[..., Page]


@pytest.fixture
def opener(browser: Browser) -> Iterator[Opener]:
    """Opens files, and looks at the end whether anything ran, asked, was loaded or complained."""
    contexts: list[BrowserContext] = []
    watched: list[Watched] = []

    def open_(path: Path, anchor: str = "", **options: Any) -> Page:
        context = browser.new_context(**options)
        contexts.append(context)
        watched.append(Watched(context))
        return watched[-1].open(path, anchor)

    yield open_
    wrong = [one for watch in watched for one in watch.wrong]
    ran = [watch.page.evaluate("window.ran") for watch in watched]
    for context in contexts:
        context.close()
    assert wrong == []
    assert not any(ran)


def exported(manager: SessionManager, session: Session) -> Path:
    """Return the page of a session."""
    return Exchange(manager).export(session, "html", "page.html").path


def asked(session: Session, question: str, answer: str) -> None:
    """Add a turn."""
    session.append(user(question))
    session.append(assistant(answer, model="m", usage={"input_tokens": 10, "output_tokens": 3}))


@pytest.fixture
def branched(manager: SessionManager) -> Path:
    """Return the page of a conversation that branches twice: 1-2-3, 1-2-4 and 1-5-6, where it stands on the last."""
    session = manager.create("Branches")
    for number in range(1, 4):
        asked(session, f"question {number}", f"answer {number} has a needle")
    session.rewind(1)
    asked(session, "question 4", "answer 4")
    session.rewind(2)
    asked(session, "question 5", "answer 5")
    call = {"type": "tool_use", "id": "t", "name": "bash", "input": {"command": "find the needle"}}
    session.append(user("question 6"))
    session.append(assistant([{"type": "thinking", "thinking": "hm"}, call], model="m", stop_reason="tool_use"))
    session.append(user([{"type": "tool_result", "tool_use_id": "t", "content": "found"}]))
    session.append(assistant("so it is", model="m"))
    return exported(manager, session)


def seen(page: Page) -> list[str]:
    """Return the names of the stretches that are seen."""
    return [str(node.get_attribute("id")) for node in page.locator("article").all() if node.is_visible()]


def test_nothing_of_a_hostile_transcript_runs(manager: SessionManager, opener: Opener) -> None:
    """Script tags, handlers, addresses with scripts, broken Markdown, pictures that are programs: all is only read."""
    session = manager.create(ACTING[1])
    for text in [*ACTING, *(one.replace("\ud800", "") for one in HOSTILE)]:
        drawing = {"type": "base64", "media_type": "image/svg+xml", "data": DRAWING}
        session.append(user([{"type": "text", "text": text}, {"type": "image", "source": drawing}], cell_id=text))
        call = {"type": "tool_use", "id": text, "name": text, "input": {text: text}}
        answer: list[dict[str, Any]] = [{"type": "thinking", "thinking": text}, {"type": "text", "text": text}, call]
        session.append(assistant(answer, model=text))
        session.append(user([{"type": "tool_result", "tool_use_id": text, "content": text}]))
        session.append(NewEntry("compaction", {"summary": text}))
    session.rewind(3)
    asked(session, ACTING[0], ACTING[2])
    page = opener(exported(manager, session))
    page.locator("#fold").click()
    for link in page.get_by_text("press me").all():
        link.click(modifiers=["Alt"])
    page.locator("#find").fill("<script>")
    page.keyboard.press("Enter")
    page.locator(".ways a").first.click()
    page.wait_for_timeout(200)
    assert page.locator("main script, main style, main svg, main iframe, main [onerror], main [onload]").count() == 0
    assert page.evaluate("document.scripts.length") == 1


def test_the_policy_lets_no_other_script_run(branched: Path, browser: Browser) -> None:
    """Also one that would have come into the page: Chromium refuses it, by the policy that stands in the file."""
    branched.write_text(branched.read_text().replace("<main>", f"<main><script>{RAN}</script><p onclick='{RAN}'>x</p>"))
    context = browser.new_context()
    watch = Watched(context)
    page = watch.open(branched)
    page.get_by_text("x", exact=True).click()
    assert page.evaluate("window.ran") is None
    assert len(watch.wrong) == 2
    assert all("Content Security Policy" in one for one in watch.wrong)
    context.close()


def test_versions_are_switched_without_a_kernel(branched: Path, opener: Opener) -> None:
    """By the arrows, by mouse and keyboard; what follows a version comes along, and the way one took is kept."""
    page = opener(branched)
    assert seen(page) == ["turn-1", "turn-5", "turn-6"]
    page.get_by_label("previous version, Turn 2").click()
    assert seen(page) == ["turn-1", "turn-2", "turn-4"]
    page.locator("#turn-4 .ways a").first.click()
    assert seen(page) == ["turn-1", "turn-2", "turn-3"]
    expect(page.locator("#turn-3 .ways")).to_contain_text("1 of 2")
    page.locator("#turn-2 .ways a").last.focus()
    page.keyboard.press("Enter")
    assert seen(page) == ["turn-1", "turn-5", "turn-6"]
    page.keyboard.press("Enter")  # the arrow of the version that is seen now has the focus
    assert seen(page) == ["turn-1", "turn-2", "turn-3"]


def test_every_turn_has_an_address(branched: Path, opener: Opener) -> None:
    """A link to a turn on another branch shows it, from outside and from the list of turns; Back goes back."""
    page = opener(branched, "#turn-3")
    assert seen(page) == ["turn-1", "turn-2", "turn-3"]
    expect(page.locator("#turns [aria-current]")).to_have_attribute("href", "#turn-3")
    page.locator("#turns").get_by_text("question 6").click()
    assert seen(page) == ["turn-1", "turn-5", "turn-6"]
    assert page.url.endswith("#turn-6")
    page.go_back()
    page.wait_for_function("document.querySelector('#talk #turn-3')")
    assert seen(page) == ["turn-1", "turn-2", "turn-3"]


def test_an_address_of_no_turn_harms_nothing(branched: Path, opener: Opener) -> None:
    """Also one that nobody could decode: the page works all the same."""
    page = opener(branched, "#100%")
    page.get_by_role("searchbox").fill("turn")
    expect(page.locator("#count")).not_to_have_text("")


def test_search_finds_on_every_branch_and_in_what_is_folded(branched: Path, opener: Opener) -> None:
    """It counts, goes to the next and the previous hit, shows their branch and unfolds what hides them."""
    page = opener(branched)
    page.keyboard.press("/")
    page.keyboard.type("NEEDLE")
    count = page.locator("#count")
    expect(count).to_have_text("5 hits")
    page.keyboard.press("Enter")
    expect(count).to_have_text("1 of 5")
    page.keyboard.press("Enter")
    assert page.locator("#turn-6 details.call").get_attribute("open") is not None
    for _ in range(3):
        page.keyboard.press("Enter")
    expect(count).to_have_text("5 of 5")
    assert seen(page) == ["turn-1", "turn-2", "turn-3"]
    page.keyboard.press("Shift+Enter")
    expect(count).to_have_text("4 of 5")
    assert page.evaluate("CSS.highlights.get('hits').size") == 5
    page.keyboard.press("Escape")
    expect(count).to_have_text("")
    assert page.evaluate("CSS.highlights.get('hits').size") == 0
    page.locator("#find").fill("nowhere(")
    expect(count).to_have_text("no hit")


def test_folding_theme_and_keys(branched: Path, opener: Opener) -> None:
    """All that is folded opens and closes at once; the theme follows the system, or the button."""
    page = opener(branched, color_scheme="dark")
    paper = "getComputedStyle(document.body).backgroundColor"
    dark = page.evaluate(paper)
    page.locator("#theme").click()
    assert page.evaluate(paper) != dark
    page.locator("#theme").click()
    assert page.evaluate(paper) == dark
    folded = page.locator("main details.call, main details.thinking")
    page.locator("#fold").click()
    assert folded.evaluate_all("all => all.every(one => one.open)")
    page.locator("#fold").click()
    assert not folded.evaluate_all("all => all.some(one => one.open)")
    assert folded.count() == 2
    page.set_viewport_size({"width": 1000, "height": 300})
    page.locator("h1").click()
    page.keyboard.press("j")
    assert page.locator("#turns [aria-current]").count() == 1


def test_without_scripts_everything_is_there(branched: Path, opener: Opener) -> None:
    """The active branch to be read, the others below it; the arrows are links; what would need scripts is not seen."""
    page = opener(branched, java_script_enabled=False)
    assert not page.locator("#tools").is_visible()
    assert seen(page) == ["turn-1", "turn-5", "turn-6"]
    page.locator("#others > summary").click()
    assert seen(page) == ["turn-1", "turn-5", "turn-6", "turn-2", "turn-3", "turn-4"]
    assert page.get_by_label("previous version, Turn 2").get_attribute("href") == "#turn-2"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [400, 1280])
def test_everybody_can_read_it(branched: Path, browser: Browser, scheme: Any, width: int) -> None:
    """Axe finds nothing to complain about, in both themes, on a narrow page and on a wide one; nothing stands over."""
    context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 800}, bypass_csp=True)
    page = context.new_page()
    page.goto(branched.resolve().as_uri())
    page.locator("#fold").click()
    found = Axe().run(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    context.close()
    assert found.violations_count == 0, found.generate_report()


def test_a_picture_is_in_the_file(manager: SessionManager, opener: Opener) -> None:
    """It is seen, with a name for those who do not see."""
    session = manager.create("pictures")
    session.append(user([{"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PIXEL}}]))
    page = opener(exported(manager, session))
    picture = page.get_by_role("img", name="image, image/png, 7")
    assert picture.evaluate("image => image.complete && image.naturalWidth") == 1


def test_a_thousand_turns_are_scrolled_and_searched(manager: SessionManager, opener: Opener) -> None:
    """All of them are there, from the first to the last."""
    session = manager.create("long")
    for number in range(1, 1001):
        asked(session, f"question {number}", f"answer **{number}**\n\n```python\nx = {number}\n```")
    page = opener(exported(manager, session))
    assert page.locator("#talk article").count() == 1000
    assert page.locator("#turns li").count() == 1000
    page.locator("#find").fill("answer 1000")
    page.keyboard.press("Enter")
    expect(page.locator("#count")).to_have_text("1 of 1")
    expect(page.locator("#turn-1000")).to_be_in_viewport()
    page.locator("#turn-1000").get_by_text("x = 1000").scroll_into_view_if_needed()
    page.keyboard.press("Escape")
    page.evaluate("scrollTo(0, 0)")
    expect(page.locator("#turn-1")).to_be_in_viewport()
