"""The settings of a kernel: ``%config IPySessions.name = value`` and where each value comes from.

Nearest first: what is set by ``%config`` in this kernel, the environment variable ``IPY_SESSIONS_NAME``, IPython's
config files, the default. What stands in a cell, and what belongs to a session, is nearer still and not decided here.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from copy import deepcopy
from typing import Any

import traitlets
from traitlets import observe, validate
from traitlets.config import Config, Configurable

from ipy_sessions.errors import SettingError
from ipy_sessions.settings import DEFAULTS, HELP, Settings, convert, variable


def _trait(name: str) -> Any:
    # Of any kind for traitlets: `Settings` knows what is allowed, and says it in one line.
    return traitlets.Any(DEFAULTS[name], help=HELP[name]).tag(config=True)


_Traits: type[Configurable] = type("_Traits", (Configurable,), {name: _trait(name) for name in DEFAULTS})


class IPySessions(_Traits):  # type: ignore[valid-type,misc] # its traits are the fields of Settings
    """The settings of this kernel. A value that is not allowed is refused in one line, and the old one stays.

    Parameters
    ----------
    config
        IPython's configuration.
    environ
        The environment.
    owner
        Who made this; found again through it.
    """

    def __init__(self, config: Config, environ: Mapping[str, str], owner: Any = None) -> None:
        self.owner = owner
        self.sources = dict.fromkeys(DEFAULTS, "default")
        """Where each setting's value comes from, in words."""
        self._accepted = dict(DEFAULTS)
        # The environment is merged into the configuration, which traitlets applies anew at every %config.
        merged = deepcopy(config)
        given = {name: ("IPython's config", value) for name, value in merged.IPySessions.items() if name in DEFAULTS}
        for name in DEFAULTS:
            if written := environ.get(variable(name)):
                try:
                    given[name] = (variable(name), convert(name, written))
                except SettingError as error:
                    _refuse(f"{variable(name)}: {error}")
        merged.IPySessions.update({name: value for name, (_, value) in given.items()})
        super().__init__(config=merged)
        for name, (source, value) in given.items():
            if self._accepted[name] == value:
                self.sources[name] = source

    @property
    def values(self) -> dict[str, Any]:
        """Every setting's value."""
        return dict(self._accepted)

    @property
    def settings(self) -> Settings:
        """The settings as one value."""
        return Settings(**self.values)

    @validate(*DEFAULTS)
    def _allowed(self, proposal: Any) -> Any:
        name, value = proposal["trait"].name, proposal["value"]
        try:
            Settings(**{**self._accepted, name: value})
        except SettingError as error:
            _refuse(str(error))
            self.config.IPySessions[name] = self._accepted[name]  # or it would be proposed again with every %config
        else:
            self._accepted[name] = value
        return self._accepted[name]

    @observe(*DEFAULTS)
    def _changed(self, change: Any) -> None:
        if change["new"] != change["old"]:
            self.sources[change["name"]] = "%config"


def _refuse(sentence: str) -> None:
    print(sentence, file=sys.stderr)  # noqa: T201 - one line, where %config has no other way to answer
