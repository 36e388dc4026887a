"""``%%agent``: ask, and show the answer while it comes in."""

from __future__ import annotations

from contextlib import closing, nullcontext

from ipy_sessions.commands.values import Ask
from ipy_sessions.errors import LogWriteError
from ipy_sessions.events import Reply
from ipy_sessions.magics.host import Host
from ipy_sessions.magics.stopped import Stopped
from ipy_sessions.notebook import Place
from ipy_sessions.render.live import View
from ipy_sessions.render.panels import line
from ipy_sessions.render.reply import answer, last_line
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
    routed = nullcontext(host.asked(place)) if asked.session is None else host.routed(asked.session, place)
    with routed as session:
        reply = _turn(host, place, session, asked)
    if asked.out is not None:
        host.shell.push({asked.out: reply})
    return reply


def _turn(host: Host, place: Place, session: Session, asked: Ask) -> Reply:
    view = host.output.view(updates=place.updates)
    leaf = session.leaf
    events = session.stream(asked.prompt, cell_id=place.cell_id, execution_count=place.execution_count, **asked.options)
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
