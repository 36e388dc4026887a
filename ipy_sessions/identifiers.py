"""Ids and the clock: the only source of chance and time.

Whatever needs an id or the time is handed a `Source`, so that a test can hand it one that it controls. Ids are
hyphenated UUIDv7: they sort by time, stay unique when logs are merged, and no table reader takes them for numbers.
"""

from __future__ import annotations

import hashlib
import re
import sys
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

from ipy_sessions.errors import SettingError

if sys.version_info >= (3, 14):
    from uuid import uuid7
else:
    from uuid_utils import uuid7

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)
VARIANTS = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}  # RFC 9562: two bits are fixed
_is_uuid = re.compile("[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}").fullmatch


class Source(Protocol):
    """Where ids and times come from."""

    def new_id(self) -> str:
        """Return an id that was never returned before."""

    def now(self) -> datetime:
        """Return the time, aware and in UTC."""

    def monotonic(self) -> float:
        """Return seconds on a clock that never goes back."""


class SystemSource:
    """The machine's own clock, and ids that are made from it."""

    def new_id(self) -> str:
        """Return a new UUIDv7 as 36 characters (RFC 9562)."""
        return str(uuid7())

    def now(self) -> datetime:
        """Return the time, aware and in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return seconds on a clock that never goes back."""
        return time.monotonic()


SYSTEM = SystemSource()


def derived(ts: str, *parts: str) -> str:
    """Return an id that the same parts always give: what is read twice from elsewhere is the same both times.

    Parameters
    ----------
    ts
        When what it names was written, as `timestamp` writes it; the ids sort by it, as those that are new do.
    parts
        What tells it from everything else, such as a format, a session and an id there. A last part that is a UUID
        does so by itself, and gives the id its own digits.
    """
    return Namer(*parts[:-1])(milliseconds(moment(ts)), parts[-1])


class Namer:
    """Ids that are derived from parts of which the first are always the same, such as those of a session's entries.

    Parameters
    ----------
    parts
        The first parts.
    """

    def __init__(self, *parts: str) -> None:
        self._begun = hashlib.blake2b(b"".join(map(_told, parts)), digest_size=10)

    def __call__(self, since: int, last: str) -> str:
        """Return what `derived` returns for all parts and the time that is so many milliseconds after 1970."""
        time = (since if since > 0 else 0).to_bytes(6, "big").hex("-", -4)  # noqa: FURB136 - a call takes longer
        if _is_uuid(last):
            return f"{time}-7{last[15:]}"
        told = self._begun.copy()
        told.update(f"{len(last)}:{last}".encode("utf-8", "surrogatepass"))  # `_told`, of which there are many
        mark = told.hexdigest()
        return f"{time}-7{mark[:3]}-{VARIANTS[mark[3]]}{mark[4:7]}-{mark[7:19]}"


def _told(part: str) -> bytes:
    """Return a part so that no two lists of them read the same."""
    return f"{len(part)}:{part}".encode("utf-8", "surrogatepass")


def check_aware(*moments: datetime | None) -> None:
    """Refuse what is no moment, and a moment that names no time zone; ``None`` is none.

    Raises
    ------
    SettingError
        When there is one.
    """
    for moment in moments:
        if moment is not None and not isinstance(moment, datetime):
            raise SettingError(f"{moment!r:.60} is no moment. Give one: datetime(2026, 3, 1, tzinfo=UTC).")
        if moment is not None and moment.tzinfo is None:
            raise SettingError(f"{moment} is without a time zone. Say which: datetime(…, tzinfo=UTC).")


def timestamp(moment: datetime) -> str:
    """Write a moment as the log does: UTC, ISO 8601, milliseconds, ``Z``."""
    return moment.isoformat(timespec="milliseconds")[:23] + "Z"


def moment(written: str) -> datetime:
    """Read a moment that `timestamp`, or another writer of ISO 8601, has written; without a zone it is UTC.

    Raises
    ------
    ValueError
        For what is no moment, or one that UTC's calendar does not hold.
    """
    read = datetime.fromisoformat(written)
    if read.tzinfo is UTC:
        return read
    try:
        return read.astimezone(UTC) if read.tzinfo else read.replace(tzinfo=UTC)
    except OverflowError:
        raise ValueError(f"{written} is out of range") from None


def milliseconds(moment: datetime) -> int:
    """Return the whole milliseconds from 1970 to a moment; fewer than none for one before."""
    return (moment - EPOCH) // MILLISECOND
