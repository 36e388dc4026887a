"""The end of a conversation, to look at before it is opened: its last turns as HTML in which nothing runs. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ipy_sessions.entries import Entry
from ipy_sessions.render.markup import closed, code
from ipy_sessions.render.panels import local
from ipy_sessions.render.parts import attached
from ipy_sessions.render.safe import html_of
from ipy_sessions.tree import Tree
from ipy_sessions.turns import Turn, Turns

TURNS = 4  # that are shown
LONGEST = 6_000  # characters of one message


def preview(tree: Tree) -> dict[str, Any]:
    """Return the last turns of a conversation's active branch, and how long it is.

    Parameters
    ----------
    tree
        The session's entries.
    """
    turns = Turns(tree)
    active = turns.active()
    return {
        "turns": len(turns),
        "earlier": max(len(active) - TURNS, 0),
        "said": [part for turn in active[-TURNS:] for part in _parts(turn)],
    }


def _parts(turn: Turn) -> Iterator[dict[str, str]]:
    """Yield what was said in a turn: by whom, when, and what."""
    yield {"who": "", "when": local(turn.question.ts), "html": _html(turn.ask.text) + _held(turn.question)}
    for entry in turn.entries:
        if entry.role == "assistant" and (html := _html(entry.text) + _used(entry)):
            yield {"who": str(entry.fields.get("model") or "assistant"), "when": local(entry.ts), "html": html}


def _html(text: str) -> str:
    return html_of(closed(f"{text[:LONGEST].rstrip()}\n\n…" if len(text) > LONGEST else text)) if text else ""


def _held(question: Entry) -> str:
    """Return what was put to a question; of one without words, that there are none."""
    held = ", ".join(attached(question)) or ("" if question.text else "no text")
    return html_of(f"*({held})*") if held else ""


def _used(entry: Entry) -> str:
    """Return which tools a message called."""
    names = [str(block.get("name")) for block in entry.content if block.get("type") == "tool_use"]
    return html_of(f"*called {', '.join(map(code, names))}*") if names else ""
