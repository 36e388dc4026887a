"""The tree of a session, clickable: what a click means is a command, and whoever shows the tree carries it out.

It owns which commands a turn can be clicked for. It refuses to know how they are carried out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeAlias

import traitlets

from ipy_sessions.commands.values import Fork, Hide, Label, Show, Switch
from ipy_sessions.render.markup import Picture
from ipy_sessions.widgets.live import HERE, Live, script

Clicked: TypeAlias = Switch | Fork | Hide | Label | Show


class Said(NamedTuple):
    """What came of a click.

    Parameters
    ----------
    line
        What is said of it, as plain text.
    html
        What was asked to be read, if anything, as HTML that is safe.
    """

    line: str = ""
    html: str = ""


class TreeView(Live):
    """A tree that can be clicked.

    Parameters
    ----------
    drawn
        Draws the tree as it is now.
    carried_out
        Carries out a command and returns what it says.
    """

    _esm = script("tree.js")
    _css = (HERE / "tree.css").read_text(encoding="utf-8")
    svg = traitlets.Unicode().tag(sync=True)

    def __init__(self, drawn: Callable[[], Picture], carried_out: Callable[[Clicked], Said]) -> None:
        super().__init__()
        self._drawn, self._carried_out = drawn, carried_out
        self.renew()

    def answer(self, wanted: Mapping[str, Any]) -> None:
        """Carry out what was clicked, draw the tree as it is then, and say what came of it."""
        command = meant(wanted)
        if command is not None:
            said = self._carried_out(command)
            if not isinstance(command, Show):
                self.renew()
            self.send({"line": said.line, "html": said.html})

    def renew(self) -> None:
        """Draw the tree as it is now, on the page and for those who open the notebook later."""
        picture = self._drawn()
        self.svg = picture.svg
        self.show(picture)


def meant(message: Mapping[str, Any]) -> Clicked | None:
    """Return the command that a click means; ``None`` for what no page of ours sends."""
    match message:
        case {"do": "switch", "turn": str(turn)}:
            return Switch(turn)
        case {"do": "fork", "turn": str(turn)}:
            return Fork(at=turn, again=True)
        case {"do": "hide" | "unhide" as way, "turn": str(turn)}:
            return Hide(turn, on=way == "hide")
        case {"do": "label", "turn": str(turn), "label": str(label)}:
            return Label(turn, label)
        case {"do": "show", "turn": str(turn)}:
            return Show(turn=turn)
    return None
