"""Reads ``%session``: the word behind it, and what its row in `forms` makes of the rest; and prints its help."""

from __future__ import annotations

import difflib
import re
import shlex

from ipy_sessions.commands.forms import FORMS
from ipy_sessions.commands.values import Command, Where
from ipy_sessions.errors import CommandError

TOPICS = {
    "model": """\
Which model answers? The nearest of these that names one:

  %%agent --model NAME               this turn
  %session settings model=NAME       this session
  %config IPySessions.model = NAME   new sessions of this kernel; or
                                     IPY_SESSIONS_MODEL in the environment

and when none does, the best that is found:

  a key            claude-sonnet-5-5. Give the key to ANTHROPIC_API_KEY before
                   Jupyter starts, so that it stands in no notebook. In a cell:
                   import os, getpass
                   os.environ["ANTHROPIC_API_KEY"] = getpass.getpass()
  a local server   the first model that it lists. Give its address to
                   ANTHROPIC_BASE_URL: http://localhost:11434 for Ollama.
                   It needs no key.
  neither          offline, a small fixed program and no language model.

Tab behind --model shows the models that there are."""
}
"""What has help of its own and is no command."""


def parse_session(line: str, body: str = "") -> Command:
    """Read ``%session LINE``, or ``%%session LINE`` with the cell's body.

    Raises
    ------
    CommandError
        For a word that is no command, and for arguments that it does not take.
    """
    words = _split(line)
    if not words:
        return Where()
    name, *arguments = words
    if name not in FORMS:
        raise CommandError(_no_command(name))
    form = FORMS[name]
    if form.verbatim:
        arguments = _verbatim(line.strip()[len(name) :], body)
    elif body.strip():
        raise CommandError(f"`%session {name}` stands on one line: what is below it was not read.")
    return form.build(form.parser.parse_args(arguments))


def _verbatim(rest: str, body: str) -> list[str]:
    """Return the options in front, word by word, and all that stands behind them as it was typed."""
    options: list[str] = []
    while (option := re.match(r"\s*(--[a-z]+)(?:=|\s+)(\S+)", rest)) is not None:
        options += option.groups()
        rest = rest[option.end() :]
    return [*options, "--", "\n".join(text for text in (rest.strip(), body.rstrip()) if text)]


def session_help(command: str) -> str:
    """Return the help of one command.

    Raises
    ------
    CommandError
        When there is no such command.
    """
    if command in TOPICS:
        return TOPICS[command]
    if command not in FORMS:
        raise CommandError(_no_command(command))
    return FORMS[command].parser.format_help()


def overview() -> list[tuple[str, str]]:
    """Return each command with its help in one line."""
    return [(form.name, form.text) for form in FORMS.values()]


def _split(line: str) -> list[str]:
    words = shlex.shlex(line, posix=True, punctuation_chars=False)
    words.whitespace_split, words.escape, words.commenters = True, "", ""
    try:
        return list(words)
    except ValueError:  # an apostrophe, as in a name
        return line.split()


def _no_command(name: str) -> str:
    near = difflib.get_close_matches(name, FORMS, n=1)
    meant = f" Did you mean `%session {near[0]}`?" if near else ""
    return f"There is no `%session {name}`.{meant} `%session help` shows what there is."
