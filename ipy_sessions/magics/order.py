"""The order of the cells in the saved notebook, by which `replay` decides."""

from __future__ import annotations

import re
from pathlib import Path

from ipy_sessions.identifiers import timestamp
from ipy_sessions.notebook import Saved, saved
from ipy_sessions.replay import Order

MOVES = re.compile(r"^\s*%\w+\s+(rewind|switch)\b", re.MULTILINE)  # whatever the magic is called


def saved_order(notebook: Path | None) -> Order:
    """Return the order of a notebook's cells; an empty one where there is none, or it cannot be read."""
    return order_of(Saved() if notebook is None else saved(notebook))


def order_of(found: Saved) -> Order:
    """Return the order of the cells in a notebook as it was saved."""
    ids = tuple(cell.id for cell in found.cells if cell.id is not None)
    moving = frozenset(cell.id for cell in found.cells if cell.id is not None and MOVES.search(cell.source))
    return Order(ids, "" if found.at is None else timestamp(found.at), moving)
