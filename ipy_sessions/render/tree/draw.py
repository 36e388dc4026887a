"""Composes the picture of a tree. Pure: turns in, `Picture` out."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from ipy_sessions.render.markup import Picture
from ipy_sessions.render.tree.caption import captions, head, notes
from ipy_sessions.render.tree.shape import SHOWN, shape
from ipy_sessions.render.tree.svg import svg
from ipy_sessions.render.tree.text import text
from ipy_sessions.turns import Turns
from ipy_sessions.watching import Watch, unwatched


def draw(
    turns: Turns,
    title: str,
    *,
    hidden: Collection[str] = (),
    missing: Sequence[str] = (),
    most: int | None = SHOWN,
    watch: Watch = unwatched,
) -> Picture:
    """Return the tree of a session, drawn.

    Parameters
    ----------
    turns
        Its turns.
    title
        What it is called.
    hidden
        Ids of the messages that are not sent.
    missing
        Ids of the steps that are named and are not there.
    most
        How many turns are drawn at most; ``None`` for all, dropped ones too. The others are counted.
    watch
        Who watches meanwhile.
    """
    drawn = shape(turns, most)
    parts = drawn, captions(drawn, turns, hidden, watch), head(drawn, title), notes(drawn, missing)
    return Picture(svg(*parts), text(*parts))
