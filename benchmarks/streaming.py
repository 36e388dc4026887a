"""A reply on its way to the page: the first words in a kernel, a long reply in a real JupyterLab."""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
from contextlib import chdir
from pathlib import Path
from typing import Any

from figures import Figure

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from hosts_kit import Kernel, write_notebook

ASKS = 30

# In the kernel: a model that answers at once, and the moments of its first event and of the first display.
FIRST_WORDS = f"""
import json, statistics, time
from IPython.display import display
from ipy_sessions import Finished, Started, TextDelta
from ipy_sessions.magics.extension import find

class Instant:
    name = "instant"
    def stream(self, request):
        self.first = time.perf_counter()
        yield Started(self.name, {{}})
        yield TextDelta("hello")
        yield Finished("end_turn", {{}})

model, ip = Instant(), get_ipython()
find(ip).host.find_model = lambda name: model
publish, shown = ip.display_pub.publish, []

def watched(data, *arguments, **options):
    publish(data, *arguments, **options)
    shown.append((time.perf_counter(), data.get("text/plain")))

ip.display_pub.publish = watched
ip.run_line_magic("session", "new")
ours, floor = [], []
for _ in range({ASKS}):
    shown.clear()
    ip.run_cell_magic("agent", "", "hi")
    ours.append(next(when for when, text in shown if text == "hello") - model.first)
    started = time.perf_counter()
    publish({{"text/markdown": "hello", "text/plain": "hello"}}, transient={{"display_id": "floor"}})
    floor.append(time.perf_counter() - started)
ip.display_pub.publish = publish
print("RESULT", json.dumps([ours, floor]))
"""

DELTAS, PAUSE = 2000, 0.0025  # 20 kB in five seconds
RUNS = 6  # of which the first warms the page and the kernel

# In the kernel of the page: a long reply, and the same deltas with one display at the end.
LONG_REPLY = f"""
import json, time
from IPython.display import Markdown, display
from ipy_sessions import Finished, Started, TextDelta
from ipy_sessions.magics.extension import find

class Long:
    name = "long"
    def stream(self, request):
        yield Started(self.name, {{}})
        yield from map(TextDelta, self.deltas())
        yield Finished("end_turn", {{}})
    def deltas(self):
        for number in range({DELTAS} - 1):
            time.sleep({PAUSE})
            yield f"word {{number:04}}\\n" if number % 10 == 9 else f"word {{number:04}} "
        time.sleep({PAUSE})
        self.last = time.time()
        yield "THE" + "-END"

model, ip = Long(), get_ipython()
find(ip).host.find_model = lambda name: model

def ours():
    ip.run_cell_magic("agent", "", "a long reply")

def floor():
    display(Markdown("".join(model.deltas()) + "\\n\\n<small>end</small>"))

def measured(step):
    before = time.process_time()
    step()
    return {{"cpu": time.process_time() - before, "last": model.last}}

ip.run_line_magic("session", "new")
"""

# In the page: the moment at which the end of the reply can be read.
WATCH = """() => {
    window.endSeen = null;
    const look = () => {
        const cell = jupyterapp.shell.currentWidget.content.activeCell.node;
        const area = cell.querySelector('.jp-OutputArea');
        const whole = area && area.textContent.includes('THE-END') && area.querySelector('small');
        if (whole) window.endSeen = Date.now() / 1000;
        else requestAnimationFrame(look);
    };
    look();
}"""


def display() -> list[Figure]:
    """Measure from the model's first event to the first display, in a real kernel."""
    with tempfile.TemporaryDirectory() as folder, chdir(folder):
        kernel = Kernel(IPYTHONDIR=folder)
        try:
            printed = kernel.run(FIRST_WORDS)
        finally:
            kernel.stop()
    ours, floor = json.loads(printed.split("RESULT ")[1])
    values = statistics.median(ours) * 1000, statistics.median(floor) * 1000
    return [Figure("first event to first display, beside a bare display", *values, "ms", "ours", 10)]


def stream() -> list[Figure]:
    """Measure a reply of 20 kB in 2,000 deltas, in a real JupyterLab, beside one display at the end."""
    from browser.labkit import Lab, LabServer, chromium

    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        server = LabServer(Path(folder) / "root", Path(folder) / "home")
        try:
            write_notebook(server.root / "talk.ipynb", "%load_ext ipy_sessions\n" + LONG_REPLY)
            lab = Lab(browser.new_page(), server).open("talk.ipynb")
            lab.run(0)
            runs = {step: [_one(lab, step) for _ in range(RUNS)][1:] for step in ("floor", "ours")}
        finally:
            server.stop()
    ours, floor = (_median(runs[step]) for step in ("ours", "floor"))
    return [
        Figure("20 kB in 2,000 deltas: last delta to the whole page", ours["late"], floor["late"], "ms", "ours", 100),
        Figure("20 kB in 2,000 deltas: the kernel's CPU", ours["cpu"], floor["cpu"], "ms", "ours", 300),
    ]


def _median(runs: list[dict[str, float]]) -> dict[str, float]:
    return {kind: statistics.median(run[kind] for run in runs) for kind in runs[0]}


def _one(lab: Any, step: str) -> dict[str, float]:
    """Run one reply; return how late the page was and what CPU the kernel took, in milliseconds."""
    index = lab.type(f"result = measured({step})")
    lab.select(index)
    lab.page.evaluate(WATCH)
    lab.run(index)
    seen = lab.page.wait_for_function("() => window.endSeen").json_value()
    result = json.loads(lab.ask("print(json.dumps(result))"))
    return {"late": (seen - result["last"]) * 1000, "cpu": result["cpu"] * 1000}
