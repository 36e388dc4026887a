"""Every error that ipy_sessions raises on purpose.

::

    SessionsError
    ├── CommandError              a line that cannot be carried out as it was typed
    ├── QueryError                a query in SQL that cannot be carried out
    ├── SettingError              a setting's name or value is not one that exists
    ├── SessionClosedError        a session was used after its ``close()``
    ├── TurnRunningError          a second prompt, or a switch, while a reply streams
    ├── SessionNotFoundError      no session answers to this reference
    │   └── AmbiguousReferenceError   more than one does
    ├── TurnNotFoundError         no turn, or more than one, answers to a reference
    ├── TurnDroppedError          a turn was to be stood at that was dropped
    ├── InvalidIdError            an id that was asked for is malformed or taken
    ├── InvalidEntryError         what was to be written can be no line of a log
    ├── FolderError               a folder of sessions cannot be read or made
    ├── NotASessionError          a file is not a session's log
    ├── SessionReadOnlyError      a session cannot be written: opened to read, by a newer version, in a child process
    ├── SessionBusyError          another kernel has the session open
    ├── SecretFoundError          what was to be shared holds something that looks like a secret
    ├── ExportError               what was to be exported cannot be written in that form, or there
    ├── StaleSessionError         the conversation stands elsewhere than the caller believes
    ├── LogWriteError             the disk refused a line
    │   └── LogLostError          the file was deleted, moved, replaced or cut short under us
    ├── NotLoggedError            only logged answers may be shown, and this ask has none
    └── ModelError                the model could not answer
        └── UnknownModelError     it cannot be reached without a key, and there is none

A message says what was found and what to type next. A magic prints it as one line; anything else that escapes is a
bug and shows its traceback::

    try:
        session = manager.open("alice")
    except ipy_sessions.SessionNotFoundError as error:
        print(error)
"""

from __future__ import annotations


class SessionsError(Exception):
    """Base of every error that ipy_sessions raises on purpose."""


class CommandError(SessionsError):
    """A line that cannot be carried out as it was typed."""


class QueryError(SessionsError):
    """A query in SQL that cannot be carried out."""


class SettingError(SessionsError):
    """A setting's name or value is not one that exists."""


class SessionClosedError(SessionsError):
    """A session was used after its ``close()``."""


class TurnRunningError(SessionsError):
    """A second prompt, or a switch, while a reply streams."""


class SessionNotFoundError(SessionsError):
    """No session answers to this reference."""


class AmbiguousReferenceError(SessionNotFoundError):
    """More than one session answers to this reference."""


class TurnNotFoundError(SessionsError):
    """No turn, or more than one, answers to a reference."""


class TurnDroppedError(SessionsError):
    """A turn was to be stood at that was dropped."""


class InvalidIdError(SessionsError):
    """An id that was asked for is malformed or taken."""


class InvalidEntryError(SessionsError):
    """What was to be written can be no line of a log."""


class FolderError(SessionsError):
    """A folder of sessions cannot be read or made."""


class NotASessionError(SessionsError):
    """A file is not a session's log."""


class SessionReadOnlyError(SessionsError):
    """A session cannot be written: it was opened to read, a newer version wrote it, or this is a forked child."""


class SessionBusyError(SessionsError):
    """Another kernel has the session open.

    Parameters
    ----------
    message
        Who has it, and the ways on.
    owner
        That kernel, with ``pid``, ``host``, ``notebook`` and ``since``; ``None`` where nothing says who.
    """

    def __init__(self, message: str, owner: object = None) -> None:
        super().__init__(message)
        self.owner = owner


class SecretFoundError(SessionsError):
    """What was to be shared holds something that looks like a secret; nothing was done."""


class ExportError(SessionsError):
    """What was to be exported cannot be written in that form, or at that place."""


class StaleSessionError(SessionsError):
    """The conversation stands elsewhere than the caller believes: somebody else has written to it."""


class LogWriteError(SessionsError):
    """The disk refused a line; the file is as it was before.

    Attributes
    ----------
    reply
        The answer that could not be written, if it was one; the session keeps it in memory and writes it with its next
        line, or when `Session.keep` is called.
    """

    reply: object = None


class LogLostError(LogWriteError):
    """The session's file was deleted, moved, replaced or cut short while it was open."""


class NotLoggedError(SessionsError):
    """Only logged answers may be shown, and this ask has none."""


class ModelError(SessionsError):
    """The model could not answer, or could not go on.

    Parameters
    ----------
    message
        What happened and what to do next, in a line or two.
    kind
        What happened in one word, that of the Messages API where it has one: ``"overloaded_error"``.
    """

    def __init__(self, message: str, kind: str = "error") -> None:
        super().__init__(message)
        self.kind = kind

    def __reduce__(self) -> tuple[type[ModelError], tuple[str, str]]:
        return type(self), (str(self), self.kind)


class UnknownModelError(ModelError):
    """The model cannot be reached without a key, and there is none."""
