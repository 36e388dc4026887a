"""What another agent asked its model with, as the fields of a ``settings`` entry.

Such an entry names the model that was asked then and binds no later turn to it (``"chosen": false``), since that model
may be one that nobody here can ask. The system text and how much the model thinks do hold on; what the other agent has
not written, as the longest answer, has our default.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from ipy_sessions.context.parameters import settings_entry
from ipy_sessions.settings import DEFAULTS, EFFORTS, Parameters

EFFORT = {"minimal": "low", **{effort: effort for effort in EFFORTS}}
"""How much a model thinks, in the words of several agents, and in those of the Messages API."""


class Asked(NamedTuple):
    """What is known of how a model is asked from one step on.

    Parameters
    ----------
    model
        Its name; empty while that is not known.
    level
        How much it thinks: ``"off"``, one of `EFFORT`, or whatever else was written; empty while that is not known.
    texts
        The system text, in its parts.
    sections
        Parts of it that have names, behind those.
    """

    model: str = ""
    level: str = ""
    texts: tuple[str, ...] = ()
    sections: tuple[tuple[str, str], ...] = ()

    def told(self, text: str) -> Asked:
        """Return these with one more part of the system text, unless it says that already."""
        return self._replace(texts=(*self.texts, text)) if text and text not in self.texts else self

    def named(self, name: str, text: str | None) -> Asked:
        """Return these with another text in the section of that name, or with ``None`` without it."""
        sections = dict(self.sections)
        if text is None:
            sections.pop(name, None)
        else:
            sections[name] = text
        return self._replace(sections=tuple(sections.items()))

    @property
    def fields(self) -> dict[str, Any]:
        """The fields of a ``settings`` entry."""
        effort = EFFORT.get(self.level, "")
        thinking = "off" if self.level == "off" else "on" if effort else ""
        system = "\n\n".join(filter(None, [*self.texts, *dict(self.sections).values()]))
        asked = Parameters(self.model, system, DEFAULTS["max_tokens"], thinking, effort, chosen=False)
        return settings_entry(asked).fields
