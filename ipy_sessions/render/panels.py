"""What ``%session`` says. Pure: values in, `Markup` out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from ipy_sessions.identifiers import moment
from ipy_sessions.render.markup import Markup, code, escaped, small, table
from ipy_sessions.summary import SessionInfo
from ipy_sessions.turns import Turn

MINUTES = "%Y-%m-%d %H:%M"
RECENT = timedelta(days=1)  # what is younger is dated by its age
NUMBERS = 5  # of damaged lines that are named
SHOWN = 50  # rows of a list that are shown; their numbers go on behind them


@dataclass(frozen=True, slots=True)
class Listing:
    """The rows of a list as they were shown, so that a number keeps meaning the row that was seen.

    Parameters
    ----------
    current
        The session that one is in; it has the number 0. ``None`` where there is none.
    others
        The others; the first has the number 1.
    """

    current: SessionInfo | None
    others: tuple[SessionInfo, ...]

    def row(self, number: int) -> SessionInfo | None:
        """Return the row of a number; ``None`` where there is none."""
        if number == 0:
            return self.current
        return self.others[number - 1] if number <= len(self.others) else None


def line(text: str) -> Markup:
    """Return one sentence, to be shown in small print; what stands between backticks is code."""
    parts = text.split("`")
    return Markup(
        small("".join(code(part) if n % 2 else escaped(part, keep=True) for n, part in enumerate(parts))), text
    )


def short(text: str, most: int = 60) -> str:
    """Return the beginning of a text, on one line and in quotes."""
    words = " ".join(text.split())
    return f"\u201c{words if len(words) <= most else words[: most - 1] + '…'}\u201d"


def near(path: Path, folder: Path) -> str:
    """Return a path as one would type it from `folder`."""
    try:
        return str(path.relative_to(folder))
    except ValueError:
        return str(path)


def messages(count: int) -> str:
    """Return a number of messages in words."""
    return f"{count:,} message{'' if count == 1 else 's'}"


def dollars(cost: float | None) -> str:
    """Return a cost; one that is not known is said to be so, never shown as nothing."""
    if cost is None:
        return "unknown"
    return f"${cost:.2f}" if cost >= 0.01 or cost == 0 else f"${cost:.4f}"  # noqa: PLR2004 - a cent


def tokens(sent: int | None, read: int, written: int, answered: int | None) -> str:
    """Return counts of tokens in words; those that the server had in its cache, or put there, are told apart."""
    cached = [f"{count:,} {what}" for count, what in ((read, "from the cache"), (written, "into the cache")) if count]
    into = [] if sent is None else [f"{sent:,} in" + (f" + {', '.join(cached)}" if cached else "")]
    return ", ".join([*into, *([] if answered is None else [f"{answered:,} out"])])


def came(verb: str, info: SessionInfo, where: str) -> Markup:
    """Return the line that says which session one is in now: ``continued alice, 4 messages, .sessions/…``."""
    bad = _damage(info.bad_lines)
    count = f"{messages(info.message_count)}, " if info.message_count else ""
    marked = f"{verb} **{escaped(info.title)}**, {count}{code(where)}{escaped(bad)}"
    return Markup(small(marked), f"{verb} {info.title}, {count}{where}{bad}")


def _damage(numbers: Sequence[int]) -> str:
    """Return what is said of lines that could not be read: how many, and the first of their numbers."""
    if not numbers:
        return ""
    shown = ", ".join(map(str, numbers[:NUMBERS])) + (" …" if len(numbers) > NUMBERS else "")
    return f"; {len(numbers)} damaged line{'s' if len(numbers) > 1 else ''} skipped (line {shown})"


def listing(
    rows: Listing,
    now: datetime,
    hidden: int | None,
    skipped: Sequence[tuple[Path, str]],
    archived: int = 0,
    *,
    most: int | None = SHOWN,
) -> Markup:
    """Return the list of sessions.

    Parameters
    ----------
    rows
        What is listed.
    now
        The time, for "2 hours ago"; what is older than a day has its date.
    hidden
        Sessions of the folder that belong to other notebooks; ``None`` for a list that was narrowed.
    skipped
        Files that are no sessions, each with the reason.
    archived
        Sessions of the folder that lists leave out.
    most
        How many rows are shown; ``None`` for all.
    """
    current = [] if rows.current is None else [("▸ 0", rows.current)]
    numbered = [*current, *((str(number), row) for number, row in enumerate(rows.others[:most], start=1))]
    titles = [row.title for _, row in numbered]
    shown = table(
        ("#", "session", "messages", "last message"),
        [(number, f"{_called(row, titles)}{_marks(row)}", *_counts(row, now)) for number, row in numbered],
        right=(0, 2),
    )
    notes = []
    if not numbered:
        shown = Markup("", "")
        none = "No session is in the list." if archived else "No session yet: ask something, and there is one."
        notes.append("No session is like that." if hidden is None else none)
    if most is not None and len(rows.others) > most:
        notes.append(f"{len(rows.others) - most} more, numbered on in the same order.")
    if hidden:
        notes.append(f"{hidden} more of other notebooks: `%session list --all` shows them.")
    if archived:
        notes.append(f"{archived:,} archived: `%session list --all --archived` shows them.")
    notes += [f"Skipped {path.name}: {reason}" for path, reason in skipped]
    return stacked([shown, *map(line, notes)])


def _called(row: SessionInfo, titles: Sequence[str]) -> str:
    return row.title if titles.count(row.title) == 1 else f"{row.title} ({row.tail})"


def _marks(row: SessionInfo) -> str:
    return "".join([*(f" #{tag}" for tag in row.tags), *([" (pinned)"] if row.pinned else [])])


def _counts(row: SessionInfo, now: datetime) -> tuple[str, str]:
    return f"{row.message_count:,}", when(row, now)


def when(row: SessionInfo, now: datetime) -> str:
    """Return when a session's last message was written, in words."""
    from humanize import naturaltime

    age = now - row.modified
    said = naturaltime(age) if age < RECENT else f"{row.modified.astimezone():{MINUTES}}"
    return f"{said} (interrupted)" if row.interrupted else said


