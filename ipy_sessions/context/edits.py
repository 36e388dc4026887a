"""Which messages are hidden from the model. Pure.

A ``context_edit`` stands outside the tree: what was hidden stays hidden on every branch until it is shown again, so
that an edit of a cell above brings nothing back unasked. What a past request was sent without is told by the order of
the file. It names messages; their copies on other branches are hidden with them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ipy_sessions.entries import Entry


def hidden(entries: Iterable[Entry], path: Sequence[Entry]) -> frozenset[str]:
    """Return the ids of the messages on a path that are not sent, by what all entries of its session say."""
    targets: set[str] = set()
    for entry in entries:
        if entry.type == "context_edit":
            named = entry.fields.get("target_ids")
            ids = {one for one in named if isinstance(one, str)} if isinstance(named, list) else set[str]()
            targets = targets - ids if entry.fields.get("edit") == "show" else targets | ids
    messages = (entry for entry in path if entry.type == "message") if targets else ()
    return frozenset(entry.id for entry in messages if not names(entry).isdisjoint(targets))


def names(message: Entry) -> set[str]:
    """Return the ids that a message is meant by: its own, and that of its original."""
    origin = message.fields.get("carried_from")
    return {message.id, origin} if isinstance(origin, str) else {message.id}
