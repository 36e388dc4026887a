"""The way from a server's socket to the cell, beside the SDK's own stream in the same kernel."""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
from contextlib import chdir
from pathlib import Path
from typing import Any

from figures import Figure

from ipy_sessions.testing import MessagesServer, Reply

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from hosts_kit import Kernel

ASKS = 40  # short replies
LONG, PAUSE = 5000, 0.0005  # deltas of a long reply, and seconds before each: two and a half seconds or more
RUNS = 5

# In the kernel: ours and the SDK's stream, one after the other, on the same server.
ASK = "lambda: ip.run_cell_magic('agent', '', 'hi')"
PREPARE = """
import json, time
import anthropic
from IPython.display import display
client = anthropic.Anthropic(api_key="none", max_retries=0)
ip = get_ipython()
publish, shown = ip.display_pub.publish, []

def watched(data, *arguments, **options):
    publish(data, *arguments, **options)
    shown.append((time.perf_counter(), data.get("text/plain")))

def stream():
    messages = [{"role": "user", "content": "hi"}]
    return client.messages.stream(model="m", max_tokens=1000, messages=messages)

def ours():
    shown.clear()
    ip.display_pub.publish = watched
    started = time.perf_counter()
    ip.run_cell_magic("agent", "", "hi")
    ip.display_pub.publish = publish
    return next(when for when, text in shown if text.startswith("word")) - started

def sdk():
    started = time.perf_counter()
    with stream() as events:
        for event in events:
            if event.type == "text":
                return time.perf_counter() - started

def shown_by_hand():
    text, due, handle = "", 0.0, display({"text/plain": ""}, raw=True, display_id=True)
    with stream() as events:
        for event in events:
            if event.type == "text":
                text += event.text
                if time.perf_counter() >= due:
                    due = time.perf_counter() + 0.1
                    handle.update({"text/markdown": text, "text/plain": text}, raw=True)
    handle.update({"text/markdown": text, "text/plain": text}, raw=True)

def cpu(step):
    before = time.process_time()
    step()
    return time.process_time() - before
"""


def server() -> list[Figure]:
    """Measure from a request to the first display, and the kernel's CPU for a long reply, beside the SDK alone."""
    with MessagesServer(models=[{"id": "m"}]) as fake, tempfile.TemporaryDirectory() as folder, chdir(folder):
        environment = {"IPYTHONDIR": folder, "HOME": folder, "ANTHROPIC_BASE_URL": fake.url}
        kernel = Kernel(**environment, ANTHROPIC_API_KEY="", ANTHROPIC_AUTH_TOKEN="")
        try:
            kernel.run(PREPARE)
            fake.push(*[Reply("word")] * (4 * ASKS))
            kernel.run("ours(), sdk()")  # the first of each warms up
            first = _measured(kernel, f"[(ours(), sdk()) for _ in range({ASKS})]")
            fake.forget()
            fake.push(*[Reply("word " * (LONG - 1) + "end", delay=PAUSE)] * (2 * RUNS + 2))
            kernel.run(f"cpu({ASK}), cpu(shown_by_hand)")
            long = [_measured(kernel, f"cpu({ASK}), cpu(shown_by_hand)") for _ in range(RUNS)]
        finally:
            kernel.stop()
    return [
        Figure("request to first display, beside the SDK's first text", *_medians(first), "ms", "difference", 20),
        Figure("5,000 deltas: the kernel's CPU, beside the SDK and a display", *_medians(long), "ms", "ratio", 1.3),
    ]


def _medians(pairs: list[list[float]]) -> tuple[float, float]:
    """Return the medians of ours and of the peer's, in milliseconds."""
    ours, peer = zip(*pairs, strict=True)
    return statistics.median(ours) * 1000, statistics.median(peer) * 1000


def _measured(kernel: Kernel, code: str) -> Any:
    """Return the value of an expression in the kernel, which JSON can hold; in a session without messages."""
    kernel.run("%session new")
    printed = kernel.run(f"print('RESULT', json.dumps(({code})))")
    return json.loads(printed.rpartition("RESULT ")[2])


if __name__ == "__main__":
    print(*server(), sep="\n")
