"""One stretch of a conversation as HTML: its head, what was asked, what came. Pure.

What was said comes through `safe.html_of` or is escaped here; there is no third way into the page.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from html import escape

from ipy_sessions.entries import Block, Entry
from ipy_sessions.events import Reply
from ipy_sessions.export.page.nodes import Node
from ipy_sessions.render.parts import (
    SEALED,
    SUMMARIES,
    Part,
    arguments,
    cell_of,
    hint,
    media,
    name_of,
    parts,
    results,
    spent,
)
from ipy_sessions.render.reply import ending, thought
from ipy_sessions.render.safe import html_of


def article(node: Node, labels: Mapping[str, str], hidden: Collection[str]) -> str:
    """Return a stretch.

    Parameters
    ----------
    node
        The stretch.
    labels
        The labels of turns, by the ids of their questions.
    hidden
        Ids of the messages that are kept from the model.
    """
    above = f' data-above="{node.above.name}"' if node.above is not None else ""
    unsent = ' class="unsent"' if node.entries[0].id in hidden else ""
    said = "\n".join(one for entry, held in parts(node.entries) for one in _entry(entry, held, hidden))
    return f'<article id="{node.name}"{above}{unsent}>\n{_head(node, labels)}\n{said}\n</article>'


def title(node: Node) -> str:
    """Return what a stretch is called."""
    if not node.number:
        return "Before the first turn"
    return f"Turn {node.number}" if node.begins else f"Turn {node.number} goes on"


def _head(node: Node, labels: Mapping[str, str]) -> str:
    first = node.entries[0]
    told = [f'<h2><a href="#{node.name}">{title(node)}</a></h2>']
    if label := labels.get(first.id):
        told.append(f'<bdi class="label">{escape(label)}</bdi>')
    facts = [_time(first.ts), *_facts(first)]
    told.append(f'<span class="facts">{" · ".join(facts)}</span>')
    return f"<header>{''.join(told)}{_ways(node)}</header>"


def _facts(entry: Entry) -> Iterator[str]:
    """Yield what is known of a question beside what it says."""
    ran, cell = cell_of(entry), entry.fields.get("cell_id")
    if ran:
        yield f'<span title="as its notebook numbered it">cell {escape(ran)}</span>'
    elif isinstance(cell, str):
        yield f"cell <bdi>{escape(cell)}</bdi>"
    if entry.fields.get("carried_from") is not None:
        yield "carried along"


def _ways(node: Node) -> str:
    """Return the switch between those that follow the same; links, so that it works without scripts, too."""
    count = len(node.ways)
    if count == 1:
        return ""
    at = next(number for number, way in enumerate(node.ways) if way is node)
    before, after = node.ways[at - 1], node.ways[(at + 1) % count]
    return (
        f'<span class="ways" role="group" aria-label="{count} versions">'
        f'<a href="#{before.name}" aria-label="previous version, {title(before)}">&lsaquo;</a>'
        f"<span>{at + 1} of {count}</span>"
        f'<a href="#{after.name}" aria-label="next version, {title(after)}">&rsaquo;</a></span>'
    )


def _time(ts: str) -> str:
    return f'<time datetime="{escape(ts)}">{escape(f"{ts[:10]} {ts[11:16]}".strip())}</time>'


def _entry(entry: Entry, held: list[Part], hidden: Collection[str]) -> Iterator[str]:
    if entry.type in SUMMARIES:
        yield _card(SUMMARIES[entry.type], html_of(str(entry.fields["summary"])))
    elif entry.role == "user" and held:
        note = '<p class="note">hidden from the model</p>' if entry.id in hidden else ""
        yield f'<div class="you said" role="group" aria-label="You">{note}{"".join(map(_asked, held))}</div>'
    elif entry.role == "assistant":
        yield _answer(entry, held)


def _asked(part: Part) -> str:
    return f'<div class="typed" dir="auto">{escape(part.text)}</div>' if part.kind == "text" else _piece(part)


def _answer(entry: Entry, held: list[Part]) -> str:
    reply = Reply.of(entry)
    name = escape(reply.model or "assistant")
    facts = " · ".join(map(escape, spent(reply)))
    ended, why = ending(reply).replace("`", ""), str((reply.error or {}).get("message") or "")
    stopped = f'<p class="note">{escape(": ".join(filter(None, (ended, why))))}</p>' if ended else ""
    body = "".join(map(_piece, held))
    return (
        f'<div class="answer" role="group" aria-label="{name}"><p class="who"><b>{name}</b>'
        f'<span class="facts">{facts}</span></p><div class="said">{body}</div>{stopped}</div>'
    )


def _piece(part: Part) -> str:
    """Return a part of a message."""
    return _PIECES[part.kind](part)


def _thinking(part: Part) -> str:
    text = f'<div class="typed" dir="auto">{escape(part.text)}</div>'
    return _folded("thinking", escape(thought(part.text)), text)


def _folded(kind: str, summary: str, body: str) -> str:
    return f'<details class="{kind}"><summary>{summary}</summary>{body}</details>'


def _card(name: str, body: str) -> str:
    head = f'<p class="who"><b>{escape(name)}</b></p>'
    return f'<div class="card said" role="group" aria-label="{escape(name)}">{head}{body}</div>'


def _call(part: Part) -> str:
    given = part.block.get("input")
    name = f"<b>{escape(str(part.block.get('name')))}</b>"
    failed = _failed(part.result) if part.result is not None else '<span class="note">no result</span>'
    summary = f"{name}<code>{escape(hint(given))}</code>{failed}"
    came = f'<p class="what">result</p>{_result(part.result)}' if part.result is not None else ""
    return _folded("call", summary, f"{_given(given)}{came}")


def _failed(result: Block) -> str:
    return '<span class="note">failed</span>' if result.get("is_error") is True else ""


def _given(given: object) -> str:
    return "".join(f'<p class="what">{escape(name)}</p>{_lines(text)}' for name, text in arguments(given))


def _result(result: Block) -> str:
    found = results(result.get("content"))
    if not found:
        return '<p class="note">nothing</p>'
    return "".join(_lines(part.text) if part.kind == "text" else _piece(part) for part in found)


def _lines(text: str) -> str:
    return f'<pre dir="auto" tabindex="0">{escape(text)}</pre>'


def _media(block: Block) -> str:
    kind, data = media(block)
    name = escape(name_of(block))
    if data and block.get("type") == "image":
        return f'<img src="data:{kind};base64,{data}" alt="{name}">'
    return f'<p class="note file"><bdi>{name}</bdi></p>'


_PIECES: dict[str, Callable[[Part], str]] = {
    "text": lambda part: html_of(part.text),
    "thinking": _thinking,
    "sealed": lambda _: f'<p class="note">{SEALED}</p>',
    "call": _call,
    "result": lambda part: _folded("call", f"result{_failed(part.block)}", _result(part.block)),
    "image": lambda part: _media(part.block),
    "document": lambda part: _media(part.block),
    "other": lambda part: _folded("call", f"<b>{escape(str(part.block.get('type')))}</b>", _given(part.block)),
}
