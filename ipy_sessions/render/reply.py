"""One reply as it is shown: while it grows, and as it stays. Pure: values in, `Markup` out."""

from __future__ import annotations

from ipy_sessions.events import Reply, Waiting
from ipy_sessions.render.markup import Markup, closed, code, quoted, small
from ipy_sessions.render.panels import dollars, line, tokens
from ipy_sessions.render.tame import tamed


def last_line(reply: Reply, title: str, where: str) -> Markup:
    """Return the small print below a reply: notes, how it ended if not well, model, tokens, cost, session, file.

    Parameters
    ----------
    reply
        The reply, complete or not.
    title
        The session's.
    where
        Its file, or that it has none.
    """
    counted = [reply.usage.get(kind) for kind in ("input_tokens", "output_tokens")]
    cached = [reply.usage.get(f"cache_{kind}_input_tokens") or 0 for kind in ("read", "creation")]
    used = tokens(counted[0], cached[0], cached[1], counted[1])
    cost = dollars(reply.cost_usd) if reply.cost_usd else ""
    ended = ending(reply)
    words = [word for word in (reply.model, used, cost, title) if word]
    plain = " · ".join([*([ended] if ended else []), *words, where])
    marked = " · ".join([*([f"**{_in_line(ended)}**"] if ended else []), *map(_in_line, words), code(where)])
    notes = [line(note) for note in reply.notes]
    return Markup(
        "\n\n".join([*(note.markdown for note in notes), small(marked)]),
        "\n".join([*(note.plain for note in notes), plain]),
    )


def _in_line(text: str) -> str:
    return line(text).markdown.removeprefix("<small>").removesuffix("</small>")


def ending(reply: Reply) -> str:
    """Return how a reply ended, when that is not as it should."""
    if reply.end == "interrupted":
        return "stopped; what came until then is kept"
    if reply.end is not None:
        return "broken off; what came until then is kept" if reply.content else "no answer"
    if reply.stop_reason == "refusal":
        details = reply.stop_details or {}
        why = ": ".join(str(details[name]) for name in ("category", "explanation") if details.get(name))
        return f"refused{f' ({why})' if why else ''}; this turn is not sent again"
    return {
        "max_tokens": "cut at `max_tokens`; `%agent go on` asks for the rest",
        "model_context_window_exceeded": "cut: the context window is full",
        "pause_turn": "paused; `%agent go on` asks for the rest",
    }.get(reply.stop_reason or "", "")


def answer(reply: Reply, last: Markup) -> Markup:
    """Return a reply as it stays below its cell, with its last line."""
    body = growing(reply.thinking, reply.text.rstrip())
    return Markup(f"{closed(body.markdown)}\n\n{last.markdown}".lstrip(), f"{body.plain}\n\n{last.plain}".lstrip())


def growing(thinking: str, text: str) -> Markup:
    """Return a reply while it grows: its text, and before it the thinking, folded."""
    shown = tamed(text, below=0)  # JupyterLab would obey what its own cells show
    if not thinking:
        return Markup(shown, text)
    return Markup(f"{folded(thinking)}\n\n{shown}", f"[{thought(thinking)}]\n\n{text}")


def folded(thinking: str) -> str:
    """Return thinking as Markdown that opens at a click, shown as it was written."""
    return f"<details><summary>{thought(thinking)}</summary>\n\n{quoted(thinking)}\n\n</details>"


def thought(thinking: str) -> str:
    """Return how much was thought, in words."""
    count = len(thinking.split())
    return f"thinking, {count:,} word{'' if count == 1 else 's'}"


def waiting(event: Waiting) -> str:
    """Return the line of a countdown to a repetition."""
    when = "now" if event.seconds <= 0 else f"in {event.seconds:.0f} s" if event.seconds >= 1 else "in a moment"
    return f"{event.reason}: asking again {when} ({event.attempt} of {event.attempts})"
