"""An ask that need not be asked: what it comes to here, and the logged answer in the place of a new one."""

from __future__ import annotations

import time
from collections.abc import Iterator

from ipy_sessions.ask import Ask
from ipy_sessions.events import Event, Reply, Started, TextDelta, ThinkingDelta
from ipy_sessions.magics.host import Host
from ipy_sessions.magics.order import saved_order
from ipy_sessions.notebook import Place
from ipy_sessions.render import replayed
from ipy_sessions.render.reply import answer, last_line
from ipy_sessions.replay import Append, Branch, Decision, Missing, Replay, decide, match, next_take, strictly
from ipy_sessions.session import Session

DOUBLED = (
    "Two cells of the notebook have the id {}, so they are told apart by what they say. Cut one of them and paste it "
    "again, and it has its own."
)
PIECE = 24  # characters that are shown at a time when a logged answer is shown as it came


def decided(host: Host, session: Session, ask: Ask, place: Place, mode: str) -> Decision | Missing:
    """Return what running an ask comes to in this host.

    Parameters
    ----------
    host, session, place
        Where it runs, and whom it goes to.
    ask
        What it says, secrets masked.
    mode
        ``"auto"``, ``"strict"`` or ``"off"``.
    """
    if mode == "off":
        return Append()
    found: Decision = Append()
    if ask.cell is not None:
        order = saved_order(place.notebook)
        if order.is_doubled(ask.cell):
            host.say_once([DOUBLED.format(ask.cell)])
        found = decide(session.turns, ask, order)
    elif place.matches or (place.headless and host.replays(mode)):
        found = match(session.turns, ask, host.used)
    return strictly(session.turns, ask, found) if mode == "strict" else found


def warn(host: Host, session: Session, branch: Branch, ask: Ask) -> None:
    """Say, before it costs anything, what an edit or a repetition leaves on the other branch."""
    host.output.show(replayed.branching(branch, ask, session.turns))


def show(host: Host, place: Place, session: Session, replay: Replay, *, pace: bool) -> Reply:
    """Show a logged answer below the cell, and stand where it leaves the conversation."""
    session.stand_as(replay)
    view = host.output.view(updates=place.updates)
    entry = replay.turn.answer
    reply = Reply([], "") if entry is None else Reply.of(entry)
    try:
        if pace and entry is not None:
            for event in _as_it_came(reply):
                view.show(event)
    finally:
        last = last_line(reply, session.title, host.where(session, place))
        last = replayed.said(replay, next_take(session.turns, replay.turn.ask), last)
        view.finish(answer(reply, last), last.plain)
    return reply


def _as_it_came(reply: Reply) -> Iterator[Event]:
    """Yield a logged answer in pieces over the time that it once took; when each of them came was not written down."""
    pieces: list[Event] = [ThinkingDelta(piece) for piece in _pieces(reply.thinking)]
    pieces += [TextDelta(piece) for piece in _pieces(reply.text)]
    yield Started(reply.model, {})
    for piece in pieces:
        time.sleep((reply.latency_ms or 0) / 1000 / len(pieces))
        yield piece


def _pieces(text: str) -> Iterator[str]:
    for start in range(0, len(text), PIECE):
        yield text[start : start + PIECE]
