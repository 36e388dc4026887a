"""What ``%session`` gives, as Python functions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipy_sessions import table
from ipy_sessions.errors import SessionsError
from ipy_sessions.session import Session

if TYPE_CHECKING:
    import pandas as pd


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
    if session is not None:
        return table.messages(session.tree.path(), session.notebook)
    from IPython import get_ipython

    from ipy_sessions.magics.extension import find

    shell = get_ipython()
    extension = None if shell is None else find(shell)
    if extension is None:
        raise SessionsError("This kernel has no session. Type `%load_ext ipy_sessions`, or name one: history(session).")
    frame: pd.DataFrame = extension.commands.history()
    return frame
