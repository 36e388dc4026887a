"""Draw docs/pictures/usage.png: what fifty conversations with three models have cost in sixty days, all of it made up.

Usage: pictures_usage.py
"""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ipy_sessions import usage_plot
from ipy_sessions.readers.transcript import Draft, Transcript

PICTURE = Path(__file__).parents[1] / "docs" / "pictures" / "usage.png"
MODELS = (("claude-opus-5", 15.0), ("claude-sonnet-5-5", 3.0), ("qwen3:30b", None))
"""Names, and US dollars for a million tokens that are sent."""

MOST = 150_000  # bytes
FIRST = datetime(2026, 1, 5, 9, tzinfo=UTC)


def picture() -> None:
    """Draw it."""
    made = usage_plot([conversation(number) for number in range(50)]).figure
    PICTURE.parent.mkdir(exist_ok=True)
    made.savefig(PICTURE, dpi=120, transparent=True)
    if PICTURE.stat().st_size > MOST:
        raise SystemExit(f"{PICTURE} has {PICTURE.stat().st_size:,} bytes.")


def conversation(number: int) -> Transcript:
    """Return a conversation of some answers: the more, the more of each comes from the cache."""
    model, price = MODELS[number * 7 % 5 % 3]
    began = FIRST + timedelta(days=number * 37 % 60, hours=number % 8)
    draft = Draft("made up", str(number), _stamp(began))
    draft.add("message", {"role": "user", "content": [{"type": "text", "text": "Plot it."}]}, ts=_stamp(began))
    for place in range(2 + number * 3 % 7):
        sent, cached, said = 900 + 310 * (number % 9), 2600 * place, 400 + 90 * (number * place % 11)
        cost = None if price is None else (sent + 5 * said + cached / 10) * price / 1e6
        draft.add(
            "message",
            {
                "role": "assistant",
                "content": [],
                "model": model,
                "usage": {"input_tokens": sent, "cache_read_input_tokens": cached, "output_tokens": said},
                "cost_usd": cost,
                "latency_ms": round(1500 * len(model) / 12 * math.exp(0.2 * (number * 5 % 9))),
            },
            ts=_stamp(began + timedelta(minutes=6 * place)),
        )
    return draft.finish()


def _stamp(time: datetime) -> str:
    return f"{time:%Y-%m-%dT%H:%M:%SZ}"


if __name__ == "__main__":
    picture()
