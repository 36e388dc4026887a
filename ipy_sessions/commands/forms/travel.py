"""Moving about in a conversation, and what of it is sent and shown."""

from __future__ import annotations

from ipy_sessions.commands.form import Form, number, words
from ipy_sessions.commands.values.travel import Drop, Hide, Label, Rewind, Switch


def _turns(written: str | None) -> int:
    """Return how many turns are meant; one when nothing was typed."""
    wrong = f"rewind takes a number of turns, and not {written!r}. For example: `%session rewind 2`."
    return 1 if written is None else number(written, wrong)


FORMS = (
    Form(
        "rewind",
        "Go back a turn, or several. They stay in the log, on a branch of their own.",
        lambda read: Rewind(_turns(read.turns)),
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
)
