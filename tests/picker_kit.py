"""Sessions as a working folder has them, to look through: names, first questions, notebooks, models, tags, marks."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ipy_sessions.encoding import encode
from ipy_sessions.entries import VERSION, Entry, Header
from ipy_sessions.identifiers import SYSTEM, timestamp

TASKS = (
    "Why does {thing} drop after {when}?",
    "Plot {thing} by {group}, with the median",
    "Join {thing} with the table of {group} and keep what has no match",
    "Explain this traceback: KeyError in {thing}",
    "Fit a model of {thing} over {group}; which features matter?",
    "Clean the column of {thing}: commas, blanks and {when}",
    "How should I test that {thing} is stable between {group}?",
    "Rewrite the loop over {group} without iterrows",
    "Compare {thing} of {when} with the year before",
    "Write SQL for the ten largest {group} by {thing}",
)
THINGS = (
    *("revenue", "churn", "the sensor's drift", "ozone levels", "page views", "the loss curve", "delivery times"),
    *("rainfall", "the embedding distances", "ticket counts", "heart rates", "the p-values", "energy use", "prices"),
)
GROUPS = ("regions", "weekdays", "cohorts", "stations", "users", "batches", "countries", "experiments", "plants")
WHENS = ("March", "the release", "midnight", "a restart", "the holidays", "2024", "week 12", "the second epoch")
NAMES = (
    *(
        "churn model",
        "ozone, cleaned",
        "thesis figures",
        "onboarding",
        "تحليل المبيعات حسب المنطقة",
        "quarterly report",
    ),
    *("🌍🛰️ satellite tiles 👩🏽‍🔬", "sensor drift", "売上の予測", "weather stations", "a/b test of the checkout"),
)
NOTEBOOKS = ("talk.ipynb", "churn/features.ipynb", "reports/quarter.ipynb", "ozone.ipynb", "thesis/figures.ipynb")
MODELS = ("claude-sonnet-4-5", "claude-opus-4-1", "claude-haiku-4-5")
TAGS = ("thesis", "todo", "paper", "client", "teaching", "draft")
WORDS = (
    *("average", "axis", "balance", "because", "between", "cache", "change", "chart", "column", "compare", "condition"),
    *("contain", "convert", "correct", "count", "cross", "curve", "default", "depend", "describe", "differ", "divide"),
    *(
        "double",
        "drop",
        "early",
        "effect",
        "empty",
        "encode",
        "error",
        "estimate",
        "event",
        "example",
        "expect",
        "export",
    ),
    *(
        "factor",
        "feature",
        "field",
        "figure",
        "filter",
        "float",
        "format",
        "frame",
        "function",
        "graph",
        "group",
        "half",
    ),
    *(
        "handle",
        "header",
        "hour",
        "improve",
        "include",
        "index",
        "interval",
        "join",
        "keep",
        "label",
        "large",
        "length",
    ),
    *(
        "level",
        "limit",
        "line",
        "list",
        "local",
        "loss",
        "lower",
        "match",
        "matrix",
        "mean",
        "measure",
        "merge",
        "method",
    ),
)

ANSWER = """The drop comes from **{thing}**: what was measured before is in another unit.

```python
daily = frame.groupby("day")["value"].median()
daily.loc["2026-03":].plot(title="{thing}")
```

| group | before | after |
|---|---:|---:|
| north | 12.4 | 9.1 |
| south | 11.8 | 11.9 |

With $\\mu = {number}$ that is outside of what chance would do. {more}
"""


def write_sessions(folder: Path, count: int, *, now: datetime | None = None, seed: int = 7) -> None:
    """Write sessions into a folder, the latest a few minutes old, the oldest of three years ago."""
    folder.mkdir(parents=True, exist_ok=True)
    chance = random.Random(seed)  # noqa: S311 - nothing here is a secret
    now = datetime.now(UTC) if now is None else now
    for number in range(count):
        age = timedelta(minutes=7 + 1_500_000 * (number / max(count, 40)) ** 2)
        path = folder / f"20260101T000000Z-talk-{number:06}.jsonl"
        path.write_bytes(b"".join(_lines(chance, now - age, number)))


def _lines(chance: random.Random, last: datetime, number: int) -> Iterator[bytes]:
    session, turns = SYSTEM.new_id(), chance.randrange(1, 6)
    began = last - timedelta(minutes=9 * turns)
    fields = {"notebook": chance.choice(NOTEBOOKS), "key": "agent:main:jupyter:talk", "app": "ipy_sessions"}
    if chance.random() < 0.35:
        fields["name"] = chance.choice(NAMES) + (f" {number}" if number >= len(NAMES) else "")
    yield encode(Header(VERSION, session, timestamp(began), fields))
    model, parent = chance.choice(MODELS), None
    for seq, entry in enumerate(_talk(chance, turns, model), start=1):
        ts = timestamp(last - timedelta(minutes=4 * (2 * turns - seq)))
        written = Entry("message", seq, SYSTEM.new_id(), parent, session, ts, entry)
        parent = written.id
        yield encode(written)
    notes: dict[str, object] = {}
    if chance.random() < 0.3:
        notes["tags"] = chance.sample(TAGS, chance.randrange(1, 3))
    notes |= {"pinned": True} if number % 997 == 3 else {}
    notes |= {"archived": True} if number % 50 == 31 else {}
    if notes:
        yield encode(Entry("info", 99, SYSTEM.new_id(), None, session, timestamp(last), notes))


def _talk(chance: random.Random, turns: int, model: str) -> Iterator[dict[str, object]]:
    thing = chance.choice(THINGS)
    for turn in range(turns):
        task = chance.choice(TASKS).format(thing=thing, group=chance.choice(GROUPS), when=chance.choice(WHENS))
        more = " ".join(chance.choices(WORDS, k=chance.randrange(0, 26)))
        text = f"{task} {more.capitalize()}".strip()
        yield {"role": "user", "content": [{"type": "text", "text": text}], "cell_id": f"cell-{turn}"}
        if turn == turns - 1 and chance.random() < 0.05:
            yield {"role": "assistant", "content": [], "model": model, "end": "interrupted"}
            return
        more = " ".join(chance.choices(WORDS, k=chance.randrange(4, 60)))
        text = ANSWER.format(thing=thing, number=chance.randrange(3, 40), more=more.capitalize())
        usage = {"input_tokens": 900, "output_tokens": 300}
        said = {"role": "assistant", "content": [{"type": "text", "text": text}], "model": model, "usage": usage}
        yield {**said, "stop_reason": "end_turn"}
