"""What was asked, as a list to choose from. Pure: turns in, `Markup` out."""

from __future__ import annotations

from collections.abc import Sequence

from ipy_sessions.render.markup import Markup, table
from ipy_sessions.render.panels import line, local, stacked
from ipy_sessions.turns import Turn

SHOWN = 80  # characters of a prompt


def prompts(turns: Sequence[Turn]) -> Markup:
    """Return what turns asked: number, time, cell and first line, in their order."""
    if not turns:
        return line("Nothing was asked yet.")
    rows = [(str(turn.number), local(turn.question.ts), _cell(turn), first_line(turn.ask.text)) for turn in turns]
    shown = table(("turn", "asked", "cell", "prompt"), rows, right=(0,))
    return stacked([shown, line("`%session again N` puts one of them into the next cell.")])


def first_line(text: str) -> str:
    """Return how a prompt begins: the first of its lines that says something."""
    lines = [" ".join(part.split()) for part in text.splitlines() if part.strip()] or [""]
    cut = lines[0][:SHOWN]
    return cut if len(lines) == 1 and cut == lines[0] else f"{cut} …"


def _cell(turn: Turn) -> str:
    """Return the number that the cell had, as in ``In [3]``."""
    count = turn.question.fields.get("execution_count")
    return f"[{count}]" if isinstance(count, int) else ""
