"""What masking does to thinking that a model has signed. It knows blocks and no secrets."""

from __future__ import annotations

from typing import Any


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
