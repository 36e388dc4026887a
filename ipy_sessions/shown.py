"""How values show themselves in IPython, as Markdown or a picture in a notebook and as text in a terminal.

Those that know how they are shown say so themselves (``_repr_markdown_``). The values below are pure and know nothing
of it, so IPython is told by their names: nothing of them is imported before one is shown.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any

SHOWN = {
    ("ipy_sessions.entries", "Entry"): "entry",
    ("ipy_sessions.summary", "SessionInfo"): "info",
    ("ipy_sessions.turns", "Turn"): "turn",
    ("ipy_sessions.tree", "Tree"): "tree",
    ("ipy_sessions.context.messages", "Context"): "context",
    ("ipy_sessions.events", "Reply"): "reply",
}
"""For each class, the function of `render.values` that shows one."""

FORMS = {"text/markdown": "markdown", "image/svg+xml": "svg"}


def tell_ipython() -> None:
    """Tell IPython, where it runs; a second time changes nothing."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    if shell is None:
        return
    formatters = shell.display_formatter.formatters
    for place, name in SHOWN.items():
        for mime, form in FORMS.items():
            formatters[mime].for_type_by_name(*place, _form(name, form))
        formatters["text/plain"].for_type_by_name(*place, _printer(name))


def _drawn(name: str, value: Any) -> Any:
    return getattr(import_module("ipy_sessions.render.values"), name)(value)


def _form(name: str, form: str) -> Callable[[Any], str | None]:
    return lambda value: getattr(_drawn(name, value), form, None)


def _printer(name: str) -> Callable[[Any, Any, bool], None]:
    def show(value: Any, printer: Any, cycle: bool) -> None:
        alone = len(printer.stack) == 1 and not cycle  # in a list, one line each
        printer.text(_drawn(name, value).plain if alone else repr(value))

    return show
