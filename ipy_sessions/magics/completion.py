"""Tab behind our magics: subcommands, options, sessions, models."""

from __future__ import annotations

from typing import Any

from IPython.core.completer import CompletionContext, SimpleCompletion, context_matcher

from ipy_sessions.commands.completion import completions
from ipy_sessions.errors import SessionsError
from ipy_sessions.magics.host import Host
from ipy_sessions.model.registry import NAMES


def matcher(host: Host) -> Any:
    """Return the function that IPython's completer asks, in its second interface."""

    @context_matcher()  # type: ignore[untyped-decorator]
    def ipy_sessions_matcher(context: CompletionContext) -> dict[str, Any]:
        settings = host.config.settings
        line = context.text_until_cursor
        magic = line.lstrip().lstrip("%").split(" ")[0]
        if not line.lstrip().startswith("%") or magic not in (settings.agent_magic, settings.session_magic):
            return {"completions": []}
        found = completions(
            line, sessions=_names(host), models=NAMES, agent=settings.agent_magic, session=settings.session_magic
        )
        return {
            "completions": [SimpleCompletion(text=_behind(word, line, context.token), type="magic") for word in found],
            "suppress": bool(found),
        }

    return ipy_sessions_matcher


def _behind(word: str, line: str, token: str) -> str:
    """Return the part of a word that replaces IPython's token: it splits words at dashes and dots, we do not."""
    begun = line.rsplit(" ", 1)[-1]
    return word[len(begun) - len(token) :] if begun.endswith(token) else word


def _names(host: Host) -> list[str]:
    try:
        rows = host.manager(host.place()).list()
    except (SessionsError, OSError):
        return []
    return [f'"{row.name}"' if " " in row.name else row.name for row in rows if row.name]
