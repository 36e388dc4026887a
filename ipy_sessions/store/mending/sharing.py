"""What a session's file tells of the machine that it was written on, before it goes to others.

Pure but for the payloads that it reads. It owns what is taken out (absolute paths and names of hosts, in the header and
in what a session says about itself, where nothing needs them) and what is only pointed at: in what was said, a path may
be the very subject. Which texts are secrets is the mask's business, which files a repository has `gitignore`'s.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path, PurePath, PurePosixPath, PureWindowsPath
from typing import Any, NamedTuple

from ipy_sessions.encoding import encode
from ipy_sessions.entries import Entry, Header
from ipy_sessions.identifiers import Source
from ipy_sessions.store.blobs import Blobs, MemoryBlobs, put_back
from ipy_sessions.store.mending.redaction import Masked, redacted
from ipy_sessions.store.reading import Contents
from ipy_sessions.tree import Tree
from ipy_sessions.turns import Turns

ABSOLUTE = re.compile(r"(?:file://)?(?:/|~[\w.-]*(?:/|$)|[A-Za-z]:[\\/]|\\\\)")
MASKED = re.compile(rb"\[masked ([^\]\"\\]{1,100})\]")
WORDS = ("name", "tags")  # of the user's own choice: pointed at, not changed
FILES = ("notebook", "key")  # of these the file's name is kept when its folder goes
HOSTS = ("host", "hostname")
GIT = ("branch", "commit")  # what stays of a repository: where it is kept goes
GENERIC = frozenset({"root", "user", "admin", "jovyan", "ubuntu", "debian", "runner", "localhost"})  # nobody's name
SHORTEST = 3  # characters of a name that is looked for


class Machine(NamedTuple):
    """What a text could tell of a machine and its user; empty where that is not known.

    Parameters
    ----------
    home
        The path of the user's home folder.
    user
        The user's name there.
    host
        The machine's name.
    """

    home: str = ""
    user: str = ""
    host: str = ""


class Spot(NamedTuple):
    """Something that was found in a session.

    Parameters
    ----------
    what
        What it is, in words.
    where
        Where it stands: ``"turn 3"``, ``"the header"``.
    """

    what: str
    where: str


class Cleared(NamedTuple):
    """A session without what it told of its machine.

    Parameters
    ----------
    header, entries
        What its file is to hold.
    taken
        Names of the fields that were changed; nothing needs to be written when there are none.
    """

    header: Header
    entries: list[Entry]
    taken: list[str]

    @property
    def everything(self) -> list[Header | Entry]:
        """The header and the entries."""
        return [self.header, *self.entries]


def cleared(contents: Contents, folder: Path) -> Cleared:
    """Return a session without absolute paths and hosts in its header and ``info`` entries.

    Parameters
    ----------
    contents
        The session.
    folder
        The folder that its file is in; what is inside of that one's parent is named as seen from there.
    """
    header, base = contents.header, folder.parent
    told = _told(header.fields, base)
    taken = _changed(header.fields, told)
    entries = []
    for entry in contents.tree:
        said = _told(entry.fields, base) if entry.type == "info" else entry.fields
        taken += _changed(entry.fields, said) if entry.type == "info" else []
        entries.append(Entry(entry.type, entry.seq, entry.id, entry.parent_id, entry.session, entry.ts, said))
    return Cleared(Header(header.version, header.id, header.ts, told), entries, list(dict.fromkeys(taken)))


def _changed(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    return [name for name in before if before[name] != after[name]]


def _told(fields: dict[str, Any], base: PurePath) -> dict[str, Any]:
    return {name: value if name in WORDS else _without_place(name, value, base) for name, value in fields.items()}


def _without_place(name: str, value: Any, base: PurePath) -> Any:
    if isinstance(value, dict):
        kept = {key: item for key, item in value.items() if name != "git" or key in GIT}
        return {key: _without_place(key, item, base) for key, item in kept.items()}
    if isinstance(value, list):
        return [_without_place(name, item, base) for item in value]
    if not isinstance(value, str):
        return value
    if name == "key" and not ABSOLUTE.match(value):
        *born, peer = value.split(":", 3)
        return ":".join([*born, _seen_from(base, peer, keep_name=True) or ""])
    return None if name in HOSTS else _seen_from(base, value, keep_name=name in FILES)


def _seen_from(base: PurePath, text: str, *, keep_name: bool) -> str | None:
    """Return a path as seen from a folder, or of one elsewhere its name or ``None``; what is no path stays."""
    if ABSOLUTE.match(text) is None:
        return text
    path = PurePosixPath(text.removeprefix("file://"))
    if path.is_relative_to(base) and ".." not in path.parts:
        seen: str | None = path.relative_to(base).as_posix()
    else:
        seen = PureWindowsPath(text).name if keep_name else None  # which takes both kinds of slashes
    return None if seen is None or ABSOLUTE.match(seen) else seen


def is_cleared(header: Header) -> bool:
    """Tell whether a header names no folder of its machine, as after sharing."""
    cwd = header.fields.get("cwd")
    return not (isinstance(cwd, str) and ABSOLUTE.match(cwd))


def secrets(contents: Contents, blobs: Blobs, mask: Masked, source: Source) -> list[Spot]:
    """Return what looks like a secret: what `redacted` would take out. Nothing is written."""
    done = redacted(contents, MemoryBlobs(blobs), mask, source)
    before = {line.id: line for line in (contents.header, *contents.tree)}
    turns = Turns(contents.tree)
    after = dict(zip(before, done.lines, strict=False))
    return [Spot(what, _where(before[one], turns)) for one in done.entries for what in _hidden(before[one], after[one])]


def _hidden(before: Header | Entry, after: bytes) -> list[str]:
    """Return the kinds of secrets that a line no longer holds."""
    more = Counter(MASKED.findall(after)) - Counter(MASKED.findall(encode(before)))
    return [kind.decode() for kind in more] or ["secret"]


def traces(clear: Cleared, blobs: Blobs, machine: Machine) -> list[Spot]:
    """Return where the user's name, home folder and machine are told of all the same."""
    looked_for = _patterns(machine)
    turns = Turns(Tree(clear.entries))
    found: list[Spot] = []
    for line in clear.everything:
        text = "\n".join(_texts(put_back(line.fields, blobs.get)))
        for what, pattern in looked_for:
            text, count = pattern.subn("", text)  # a name within a path that was found is not found again
            if count:
                found.append(Spot(what, _where(line, turns)))
    return list(dict.fromkeys(found))


def _patterns(machine: Machine) -> list[tuple[str, re.Pattern[str]]]:
    named = (
        (f"your home folder, {machine.home},", machine.home),
        (f"your user name, {machine.user},", machine.user),
        (f"this computer's name, {machine.host},", machine.host),
    )
    return [
        (what, re.compile(rf"(?<!\w){re.escape(name)}(?!\w)"))
        for what, name in named
        if len(name) >= SHORTEST and name.lower() not in GENERIC
    ]


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _texts(item)


def _where(line: Header | Entry, turns: Turns) -> str:
    if isinstance(line, Header):
        return "the header"
    asked = turns.questions(line.id) if line.in_tree else []
    return f"turn {turns.at(asked[-1]).number}" if asked else f"entry {line.seq} ({line.type})"
