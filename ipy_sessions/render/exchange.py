"""What is said of an export and of an import."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from ipy_sessions.render.markup import Markup, table
from ipy_sessions.render.panels import line, messages, near, stacked
from ipy_sessions.summary import SessionInfo

SHOWN = 50  # rows of a table
NAMED = 5  # of a kind that are named


class Exported(Protocol):
    """What was written: `exchange.Exported`."""

    @property
    def path(self) -> Path:
        """The file."""

    @property
    def title(self) -> str:
        """The session's."""

    @property
    def messages(self) -> int:
        """How many it holds."""

    @property
    def others(self) -> int:
        """How many conversations of the same transcript were left out."""


class Transcript(Protocol):
    """What was read: `readers.transcript.Transcript`."""

    @property
    def format(self) -> str:
        """The name of the reader."""

    @property
    def path(self) -> str:
        """The file."""

    @property
    def unknown(self) -> Mapping[str, int]:
        """Records that were kept without being understood."""

    @property
    def bad_lines(self) -> Sequence[int]:
        """Lines that could not be read."""


class Imported(Protocol):
    """What one transcript came to: `importing.Imported`."""

    @property
    def row(self) -> SessionInfo:
        """The session here."""

    @property
    def transcript(self) -> Transcript:
        """What was read."""

    @property
    def added(self) -> int:
        """How many entries were new."""

    @property
    def is_new(self) -> bool:
        """Whether the session was."""


class Taken(Protocol):
    """What an import came to: `exchange.Taken`."""

    @property
    def done(self) -> Sequence[Imported]:
        """One for each conversation."""

    @property
    def skipped(self) -> Sequence[tuple[Path, str]]:
        """What was none, or could not be written, each with the reason."""


def exported(done: Exported, folder: Path) -> Markup:
    """Return what was written."""
    told = f"Exported {done.title}, {messages(done.messages)}, to `{near(done.path, folder)}`."
    if done.others:
        whose = "another conversation" if done.others == 1 else f"{done.others:,} more conversations"
        told += f" The transcript holds {whose}, of sub-agents: `%session import` makes sessions of all."
    return line(told)


def imported(taken: Taken) -> Markup:
    """Return what became of each transcript, and what was left."""
    changed = [one for one in taken.done if one.added or one.is_new]
    rows = [
        (one.row.title, one.row.tail, one.transcript.format, f"{one.row.message_count:,}", _came(one))
        for one in changed[:SHOWN]
    ]
    parts = [table(("session", "id", "from", "messages", "came"), rows, right=(3,))] if rows else []
    if len(changed) > SHOWN:
        parts.append(line(f"… and {len(changed) - SHOWN:,} more."))
    if same := len(taken.done) - len(changed):
        parts.append(line(f"{_sessions(same)} {'was' if same == 1 else 'were'} here already, with nothing new."))
    parts += [line(note) for note in (*_unknown(taken.done), *_bad_lines(taken.done))]
    parts += [line(f"Skipped: {reason}") for _, reason in taken.skipped[:NAMED]]
    if len(taken.skipped) > NAMED:
        more = ", ".join(path.name for path, _ in taken.skipped[NAMED : NAMED + SHOWN])
        parts.append(line(f"Skipped, too, {len(taken.skipped) - NAMED:,} more: {more}."))
    if changed:
        parts.append(line("`%session open ID` goes on with one; `%session list --all` shows them."))
    return stacked(parts)


def _came(one: Imported) -> str:
    return "new" if one.is_new else f"{one.added:,} new {'entry' if one.added == 1 else 'entries'}"


def _unknown(done: Sequence[Imported]) -> list[str]:
    kinds: Counter[str] = Counter()
    for one in done:
        kinds.update(one.transcript.unknown)
    if not kinds:
        return []
    named = ", ".join(f"{kind} ({count:,})" for kind, count in kinds.most_common(NAMED))
    more = " and others" if len(kinds) > NAMED else ""
    count = sum(kinds.values())
    told = "1 record of a kind" if count == 1 else f"{count:,} records of kinds"
    return [f"{told} not known here {'was' if count == 1 else 'were'} kept, unread: {named}{more}."]


def _bad_lines(done: Sequence[Imported]) -> list[str]:
    damaged = {one.transcript.path: one.transcript.bad_lines for one in done if one.transcript.bad_lines}
    if not damaged:
        return []
    named = [f"{Path(path).name} ({', '.join(map(str, lines[:NAMED]))})" for path, lines in damaged.items()]
    more = f" and {len(named) - NAMED:,} more files" if len(named) > NAMED else ""
    count = sum(map(len, damaged.values()))
    lines = "1 line" if count == 1 else f"{count:,} lines"
    return [f"{lines} could not be read: {', '.join(named[:NAMED])}{more}."]


def _sessions(count: int) -> str:
    return f"{count:,} session{'' if count == 1 else 's'}"
