"""Which sessions may go: a policy, and what it comes to for some sessions.

Pure: no disk, and the time is told. It owns the rules, and that a rule which cannot be read removes nothing. It refuses
to remove anything: a `Plan` is what a dry run shows and what the real one does.

What somebody has named, pinned or labelled, or has open, never goes. It still counts: of ``keep=100`` with 30 named
sessions, 70 others stay.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from ipy_sessions.errors import SettingError

HOURS = {"hour": 1, "day": 24, "week": 7 * 24, "year": 365 * 24}
BYTES = {"B": 1} | {f"{prefix}B": 1000**power for power, prefix in enumerate(("k", "M", "G", "T"), start=1)}
BYTES |= {f"{prefix}iB": 1024**power for power, prefix in enumerate(("K", "M", "G", "T"), start=1)}

LONGEST = timedelta(days=100 * 365)
MOST = 1_000_000_000  # sessions
LARGEST = 10**18  # bytes

AGE = "older_than is an age above 0 and up to 100 years, such as '12h', '30d', '2w' or '1y'"
COUNT = f"keep is a number of sessions from 1 to {MOST:,}, such as 100"
SIZE = "max_bytes is a size above 0 and up to a million TB, such as '500MB' or '2GiB', or a number of bytes"


@dataclass(frozen=True, slots=True)
class Policy:
    """Which sessions may stay. One without limits removes nothing; what cannot be a limit raises `SettingError`.

    Parameters
    ----------
    older_than
        Sessions whose last message is older go; ``None`` for no limit.
    keep
        So many sessions stay at most; ``None`` for no limit.
    max_bytes
        So many bytes their files may have together; ``None`` for no limit.
    """

    older_than: timedelta | None = None
    keep: int | None = None
    max_bytes: int | None = None

    def __post_init__(self) -> None:
        age: object = self.older_than
        if age is not None and not (isinstance(age, timedelta) and timedelta(0) < age <= LONGEST):
            raise _refused(AGE, age)
        for number, most, words in ((self.keep, MOST, COUNT), (self.max_bytes, LARGEST, SIZE)):
            if number is not None and not (type(number) is int and 1 <= number <= most):
                raise _refused(words, number)

    @classmethod
    def parse(
        cls, older_than: str | None = None, keep: str | int | None = None, max_bytes: str | int | None = None
    ) -> Policy:
        """Return the policy that somebody has typed.

        Parameters
        ----------
        older_than
            Hours, days, weeks or years: ``"12h"``, ``"30d"``, ``"2 weeks"``, ``"1y"``; a year has 365 days.
        keep
            A number of sessions.
        max_bytes
            A size with its unit, ``"500MB"`` (powers of 1000) or ``"2GiB"`` (powers of 1024), or a number of bytes.
            Text without a unit is refused: whoever types 500 may not mean bytes.

        Raises
        ------
        SettingError
            With what was found and examples of what can be typed.
        """
        return cls(
            None if older_than is None else timedelta(seconds=_quantity(older_than, _SECONDS, AGE, _LONGEST_SECONDS)),
            _count(keep),
            _quantity(max_bytes, _BYTES, SIZE, LARGEST) if isinstance(max_bytes, str) else max_bytes,
        )


_SECONDS = {word: 3600 * hours for unit, hours in HOURS.items() for word in (unit[0], unit, f"{unit}s")}
_BYTES = {unit.lower(): size for unit, size in BYTES.items()}
_LONGEST_SECONDS = int(LONGEST.total_seconds())


def _quantity(written: object, units: Mapping[str, int], words: str, largest: int) -> int:
    """Read a number with its unit, in whole units of the smallest kind; zero is for the policy to refuse."""
    match = re.fullmatch(r"([0-9]{1,19}(?:\.[0-9]{1,9})?) ?([a-zA-Z]+)", written) if isinstance(written, str) else None
    size = units.get(match[2].lower()) if match else None
    amount = int(Decimal(match[1]) * size) if match and size else 0
    if not 0 < amount <= largest:
        raise _refused(words, written)
    return amount


def _count(keep: str | int | None) -> int | None:
    if not isinstance(keep, str):
        return keep
    if not re.fullmatch("[1-9][0-9]{0,9}", keep):
        raise _refused(COUNT, keep)
    return int(keep)


def _refused(words: str, found: object) -> SettingError:
    return SettingError(f"{words}, and not {found!r:.60}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A session that may have to go.

    Parameters
    ----------
    path
        Its file, which tells it from a copy with the same id.
    id, title
        Its id, and what it is called.
    modified
        Time of its last message, and not that of its file; aware.
    size
        Bytes of its file, and of what belongs to it alone.
    name
        The name that it was given, if it was.
    pinned
        Whether it was pinned.
    labels
        How many of its turns have a label.
    in_use
        Whether somebody has it open.
    """

    path: str
    id: str
    title: str
    modified: datetime
    size: int
    name: str | None = None
    pinned: bool = False
    labels: int = 0
    in_use: bool = False

    @property
    def protection(self) -> str:
        """Why it never goes: ``"named"``, ``"pinned"``, ``"labelled"``, ``"open"``, or several; else empty."""
        reasons = {"named": self.name, "pinned": self.pinned, "labelled": self.labels, "open": self.in_use}
        return ", ".join(reason for reason, given in reasons.items() if given)


