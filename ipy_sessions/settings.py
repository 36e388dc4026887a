"""The settings: what can be chosen, with units and defaults, and what of it belongs to a session.

This module owns names, defaults, help and what is allowed. It refuses to know where a value comes from, except for the
environment, which scripts share with notebooks: cells, ``%config`` and IPython's files belong to the magics.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from ipy_sessions.errors import SettingError

SYSTEM_TEXT = (
    "You are an assistant inside a Jupyter notebook. "
    "Your answers are shown as Markdown below the cell that asked, code highlighted and LaTeX rendered."
)

LARGEST = 1_000_000_000  # tokens; far beyond any model, and inside every table's integers
CHOICES = {"persistence": ("all", "none"), "on_start": ("continue", "new", "ask")}


def _setting(default: Any, text: str) -> Any:
    return field(default=default, metadata={"help": text})


@dataclass(frozen=True, slots=True)
class Parameters:
    """What a turn is sent with besides its messages; it belongs to the session.

    Parameters
    ----------
    model
        Name of the model.
    system
        The system text; empty for none.
    max_tokens
        The longest answer, in tokens.
    """

    model: str
    system: str
    max_tokens: int

    def __post_init__(self) -> None:
        for name in ("model", "system", "max_tokens"):
            if not _is_of_kind(value := getattr(self, name), kind := type(DEFAULTS[name])):
                raise SettingError(f"{name} is {KINDS[kind]}, and not {value!r}.")
        if not 1 <= self.max_tokens <= LARGEST:
            raise SettingError(f"max_tokens is a number of tokens from 1 to {LARGEST:,}, and not {self.max_tokens}.")

    def changed(
        self, *, model: str | None = None, system: str | None = None, max_tokens: int | None = None
    ) -> Parameters:
        """Return these with another value wherever one is given."""
        return Parameters(
            model=self.model if model is None else model,
            system=self.system if system is None else system,
            max_tokens=self.max_tokens if max_tokens is None else max_tokens,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Every setting, as one value.

    The attributes are the settings; each one's meaning stands beside it and is what ``%session settings`` prints. A
    value that is not allowed raises `SettingError`.
    """

    model: str = _setting("offline", "The model that a new session asks.")
    system: str = _setting(SYSTEM_TEXT, "The system text of a new session; empty for none.")
    max_tokens: int = _setting(16_000, "The longest answer, in tokens.")
    directory: str = _setting(
        "notebook",
        "Where sessions are: 'notebook' for .sessions beside the notebook, 'user' for your data folder, or a path.",
    )
    persistence: str = _setting(
        "all", "'all' writes every session to a file, 'none' keeps new sessions in memory alone."
    )
    on_start: str = _setting(
        "continue",
        "The session of a fresh kernel's first ask: 'continue' the latest, a 'new' one, or 'ask' to be told.",
    )
    notebook: str = _setting("", "Path of the notebook, where it cannot be found out; empty to find it out.")
    offline_delay: float = _setting(0.02, "Seconds that the offline model takes over each word.")
    agent_magic: str = _setting("agent", "The name of %%agent and %agent.")
    session_magic: str = _setting("session", "The name of %session.")

    def __post_init__(self) -> None:
        for name, default in DEFAULTS.items():
            if not _is_of_kind(value := getattr(self, name), type(default)):
                raise SettingError(f"{name} is {KINDS[type(default)]}, and not {value!r}.")
        for name, allowed in CHOICES.items():
            if (value := getattr(self, name)) not in allowed:
                raise SettingError(f"{name} can be {' or '.join(map(repr, allowed))}, and not {value!r}.")
        Parameters(self.model, self.system, self.max_tokens)
        self._check_names()
        if "\0" in self.directory + self.notebook:
            raise SettingError("directory and notebook are paths, and no path holds a NUL character.")
        if not 0 <= self.offline_delay < math.inf:
            raise SettingError(f"offline_delay is a number of seconds from 0 up, and not {self.offline_delay}.")

    def _check_names(self) -> None:
        for name in ("agent_magic", "session_magic"):
            if not re.fullmatch(r"[^\W\d]\w*", value := getattr(self, name)):
                raise SettingError(f"{name} is one word, such as 'ask', and not {value!r}.")
        if self.agent_magic == self.session_magic:
            raise SettingError(f"agent_magic and session_magic cannot both be {self.agent_magic!r}.")

    @property
    def parameters(self) -> Parameters:
        """What a new session's turns are sent with."""
        return Parameters(self.model, self.system, self.max_tokens)

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Settings:
        """Return the defaults, changed by the variables ``IPY_SESSIONS_…`` of `environ`.

        Raises
        ------
        SettingError
            For a value that cannot be read or is not allowed.
        """
        return cls(**given_in(environ))


KINDS = {str: "text", int: "a whole number", float: "a number"}
DEFAULTS: dict[str, Any] = {setting.name: setting.default for setting in fields(Settings)}
HELP = {setting.name: str(setting.metadata["help"]) for setting in fields(Settings)}


def _is_of_kind(value: object, kind: type) -> bool:
    if isinstance(value, bool):
        return False
    return isinstance(value, int | float) if kind is float else isinstance(value, kind)


def variable(name: str) -> str:
    """Return the environment variable of a setting."""
    return f"IPY_SESSIONS_{name.upper()}"


def given_in(environ: Mapping[str, str]) -> dict[str, Any]:
    """Return the settings that an environment holds, each of its own kind."""
    return {name: convert(name, environ[variable(name)]) for name in DEFAULTS if environ.get(variable(name))}


def convert(name: str, written: str) -> Any:
    """Return a setting's value from how it is written in an environment variable or on a line.

    Raises
    ------
    SettingError
        For a name that is no setting's, and a number that is none.
    """
    if name not in DEFAULTS:
        raise SettingError(f"There is no setting {name!r}. The settings are {', '.join(DEFAULTS)}.")
    try:
        return type(DEFAULTS[name])(written)
    except ValueError:
        raise SettingError(f"{name} is a number, and not {written!r}.") from None
