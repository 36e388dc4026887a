"""The turns of a session: each question with all that answers it, and the place in a notebook that it was asked at.

Pure. There are no turn records in a log, so this owns what a turn is. It begins with a user's message that says
something (one that only brings results of tools belongs to the turn before), the settings for that turn alone
included, and goes on until the next one. Its number is its place among the questions of the file, and never changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ipy_sessions.ask import Ask, Place, begins_turn
from ipy_sessions.branches import Branches
from ipy_sessions.entries import Entry
from ipy_sessions.tree import Tree

GOES_ON = ("tool_use", "pause_turn")
"""Reasons of an answer to stop that end no turn."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn.

    Parameters
    ----------
    number
        Its place among the questions of the file, from 1.
    entries
        Its steps: settings for this turn alone, the question, and what answers it.
    before
        Id of the step that it follows; ``None`` for a first one.
    question
        The user's message.
    """

    number: int
    entries: tuple[Entry, ...]
    before: str | None
    question: Entry

    def __repr__(self) -> str:
        return f"<Turn {self.number} {self.question.text[:50]!r}>"

    @property
    def id(self) -> str:
        """Id of its question."""
        return self.question.id

    @property
    def last(self) -> str:
        """Id of its last step."""
        return self.entries[-1].id

    @property
    def ask(self) -> Ask:
        """What was asked, and where."""
        return Ask.of(self.question.fields)

    @property
    def answer(self) -> Entry | None:
        """The last of the model's messages."""
        return next((entry for entry in reversed(self.entries) if entry.role == "assistant"), None)

    @property
    def complete(self) -> bool:
        """Whether the model came to the end of its answer."""
        last = next((entry for entry in reversed(self.entries) if entry.type == "message"), None)
        if last is None or last.role != "assistant":
            return False
        reason = last.fields.get("stop_reason")
        return isinstance(reason, str) and reason not in GOES_ON

    @property
    def original(self) -> str:
        """Id of its question, or of the one that it is a copy of."""
        carried = self.question.fields.get("carried_from")
        return carried if isinstance(carried, str) else self.id


