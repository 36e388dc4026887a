"""What is known of messages beside what they say. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Self

from ipy_sessions.entries import Block, Entry
from ipy_sessions.render.parts import cell_of
from ipy_sessions.turns import Turn, Turns


@dataclass(frozen=True, slots=True)
class Marks:
    """What is known of messages beside what they say.

    Parameters
    ----------
    hidden
        Ids of those that are not sent.
    labels, numbers
        The labels of turns, and their numbers, by the ids of their questions.
    turns
        All of the conversation, if what else was asked at the same place is to be told.
    content
        Gives the content of a message with its payloads in their places.
    """

    hidden: AbstractSet[str] = frozenset()
    labels: Mapping[str, str] = field(default_factory=dict)
    numbers: Mapping[str, int] = field(default_factory=dict)
    turns: Turns | None = None
    content: Callable[[Entry], Sequence[Block]] = lambda entry: entry.content

    @classmethod
    def known(cls, turns: Turns, hidden: AbstractSet[str], content: Callable[[Entry], Sequence[Block]]) -> Self:
        """Return all that is known of the messages of a conversation."""
        numbers = {question: number for number, question in enumerate(turns.ids, start=1)}
        return cls(hidden, turns.labels, numbers, turns, content)

    def of(self, entry: Entry) -> list[str]:
        """Return what is said of a message in small print: its label, its cell, whether it is a copy or not sent."""
        label = [f"“{self.labels[entry.id]}”"] if entry.id in self.labels else []
        ran = cell_of(entry)
        cell = [f"cell {ran}"] if ran else []
        origin = entry.fields.get("carried_from")
        copy = [] if origin is None else ["carried along"]
        if isinstance(origin, str) and origin in self.numbers:
            copy = [f"carried along from turn {self.numbers[origin]}"]
        version = self.version(entry)
        return [*label, *cell, *copy, *([version] if version else []), *(["hidden"] if entry.id in self.hidden else [])]

    def versions(self, entry: Entry) -> list[Turn]:
        """Return all turns that stand at the same place as that of a question, itself included."""
        if self.turns is None or entry.id not in self.turns:
            return []
        return self.turns.behind(self.turns.at(entry.id).before)

    def version(self, entry: Entry) -> str:
        """Return which of several versions a message is: ``answer 2 of 3`` where all ask the same."""
        versions = self.versions(entry)
        word = what(versions) if versions else "answer"
        ids = [one.id for one in versions or self.answers(entry)]
        if len(ids) < 2 or entry.id not in ids:  # noqa: PLR2004 - one is no choice
            return ""
        return f"{word} {ids.index(entry.id) + 1} of {len(ids)}"

    def answers(self, entry: Entry) -> list[Entry]:
        """Return all that answers the question of an answer, itself included."""
        if self.turns is None or entry.role != "assistant":
            return []
        question = self.turns.question_of(entry.id)
        return [] if question is None else self.turns.answers(question)


def what(versions: Sequence[Turn]) -> str:
    """Return what differs between turns at the same place: the answer alone, or what was asked as well."""
    return "answer" if len({turn.question.text for turn in versions}) == 1 else "version"
