"""The settings: what can be chosen, with units and defaults, and what of it belongs to a session.

This module owns names, defaults, help and what is allowed. It refuses to know where a value comes from, except for the
environment, which scripts share with notebooks: cells, ``%config`` and IPython's files belong to the magics.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, fields, replace
from typing import Any

from ipy_sessions.errors import SettingError
from ipy_sessions.patterns import check_pattern
from ipy_sessions.retention import Policy

SYSTEM_TEXT = (
    "You are an assistant inside a Jupyter notebook. "
    "Your answers are shown as Markdown below the cell that asked, code highlighted and LaTeX rendered."
)

LARGEST = 1_000_000_000  # tokens; far beyond any model, and inside every table's integers
MOST_RETRIES = 100
LONGEST_TIMEOUT = 604_800  # seconds; a week
SMALLEST_BUDGET = 1024  # tokens that thinking takes at least, by the Messages API
EFFORTS = ("low", "medium", "high", "xhigh", "max")
REPLAY = ("auto", "strict", "off")
CHOICES = {
    "persistence": ("all", "none"),
    "on_start": ("continue", "new", "ask"),
    "effort": ("", *EFFORTS),
    "cache": ("auto", "5m", "1h", "off"),
    "sync": ("never", "turn", "entry"),
    "replay": REPLAY,
    "tidy": ("off", "archive"),
}


def _setting(default: Any, text: str) -> Any:
    return field(default=default, metadata={"help": text})


@dataclass(frozen=True, slots=True)
class Parameters:
    """What a turn is sent with besides its messages; it belongs to the session.

    Parameters
    ----------
    model
        Name of the model; empty as long as nobody has chosen one and no turn was sent.
    system
        The system text; empty for none.
    max_tokens
        The longest answer, in tokens.
    thinking
        ``"on"``, ``"off"``, a number of tokens as text, or empty for what the model does by itself.
    effort
        One of `EFFORTS`, or empty for the model's own.
    stop_sequences
        Texts at which the answer ends.
    cache
        How long the prompt is cached: ``"5m"``, ``"1h"``, ``"off"``; ``"auto"`` is ``"5m"`` where that surely works.
    chosen
        Whether somebody has chosen the model; else it is the default, which may be another one tomorrow.
    """

    model: str
    system: str
    max_tokens: int
    thinking: str = ""
    effort: str = ""
    stop_sequences: tuple[str, ...] = ()
    cache: str = "auto"
    chosen: bool = True

    def __post_init__(self) -> None:
        for name in PARAMETERS:
            _check_kind(name, getattr(self, name))
        if not 1 <= self.max_tokens <= LARGEST:
            raise SettingError(f"max_tokens is a number of tokens from 1 to {LARGEST:,}, and not {self.max_tokens}.")
        for name in ("effort", "cache"):
            _check_choice(name, getattr(self, name))
        self._check_thinking()
        if not all(text.strip() for text in self.stop_sequences):
            raise SettingError("stop_sequences are texts, and none of them can be empty.")

    def _check_thinking(self) -> None:
        budget = self.thinking
        if budget in ("", "on", "off") or (budget.isdecimal() and SMALLEST_BUDGET <= int(budget[:12]) <= LARGEST):
            return
        raise SettingError(
            f"thinking can be 'on', 'off' or a number of tokens from {SMALLEST_BUDGET} up, and not {budget!r}."
        )

    def changed(self, **changes: Any) -> Parameters:
        """Return these with another value wherever one is given that is not ``None``."""
        given = {name: value for name, value in changes.items() if value is not None}
        if "model" in given:
            given["chosen"] = bool(given["model"])
        if "stop_sequences" in given:
            given["stop_sequences"] = texts(given["stop_sequences"])
        return replace(self, **given)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Every setting, as one value.

    The attributes are the settings; each one's meaning stands beside it and is what ``%session settings`` prints. A
    value that is not allowed raises `SettingError`.
    """

    model: str = _setting(
        "",
        "The model that a new session asks; empty for the best that is found: Claude, your server's first, or offline.",
    )
    system: str = _setting(SYSTEM_TEXT, "The system text of a new session; empty for none.")
    max_tokens: int = _setting(16_000, "The longest answer, in tokens.")
    thinking: str = _setting(
        "", "How a new session's model thinks: 'on', 'off', a number of tokens, or empty for its own way."
    )
    effort: str = _setting("", f"How much a new session's model works: {', '.join(EFFORTS)}, or empty for its own way.")
    stop_sequences: tuple[str, ...] = _setting((), "Texts at which an answer of a new session ends.")
    cache: str = _setting(
        "auto", "How long a prompt is cached: '5m', '1h', 'off'; 'auto' is '5m' with Anthropic's own servers."
    )
    retries: int = _setting(5, "How often a request is repeated when the server is busy or cannot be reached.")
    retry_wait: float = _setting(
        60.0, "The longest wait before a repetition, in seconds; a server that asks for more is not waited for."
    )
    timeout: float = _setting(600.0, "Seconds of silence after which a server is given up.")
    directory: str = _setting(
        "notebook",
        "Where sessions are: 'notebook' for .sessions beside the notebook, 'user' for your data folder, or a path.",
    )
    persistence: str = _setting(
        "all", "'all' writes every session to a file, 'none' keeps new sessions in memory alone."
    )
    secrets: tuple[str, ...] = _setting(
        (), "Regular expressions of secrets to mask; of a match the group called 'secret', or else all of it."
    )
    replay: str = _setting(
        "auto",
        "'auto' shows what is logged when a cell runs again, and asks when it has changed; 'strict' never asks; 'off' "
        "always does.",
    )
    sync: str = _setting(
        "turn", "When the disk itself has to hold what was written: 'never', at the end of a 'turn', or each 'entry'."
    )
    tidy: str = _setting(
        "off",
        "'archive': at load, leave out of the list what was last said 30 days ago, and all but the latest 100.",
    )
    prune_older_than: str = _setting(
        "", "At load, put sessions into the trash whose last message is older: '365d'; empty for none."
    )
    prune_keep: str = _setting("", "At load, put all but the latest so many into the trash: '1000'; empty for none.")
    prune_max_bytes: str = _setting(
        "", "At load, put the oldest into the trash until the rest is no larger: '5GB'; empty for none."
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
        keep: Any = self.prune_keep
        if type(keep) is int:  # a number is what one types
            object.__setattr__(self, "prune_keep", str(keep))
        for name in ("stop_sequences", "secrets"):
            object.__setattr__(self, name, texts(getattr(self, name)))  # a list is what one types
        for name in DEFAULTS:
            _check_kind(name, getattr(self, name))
        for name in CHOICES:
            _check_choice(name, getattr(self, name))
        _ = self.parameters, self.pruning  # which check their own
        for pattern in self.secrets:
            check_pattern(pattern)
        self._check_names()
        if "\0" in self.directory + self.notebook:
            raise SettingError("directory and notebook are paths, and no path holds a NUL character.")
        self._check_numbers()

    def _check_numbers(self) -> None:
        for name in ("offline_delay", "retry_wait"):
            if not 0 <= (value := getattr(self, name)) < math.inf:
                raise SettingError(f"{name} is a number of seconds from 0 up, and not {value}.")
        if not 0 < self.timeout <= LONGEST_TIMEOUT:
            raise SettingError(f"timeout is a number of seconds above 0, at most {LONGEST_TIMEOUT:,}: {self.timeout}.")
        if not 0 <= self.retries <= MOST_RETRIES:
            raise SettingError(f"retries is a number from 0 to {MOST_RETRIES}, and not {self.retries}.")

    def _check_names(self) -> None:
        for name in ("agent_magic", "session_magic"):
            if not re.fullmatch(r"[^\W\d]\w*", value := getattr(self, name)):
                raise SettingError(f"{name} is one word, such as 'ask', and not {value!r}.")
        if self.agent_magic == self.session_magic:
            raise SettingError(f"agent_magic and session_magic cannot both be {self.agent_magic!r}.")

    @property
    def parameters(self) -> Parameters:
        """What a new session's turns are sent with."""
        own = {name: getattr(self, name) for name in PARAMETERS}
        return Parameters(**own, chosen=bool(self.model))

    @property
    def pruning(self) -> Policy:
        """What may go at load."""
        limits = {name: getattr(self, f"prune_{name}") or None for name in ("older_than", "keep", "max_bytes")}
        try:
            return Policy.parse(**limits)
        except SettingError as error:  # which begins with the limit's name
            raise SettingError(f"prune_{error}") from None

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Settings:
        """Return the defaults, changed by the variables ``IPY_SESSIONS_…`` of `environ`.

        Raises
        ------
        SettingError
            For a value that cannot be read or is not allowed.
        """
        return cls(**given_in(environ))


KINDS = {str: "text", int: "a whole number", float: "a number", tuple: "a list of texts"}
PARAMETERS = tuple(one.name for one in fields(Parameters) if one.name != "chosen")
"""The settings that belong to a session."""
DEFAULTS: dict[str, Any] = {setting.name: setting.default for setting in fields(Settings)}
HELP = {setting.name: str(setting.metadata["help"]) for setting in fields(Settings)}


def _check_kind(name: str, value: object) -> None:
    kind = type(DEFAULTS[name])
    if kind is tuple:
        right = isinstance(value, tuple) and all(isinstance(text, str) for text in value)
    else:
        right = isinstance(value, int | float if kind is float else kind) and not isinstance(value, bool)
    if not right:
        raise SettingError(f"{name} is {KINDS[kind]}, and not {value!r}.")


def _check_choice(name: str, value: str) -> None:
    if value not in CHOICES[name]:
        allowed = " or ".join(repr(choice) for choice in CHOICES[name] if choice)
        raise SettingError(f"{name} can be {allowed}, and not {value!r}.")


def texts(value: Any) -> Any:
    """Return a list as the tuple that a frozen value holds; anything else as it is."""
    return tuple(value) if isinstance(value, list) else value


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
    kind = type(DEFAULTS[name])
    if kind is tuple:
        return _list(written)
    try:
        return kind(written)
    except ValueError:
        raise SettingError(f"{name} is a number, and not {written!r}.") from None


def _list(written: str) -> Any:
    """Read a JSON list, or the text itself as the only one."""
    if written.startswith("["):
        with suppress(ValueError, RecursionError):
            return texts(json.loads(written))
    return (written,) if written else ()
