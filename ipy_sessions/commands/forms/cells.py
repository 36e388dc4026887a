"""The saved notebook beside the conversation."""

from __future__ import annotations

from ipy_sessions.commands.form import Form, words
from ipy_sessions.commands.values.cells import Cells, Plan
from ipy_sessions.settings import REPLAY

FORMS = (
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
)
