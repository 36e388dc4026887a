"""Markdown as HTML in which nothing can run."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipy_sessions.render.safe import COLOURS, LONGEST, html_of

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
VOID = {"br", "hr", "img"}
LOADING = {"script", "iframe", "object", "embed", "link", "meta", "base", "form", "input", "button", "style", "svg"}
HARMLESS = {
    "href": ("http://", "https://", "mailto:"),
    "src": ("data:image/png;", "data:image/jpeg;", "data:image/gif;"),
}

HOSTILE = [
    "<script>alert(1)</script>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)><animate onbegin=alert(1) attributeName=x></svg>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<meta http-equiv=refresh content='0;url=https://example.com'>",
    "<base href='https://example.com/'>",
    "<form action='https://example.com'><input name=a><button formaction='javascript:alert(1)'>x",
    "<style>@import 'https://example.com/x.css';</style>",
    "<link rel=stylesheet href=https://example.com/x.css>",
    "<details open ontoggle=alert(1)>",
    "<math href='javascript:alert(1)'>x</math>",
    "<math><annotation-xml encoding='text/html'><script>alert(1)</script></annotation-xml></math>",
    "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror=alert(1)&gt;'>",
    "<!-- <img src=x onerror=alert(1)> -->",
    "<![CDATA[<script>alert(1)</script>]]>",
    "<?php echo 1 ?>",
    "</pre></code></div></template></script><script>alert(1)</script>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](java\tscript:alert(1))",
    "[x](&#106;avascript:alert(1))",
    "[x](&#x6A;avascript&colon;alert(1))",
    "[x](<java\nscript:alert(1)>)",
    "[x](\x01javascript:alert(1))",
    "[x](%6Aavascript:alert(1))",
    "[x](vbscript:x)",
    "[x](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)",
    "[x](data:image/png;base64,AAAA)",
    "[x](file:///etc/passwd)",
    "[x](//example.com/x)",
    "<javascript:alert(1)>",
    "[x]: javascript:alert(1)\n\n[x]",
    "![x](javascript:alert(1))",
    "![x](https://example.com/seen.png)",
    "![x](//example.com/seen.png)",
    "![x](seen.png)",
    "![x](data:image/svg+xml;base64,PHN2ZyBvbmxvYWQ9ImFsZXJ0KDEpIi8+)",
    '![x" onerror="alert(1)](https://example.com/a.png "b\\" onload=\\"alert(1)")',
    '[x](https://example.com/"onmouseover="alert(1))',
    '```"><script>alert(1)</script>\n</code></pre><script>alert(1)</script>\n```',
    "```python onclick=alert(1)\nprint('</span><script>alert(1)</script>')\n```",
    "`</code><script>alert(1)</script>`",
    "$\\href{javascript:alert(1)}{x}$",
    "$\\text{<script>alert(1)</script>}$",
    "$$\n</math><script>alert(1)</script>\n$$",
    "$\\style{background:url(https://example.com)}{x}$",
    "$<img src=x onerror=alert(1)>$",
    "| a | b |\n|---|---|\n| <script>alert(1)</script> | [x](javascript:alert(1)) |",
    "# <b onclick=alert(1)>x",
    "\u2028<script>\u2029alert(1)",
    "\u202e<script>alert(1)</script>",
    "a\x00b\ud800c",
]


class Reading(HTMLParser):
    """Reads HTML as a page would, and says what in it could act, load or reach out of its place."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.wrong: list[str] = []
        self.tags: list[str] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Look at a tag."""
        self.tags.append(tag)
        if tag in LOADING:
            self.wrong.append(tag)
        for name, value in attrs:
            allowed = HARMLESS.get(name)
            if name.startswith("on") or name in ("style", "id", "srcset", "action", "formaction", "xlink:href"):
                self.wrong.append(name)
            elif allowed and not (value or "").lower().startswith(allowed):
                self.wrong.append(f"{name}={value}")
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Look at the end of one."""
        if not self.open or self.open.pop() != tag:
            self.wrong.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        """Keep what is read."""
        self.text += data

    def handle_comment(self, data: str) -> None:
        """Refuse what a reader does not see."""
        self.wrong.append(data)


def read(markdown: str) -> Reading:
    """Return what a page would read; nothing in it may act."""
    found = Reading(html_of(markdown))
    assert not found.wrong
    assert not found.open
    return found


@pytest.mark.parametrize("markdown", HOSTILE)
def test_nothing_runs_and_nothing_is_loaded(markdown: str) -> None:
    """No tag, handler or address of a hostile text comes into the page, alone, in a list and in a quotation."""
    for text in (markdown, f"- {markdown}", f"> {markdown}", f"a **{markdown}** b", f"{markdown}\n\n{markdown}"):
        read(text)


@given(
    st.lists(st.sampled_from([*HOSTILE, "\n", "\n\n", "> ", "- ", "`", "```\n", "$", "*", "[", "](", "<", "|", "# "]))
)
def test_pieces_put_together_do_not_run(pieces: list[str]) -> None:
    """However hostile pieces are put together, nothing acts, and every element is closed."""
    read("".join(pieces))


