"""Patterns of the user's own, by which secrets are found: what can be one. Pure."""

from __future__ import annotations

import re

from ipy_sessions.errors import SettingError


def check_pattern(text: str) -> re.Pattern[str]:
    """Return a pattern of the user's, compiled.

    Raises
    ------
    SettingError
        In one sentence, for one that is no regular expression or that matches nothing at all.
    """
    try:
        pattern = re.compile(text)
    except (re.error, OverflowError, RecursionError) as error:
        raise SettingError(f"{text!r} is no regular expression that secrets could be found by: {error}.") from None
    if pattern.search("") is not None:
        raise SettingError(f"{text!r} matches an empty text, so it would find a secret everywhere: make it more exact.")
    return pattern
