"""Which of our files are plain: every line of them is as we write it, so that DuckDB reads what our own reader reads.

What a hand, a crash or a copy has made odd (a torn line, an id twice, a number where a text belongs) is left to the
rows in Python, which know what to do about each of it. So the SQL can be short and its types fixed, and the two ways
to a table cannot differ. A file is looked at once: what was found holds as long as it has the same inode, size and time
of change, and is remembered in this process, and for folders of ours in ``.cache``.
"""

from __future__ import annotations

import mmap
import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

import msgspec

from ipy_sessions.counting import said, text_or_none
from ipy_sessions.encoding import INTEGER_LIMIT, decode
from ipy_sessions.entries import Header
from ipy_sessions.readers.transcript import when
from ipy_sessions.store.folder import NAME
from ipy_sessions.store.whole import make_private, write_whole
from ipy_sessions.watching import Progress, each, untold

CACHE = ".cache"
REMEMBERED = "plain-1"
PIECE = 4 * 1024 * 1024  # bytes that are decoded at a time

Count = Annotated[int, msgspec.Meta(gt=-INTEGER_LIMIT, le=INTEGER_LIMIT - 1)]


class _Kept(msgspec.Struct, gc=False):
    bytes: Count | None = None
    sha256: str | None = None


class _Blobs(msgspec.Struct, gc=False):
    data: _Kept | None = None


class _Source(msgspec.Struct, gc=False):
    type: str | None = None
    media_type: str | None = None
    url: str | None = None
    data: str | None = None
    blobs: _Blobs | None = None


class _Block(msgspec.Struct, gc=False):
    type: str | None = None
    text: str | None = None
    thinking: str | None = None
    id: str | None = None
    name: str | None = None
    tool_use_id: str | None = None
    is_error: bool | None = None
    title: str | None = None
    source: _Source | None = None
    content: list[_Block] | str | None = None


class _Usage(msgspec.Struct, gc=False):
    input_tokens: Count | None = None
    output_tokens: Count | None = None
    cache_read_input_tokens: Count | None = None
    cache_creation_input_tokens: Count | None = None


class _Line(msgspec.Struct, gc=False):
    """A line as we write it: of each field that a table shows the type that its column has."""

    type: str
    seq: Count
    id: str
    session: str
    ts: str
    parent_id: str | None = None
    role: str | None = None
    content: list[_Block] | None = None
    model: str | None = None
    stop_reason: str | None = None
    end: str | None = None
    usage: _Usage | None = None
    cost_usd: float | None = None
    latency_ms: Count | None = None
    cell_id: str | None = None
    execution_count: Count | None = None
    carried_from: str | None = None
    kind: str | None = None


_line = msgspec.json.Decoder(_Line)


class Facts(msgspec.Struct, frozen=True, array_like=True):
    """What is known of a file of ours.

    Parameters
    ----------
    inode, size, changed
        With these the facts hold; the time of its change is in nanoseconds.
    plain
        Whether DuckDB may read it.
    notebook
        The notebook that the session belongs to.
    writers
        Ids of other sessions that have written lines of it, as in a fork.
    longest
        Bytes of its longest line, or of all of it.
    """

    inode: int
    size: int
    changed: int
    plain: bool = False
    notebook: str | None = None
    writers: tuple[str, ...] = ()
    longest: int = 0


_remembered: dict[str, Facts] = {}
_folder = msgspec.msgpack.Decoder(dict[str, Facts]).decode


def facts_of(paths: Sequence[str], *, notes: bool = True, progress: Progress = untold) -> dict[str, Facts]:
    """Return what is known of some files of ours, by their paths; those that were not looked at are looked at now.

    Parameters
    ----------
    paths
        The files.
    notes
        Whether what was found is written down in their folders for the next time.
    progress
        Told how many of how many were looked at.
    """
    found: dict[str, Facts] = {}
    learned: set[Path] = set()
    for folder in {os.path.dirname(path) for path in paths}:  # noqa: PTH120 - of ten thousand files
        _recall(folder)
    for path in each(paths, progress):
        if not _is_text(path):
            found[path] = Facts(0, 0, 0)
            continue
        known = _remembered.get(path)
        status = _status(path)
        if known is None or status != (known.inode, known.size, known.changed):
            known = _remembered[path] = examine(path, status)
            learned.add(Path(path).parent)
        found[path] = known
    for home in learned if notes else ():
        _keep(home)
    return found


