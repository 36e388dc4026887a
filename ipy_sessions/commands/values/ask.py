"""An ask, as it was typed."""

from __future__ import annotations

from typing import Any

import msgspec


class Ask(msgspec.Struct, frozen=True):
    """``%%agent``: ask the model.

    Parameters
    ----------
    prompt
        What to ask, as it was typed: the first line's text, then the body.
    options
        What was given for this turn alone: ``model``, ``system``, ``max_tokens`` and so on, as `Parameters` has them.
    session
        Reference of the session that this ask alone goes to; ``None`` for the current one.
    out
        Name of the variable that gets the reply; ``None`` for none.
    take
        Which answer to it is meant, from 1.
    replay
        The setting `replay` for this ask alone; ``None`` for what holds.
    pace
        Whether a logged answer is shown as slowly as it came.
    """

    prompt: str
    options: dict[str, Any] = {}
    session: str | None = None
    out: str | None = None
    take: int = 1
    replay: str | None = None
    pace: bool = False
