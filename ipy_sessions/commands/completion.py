"""What may stand where a line ends, for Tab."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

from ipy_sessions.commands.agent import WORD, agent_parser
from ipy_sessions.commands.forms import FORMS
from ipy_sessions.commands.parser import options_of
from ipy_sessions.commands.session import TOPICS
from ipy_sessions.commands.values import BRANCHES
from ipy_sessions.settings import EFFORTS, PARAMETERS


class Offer(NamedTuple):
    """What Tab offers.

    Parameters
    ----------
    begun
        The end of the line that is to be replaced.
    words
        What may stand in its place.
    """

    begun: str
    words: list[str]


Names: TypeAlias = Callable[[], Sequence[str]]

NOTHING = Offer("", [])
_CHOICES = {"thinking": ("on", "off"), "effort": EFFORTS, "cache": ("5m", "1h", "off")}


def completions(line: str, *, sessions: Names, models: Names, formats: Names, agent: str, session: str) -> Offer:
    """Return what may stand where `line` ends.

    Parameters
    ----------
    line
        The line as far as the cursor.
    sessions, models, formats
        Return the names that there are; called when they are what is asked for.
    agent, session
        The magics' names.
    """
    found = re.match(rf"\s*(?:%%?(?P<agent>{agent})|%{session})\s+", line)
    if found is None:
        return NOTHING
    rest = line[found.end() :]
    # The last word, which begins at a quote that is still open.
    begun = rest[rest.rindex('"') :] if rest.count('"') % 2 else re.split(r"\s", rest)[-1]
    before = [word[0] for word in WORD.finditer(rest[: len(rest) - len(begun)])]
    if found["agent"]:
        return _agent(before, begun, lambda: _in_words(sessions()), models)
    if before and before[0] in {"open", "show", "tree", "usage"} and not begun.startswith("-"):
        written = rest.partition(before[0])[2].lstrip()
        offer = _starting(written.lstrip("\"'"), sessions())
        return offer if written == offer.begun else Offer(written, offer.words)
    if before == ["compare"] or before[:-1] == ["compare"]:
        return _starting(begun, _in_words(sessions()))
    return _session(before, begun, models, lambda: _in_words(sessions()), formats)


def _in_words(names: Sequence[str]) -> list[str]:
    """Return names as one word each, in quotes where there are spaces."""
    return [f'"{name}"' if " " in name else name for name in names]


def _starting(begun: str, words: Sequence[str]) -> Offer:
    return Offer(begun, [word for word in words if word.startswith((begun, f'"{begun}'))])


def _session(before: list[str], begun: str, models: Names, sessions: Names, formats: Names) -> Offer:
    if not before:
        return _starting(begun, list(FORMS))
    if before == ["help"]:
        return _starting(begun, [*FORMS, *TOPICS])
    if before[0] == "settings":
        return _settings(begun, models)
    if before[0] == "export":
        return _export(before, begun, sessions, formats)
    if begun.startswith("-") and before[0] in FORMS:
        return _starting(begun, options_of(FORMS[before[0]].parser))
    return NOTHING


def _export(before: list[str], begun: str, sessions: Names, formats: Names) -> Offer:
    if begun.startswith("-"):
        return _starting(begun, options_of(FORMS["export"].parser))
    values = {"export": formats if len(before) == 1 else list, "--of": sessions, "--branch": lambda: BRANCHES}
    return _starting(begun, values.get(before[-1], list)())


def _settings(begun: str, models: Names) -> Offer:
    name, equals, _ = begun.partition("=")
    if not equals:
        return _starting(begun, [f"{name}=" for name in PARAMETERS])
    values = models() if name == "model" else _CHOICES.get(name, ())
    return _starting(begun, [f"{name}={value}" for value in values])


def _agent(before: list[str], begun: str, sessions: Names, models: Names) -> Offer:
    values: dict[str, Names] = {"--model": models, "-m": models, "--session": sessions, "-s": sessions}
    values.update({f"--{name}": lambda choices=choices: choices for name, choices in _CHOICES.items()})  # type: ignore[misc]
    option, equals, _ = begun.partition("=")
    if equals and option in values:
        return _starting(begun, [f"{option}={value}" for value in values[option]()])
    if before and before[-1] in values:
        return _starting(begun, values[before[-1]]())
    # Options stand before the prompt: after a word of it, nothing is offered.
    return _starting(begun, options_of(agent_parser())) if begun.startswith("-") and _only_options(before) else NOTHING


def _only_options(words: list[str]) -> bool:
    """Tell whether some words are options and their values alone; each of our options has one."""
    rest = iter(words)
    for word in rest:
        if not word.startswith("-"):
            return False
        if "=" not in word:
            next(rest, None)
    return True
