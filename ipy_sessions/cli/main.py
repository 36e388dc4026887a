"""``ipy-sessions``: a line is read, carried out and shown; and the shell is told how it went."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence

from ipy_sessions.cli.offers import in_a_terminal
from ipy_sessions.cli.parsing import Typed, WrongLineError, parse, parser
from ipy_sessions.cli.screen import complain, show
from ipy_sessions.errors import SessionsError

FAILED, WRONG, STOPPED, CLOSED = 1, 2, 130, 141
"""It could not be done; it was typed wrong; Ctrl-C; whoever read has gone, as a shell tells it."""


def main(words: Sequence[str] | None = None) -> int:
    """Carry out a line of the shell; return its exit code.

    Parameters
    ----------
    words
        What stands behind the program's name; ``None`` for what the shell has given.
    """
    for stream in (sys.stdout, sys.stderr):  # a terminal may know fewer characters than a conversation
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    if "_ARGCOMPLETE" in os.environ:
        from ipy_sessions.cli.completing import complete

        complete(parser())
    try:
        code = _carried_out(parse(sys.argv[1:] if words is None else words))
        sys.stdout.flush()
    except WrongLineError as error:
        complain(in_a_terminal(str(error)))
        return WRONG
    except SessionsError as error:
        complain(in_a_terminal(str(error)))
        return FAILED
    except KeyboardInterrupt:
        complain("Stopped.")
        return STOPPED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or closing it would complain
        return CLOSED
    return code


def _carried_out(typed: Typed) -> int:
    if typed.shell:
        from ipy_sessions.cli.completing import script

        show(script(typed.shell), pager=False)
        return 0
    if typed.command is None:
        show(parser().format_help().rstrip(), pager=False)
        return 0
    from ipy_sessions.cli.answering import answer

    return answer(typed.command, typed, os.environ)
