"""Calls of tools in answers of other agents: an id that the Messages API takes, and what a call says of an answer."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

from ipy_sessions.entries import Block

LONGEST = 64  # characters of an id
_ODD = re.compile(r"[^a-zA-Z0-9_-]")


def call_id(name: str) -> str:
    """Return a call's id as the Messages API takes it; other providers' ids are longer and hold other characters."""
    if len(name) <= LONGEST and name and not _ODD.search(name):
        return name
    mark = hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
    return f"{_ODD.sub('_', name)[: LONGEST - len(mark) - 1]}_{mark}"


def finished(blocks: Iterable[Block]) -> str:
    """Return why an answer ended of which nobody has written that: it is whole, as what is written by hand is."""
    return "tool_use" if any(block.get("type") == "tool_use" for block in blocks) else "end_turn"
