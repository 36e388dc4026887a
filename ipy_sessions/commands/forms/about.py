"""What is told about the session, its settings and the commands."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ipy_sessions.commands.form import Form, words
from ipy_sessions.commands.values.about import File, Help, Set
from ipy_sessions.errors import CommandError


def _changes(words: Sequence[str]) -> dict[str, str]:
    """Return settings and their new values."""
    words = re.sub(r"\0=\0|=\0|\0=", "=", "\0".join(words)).split("\0") if words else []  # spaces around the sign
    for word in words:
        if "=" not in word:
            raise CommandError(
                f"A setting is changed with NAME=VALUE, and {word!r} has no '='. For example: model=offline"
            )
    return dict(word.split("=", 1) for word in words)


FORMS = (
    Form("file", "Where the session's file is.", lambda _: File()),
    Form(
        "settings",
        "Show every setting and where its value comes from, or change the session's own.",
        lambda read: Set(_changes(read.changes)),
        (words("changes", "model=NAME, system='Be brief.', max_tokens=500, effort=low", metavar="NAME=VALUE"),),
    ),
    Form(
        "help",
        "Show what can be typed.",
        lambda read: Help(" ".join(read.command)),
        (words("command", "one of them, or model: keys and servers"),),
    ),
)
