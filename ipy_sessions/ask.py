"""What one ask of a cell says, and where it stands: by this it is known when the cell runs again.

Pure. Defaults, the model that answered and the values of variables are no part of it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from ipy_sessions.entries import blocks, is_content, text_in

Place: TypeAlias = tuple[str | None, int]
"""Where something was asked: the cell's id, and which ask of that run of the cell it was, from 1."""


MASKED = re.compile(r"\[masked [^\]\n]*\]")
"""How a secret stands in the log."""
STOOD_THERE = r"(?=\S*\d)\S{8,}?"
"""What may have stood there: no word of prose, so that an edit is not taken for the same ask."""


@dataclass(frozen=True, slots=True)
class Ask:
    """What one ask of a cell says, and where.

    Parameters
    ----------
    text
        The prompt, secrets masked.
    options
        The options as they were typed, but for those that do not change what is asked (``--take``, ``--out`` …).
    take
        Which answer to it is meant, from 1.
    cell
        Id of its cell; ``None`` where there are none.
    number
        Which ask of that run of the cell it is, from 1.
    """

    text: str
    options: Mapping[str, Any] = field(default_factory=dict)
    take: int = 1
    cell: str | None = None
    number: int = 1

    @property
    def place(self) -> Place:
        """The cell, and which ask of it."""
        return self.cell, self.number

    def says_as(self, other: Ask) -> bool:
        """Tell whether another says the same, wherever it stands.

        A mask is the same as what looks like a secret: what was masked then need not be known to be one now.
        """
        if self.take != other.take or not (self.text == other.text or _hide(self.text, other.text)):
            return False
        return dict(self.options) == dict(other.options)

    @property
    def fields(self) -> dict[str, Any]:
        """What is written with the question, beside the text; what goes without saying is left out."""
        said = {"cell_id": self.cell, "ask": self.number, "take": self.take, "options": dict(self.options)}
        usual: dict[str, Any] = {"cell_id": None, "ask": 1, "take": 1, "options": {}}
        return {name: value for name, value in said.items() if value != usual[name]}

    @classmethod
    def of(cls, fields: Mapping[str, Any]) -> Ask:
        """Return the ask that the fields of a question's line hold."""
        cell, options, content = fields.get("cell_id"), fields.get("options"), fields.get("content")
        return cls(
            text_in(content) or "",
            options if isinstance(options, dict) else {},
            _count(fields.get("take")),
            cell if isinstance(cell, str) else None,
            _count(fields.get("ask")),
        )


def _hide(text: str, other: str) -> bool:
    """Tell whether one text is the other with its secrets masked."""
    for masked, whole in ((text, other), (other, text)):
        parts = MASKED.split(masked) if "[masked " in masked else []
        if parts and re.fullmatch(STOOD_THERE.join(map(re.escape, parts)), whole):
            return True
    return False


def _count(value: object) -> int:
    return value if isinstance(value, int) and value > 0 else 1


def begins_turn(content: object) -> bool:
    """Tell whether a user's message begins a turn: whether it brings more than results of tools."""
    found = blocks(content) if is_content(content) else []
    return not found or any(block.get("type") != "tool_result" for block in found)
