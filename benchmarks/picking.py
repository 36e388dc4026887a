"""The picker with ten thousand sessions, in a real JupyterLab: what is sent, and how soon it is on the page.

The floor of what is painted is a cell that shows a word; that of the names is what has to be sent of them at least, one
title a line.
"""

from __future__ import annotations

import gzip
import json
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

from figures import Figure

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from hosts_kit import write_notebook
from picker_kit import write_sessions

SESSIONS, RUNS = 10_000, 5
WORDS = ("c", "ch", "churn", "churn model", "tag:thesis", "model:opus ozone", "before:2026-01-01", "nothing like this")

# In the page: the bytes of what the kernel sends, and the moments of the first of it and of the first row.
WATCH = """() => {
    const watched = window.sent;
    window.sent = [];
    if (watched) return;
    const kernel = jupyterapp.shell.currentWidget.sessionContext.session.kernel;
    const size = message => JSON.stringify(message.content).length
        + message.buffers.reduce((sum, buffer) => sum + buffer.byteLength, 0);
    kernel.anyMessage.connect((_, {direction, msg}) => {
        if (direction !== 'recv' || msg.channel !== 'iopub') return;
        sent.push([msg.header.msg_type, performance.now(), size(msg)]);
    });
}"""
PAINTED = """() => {
    window.painted = null;
    const look = () => {
        if (document.querySelector('.ips-picker [role=option]')) window.painted = performance.now();
        else requestAnimationFrame(look);
    };
    look();
}"""

# In the page: from a key to the list as it is then, laid out.
TYPED = """words => {
    const field = document.querySelector('.ips-picker [type=search]');
    return words.map(word => {
        const began = performance.now();
        field.value = word;
        field.dispatchEvent(new Event('input'));
        document.querySelector('.ips-list').getBoundingClientRect();
        return performance.now() - began;
    });
}"""

# In the page: from a text to what was found in all text, painted.
FOUND = """text => new Promise(done => {
    const deep = document.querySelector('.ips-picker [type=checkbox]');
    const field = document.querySelector('.ips-picker [type=search]');
    deep.checked = true;
    field.value = '';
    field.dispatchEvent(new Event('input'));
    field.value = text;
    field.dispatchEvent(new Event('input'));
    const began = performance.now();
    const look = () => {
        if (document.querySelector('.ips-row mark')) done(performance.now() - began);
        else if (performance.now() - began > 20000) done(NaN);
        else requestAnimationFrame(look);
    };
    look();
})"""
PAUSE = 250  # milliseconds that the page waits after a key before it asks for all text


def picking() -> list[Figure]:
    """Measure the picker in a real JupyterLab."""
    from browser.labkit import Lab, LabServer, chromium

    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        server = LabServer(Path(folder) / "root", Path(folder) / "home")
        try:
            write_notebook(server.root / "talk.ipynb", "%load_ext ipy_sessions")
            write_sessions(server.root / ".sessions", SESSIONS)
            lab = Lab(browser.new_page(), server).open("talk.ipynb")
            lab.run(0)
            runs = [_run(lab) for _ in range(RUNS)][1:]
            names = _names(lab)
        finally:
            server.stop()
    return _figures({kind: statistics.median(run[kind] for run in runs) for kind in runs[0]}, *names)


def _figures(of: dict[str, float], names: float, floor: float) -> list[Figure]:
    painted, first = of["painted"], of["first"]
    return [
        Figure("picker: the kernel's answer to the first page painted", painted, of["word"], "ms", "ours", 200),
        Figure("picker: %session pick to the first page painted", of["whole"], of["word"], "ms", "ours", None),
        Figure("picker: the first page, with script and style", first / 1000, 0, "kB", "ours", 200),
        Figure("picker: all names, compressed", names / 1000, floor / 1000, "kB", "ours", 500),
        Figure("picker: a key to the list as it is then, at most", of["key"], 0, "ms", "ours", 50),
        Figure("picker: a word in all text, asked to painted", of["text"], 0, "ms", "ours", 500),
        Figure("picker: what nearly every session holds, in all text", of["every"], 0, "ms", "ours", None),
    ]


def _run(lab: Any) -> dict[str, float]:
    """Show a picker, and use it; return the milliseconds and bytes that it took."""
    index = lab.type("%session pick")
    lab.select(index)
    lab.page.evaluate(WATCH)
    lab.page.evaluate(PAINTED)
    began = lab.page.evaluate("() => performance.now()")
    lab.run(index)
    painted = lab.page.wait_for_function("() => window.painted").json_value()
    lab.page.wait_for_function("() => sent.some(([kind, , size]) => kind === 'comm_msg' && size > 100000)")
    sent = lab.page.evaluate("() => sent")
    opened = [size for kind, _, size in sent if kind == "comm_open"]
    answered = max(when for kind, when, _ in sent if kind in {"comm_open", "display_data"} and when < painted)
    lab.page.wait_for_function("rows => document.querySelector('.ips-row[aria-setsize=\"' + rows + '\"]')", arg=9800)
    keys = lab.page.evaluate(TYPED, list(WORDS))
    found = [lab.page.evaluate(FOUND, text) for text in ("churn", '"outside of what chance"')]
    lab.page.locator(".ips-picker").get_by_role("button", name="Close").click()
    lab.page.wait_for_selector(".ips-picker", state="detached")
    shown = sum(size for kind, _, size in sent if kind == "display_data")
    return {
        "painted": painted - answered,
        "whole": painted - began,
        "first": sum(opened) + shown,
        "key": max(keys),
        "text": found[0] - PAUSE,
        "every": found[1] - PAUSE,
        "word": _word(lab),
    }


def _word(lab: Any) -> float:
    """Return how long a cell takes that shows a word."""
    index = lab.type("display({'text/markdown': 'a-word'}, raw=True)")
    lab.select(index)
    began = lab.page.evaluate("() => performance.now()")
    lab.run(index)
    return float(lab.page.evaluate("() => performance.now()") - began)


def _names(lab: Any) -> tuple[float, float]:
    """Return the bytes of all names as they were sent, and those of the titles alone."""
    folder = str(lab.folder / ".sessions")
    lab.run(lab.type("import json, ipy_sessions as ses"))
    index = lab.type(f"print(json.dumps([row.title for row in ses.SessionManager({folder!r}).list()]))")
    lab.run(index)
    titles = json.loads(lab.text(index))
    sent = lab.page.evaluate(
        "() => Math.max(...sent.filter(([kind]) => kind === 'comm_msg').map(([, , size]) => size))"
    )
    return float(sent), float(len(gzip.compress("\n".join(titles).encode())))
