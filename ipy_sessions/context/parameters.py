"""With which parameters a turn is sent, as the log says it. Pure.

Parameters are in the log as ``settings`` entries, written whenever they change. One marked ``"scope": "turn"``
holds for the turn that follows it; one without a mark belongs to the session and holds until the next. So any request
can be rebuilt from the path that leads to it. One with ``"chosen": false`` names the model that was the default then:
it says what was sent and binds no later turn.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from ipy_sessions.entries import Entry, NewEntry
from ipy_sessions.errors import SettingError
from ipy_sessions.settings import DEFAULTS, PARAMETERS, Parameters, texts

OPTIONS = tuple(name for name in PARAMETERS if name not in ("model", "system", "max_tokens"))
"""What is written only where it is not the default."""


def own_parameters(path: Sequence[Entry]) -> Parameters | None:
    """Return the parameters that belong to the session at the end of `path`; ``None`` before the first."""
    return _parameters_of([entry for entry in path if entry.fields.get("scope") != "turn"])


def last_parameters(path: Sequence[Entry]) -> Parameters | None:
    """Return the parameters that the last turn of `path` was sent with; ``None`` before the first."""
    return _parameters_of(path)


def _parameters_of(path: Sequence[Entry]) -> Parameters | None:
    for entry in reversed(path):
        if entry.type == "settings" and (read := _parameters(entry.fields)) is not None:
            return read
    return None


def _parameters(fields: dict[str, Any]) -> Parameters | None:
    """Return what one ``settings`` entry says; ``None`` for one that says nothing that could be sent."""
    match fields:
        case {"model": str(model), "system": str(system), "options": {"max_tokens": int(max_tokens), **options}}:
            read = {name: texts(options[name]) for name in OPTIONS if name in options}
            with suppress(SettingError):  # a value that no turn could be sent with, as after a change by hand
                return Parameters(model, system, max_tokens, **read, chosen=fields.get("chosen") is not False)
    return None


def settings_entry(parameters: Parameters, *, for_one_turn: bool = False) -> NewEntry:
    """Return the entry that says that turns are sent with `parameters` from here on, or the next one alone."""
    options = {name: value for name in OPTIONS if (value := getattr(parameters, name)) != DEFAULTS[name]}
    fields: dict[str, Any] = {
        "model": parameters.model,
        "system": parameters.system,
        "options": {"max_tokens": parameters.max_tokens, **options},
    }
    if not parameters.chosen:
        fields["chosen"] = False
    if for_one_turn:
        fields["scope"] = "turn"
    return NewEntry("settings", fields)


def settings_needed(path: Sequence[Entry], own: Parameters, wanted: Parameters) -> list[NewEntry]:
    """Return the entries to write before a turn, so that the log says what it is sent with.

    Parameters
    ----------
    path
        The conversation so far.
    own
        The session's parameters; written when the path does not hold them.
    wanted
        The turn's.
    """
    needed = [] if own_parameters(path) == own else [settings_entry(own)]
    last = own if needed else last_parameters(path)
    if wanted != last:
        needed.append(settings_entry(wanted, for_one_turn=wanted != own))
    return needed