class Going(NamedTuple):
    """A session that goes, and the reason in a few words."""

    candidate: Candidate
    reason: str


class Staying(NamedTuple):
    """A session that would go and is protected, and by what."""

    candidate: Candidate
    why: str


class Plan(NamedTuple):
    """What goes, and what would go if it were not protected; both by their last message, the oldest first."""

    going: list[Going]
    staying: list[Staying]


def plan(candidates: Iterable[Candidate], policy: Policy, now: datetime) -> Plan:
    """Return what a policy comes to.

    The oldest go first, until what remains is within the limits, or protected. The order of `candidates` does not
    matter; of two with messages at the same time the one with the lower id goes first; a time in the future is now.
    """
    ordered = sorted(
        candidates, key=lambda one: (min(one.modified, now), one.id, one.path, one.size, one.title, one.protection)
    )
    reasons: list[str | None] = [_too_old(one, policy, now) for one in ordered]
    for limit, words, weights in (
        (policy.keep, f"more than {policy.keep}", [0 if one.protection else 1 for one in ordered]),
        (policy.max_bytes, f"beyond {_size(policy.max_bytes)}", [max(0, one.size) for one in ordered]),
    ):
        if limit is not None:
            _over(ordered, reasons, weights, limit, words)
    found = [(one, reason) for one, reason in zip(ordered, reasons, strict=True) if reason]
    return Plan(
        [Going(one, reason) for one, reason in found if not one.protection],
        [Staying(one, one.protection) for one, _ in found if one.protection],
    )


def _too_old(candidate: Candidate, policy: Policy, now: datetime) -> str | None:
    age = now - candidate.modified
    if policy.older_than is None or age <= policy.older_than:
        return None
    hours = age // timedelta(hours=1)
    amount, unit = (hours // 24, "day") if hours >= 48 else (hours, "hour")  # noqa: PLR2004 - below, days are too coarse
    return f"last message {amount} {unit}{'' if amount == 1 else 's'} ago"


def _over(ordered: list[Candidate], reasons: list[str | None], weights: list[int], limit: int, words: str) -> None:
    """Give a reason to the oldest of those that stay so far, as long as these weigh more than the limit."""
    going = [reason is not None and not one.protection for one, reason in zip(ordered, reasons, strict=True)]
    excess = sum(weight for weight, gone in zip(weights, going, strict=True) if not gone) - limit
    for place, candidate in enumerate(ordered):
        if excess <= 0:
            return
        if going[place] or not weights[place]:
            continue
        reasons[place] = words
        if not candidate.protection:
            excess -= weights[place]


def _size(size: int | None) -> str:
    """Write a size exactly, in the largest unit that it is a whole number of."""
    units = sorted(BYTES.items(), key=lambda unit: unit[1], reverse=True)
    return next((f"{size // factor} {name}" for name, factor in units if size % factor == 0), "") if size else ""
