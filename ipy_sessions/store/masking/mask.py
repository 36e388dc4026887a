"""Credentials are masked before they reach the disk or the wire.

What is masked: the values of credentials in the environment as they are at that moment, and anything that looks like a
key of the Anthropic API. A mask says what it hides, never a part of it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

CREDENTIAL_NAME = re.compile(
    r"(PASSWORD|PASSWD|PASSPHRASE|SECRET|TOKEN|(^|_)(API|ACCESS|SECRET)?KEY|(^|_)PASS|_PWD|_PAT|CREDENTIALS?)(_BASE)?$",
    re.IGNORECASE,
)
URL_PASSWORD = re.compile(r"^[a-z][a-z0-9+.-]*://[^/@\s]*:(?P<password>[^/@\s]+)@", re.IGNORECASE)
SHORTEST = 8
"""Shorter values are words that a prompt may well hold, and no credentials."""

KEY_PREFIX = "sk-ant-"
KEY_SHAPE = re.compile(r"sk-ant-[A-Za-z0-9_-]{8,}")
KEY_BEGUN = re.compile(r"(?:sk-ant-[A-Za-z0-9_-]*|sk-ant|sk-an|sk-a|sk-|sk|s)$")
KEY_LENGTH = 15  # characters of the shortest of this shape; most strings of an entry need no look


class Mask:
    """Callable that returns a string with its secrets masked.

    Parameters
    ----------
    environ
        The environment to watch, such as ``os.environ``. It is read when the mask is made and at each `refresh`: going
        through it costs about as much as ten appends, so a session does it once a turn.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._secrets: list[tuple[str, str]] = []
        self.refresh()

    def refresh(self) -> None:
        """Read the credentials' values as they are now."""
        found = {}
        for name, value in self._environ.items():
            secret = _secret(name, value.strip())  # a line break at its end is not repeated everywhere
            if secret is not None and len(secret) >= SHORTEST:
                found[secret] = name
        # The longest first, so that a value inside another one does not leave the rest of it readable.
        self._secrets = sorted(found.items(), key=lambda secret: -len(secret[0]))

    def __call__(self, text: str) -> str:
        """Return `text` with its secrets masked."""
        for value, name in self._secrets:
            if value in text:
                text = text.replace(value, f"[masked {name}]")
        if len(text) >= KEY_LENGTH and KEY_PREFIX in text:
            text = KEY_SHAPE.sub("[masked API key]", text)
        return text

    def unfinished(self, text: str) -> int:
        """Return how many characters at the end of `text` may be the beginning of a secret."""
        begun = KEY_BEGUN.search(text)
        longest = len(begun[0]) if begun else 0
        for secret, _ in self._secrets:
            for size in range(min(len(text), len(secret) - 1), longest, -1):
                if secret.startswith(text[-size:]):
                    longest = size
                    break
        return longest


class StreamMask:
    """Masks a text that comes in pieces: what may be the beginning of a secret waits for the next piece.

    Parameters
    ----------
    mask
        What masks whole texts.
    """

    def __init__(self, mask: Mask) -> None:
        self._mask = mask
        self._held = ""

    def take(self, piece: str) -> str:
        """Return what of the text can be shown now."""
        text = self._held + piece
        cut = len(text) - self._mask.unfinished(text)
        self._held = text[cut:]
        return self._mask(text[:cut])

    def rest(self) -> str:
        """Return what was held back, at the end of the text."""
        text, self._held = self._held, ""
        return self._mask(text)


def unsigned_where_changed(masked: dict[str, Any], original: dict[str, Any]) -> dict[str, Any]:
    """Return an entry's fields without the signatures of thinking that was masked, since they no longer hold.

    Unsigned thinking is kept in the log and never sent.
    """
    blocks = masked.get("content")
    if not isinstance(blocks, list):
        return masked
    before = original.get("content") or ()
    for block, was in zip(blocks, before, strict=False):
        if block.get("type") == "thinking" and block.get("thinking") != was.get("thinking"):
            block["signature"] = ""
    return masked


@cache
def _is_credential(name: str) -> bool:
    return CREDENTIAL_NAME.search(name) is not None


def _secret(name: str, value: str) -> str | None:
    """Return the secret that a variable holds: a credential, or the password in an address."""
    if _is_credential(name):
        return None if value.startswith(("/", "~")) else value  # the path of a file of credentials is none
    found = URL_PASSWORD.match(value) if "://" in value else None
    return found["password"] if found else None
