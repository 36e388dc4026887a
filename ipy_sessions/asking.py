"""How one turn of a session begins and ends: what is written before the model is asked, and what afterwards.

`turn.take` composes a turn from these two steps and the model's stream between them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipy_sessions.context.parameters import settings_needed
from ipy_sessions.entries import NewEntry, assistant
from ipy_sessions.errors import LogWriteError, TurnRunningError
from ipy_sessions.events import Reply
from ipy_sessions.model.interface import Request
from ipy_sessions.replay import Branch
from ipy_sessions.settings import Parameters
from ipy_sessions.store.interrupts import uninterrupted
from ipy_sessions.store.recorder import Recorder

if TYPE_CHECKING:
    from ipy_sessions.session import Session


class OneTurn:
    """One turn of a session, for as long as it lasts: how it begins and how it ends.

    Parameters
    ----------
    session, recorder
        Whose turn it is.
    question
        The user's message.
    own, wanted
        The session's parameters, and this turn's.
    branch
        Where it is asked, when that is not at the leaf.
    """

    def __init__(
        self,
        session: Session,
        recorder: Recorder,
        question: NewEntry,
        own: Parameters,
        wanted: Parameters,
        branch: Branch | None = None,
    ) -> None:
        self._session = session
        self._recorder = recorder
        self._question = question
        self._own = own
        self._wanted = wanted
        self._branch = branch
        self._running = False
        self._asked = False

    def ask(self) -> Request:
        """Write the question, and before it what it is sent with; return the request."""
        session = self._session
        with uninterrupted(), self._recorder.lock:
            if session.streaming:
                raise TurnRunningError(f"{session.title} is still answering. Wait for it, stop it or close its stream.")
            session.streaming = self._running = True
            self._recorder.refresh_mask()
            if self._branch is not None:
                session.branch_off(self._branch)
            for needed in settings_needed(session.tree.path(), self._own, self._wanted):
                self._recorder.write(needed)
            self._recorder.write(self._question)
            self._asked = True
            sent = session.build_context()
        return Request(sent.messages, sent.parameters or self._wanted)

    def answer(self, reply: Reply) -> None:
        """Write the answer, if there was a question, and make the disk hold both."""
        if not self._running:  # refused, since another turn is
            return
        self._session.streaming = False
        if self._asked:
            try:
                self._recorder.insist(assistant(reply.content, **reply.fields))
            except LogWriteError as error:
                error.reply = reply
                raise
        self._recorder.flush()
