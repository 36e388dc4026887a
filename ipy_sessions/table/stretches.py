"""A large file of ours, read in several places at once: what its parts must know of one another, and their rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from ipy_sessions.entries import VERSION, Entry, Header
from ipy_sessions.readers.own import NAME
from ipy_sessions.readers.transcript import EPOCH, Transcript
from ipy_sessions.store.lines import Lines
from ipy_sessions.table.corpus import Own
from ipy_sessions.table.division import Stretch
from ipy_sessions.table.part import Part


class Found(NamedTuple):
    """What the other stretches of a file must know of one.

    Parameters
    ----------
    first, last
        The numbers of its first and its last entry; ``None`` where it has none.
    rises
        Whether every entry has a higher number than the one before it.
    tells_notebook
        Whether it says which notebook the session belongs to.
    notebook
        What it says last.
    """

    first: int | None
    last: int | None
    rises: bool
    tells_notebook: bool = False
    notebook: object = None


def entries_of(stretch: Stretch) -> Sequence[Entry]:
    """Return the entries whose lines begin in a stretch."""
    from fsspec.core import url_to_fs
    from fsspec.utils import read_block

    system, name = url_to_fs(stretch.file.path)
    with system.open(name, "rb") as file:
        data = read_block(file, stretch.offset, stretch.size, b"\n")
    return Lines.of(data).read(0)[0]


def look_through(stretch: Stretch) -> Found:
    """Return what other stretches must know of one: a function that a worker runs."""
    entries = entries_of(stretch)
    numbers = [entry.seq for entry in entries]
    rises = all(one < next_ for one, next_ in pairwise(numbers))
    first, last = (numbers[0], numbers[-1]) if numbers else (None, None)
    told = [entry.fields["notebook"] for entry in entries if entry.type == "info" and "notebook" in entry.fields]
    return Found(first, last, rises, bool(told), told[-1] if told else None)


def agreed(found: Mapping[Stretch, Found], notebooks: Mapping[Own, object]) -> dict[Own, list[Stretch]]:
    """Return the files that may be split, with what all stretches of a file have to know.

    One whose entries' numbers do not rise is read whole: a line may stand there twice, and the first of the two counts.

    Parameters
    ----------
    found
        What was found in each stretch, in the order of the files.
    notebooks
        What the header of each file says of its notebook.
    """
    files: dict[Own, list[Stretch]] = {}
    for stretch in found:
        files.setdefault(stretch.file, []).append(stretch)
    return {
        file: [
            stretch._replace(notebook=_notebook([found[one] for one in its], notebooks.get(file))) for stretch in its
        ]
        for file, its in files.items()
        if _rises([found[one] for one in its])
    }


def _rises(some: Sequence[Found]) -> bool:
    ends = [end for one in some for end in (one.first, one.last) if end is not None]
    between = zip(ends[1::2], ends[2::2], strict=False)
    return all(one.rises for one in some) and all(last < first for last, first in between)


def _notebook(some: Sequence[Found], of_header: object) -> str | None:
    told = [of_header, *(one.notebook for one in some if one.tells_notebook)][-1]
    return told if isinstance(told, str) else None


def part_of(stretch: Stretch) -> Part:
    """Return the messages of a stretch as a conversation without a tree; its rows are those of the whole file."""
    header = Header(VERSION, stretch.file.session, EPOCH, {"notebook": stretch.notebook})
    messages = [entry for entry in entries_of(stretch) if entry.type == "message"]
    return Part(Transcript(header, messages, NAME, stretch.file.path))