def local(ts: str) -> str:
    """Return when something was written, in the reader's own zone; what is no time as it stands."""
    try:
        return f"{moment(ts).astimezone():{MINUTES}}"
    except ValueError:
        return ts


def stacked(parts: Sequence[Markup]) -> Markup:
    """Return several things, one below the other."""
    filled = [part for part in parts if part.plain]
    return Markup("\n\n".join(part.markdown for part in filled), "\n".join(part.plain for part in filled))


def facts(pairs: Sequence[tuple[str, str]]) -> Markup:
    """Return names and values, one pair a line."""
    width = max(len(name) for name, _ in pairs)
    marked = "\n".join(f"- {escaped(name)}: {code(value) if value else '—'}" for name, value in pairs)
    return Markup(marked, "\n".join(f"{name.ljust(width)}  {value}" for name, value in pairs))


def where(info: SessionInfo, notebook: str, file: str) -> Markup:
    """Return the answer to a bare ``%session``.

    Parameters
    ----------
    info
        The session.
    notebook
        The notebook, and what told its path.
    file
        Where its file is.
    """
    return facts(
        [
            ("session", f"{info.title} ({info.tail})"),
            ("turns", f"{info.turn_count:,}, {messages(info.message_count)}"),
            ("tokens", tokens(info.input_tokens, info.cache_read_tokens, info.cache_write_tokens, info.output_tokens)),
            ("cost", _cost(info)),
            ("model", info.model or "none yet"),
            ("file", file),
            ("notebook", notebook),
        ]
    )


def here(info: SessionInfo, active: Sequence[Turn], count: int) -> Markup:
    """Return the head of a session that shows itself: what it is called, and in small print where it stands.

    Parameters
    ----------
    info
        The session.
    active
        The turns on the way to where it stands.
    count
        All its turns, but for dropped ones.
    """
    turns = f"{count:,} turn{'' if count == 1 else 's'}"
    stands = [f"it stands behind turn {active[-1].number:,}"] if active else []
    cost = [dollars(info.known_cost_usd)] if info.known_cost_usd else []
    known = [turns, *stands, *([info.model] if info.model else []), *cost]
    return Markup(
        f"### {escaped(info.title)}\n\n{small(' · '.join([*map(escaped, known), code(str(info.path))]))}",
        f"{info.title}\n{' · '.join([*known, str(info.path)])}",
    )


def _cost(info: SessionInfo) -> str:
    if info.cost_usd is None and info.known_cost_usd:
        return f"at least {dollars(info.known_cost_usd)}: of some answers it is not known"
    return dollars(info.cost_usd)


def path(file: Path, note: str) -> Markup:
    """Return a file's path, with a note behind it."""
    return Markup(code(str(file)) + escaped(note), f"{file}{note}")


def settings(rows: Sequence[tuple[str, str, str]]) -> Markup:
    """Return the settings: name, value, and where the value comes from."""
    return table(("setting", "value", "from"), rows)
