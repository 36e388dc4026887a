"""Choosing a session by looking at what there is."""

from __future__ import annotations

from ipy_sessions.commands.form import Form
from ipy_sessions.commands.values.picking import Pick

FORMS = (
    Form(
        "pick",
        "Look through all sessions: search, sort, preview; open one, or name, tag, pin, fork, archive, delete it.",
        lambda _: Pick(),
    ),
)
