"""What can be wrong with a session's file, and what is known of each of its entries to tell.

Pure. It owns the words: what each kind of damage to a line is called, said and cured by. It refuses to know how a file
is read and how one is mended.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import msgspec

Kind: TypeAlias = Literal[
    "torn tail",
    "bad line",
    "gap in seq",
    "doubled seq",
    "doubled id",
    "missing parent",
    "missing target",
    "circle",
    "foreign session",
    "dangling tool call",
    "missing blob",
    "moved notebook",
    "newer version",
]

Repair: TypeAlias = Literal["keep", "drop", "finish"]
"""What a repair does with a line: its bytes go into a ``repair`` entry, it is left out, or its ends are put right."""

Named: TypeAlias = tuple[str, tuple[str, ...]]
"""The type of an entry, and the ids of those that it speaks of."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, with its cure.

    Parameters
    ----------
    kind
        What it is, in a word or two.
    line
        Number of the line; the header is line 1. ``None`` for what is wrong with no line.
    text
        What was found, in a sentence.
    cure
        What a repair does, what to type, or that nothing is needed, in a sentence.
    repair
        What a repair does with the line; ``None`` where it does nothing.
    """

    kind: Kind
    line: int | None
    text: str
    cure: str
    repair: Repair | None = None


class Step(msgspec.Struct, frozen=True):
    """What is kept of an entry while its file is examined: how it hangs together with others, and not what it says.

    Parameters
    ----------
    line
        Number of its line.
    seq, id, parent_id, session, in_tree
        As the entry has them.
    digest
        Tells its line from others.
    is_repair
        Whether it is a ``repair`` entry.
    role
        ``"user"`` or ``"assistant"`` of a message.
    calls, results
        Ids of the tool calls in an answer; of the calls that a user's message answers.
    blobs
        The blobs that its content refers to, by their SHA-256.
    names
        Of a ``leaf``, ``label``, ``context_edit`` or ``drop`` what it is and the ids that it names; ``None`` of any
        other, and of a move to before the first step.
    original
        Id of the message that it is a copy of.
    unread
        How many lines above it could not be read.
    """

    line: int
    seq: int
    id: str
    parent_id: str | None
    session: str
    in_tree: bool
    digest: bytes
    is_repair: bool
    role: str | None
    calls: tuple[str, ...]
    results: tuple[str, ...]
    blobs: tuple[str, ...]
    unread: int
    names: Named | None = None
    original: str | None = None

    @property
    def numbered(self) -> bool:
        """Whether its number counts: a repair takes one only where one is missing."""
        return not (self.is_repair and self.seq == 0)


def torn(line: int, size: int) -> Finding:
    """Return the finding for a last line that breaks off."""
    cure = "`--repair` puts a `repair` entry in its place, which keeps them; so does the next message."
    return Finding(
        "torn tail", line, f"Line {line}, the last, breaks off; there are {size:,} bytes of it.", cure, "keep"
    )


def unfinished(line: int) -> Finding:
    """Return the finding for a last line that only lacks its newline."""
    cure = "`--repair` adds the newline; so does the next message."
    return Finding("torn tail", line, f"Line {line}, the last, is whole but for its newline.", cure, "finish")


def unreadable(line: int, reason: str) -> Finding:
    """Return the finding for a line that is no entry."""
    cure = "Readers skip it; `--repair` puts a `repair` entry in its place, which keeps what stands there."
    return Finding("bad line", line, f"Line {line} cannot be read: {reason}.", cure, "keep")


def empty(line: int) -> Finding:
    """Return the finding for a line with nothing on it."""
    cure = "Readers skip it; `--repair` leaves it out."
    return Finding("bad line", line, f"Line {line} is empty.", cure, "drop")


def marked() -> Finding:
    """Return the finding for a byte order mark, which an editor on Windows may have left."""
    cure = "Our readers skip it, others may not; `--repair` leaves it out."
    return Finding("bad line", 1, "The file begins with a byte order mark, which JSON does not have.", cure, "finish")


def copied(line: int, first: int) -> Finding:
    """Return the finding for a line that stands in the file already."""
    cure = "Readers skip it; `--repair` leaves it out."
    return Finding("doubled id", line, f"Line {line} is line {first} once more.", cure, "drop")


def contradicting(line: int, first: int) -> Finding:
    """Return the finding for another line with an id that is taken."""
    cure = "Readers skip it; `--repair` puts a `repair` entry in its place, which keeps what stands there."
    return Finding("doubled id", line, f"Line {line} has the id of line {first} and says something else.", cure, "keep")
