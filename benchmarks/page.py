"""A conversation of a thousand turns as one page: how soon Chromium has painted it, how it scrolls, how it searches.

Beside it stands a bare page with the same text in one ``<pre>``: what any page of this length takes.
"""

from __future__ import annotations

import html
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from figures import Figure

from ipy_sessions import Exchange, SessionManager, assistant, user

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

TURNS, ROUNDS = 1000, 7  # of which the first warms the browser
ANSWER = """Here is *one* way, with `{number}` of them, since $x_{{{number}}} < y$:

```python
def step{number}(values: list[int]) -> dict[str, int]:
    \"\"\"Return the sums.\"\"\"
    return {{"sum": sum(values), "count": len(values)}}  # of all
```

| name | value |
|---|--:|
| a | {number} |

- first, what is there is read,
- then it is written.
"""

PAINTED = """() => new Promise(done => {
    const told = () => { const [paint] = performance.getEntriesByName('first-contentful-paint');
        const [load] = performance.getEntriesByType('navigation');
        if (paint && load.loadEventEnd) done(Math.max(paint.startTime, load.loadEventEnd)); else setTimeout(told, 5); };
    told();
})"""
SCROLLED = """() => new Promise(done => {
    const gaps = [], steps = 240, far = 100;  // 6,000 pixels a second: a wheel that is turned fast
    let last = performance.now(), step = 0;
    const frame = now => { gaps.push(now - last); last = now;
        if (step++ < steps) { scrollTo(0, step * far); requestAnimationFrame(frame); } else done(gaps.slice(1)); };
    requestAnimationFrame(frame);
})"""
FOUND = """() => new Promise(done => {
    const field = document.getElementById('find'), count = document.getElementById('count'), begun = performance.now();
    new MutationObserver(() => done(performance.now() - begun)).observe(count, {childList: true});
    field.value = 'sums'; field.dispatchEvent(new Event('input'));
})"""


def page() -> list[Figure]:
    """Write the page, open it, scroll it, search it."""
    from browser.labkit import chromium

    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        ours, bare, wrote = _written(Path(folder))
        opened, floor = ([_opened(browser, path) for _ in range(ROUNDS)][1:] for path in (ours, bare))
        gaps, floors = (_scrolled(browser, path) for path in (ours, bare))
        found = _page(browser, ours).evaluate(FOUND)
    name = f"a page of {TURNS:,} turns, {_size(wrote[1])}"
    worst, usual = max(gaps), statistics.median(gaps)
    return [
        Figure(f"{name}: written", wrote[0] * 1000, 0, "ms", "ours", None),
        Figure(f"{name}: loaded and painted", statistics.median(opened), statistics.median(floor), "ms", "ours", 1000),
        Figure(f"{name}: scrolled fast, from frame to frame", usual, statistics.median(floors), "ms", "ours", 34),
        Figure(f"{name}: … at worst", worst, max(floors), "ms", "ours", None),
        Figure(f"{name}: a word found, typing's pause included", found, 120, "ms", "ours", None),
    ]


def _size(size: int) -> str:
    """Return a number of bytes in words."""
    return f"{size / 1e6:.1f} MB"


def _written(folder: Path) -> tuple[Path, Path, tuple[float, int]]:
    """Write both pages; return them, and the seconds and bytes of ours."""
    with SessionManager(folder / ".sessions") as manager:
        session = manager.create("long")
        said = []
        for number in range(1, TURNS + 1):
            question, answer = f"Question {number}, as long as they often are", ANSWER.format(number=number)
            session.append(user(question))
            session.append(assistant(answer, model="m", usage={"input_tokens": 9, "output_tokens": 9}))
            said += [question, answer]
        begun = time.perf_counter()
        done = Exchange(manager).export(session, "html", folder / "ours.html")
        took = time.perf_counter() - begun
    bare = folder / "bare.html"
    bare.write_text(f"<!DOCTYPE html><meta charset=utf-8><pre>{html.escape(chr(10).join(said))}</pre>")
    return done.path, bare, (took, done.size)


def _page(browser: Browser, path: Path) -> Page:
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(path.as_uri())
    return page


def _opened(browser: Browser, path: Path) -> float:
    """Return the milliseconds until a page was loaded and painted."""
    page = _page(browser, path)
    try:
        return float(page.evaluate(PAINTED))
    finally:
        page.close()


def _scrolled(browser: Browser, path: Path) -> list[float]:
    """Return the milliseconds between frames while a page is scrolled."""
    page = _page(browser, path)
    try:
        return [float(gap) for gap in page.evaluate(SCROLLED)]
    finally:
        page.close()
