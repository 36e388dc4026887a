"""A part of a message as Markdown and as plain text. Pure.

What was said by a model is Markdown for the host, tamed; what a tool got and gave is shown as it is, folded, and cut
where it is long: whoever wants all of it exports.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape

from ipy_sessions.entries import Block
from ipy_sessions.render.markup import Markup, code, escaped, fenced, quoted
from ipy_sessions.render.parts import SEALED, Part, arguments, hint, media, name_of, results
from ipy_sessions.render.reply import folded, thought
from ipy_sessions.render.tame import tamed

LONGEST = 2_000  # characters of what a tool got or gave, of thinking, and of other versions
LINES = 12  # … of it in a terminal, which folds nothing
PICTURE = 100_000  # characters of a picture that is shown, and not named alone
ONE_LINE = 90  # characters of an argument that needs no block of its own


def piece(part: Part, longest: int | None = None) -> Markup:
    """Return a part of an answer; of its text at most so many characters."""
    if part.kind == "text":
        shown, more = beginning(part.text, longest)
        return Markup(tamed(shown) + _more(more), shown + _more(more))
    return _PIECES[part.kind](part)


def beginning(text: str, most: int | None) -> tuple[str, int]:
    """Return the beginning of a text, and how many characters are left out."""
    return (text, 0) if most is None or len(text) <= most else (text[:most], len(text) - most)


def _more(count: int) -> str:
    return f"\n\n… and {count:,} more characters" if count else ""


def folding(summary: str, body: str) -> str:
    """Return what opens at a click: the summary is HTML on one line, the body Markdown that leaves nothing open."""
    return f"<details><summary>{summary}</summary>\n\n{body}\n\n</details>"


def _thinking(part: Part) -> Markup:
    shown, more = beginning(part.text, 10 * LONGEST)
    return Markup(folded(shown + _more(more)), f"[{thought(part.text)}]")


def _call(part: Part) -> Markup:
    given, name = part.block.get("input"), str(part.block.get("name"))
    came = [] if part.result is None else [_came(part.result)]
    failed = part.result is not None and part.result.get("is_error") is True
    note = " (failed)" if failed else "" if came else " (no result)"
    short = hint(given)
    summary = f"{escape(name)} <code>{escape(short)}</code>" if short else escape(name)
    body = "\n\n".join([*map(_argument, arguments(given)), *(f"result:\n\n{one.markdown}" for one in came)])
    plain = [f"[{name}: {short}{note}]" if short else f"[{name}{note}]", *(one.plain for one in came)]
    return Markup(folding(f"{summary}{note}", body or "nothing"), "\n".join(plain))


def _argument(one: tuple[str, str]) -> str:
    name, value = one
    if value.strip() and "\n" not in value and len(value) <= ONE_LINE:
        return f"{escaped(name)}: {code(value)}"
    return f"{escaped(name)}:\n\n{_block(value)}"


def _block(text: str) -> str:
    shown, more = beginning(text, LONGEST)
    return fenced(shown.splitlines() or [""], "text") + _more(more)


def _result(part: Part) -> Markup:
    came = _came(part.block)
    return Markup(folding("result", came.markdown), f"[result]\n{came.plain}")


def _came(result: Block) -> Markup:
    """Return what a tool gave."""
    found = [_given(part) for part in results(result.get("content"))] or [Markup("nothing", "  nothing")]
    return Markup("\n\n".join(one.markdown for one in found), "\n".join(one.plain for one in found))


def _given(part: Part) -> Markup:
    if part.kind == "text":
        return Markup(_block(part.text), _indented(part.text))
    return piece(part)


def _indented(text: str) -> str:
    lines: Sequence[str] = beginning(text, LONGEST)[0].splitlines()
    more = text.count("\n") + 1 - LINES
    told = [f"  … and {more:,} more line{'' if more == 1 else 's'}"] if more > 0 else []
    return "\n".join([*(f"  {line}" for line in lines[:LINES]), *told])


def _media(part: Part) -> Markup:
    kind, data = media(part.block)
    name = name_of(part.block)
    if data and part.kind == "image" and len(data) <= PICTURE:
        return Markup(f"![{escaped(name)}](data:{kind};base64,{data})", f"[{name}]")
    return Markup(f"*({escaped(name)})*", f"[{name}]")


def _other(part: Part) -> Markup:
    kind = str(part.block.get("type"))
    ((_, value),) = arguments([part.block])
    return Markup(folding(escape(kind), _block(value)), f"[{kind}]")


_PIECES: dict[str, Callable[[Part], Markup]] = {
    "thinking": _thinking,
    "sealed": lambda _: Markup(f"*({SEALED})*", f"[{SEALED}]"),
    "call": _call,
    "result": _result,
    "image": _media,
    "document": _media,
    "other": _other,
}


def asked(part: Part, longest: int | None = None) -> Markup:
    """Return a part of a question: what was typed stands there line by line."""
    if part.kind != "text":
        return piece(part, longest)
    shown, more = beginning(part.text, longest)
    return Markup(quoted(shown) + _more(more), shown + _more(more))
