"""Markdown that a notebook may show: nothing in it is obeyed, wherever another reader sees code begin and end."""

from __future__ import annotations

import re

import mistune
import pytest
from hostile_kit import HOSTILE, Reading
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from ipy_sessions.render.tame import LONGEST, tamed

OWN = {"code", "p", "pre", "em", "strong", "a", "ul", "ol", "li", "blockquote", "br", "hr", "table", "thead", "tbody"}
OWN |= {"tr", "th", "td", "del", "s", *(f"h{level}" for level in range(1, 7))}


def obeyed(markdown: str) -> list[str]:
    """Return what two readers of Markdown, which leave HTML in, would make of it that could act or load."""
    found = []
    for page in (MarkdownIt("js-default", {"html": True}).render(markdown), str(mistune.html(markdown))):
        reading = Reading(page)
        found += [tag for tag in reading.tags if tag not in OWN]
        found += [one for one in reading.wrong if one.startswith("on") or (one.startswith("href=") and ":" in one)]
    return found


def hold(markdown: str) -> None:
    """Check that nothing of a text is obeyed."""
    assert obeyed(tamed(markdown)) == []


@pytest.mark.parametrize("markdown", HOSTILE)
def test_nothing_is_obeyed(markdown: str) -> None:
    """No tag, handler or address of a hostile text; alone, in a list, in a quotation, in code, behind a backslash."""
    clean = markdown.replace("\ud800", "")
    shapes = ("{}", "- {}", "> {}", "a **{}** b", "\\{}", "`{}", "{}`", "$ {}", "x\n{}\n===", "[a\\]{}", "  - `` ` {}")
    for shape in shapes:
        hold(shape.format(clean))


ACTING = ["<img src=x onerror=f()>", "](javascript:f())", "]: javascript:f()", "![a](https://example.com/a.png)", "[a]"]
AROUND = ["\n", "\n\n", "> ", "- ", "    ", "`", "``", "```", "```\n", "~~~\n", "$", "$$", "*", "[", "](", "<", "|"]


@given(st.lists(st.sampled_from([*ACTING, *AROUND, "# ", "\\", "a"]), max_size=20))
def test_pieces_put_together_are_not_obeyed(pieces: list[str]) -> None:
    """However fences, code, formulas and backslashes are put around it."""
    hold("".join(pieces))


def test_a_definition_in_a_quotation_is_no_link() -> None:
    """Also where its address stands on the next line."""
    hold("> [a]:\n> javascript:f()\n\n[a]")
    hold("> [a](\n> javascript:f())")


@given(st.lists(st.sampled_from(["```", "~~~", "text", "# a", "> ```", "- ```", "`", "$$", "<b>"])))
def test_what_follows_is_no_part_of_it(lines: list[str]) -> None:
    """Every block of code is closed, so that a heading behind it is one."""
    tokens = MarkdownIt().parse(tamed("\n".join(lines)) + "\n\n# the end")
    assert tokens[-2].content == "the end"


def test_code_at_the_left_edge_is_as_it_was() -> None:
    """With its language and every sign, between fences that nothing in it closes."""
    assert tamed("a\n```html\n<b>```</b>\n```\nb") == "a\n\n````html\n<b>```</b>\n````\n\nb"


def test_other_code_reads_the_same() -> None:
    """In a line as entities, in a list with a sign that nobody sees."""
    assert Reading(str(mistune.html(tamed("use `<div>` or `a`")))).text.strip() == "use <div> or a"
    assert tamed("- a\n\n      <b>").replace("\u200b", "") == "- a\n\n      <b>"


@pytest.mark.parametrize(
    "text",
    [
        "**a** *b* `c` [d](https://example.com) [e](#turn-1) <https://example.com>",
        "| a | b |\n|---|---|\n| 1 | 2 |",
        "1 < 2 and $a < b$, x[1](y)",
        "- a\n  - b\n\n> c",
        "list[int]",
    ],
)
def test_what_does_no_harm_is_left_alone(text: str) -> None:
    """Most answers are shown as they are."""
    assert tamed(text) == text


def test_a_formula_keeps_its_signs() -> None:
    """A sign that could begin a tag stands apart, which a formula does not mind."""
    assert tamed("$x<y$ and\n$$\na<b\n$$") == "$x< y$ and\n$$\na< b\n$$"


def test_a_picture_is_a_link() -> None:
    """Looking at an answer tells nobody that it was looked at."""
    assert tamed("![a map](https://example.com/map.png)") == "&#33;[a map](https://example.com/map.png)"


def test_headings_stand_below_that_of_their_turn() -> None:
    """An answer has no heading above those of the conversation."""
    assert re.findall("^#+", tamed("# a\n\n## b\n\nc\n===\n"), re.MULTILINE) == ["#####", "######", "#####"]
    assert tamed("# a", below=0).strip() == "# a"


def test_what_is_too_long_is_shown_as_it_is() -> None:
    """No text keeps a reader waiting."""
    assert tamed("[" * (LONGEST + 1)) == f"```text\n{'[' * (LONGEST + 1)}\n```"
