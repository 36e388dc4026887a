"""What a magic raises when it could not do its work: one line in every host, and no page of traceback."""

from __future__ import annotations

from IPython.core.error import UsageError


class MagicError(UsageError):
    """A magic could not do what it was asked to, and says so in one line.

    IPython prints a plain `UsageError` and sends no traceback with it, so that papermill, which repeats the traceback
    of the cell that failed, has nothing to say, and the cell in its file looks as if it had gone well.
    """

    def _render_traceback_(self) -> list[str]:
        return [f"UsageError: {self}"]
