"""Credentials are masked before they reach the disk or the wire.

`grammar` is how a shape of secrets is written down, `shapes` the table of them, `blocks` those of many lines; `mask`
looks through a whole text, `stream` through one that arrives in pieces, and `thinking` knows what masking does to a
signature. A mask says what it hides, never a part of it. None of them knows what a session is, nor where a text comes
from.
"""

from __future__ import annotations

from ipy_sessions.store.masking.mask import Mask
from ipy_sessions.store.masking.stream import StreamMask
from ipy_sessions.store.masking.thinking import unsigned_where_changed

__all__ = ["Mask", "StreamMask", "unsigned_where_changed"]