@given(st.text())
def test_any_text_is_closed_and_harmless(text: str) -> None:
    """Any text becomes HTML that reaches not beyond its place."""
    read(text)


def test_tags_are_shown_as_they_were_typed() -> None:
    """What looks like HTML is text to read."""
    assert "<b onclick=x>bold</b>" in read("say <b onclick=x>bold</b>").text


@pytest.mark.parametrize("piece", ["[", ">", "*", "> ", "- ", "![](", "$", "`", "_a*b__ ", "a|\n-|\n", "|\n", "[[a]"])
def test_a_megabyte_of_one_sign_is_shown_as_it_is(piece: str) -> None:
    """A text too long to be prose is not parsed, and none of it is lost."""
    text = (piece * 1_000_000)[:1_000_000]
    found = read(text)
    assert found.tags == ["pre"]
    assert found.text == text


@pytest.mark.parametrize("piece", ["![", "_a*b__ ", "$$a", "> "])
def test_the_longest_text_that_is_parsed_ends(piece: str) -> None:
    """Nesting without end is parsed in a time that a reader waits for (the bound is a generous one, no figure)."""
    assert read((piece * LONGEST)[:LONGEST]).text


def test_markdown_is_what_it_says() -> None:
    """Emphasis, lists, tables, code, links, pictures and formulas become what they are."""
    tags = read(
        "**a** *b* ~~c~~ `d`\n\n3. e\n\n> f\n\n| g |\n|--:|\n| 1 |\n\n---\n\n[h](https://example.com) "
        f"![i](data:image/png;base64,{PIXEL}) $x^2$\n\n$$\n\\frac{{a}}{{b}}\n$$"
    ).tags
    wanted = {
        "strong",
        "em",
        "s",
        "code",
        "ol",
        "li",
        "blockquote",
        "table",
        "th",
        "td",
        "hr",
        "a",
        "img",
        "msup",
        "mfrac",
    }
    assert wanted <= set(tags)


def test_links_open_elsewhere_and_tell_nothing() -> None:
    """A link opens a page of its own, which cannot reach back."""
    assert 'target="_blank" rel="noopener noreferrer"' in html_of("[a](https://example.com)")


def test_a_picture_from_elsewhere_is_a_link() -> None:
    """Reading tells no server that it was read: what would be fetched is offered."""
    found = html_of("![a map](https://example.com/map.png)")
    assert "<img" not in found
    assert 'href="https://example.com/map.png"' in found
    assert "a map" in found


def test_code_has_colours_of_its_language_alone() -> None:
    """A language that is known is coloured; one that is not, is plain, and both keep every sign."""
    code = "\n  def f(x):\n    return 'ä' < 1  # no\n\n"
    coloured, plain = html_of(f"```Python\n{code}\n```"), html_of(f"```nosuch\n{code}\n```")
    assert 'class="hl-k"' in coloured
    assert "class=" not in plain
    assert Reading(coloured).text == Reading(plain).text == f"{code}\n\n".removesuffix("\n") + "\n"


@given(st.sampled_from(["python", "bash", "json", "html", "js", "diff", "sql", "c", "pycon"]), st.text())
def test_colours_change_no_code(language: str, code: str) -> None:
    """Every sign of coloured code is there, once."""
    lines = "".join(char for char in code if char.isprintable() or char == "\n").replace("`", "'")
    found = read(f"```{language}\n{lines}\n```")
    assert found.text.strip("\n") == lines.strip("\n")


def test_only_known_classes_stand_in_the_html() -> None:
    """A transcript chooses no class, so that it cannot dress as something of the page."""
    found = html_of("```{.banner}\nx\n```\n\n```python\nclass A: pass\n```")
    assert "banner" not in found
    assert set(COLOURS.values()) >= {part.split('"')[0] for part in found.split('class="')[1:]}


@pytest.mark.parametrize("formula", ["\\frac{", "\\nosuch{x}", "{" * 900, "x" * 2_000, "\\begin{matrix}"])
def test_a_formula_that_cannot_be_read_is_shown(formula: str) -> None:
    """The source of a formula is there when its picture is not."""
    assert "x" in read(f"x ${formula}$").text


@pytest.mark.parametrize("text", ["it costs $5 and then $6", "from $5-$10 to", "`$a$`", "\\$a\\$"])
def test_money_is_no_formula(text: str) -> None:
    """Dollars are dollars."""
    assert "math" not in read(text).tags


def test_headings_leave_no_level_out() -> None:
    """Headings of an answer stand below those of a page, in steps of one, as a screen reader wants them."""
    assert [tag for tag in read("### a\n\n# b\n\n#### c\n\n## d\n\n###### e").tags if tag[0] == "h"] == [
        *("h3", "h3", "h4", "h4", "h5"),
    ]
