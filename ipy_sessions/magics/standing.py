"""Which widgets stand below which cells of a kernel, so that they end with what was shown there.

A cell that runs again has lost what stood below it, and the page tells nobody: a widget that nobody sees would go on
asking and being kept. It refuses to know what a widget is, but that it can be closed; hosts that tell no ids of cells
keep theirs.
"""

from __future__ import annotations

from typing import Protocol

from ipy_sessions.notebook import Place


class Closing(Protocol):
    """What can be closed; a second time does nothing."""

    def close(self) -> None:
        """End."""


class Standing:
    """The widgets below the cells of one kernel."""

    def __init__(self) -> None:
        self._cells: dict[str, tuple[str, list[Closing]]] = {}

    def add(self, place: Place, widget: Closing) -> None:
        """Remember a widget, and close those of earlier runs of its cell."""
        if place.cell_id is None:
            return
        run, before = self._cells.get(place.cell_id, (place.run, []))
        if run != place.run:
            for one in before:
                one.close()
            before = []
        self._cells[place.cell_id] = (place.run, [*before, widget])
