"""How text reaches a terminal: its control characters taken out, in colours, and through a pager where it is long.

What was said in a conversation is data: no escape sequence in it moves a cursor or sets a title. Where the output is
no terminal, there are neither colours nor a pager.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Callable

from ipy_sessions.render.markup import visible

HEAD = re.compile(r"^\[[^\]\n]*, \d{4}-\d\d-\d\d \d\d:\d\d[^\]\n]*\]$", re.MULTILINE)  # who speaks, and when
MEANT = re.compile(r"«[^»\n]*»")  # what was looked for


def in_colour(stream_is_terminal: bool) -> bool:
    """Tell whether colours are wanted: in a terminal that has some, unless NO_COLOR says otherwise."""
    return stream_is_terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def show(text: str, *, table: bool = False, pager: bool = True) -> None:
    """Print text.

    Parameters
    ----------
    text
        What to print, as it was said.
    table
        Whether its first line is the head of a table.
    pager
        Whether a long text may go through one.
    """
    text = visible(text)
    if not sys.stdout.isatty():
        print(text)
        return
    import click

    colours = in_colour(stream_is_terminal=True)
    if colours:
        text = _painted(text, click.style, table=table)
    if pager and text.count("\n") + 1 >= shutil.get_terminal_size().lines:
        click.echo_via_pager(f"{text}\n", color=None if colours else False)  # None: where the pager can show them
    else:
        click.echo(text, color=colours)


def complain(sentence: str) -> None:
    """Print why something could not be done, on the error stream."""
    name, text = "ipy-sessions:", visible(sentence)
    if in_colour(sys.stderr.isatty()):
        import click

        name = click.style(name, fg="red", bold=True)
    print(f"{name} {text}", file=sys.stderr)


def _painted(text: str, style: Callable[..., str], *, table: bool) -> str:
    if table:
        head, end, rest = text.partition("\n")
        text = f"{style(head, bold=True)}{end}{rest}"
    text = HEAD.sub(lambda found: style(found[0], fg="cyan", bold=True), text)
    return MEANT.sub(lambda found: style(found[0], fg="yellow", bold=True), text)
