"""What ``%session`` gives, as Python functions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipy_sessions import table
from ipy_sessions.errors import SessionsError
from ipy_sessions.render.markup import Picture
from ipy_sessions.session import Session

if TYPE_CHECKING:
    import pandas as pd

    from ipy_sessions.magics.host import Host


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


def draw(session: Session | None = None, *, whole: bool = False) -> Picture:
    """Return the tree of a session, drawn, as ``%session tree`` shows it: every turn on every branch.

    In a notebook it shows itself; ``.svg`` and ``.plain`` are its two forms.

    Parameters
    ----------
    session
        The session; ``None`` for the one of this kernel.
    whole
        Every turn of a large session, too, and not alone those around where it stands.

    Raises
    ------
    SessionsError
        When no session is given and this is no kernel with ``%load_ext ipy_sessions``, or has no session yet.
    """
    from ipy_sessions.magics.travel import drawn

    if session is not None and not isinstance(session, Session):
        raise SessionsError(f"draw takes a session and not {session!r:.60}: draw(manager.open('alice')).")
    return drawn(session or current(), whole=whole)


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
