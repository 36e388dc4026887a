"""How each command of ``%session`` is typed: one row in `FORMS`, with its help, its arguments and its value."""

from __future__ import annotations

from ipy_sessions.commands.form import (
    FILTERS,
    LIMITS,
    SUMS,
    Form,
    a_name,
    changes,
    flag,
    given,
    looked_back,
    marked,
    searching,
    seconds,
    sharing,
    spent,
    turns,
    value,
    words,
)
from ipy_sessions.commands.values import (
    BRANCHES,
    Again,
    Cells,
    Close,
    Compare,
    Continue,
    Delete,
    Drop,
    Export,
    File,
    Fork,
    Help,
    Hide,
    Import,
    Keep,
    Label,
    List,
    Mark,
    New,
    Open,
    Plan,
    Prune,
    Redact,
    Rename,
    Restore,
    Rewind,
    Set,
    Show,
    Switch,
    Tag,
    Tree,
    Verify,
)
from ipy_sessions.settings import REPLAY

TURN_OR_SESSION = "a turn's number, label or id's end; if no turn here answers to it, a session, as for open"
MARK = (words("ref", "another session, as for open"), flag("--off", "take the mark away"))

FORMS = {
    form.name: form
    for form in (
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
            lambda read: Open(" ".join(read.ref), read.read_only, seconds(read.wait)),
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
            lambda read: Rename(None if read.clear and not read.name else a_name(read.name)),
            (words("name", "its new name"), flag("--clear", "take its name away instead")),
        ),
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
        Form("pin", "Keep the session from being pruned.", lambda read: Mark("pinned", *marked(read)), MARK),
        Form("archive", "Leave the session out of the list.", lambda read: Mark("archived", *marked(read)), MARK),
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
            sharing,
            (
                words("ref", "another session, as for open"),
                flag("--all", "every session of the folder"),
                flag("--check", "only say what would be done"),
                flag("--redact", "take out what looks like a secret, which otherwise stops it"),
            ),
        ),
        Form(
            "export",
            "Write the session in another form, beside the notebook or into a file. Secrets are masked in all of it.",
            lambda read: Export(read.format, " ".join(read.path), read.of or "", read.branch, read.force),
            (
                words("format", "pi, jsonl, markdown or notebook", nargs=None),
                words("path", "the file; by default called as the session is"),
                value("--of", "REF", "another session, as for open, or another agent's transcript by its path"),
                ("--branch", {"choices": BRANCHES, "help": "every branch, which pi alone can hold, or the active one"}),
                flag("--force", "write in the place of a file that is there"),
            ),
        ),
        Form(
            "import",
            "Make sessions out of other agents' transcripts, or of sessions elsewhere. Twice does no harm.",
            lambda read: Import(read.paths),
            (
                words(
                    "paths",
                    "files, folders, or patterns such as ~/.pi/agent/sessions/**/*.jsonl",
                    nargs="+",
                    metavar="PATH",
                ),
            ),
        ),
        Form(
            "rewind",
            "Go back a turn, or several. They stay in the log, on a branch of their own.",
            lambda read: Rewind(turns(read.turns)),
            (words("turns", "how many", nargs="?", metavar="N"),),
        ),
        Form(
            "switch",
            "Go on behind another turn, on whichever branch it is.",
            lambda read: Switch(" ".join(read.turn)),
            (words("turn", "its number, label or id's end, as %%session tree shows them", nargs="+"),),
        ),
        Form(
            "label",
            "Give a turn a label that it can be meant by.",
            lambda read: Label(read.turn, " ".join(read.name)),
            (words("turn", "the turn's number", nargs=None), words("name", "the label; none takes it away")),
        ),
        Form(
            "hide",
            "Keep a turn from being sent. The log keeps it.",
            lambda read: Hide(" ".join(read.turn)),
            (words("turn", "its number, label or id's end", nargs="+"),),
        ),
        Form(
            "unhide",
            "Send a hidden turn again.",
            lambda read: Hide(" ".join(read.turn), on=False),
            (words("turn", "its number, label or id's end", nargs="+"),),
        ),
        Form(
            "drop",
            "Leave out a turn and all that follows it: no tree shows it, no cell replays it. The log keeps it.",
            lambda read: Drop(" ".join(read.turn)),
            (words("turn", "its number, label or id's end", nargs="+"),),
        ),
        Form(
            "undrop",
            "Bring a dropped turn back, with all that follows it.",
            lambda read: Drop(" ".join(read.turn), on=False),
            (words("turn", "its number, as %%session tree --all shows it, label or id's end", nargs="+"),),
        ),
        Form(
            "plan",
            "Show what running the notebook would do: replay, ask or branch, cell by cell. Nothing is asked.",
            lambda read: Plan(" ".join(read.ref), read.replay),
            (
                words("ref", "another session, as for open"),
                ("--replay", {"choices": REPLAY, "help": "as if the setting replay had this value"}),
            ),
        ),
        Form(
            "cells",
            "Show how the notebook's cells stand to the conversation: current, changed, never asked, missing.",
            lambda read: Cells(" ".join(read.ref)),
            (words("ref", "another session, as for open"),),
        ),
        Form(
            "tree",
            "Every turn on every branch, drawn; of a large session, those around where you are.",
            lambda read: Tree(" ".join(read.ref), read.all),
            (words("ref", "another session, as for open"), flag("--all", "every turn, however many, dropped ones too")),
        ),
        Form(
            "compare",
            "Compare two turns, each with all before it, or two sessions: what was asked and answered, turn by turn.",
            lambda read: Compare(read.first, read.second),
            (
                words("first", f"one: {TURN_OR_SESSION}", nargs=None, metavar="A"),
                (
                    "second",
                    {"nargs": "?", "default": "", "metavar": "B", "help": "the other; by default the active branch"},
                ),
            ),
        ),
        Form(
            "history",
            "The conversation as a DataFrame, one row a message; or a list of what was asked.",
            looked_back,
            (
                value("--df", "NAME", "also bind the frame to this variable"),
                flag("--prompts", "what was asked alone: turn, time, cell and first line"),
            ),
        ),
        Form(
            "again",
            "Put what a turn asked into the next cell, as it was typed. It is not run.",
            lambda read: Again(" ".join(read.turn)),
            (words("turn", "its number, as %%session history --prompts shows it, its label or id's end", nargs="+"),),
        ),
        Form(
            "usage",
            "What was spent, by session, model and day (in UTC): tokens and dollars, nothing counted twice.",
            spent,
            (
                words("ref", "one session, as for open; without it those of this notebook"),
                ("--by", {"choices": SUMS, "help": "one of the three alone"}),
                flag("--all", "the sessions of every notebook"),
            ),
        ),
        Form(
            "show",
            "The conversation to read; or the last answer alone, as after a page that was closed too early.",
            lambda read: Show(" ".join(read.ref), read.last, read.turn or ""),
            (
                words("ref", "another session, as for open"),
                flag("--last", "its last answer alone"),
                value("--turn", "TURN", "this turn alone: its number, label or id's end"),
            ),
        ),
        Form(
            "search",
            'Find messages that hold some words, "phrases in quotes", or a regular expression, in every session.',
            searching,
            (
                words("text", "all of them stand in one message; capitals matter when one is typed", nargs="+"),
                flag("--regex", "it is a regular expression of Python's"),
                flag("--case", "capitals matter, although none is typed"),
                flag("--user", "only what you have said"),
                flag("--assistant", "only what the model has said"),
                flag("--deep", "also thinking, and the calls and results of tools"),
                value("--tool", "NAME", "only calls and results of this tool"),
                value("--since", "DATE", "only messages that are not older: 2026-03-01, or 7d"),
                value("--until", "DATE", "only messages that are not younger"),
                flag("--here", "only the sessions of this notebook"),
                value("--notebook", "NAME", "only those of this notebook: its name, or its path's end"),
                (
                    "--in",
                    {"dest": "within", "action": "append", "metavar": "PATH", "help": "in these files or folders"},
                ),
                value("--limit", "NUMBER", "how many hits are shown; by default 20"),
            ),
        ),
        Form("file", "Where the session's file is.", lambda _: File()),
        Form(
            "settings",
            "Show every setting and where its value comes from, or change the session's own.",
            lambda read: Set(changes(read.changes)),
            (words("changes", "model=NAME, system='Be brief.', max_tokens=500, effort=low", metavar="NAME=VALUE"),),
        ),
        Form(
            "help",
            "Show what can be typed.",
            lambda read: Help(" ".join(read.command)),
            (words("command", "one of them, or model: keys and servers"),),
        ),
    )
}
"""The commands by the word that stands behind ``%session``."""
