"""Where the magics show things: below the cell in a notebook, printed in a terminal and in a console."""

from __future__ import annotations

import shutil
import sys
import time
from typing import Any

from ipy_sessions.notebook import Place, look
from ipy_sessions.render.live import LiveView, View
from ipy_sessions.render.markup import Markup, Picture, visible
from ipy_sessions.render.terminal import CLEAR_LINE, TerminalView


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

    @property
    def ended_by(self) -> str:
        """What one presses to end what goes on."""
        return "Stop" if self._replaces else "Ctrl-C"

    def progress(self, shown: Any, bar: str, said: str) -> Any:
        """Show how far something has come in the place of what was shown, ``None`` at first; return what to replace.

        Where nobody watches, nothing is shown.
        """
        if not self._replaces:
            return self._tell(f"{bar} {said}".strip()) or shown
        if look(self._shell).headless:
            return shown
        return self._replace(shown, Markup(f"`{bar}` {said}" if bar else said, f"{bar} {said}".strip()))

    def clear(self, shown: Any) -> None:
        """Show nothing any more where how far something had come was shown."""
        if self._replaces:
            self._replace(shown, Markup("", ""))
        else:
            self._tell("")

    @property
    def _replaces(self) -> bool:
        """Whether the host can replace what it has shown; a console behind a kernel writes lines, as a terminal."""
        return self._has_kernel and look(self._shell).updates

    def _tell(self, text: str) -> bool:
        """Write a line of the terminal over, where somebody watches."""
        watched = self._has_kernel or sys.stderr.isatty()
        if watched:
            room = shutil.get_terminal_size().columns - 1  # of two lines only the second could be written over
            print(f"{CLEAR_LINE}{visible(text)[:room]}", end="", file=sys.stderr, flush=True)  # noqa: T201 - a terminal's
        return watched

    def _replace(self, shown: Any, markup: Markup) -> Any:
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

    def progress(self, shown: Any, bar: str, said: str) -> Any:
        """Keep nothing: how far something has come is of no lasting use."""
        del bar, said
        return shown

    def give(self, text: str, place: Place) -> bool:
        """Tell that there is no next cell: one can be given only while a cell runs."""
        del text, place
        return False
