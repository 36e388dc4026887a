"""A session's file, read once, with an account of what could not be read.

A reader changes nothing on disk and gives up nothing that is readable: a damaged line is skipped and reported with its
number, everything before and after it is kept. Only a file that does not begin as a session is refused, untouched.
"""

from __future__ import annotations

import errno
import os
import stat
from codecs import BOM_UTF8
from collections.abc import Iterator
from contextlib import suppress
from io import FileIO
from pathlib import Path
from typing import NamedTuple

from ipy_sessions.encoding import decode
from ipy_sessions.entries import VERSION, Entry, Header
from ipy_sessions.errors import NotASessionError, SessionReadOnlyError
from ipy_sessions.store.lines import Fault, Lines
from ipy_sessions.tree import Tree

FLAGS = os.O_RDONLY | os.O_CLOEXEC | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0)
"""How a file of a folder is opened. A link is not followed: in a folder that came from others it may lead anywhere."""

BLOCK = 64 * 1024  # bytes read at a time when looking for a line's end or beginning
LONGEST_HEADER = 16 * 1024 * 1024  # bytes; what has no line break by then is no session


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
    whole
        Where the last line break was; what stands behind it was being written, or a crash has left it.
    """

    size: int
    file: tuple[int, int] | None = None
    whole: int = 0


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


def open_file(path: Path) -> FileIO:
    """Open a session's file for reading.

    Raises
    ------
    OSError
        When it cannot be read, or is no file: a pipe of that name is not waited for, and a device not read.
    """
    file = FileIO(path, opener=lambda name, flags: os.open(name, flags | FLAGS))
    try:
        refuse_odd(os.fstat(file.fileno()))
    except OSError:
        file.close()
        raise
    return file


def refuse_odd(status: os.stat_result) -> None:
    """Refuse what is no file."""
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "it is no file")


def read(path: Path) -> Contents:
    """Read a session's file.

    Raises
    ------
    NotASessionError
        When it does not begin with a session's header.
    OSError
        When it cannot be read at all.
    """
    with open_file(path) as file:
        status = os.fstat(file.fileno())
        header, offset = read_header(file, path)
        lines = Lines(file, status.st_size)
        entries, faults = lines.read(offset)
    bad_lines = _bad_lines(lines, faults)
    return Contents(header, Tree(entries), bad_lines, Reading(status.st_size, identity(status), lines.whole))


def parse(data: bytes, path: Path) -> Contents:
    """Read the lines of a session that are in memory; `path` is for the error's sentence."""
    line, newline, _ = data.partition(b"\n")
    header = parse_header(line, path)
    lines = Lines.of(data)
    entries, faults = lines.read(len(line) + len(newline))
    bad_lines = _bad_lines(lines, faults)
    return Contents(header, Tree(entries), bad_lines, Reading(len(data), whole=lines.whole))


def _bad_lines(lines: Lines, faults: list[Fault]) -> list[BadLine]:
    numbers = lines.line_numbers(fault.offset for fault in faults)
    return [BadLine(number, fault.reason) for number, fault in zip(numbers, faults, strict=True)]


def read_header(file: FileIO, path: Path) -> tuple[Header, int]:
    """Read the first line of a file; return the header and where the next line begins. `path` is for the error."""
    data = b""
    while b"\n" not in data and len(data) < LONGEST_HEADER:
        more = file.read(BLOCK)
        if not more:
            break
        data += more
    line, newline, _ = data.partition(b"\n")
    return parse_header(line, path), len(line) + len(newline)


def parse_header(line: bytes, path: Path | str) -> Header:
    """Read a header's line; `path` is for the error's sentence."""
    try:
        header = decode(line.removeprefix(BOM_UTF8))  # an editor on Windows may have put it there
    except ValueError as error:
        raise NotASessionError(f"{path} is not a session: its first line is {error}. It was left untouched.") from None
    if not isinstance(header, Header):
        raise NotASessionError(f"{path} is not a session: its first line is a {header.type!r}. It was left untouched.")
    return header


def refuse_newer(header: Header, path: Path) -> None:
    """Refuse to write to a session of a newer format.

    Raises
    ------
    SessionReadOnlyError
        When it is one.
    """
    if header.version > VERSION:
        raise SessionReadOnlyError(
            f"{path} was written by a newer ipy_sessions (format {header.version}, this one writes {VERSION}) and can "
            "only be read here. Upgrade with `pip install -U ipy_sessions`."
        )


def last(path: Path, count: int) -> list[Entry]:
    """Return the last messages of a session's file, the latest last; what stands before them is not read.

    Raises
    ------
    OSError
        When the file cannot be read.
    """
    found: list[Entry] = []
    with open_file(path) as file:
        for line in backwards(file.fileno(), os.fstat(file.fileno()).st_size):
            if len(found) == count:
                break
            with suppress(ValueError):
                entry = decode(line)
                if isinstance(entry, Entry) and entry.type == "message":
                    found.append(entry)
    return found[::-1]


def backwards(fd: int, end: int) -> Iterator[bytes]:
    """Yield the lines of a file from the one that ends at `end` to its first, empty ones left out."""
    end -= end > 0 and os.pread(fd, 1, end - 1) == b"\n"
    at = end  # what stands before it was not looked at yet
    while end > 0:
        start = max(0, at - BLOCK)
        data = os.pread(fd, at - start, start)
        is_long = at < end
        cut = data.rfind(b"\n") if is_long else data.find(b"\n")
        if cut < 0 < start:  # a long line, which is read at once when its beginning is found
            at = start
            continue
        begin = 0 if start == 0 and not is_long else start + cut + 1
        lines = (os.pread(fd, end - begin, begin) if is_long else data[begin - start :]).split(b"\n")
        while lines:
            if (line := lines.pop()).strip():
                yield line
        at = end = begin - 1
