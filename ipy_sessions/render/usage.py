"""What was spent, as tables. Pure: sums in, `Markup` out.

A price that is not known is said to be so, and never shown as 0.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from ipy_sessions.render.markup import Markup, table
from ipy_sessions.render.panels import dollars, line, stacked

SHOWN = 50  # rows of a table that are shown
TITLE = 60  # characters of a title
NOTHING = "Nothing was spent: no model has answered."


class Spent(NamedTuple):
    """What was spent on one thing.

    Parameters
    ----------
    answers, unpriced
        How many there are, and how many of them have a price that is not known.
    input_tokens, output_tokens, cache_read_tokens, cache_write_tokens
        Tokens; ``None`` where no answer says how many.
    cost_usd
        US dollars; ``None`` where one price is not known.
    known_cost_usd
        US dollars of those that have a price; ``None`` where none has.
    first, last
        When the first and the last were written.
    session, title, model, day
        What it is the sum of, one of these.
    """

    answers: int
    unpriced: int
    input_tokens: int | None
    output_tokens: int | None
    cache_read_tokens: int | None
    cache_write_tokens: int | None
    cost_usd: float | None
    known_cost_usd: float | None
    first: datetime | None = None
    last: datetime | None = None
    session: str | None = None
    title: str | None = None
    model: str | None = None
    day: datetime | None = None

    @property
    def tokens(self) -> tuple[int | None, ...]:
        """The four counts of tokens."""
        return self.input_tokens, self.output_tokens, self.cache_read_tokens, self.cache_write_tokens


def usage(sums: Mapping[str, Sequence[Spent]]) -> Markup:
    """Return what was spent.

    Parameters
    ----------
    sums
        By what they are sums of, ``"session"``, ``"model"`` and ``"day"``, of the same answers; that of the first
        answer first.
    """
    rows = next(iter(sums.values()), ())
    if not rows:
        return line(NOTHING)
    cut = {by: len(found) - SHOWN for by, found in sums.items() if len(found) > SHOWN}
    notes = [f"{more:,} earlier rows by {by}: `ses.usage(by='{by}')` has all of them." for by, more in cut.items()]
    if "day" in sums:
        notes.append("Days are in UTC.")
    return stacked([*(_by(name, found) for name, found in sums.items()), line(_in_all(rows)), *map(line, notes)])


def _by(name: str, rows: Sequence[Spent]) -> Markup:
    head = (name, "answers", "in", "out", "cache read", "cache written", "cost")
    shown = [
        (_called(name, row), f"{row.answers:,}", *map(_count, row.tokens), _cost(row.cost_usd, row.known_cost_usd))
        for row in rows[-SHOWN:]
    ]
    made = table(head, shown, right=range(1, len(head)))
    return Markup(made.markdown, made.plain + "\n")


def _called(name: str, row: Spent) -> str:
    if name == "day":
        return "unknown" if row.day is None else f"{row.day:%Y-%m-%d}"
    words = " ".join(((row.title if name == "session" else row.model) or "unknown").split())
    return words if len(words) <= TITLE else f"{words[: TITLE - 1]}…"


def _count(tokens: int | None) -> str:
    return "—" if tokens is None else f"{tokens:,}"


def _cost(cost: float | None, known: float | None) -> str:
    return f"at least {dollars(known)}" if cost is None and known else dollars(cost)


def _in_all(rows: Sequence[Spent]) -> str:
    answers, unpriced = sum(row.answers for row in rows), sum(row.unpriced for row in rows)
    known = sum(row.known_cost_usd or 0 for row in rows)
    cost = _cost(None if unpriced else known, known if unpriced < answers else None)
    said = f"In all {answers:,} answer{'' if answers == 1 else 's'}"
    if not unpriced:
        return f"{said}, {cost}."
    if unpriced == answers:
        return f"{said}; {'its price is not' if answers == 1 else 'none of their prices is'} known."
    return f"{said}, {cost}: of {answers:,} answers {unpriced:,} {'has' if unpriced == 1 else 'have'} no known price."
