"""The ``.gitignore`` of a session folder: which of its files a repository may have.

`folder` begins it with ``*``, so that nothing is committed by accident. What is shared gets a line of its own behind
that, so that other sessions, and payloads that only those refer to, stay where they are. Lines are added and never
taken away: that is the user's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from ipy_sessions.errors import FolderError
from ipy_sessions.store.whole import write_whole

NAME = ".gitignore"
DISPOSABLE = ("/.index", "/.cache/", "/.trash/", "*.new")
"""What is hidden where the user has deleted the file, and with it the ``*`` that hides everything."""

GIT_TIMEOUT = 5.0  # seconds


def uncover(folder: Path, files: Iterable[Path], *, check: bool = False) -> list[str]:
    """Let a repository have some files of a folder; return the lines that were added, or with `check` would be.

    Raises
    ------
    FolderError
        When the file cannot be read or written.
    """
    path = folder / NAME
    try:
        before = path.read_bytes().decode() if path.exists() else None
        after, added = with_lines(before, [file.relative_to(folder).as_posix() for file in files])
        if added and not check:
            write_whole(path, [after.encode()])
    except (OSError, UnicodeError) as error:
        why = getattr(error, "strerror", None) or error
        raise FolderError(f"{path} could not be changed: {why}. Mend or delete it, then share again.") from error
    return added


def with_lines(text: str | None, names: Sequence[str]) -> tuple[str, list[str]]:
    """Return a ``.gitignore`` that hides none of some files, and the lines that it got; ``None`` stands for no file."""
    lines = list(DISPOSABLE) if text is None else text.removesuffix("\n").split("\n")  # as git splits it
    known = {line.removesuffix("\r") for line in lines}
    folders = {name.rpartition("/")[0]: None for name in names if "/" in name}
    wanted = [NAME, *(f"{folder}/" for folder in folders), *names]
    added = [line for line in dict.fromkeys(f"!/{_literal(name)}" for name in wanted) if line not in known]
    return "".join(f"{line}\n" for line in [*lines, *added]), added


def _literal(name: str) -> str:
    """Return a name as a pattern that matches it alone; a line break, which no line can hold, becomes any character."""
    return re.sub(r"([\\*?\[\] ])", r"\\\1", name).replace("\n", "?").replace("\r", "?")


def hiding(folder: Path, files: Sequence[Path]) -> list[str]:
    """Return the rules by which git ignores some files all the same; none where there is no git or no repository."""
    import subprocess

    asked = "".join(f"./{file.relative_to(folder).as_posix()}\0" for file in files)  # or a colon would mean something
    try:
        answer = subprocess.run(
            ["git", "check-ignore", "--verbose", "-z", "--stdin"],  # noqa: S607 - the user's own git
            cwd=folder, input=asked, capture_output=True, encoding="utf-8",
            errors="surrogateescape", timeout=GIT_TIMEOUT, check=False,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return []
    fields = answer.stdout.split("\0")
    rules = zip(fields[0::4], fields[1::4], fields[2::4], strict=False)  # and the file that each is about
    found = [f"`{pattern}` in line {line} of {source}" for source, line, pattern in rules if pattern[:1] != "!"]
    return list(dict.fromkeys(found))
