"""The messages of a path, as the Messages API takes them. Pure.

The log keeps what happened; this is what can be sent of it. No stored history makes the API refuse a request: an
answer that never began is said to be none, thinking that was not signed or that another model has signed is dropped,
every tool call is answered exactly once and right behind it, a refused turn is not repeated, and the roles take turns.

Source of the rules: https://docs.anthropic.com/en/api/messages
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import NoneType

from ipy_sessions.context.parameters import last_parameters
from ipy_sessions.context.tools import SERVERS_CALLS, paired, served
from ipy_sessions.entries import Block, Entry, Message
from ipy_sessions.settings import Parameters

OPENING = "(The conversation begins with an answer.)"
"""Stands for the question that the API demands before the first answer."""


UNANSWERED = "(There is no answer: it was stopped, or broke off, before it began.)"
"""Stands for an answer of which nothing can be sent, so that the model does not take two questions for one."""


OF_ANSWERS = ("thinking", "redacted_thinking", "tool_use", *SERVERS_CALLS)
"""Blocks that the API takes from models alone."""

OF_USERS = ("document", "image", "tool_result")
"""Blocks that the API takes from users alone."""

_CALL: dict[str, type | tuple[type, ...]] = {"id": str, "name": str, "input": dict}
SHAPES: dict[str, dict[str, type | tuple[type, ...]]] = {
    "text": {"text": str},
    "thinking": {"thinking": str, "signature": str},
    "redacted_thinking": {"data": str},
    "tool_use": _CALL,
    **dict.fromkeys(SERVERS_CALLS, _CALL),
    "tool_result": {"tool_use_id": str, "content": (str, list, NoneType)},
    "image": {"source": dict},
    "document": {"source": dict},
}
"""What the API wants a block to have, and of which kind; a change by hand may have left something else."""


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


def build(path: Sequence[Entry], hidden: frozenset[str] = frozenset()) -> Context:
    """Return what a model is sent after the last entry of `path`, but for the messages that are hidden."""
    parameters = last_parameters(path)
    messages = list(_said(path, parameters.model if parameters else "", hidden))
    # Once more at the end: a message between two others may have held nothing but results of no call.
    return Context(_opened(_alternating(paired(_alternating(messages)))), parameters)


def _said(path: Sequence[Entry], asked: str, hidden: frozenset[str]) -> Iterator[Message]:
    """Yield what each entry contributes: its content without the blocks that cannot be sent.

    Parameters
    ----------
    path
        The conversation.
    asked
        The model that is going to be asked.
    hidden
        Ids of messages that are not sent.
    """
    model = ""  # the one that was asked at this point of the path
    left_out = _refused(path) | hidden
    for entry in path:
        if entry.type == "settings":
            model = str(entry.fields.get("model") or "")
        if entry.id in left_out or entry.role not in ("user", "assistant"):
            continue
        content = [block for block in entry.content if _shaped(block)]
        if entry.role == "user":
            content = [_uncited(block) for block in content if block["type"] not in OF_ANSWERS]
        else:
            own = asked in ("", model) or _base(asked) == _base(str(entry.fields.get("model") or ""))
            content = [block for block in content if _of_answer(block, signed=own)]
            content = served([block for block in content if block.get("type") != "tool_use" or not _cut(entry)])
        content = [block for block in content if not _empty(block)]
        if not content and entry.fields.get("end"):
            content = [{"type": "text", "text": UNANSWERED}]
        if content:
            yield Message(role=entry.role, content=content)


def _refused(path: Sequence[Entry]) -> set[str]:
    """Return the ids of the turns that the model refused: sent again, they would be refused again."""
    refused: set[str] = set()
    question: list[str] = []
    for entry in path:
        if entry.role == "user":
            question.append(entry.id)
        elif entry.role == "assistant":
            if entry.fields.get("stop_reason") == "refusal":
                refused.update([*question[-1:], entry.id])
            question = []
    return refused


def _base(model: str) -> str:
    """Return a model's name without the date of its version."""
    return re.sub(r"-\d{8}$", "", model)


def _cut(entry: Entry) -> bool:
    """Tell whether an answer ended before its tool calls were whole, or meant to be run."""
    cut = ("max_tokens", "model_context_window_exceeded", "pause_turn")
    return bool(entry.fields.get("end")) or entry.fields.get("stop_reason") in cut


def _of_answer(block: Block, *, signed: bool) -> bool:
    """Tell whether a block of an answer can be sent back."""
    kind = block.get("type")
    if kind in ("thinking", "redacted_thinking"):
        return signed and bool(block.get("signature") if kind == "thinking" else block.get("data"))
    return kind not in OF_USERS


def _shaped(block: Block) -> bool:
    """Tell whether a block has what the API wants of its type; what it wants of other types is not known here."""
    kind = block.get("type")
    if not isinstance(kind, str):
        return False
    wanted = SHAPES.get(kind, {})
    named = block.get("id") != "" and block.get("name") != ""  # as calls of tools have to be
    return named and all(isinstance(block.get(name), kinds) for name, kinds in wanted.items())


def _uncited(block: Block) -> Block:
    """Return a user's block without citations, which the API takes from models alone."""
    if block.get("type") == "text" and "citations" in block:
        return {name: value for name, value in block.items() if name != "citations"}
    return block


def _empty(block: Block) -> bool:
    """Tell whether a block is text without a character to be seen, which the API refuses."""
    return block.get("type") == "text" and not str(block.get("text") or "").strip()


def _alternating(messages: Sequence[Message]) -> list[Message]:
    """Return the messages with those of one role in a row joined."""
    joined: list[Message] = []
    for message in messages:
        if joined and joined[-1]["role"] == message["role"]:
            joined[-1] = Message(role=message["role"], content=[*joined[-1]["content"], *message["content"]])
        else:
            joined.append(message)
    return joined


def _opened(messages: list[Message]) -> list[Message]:
    """Return the messages with a user's in front."""
    if not messages or messages[0]["role"] == "user":
        return messages
    return [Message(role="user", content=[{"type": "text", "text": OPENING}]), *messages]
