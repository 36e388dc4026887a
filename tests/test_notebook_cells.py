"""What cells ask, read from their sources."""

from __future__ import annotations

import ast
import tokenize
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from IPython.core.inputtransformer2 import TransformerManager

from ipy_sessions.ask import Ask
from ipy_sessions.magics.lines import BodylessCell, PromptLine
from ipy_sessions.notebook import Cell
from ipy_sessions.notebook_cells import Line, Names, lines_of

USUAL = Names()


def prompts(source: str, names: Names = USUAL) -> list[str]:
    """Return what a code cell asks."""
    return [line.text for line in lines_of([Cell("c1", "code", source)], names) if line.ask is not None]


@pytest.mark.parametrize(
    ("source", "asked"),
    [
        ("%%agent hello", ["hello"]),
        ("\n  \n%%agent hello?\nsecond\n%%agent third", ["hello?\nsecond\n%%agent third"]),
        ("  %%agent\n  indented\n", ["indented"]),
        ("%%agent\n%agent x", ["%agent x"]),
        ("%%time\n%%agent timed", ["timed"]),
        ("%%capture out\n%agent caught\n1", ["caught"]),
        ("%%writefile a.py\n%agent no", []),
        ("%%agents no", []),
        ("%agent What's df?", ["What's df?"]),
        ("x = 1\n%agent a\n!ls 'b\n%agent c\n", ["a", "c"]),
        ("for _ in [1]:\n\t%agent in a loop ?", ["in a loop ?"]),
        ("%agent one \\\ntwo", ["one  two"]),
        ("%agent one \\", ["one \\"]),
        ("%agent one \\\n", ["one \\"]),
        ("%agent", []),
        ("%%agent\n \n", []),
        ("%agent ?", []),
        ("%agent??", []),
        ("text = '''\n%agent no\n'''\n%agent yes", ["yes"]),
        ('text = """ \\""" \n%agent no\n"""\n%agent yes', ["yes"]),
        ("x = (7\n%agent\n)\n%agent yes", ["yes"]),
        ("x = 7 \\\n%agent no\n%agent yes", ["yes"]),
        ("x = '(' # ((\n%agent yes", ["yes"]),
        ('x = "it\'s ("\n%agent yes', ["yes"]),
        ("x = 7 %agent", []),
        ("", []),
    ],
)
def test_the_asks_of_a_cell_are_read_in_order(source: str, asked: list[str]) -> None:
    """As IPython would run them; what stands in a string, in a bracket or in a file that is written asks nothing."""
    assert prompts(source) == asked


def test_each_ask_has_its_place_and_its_options() -> None:
    """The cell's id and which ask of it; one that goes to another session counts among them."""
    cells = [
        Cell("c1", "markdown", "%agent no"),
        Cell("c2", "code", "%agent a\n%agent -s bob b\nif x:\n    %agent --max-tokens 5 -o r c"),
        Cell(None, "code", "%%agent --take 2 --replay off d"),
    ]
    assert lines_of(cells) == [
        Line(2, "c2", "a", Ask("a", cell="c2", number=1)),
        Line(2, "c2", "b", Ask("b", cell="c2", number=2), session="bob"),
        Line(2, "c2", "c", Ask("c", {"max_tokens": 5}, cell="c2", number=3), in_block=True),
        Line(3, None, "d", Ask("d", take=2, number=1), mode="off"),
    ]


@pytest.mark.parametrize("line", ["new alice", "open 1", "fork", "continue", "rewind 2", "switch 3", "close"])
def test_a_command_that_moves_is_told(line: str) -> None:
    """One that only shows, or asks for help, is not."""
    cells = [Cell("c1", "code", f"%session list\n%session {line}\n%session rewind?\n%session")]
    assert lines_of(cells) == [Line(1, "c1", f"%session {line}")]


def test_what_cannot_be_read_says_why() -> None:
    """The sentence is the one that running it would show; the lines around it are read."""
    first, second, third = lines_of([Cell("c1", "code", "%agent --modle x hi\n%session opne 3\n%agent hi")])
    assert (first.text, first.ask) == ("%agent --modle x hi", None)
    assert first.error.startswith("'--modle' is not understood; did you mean --model?")
    assert "Did you mean `%session open`?" in second.error
    assert third.ask == Ask("hi", cell="c1")


def test_the_magics_may_have_other_names() -> None:
    """Then the usual ones are not ours."""
    names = Names("ask", "talk")
    assert prompts("%%ask hi", names) == prompts("%ask hi\n%agent no", names) == ["hi"]
    assert [line.text for line in lines_of([Cell("c", "code", "%talk new\n%session new")], names)] == ["%talk new"]


PIECES = st.sampled_from(
    [
        "%agent a",
        "    %agent b",
        "%agent what's c?",
        "x = 1",
        "if x:",
        "'''",
        '"""',
        "x = 'a(' # (",
        "(",
        ")",
        "%%time",
        "%%agent",
        "%agent d \\",
        "y = 5 \\",
        "",
        "!ls",
        "%pip list",
    ]
)


@given(st.lists(PIECES, max_size=7))
def test_whatever_ipython_would_run_of_a_whole_cell_is_found(pieces: list[str]) -> None:
    """In the same order, and nothing else; a cell that Python refuses as a whole asks nothing, and may be misread."""
    source = "\n".join(pieces)
    transformers: Any = TransformerManager()
    transformers.cleanup_transforms.append(BodylessCell("agent"))
    transformers.token_transformers.append(PromptLine("agent"))
    try:
        tree = ast.parse(transformers.transform_cell(source))
    except (SyntaxError, ValueError, tokenize.TokenError):
        return
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)]
    calls.sort(key=lambda call: call.lineno)
    ran = [[one.value for one in call.args if isinstance(one, ast.Constant)] for call in calls]
    if any(first == "time" for first, *_ in ran):
        return  # its body is a cell of its own
    asked = [
        "\n".join(part for part in (str(text).strip() for text in texts) if part)
        for name, *texts in ran
        if name == "agent"
    ]
    assert [text.strip() for text in prompts(source)] == [text for text in asked if text]
