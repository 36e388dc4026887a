"""Markdown as HTML in which nothing can run. Pure: what was said in, what a page may take as it is out.

It owns what of Markdown becomes which HTML. Three walls stand behind one another: tags in the Markdown are text, the
renderer makes few tags itself, and of these only what is on a list leaves. Nothing is loaded either: a picture that
stands elsewhere becomes a link. It refuses to know pages and styles: colours are classes, `COLOURS`.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

LONGEST = (
    100_000  # characters that are read as Markdown; hostile ones take a second there, and longer ones are no prose
)
LONGEST_CODE = 20_000  # … of a block of code that is coloured
LONGEST_FORMULA = 1_000
BELOW = 2  # levels of headings that belong to the page

COLOURS = {
    "Keyword": "hl-k",
    "Literal.String": "hl-s",
    "Literal.Number": "hl-m",
    "Comment": "hl-c",
    "Name.Function": "hl-f",
    "Name.Class": "hl-f",
    "Name.Decorator": "hl-f",
    "Name.Tag": "hl-k",
    "Name.Attribute": "hl-f",
    "Name.Builtin": "hl-b",
    "Operator.Word": "hl-k",
    "Generic.Inserted": "hl-i",
    "Generic.Deleted": "hl-d",
    "Generic.Heading": "hl-f",
    "Generic.Subheading": "hl-c",
    "Generic.Prompt": "hl-c",
}
"""The classes of coloured code, by the kinds of Pygments: keywords, strings, numbers, comments, names that are given,
names that are there already, lines that came and went."""

_PICTURE = re.compile(r"data:image/(?:png|jpeg|gif|webp);base64,[A-Za-z0-9+/=]+", re.IGNORECASE)
_LINK = re.compile(r"(?:https?://|mailto:)", re.IGNORECASE)
_UNREADABLE = re.compile("[\x00\ud800-\udfff]")

_FORMULA = {
    *("math", "mrow", "mi", "mn", "mo", "ms", "mtext", "mspace", "mfrac", "msqrt", "mroot", "mstyle", "mpadded"),
    *("mphantom", "menclose", "msub", "msup", "msubsup", "munder", "mover", "munderover", "mmultiscripts", "none"),
    *("mprescripts", "mtable", "mtr", "mtd"),
}
_TAGS = {
    *("a", "blockquote", "br", "code", "em", "h3", "h4", "h5", "h6", "hr", "img", "li", "ol", "p", "pre", "s", "span"),
    *("strong", "table", "tbody", "td", "th", "thead", "tr", "ul", "div"),
    *_FORMULA,
}
_LOOKS = {
    *("accent", "columnalign", "columnlines", "columnspacing", "depth", "display", "displaystyle", "fence", "form"),
    *(
        "height",
        "linethickness",
        "lspace",
        "mathcolor",
        "mathsize",
        "mathvariant",
        "maxsize",
        "minsize",
        "movablelimits",
    ),
    *("notation", "rowlines", "rowspacing", "rspace", "scriptlevel", "separator", "stretchy", "symmetric", "voffset"),
    "width",
}
_ATTRIBUTES = {
    "a": {"href", "title"},
    "img": {"src", "alt"},
    "ol": {"start", "dir"},
    **{key: {"dir"} for key in ("p", "ul", "blockquote", "h3", "h4", "h5", "h6")},
    **{key: {"align"} for key in ("th", "td")},
    **dict.fromkeys(_FORMULA, _LOOKS),
}
_CLASSES = {"span": set(COLOURS.values()), "div": {"wide"}}


def html_of(markdown: str) -> str:
    """Return Markdown as HTML in which nothing can run and that loads nothing.

    Parameters
    ----------
    markdown
        Whatever was said. HTML in it is shown, and not obeyed; what is longer than `LONGEST` is shown as it was
        written.

    Returns
    -------
    str
        Elements that are closed: none reaches beyond what is put around them. Headings begin at ``h3`` and leave no
        level out. Blocks of code have the classes of `COLOURS`, formulas are MathML, tables stand in ``div.wide``.
    """
    import nh3

    text = _UNREADABLE.sub("\ufffd", markdown)
    if len(text) > LONGEST:
        return f"<pre>{html.escape(text)}</pre>"
    return nh3.clean(
        _parser().render(text),
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        attribute_filter=_harmless,
        allowed_classes=_CLASSES,
        set_tag_attribute_values={"a": {"target": "_blank"}, "table": {"dir": "auto"}},
        url_schemes={"http", "https", "mailto", "data"},
        url_relative="deny",
        link_rel="noopener noreferrer",
    )


def _harmless(tag: str, name: str, value: str) -> str | None:
    """Return an attribute that may stay; ``None`` for one that may not."""
    if name == "src":
        return value if _PICTURE.fullmatch(value) else None
    if name == "href":
        return value if tag == "a" and _LINK.match(value) else None
    return value


@cache
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt
    from mdit_py_plugins.dollarmath import dollarmath_plugin

    parser = MarkdownIt("commonmark", {"html": False, "highlight": _coloured}).enable(["table", "strikethrough"])
    money = {"allow_space": False, "allow_digits": False}  # "$5 and $6" is none
    parser.use(dollarmath_plugin, allow_labels=False, double_inline=True, **money)
    parser.core.ruler.push("page", _for_a_page)
    for name, rule in _RULES.items():
        parser.add_render_rule(name, rule)
    return parser


def _for_a_page(state: Any) -> None:
    """Put the headings below those of the page, without a gap, and let every block find its own direction."""
    outline: list[int] = []
    for token in state.tokens:
        if token.type == "heading_open":
            level = int(token.tag[1:])
            while outline and outline[-1] >= level:
                outline.pop()
            outline.append(level)
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(6, BELOW + len(outline))}"
        if token.type in _BLOCKS:
            token.attrs["dir"] = "auto"
        if token.type in ("th_open", "td_open") and "style" in token.attrs:
            token.attrs["align"] = str(token.attrs.pop("style")).removeprefix("text-align:")


_BLOCKS = {"heading_open", "paragraph_open", "bullet_list_open", "ordered_list_open", "blockquote_open"}


def _image(_self: Any, tokens: Sequence[Token], at: int, *_rest: Any) -> str:
    token = tokens[at]
    source, said = str(token.attrs.get("src", "")), html.escape(token.content or "picture")
    if _PICTURE.fullmatch(source):
        return f'<img src="{html.escape(source)}" alt="{said}">'
    return f'<a href="{html.escape(source)}">{said}</a>' if _LINK.match(source) else said


def _formula(_self: Any, tokens: Sequence[Token], at: int, *_rest: Any) -> str:
    """Return a formula as MathML; as it was written when it cannot be read."""
    from latex2mathml.converter import convert

    source, display = tokens[at].content, tokens[at].type != "math_inline"
    try:
        if len(source) <= LONGEST_FORMULA:
            return convert(source, display="block" if display else "inline")
    except Exception:  # noqa: BLE001, S110 - it raises whatever its tables meet; the source says as much
        pass
    mark = "$$" if display else "$"
    return f"<code>{html.escape(f'{mark}{source}{mark}')}</code>"


_RULES: dict[str, Callable[..., str]] = {
    "image": _image,
    "math_inline": _formula,
    "math_inline_double": _formula,
    "math_block": lambda *given: f"<p>{_formula(*given)}</p>\n",
    "table_open": lambda *_: '<div class="wide"><table>',
    "table_close": lambda *_: "</table></div>",
}


def _coloured(code: str, language: str, _attributes: str) -> str:
    """Return code with its colours; as it is when its language is not known."""
    from pygments.lexers import get_lexer_by_name
    from pygments.util import ClassNotFound

    if len(code) > LONGEST_CODE or not language:
        return html.escape(code)
    try:
        lexer = get_lexer_by_name(language.lower(), stripnl=False, ensurenl=False)
    except ClassNotFound:
        return html.escape(code)
    return "".join(_span(str(kind).removeprefix("Token."), text) for kind, text in lexer.get_tokens(code))


def _span(kind: str, text: str) -> str:
    while kind and kind not in COLOURS:
        kind = kind.rpartition(".")[0]
    said = html.escape(text)
    return f'<span class="{COLOURS[kind]}">{said}</span>' if kind else said
