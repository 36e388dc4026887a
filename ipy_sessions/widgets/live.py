"""A widget that stands in the place of its static form.

A widget is nothing without its kernel: a page that is opened later says that it is loading, for ever. So the widget has
no output of its own. What is shown, and saved, is a static form, a picture or Markdown, with a mark in it; the widget's
script finds the mark on the page and takes the form's place for as long as the kernel lives. A reopened notebook, a
page of a code host and an export show the form. When something was chosen, one line stands there.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

import anywidget
import traitlets

from ipy_sessions.render.markup import Markup, Picture

HERE = Path(__file__).parent


def script(*parts: str) -> str:
    """Return the script of a widget, of some parts, with what all of them share in front of it.

    It ends in ``export default live((el, model) => …)``, which draws the widget into ``el``, once.
    """
    return "".join((HERE / part).read_text(encoding="utf-8") for part in ("standing.js", *parts))


class Live(anywidget.AnyWidget):
    """A widget that has a static form.

    Parameters
    ----------
    state
        The traits that it begins with.
    """

    mark = traitlets.Unicode().tag(sync=True)
    """What the script looks for on the page."""

    def __init__(self, **state: Any) -> None:
        super().__init__(mark=f"live-{uuid4().hex}", **state)
        self._lock = threading.RLock()
        self._form: Any = None
        self.on_msg(self._told)

    def answer(self, wanted: Mapping[str, Any]) -> None:
        """Do what the page asks for; one message after the other, in the kernel's thread or in one beside it.

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

    def show(self, form: Markup | Picture) -> None:
        """Show the static form, and the widget in its place; a second time, another form."""
        from IPython.display import display

        bundle = marked(form, self.mark)
        if self._form is None:
            self._form = display(bundle, raw=True, display_id=True)
        else:
            self._form.update(bundle, raw=True)

    def finish(self, line: Markup) -> None:
        """Leave one line in the place of both, and end."""
        self._form.update(line.bundle, raw=True)
        self.close()

    def close(self) -> None:
        """End, and let go of the layout that ipywidgets makes for every widget."""
        super().close()
        self.layout.close()


def marked(form: Markup | Picture, mark: str) -> dict[str, str]:
    """Return a form with a mark in it that no reader sees."""
    if isinstance(form, Picture):
        return {**form.bundle, "image/svg+xml": form.svg.replace("<svg ", f'<svg id="{mark}" ', 1)}
    return {**form.bundle, "text/markdown": f'<a name="{mark}"></a>\n\n{form.markdown}'}
