"""The settings of a kernel: ``%config IPySessions.name = value`` and where each value comes from.

Nearest first: what is set by ``%config`` in this kernel, the environment variable ``IPY_SESSIONS_NAME``, IPython's
config files, the default. What stands in a cell, and what belongs to a session, is nearer still and not decided here.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from traitlets import Float, Int, TraitType, Unicode, observe, validate
from traitlets.config import Config, Configurable

from ipy_sessions.errors import SettingError
from ipy_sessions.settings import DEFAULTS, HELP, Settings, convert, variable

_KINDS: dict[type, Any] = {str: Unicode, int: Int, float: Float}


def _trait(name: str) -> TraitType[Any, Any]:
    trait: TraitType[Any, Any] = _KINDS[type(DEFAULTS[name])](DEFAULTS[name], help=HELP[name])
    return trait.tag(config=True)


_Traits: type[Configurable] = type("_Traits", (Configurable,), {name: _trait(name) for name in DEFAULTS})


class IPySessions(_Traits):  # type: ignore[valid-type,misc] # its traits are the fields of Settings
    """The settings of this kernel. A value that is not allowed is refused in one line, and the old one stays.

    Parameters
    ----------
    config
        IPython's configuration.
    environ
        The environment.
    """

    def __init__(self, config: Config, environ: Mapping[str, str]) -> None:
        self.sources = dict.fromkeys(DEFAULTS, "default")
        """Where each setting's value comes from, in words."""
        in_files = dict.fromkeys(config.get("IPySessions", {}), "IPython's config")
        self._loading = True
        # The environment is merged into the configuration, which traitlets applies anew at every %config.
        merged = deepcopy(config)
        self._refused: list[str] = []
        self._accepted = dict(DEFAULTS)
        for name in DEFAULTS:
            if written := environ.get(variable(name)):
                try:
                    merged.IPySessions[name] = convert(name, written)
                    in_files[name] = variable(name)
                except SettingError as error:
                    self._refuse(f"{variable(name)}: {error}")
        super().__init__(config=merged)
        self.sources.update({name: source for name, source in in_files.items() if name in DEFAULTS})
        self._loading = False

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
            self._refuse(str(error))
        else:
            self._accepted[name] = value
        return self._accepted[name]

    @observe(*DEFAULTS)
    def _changed(self, change: Any) -> None:
        if not self._loading:
            self.sources[change["name"]] = "%config"

    def _refuse(self, sentence: str) -> None:
        # traitlets applies a configuration more than once; a sentence is said once.
        if sentence not in self._refused:
            self._refused.append(sentence)
            print(sentence, file=sys.stderr)  # noqa: T201 - one line, where %config has no other way to answer
