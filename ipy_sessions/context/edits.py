"""What of a path is hidden from the model. Pure.

A ``context_edit`` is a step of the conversation: what it hides is hidden behind it, and on other branches it is not.
It names messages, or the originals of messages that were carried into another branch.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from ipy_sessions.entries import Entry


def hidden(path: Sequence[Entry]) -> set[str]:
    """Return the ids of the messages on a path that are not sent at its end."""
    found: set[str] = set()
    for entry in path:
        if entry.type == "context_edit":
            targets = entry.fields.get("target_ids")
            ids = {one for one in targets if isinstance(one, str)} if isinstance(targets, list) else set[str]()
            meant = named(path, ids)
            found = found - meant if entry.fields.get("edit") == "show" else found | meant
    return found


def named(path: Sequence[Entry], ids: Collection[str]) -> set[str]:
    """Return the ids of the messages on a path that some ids name: their own, or those of their originals."""
    messages = (entry for entry in path if entry.type == "message") if ids else ()
    return {entry.id for entry in messages if entry.id in ids or str(entry.fields.get("carried_from")) in ids}
