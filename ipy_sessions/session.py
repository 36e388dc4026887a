"""One session: a conversation over its log.

It owns the order of a conversation: the settings before the message that is sent with them, the user's message before
the model is asked, the answer before the turn is over, one turn at a time. It refuses to know which session a
notebook means (`manager`), how a turn is composed (`turn`), what a model is sent (`context`) and how an entry reaches
the disk (`store`).
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import replace
from typing import Any, Self

from ipy_sessions import turn
from ipy_sessions.asking import OneTurn
from ipy_sessions.context.parameters import own_parameters, settings_entry
from ipy_sessions.encoding import clean
from ipy_sessions.entries import user
from ipy_sessions.errors import (
    InvalidEntryError,
    ModelError,
    TurnRunningError,
)
from ipy_sessions.events import BlockEnd, Event, Reply, TextDelta, ThinkingDelta, Waiting
from ipy_sessions.identifiers import SYSTEM, Source
from ipy_sessions.model.interface import Model
from ipy_sessions.render.markup import Markup
from ipy_sessions.render.panels import here
from ipy_sessions.render.transcript import Marks, recent
from ipy_sessions.replay import Branch
from ipy_sessions.settings import PARAMETERS, Parameters, Settings
from ipy_sessions.store.recorder import Recorder
from ipy_sessions.timeline import Timeline

FindModel = Callable[[str], Model]


class Session(Timeline):
    """A conversation and its log. `SessionManager` makes and opens them.

    Parameters
    ----------
    recorder
        Its entries, in memory and in its log.
    settings
        Returns what holds where the session itself has no say; asked at each turn.
    find_model
        From a name to a model; from an empty one to the default.
    source
        The clock.
    read_only
        Why it can only be read; empty when it can be written.
    """

    def __init__(
        self,
        recorder: Recorder,
        *,
        settings: Callable[[], Settings],
        find_model: FindModel,
        source: Source = SYSTEM,
        read_only: str = "",
    ) -> None:
        super().__init__(recorder, read_only)
        self.streaming = False
        """Whether a reply is coming in."""
        self._settings = settings
        self._find_model = find_model
        self._source = source

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # How it shows itself: where it is, and its last turns

    def _shown(self) -> Markup:
        turns = self.turns
        marks = Marks.known(turns, self.hidden, self.content)
        return recent(here(self.info(), turns.active(), len(turns.kept)), self.tree.path(), marks)

    def _repr_markdown_(self) -> str:
        return self._shown().markdown

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """Show itself alone; in a list or the like it is one of many."""
        printer.text(repr(self) if cycle or len(printer.stack) > 1 else self._shown().plain)

    @property
    def parameters(self) -> Parameters:
        """What its next turn is sent with; a default model is found when it is asked."""
        return own_parameters(self.tree.path()) or self._settings().parameters

    # What it takes in

    def prompt(self, text: str, **options: Any) -> Reply:
        """Ask the model, write both messages, return the reply.

        Parameters
        ----------
        text
            What to ask.
        options
            Those of `stream`.

        Raises
        ------
        ModelError
            When the model cannot answer; what it had said by then is in the log.
        """
        with closing(self.stream(text, **options)) as events:
            while True:
                try:
                    next(events)
                except StopIteration as done:
                    reply: Reply = done.value
                    return reply

    def stream(
        self, text: str, *, model: str | None = None, branch: Branch | None = None, **options: Any
    ) -> Generator[Event, None, Reply]:
        """Ask the model and yield its answer event by event; both messages are written.

        Nothing happens before the first event is asked for. Whoever stops listening early closes the stream, and the
        answer is logged as far as it came, as ``interrupted``.

        Parameters
        ----------
        text
            What to ask.
        model
            Who is to answer this turn alone; ``None`` for the session's own, which may be the default.
        branch
            Where to ask, when that is not at the leaf.
        options
            For this turn alone ``system``, ``max_tokens``, ``thinking``, ``effort``, ``stop_sequences`` and ``cache``,
            as `Parameters` has them; whatever else there is, such as ``cell_id``, is written with the user's message.

        Raises
        ------
        TurnRunningError
            When another reply of this session is still coming in.
        ModelError
            When the model cannot answer, with what happened and what to do next.
        """
        self._check_writable()
        if not text.strip():
            raise InvalidEntryError("Nothing was asked: the prompt is empty.")
        changes = {name: options.pop(name) for name in PARAMETERS if name in options}
        own = self.parameters  # also on another branch: what `%session settings` shows is what a turn is sent with
        wanted = own.changed(model=model, **changes)
        answerer = self._find_model(wanted.model if wanted.chosen else "")
        if not wanted.chosen:
            own, wanted = replace(own, model=answerer.name), replace(wanted, model=answerer.name)
        one = OneTurn(self, self._recorder, user(text, **options), own, wanted, branch)
        try:
            yield from self._masked(turn.take(one.ask, answerer, one.answer, self._source))
        except ModelError as error:
            error.args = tuple(map(self._recorder.mask, map(str, error.args)))  # a server may repeat the key
            raise
        return Reply.of(self.tree[str(self.leaf)])  # as it stands in the log, its secrets masked

    def _masked(self, events: Generator[Event, None, Reply]) -> Iterator[Event]:
        """Yield events without the credentials in them, in case that a server repeats one."""
        kind: type[TextDelta | ThinkingDelta] = TextDelta
        stream = self._recorder.mask_stream()
        with closing(events):
            for event in events:
                if not isinstance(event, kind) and (rest := stream.rest()):
                    yield kind(rest)
                if isinstance(event, TextDelta | ThinkingDelta):
                    kind = type(event)
                    if text := stream.take(event.text):
                        yield kind(text)
                elif isinstance(event, BlockEnd):
                    yield BlockEnd(clean(event.block, self._recorder.mask))
                elif isinstance(event, Waiting):
                    yield replace(event, reason=self._recorder.mask(event.reason))
                else:
                    yield event

    def configure(self, **changes: Any) -> None:
        """Give the session other `Parameters` from its next turn on; an empty ``model`` is the default."""
        changed = self.parameters.changed(**changes)
        if changes.get("model"):
            self._find_model(changed.model)
        if changed != self.parameters or own_parameters(self.tree.path()) is None:
            self.append(settings_entry(changed))

    # Where it is kept

    def keep(self) -> None:
        """Write a session that is in memory alone to its file, and from now on every entry.

        A session whose file was deleted, moved, replaced or cut short is written anew, beside what is in its place now;
        an answer that the disk has refused is written, too.

        Raises
        ------
        LogWriteError
            When the file cannot be created; the session then stays in memory.
        """
        self._check_writable()
        self._recorder.keep()

    def flush(self) -> None:
        """Return when the disk holds every line, unless the setting `sync` is ``"never"``.

        Raises
        ------
        LogWriteError
            When the disk cannot.
        """
        self._recorder.flush()

    def close(self) -> None:
        """Make the disk hold every line and let go of the file; a second time does nothing.

        Raises
        ------
        TurnRunningError
            While a reply is coming in.
        LogWriteError
            When the disk refuses: once more an answer that it has refused before, and then the session stays open.
        """
        if self.closed:
            return
        if self.streaming:
            raise TurnRunningError(f"{self.title} cannot be closed: a reply is coming in. Stop it first.")
        self._recorder.close()

    def check_kept(self) -> None:
        """Refuse to let go of a session whose file is not there any more: it would be lost.

        Raises
        ------
        LogLostError
            When its file was deleted, moved, replaced or cut short.
        """
        self._recorder.check_kept()

    def refresh(self) -> bool:
        """Take in what its owner has written since, if the session was opened to read; return whether there was any."""
        return bool(self.read_only) and not self.closed and self._recorder.follow()
