"""One conversation as a search sees it: what it is called, whose it is, what its tools and turns are.

It is read when something was found in it, and not before: most of them are passed over.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

from ipy_sessions.counting import name_of
from ipy_sessions.entries import Entry
from ipy_sessions.readers.own import transcript
from ipy_sessions.readers.transcript import Transcript
from ipy_sessions.searching.said import calls
from ipy_sessions.store.reading import read
from ipy_sessions.summary import title_of
from ipy_sessions.table.part import Part


class Searched:
    """One conversation.

    Parameters
    ----------
    source
        A file of ours, or what was read already.
    """

    def __init__(self, source: str | Transcript) -> None:
        self._source = source

    @cached_property
    def part(self) -> Part:
        """All of it.

        Raises
        ------
        NotASessionError, OSError
            When its file cannot be read any more.
        """
        if isinstance(self._source, Transcript):
            return Part(self._source)
        return Part(transcript(read(Path(self._source).resolve()), self._source))

    @cached_property
    def title(self) -> str:
        """Its name, or the beginning of its first message, or the end of its id."""
        first = next((entry.text for entry in self.part.messages if entry.role == "user"), "")
        return title_of(name_of(self.part.transcript.header, self.part.tree), first, self.part.session)

    @cached_property
    def notebook(self) -> str | None:
        """The notebook that it belongs to."""
        return self.part.notebook

    @cached_property
    def _calls(self) -> dict[str, str]:
        return calls(iter(self.part.messages))

    def name_of(self, call: str) -> str | None:
        """Return the name of the tool that was called."""
        return self._calls.get(call)

    def turn_of(self, entry: Entry) -> int | None:
        """Return the number of the turn that a message belongs to."""
        question = self.part.turns.question_of(entry.id)
        return None if question is None else self._numbers[question]

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {question: number for number, question in enumerate(self.part.turns.ids, start=1)}
