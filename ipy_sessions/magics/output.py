"""Where the magics show things: below the cell in a notebook, printed in a terminal and in a console."""

from __future__ import annotations

import sys
import time
from typing import Any

from ipy_sessions.notebook import Place
from ipy_sessions.render.live import LiveView, View
from ipy_sessions.render.markup import Markup, Picture
from ipy_sessions.render.terminal import TerminalView


class Output:
    """The output of one shell.

    Parameters
    ----------
    shell
        IPython's shell; behind a notebook or a console it has a kernel.
    """

    def __init__(self, shell: Any) -> None:
        self._shell = shell

    def show(self, markup: Markup | Picture) -> None:
        """Show something below the cell, or print it in a terminal."""
        if self._has_kernel:
            from IPython.display import display

            display(markup.bundle, raw=True)
        else:
            print(markup.plain)  # noqa: T201 - a terminal's display

    def update(self, shown: Any, markup: Markup) -> Any:
        """Show something in the place of what was shown, ``None`` at first; return what to replace next time."""
        if not self._has_kernel:
            print(f"\r{markup.plain:60}", end="", flush=True)  # noqa: T201 - a terminal's display
            return True
        from IPython.display import display

        if shown is None:
            return display(markup.bundle, raw=True, display_id=True)
        shown.update(markup.bundle, raw=True)
        return shown

    def view(self, *, updates: bool) -> View:
        """Return what a reply streams into.

        Parameters
        ----------
        updates
            Whether the host can replace what it has shown.
        """
        if updates:
            from IPython.display import display

            return LiveView(display, time.monotonic)
        return TerminalView(sys.stdout, flush=not self._has_kernel)

    def give(self, text: str, place: Place) -> bool:
        """Have the host put a text into the next cell, or behind its next prompt; tell whether it is sure to."""
        prompts = hasattr(self._shell, "prompt_for_code") and not self._shell.simple_prompt
        if prompts or place.provider in {"jupyter", "vscode", "console"}:
            self._shell.set_next_input(text)
        return prompts or place.provider in {"jupyter", "vscode"}  # a console takes it only where it has a line editor

    @property
    def _has_kernel(self) -> bool:
        return hasattr(self._shell, "kernel")


class Collected(Output):
    """What would be shown, kept for whoever asked."""

    def __init__(self) -> None:
        super().__init__(None)
        self.said: list[Markup | Picture] = []

    def show(self, markup: Markup | Picture) -> None:
        """Keep it."""
        self.said.append(markup)

    def update(self, shown: Any, markup: Markup) -> Any:
        """Keep nothing: what is replaced was of no lasting use."""
        return shown or markup

    def give(self, text: str, place: Place) -> bool:
        """Tell that there is no next cell: one can be given only while a cell runs."""
        del text, place
        return False
