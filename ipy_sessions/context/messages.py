"""The messages of a path, as the Messages API takes them. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ipy_sessions.context.parameters import last_parameters
from ipy_sessions.entries import Entry, Message
from ipy_sessions.settings import Parameters


@dataclass(frozen=True, slots=True)
class Context:
    """What a model is sent.

    Parameters
    ----------
    messages
        The conversation, first message first.
    parameters
        Everything else; ``None`` while the path holds no settings.
    """

    messages: list[Message]
    parameters: Parameters | None


def build(path: Sequence[Entry]) -> Context:
    """Return what a model is sent after the last entry of `path`.

    Messages without content, such as an answer that was stopped before its first word, are left out: the API refuses
    them.
    """
    messages = [
        Message(role=entry.role, content=entry.content)
        for entry in path
        if entry.role in ("user", "assistant") and entry.content
    ]
    return Context(messages, last_parameters(path))
