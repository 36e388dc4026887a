"""What ``%session`` gives, as Python functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from ipy_sessions import comparing, table
from ipy_sessions.errors import SessionsError
from ipy_sessions.session import Session
from ipy_sessions.turns import Turn

if TYPE_CHECKING:
    import pandas as pd

    from ipy_sessions.magics.host import Host

Side: TypeAlias = Session | Turn | int | str | None


def history(session: Session | None = None) -> pd.DataFrame:
    """Return a conversation's active branch as a DataFrame, one row a message.

    Parameters
    ----------
    session
        The session; ``None`` for the one of this kernel.

    Returns
    -------
    pandas.DataFrame
        Columns ``session``, ``id``, ``parent_id``, ``ts`` (UTC), ``role``, ``text``, ``model``, ``stop_reason``,
        ``input_tokens``, ``output_tokens``, ``cache_read_tokens``, ``cache_write_tokens``, ``cost_usd`` (US dollars),
        ``latency_ms`` (milliseconds), ``cell_id``, ``execution_count`` and ``notebook``; the same without rows.

    Raises
    ------
    SessionsError
        When no session is given and this is no kernel with ``%load_ext ipy_sessions``.
    """
    if session is not None and not isinstance(session, Session):
        raise SessionsError(f"history takes a session and not {session!r:.60}: history(manager.open('alice')).")
    if session is None:
        session = _host().found(_host().place())
    return table.history(session)


def compare(a: Side, b: Side = None, *, session: Session | None = None) -> pd.DataFrame:
    """Return two conversations side by side as a DataFrame, one row a turn or pair of turns, in their order.

    Parameters
    ----------
    a, b
        Sessions, which mean their active branches; or turns of one session, each by itself, its number, its label or
        its id's end, which mean the way to their end. ``None`` is the active branch.
    session
        Whose turns are meant; ``None`` for the session of this kernel.

    Returns
    -------
    pandas.DataFrame
        Columns ``kind`` (``"same"``, ``"other answer"``, ``"other question"``, ``"only in A"``, ``"only in B"``),
        ``turn_a``, ``turn_b`` (numbers in their sessions, nullable integers), ``id_a``, ``id_b`` (of the questions),
        ``question_a``, ``question_b``, ``answer_a``, ``answer_b``, ``model_a``, ``model_b`` and ``diff`` (the lines
        that differ; missing when none does); the same without rows.

    Raises
    ------
    TurnNotFoundError
        When no turn, or more than one, answers to a reference.
    SessionsError
        When a turn's session is not given and this is no kernel with ``%load_ext ipy_sessions``.
    """
    return table.comparison(comparing.compare(_path(a, session), _path(b, session)))


def _path(side: Side, session: Session | None) -> list[Turn]:
    if isinstance(side, Session):
        return side.turns.active()
    if not isinstance(side, Turn | int | str | None):
        raise SessionsError(f"compare takes sessions or turns and not {side!r:.60}: compare(1, 2, session=session).")
    session = current() if session is None else session
    return session.turns.path(session.leaf if side is None else session.turn(side).last)


def current() -> Session:
    """Return the session of this kernel; in a fresh one, the session that an ask would go on with.

    Raises
    ------
    SessionsError
        When there is none yet, or this is no kernel with ``%load_ext ipy_sessions``.
    """
    session = _host().found(_host().place())
    if session is None:
        raise SessionsError("There is no session yet. Ask something, or type `%session new`.")
    return session


def _host() -> Host:
    from IPython import get_ipython

    from ipy_sessions.magics.extension import find

    shell = get_ipython()
    extension = None if shell is None else find(shell)
    if extension is None:
        raise SessionsError("This is no kernel with sessions. Type `%load_ext ipy_sessions` first.")
    return extension.host
