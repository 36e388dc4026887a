"""What may stand where a line ends, for Tab."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ipy_sessions.commands.agent import agent_parser
from ipy_sessions.commands.parser import options_of
from ipy_sessions.commands.session import FORMS


def completions(line: str, *, sessions: Sequence[str], models: Sequence[str], agent: str, session: str) -> list[str]:
    """Return the words that may stand where `line` ends.

    Parameters
    ----------
    line
        The line as far as the cursor.
    sessions, models
        The names that there are.
    agent, session
        The magics' names.
    """
    found = re.match(rf"\s*(?:%%?{agent}|%{session})\s+(?:.*\s)?", line)
    if found is None:
        return []
    begun = line[found.end() :]
    before = line[: found.end()].split()
    if before[0] == f"%{session}":
        candidates = _after_session(before[1:], begun, sessions)
    else:
        candidates = _after_agent(before[1:], begun, sessions, models)
    return [word for word in candidates if word.startswith(begun)]


def _after_session(before: list[str], begun: str, sessions: Sequence[str]) -> Sequence[str]:
    if not before or before == ["help"]:
        return list(FORMS)
    if begun.startswith("-"):
        return options_of(FORMS[before[0]].parser) if before[0] in FORMS else []
    if before[0] in {"open", "show"}:
        return sessions
    return [f"{name}=" for name in ("model", "system", "max_tokens")] if before[0] == "settings" else []


def _after_agent(before: list[str], begun: str, sessions: Sequence[str], models: Sequence[str]) -> Sequence[str]:
    match before[-1] if before else "":
        case "--model" | "-m":
            return models
        case "--session" | "-s":
            return sessions
    # Options stand before the prompt: after a word of it, nothing is offered.
    values = before[1::2]
    if begun.startswith("-") and all(word.startswith("-") for word in before[0::2]) and len(values) * 2 == len(before):
        return options_of(agent_parser())
    return []