class Turns:
    """The turns of one tree, found by where they stand.

    Parameters
    ----------
    tree
        The tree; it may grow.
    """

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self.branches = Branches(tree)
        """Which way the conversation went."""
        self._numbers: dict[str, int] = {}
        self._befores: dict[str, str | None] = {}
        self._way: list[str] = []
        self._places: dict[str, Place] = {}
        self._cells: dict[str | None, list[str]] = {}
        self._texts: dict[int, list[str]] = {}
        self._moves: list[Entry] = []
        self._labels: list[Entry] = []
        self.catch_up()

    def catch_up(self) -> Turns:
        """Take in what the tree has got since the last time."""
        new = self.branches.catch_up()
        for entry in new:
            fields = entry.fields if entry.role == "user" else {}  # once: the line of a long session is decoded now
            if entry.role == "user" and begins_turn(fields.get("content")):
                ask = Ask.of(fields)
                self._numbers[entry.id] = len(self._numbers) + 1
                self._places[entry.id] = ask.place
                self._cells.setdefault(ask.cell, []).append(entry.id)
                self._texts.setdefault(hash(ask.text), []).append(entry.id)
            elif entry.type == "leaf":
                self._moves.append(entry)
            elif entry.type == "label":
                self._labels.append(entry)
        # A damaged file may name a question before it comes: all of them are numbered first.
        for entry in new:
            if entry.id in self._numbers:
                self._befores[entry.id] = self.question_of(self.branches.parent(entry.id))
        return self

    def __iter__(self) -> Iterator[Turn]:
        """Go through all turns in the order of the file."""
        return map(self.at, list(self._numbers))

    def __len__(self) -> int:
        return len(self._numbers)

    def __contains__(self, question: str) -> bool:
        return question in self._numbers

    @property
    def leaf(self) -> str | None:
        """Id of the step that the next one will follow."""
        return self._tree.leaf

    @property
    def ids(self) -> list[str]:
        """The ids of all questions, in the order of the file."""
        return list(self._numbers)

    def numbered(self, number: int) -> Turn:
        """Return the turn of a number, from 1."""
        return self.at(self.ids[number - 1])

    @property
    def labels(self) -> dict[str, str]:
        """The labels that turns have, by the ids of their questions."""
        found: dict[str, str] = {}
        for entry in self._labels:
            target, label = entry.fields.get("target_id"), entry.fields.get("label")
            question = self.question_of(target) if isinstance(target, str) and target in self.branches else None
            if question is not None:
                found.pop(question, None)
                if isinstance(label, str) and label:
                    found[question] = label
        return found

    @property
    def kept(self) -> list[str]:
        """The ids of the questions on branches that were not dropped, in the order of the file."""
        return [question for question in self._numbers if question not in self.branches.dropped]

    @property
    def dropped(self) -> dict[str, str]:
        """The ids of the other questions, each with that of the turn that its branch begins with."""
        roots, firsts = self.branches.dropped, dict[str, str]()
        away = (question for question in self._numbers if question in roots) if roots else ()
        return {question: firsts.setdefault(roots[question], question) for question in away}

    @property
    def moves(self) -> list[Entry]:
        """The ``leaf`` entries, in the order of the file."""
        return self._moves

    @property
    def cells(self) -> list[str]:
        """The cells that have asked, in the order of their first question."""
        return [cell for cell in self._cells if cell is not None]

    def at(self, question: str) -> Turn:
        """Return the turn of a question."""
        entry = self._tree[question]
        first = self.branches.parent(question)
        settings: tuple[Entry, ...] = ()
        while first is not None and self._is_for_one_turn(first):
            settings = (self._tree[first], *settings)
            first = self.branches.parent(first)
        return Turn(self._numbers[question], (*settings, entry, *self._answers(question)), first, entry)

    def _is_for_one_turn(self, step: str) -> bool:
        entry = self._tree[step]
        return entry.type == "settings" and entry.fields.get("scope") == "turn"

    def _answers(self, question: str) -> Iterator[Entry]:
        """Yield what answers a question; where there are several answers, the one that was active last.

        What is no message, such as a change of settings in the middle of a turn, is passed over.
        """
        at: str | None = question
        seen = {question}
        while at is not None:
            following = [step for step in self.branches.children(at) if step not in self._numbers and step not in seen]
            following = [step for step in following if self._tree[step].type == "message"] or following
            latest = self.branches.latest(at)
            at = latest if latest in following else (following[-1] if following else None)
            if at is not None:
                seen.add(at)
                if self._tree[at].type == "message":
                    yield self._tree[at]

    def answers(self, question: str) -> list[Entry]:
        """Return the messages that begin an answer to a question: several where one question was answered anew."""
        behind = (self._tree[step] for step in self.branches.children(question) if step not in self._numbers)
        return [entry for entry in behind if entry.role == "assistant"]

    def has_asked(self, cell: str) -> bool:
        """Tell whether a cell has asked anything, be it dropped."""
        return cell in self._cells

    def of_cell(self, cell: str | None) -> list[Turn]:
        """Return the turns that a cell has asked, in the order of the file; of ``None``, those that no cell has.

        Here, in `that_say` and in `behind`, dropped ones are left out.
        """
        return self._kept(self._cells.get(cell, ()))

    def that_say(self, ask: Ask) -> list[Turn]:
        """Return the turns whose ask says the same, wherever it stood, in the order of the file."""
        return [turn for turn in self._kept(self._texts.get(hash(ask.text), ())) if turn.ask.says_as(ask)]

    def _kept(self, questions: Iterable[str]) -> list[Turn]:
        return [self.at(question) for question in questions if question not in self.branches.dropped]

    def place(self, question: str) -> Place:
        """Return where a question was asked."""
        return self._places[question]

    def places(self, questions: Iterable[str]) -> Iterator[Place]:
        """Return where each of some questions was asked."""
        return map(self._places.__getitem__, questions)

    def is_active(self, turn: Turn) -> bool:
        """Tell whether a turn is on the active branch."""
        return self.branches.is_active(turn.id)

    def question_of(self, step: str | None) -> str | None:
        """Return the last question on the way to a step: the one that it belongs to."""
        seen: set[str] = set()
        while step is not None and step not in self._numbers and step not in seen:
            seen.add(step)
            step = self.branches.parent(step)
        return None if step in seen else step

    def question_before(self, question: str) -> str | None:
        """Return the question that another follows; ``None`` for a first one."""
        return self._befores[question]

    def questions(self, step: str | None, behind: str | None = None) -> list[str]:
        """Return the ids of the questions on the way to a step, the first of them first; or of those behind another."""
        question = self.question_of(step)
        if question is None:
            return []
        if self._way[-1:] != [question]:
            follows = self._way[-1:] == [self._befores[question]] and question not in self._way
            self._way = [*self._way, question] if follows else self._way_to(question)
        start = self._way.index(behind) + 1 if behind in self._way else 0
        return self._way[start:]

    def _way_to(self, question: str | None) -> list[str]:
        found: list[str] = []
        for _ in self._befores:  # as many as there can be, so that a circle ends as well
            if question is None:
                break
            found.append(question)
            question = self._befores[question]
        return list(dict.fromkeys(found))[::-1]

    def path(self, step: str | None) -> list[Turn]:
        """Return the turns on the way to a step, the first of them first."""
        return [self.at(question) for question in self.questions(step)]

    def active(self) -> list[Turn]:
        """Return the turns on the active branch, the first of them first."""
        return self.path(self._tree.leaf)

    def behind(self, step: str | None) -> list[Turn]:
        """Return the turns right behind a step, in the order of the file.

        Settings and the like make no difference: what stands behind the same message is a sibling.
        """
        found: list[str] = []
        waiting = list(self.branches.children(self.anchor(step)))
        while waiting:
            child = waiting.pop()
            if child in self._numbers:
                found.append(child)
            elif self._tree[child].type != "message":
                waiting += self.branches.children(child)
        return self._kept(sorted(found, key=self._numbers.__getitem__))

    def anchor(self, step: str | None) -> str | None:
        """Return the message that a step is, or follows."""
        seen: set[str] = set()
        while step is not None and step not in seen and self._tree[step].type != "message":
            seen.add(step)
            step = self.branches.parent(step)
        return None if step in seen else step
