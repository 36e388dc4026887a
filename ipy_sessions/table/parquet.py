"""What was read of a folder's closed sessions, kept as Parquet in its ``.cache``. It is never the truth.

A folder has one pack: a Parquet file for each relation of `views`, and a list of the files whose rows they hold, each
with its inode, size and time of change. A file that has changed since is read from its JSONL; so is everything, where
the pack is missing, damaged, or not wholly there. It is written only in folders of ours and only when somebody asks,
never for a session that a kernel has open, and each new pack takes the place of the one before and deletes it. Whoever
deletes it loses nothing.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeAlias

import msgspec

from ipy_sessions.store.whole import make_private, write_whole
from ipy_sessions.table import views
from ipy_sessions.table.plain import CACHE, Facts, is_ours

LIST = "pack-1"
Key: TypeAlias = tuple[int, int, int]


class Pack(msgspec.Struct, frozen=True, array_like=True):
    """What is kept of a folder.

    Parameters
    ----------
    stem
        How the names of its Parquet files begin.
    sizes
        Their sizes in bytes, in the order of the relations.
    files
        The files whose rows they hold, by name: inode, size and time of change.
    """

    stem: str
    sizes: tuple[int, ...]
    files: dict[str, Key]


_decode = msgspec.msgpack.Decoder(Pack).decode


def path_of(folder: Path, stem: str, relation: str) -> Path:
    """Return the Parquet file of a relation."""
    return folder / CACHE / f"{stem}-{relation}.parquet"


def attached(sources: Sequence[views.Source], facts: Mapping[str, Facts]) -> list[views.Source]:
    """Return the sources, of which those whose rows are kept say where."""
    folders = {os.path.dirname(one.path) for one in sources}  # noqa: PTH120 - of ten thousand files
    packs = {folder: _find(Path(folder)) for folder in folders}
    found = []
    for one in sources:
        folder, name = os.path.split(one.path)
        pack, known = packs[folder], facts[one.path]
        is_kept = pack is not None and pack.files.get(name) == (known.inode, known.size, known.changed)
        found.append(one._replace(pack=f"{folder}/{CACHE}/{pack.stem}") if pack and is_kept else one)
    return found


def _find(folder: Path) -> Pack | None:
    """Return a folder's pack; ``None`` where there is none that is whole."""
    try:
        pack = _decode((folder / CACHE / LIST).read_bytes())
        sizes = tuple(path_of(folder, pack.stem, name).stat().st_size for name in views.ROWS)
    except (OSError, msgspec.MsgspecError, ValueError, RecursionError):
        return None
    return pack if sizes == pack.sizes else None


def forget(sources: Sequence[views.Source]) -> None:
    """Delete the packs that some sources are kept in, which have turned out to be damaged."""
    for folder in {Path(one.path).parent for one in sources if one.pack}:
        with suppress(OSError):
            (folder / CACHE / LIST).unlink()


def keep(sources: Sequence[views.Source], facts: Mapping[str, Facts]) -> None:
    """Write packs of those folders of ours in which something is not kept yet; where that fails, nothing is lost."""
    for folder in {Path(one.path).parent for one in sources if not one.pack}:
        closed = [one for one in sources if Path(one.path).parent == folder and _is_closed(folder, one)]
        if is_ours(folder) and not all(one.pack for one in closed):
            with suppress(OSError):
                make_private(folder / CACHE)
                _renew(folder, closed, facts)


def _renew(folder: Path, closed: Sequence[views.Source], facts: Mapping[str, Facts]) -> None:
    import duckdb

    try:
        _write(folder, closed, facts)
    except duckdb.Error:  # the pack before was damaged, or the disk is full
        with suppress(duckdb.Error):
            _write(folder, [one._replace(pack="") for one in closed], facts)


def _is_closed(folder: Path, one: views.Source) -> bool:
    return not (folder / CACHE / f"{Path(one.path).name}.owner").exists()


def _write(folder: Path, some: Sequence[views.Source], facts: Mapping[str, Facts]) -> None:
    from ipy_sessions.table.quick import connect

    stem = f"pack-{secrets.token_hex(6)}"
    new = [path_of(folder, stem, name) for name in views.ROWS]
    try:
        with connect() as connection:
            views.define(connection, some, [])
            for name, path in zip(views.ROWS, new, strict=True):
                connection.execute(
                    f"COPY (FROM ipy.{name}) TO {views.quoted(str(path))} (FORMAT parquet, COMPRESSION zstd)"
                )
                path.chmod(0o600)
        keys = {name: (one.inode, one.size, one.changed) for name, one in _named(some, facts).items()}
        pack = Pack(stem, tuple(path.stat().st_size for path in new), keys)
        write_whole(folder / CACHE / LIST, [msgspec.msgpack.encode(pack)], sync=False)
    except BaseException:
        for path in new:
            path.unlink(missing_ok=True)
        raise
    for path in (folder / CACHE).glob("pack-*.parquet"):
        if path not in new:
            path.unlink(missing_ok=True)


def _named(some: Sequence[views.Source], facts: Mapping[str, Facts]) -> Mapping[str, Facts]:
    return {Path(one.path).name: facts[one.path] for one in some}
