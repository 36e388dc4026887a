"""Looks through a whole text for secrets and masks them.

Three kinds are looked for: the values of credentials in the environment as they are at that moment, whatever has a
shape of `shapes`, and what the user's own patterns match. All of them are looked for in the text as it was given;
where they overlap, everything that any of them covers is masked.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import NamedTuple

from ipy_sessions.patterns import check_pattern
from ipy_sessions.store.masking.shapes import LANDMARKS, SHORTEST_NAME

CREDENTIAL_NAME = re.compile(
    r"(PASSWORD|PASSWD|PASSPHRASE|SECRET|TOKEN|(^|_)(API|ACCESS|SECRET)?KEY|(^|_)PASS|_PWD|_PAT|CREDENTIALS?)(_BASE)?$",
    re.IGNORECASE,
)
URL_PASSWORD = re.compile(r"^[a-z][a-z0-9+.-]*://[^/@\s]*:(?P<password>[^/@\s]+)@", re.IGNORECASE)
SHORTEST = 8
"""Shorter values are words that a prompt may well hold, and no credentials."""

USERS_SECRET = "secret"  # noqa: S105 - what the mask says of it, and how its group is called


class Span(NamedTuple):
    """Where a secret was found.

    Parameters
    ----------
    start, end
        What was matched: the secret, and what shows that it is one.
    first, last
        The secret itself; `last` is behind its last character.
    hides
        What it is.
    """

    start: int
    end: int
    first: int
    last: int
    hides: str


class Mask:
    """Callable that returns a string with its secrets masked.

    Parameters
    ----------
    environ
        The environment to watch, such as ``os.environ``. It is read when the mask is made and at each `refresh`: going
        through it costs about as much as ten appends, so a session does it once a turn.
    patterns
        The user's own: regular expressions, of which the group called ``secret`` is masked, or else the whole match.

    Raises
    ------
    SettingError
        For a pattern that cannot be used.
    """

    def __init__(self, environ: Mapping[str, str], patterns: Iterable[str] = ()) -> None:
        self._environ = environ
        self.values: list[tuple[str, str]] = []
        """The credentials, each with its name, the longest first."""
        self.written = tuple(patterns)
        """The user's patterns as they were given."""
        self.patterns = tuple(check_pattern(pattern) for pattern in self.written)
        self.refresh()

    def refresh(self) -> None:
        """Read the credentials' values as they are now."""
        found = {}
        for name, value in self._environ.items():
            secret = _secret(name, value.strip())  # a line break at its end is not repeated everywhere
            if secret is not None and len(secret) >= SHORTEST:
                found[secret] = name
        # The longest first, so that of two that begin at the same place the one that covers more gives the name.
        self.values = sorted(found.items(), key=lambda secret: -len(secret[0]))
        self._shortest_name = 0 if self.patterns else min([SHORTEST_NAME, *map(len, found)])

    def __call__(self, text: str) -> str:
        """Return `text` with its secrets masked."""
        if len(text) < self._shortest_name and text.isidentifier():  # as most strings of an entry are: "text", "user"
            return text
        spans = self.spans(text)
        return covered(text, spans, 0, len(text)) if spans else text

    def spans(self, text: str, begin: int = 0) -> list[Span]:
        """Return where secrets are that begin at `begin` or later, in no order; they may overlap."""
        found: list[Span] = []
        for value, name in self.values:
            if value in text:
                found += _occurrences(value, name, text, begin)
        for mark, beside, finder in LANDMARKS:
            if mark in text and beside(text):
                for pattern, hides in finder.patterns:
                    found += matches(pattern, hides, text, begin)
        for pattern in self.patterns:
            found += matches(pattern, USERS_SECRET, text, begin)
        return found


def covered(text: str, spans: Iterable[Span], begin: int, end: int) -> str:
    """Return a part of a text with the secrets in it covered, each with what it hides."""
    pieces, at = [], begin
    for span in sorted(spans, key=lambda span: (span.first, -span.last)):
        if span.last > end or span.last <= at:
            continue
        if span.first >= at:
            pieces += [text[at : span.first], f"[masked {span.hides}]"]
        at = span.last
    return "".join(pieces) + text[at:end]


def matches(pattern: re.Pattern[str], hides: str, text: str, begin: int) -> Iterator[Span]:
    """Yield what a pattern finds: its group called ``secret``, or else the whole of it."""
    group = pattern.groupindex.get("secret", 0)
    for match in pattern.finditer(text, begin):
        first, last = match.span(group)
        if first < last:
            yield Span(*match.span(), first, last, hides)


def _occurrences(value: str, name: str, text: str, begin: int) -> Iterator[Span]:
    at = text.find(value, begin)
    while at >= 0:
        yield Span(at, at + len(value), at, at + len(value), name)
        at = text.find(value, at + 1)


@cache
def _is_credential(name: str) -> bool:
    return CREDENTIAL_NAME.search(name) is not None


def _secret(name: str, value: str) -> str | None:
    """Return the secret that a variable holds: a credential, or the password in an address."""
    if _is_credential(name):
        return None if value.startswith(("/", "~")) else value  # the path of a file of credentials is none
    found = URL_PASSWORD.match(value) if "://" in value else None
    return found["password"] if found else None
