"""What of a path is hidden from the model. Pure.

A ``context_edit`` is a step of the conversation: what it hides is hidden behind it, and on other branches it is not.
It names messages, or the originals of messages that were carried into another branch.
"""

from __future__ import annotations

from collections.abc import Sequence

from ipy_sessions.entries import Entry


def hidden(path: Sequence[Entry]) -> set[str]:
    """Return the ids of the messages on a path that are not sent at its end."""
    targets: set[str] = set()
    for entry in path:
        if entry.type == "context_edit":
            named = entry.fields.get("target_ids")
            ids = {one for one in named if isinstance(one, str)} if isinstance(named, list) else set()
            targets = targets - ids if entry.fields.get("edit") == "show" else targets | ids
    if not targets:
        return set()
    messages = (entry for entry in path if entry.type == "message")
    return {entry.id for entry in messages if entry.id in targets or entry.fields.get("carried_from") in targets}
