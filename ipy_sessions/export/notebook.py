"""A notebook that runs: each prompt is a cell that asks it, each answer stands below as Markdown, its Python as cells.

A prompt keeps the id of its cell and its options, so that where the session's folder is at hand the logged answer is
replayed and nothing is asked. The cells with code of an answer may raise, as code out of its context does, and a run
goes on behind them. Nothing runs before somebody runs the notebook.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from typing import Any

from ipy_sessions.ask import Ask
from ipy_sessions.commands.agent import written as typed
from ipy_sessions.entries import Entry, text_of
from ipy_sessions.export.markdown import opening, said, speaker
from ipy_sessions.export.material import Material
from ipy_sessions.export.prose import aside, written
from ipy_sessions.render.segments import segments

PYTHON = ("python", "py", "python3", "ipython", "ipython3")
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
NOTE = (
    "Run a prompt and it is asked; beside the session's folder its logged answer is shown again. The code of the "
    "answers is in cells of its own: read it before you run it."
)


def to_notebook(material: Material) -> str:
    """Return the active branch as a notebook."""
    import nbformat

    taken: set[str] = set()
    cells = [_whole(cell, taken) for cell in _cells(material)]
    metadata = {"language_info": {"name": "python"}, "kernelspec": _KERNEL}
    notebook = nbformat.from_dict({"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5})
    return str(nbformat.writes(notebook)) + "\n"


_KERNEL = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}


def _whole(cell: dict[str, Any], taken: set[str]) -> dict[str, Any]:
    """Return a cell with all that it has to have."""
    runs: dict[str, Any] = (
        {"cell_type": "code", "outputs": [], "execution_count": None} if cell.pop("runs", False) else {}
    )
    return {"cell_type": "markdown", "metadata": {}, **cell, **runs, "id": _free(cell["id"], taken)}


def _free(wanted: str, taken: set[str]) -> str:
    """Return an id that a cell can have and no other has: the one that is wanted, if it can."""
    others = (f"cell-{number}" for number in itertools.count(len(taken)))
    free = next(one for one in itertools.chain([wanted], others) if _ID.fullmatch(one) and one not in taken)
    taken.add(free)
    return free


def _cells(material: Material) -> Iterator[dict[str, Any]]:
    yield {"id": "title", "source": "\n\n".join([*opening(material), NOTE])}
    yield {"id": "load", "runs": True, "source": "%load_ext ipy_sessions"}
    asked: set[str] = set()
    for entry in material.written(material.path):
        if entry.role == "user" and text_of(entry.content).strip():
            yield from _question(entry, asked)
        elif entry.role == "assistant":
            yield from _answer(entry)
        elif others := list(said(entry)):
            yield {"id": f"m-{entry.id}", "source": "\n\n".join(others)}


def _question(entry: Entry, asked: set[str]) -> Iterator[dict[str, Any]]:
    """Yield what cannot be typed in a prompt, and the cell that asks it."""
    others = [aside(block) for block in entry.content if block.get("type") != "text"]
    if others:
        yield {"id": f"m-{entry.id}", "source": "\n\n".join(others)}
    ask = Ask.of(entry.fields)
    source, _ = typed("agent", ask.text, ask.options, ask.take)
    own = ask.cell if ask.cell is not None and ask.cell not in asked else entry.id
    asked.add(own)
    yield {"id": own, "runs": True, "source": source, "metadata": {"tags": ["prompt"]}}


def _answer(entry: Entry) -> Iterator[dict[str, Any]]:
    """Yield an answer: its text and what else it holds as Markdown, its Python as cells of code."""
    number, told = 0, [speaker(entry)]
    for block in entry.content:
        if block.get("type") != "text":
            told.append(aside(block))
            continue
        for part in segments(str(block.get("text") or "")):
            if part.language in PYTHON and part.code.strip():
                yield from _told(entry, number, told)
                tags = {"tags": ["answer", "raises-exception"]}
                yield {"id": f"c{number}-{entry.id}", "runs": True, "source": part.code, "metadata": tags}
                number, told = number + 1, []
            else:
                told.append("\n".join(written(part)).strip("\n"))
    yield from _told(entry, number, told)


def _told(entry: Entry, number: int, told: list[str]) -> Iterator[dict[str, Any]]:
    if any(text.strip() for text in told):
        yield {"id": f"a{number}-{entry.id}", "source": "\n\n".join(filter(str.strip, told))}
