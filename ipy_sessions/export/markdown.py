"""A conversation to read, as one document of Markdown: each turn with its heading, its question quoted, its answer."""

from __future__ import annotations

from collections.abc import Iterator

from ipy_sessions.entries import Entry
from ipy_sessions.export.material import Material
from ipy_sessions.export.prose import cited, details, parts
from ipy_sessions.render.markup import code, escaped, quoted
from ipy_sessions.turns import Turns

ENDS = {"interrupted": "stopped; what came until then is kept", "error": "broken off; what came until then is kept"}


def to_markdown(material: Material) -> str:
    """Return the active branch as a document."""
    return "\n\n".join([*opening(material), *_body(material)]) + "\n"


def opening(material: Material) -> Iterator[str]:
    """Yield the title and, in small print, what is known of the conversation."""
    info = material.info
    yield f"# {escaped(info.title)}"
    count = len(Turns(material.tree).active())
    told = [f"{count:,} turn{'' if count == 1 else 's'}", *([escaped(info.model)] if info.model else []), code(info.id)]
    yield f"*{_when(material.header.ts)}* · {' · '.join(told)}"
    system = next((text for entry in material.path if (text := entry.fields.get("system"))), None)
    if isinstance(system, str):
        yield details("system text", quoted(system))


def _body(material: Material) -> Iterator[str]:
    heads = {turn.id: turn.number for turn in Turns(material.tree).active()}
    for entry in material.written(material.path):
        if entry.id in heads:
            yield f"## Turn {heads[entry.id]}"
        yield from said(entry, hidden=entry.id in material.hidden)


def said(entry: Entry, *, hidden: bool = False) -> Iterator[str]:
    """Yield what an entry adds to the document."""
    if entry.type in ("compaction", "branch_summary") and isinstance(entry.fields.get("summary"), str):
        yield details(entry.type.replace("_", " "), quoted(entry.fields["summary"]))
    if entry.role == "user":
        asked = [cited(text) for block in entry.content if (text := _text(block))]
        others = [block for block in entry.content if block.get("type") != "text"]
        blocks = [*asked, *parts(others)]
        note = " · hidden from the model" if hidden else ""
        yield from [f"**you** · {_when(entry.ts)}{note}", *blocks] if asked else blocks
    elif entry.role == "assistant":
        yield speaker(entry)
        yield from parts(entry.content)


def speaker(entry: Entry) -> str:
    """Return who answers, when, and how it ended when that was too early."""
    ended = ENDS.get(str(entry.fields.get("end")))
    who = escaped(str(entry.fields.get("model") or "assistant"))
    return f"**{who}** · {_when(entry.ts)}" + (f" · *{ended}*" if ended else "")


def _text(block: dict[str, object]) -> str:
    text = block.get("text") if block.get("type") == "text" else None
    return text if isinstance(text, str) and text.strip() else ""


def _when(ts: str) -> str:
    return escaped(f"{ts[:10]} {ts[11:16]}" if len(ts) > 16 else ts)  # noqa: PLR2004 - a time as the log writes it
