"""Two conversations side by side: which turns are the same, and how the others differ.

Pure: turns in, rows out. It owns which turn stands beside which, and what is told of two texts that differ. It refuses
to know where the conversations are from, two branches or two sessions, and what a row looks like (`render.comparison`).

Turns that were said once, in the part that two branches share, in a fork, or as copies that were carried along, are
known by their ids. Behind those a question is the same when it says the same with the same options.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cached_property
from itertools import takewhile, zip_longest
from typing import Literal, TypeAlias

from ipy_sessions.entries import Block, Entry
from ipy_sessions.turns import Turn

Kind: TypeAlias = Literal["same", "other answer", "other question", "only in A", "only in B"]

LINES = 2  # equal lines that are shown on each side of a difference
WORDS = 8  # equal words that are shown on each side of one, inside a line
LONG = 100  # characters of a line from which on it is told word by word
MANY = 10_000  # words of a line that would keep somebody waiting
ALIKE = 0.4  # of two lines that are told word by word, as difflib measures it
FOLD = "⋯"


@dataclass(frozen=True)
class Said:
    """What was said in one turn, as it is compared.

    Parameters
    ----------
    turn
        The turn.
    """

    turn: Turn

    @cached_property
    def question(self) -> str:
        """The text of the question."""
        return self.turn.question.text

    @cached_property
    def options(self) -> str:
        """The options that the question was asked with, as one text; empty when there are none."""
        options = self.turn.ask.options
        return json.dumps(options, sort_keys=True, ensure_ascii=False) if options else ""

    @cached_property
    def answer(self) -> str:
        """All that answers it: texts, and the calls of tools with their results, each on lines of its own."""
        answers = self.turn.entries[self.turn.entries.index(self.turn.question) + 1 :]
        return "\n\n".join(text for entry in answers for text in _texts(entry))

    @property
    def model(self) -> str | None:
        """Who has answered."""
        answer = self.turn.answer
        model = None if answer is None else answer.fields.get("model")
        return model if isinstance(model, str) else None


def _texts(entry: Entry) -> Iterator[str]:
    for block in entry.content:
        text = _shown(block)
        if text.strip():
            yield text.strip("\n")


def _shown(block: Block) -> str:
    kind = block.get("type")
    if kind == "text":
        return str(block.get("text") or "")
    if kind == "tool_use":
        return f"{block.get('name')}({json.dumps(block.get('input'), sort_keys=True, ensure_ascii=False)})"
    if kind == "tool_result":
        content = block.get("content")
        return content if isinstance(content, str) else json.dumps(content, sort_keys=True, ensure_ascii=False)
    return "" if kind in ("thinking", "redacted_thinking") else f"[{kind}]"


@dataclass(frozen=True)
class Row:
    """Two turns that stand beside each other, or one that stands alone.

    Parameters
    ----------
    kind
        How they differ.
    a, b
        What was said in each; ``None`` in the one that has no such turn.
    """

    kind: Kind
    a: Said | None
    b: Said | None

    @cached_property
    def question_diff(self) -> list[str]:
        """The lines in which the questions differ, with their options; none when they are the same."""
        if self.a is None or self.b is None:
            return []
        return difference(*(f"{one.question}\n{one.options}".rstrip("\n") for one in (self.a, self.b)))

    @cached_property
    def answer_diff(self) -> list[str]:
        """The lines in which the answers differ; none when they are the same."""
        return [] if self.a is None or self.b is None else difference(self.a.answer, self.b.answer)

    @property
    def diff(self) -> str:
        """The lines in which they differ, those of the questions first; empty when nothing differs, or one is alone."""
        return "\n".join([*self.question_diff, *self.answer_diff])


def compare(a: Sequence[Turn], b: Sequence[Turn]) -> list[Row]:
    """Return the turns of two conversations beside each other, in their order.

    Parameters
    ----------
    a, b
        The turns of each, the first of them first, as `Turns.path` returns them.
    """
    shared = sum(1 for _ in takewhile(lambda pair: pair[0].original == pair[1].original, zip(a, b, strict=False)))
    rows = [_row(Said(one), Said(other)) for one, other in zip(a[:shared], b[:shared], strict=True)]
    first, second = list(map(Said, a[shared:])), list(map(Said, b[shared:]))
    matcher = SequenceMatcher(None, _questions(first), _questions(second), autojunk=False)
    for _, i, i_end, j, j_end in matcher.get_opcodes():
        rows += [_row(*pair) for pair in zip_longest(first[i:i_end], second[j:j_end])]
    return rows


def _questions(said: Sequence[Said]) -> list[tuple[str, str]]:
    return [(one.question, one.options) for one in said]


def _row(a: Said | None, b: Said | None) -> Row:
    if a is None or b is None:
        return Row("only in B" if a is None else "only in A", a, b)
    if (a.question, a.options) != (b.question, b.options):
        return Row("other question", a, b)
    return Row("same" if a.answer == b.answer else "other answer", a, b)


def difference(a: str, b: str) -> list[str]:
    """Return how two texts differ, each line with ``-``, ``+`` or a space in front; nothing when they are the same.

    Stretches that are equal are folded. Of two long lines that are alike, the words around those that differ are shown.
    """
    if a == b:
        return []
    first, second = a.split("\n"), b.split("\n")
    found: list[str] = []
    for kind, i, i_end, j, j_end in SequenceMatcher(None, first, second).get_opcodes():
        if kind == "equal":
            at_end = i_end == len(first) and j_end == len(second)
            found += _folded(first[i:i_end], begins=not found, ends=at_end)
        else:
            found += _changed(first[i:i_end], second[j:j_end])
    return found


def _folded(lines: Sequence[str], *, begins: bool, ends: bool) -> list[str]:
    """Return equal lines, those folded that are far from any that differ."""
    head, tail = 0 if begins else LINES, 0 if ends else LINES
    hidden = len(lines) - head - tail
    if hidden <= 1:  # the line that says so would be as long
        return [f"  {line}" for line in lines]
    note = f"{FOLD} {hidden} equal lines"
    return [f"  {line}" for line in [*lines[:head], note, *lines[len(lines) - tail :]]]


def _changed(a: Sequence[str], b: Sequence[str]) -> list[str]:
    if len(a) == len(b) and max(map(len, [*a, *b])) >= LONG:
        a, b = zip(*map(_by_words, a, b), strict=True)
    return [*(f"- {line}" for line in a), *(f"+ {line}" for line in b)]


def _by_words(a: str, b: str) -> tuple[str, str]:
    """Return two lines without the words that are far from any that differ; those that are not alike as they are."""
    first, second = a.split(" "), b.split(" ")
    if len(first) + len(second) > MANY:
        return a, b
    matcher = SequenceMatcher(None, first, second)
    if matcher.ratio() < ALIKE:
        return a, b
    lines: tuple[list[str], list[str]] = [], []
    for kind, i, i_end, j, j_end in matcher.get_opcodes():
        words = first[i:i_end], second[j:j_end]
        if kind == "equal":
            head = 0 if i == j == 0 else WORDS
            tail = 0 if i_end == len(first) and j_end == len(second) else WORDS
            if len(words[0]) > head + tail + 1:
                near = [*words[0][:head], FOLD, *words[0][len(words[0]) - tail :]]
                words = near, near
        for line, more in zip(lines, words, strict=True):
            line += more  # noqa: PLW2901 - it grows in its place
    return " ".join(lines[0]), " ".join(lines[1])
