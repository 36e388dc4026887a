"""Markdown that a notebook may show: nothing in it is obeyed, wherever another reader sees code begin and end."""

from __future__ import annotations

import re
from html import escape

import mistune
import pytest
from hostile_kit import FORMULAS, HOSTILE, Reading
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from ipy_sessions.render.markup import escaped, quoted
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


FORMULA = re.compile(
    r"(?P<dollars>\$\$?)(?:(?!\n\s*\n).)*?(?P=dollars)|(?P<brackets>\\\\[(\[])(?:(?!\n\s*\n).)*?\\\\[)\]]"
    r"|\\begin\{(?P<name>[a-z]*)\}(?:(?!\n\s*\n).)*?\\end\{(?P=name)\}",
    re.DOTALL,
)


def acting_in_lab(markdown: str) -> list[str]:
    """Return the handlers of a page that is made as JupyterLab does: formulas are put back when it is there."""
    formulas: list[str] = []

    def taken(found: re.Match[str]) -> str:
        formulas.append(escape(found[0], quote=False))
        return f"@@{len(formulas) - 1}@@"

    page = MarkdownIt("js-default", {"html": True, "linkify": False}).render(FORMULA.sub(taken, markdown))
    page = re.sub(r"@@(\d+)@@", lambda found: formulas[int(found[1])], page)
    return [one for one in Reading(page).wrong if one.startswith("on")]


@pytest.mark.parametrize("markdown", FORMULAS)
def test_no_formula_ends_an_address(markdown: str) -> None:
    """Alone, in a list, in a quotation, and where what was typed is quoted."""
    for shape in ("{}", "- {}", "> {}", "a {} b"):
        text = shape.format(markdown)
        assert acting_in_lab(tamed(text)) == []
        assert acting_in_lab(tamed(text, below=0)) == []
        assert acting_in_lab(f"**[x](https://example.com)** {escaped(text)}") == []
        assert acting_in_lab(quoted(text)) == []
    summary = "\n".join(f"> {line}".rstrip() for line in tamed(f"{markdown}\n\n{markdown}", apart=False).splitlines())
    assert acting_in_lab(summary) == []


def test_the_formulas_of_the_test_would_act() -> None:
    """As they were said, most of them do; a reader that finds nothing proves nothing."""
    assert sum(bool(acting_in_lab(markdown)) for markdown in FORMULAS) >= len(FORMULAS) // 2


def test_formulas_stay_where_no_quote_or_no_address_is_near() -> None:
    """A link beside a formula, a quote beside a formula, and both in paragraphs of their own."""
    for text in (
        "[a](https://example.com) $x$",
        'the "unit" interval $[0, 1]$',
        'a "b"\n\n[a](https://example.com) $x$\n',
    ):
        assert tamed(text).strip() == text.strip()


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
