"""What is drawn of what was spent: sums by steps of time and by a few groups. Pure: tables in, a `Shape` out.

It owns how long a step is and which groups have a place of their own; the rest is one group, so that a picture of ten
thousand sessions is as large as one of ten. A price that is not known is never taken for nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from ipy_sessions.table.usage_totals import By

if TYPE_CHECKING:
    import pyarrow as pa

GROUPS = 6  # at most, that of the others included: as many inks and hatches can be told apart
STEPS: Mapping[str, timedelta] = {
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(weeks=1),
    "month": timedelta(days=31),
    "year": timedelta(days=366),
}
"""The lengths of a step, the longest that one can be."""

COUNTS = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens")
SENT = ("input_tokens", "cache_read_tokens", "cache_write_tokens")


class Sums(NamedTuple):
    """What was spent in a step of time, or by a group, or in one by the other.

    Parameters
    ----------
    answers, unpriced
        How many, and how many of them have a price that is not known.
    input_tokens, output_tokens, cache_read_tokens, cache_write_tokens
        Tokens; ``None`` where no answer says how many.
    known_cost_usd
        US dollars of those whose price is known; ``None`` where none is.
    """

    answers: int = 0
    unpriced: int = 0
    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_tokens: int | None = None
    cache_write_tokens: int | None = None
    known_cost_usd: float | None = None

    @property
    def tokens(self) -> int | None:
        """All tokens, of whatever kind."""
        known = [count for name in COUNTS if (count := getattr(self, name)) is not None]
        return sum(known) if known else None

    @property
    def cache_share(self) -> float | None:
        """Which part of the tokens that were sent was read from the cache; ``None`` where none is known."""
        sent = sum(getattr(self, name) or 0 for name in SENT)
        return (self.cache_read_tokens or 0) / sent if sent else None

    def plus(self, other: Sums) -> Sums:
        """Return the sum of both."""
        added = (b if a is None else a if b is None else a + b for a, b in zip(self, other, strict=True))
        return Sums._make(added)


class Latency(NamedTuple):
    """How long answers took, in seconds: the median, and what nine of ten took at most."""

    median: float
    most: float


class Shape(NamedTuple):
    """What is drawn.

    Parameters
    ----------
    by
        What the groups are: ``"session"`` or ``"model"``; ``"day"`` where there is one, of everything.
    step
        How long a step of time is, one of `STEPS`.
    starts
        When each step begins (UTC), without gaps.
    groups
        What each group is called, the dearest first, and the others last.
    cells
        The sums by a step's and a group's place; those of nothing are left out.
    totals
        The sums of each group.
    latencies
        How long the answers of each group took; ``None`` where none says so.
    untimed
        How many answers say no time, and are in no step.
    """

    by: By
    step: str
    starts: Sequence[datetime]
    groups: Sequence[str]
    cells: Mapping[tuple[int, int], Sums]
    totals: Sequence[Sums]
    latencies: Sequence[Latency | None]
    untimed: int = 0

    @property
    def whole(self) -> Sums:
        """The sum of everything."""
        return _added(self.totals)

    def at(self, start: int) -> Sums:
        """Return the sum of a step."""
        return _added([sums for (place, _), sums in self.cells.items() if place == start])


def _added(some: Sequence[Sums]) -> Sums:
    found = Sums()
    for sums in some:
        found = found.plus(sums)
    return found


def shaped(usage: pa.Table, titles: Mapping[str, str], by: By, most: int) -> Shape:
    """Return what is drawn of the table ``usage``.

    Parameters
    ----------
    usage
        The table.
    titles
        Of sessions, by their ids.
    by
        What the groups are.
    most
        How many steps of time there may be.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    keys = pa.chunked_array([pa.repeat("", len(usage))]) if by == "day" else pc.fill_null(usage[by], "")
    named, others = _ranked(usage.append_column("key", keys))
    group = pc.fill_null(pc.index_in(keys, value_set=pa.array(named, pa.string())), len(named))
    usage = usage.append_column("group", group)
    step, starts = _steps(usage["ts"], most)
    usage = usage.append_column("start", pc.floor_temporal(usage["ts"], unit=step))
    timed = usage.filter(pc.greater_equal(usage["start"], starts[0])) if starts else usage[:0]
    places = {start: place for place, start in enumerate(starts)}
    totals = {place: sums for (place,), sums in _summed(usage, ["group"])}
    called = [_called(key, titles, by) for key in named] + ([f"{others:,} others"] if others else [])
    return Shape(
        by=by,
        step=step,
        starts=starts,
        groups=called,
        cells={(places[start], place): sums for (start, place), sums in _summed(timed, ["start", "group"])},
        totals=[totals[place] for place in range(len(called))],
        latencies=[_latency(usage, place) for place in range(len(called))],
        untimed=len(usage) - len(timed),
    )


def _ranked(usage: pa.Table) -> tuple[list[str], int]:
    """Return the keys that have a place of their own, the dearest first, and how many others there are."""
    sums = {key: sums for (key,), sums in _summed(usage, ["key"])}
    priced = any(one.known_cost_usd for one in sums.values())

    def rank(key: str) -> tuple[float, int, str]:
        one = sums[key]
        return (-(one.known_cost_usd or 0.0) if priced else 0.0, -(one.tokens or 0), key)

    found = sorted(sums, key=rank)
    return (found, 0) if len(found) <= GROUPS else (found[: GROUPS - 1], len(found) - GROUPS + 1)


def _called(key: str, titles: Mapping[str, str], by: By) -> str:
    if by == "day":
        return "everything"
    words = " ".join((titles.get(key, "") if by == "session" else key).split())
    return words or "unknown"


def _summed(table: pa.Table, names: Sequence[str]) -> Iterator[tuple[tuple[Any, ...], Sums]]:
    """Yield the sums of what has the same values in some columns, with these values."""
    wanted = [([], "count_all"), ("cost_usd", "count"), *((name, "sum") for name in (*COUNTS, "cost_usd"))]
    for row in table.group_by(list(names), use_threads=False).aggregate(wanted).to_pylist():
        answers, counts = row["count_all"], [row[f"{name}_sum"] for name in COUNTS]
        sums = Sums._make([answers, answers - row["cost_usd_count"], *counts, row["cost_usd_sum"]])
        yield tuple(row[name] for name in names), sums


def _latency(usage: pa.Table, group: int) -> Latency | None:
    import pyarrow.compute as pc

    known = pc.drop_null(usage.filter(pc.equal(usage["group"], group))["latency_ms"])
    if not len(known):
        return None
    median, most = pc.quantile(known, q=[0.5, 0.9]).to_pylist()
    return Latency(median / 1000, most / 1000)


def _steps(times: pa.ChunkedArray, most: int) -> tuple[str, list[datetime]]:
    """Return the shortest step of which there are not too many, and when each begins; of years the latest."""
    import pyarrow as pa
    import pyarrow.compute as pc

    first, last = pc.min_max(times).as_py().values()
    if first is None:
        return "day", []
    for step in STEPS:
        begin, end = pc.floor_temporal(pa.array([first, last]), unit=step).to_pylist()
        if (end - begin) / STEPS[step] < most - 1 or step == "year":
            break
    starts = [begin]
    while starts[-1] < end:
        starts.append(after(starts[-1], step))
    return step, starts[-most:]


def after(start: datetime, step: str) -> datetime:
    """Return when the step behind one begins."""
    if step == "month":
        return start.replace(year=start.year + start.month // 12, month=start.month % 12 + 1)
    return start.replace(year=start.year + 1) if step == "year" else start + STEPS[step]