def _is_text(path: str) -> bool:
    """Tell whether a path can be said to DuckDB, and written down: the disk allows names that are no UTF-8."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


def is_ours(folder: Path) -> bool:
    """Tell whether something may be kept in a folder: a ``.sessions`` folder, and not through a link."""
    return folder.name == NAME and not folder.is_symlink() and os.access(folder, os.W_OK)


def _recall(named: str) -> None:
    folder = Path(named)
    if not is_ours(folder):
        return
    with suppress(OSError, msgspec.MsgspecError, ValueError, RecursionError):
        for name, facts in _folder((folder / CACHE / REMEMBERED).read_bytes()).items():
            _remembered.setdefault(f"{named}/{name}", facts)


def _keep(folder: Path) -> None:
    """Write down what is known of a folder's files, those that are gone left out."""
    if not is_ours(folder):
        return
    known = {path: facts for path, facts in _remembered.items() if Path(path).parent == folder}
    here = {Path(path).name: facts for path, facts in known.items() if Path(path).exists()}
    with suppress(OSError):
        make_private(folder / CACHE)
        write_whole(folder / CACHE / REMEMBERED, [msgspec.msgpack.encode(here)], sync=False)


def _status(path: str) -> tuple[int, int, int]:
    try:
        status = os.stat(path)  # noqa: PTH116 - ten thousand of them
    except OSError:
        return 0, 0, 0
    return status.st_ino, status.st_size, status.st_mtime_ns


def examine(path: str, status: tuple[int, int, int]) -> Facts:
    """Look at every line of a file of ours; one that cannot be read is not plain."""
    look = _Look()
    try:
        with Path(path).open("rb") as file, mmap.mmap(file.fileno(), status[1], access=mmap.ACCESS_READ) as data:
            if data[-1:] != b"\n":
                return Facts(*status)
            for begin, end in _pieces(data):
                look.at(data[begin:end])
    except (ValueError, OSError, RecursionError):  # msgspec's and Unicode's errors are such
        return Facts(*status)
    return Facts(*status, True, text_or_none(look.notebook), tuple(sorted(look.writers)), look.longest)


def _pieces(data: mmap.mmap) -> Iterator[tuple[int, int]]:
    """Yield where whole lines begin and end."""
    begin, size = 0, len(data)
    while begin < size:
        end = data.rfind(b"\n", begin, begin + PIECE) + 1 or data.find(b"\n", begin + PIECE) + 1 or size
        yield begin, end
        begin = end


class _Look:
    """What was seen of a file so far.

    Raises
    ------
    ValueError
        By `at`, when something is not as we write it.
    """

    def __init__(self) -> None:
        self.notebook: Any = None
        self.writers: set[str] = set()
        self.longest = 0
        self._session: str | None = None
        self._last = 0
        self._ids: set[str] = set()

    def at(self, piece: bytes) -> None:
        """Look at some whole lines."""
        piece.decode()  # also where nothing is decoded below
        self.longest = max(self.longest, len(piece))
        if self._session is None:
            header, _, piece = piece.partition(b"\n")
            self._begin(header)
        lines = _line.decode_lines(piece)
        for line in lines:
            if line.seq <= self._last or when(line.ts) != line.ts or not line.id:
                raise ValueError("a line that is out of order, or has no time or id")
            self._last = line.seq
        ids = {line.id for line in lines}
        if len(ids) < len(lines) or not ids.isdisjoint(self._ids):
            raise ValueError("an id that is there twice")
        self._ids |= ids
        self.writers |= {line.session for line in lines} - {self._session}
        if any(line.type in ("info", "session") for line in lines):
            self._told(piece)

    def _begin(self, line: bytes) -> None:
        header = decode(line)
        if not isinstance(header, Header) or "source" in header.fields:  # another agent's may be read beside it
            raise ValueError("no header, or an imported session")
        self._session, self.notebook = header.id, header.fields.get("notebook")

    def _told(self, piece: bytes) -> None:
        for written in piece.split(b"\n"):
            if b'"info"' in written or b'"session"' in written[:40]:
                entry = decode(written)
                if isinstance(entry, Header):
                    raise ValueError("a second header")
                if entry.type == "info":
                    self.notebook = said(entry.fields).get("notebook", self.notebook)
