"""Which model answers to a name."""

from __future__ import annotations

from ipy_sessions.errors import UnknownModelError
from ipy_sessions.model.interface import Model
from ipy_sessions.model.offline import OfflineModel
from ipy_sessions.settings import Settings

NAMES = (OfflineModel.name,)
"""The models that there are, for completion and for the error's sentence."""


def find(name: str, settings: Settings) -> Model:
    """Return the model called `name`.

    Raises
    ------
    UnknownModelError
        When there is none.
    """
    if name == OfflineModel.name:
        return OfflineModel(delay=settings.offline_delay)
    raise UnknownModelError(f"There is no model {name!r} here. There is: {', '.join(NAMES)}.")
