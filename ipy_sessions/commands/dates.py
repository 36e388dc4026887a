"""Dates and ages as they are typed: ``2026-03-01``, ``2026-03-01T10:15``, ``7d``. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from ipy_sessions.errors import CommandError, SettingError
from ipy_sessions.retention import Policy

DAY = timedelta(days=1)


def wanted(typed: Mapping[str, str], now: datetime) -> dict[str, Any]:
    """Return what narrows a list, as `SessionManager.list` takes it.

    Raises
    ------
    CommandError
        For a date that is none.
    """
    read: dict[str, Any] = dict(typed)
    if "since" in read:
        read["since"] = _moment("since", typed["since"], now)
    if "until" in read:
        read["until"] = _moment("until", typed["until"], now, whole_day=True)
    return read


def _moment(option: str, written: str, now: datetime, *, whole_day: bool = False) -> datetime:
    """Read a date, which is local where it names no zone, or an age; of a day alone its beginning, or its end."""
    try:
        read = datetime.fromisoformat(written).astimezone()
        return read + DAY if whole_day and not {"T", ":", " "} & set(written) else read
    except (ValueError, OverflowError):
        pass
    try:
        age = Policy.parse(older_than=written).older_than
    except SettingError:
        age = None
    if age is None:
        raise CommandError(f"--{option} takes a date such as 2026-03-01, or an age such as 7d, and not {written!r}.")
    return now - age
