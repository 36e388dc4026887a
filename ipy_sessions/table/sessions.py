"""Rows of the sessions themselves."""

from __future__ import annotations

from collections.abc import Iterator

from ipy_sessions.counting import outline
from ipy_sessions.summary import title_of
from ipy_sessions.table.calls import usage
from ipy_sessions.table.messages import Row
from ipy_sessions.table.part import Once, Part
from ipy_sessions.table.turns import priced, total

PAID = slice(5, 10)  # where a row of `usage` says tokens and cost


def sessions(part: Part, once: Once) -> Iterator[Row]:
    """Yield the one row of a session; what it has cost is what it has paid itself, its copies left out."""
    transcript, line = part.transcript, outline(part.transcript.header, part.tree)
    costs = [row[PAID] for row in usage(part, once)]
    known = priced(cost[-1] for cost in costs)
    yield (
        *(part.session, line.name, title_of(line.name, line.first_message, line.id), transcript.format),
        *(transcript.path or None, line.notebook, line.created, line.modified, line.model, line.parent_session),
        *(line.first_message, len(part.messages), len(part.shown_turns), len(part.turns.branches.leaves)),
        *(*total(costs), sum(known) if known else None, line.tags, line.interrupted),
        *(len(transcript.bad_lines), sum(transcript.unknown.values())),
    )
