"""The pictures of an exported page in docs/pictures: a small conversation, in the light theme and in the dark one.

`pictures(browser, folder)` makes them; so does this file when it is run, with the Chromium that the variable CHROMIUM
names.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ipy_sessions import Exchange, Session, SessionManager, Settings, assistant, user
from ipy_sessions.entries import NewEntry

ROOT = Path(__file__).parents[1]
PICTURES = ROOT / "docs" / "pictures"
SIZE = {"width": 1100, "height": 1000}
MOST = 150_000  # bytes of a picture

if TYPE_CHECKING:
    from playwright.sync_api import Browser

COUNTED = """Use a `Counter`:

```python
from collections import Counter

def frequencies(text: str) -> list[tuple[str, int]]:
    \"\"\"Return the most frequent words with their counts.\"\"\"
    return Counter(text.lower().split()).most_common(10)
```

The word of rank $r$ comes about $f(r) = \\frac{C}{r^{\\alpha}}$ times, with $\\alpha$ close to 1:

| word | count |
|---|--:|
| the | 1,203 |
| of | 640 |
| and | 415 |
"""
SONNET, HAIKU = "claude-sonnet-5-5", "claude-haiku-4-5"


def pictures(browser: Browser, folder: Path = PICTURES) -> list[Path]:
    """Make both pictures; return their files.

    Parameters
    ----------
    browser
        A Chromium of Playwright's.
    folder
        Where they go.

    Raises
    ------
    ValueError
        When one is larger than a repository should hold.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as work:
        with SessionManager(Path(work) / ".sessions", settings=Settings(model="offline")) as manager:
            page = Exchange(manager).export(_talk(manager), "html", Path(work) / "page.html").path
        return [_picture(browser, page, scheme, folder) for scheme in ("light", "dark")]


def _picture(browser: Browser, file: Path, scheme: Literal["light", "dark"], folder: Path) -> Path:
    page = browser.new_page(viewport=SIZE, color_scheme=scheme)  # type: ignore[arg-type]
    page.goto(file.as_uri())
    path = folder / f"transcript-{scheme}.png"
    page.screenshot(path=path)
    page.close()
    if path.stat().st_size > MOST:
        raise ValueError(f"{path} has {path.stat().st_size:,} bytes, more than {MOST:,}.")
    return path


def _talk(manager: SessionManager) -> Session:
    """Have a conversation with what conversations have."""
    session = manager.create("Words of a book")
    session.append(NewEntry("settings", {"model": SONNET, "system": "Be brief.", "options": {}}))
    session.append(user("How do I count the words of a text?", execution_count=2))
    thought = {"type": "thinking", "thinking": "A table of frequencies is wanted, and perhaps the law behind it."}
    usage = {"input_tokens": 1203, "output_tokens": 410}
    answer = [thought, {"type": "text", "text": COUNTED}]
    session.append(assistant(answer, model=SONNET, usage=usage, cost_usd=0.0098, latency_ms=2310))
    session.label(1, "start")
    session.append(user("Run it on the book.", execution_count=3))
    session.append(assistant("Which one?", model=HAIKU))
    session.rewind(1)
    session.append(user("Run it on `book.txt`.", execution_count=3))
    call = {"type": "tool_use", "id": "t1", "name": "bash", "input": {"command": "wc -w book.txt"}}
    session.append(assistant([call], model=SONNET, stop_reason="tool_use", latency_ms=900))
    session.append(user([{"type": "tool_result", "tool_use_id": "t1", "content": "12034 book.txt"}]))
    usage = {"input_tokens": 1900, "output_tokens": 30}
    session.append(
        assistant("The book has **12,034** words.", model=SONNET, usage=usage, cost_usd=0.004, latency_ms=1500)
    )
    session.append(user("And how many of them are different?", execution_count=4))
    session.append(assistant("About one in five:", model=SONNET, stop_reason=None, end="interrupted"))
    return session


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT / "tests"))
    from browser.labkit import chromium

    with chromium() as found:
        for made in pictures(found):
            sys.stdout.write(f"{made}\n")
