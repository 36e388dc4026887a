"""``%%agent``: ask, and show the answer while it comes in."""

from __future__ import annotations

from contextlib import closing, nullcontext

from ipy_sessions.ask import Ask as Said
from ipy_sessions.commands.values import Ask
from ipy_sessions.errors import LogWriteError, NotLoggedError
from ipy_sessions.events import Reply
from ipy_sessions.magics import replaying
from ipy_sessions.magics.host import Host
from ipy_sessions.magics.stopped import Stopped
from ipy_sessions.notebook import Place
from ipy_sessions.render.live import View
from ipy_sessions.render.panels import line
from ipy_sessions.render.replayed import refusal
from ipy_sessions.render.reply import answer, last_line
from ipy_sessions.replay import Branch, Missing, Replay
from ipy_sessions.session import Session


def ask(host: Host, asked: Ask) -> Reply | None:
    """Ask the model and show the answer.

    Returns
    -------
    Reply or None
        ``None`` when there was nothing to ask.

    Raises
    ------
    Stopped
        When the user pressed Stop; what came until then is shown and kept.
    SessionsError
        When the session or the model could not do it; what came until then is shown and kept.
    """
    if not asked.prompt:
        host.output.show(line("Nothing was asked: the prompt is empty."))
        return None
    place = host.place()
    said = Said(asked.prompt, asked.options, asked.take, place.cell_id, host.count(place))
    routed = nullcontext(host.asked(place, said)) if asked.session is None else host.routed(asked.session, place)
    with routed as session:
        reply = _answered(host, place, session, asked, said)
    if asked.out is not None:
        host.shell.push({asked.out: reply})
    return reply


def _answered(host: Host, place: Place, session: Session, asked: Ask, said: Said) -> Reply:
    """Show the logged answer, or ask: at the end, or where the cell stands in the conversation."""
    said, mode = session.masked(said), asked.replay or host.config.settings.replay
    decision = replaying.decided(host, session, said, place, mode)
    if isinstance(decision, Missing):
        raise NotLoggedError(refusal(said, decision.near, "replay = 'strict'"))
    if isinstance(decision, Replay):
        host.used.add(decision.turn.id)
        return replaying.show(host, place, session, decision, pace=asked.pace)
    writable = host.writable(session, place)
    if writable is not session:  # its steps are the same, and others may have come behind them
        return _answered(host, place, writable, asked, said)
    branch = decision if isinstance(decision, Branch) else None
    if branch is not None:
        replaying.warn(host, session, branch, said)
    reply = _turn(host, place, session, asked, said, branch)
    host.used.update(session.turns.ids[-1:])
    return reply


def _turn(host: Host, place: Place, session: Session, asked: Ask, said: Said, branch: Branch | None) -> Reply:
    view = host.output.view(updates=place.updates)
    leaf = session.leaf
    written = {"execution_count": place.execution_count, **said.fields}
    events = session.stream(asked.prompt, branch=branch, **written, **asked.options)
    try:
        with closing(events):
            for event in events:
                view.show(event)
    except KeyboardInterrupt:
        _finish(host, place, session, view, leaf)
        raise Stopped("Stopped. What came until then is kept in the session.") from None
    except LogWriteError as error:
        if isinstance(error.reply, Reply):
            _show(view, error.reply, session, "not written yet, %session keep tries again")
        else:
            _finish(host, place, session, view, leaf)
        raise
    except BaseException:
        _finish(host, place, session, view, leaf)
        raise
    return _finish(host, place, session, view, leaf)


def _finish(host: Host, place: Place, session: Session, view: View, before: str | None) -> Reply:
    """Let what stays below the cell be what stands in the log."""
    last = session.tree[session.leaf] if session.leaf not in (before, None) else None
    if last is None or last.role != "assistant":
        return Reply([], "")
    reply = Reply.of(last)
    _show(view, reply, session, host.where(session, place))
    return reply


def _show(view: View, reply: Reply, session: Session, where: str) -> None:
    last = last_line(reply, session.title, where)
    view.finish(answer(reply, last), last.plain)
