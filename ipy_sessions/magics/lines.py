"""Our lines, claimed before IPython reads them as something else.

``%agent What is df?`` would be taken for a question to IPython's help, and ``%%agent hello`` without a body for a
mistake.
"""

from __future__ import annotations

import re
import tokenize
from collections.abc import Sequence
from typing import Any

from IPython.core.inputtransformer2 import TokenTransformBase, assemble_continued_line, find_end_of_continued_line


class BodylessCell:
    """Gives ``%%agent hello`` the empty body that IPython demands of a cell magic.

    Parameters
    ----------
    name
        The magic's name.
    """

    has_side_effects = True
    """Leave it out, IPython, when you ask whether a cell is complete: a body may still be typed."""

    def __init__(self, name: str) -> None:
        self._first_line = re.compile(rf"%%{name}(\s|$)")

    def __call__(self, lines: list[str]) -> list[str]:
        """Take the cell's lines, return them with a body."""
        if lines and self._first_line.match(lines[0]) and not "".join(lines[1:]):
            return [lines[0].rstrip("\n") + "\n", "\n"]
        return lines


class PromptLine:
    """Finds lines of ``%agent`` among the tokens of a cell, so that one inside a string is left alone.

    Parameters
    ----------
    name
        The magic's name.
    """

    def __init__(self, name: str) -> None:
        self._name = name

    def find(self, tokens_by_line: Sequence[Sequence[tokenize.TokenInfo]]) -> TokenTransformBase | None:
        """Return the transformation of the first such line, or ``None``."""
        for tokens in tokens_by_line:
            code = [token for token in tokens if token.type not in {tokenize.INDENT, tokenize.DEDENT}]
            if [token.string for token in code[:2]] != ["%", self._name] or code[0].end != code[1].start:
                continue
            rest = "".join(token.string for token in code[2:]).strip()
            if rest not in {"?", "??"}:  # those ask for the magic's help
                return _Prompt(code[0].start, self._name)
        return None


class _Prompt(TokenTransformBase):
    """One such line into the call that it means."""

    priority = 1  # before help, which has 5, and IPython's own reading of magics

    def __init__(self, start: tuple[int, int], name: str) -> None:
        super().__init__(start)
        self._name = name

    def transform(self, lines: list[str]) -> list[str]:
        first, column = self.start_line, self.start_col
        last = find_end_of_continued_line(lines, first)
        line = assemble_continued_line(lines, (first, column), last)
        prompt = line[len(self._name) + 1 :].strip()
        call = f"{lines[first][:column]}get_ipython().run_line_magic({self._name!r}, {prompt!r})\n"
        return [*lines[:first], call, *lines[last + 1 :]]


Added = tuple[BodylessCell, PromptLine]


def install(shell: Any, name: str) -> Added:
    """Claim the lines of a magic; return what `remove` takes back."""
    transformers = shell.input_transformer_manager
    added = BodylessCell(name), PromptLine(name)
    transformers.cleanup_transforms.append(added[0])
    transformers.token_transformers.append(added[1])
    return added


def remove(shell: Any, added: Added) -> None:
    """Take back what `install` added."""
    transformers = shell.input_transformer_manager
    transformers.cleanup_transforms.remove(added[0])
    transformers.token_transformers.remove(added[1])
