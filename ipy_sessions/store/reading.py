"""A session's file, read whole, with an account of what could not be read.

A reader changes nothing on disk and gives up nothing that is readable: a damaged line is skipped and reported with its
number, everything before and after it is kept. Only a file that does not begin as a session is refused, untouched.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from ipy_sessions.encoding import decode
from ipy_sessions.entries import Entry, Header
from ipy_sessions.errors import NotASessionError
from ipy_sessions.tree import Tree

BYTE_ORDER_MARK = b"\xef\xbb\xbf"  # an editor on Windows may have put it there


class BadLine(NamedTuple):
    """A line that could not be read.

    Parameters
    ----------
    number
        Its number in the file; the header is line 1.
    reason
        What is wrong with it, in a few words.
    """

    number: int
    reason: str


class Reading(NamedTuple):
    """What was read, so that a writer can tell when something else is in its place.

    Parameters
    ----------
    size
        Bytes.
    file
        Which file it was, as the system tells files apart; ``None`` where nothing was read from one.
    """

    size: int
    file: tuple[int, int] | None = None


def identity(status: os.stat_result) -> tuple[int, int]:
    """Return what tells one file from another."""
    return status.st_dev, status.st_ino


class Contents(NamedTuple):
    """What a session's file holds.

    Parameters
    ----------
    header
        Its first line.
    tree
        Its entries.
    bad_lines
        The lines that were skipped.
    reading
        What was read; ``None`` for a session that has no file yet.
    """

    header: Header
    tree: Tree
    bad_lines: list[BadLine]
    reading: Reading | None = None


def read(path: Path) -> Contents:
    """Read a session's file.

    Raises
    ------
    NotASessionError
        When it does not begin with a session's header.
    OSError
        When it cannot be read at all.
    """
    with path.open("rb") as file:
        status, data = os.fstat(file.fileno()), file.read()
    return parse(data, path)._replace(reading=Reading(len(data), identity(status)))


def parse(data: bytes, path: Path) -> Contents:
    """Read the bytes of a session's file; `path` is for the error's sentence."""
    lines = data.removeprefix(BYTE_ORDER_MARK).split(b"\n")
    header = _header(lines[0], path)
    tree = Tree()
    bad_lines = []
    for number, line in enumerate(lines[1:], start=2):
        if not line.strip():
            continue
        try:
            tree.add(_entry(line))
        except ValueError as error:
            bad_lines.append(BadLine(number, str(error)))
    return Contents(header, tree, bad_lines)


def _header(line: bytes, path: Path) -> Header:
    try:
        header = decode(line)
    except ValueError as error:
        raise NotASessionError(f"{path} is not a session: its first line is {error}. It was left untouched.") from None
    if not isinstance(header, Header):
        raise NotASessionError(f"{path} is not a session: its first line is a {header.type!r}. It was left untouched.")
    return header


def _entry(line: bytes) -> Entry:
    entry = decode(line)
    if isinstance(entry, Header):
        raise ValueError("a second header")  # noqa: TRY004 - one kind of error for one kind of fault
    return entry
