"""What the cells of a notebook ask, and where they move the conversation: read from their sources, nothing is run.

Pure. It reads what begins a line: ``%%agent``, ``%agent`` and ``%session``. What only running tells is not known here:
how often a loop or a function comes by (such an ask counts once), whether a condition holds, what Python asks
(``session.prompt``), what stands behind an ``=``. Whether a line stands inside a string is told by its quotes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ipy_sessions.ask import Ask
from ipy_sessions.commands.agent import parse_agent
from ipy_sessions.commands.session import parse_session
from ipy_sessions.commands.values import Close, Continue, Delete, Drop, Fork, New, Open, Rewind, Switch
from ipy_sessions.errors import CommandError
from ipy_sessions.notebook import Cell

MOVES = (New, Open, Fork, Continue, Close, Delete, Rewind, Switch, Drop)
"""Commands after which an ask goes elsewhere."""

AROUND = frozenset({"time", "capture", "prun"})
"""Cell magics that run their body as a cell, once."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a cell that asks, moves the conversation, or cannot be read.

    Parameters
    ----------
    position
        The number of its cell from the top, from 1.
    cell
        Its cell's id; ``None`` where it has none.
    text
        The prompt; of what is no ask, the line.
    ask
        What it asks; ``None`` for what is no ask.
    session
        Reference of the session that it asks, where that is another one.
    mode
        The setting `replay` for it alone; ``None`` for what holds.
    in_block
        Whether it is indented, and so may run any number of times, or never.
    error
        Why it cannot be read; empty when it can.
    """

    position: int
    cell: str | None
    text: str
    ask: Ask | None = None
    session: str | None = None
    mode: str | None = None
    in_block: bool = False
    error: str = ""


@dataclass(frozen=True, slots=True)
class Names:
    """What the magics are called.

    Parameters
    ----------
    agent, session
        The settings `agent_magic` and `session_magic`.
    """

    agent: str = "agent"
    session: str = "session"


@dataclass(frozen=True, slots=True)
class _Typed:
    """One of our lines: its mark and name, what stands behind it, the body below."""

    name: str
    rest: str
    body: str = ""
    in_block: bool = False


def lines_of(cells: Iterable[Cell], names: Names = Names()) -> list[Line]:
    """Return the lines of a notebook that ask or move, from top to bottom; an empty prompt asks nothing."""
    found: list[Line] = []
    for position, cell in enumerate(cells, start=1):
        asks = 0
        for typed in _typed(cell.source, names) if cell.type == "code" else ():
            line = _read(typed, names, position, cell.id, asks + 1)
            if line is not None:
                found.append(line)
                asks += line.ask is not None
    return found


def _read(typed: _Typed, names: Names, position: int, cell: str | None, number: int) -> Line | None:
    """Return what one of our lines means; ``None`` for what neither asks nor moves."""
    shown = f"{typed.name} {typed.rest}".strip()
    try:
        if typed.name == f"%{names.session}":
            moves = isinstance(parse_session(typed.rest), MOVES)
            return Line(position, cell, shown, in_block=typed.in_block) if moves else None
        read = parse_agent(typed.rest, typed.body)
    except CommandError as error:
        return Line(position, cell, shown, in_block=typed.in_block, error=str(error))
    if not read.prompt:
        return None
    ask = Ask(read.prompt, read.options, read.take, cell, number)
    return Line(position, cell, read.prompt, ask, read.session, read.replay, typed.in_block)


def _typed(source: str, names: Names) -> Iterator[_Typed]:
    """Find our lines in a cell, as IPython would."""
    lines = source.splitlines(keepends=True)
    while lines and not lines[0].strip():
        del lines[0]
    indent = re.match(r"[ \t]*", lines[0])[0] if lines else ""  # type: ignore[index] # it always matches
    lines = [line.removeprefix(indent) for line in lines]
    magic = re.match(r"%%(\w+)(?=\s|$)(.*)", lines[0]) if lines else None
    if magic is not None and magic[1] == names.agent:
        yield _Typed(f"%%{names.agent}", magic[2].strip(), "".join(lines[1:]))
    elif magic is not None and magic[1] in AROUND:
        yield from _typed("".join(lines[1:]), names)
    elif magic is None:
        yield from _in_code(lines, names)


def _in_code(lines: Sequence[str], names: Names) -> Iterator[_Typed]:
    ours = re.compile(rf"([ \t]*)(%(?:{names.agent}|{names.session}))(?!\w)(.*)", re.DOTALL)
    code = _Code()
    rest = iter(lines)
    for line in rest:
        if not code.begins:
            code.read(line)
            continue
        whole = line
        if line.lstrip().startswith(("%", "!")):
            while whole.endswith("\\\n") and (following := next(rest, "")):
                whole = f"{whole.rstrip()[:-1]} {following}"
            found = ours.match(whole)
            behind = found[3].strip() if found is not None else "?"
            if found is not None and not _asks_for_help(found[2], behind, names):
                yield _Typed(found[2], behind, in_block=bool(found[1]))
        else:
            code.read(line)


def _asks_for_help(name: str, rest: str, names: Names) -> bool:
    """Tell IPython's own help from a prompt, in which a question mark may end."""
    return rest in {"?", "??"} if name == f"%{names.agent}" else rest.endswith("?")


_TOKEN = re.compile(r'''#.*|"""|\'\'\'|"(?:\\.|[^"\\\n])*"?|'(?:\\.|[^'\\\n])*'?|[\[({\])}]''')


class _Code:
    """How far a cell's Python was read, as far as it tells whether another line begins a statement."""

    def __init__(self) -> None:
        self._quote = ""
        self._depth = 0
        self._goes_on = False

    @property
    def begins(self) -> bool:
        """Whether the next line begins outside of every string and bracket."""
        return not self._quote and not self._depth and not self._goes_on

    def read(self, line: str) -> None:
        """Go on behind a line."""
        at = 0
        while at < len(line):
            at = self._end_of_string(line, at) if self._quote else self._next_token(line, at)
        self._goes_on = not self._quote and line.endswith("\\\n")

    def _end_of_string(self, line: str, at: int) -> int:
        end = re.compile(rf"(?:\\.|[^\\])*?{self._quote}", re.DOTALL).match(line, at)
        if end is None:
            return len(line)
        self._quote = ""
        return end.end()

    def _next_token(self, line: str, at: int) -> int:
        found = _TOKEN.search(line, at)
        if found is None:
            return len(line)
        if found[0] in {'"""', "'''"}:
            self._quote = found[0]
        elif found[0] in {"(", "[", "{"}:
            self._depth += 1
        elif found[0] in {")", "]", "}"}:
            self._depth = max(0, self._depth - 1)
        return found.end()
