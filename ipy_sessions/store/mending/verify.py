"""What is wrong with one session's file, each finding with its cure; and a mended copy of it.

It owns the two questions that `%session verify` asks: what is wrong, and what would the file be if all that can be
mended were. It refuses to change a session: `examine` only reads, and `repaired` writes another file. Whoever puts that
in the place of the first one has to be its only writer.

What cannot be seen: lines that were cut off whole at the end of a file leave a shorter file, with nothing wrong in it.
"""

from __future__ import annotations

import base64
import os
from codecs import BOM_UTF8
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from ipy_sessions.encoding import INTEGER_LIMIT, encode
from ipy_sessions.entries import VERSION, Entry
from ipy_sessions.errors import LogLostError, SessionReadOnlyError
from ipy_sessions.findings import Finding
from ipy_sessions.identifiers import Source, timestamp
from ipy_sessions.store.mending.checks import check
from ipy_sessions.store.mending.scan import Scan, scan

__all__ = ["Finding", "examine", "repaired"]

SHOWN = 12  # characters of a hash that tell one blob from another


def examine(path: Path, *, blob_exists: Callable[[str], bool], notebook_exists: Callable[[str], bool]) -> list[Finding]:
    """Return what is wrong with a session's file, in the order of its lines; of a newer version, only that it is.

    While somebody writes to the file, the line being written may look torn.

    Parameters
    ----------
    path
        The file. It is not changed.
    blob_exists
        Tells whether a blob is there, by its SHA-256 in 64 hexadecimal digits; asked once for each.
    notebook_exists
        Tells whether a notebook is there, as the log names it: relative to the folder that holds the session folder.

    Raises
    ------
    NotASessionError
        When it does not begin with a session's header.
    OSError
        When it cannot be read at all.
    """
    found = scan(path)
    if found.is_newer:
        return [_newer(found)]
    between = check(found.steps, found.header)
    outside = [*_blobs(found, blob_exists), *_notebook(found, notebook_exists)]
    return sorted([*found.findings, *between, *outside], key=lambda finding: finding.line or 0)


def _newer(found: Scan) -> Finding:
    text = f"It is of version {found.header.version} of the format, and version {VERSION} is known here."
    cure = "Type `%pip install --upgrade ipy_sessions`; until then the session can be read and not be written."
    return Finding("newer version", 1, text, cure)


def _blobs(found: Scan, exists: Callable[[str], bool]) -> Iterator[Finding]:
    there: dict[str, bool] = {}
    for step in found.steps:
        for sha256 in step.blobs:
            if sha256 not in there:
                there[sha256] = exists(sha256)
            if not there[sha256]:
                text = f"Line {step.line} refers to the blob {sha256[:SHOWN]}…, which is not there."
                cure = f"Put a file that begins with {sha256[:SHOWN]} back into `blobs/`, if a backup has it."
                yield Finding("missing blob", step.line, text, cure)


def _notebook(found: Scan, exists: Callable[[str], bool]) -> Iterator[Finding]:
    notebook, line = found.notebook
    if isinstance(notebook, str) and notebook and not exists(notebook):
        text = f"The notebook {notebook!r:.200} is not where line {line} says."
        cure = "If it was moved, ask something in this session from its new place: the session notes that."
        yield Finding("moved notebook", line, text, cure)


def repaired(path: Path, target: Path, findings: Sequence[Finding], source: Source) -> int:
    """Write a mended copy of a session's file; return how many lines were changed or left out.

    Lines that can be read are copied byte for byte, in their order. In the place of a line that cannot, and of a second
    line with an id that says something else, stands a ``repair`` entry that keeps it. Numbers are never changed; a
    ``repair`` entry has the number that is missing in its place, or 0, which does not count.

    The copy is created here, readable by its owner alone, and on the disk when this returns; when it cannot be written
    whole, nothing of it is left. To put it in the place of `path` is the caller's business: by a rename, so `target` is
    best in the same folder, and as the only writer of the session from `examine` to that rename.

    Parameters
    ----------
    path
        The file. It is not changed.
    target
        Where the copy goes; nothing may be there.
    findings
        What `examine` has found in it.
    source
        Ids and the clock.

    Raises
    ------
    SessionReadOnlyError
        When a newer version has written it.
    LogLostError
        When it was changed after it was examined.
    NotASessionError, OSError
        When it cannot be read, or the copy not be written; `FileExistsError` when there is something at `target`.
    """
    found = scan(path)
    if found.is_newer:
        raise SessionReadOnlyError(f"{path} cannot be mended here. {_newer(found).text}")
    wanted = {finding for finding in findings if finding.repair}
    if wanted != set(found.findings):
        raise LogLostError(f"{path} was changed after it was examined. Type `%session verify` again.")
    with path.open("rb") as file:
        _write_new(target, _mended(file, found, source))
    return len({finding.line for finding in wanted})


def _mended(lines: Iterator[bytes], found: Scan, source: Source) -> Iterator[bytes]:
    """Yield the lines of the copy."""
    todo = {finding.line: finding for finding in found.findings}
    numbers = {step.line: step.seq for step in found.steps if step.numbered}
    taken = set(numbers.values())
    last = 0
    for line, raw in enumerate(lines, start=1):
        body = raw.removesuffix(b"\n")
        last = numbers.get(line, last)
        repair = todo[line].repair if line in todo else None
        if line == 1:
            yield body.removeprefix(BOM_UTF8) + b"\n"
        elif repair == "keep":
            free = last + 1 not in taken and 0 < last + 1 < INTEGER_LIMIT
            last = last + 1 if free else last
            taken.add(last)
            fields = _kept(body, todo[line])
            stamp = timestamp(source.now())
            yield encode(Entry("repair", last if free else 0, source.new_id(), None, found.header.id, stamp, fields))
        elif repair != "drop":
            yield body + b"\n"


def _kept(fragment: bytes, finding: Finding) -> dict[str, Any]:
    """Return the fields of the entry that keeps a line."""
    reason = "the last line was not whole" if finding.kind == "torn tail" else finding.text
    try:
        kept = {"fragment": fragment.decode(), "encoding": "utf-8"}
    except UnicodeDecodeError:
        kept = {"fragment": base64.b64encode(fragment).decode(), "encoding": "base64"}
    return {"reason": reason, "bytes": len(fragment), **kept}


def _write_new(target: Path, lines: Iterator[bytes]) -> None:
    fd = os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
    try:
        with open(fd, "wb") as file:  # noqa: PTH123 - a descriptor has no path
            file.writelines(lines)
            file.flush()
            os.fsync(fd)
    except BaseException:
        target.unlink(missing_ok=True)
        raise
