"""A widget beside its static form.

A widget is nothing without its kernel: a page that is opened later says that it is loading, for ever. So what a widget
shows stands in the output above it as well, as a picture or as Markdown. The widget's script hides that while it lives;
a reopened notebook, a page of a code host and an export show it. When something was chosen, one line stands there.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import anywidget

from ipy_sessions.render.markup import Markup, Picture

HERE = Path(__file__).parent


def script(*parts: str) -> str:
    """Return the script of a widget, of some parts, with what all of them share in front of it."""
    return "".join((HERE / part).read_text(encoding="utf-8") for part in ("standing.js", *parts))


class Live(anywidget.AnyWidget):  # type: ignore[misc] - it has no types
    """A widget that has a static form.

    Parameters
    ----------
    state
        The traits that it begins with.
    """

    def __init__(self, **state: Any) -> None:
        super().__init__(**state)
        self._lock = threading.RLock()
        self._form: Any = None
        self._view: Any = None
        self.on_msg(self._told)

    def answer(self, wanted: Mapping[str, Any]) -> None:
        """Do what the page asks for; one message after the other, in the kernel's thread or one beside it.

        Parameters
        ----------
        wanted
            The message; whatever a page may send.
        """
        raise NotImplementedError

    def _told(self, _widget: object, content: object, _buffers: object) -> None:
        with self._lock:
            if isinstance(content, Mapping):
                self.answer(content)

    def show(self, static: Markup | Picture) -> None:
        """Show the static form, and the widget in its place where there is a kernel."""
        from IPython.display import display

        self._form = display(static.bundle, raw=True, display_id=True)
        self._view = display(self, display_id=True)

    def renew(self, static: Markup | Picture) -> None:
        """Show another static form, for pages that are opened later."""
        self._form.update(static.bundle, raw=True)

    def finish(self, line: Markup) -> None:
        """Leave one line in the place of both, and end."""
        self._form.update(line.bundle, raw=True)
        self._view.update({"text/plain": ""}, raw=True)
        self.close()
