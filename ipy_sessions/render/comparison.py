"""Two conversations side by side, as Markdown and as plain text. Pure: rows in, `Markup` out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby

from ipy_sessions.comparing import Row, Said
from ipy_sessions.render.markup import Markup, escaped, fenced, small
from ipy_sessions.render.panels import line, short, stacked

SHOWN = 50  # turns that differ and are shown
QUESTION, ANSWER = 200, 400  # characters of what is shown for orientation alone


def comparison(a: str, b: str, rows: Sequence[Row]) -> Markup:
    """Return what two conversations have in common and where they differ.

    Parameters
    ----------
    a, b
        What they are called.
    rows
        What `comparing.compare` has found.
    """
    title = Markup(f"### A: {escaped(a)} · B: {escaped(b)}", f"A: {a} · B: {b}")
    parts = [title, line(_summary(rows))]
    left = SHOWN
    for same, group in groupby(rows, key=lambda row: row.kind == "same"):
        some = list(group)
        if same and left > 0:
            parts.append(line(f"{_both(some)}: the same"))
        elif not same:
            parts += map(_row, some[: max(left, 0)])
            left -= len(some)
    if left < 0:
        parts.append(line(f"{-left} more turns differ: `ses.compare(…)` returns all of them as a DataFrame."))
    return stacked([part if n < 2 else Markup(part.markdown, f"\n{part.plain}") for n, part in enumerate(parts)])  # noqa: PLR2004 - title and summary


def _summary(rows: Sequence[Row]) -> str:
    counts: dict[str, int] = {}
    for row in rows:
        counts[row.kind] = counts.get(row.kind, 0) + 1
    if not rows:
        return "Nothing was asked in either."
    if counts.keys() == {"same"}:
        return f"{len(rows)} turn{'s' if len(rows) > 1 else ''}, and nothing differs."
    return ", ".join(f"{count} {kind}" for kind, count in counts.items())


def _both(rows: Sequence[Row]) -> str:
    """Return the numbers of the turns of some rows."""
    sides = ("A", [row.a for row in rows]), ("B", [row.b for row in rows])
    numbers = {name: [said.turn.number for said in side if said is not None] for name, side in sides}
    return ", ".join(f"{name} {_ranges(found)}" for name, found in numbers.items() if found)


def _ranges(numbers: Iterable[int]) -> str:
    """Return numbers in words, those in a row as from and to: ``1 to 3, 7``."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]} to {run[-1]}" for run in runs)


def _row(row: Row) -> Markup:
    where = _both([row])
    head = Markup(f"**{where}** {small(escaped(row.kind))}", f"[{where}: {row.kind}]")
    parts = [head]
    said = row.a or row.b
    if row.question_diff:
        parts += [line("what was asked"), _diff(row.question_diff)]
    elif said is not None:
        parts.append(_quoted(short(said.question, QUESTION)))
    if row.answer_diff:
        parts += [line("what was answered"), _diff(row.answer_diff)]
    elif said is not None:
        parts.append(line("the answers are the same") if row.a and row.b else _answer(said))
    return stacked(parts)


def _answer(said: Said) -> Markup:
    text = short(said.answer, ANSWER)
    return Markup(escaped(text), text) if said.answer else line("no answer")


def _diff(lines: Sequence[str]) -> Markup:
    return Markup(fenced(lines, "diff"), "\n".join(lines))


def _quoted(text: str) -> Markup:
    return Markup(f"> {escaped(text)}", f"> {text}")
