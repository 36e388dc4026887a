"""How a session begins, is gone on with, and is let go of."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ipy_sessions.commands.form import Form, flag, given, value, words
from ipy_sessions.commands.values.life import Close, Continue, Fork, Keep, List, New, Open, Rename
from ipy_sessions.errors import CommandError

FILTERS = ("name", "tag", "model", "key", "since", "until")
LONGEST_WAIT = 86_400  # seconds; a day


def _seconds(written: str | None) -> float:
    """Return how long is waited."""
    try:
        seconds = float(written or 0)
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds <= LONGEST_WAIT:
        raise CommandError(f"--wait takes a number of seconds up to {LONGEST_WAIT:,}, and not {written!r}.")
    return seconds


def _a_name(words: Sequence[str]) -> str:
    """Return a name, which says something."""
    name = " ".join(words).strip()
    if not name:
        raise CommandError("A name cannot be empty. Type `%session rename NAME`, or `%session rename --clear`.")
    return name


FORMS = (
    Form(
        "new",
        "Begin another session. The one before stays in the list.",
        lambda read: New(" ".join(read.name), read.temp, read.again),
        (
            words("name", "what to call it; it can do without"),
            flag("--again", "another one, although this cell has begun one already"),
            flag("--temp", "keep it in memory alone; %%session keep writes it"),
        ),
    ),
    Form(
        "open",
        "Go on with a session: a number of the list last shown, a name, an id's end, or a path.",
        lambda read: Open(" ".join(read.ref), read.read_only, _seconds(read.wait)),
        (
            words("ref", "2, alice, 3f9c2a or path/to/file.jsonl", nargs="+"),
            flag("--read-only", "only read it; it may be open in another kernel"),
            value("--wait", "SECONDS", "wait so long for another kernel to let go of it"),
        ),
    ),
    Form(
        "fork",
        "Go on in a copy of this session, or of another; that one stays as it is.",
        lambda read: Fork(" ".join(read.ref), read.name, read.at or "", read.again),
        (
            words("ref", "another session, as for open"),
            value("--at", "TURN", "up to this turn alone: its number, label or id's end"),
            value("--name", "NAME", "what to call the copy"),
            flag("--again", "another one, although this cell has made one already"),
        ),
    ),
    Form(
        "list",
        "Show this notebook's sessions, the latest first. Number 0 is the one you are in.",
        lambda read: List(read.all, given(read, FILTERS), read.archived),
        (
            flag("--all", "those of every notebook"),
            value("--name", "TEXT", "those whose name or first message holds this"),
            value("--tag", "TAG", "those that have this tag"),
            value("--model", "NAME", "those that this model answered last"),
            value("--key", "KEY", "those that were born here: agent:main:terminal"),
            value("--since", "DATE", "those whose last message is not older: 2026-03-01, or 7d"),
            value("--until", "DATE", "those whose last message is not younger"),
            flag("--archived", "the archived ones"),
        ),
    ),
    Form(
        "continue",
        "Go on with this notebook's latest session; without a notebook, the folder's.",
        lambda _: Continue(),
    ),
    Form("close", "Let go of the session. Nothing is deleted.", lambda _: Close()),
    Form("keep", "Write a session that is in memory alone to its file.", lambda _: Keep()),
    Form(
        "rename",
        "Give the session a name, or with --clear none.",
        lambda read: Rename(None if read.clear and not read.name else _a_name(read.name), read.of or ""),
        (
            words("name", "its new name"),
            value("--of", "REF", "another session, as for open"),
            flag("--clear", "take its name away instead"),
        ),
    ),
)
