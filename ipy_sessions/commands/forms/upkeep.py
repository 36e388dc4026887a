"""Keeping house: marks, the trash, pruning, mending, taking out, sharing."""

from __future__ import annotations

import argparse

from ipy_sessions.commands.form import Form, flag, given, value, words
from ipy_sessions.commands.values.upkeep import Delete, Mark, Prune, Redact, Restore, Share, Tag, Verify
from ipy_sessions.errors import CommandError

LIMITS = ("older_than", "keep", "max_bytes")
MARK = (words("ref", "another session, as for open"), flag("--off", "take the mark away"))


def _marked(read: argparse.Namespace) -> tuple[str, bool]:
    """Return which session is meant, and whether the mark is set."""
    return " ".join(read.ref), not read.off


def _sharing(read: argparse.Namespace) -> Share:
    """Return what is shared, and how."""
    ref = " ".join(read.ref)
    if ref and read.all:
        raise CommandError(f"Either {ref!r} is shared, or the whole folder: `%session share {ref}`, or `--all`.")
    return Share(ref, read.all, read.check, read.redact)


FORMS = (
    Form(
        "tag",
        "Give the session tags.",
        lambda read: Tag(read.tags, read.of or "", read.remove),
        (
            words("tags", "one word each", nargs="+", metavar="TAG"),
            value("--of", "REF", "another session, as for open"),
            flag("--remove", "take them away instead"),
        ),
    ),
    Form("pin", "Keep the session from being pruned.", lambda read: Mark("pinned", *_marked(read)), MARK),
    Form("archive", "Leave the session out of the list.", lambda read: Mark("archived", *_marked(read)), MARK),
    Form(
        "delete",
        "Put a session into the trash. Nothing is lost until the trash is emptied.",
        lambda read: Delete(" ".join(read.ref)),
        (words("ref", "which one, as for open; 0 is the one you are in", nargs="+"),),
    ),
    Form(
        "restore",
        "Show the trash, or bring a session back from it.",
        lambda read: Restore(" ".join(read.ref)),
        (words("ref", "which one: its name or its id's end"),),
    ),
    Form(
        "prune",
        "Show what would go by age, number or size. With --yes it goes into the trash.",
        lambda read: Prune(given(read, LIMITS), read.trash, read.yes),
        (
            value("--older-than", "AGE", "those whose last message is older: 90d, 12w, 1y"),
            value("--keep", "NUMBER", "all but the latest so many; named, pinned and labelled ones always stay"),
            value("--max-bytes", "SIZE", "the oldest, until the rest is no larger: 500MB, 2GB"),
            flag("--trash", "what is in the trash, for good"),
            flag("--yes", "do it, instead of showing what would go"),
        ),
    ),
    Form(
        "verify",
        "Look for damage in a session's file, or in the whole folder, and say how to cure it.",
        lambda read: Verify(" ".join(read.ref), read.repair),
        (
            words("ref", "one session, as for open"),
            flag("--repair", "put a mended copy in the place of a damaged file, which goes into the trash"),
        ),
    ),
    Form(
        "redact",
        "Take a text out of what is written already; without one, whatever looks like a secret.",
        lambda read: Redact(" ".join(read.text), read.of or "", read.all),
        (
            words("text", "the secret; in a variable of yours it is not shown here: $name"),
            value("--of", "REF", "another session, as for open"),
            flag("--all", "every session of the folder"),
        ),
    ),
    Form(
        "share",
        "Let git have the session, so that it travels with its notebook. What tells of this machine is taken out.",
        _sharing,
        (
            words("ref", "another session, as for open"),
            flag("--all", "every session of the folder"),
            flag("--check", "only say what would be done"),
            flag("--redact", "take out what looks like a secret, which otherwise stops it"),
        ),
    ),
)
