"""Which formats there are: one row each."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import NamedTuple

from ipy_sessions.errors import ExportError
from ipy_sessions.export.material import Material


class Format(NamedTuple):
    """One format.

    Parameters
    ----------
    name
        What it is called: ``"markdown"``.
    suffix
        What its files end in.
    text
        What it is for, in a few words.
    place
        The module and the function that writes it: from a `Material` to a text or bytes.
    whole
        Whether it can hold every branch; the others hold the active one.
    """

    name: str
    suffix: str
    text: str
    place: str
    whole: bool = False

    @property
    def write(self) -> Callable[[Material], str | bytes]:
        """The function, imported when it is needed."""
        module, name = self.place.split(":")
        found: Callable[[Material], str | bytes] = getattr(import_module(f"ipy_sessions.export.{module}"), name)
        return found


FORMATS = {
    row.name: row
    for row in (
        Format("pi", ".pi.jsonl", "a session of the agent pi, with every branch", "pi:to_pi", whole=True),
        Format("jsonl", ".messages.jsonl", "one message a line, role and content", "lines:to_lines"),
        Format("html", ".html", "one page to read, every branch, with search", "page.document:to_html", whole=True),
        Format("markdown", ".md", "to read", "markdown:to_markdown"),
        Format("parquet", ".parquet", "the table of its messages, every branch", "parquet:to_parquet", whole=True),
        Format("notebook", ".ipynb", "prompts as cells that run, answers below them", "notebook:to_notebook"),
    )
}
"""The formats by name."""


def format_called(name: str) -> Format:
    """Return the format of a name.

    Raises
    ------
    ExportError
        When there is none.
    """
    if name not in FORMATS:
        raise ExportError(f"There is no format {name!r}. There are {', '.join(FORMATS)}.")
    return FORMATS[name]
