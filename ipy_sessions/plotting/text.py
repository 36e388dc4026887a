"""The picture by characters, for terminals and for whoever shows none: bars, aligned, with their numbers. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from ipy_sessions.plotting.shape import Latency, Shape, Sums
from ipy_sessions.render.panels import dollars
from ipy_sessions.render.tree.caption import columns, cut

MOST = 31  # steps of time that have a line
WIDE = 16  # characters of a bar
TITLE = 28  # columns of a group's name
EIGHTHS = " ▏▎▍▌▋▊▉"
FORMS = {"hour": "%Y-%m-%d %H:00", "day": "%Y-%m-%d", "week": "%Y-%m-%d", "month": "%Y-%m", "year": "%Y"}
"""How the beginning of a step is written."""


def text(shape: Shape) -> str:
    """Return what was spent over time, and then by group."""
    parts = [_over_time(shape), *([_by_group(shape)] if shape.by != "day" else [_whole(shape)]), *notes(shape)]
    return "\n\n".join(part for part in parts if part)


def notes(shape: Shape) -> list[str]:
    """Return what no bar can say, a sentence each."""
    whole, said = shape.whole, []
    if whole.unpriced == whole.answers:
        said.append("No price is known.")
    elif whole.unpriced:
        said.append(f"No price is known of {_of(whole.unpriced, whole.answers)}: those are in no sum of costs.")
    if shape.untimed:
        said.append(f"{_of(shape.untimed, whole.answers).capitalize()} could be put at no time that is drawn.")
    return said


def _of(some: int, answers: int) -> str:
    return f"{some:,} of {answers:,} answer{'' if answers == 1 else 's'}"


def stamp(start: datetime, step: str) -> str:
    """Return when a step begins, as it is written."""
    return start.strftime(FORMS[step])


def seconds(latency: Latency | None) -> str:
    """Return how long answers took, in words."""
    return "—" if latency is None else f"{latency.median:,.1f} s, nine of ten within {latency.most:,.1f} s"


def _over_time(shape: Shape) -> str:
    sums = [(start, shape.at(place)) for place, start in enumerate(shape.starts)]
    bars = _bars([one for _, one in sums])
    rows = [[stamp(start, shape.step), *bar] for (start, _), bar in zip(sums, bars, strict=True)]
    return _aligned([[f"{shape.step} (UTC)", "cost", "", "tokens", ""], *rows], right=(2, 4)) if rows else ""


def _by_group(shape: Shape) -> str:
    rows = [
        [cut(name, TITLE), f"{one.answers:,}", *bar, _share(one), seconds(latency)]
        for name, one, bar, latency in zip(
            shape.groups, shape.totals, _bars(shape.totals), shape.latencies, strict=True
        )
    ]
    head = [shape.by, "answers", "cost", "", "tokens", "", "from cache", "latency"]
    return _aligned([head, *rows], right=(1, 3, 5, 6))


def _whole(shape: Shape) -> str:
    (latency,), whole = shape.latencies, shape.whole
    share = f"{_share(whole)} of the tokens that were sent came from the cache. " if whole.cache_share else ""
    took = f"Answers took {seconds(latency)}." if latency is not None else ""
    return f"{share}{took}".strip()


def _bars(sums: Sequence[Sums]) -> list[list[str]]:
    """Return for each the bar of its cost, the cost, the bar of its tokens and the tokens."""
    dearest = max((one.known_cost_usd or 0 for one in sums), default=0)
    longest = max((one.tokens or 0 for one in sums), default=0)
    return [[_bar(one.known_cost_usd, dearest), _cost(one), _bar(one.tokens, longest), _tokens(one)] for one in sums]


def _bar(value: float | None, most: float) -> str:
    if not value or not most:
        return ""
    eighths = max(1, round(value / most * WIDE * 8))
    return "█" * (eighths // 8) + EIGHTHS[eighths % 8].strip()


def _cost(sums: Sums) -> str:
    if not sums.answers:
        return ""
    cost = dollars(sums.known_cost_usd)
    return f"at least {cost}" if sums.unpriced and sums.known_cost_usd is not None else cost


def _tokens(sums: Sums) -> str:
    return f"{sums.tokens:,}" if sums.tokens is not None else "unknown" if sums.answers else ""


def _share(sums: Sums) -> str:
    return "—" if sums.cache_share is None else f"{sums.cache_share:.0%}"


def _aligned(rows: Sequence[Sequence[str]], *, right: Sequence[int]) -> str:
    """Return a table whose columns stand below each other, those included whose letters are twice as wide."""
    widths = [max(map(columns, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(
            (" " * (width - columns(cell)) + cell if n in right else cell + " " * (width - columns(cell)))
            for n, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )
