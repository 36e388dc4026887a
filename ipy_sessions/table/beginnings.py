"""What the first bytes of a file tell of it, before anybody reads the whole: whose it is, and what it has in common.

It owns how files are looked at wherever they are, through fsspec, many at a time. Files that hold the same
conversation, or whose conversations were copied from one another, begin alike: they name the same session, or their
first entries are the same. What is made of that is `division`'s business.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from ipy_sessions.errors import NotASessionError
from ipy_sessions.readers.file import File
from ipy_sessions.readers.own import NAME
from ipy_sessions.readers.registry import read
from ipy_sessions.readers.transcript import Transcript
from ipy_sessions.table.corpus import FIRST, Own, Skipped

AT_ONCE = 256  # files that are looked at together: storage far away answers many as fast as one
MORE = (16 * FIRST, 256 * FIRST)  # bytes that are read of a file whose first lines are long
ENTRIES = 16  # of a conversation, that tell what it has in common with another


class Beginning(NamedTuple):
    """What is known of a file by its first bytes.

    Parameters
    ----------
    path
        Where it is, on every machine.
    size
        Bytes.
    session
        Id of the session, of a file of ours; of another agent's empty.
    format
        Who has written it; of a session of ours that was imported, who has written that.
    keys
        Ids that it has in common with what it was copied from, with other copies of that, and with its own copies:
        of sessions and of entries.
    notebook
        What a header of ours says of the notebook; its entries may tell another.
    """

    path: str
    size: int
    session: str
    format: str
    keys: frozenset[str]
    notebook: object = None

    @property
    def own(self) -> Own:
        """The file, as one of ours."""
        return Own(self.path, self.session, self.size)


class _Place(NamedTuple):
    """A file where it is: its storage, what it is called there, and how large it is, or why that is not known."""

    path: str
    system: Any
    name: str
    size: int | Exception | None


def look(paths: Iterable[str]) -> Iterator[Beginning | Skipped]:
    """Yield what the first bytes of each file tell, or why it cannot be read."""
    waiting = iter(dict.fromkeys(path if "://" in path else str(Path(path).absolute()) for path in paths))
    while some := list(islice(waiting, AT_ONCE)):
        places = [_place(path) for path in some]
        heads = _heads(places)
        for place in places:
            try:
                yield _told(place, _bytes(heads[place.path]))
            except OSError as error:
                yield Skipped(place.path, f"{place.path} cannot be read: {error}")


def _place(path: str) -> _Place:
    from fsspec.core import url_to_fs

    system, name = url_to_fs(path)
    try:
        return _Place(path, system, name, system.size(name))
    except OSError as error:
        return _Place(path, system, name, error)


def _heads(places: Sequence[_Place]) -> dict[str, bytes | Exception]:
    """Return the first bytes of each file; no more is asked for than there is, which some storage refuses."""
    heads = {place.path: place.size if isinstance(place.size, Exception) else b"" for place in places}
    for system in dict.fromkeys(place.system for place in places):
        its = [place for place in places if place.system is system and not isinstance(heads[place.path], Exception)]
        its = [place for place in its if place.size != 0]
        ends = [_end(place, FIRST) for place in its]
        read = system.cat_ranges([place.name for place in its], [0] * len(its), ends, on_error="return")
        heads |= zip((place.path for place in its), read, strict=True)
    return heads


def _end(place: _Place, wanted: int) -> int:
    return min(wanted, place.size) if isinstance(place.size, int) else wanted


def _bytes(head: bytes | Exception) -> bytes:
    if isinstance(head, Exception):
        raise OSError(str(head)) from head
    return head


def _told(place: _Place, head: bytes) -> Beginning | Skipped:
    """Return what the first bytes tell; more of them are read where no entry ends within them."""
    path, size = place.path, place.size if isinstance(place.size, int) else len(head)
    reason = f"{path} holds no conversation."
    found: list[Transcript] = []
    for more in (*MORE, 0):
        is_whole = len(head) >= size
        try:
            found = list(read(File(path, head if is_whole else head[: head.rfind(b"\n") + 1])))
        except NotASessionError as error:
            reason = str(error)
        if is_whole or not more or any(transcript.entries for transcript in found):
            break
        head = place.system.cat_file(place.name, start=0, end=_end(place, more))
    return _beginning(path, size, found) if found else Skipped(path, reason)


def _beginning(path: str, size: int, found: Sequence[Transcript]) -> Beginning:
    first = found[0]
    is_own = first.format == NAME
    source = first.header.fields.get("source")
    format_ = source.get("format") if is_own and isinstance(source, dict) else first.format
    keys = {key for transcript in found for key in _keys(transcript) if key}
    notebook = first.header.fields.get("notebook")
    return Beginning(path, size, first.id if is_own else "", str(format_), frozenset(keys or [path]), notebook)


def _keys(transcript: Transcript) -> Iterator[str]:
    yield transcript.id
    for entry in transcript.entries[:ENTRIES]:
        yield entry.id
        yield entry.session
