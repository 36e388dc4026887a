"""The whole page: what stands at its top, the list of turns, the conversation, our style and our script. Pure.

It owns the page's policy: our script and our style by their hashes, pictures that stand in the file, and nothing else.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Sequence
from functools import cache
from hashlib import sha256
from html import escape
from pathlib import Path

from ipy_sessions.export.material import Material
from ipy_sessions.export.page.nodes import Node, nodes
from ipy_sessions.export.page.pieces import article
from ipy_sessions.render.panels import dollars, tokens
from ipy_sessions.render.parts import typed
from ipy_sessions.render.safe import LOST
from ipy_sessions.summary import SessionInfo
from ipy_sessions.turns import Turns

BEGINNING = 80  # characters of a question in the list of turns

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<header id="top">
<h1 dir="auto">{title}</h1>
<div id="tools" role="search" hidden>
<input id="find" type="search" placeholder="Search" aria-label="Search the conversation" title="Search ( / )"
 autocomplete="off" spellcheck="false">
<output id="count" for="find"></output>
<button id="before" type="button" title="Previous hit (Shift+Enter)" aria-label="previous hit">↑</button>
<button id="after" type="button" title="Next hit (Enter)" aria-label="next hit">↓</button>
<button id="fold" type="button" aria-pressed="false" title="Thinking, tool calls and results">Unfold all</button>
<button id="list" type="button" aria-expanded="false" aria-controls="turns">Turns</button>
<button id="theme" type="button" aria-label="light or dark" title="Light or dark">◐</button>
</div>
</header>
<div id="page">
<nav id="turns" aria-label="Turns"><ol>
{turns}
</ol></nav>
<main>
<section id="about" aria-label="About">{about}</section>
<div id="talk">
{active}
</div>
{others}
</main>
</div>
<footer>Times are in UTC. Written by ipy_sessions.<span id="keys" hidden> Keys: <kbd>/</kbd> search,
<kbd>Enter</kbd> next hit, <kbd>j</kbd> <kbd>k</kbd> next and previous turn.</span></footer>
<script>{script}</script>
</body>
</html>
"""


def to_html(material: Material) -> str:
    """Return a conversation as a page, with every branch that was not dropped."""
    labels = Turns(material.tree).labels
    made = nodes(material.tree)
    style, script = _own("page.css"), _own("page.js")
    written = {node.name: article(node, labels, material.hidden) for node in made}
    page = _PAGE.format(
        policy=_policy(script, style),
        title=escape(material.info.title),
        style=style,
        script=script,
        turns="\n".join(map(_row, (node for node in made if node.begins))),
        about=_about(material, made),
        active="\n".join(written[node.name] for node in made if node.active) or "<p>Nothing was said yet.</p>",
        others=_others([written[node.name] for node in made if not node.active]),
    )
    return LOST.sub("\ufffd", page)


def _policy(script: str, style: str) -> str:
    return (
        f"default-src 'none'; script-src {_hash(script)}; style-src {_hash(style)}; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


@cache
def _own(name: str) -> str:
    return "\n" + (Path(__file__).parent / name).read_text(encoding="utf-8")


def _row(node: Node) -> str:
    words = " ".join(typed(node.entries[0])[: 8 * BEGINNING].split())
    cut = words if len(words) <= BEGINNING else f"{words[: BEGINNING - 1]}…"
    off = "" if node.active else ' class="off"'
    return f'<li{off}><a href="#{node.name}"><b>{node.number}</b> <bdi>{escape(cut)}</bdi></a></li>'


def _about(material: Material, made: Sequence[Node]) -> str:
    facts = "".join(
        f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in _facts(material, made)
    )
    system = next((text for entry in material.path if (text := entry.fields.get("system"))), None)
    told = f'<pre dir="auto">{escape(system)}</pre>' if isinstance(system, str) else ""
    folded = f'<details class="call"><summary>system text</summary>{told}</details>' if told else ""
    return f"<dl>{facts}</dl>{folded}"


def _facts(material: Material, made: Sequence[Node]) -> Iterable[tuple[str, str]]:
    info, ts = material.info, material.header.ts
    yield "begun", f"{ts[:10]} {ts[11:16]}".strip()
    turns, off = sum(node.begins for node in made), sum(node.begins and not node.active for node in made)
    yield "turns", f"{turns:,}" + (f", {off:,} of them on other branches" if off else "")
    models = {str(entry.fields.get("model")) for node in made for entry in node.entries if entry.fields.get("model")}
    yield "model", ", ".join(sorted(models)) or "none yet"
    if any((info.input_tokens, info.output_tokens)):
        told = (info.input_tokens, info.cache_read_tokens, info.cache_write_tokens, info.output_tokens)
        yield "tokens", tokens(*told)
    if cost := _cost(info):
        yield "cost", cost
    yield "session", info.id


def _cost(info: SessionInfo) -> str:
    if info.cost_usd is None:
        return f"at least {dollars(info.known_cost_usd)}" if info.known_cost_usd else ""
    return dollars(info.cost_usd) if info.cost_usd else ""


def _others(written: Sequence[str]) -> str:
    if not written:
        return '<details id="others" hidden></details>'
    body = "\n".join(written)
    return f'<details id="others"><summary>Other branches</summary>\n{body}\n</details>'
