"""Tab behind our magics: subcommands, options, sessions, models."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from IPython.core.completer import CompletionContext, SimpleCompletion, context_matcher

from ipy_sessions.errors import SessionsError
from ipy_sessions.magics.configuration import IPySessions

if TYPE_CHECKING:
    from ipy_sessions.magics.host import Host


def matcher(config: IPySessions, host: Callable[[], Host]) -> Any:
    """Return the function that IPython's completer asks, in its second interface.

    Parameters
    ----------
    config
        The settings of this kernel.
    host
        Returns the kernel; asked when there is something to complete.
    """

    @context_matcher()  # type: ignore[untyped-decorator]
    def ipy_sessions_matcher(context: CompletionContext) -> dict[str, Any]:
        line, settings = context.text_until_cursor, config.settings
        if not re.match(rf"\s*%%?({settings.agent_magic}|{settings.session_magic})\s", line):
            return {"completions": []}
        from ipy_sessions.commands.completion import completions

        offer = completions(
            line,
            sessions=lambda: _names(host()),
            models=lambda: _models(host()),
            formats=_formats,
            agent=settings.agent_magic,
            session=settings.session_magic,
        )
        # IPython replaces its own token, which it splits at spaces, dashes and dots, as we do not.
        shared = len(offer.begun) - len(context.token)
        found = [word[shared:] if shared >= 0 else context.token[:-shared] + word for word in offer.words]
        return {
            "completions": [SimpleCompletion(text=word, type="magic") for word in found],
            "suppress": bool(found),
        }

    return ipy_sessions_matcher


def _models(host: Host) -> list[str]:
    return host.manager(host.place()).models.names()


def _formats() -> list[str]:
    from ipy_sessions.export.registry import FORMATS

    return list(FORMATS)


def _names(host: Host) -> list[str]:
    try:
        rows = host.manager(host.place()).list()
    except (SessionsError, OSError):
        return []
    return [row.name for row in rows if row.name]
