"""What ``%session`` gives, as Python functions."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from ipy_sessions import comparing
from ipy_sessions.errors import SessionsError
from ipy_sessions.magics.progress import shown, stoppable
from ipy_sessions.render.markup import Picture
from ipy_sessions.session import Session
from ipy_sessions.settings import REPLAY
from ipy_sessions.table import history as frames
from ipy_sessions.turns import Turn

if TYPE_CHECKING:
    import pandas as pd

    from ipy_sessions.magics.cells import View
    from ipy_sessions.magics.host import Host
    from ipy_sessions.planning import Plan
    from ipy_sessions.survey import Survey


Looked = TypeVar("Looked")

Side: TypeAlias = Session | Turn | int | str | None


@stoppable()
def history(session: Session | None = None) -> pd.DataFrame:
    """Return a conversation's active branch as a DataFrame, one row a message.

    Parameters
    ----------
    session
        The session; ``None`` for the one of this kernel.

    Returns
    -------
    pandas.DataFrame
        The columns of the table ``messages`` of `read`, among them ``id``, ``parent_id``, ``ts`` (UTC), ``role``,
        ``text``, ``model``, ``cost_usd`` (US dollars) and ``cell_id``; the same without rows. ``schema("messages")``
        says what each of them holds.

    Raises
    ------
    SessionsError
        When no session is given and this is no kernel with ``%load_ext ipy_sessions``.
    """
    if session is not None and not isinstance(session, Session):
        raise SessionsError(f"history takes a session and not {session!r:.60}: history(manager.open('alice')).")
    if session is None:
        session = host().found(host().place())
    return frames.history(session)


@stoppable()
def draw(session: Session | None = None, *, whole: bool = False) -> Picture:
    """Return the tree of a session, drawn, as ``%session tree`` shows it: every turn on every branch.

    In a notebook it shows itself; ``.svg`` and ``.plain`` are its two forms.

    Parameters
    ----------
    session
        The session; ``None`` for the one of this kernel.
    whole
        Every turn of a large session, too, and not alone those around where it stands; and what was dropped.

    Raises
    ------
    SessionsError
        When no session is given and this is no kernel with ``%load_ext ipy_sessions``, or has no session yet.
    """
    from ipy_sessions.magics.lookback import drawn

    if session is not None and not isinstance(session, Session):
        raise SessionsError(f"draw takes a session and not {session!r:.60}: draw(manager.open('alice')).")
    return drawn(session or current(), shown, whole=whole)


@stoppable()
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
    return frames.comparison(comparing.compare(_path(a, session), _path(b, session)))


def _path(side: Side, session: Session | None) -> list[Turn]:
    if isinstance(side, Session):
        return side.turns.active()
    if not isinstance(side, Turn | int | str | None):
        raise SessionsError(f"compare takes sessions or turns and not {side!r:.60}: compare(1, 2, session=session).")
    session = current() if session is None else session
    return session.turns.path(session.leaf if side is None else session.turn(side).last)


def pick() -> None:
    """Show the sessions to look through and to choose from, as ``%session pick`` does.

    Raises
    ------
    SessionsError
        When this is no kernel with ``%load_ext ipy_sessions``.
    """
    from ipy_sessions.commands.values import Pick
    from ipy_sessions.magics.picking import PickingCommands

    here = host()
    static = PickingCommands(here).run(Pick())
    if static is not None:
        here.output.show(static)


def current() -> Session:
    """Return the session of this kernel; in a fresh one, the session that an ask would go on with.

    Raises
    ------
    SessionsError
        When there is none yet, or this is no kernel with ``%load_ext ipy_sessions``.
    """
    session = host().found(host().place())
    if session is None:
        raise SessionsError("There is no session yet. Ask something, or type `%session new`.")
    return session


@stoppable()
def plan(session: Session | None = None, notebook: str | Path | None = None, *, replay: str | None = None) -> Plan:
    """Return what running a saved notebook would do, cell by cell. Nothing is asked, written or moved.

    Parameters
    ----------
    session
        The conversation; ``None`` for the one of this kernel.
    notebook
        The notebook's file; ``None`` for the one that the session belongs to, or this kernel runs.
    replay
        As if the setting had this value: ``"auto"``, ``"strict"`` or ``"off"``; ``None`` for the one that holds.

    Returns
    -------
    list of PlanStep
        One for each line that asks, moves or cannot be read, from top to bottom; it shows itself as a table, and
        ``.asks`` is how often the model would be asked.

    Raises
    ------
    SessionsError
        When there is no notebook, or it cannot be read; or no session is given and this is no kernel with
        ``%load_ext ipy_sessions``.
    """
    from ipy_sessions.magics.cells import planned

    if replay is not None and replay not in REPLAY:
        raise SessionsError(f"replay can be {' or '.join(map(repr, REPLAY))}, and not {replay!r}.")
    return _of_notebook(session, notebook, lambda view: planned(view, replay))


@stoppable()
def cells(session: Session | None = None, notebook: str | Path | None = None) -> Survey:
    """Return how the cells of a saved notebook stand to a conversation as it is.

    Parameters
    ----------
    session
        The conversation; ``None`` for the one of this kernel.
    notebook
        The notebook's file; ``None`` for the one that the session belongs to, or this kernel runs.

    Returns
    -------
    list of CellState
        One for each ask, from top to bottom, and then one for each turn that has none; it shows itself as a table.

    Raises
    ------
    SessionsError
        As for `plan`.
    """
    from ipy_sessions.magics.cells import surveyed

    return _of_notebook(session, notebook, surveyed)


def _of_notebook(session: Session | None, notebook: str | Path | None, look: Callable[[View], Looked]) -> Looked:
    from ipy_sessions.magics import cells

    path = None if notebook is None else Path(notebook)
    if session is None:
        with cells.viewed(host(), "", path) as view:
            return look(view)
    return look(cells.view_of(session, path))


def host() -> Host:
    """Return the kernel that this runs in.

    Raises
    ------
    SessionsError
        When it has no ``%load_ext ipy_sessions``, or is no IPython.
    """
    from IPython import get_ipython

    from ipy_sessions.magics.extension import find

    shell = get_ipython()
    if shell is None:
        raise SessionsError(
            "This is for notebooks and IPython, after `%load_ext ipy_sessions`. "
            "Plain Python has SessionManager: `SessionManager('.sessions').list()`."
        )
    extension = find(shell)
    if extension is None:
        raise SessionsError("This is no kernel with sessions. Type `%load_ext ipy_sessions` first.")
    return extension.host
