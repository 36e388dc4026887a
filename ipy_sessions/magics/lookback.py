"""What the commands of ``%session`` that look at what was said do; of them `search` and `sql` have rooms of their own.

They change nothing of a conversation; what is wanted again is put where it can be run, and not run.
"""

from __future__ import annotations

from contextlib import ExitStack
from functools import singledispatchmethod
from typing import TYPE_CHECKING, Any

from ipy_sessions.commands.agent import written
from ipy_sessions.commands.values import SUMS, Again, Compare, History, Show, Tree, Usage
from ipy_sessions.comparing import compare
from ipy_sessions.context.edits import hidden
from ipy_sessions.errors import AmbiguousReferenceError, CommandError, SessionNotFoundError, TurnNotFoundError
from ipy_sessions.events import Reply
from ipy_sessions.magics.commands import Commands
from ipy_sessions.magics.host import NONE_YET
from ipy_sessions.notebook import Place, saved
from ipy_sessions.render import panels, usage
from ipy_sessions.render.comparison import comparison
from ipy_sessions.render.markup import Markup, Picture, fenced
from ipy_sessions.render.prompts import prompts
from ipy_sessions.render.reply import answer, last_line
from ipy_sessions.render.transcript import Marks, transcript
from ipy_sessions.render.tree import SHOWN, draw
from ipy_sessions.session import Session
from ipy_sessions.turns import Turn

if TYPE_CHECKING:
    from ipy_sessions.table.corpus import Named
    from ipy_sessions.table.usage_totals import By


class LookbackCommands(Commands):
    """Carries out the commands of ``%session`` that look back."""

    @singledispatchmethod
    def run(self, command: Any) -> Any:
        """Carry out one command; return what is to be shown: a `Markup`, a `Picture` or a DataFrame."""
        raise NotImplementedError(command)

    @run.register
    def _tree(self, command: Tree) -> Picture | None:
        if not command.ref and self._host.place().clickable:
            from ipy_sessions.magics.clicking import show_tree

            show_tree(self._host, whole=command.all)
            return None
        if not command.ref:
            return self.drawn(whole=command.all)
        with self._host.reading(self._host.resolve(command.ref)) as session:
            return drawn(session, whole=command.all)

    def drawn(self, *, whole: bool = False) -> Picture:
        """Return the tree of the session that one is in, drawn."""
        return drawn(self._session, whole=whole)

    @run.register
    def _compare(self, command: Compare) -> Markup:
        session = self._host.found(self._host.place())
        with ExitStack() as opened:  # long sessions are read while they are compared
            (a, first), (b, second) = [self._side(ref, session, opened) for ref in (command.first, command.second)]
            return comparison(a, b, compare(first, second))

    def _side(self, ref: str, session: Session | None, opened: ExitStack) -> tuple[str, list[Turn]]:
        """Return what is compared, and what to call it: a turn of this session is meant first, then a session."""
        why = NONE_YET
        session = session if ref else self._session
        if session is not None:
            try:
                turn = session.turn(ref) if ref else None
            except TurnNotFoundError as error:
                why = str(error)
            else:
                called = "the active branch" if turn is None else f"turn {turn.number}"
                return called, session.turns.path(session.leaf if turn is None else turn.last)
        try:
            other = opened.enter_context(self._host.reading(self._host.resolve(ref)))
        except AmbiguousReferenceError:
            raise
        except SessionNotFoundError:
            raise CommandError(f"{why} Nor is there a session {ref!r}: `%session list --all` shows those.") from None
        return other.title, other.turns.active()

    @run.register
    def _show(self, command: Show) -> Markup:
        if not command.ref:
            return self._shown(self._session, command)
        with self._host.reading(self._host.resolve(command.ref)) as session:
            return self._shown(session, command)

    def _shown(self, session: Session, command: Show) -> Markup:
        path = session.tree.path()
        if command.turn and command.last:
            raise CommandError("Either a turn is shown, or the last answer: leave out `--turn` or `--last`.")
        if not command.last:
            turns = session.turns
            numbers = {question: number for number, question in enumerate(turns.ids, start=1)}
            shown_path = session.turn(command.turn).entries if command.turn else path
            return transcript(session.title, shown_path, Marks(session.hidden, turns.labels, numbers))
        last = next((entry for entry in reversed(path) if entry.role is not None), None)
        if last is None or last.role != "assistant":
            raise CommandError(f"{session.title} has no answer to its last question. Ask again.")
        reply = Reply.of(last)
        shown = answer(reply, last_line(reply, session.title, self._host.where(session, self._host.place())))
        why = str((reply.error or {}).get("message") or "")
        return panels.stacked([shown, panels.line(why)]) if why else shown

    @run.register
    def _history(self, command: History) -> Any:
        if command.prompts:
            return prompts(self._session.turns.active())
        from ipy_sessions.table.history import history

        frame = history(self._host.found(self._host.place()))
        if command.df is not None:
            self._host.shell.push({command.df: frame})
        return frame

    @run.register
    def _usage(self, command: Usage) -> Markup:
        from ipy_sessions.table.read import read
        from ipy_sessions.table.usage_totals import totals

        tables = read(self._meant(command))
        tables.corpus.notes = self._host.notes
        wanted: tuple[By, ...] = SUMS if command.by is None else (command.by,)  # type: ignore[assignment]
        if command.by is None and command.ref:
            wanted = wanted[1:]
        sums: dict[str, list[usage.Spent]] = {
            by: [usage.Spent(**row) for row in totals(tables, by).to_pylist()] for by in wanted
        }
        return usage.usage(sums).of(sums)

    def _meant(self, command: Usage) -> list[Named]:
        """Return the sessions that are summed up."""
        place = self._host.place()
        if command.ref:
            return [self._host.meant(command.ref, place)]
        return self._listed(None if command.all else place.notebook)

    @run.register
    def _again(self, command: Again) -> Markup:
        session = self._session
        turn = session.turn(command.turn)
        ask, place = turn.ask, self._host.place()
        if not ask.text:
            raise CommandError(f"Turn {turn.number} says nothing that could be typed into a cell.")
        cell, left_out = written(self._host.config.settings.agent_magic, ask.text, ask.options, ask.take)
        notes = [panels.line(f"Left out, since no line can hold it: {name}.") for name in left_out]
        if len(turn.question.content) > 1:
            notes.append(panels.line("What it asked with, beside the text, is not in the cell."))
        return panels.stacked([self._put(cell, turn.number, place), *notes])

    def _put(self, cell: str, number: int, place: Place) -> Markup:
        """Put a text into the next cell, once; where nobody takes it, show it."""
        if _below(place) == cell:
            return panels.line(f"The next cell asks what turn {number} asked already.")
        if not self._host.output.give(cell, place):
            return Markup(fenced(cell.split("\n")), cell)
        return panels.line(f"What turn {number} asked is in the next cell. It was not run.")


def drawn(session: Session, *, whole: bool = False) -> Picture:
    """Return the tree of a session, drawn; of a large one the turns around where it stands, or all, dropped too."""
    return draw(
        session.turns,
        session.title,
        hidden=hidden(session.tree, list(session.tree)),  # on every branch
        missing=session.tree.missing,
        most=None if whole else SHOWN,
    )


def _below(place: Place) -> str | None:
    """Return what the cell below the one that runs says, as the notebook was saved."""
    if place.notebook is None or place.cell_id is None:
        return None
    cells = saved(place.notebook).cells
    here = next((number for number, cell in enumerate(cells) if cell.id == place.cell_id), len(cells))
    return cells[here + 1].source if here + 1 < len(cells) else None
