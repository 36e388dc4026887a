"""Sessions on their way to the picker: the same fact of all of them in one list, since that becomes small.

It owns what of a session leaves the kernel, and in which form; `picker_rows.js` reads it. Ids stay here but for their
ends: the page means a session by its number, which the picker remembers. Nothing is counted that needs whole files.

Pure.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from ipy_sessions.summary import SessionInfo

PINNED, ARCHIVED, INTERRUPTED, UNWRITTEN, CURRENT, NAMED = (1 << bit for bit in range(6))
"""What is known of a session, each a bit."""

LONGEST_TITLE = 200  # characters
LONGEST_BEGINNING = 160  # characters of the first message, those that stand for a name counted
ENOUGH = 900_000  # characters of all beginnings together; of more sessions each is shorter


class Listed(NamedTuple):
    """A session as the picker lists it.

    Parameters
    ----------
    number
        What the page calls it.
    info
        Its row.
    current
        Whether it is the one in use here.
    owner
        Who has it open elsewhere; empty for nobody.
    answering
        Whether an answer is coming into it here.
    """

    number: int
    info: SessionInfo
    current: bool = False
    owner: str = ""
    answering: bool = False

    @property
    def flags(self) -> int:
        """What is known of it, as bits.

        Whoever has it open may be waiting for an answer: nobody can tell that from one that was broken off.
        """
        info = self.info
        return sum(
            bit
            for bit, holds in (
                (PINNED, info.pinned),
                (ARCHIVED, info.archived),
                (INTERRUPTED, info.interrupted and not (self.owner or self.answering)),
                (UNWRITTEN, not info.size),
                (CURRENT, self.current),
                (NAMED, info.name is not None),
            )
            if holds
        )


def columns(listed: Sequence[Listed]) -> dict[str, Any]:
    """Return some sessions as columns.

    Numbers and times are differences from the row before, which in the order of a list are small. What repeats,
    `notebook`, `model` and `tags`, is a place in a table of its own.
    """
    infos = [one.info for one in listed]
    most = min(LONGEST_BEGINNING, ENOUGH // max(len(infos), 1))
    modified = [int(info.modified.timestamp()) for info in infos]
    notebooks, notebook = _table(info.notebook or "" for info in infos)
    models, model = _table(info.model or "" for info in infos)
    tags, tag = _table(info.tags for info in infos)
    return {
        "number": _steps([one.number for one in listed]),
        "title": [info.title[:LONGEST_TITLE] for info in infos],
        "more": [_beginning(info, most) for info in infos],
        "tail": [info.tail for info in infos],
        "modified": _steps(modified),
        "age": [last - int(info.created.timestamp()) for info, last in zip(infos, modified, strict=True)],
        "flags": [one.flags for one in listed],
        "notebooks": notebooks,
        "notebook": notebook,
        "models": models,
        "model": model,
        "tags": tags,
        "tag": tag,
        "owners": {str(place): one.owner for place, one in enumerate(listed) if one.owner},
    }


def packed(value: object) -> bytes:
    """Return any JSON as bytes for a browser's ``DecompressionStream``."""
    return gzip.compress(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace"), 6)


def _beginning(info: SessionInfo, most: int) -> str:
    """Return the beginning of the first message, without what stands in the title already."""
    text = " ".join(info.first_message.split())[:most]
    return text.removeprefix(info.title) if info.name is None else text


def _steps(numbers: Sequence[int]) -> list[int]:
    return [after - before for before, after in pairwise([0, *numbers])]


def _table(values: Iterable[Any]) -> tuple[list[Any], list[int]]:
    """Return each value once, and for every row its place among them."""
    places: dict[Any, int] = {}
    column = [places.setdefault(value, len(places)) for value in values]
    return list(places), column
