"""How files are divided among workers: what is read together, what may be split, and how much is enough for one.

Pure. What a table's rows need decides it:

- ``messages``, ``blocks`` and ``attachments`` need a line and its session's name: a large file of ours is split at
  line breaks.
- ``turns``, ``branches`` and ``cells`` need the tree of a session, which is never split.
- ``sessions``, ``tools`` and ``usage`` count once what forks and imports have copied, and join a call with its result:
  files that have copied from one another, or from the same, are read together by one worker.

Another agent's file is never split, since only its reader knows what its lines mean to one another; and such files that
have something in common are always read together, as two of them may hold the same conversation.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, pairwise
from typing import NamedTuple

from ipy_sessions.table.beginnings import Beginning
from ipy_sessions.table.corpus import Own
from ipy_sessions.table.part import ALL

BY_LINES = frozenset({"messages", "blocks", "attachments"})
COUNTED_ONCE = frozenset({"sessions", "tools", "usage"})

WHOLE_ONLY = ("http://", "https://")
"""Where a file is not split: a server need not know how to send the middle of it."""


class Stretch(NamedTuple):
    """The lines of a file of ours that begin in some of its bytes.

    Parameters
    ----------
    file
        The file.
    offset, size
        The bytes. The first of them may stand within a line, which belongs to the stretch before.
    notebook
        The notebook of the session, which may be told in another stretch.
    """

    file: Own
    offset: int
    size: int
    notebook: str | None = None


class Share(NamedTuple):
    """What one worker reads for one partition.

    Parameters
    ----------
    size
        Bytes.
    own, others
        Our own files, and others, which are read whole.
    sessions
        Ids of the sessions of ours that those files may have copied from, or be copies of.
    stretches
        Parts of large files of ours.
    branch
        What is shown of each conversation.
    """

    size: int = 0
    own: tuple[Own, ...] = ()
    others: tuple[str, ...] = ()
    sessions: tuple[str, ...] = ()
    stretches: tuple[Stretch, ...] = ()
    branch: str | int = ALL


def divide(
    table: str,
    files: Sequence[Beginning],
    limit: int,
    *,
    branch: str | int = ALL,
    stretches: Mapping[Own, Sequence[Stretch]] | None = None,
) -> list[Share]:
    """Return the shares of a table: one at least, and of about `limit` bytes, but for what must be read together.

    Parameters
    ----------
    table
        Its name.
    files
        The files, each session of ours once.
    limit
        Bytes that a share has at most.
    branch
        What is shown of each conversation.
    stretches
        The files of ours that can be split, and into what.
    """
    split = (stretches or {}) if table in BY_LINES else {}
    shares: list[Share] = []
    for family in families(files, imported(files)):
        if table in COUNTED_ONCE:
            shares.append(family)
            continue
        for own in family.own:
            shares += [Share(one.size, stretches=(one,)) for one in split.get(own, ())] or [Share(own.size, (own,))]
        if family.others:
            size = family.size - sum(own.size for own in family.own)
            shares.append(family._replace(size=size, own=()))
    return [_merged(some, branch) for some in _packed(shares, limit)] or [Share(branch=branch)]


def stretches_of(files: Iterable[Beginning], limit: int) -> dict[Own, list[Stretch]]:
    """Return the files of ours that are larger than `limit` bytes, and equal parts of each that are not."""
    return {
        file.own: list(_stretches(file.own, limit))
        for file in files
        if file.session and file.size > limit and not file.path.startswith(WHOLE_ONLY)
    }


def _stretches(file: Own, limit: int) -> Iterator[Stretch]:
    count = -(-file.size // limit)
    bounds = [file.size * number // count for number in range(count + 1)]
    for begin, end in pairwise(bounds):
        yield Stretch(file, begin, end - begin)


def imported(files: Iterable[Beginning]) -> dict[str, list[str]]:
    """Return the sessions of ours that another agent has written, by its format."""
    found: dict[str, list[str]] = {}
    for file in files:
        if file.session:
            found.setdefault(file.format, []).append(file.session)
    return found


def families(files: Sequence[Beginning], imports: Mapping[str, Sequence[str]]) -> list[Share]:
    """Return files that have an id in common, directly or through others, as one share each, in their order."""
    kin = _Kin()
    for file in files:
        kin.join(file.keys)
    grouped: dict[str, list[Beginning]] = {}
    for file in files:
        grouped.setdefault(kin.head(min(file.keys)), []).append(file)
    return [_family(members, imports) for members in grouped.values()]


def _family(members: Sequence[Beginning], imports: Mapping[str, Sequence[str]]) -> Share:
    own = tuple(file.own for file in members if file.session)
    others = [file for file in members if not file.session]
    known = {file.session for file in own}.union(*(imports.get(file.format, ()) for file in others))
    size = sum(file.size for file in members)
    return Share(size, own, tuple(file.path for file in others), tuple(sorted(known)))


class _Kin:
    """Ids that belong together."""

    def __init__(self) -> None:
        self._next: dict[str, str] = {}

    def head(self, key: str) -> str:
        """Return the one that stands for all that belong together with an id."""
        while (above := self._next.setdefault(key, key)) != key:
            self._next[key] = key = self._next[above]
        return key

    def join(self, keys: Iterable[str]) -> None:
        """Let some ids belong together."""
        first, *rest = map(self.head, sorted(keys))
        for key in rest:
            self._next[self.head(key)] = self.head(first)


def _packed(shares: Iterable[Share], limit: int) -> Iterator[list[Share]]:
    """Yield as many shares at a time as fit into `limit` bytes."""
    some: list[Share] = []
    size = 0
    for share in shares:
        if some and size + share.size > limit:
            yield some
            some, size = [], 0
        some.append(share)
        size += share.size
    if some:
        yield some


def _merged(shares: Sequence[Share], branch: str | int) -> Share:
    return Share(
        sum(share.size for share in shares),
        tuple(chain.from_iterable(share.own for share in shares)),
        tuple(chain.from_iterable(share.others for share in shares)),
        tuple(sorted({session for share in shares for session in share.sessions})),
        tuple(chain.from_iterable(share.stretches for share in shares)),
        branch,
    )
