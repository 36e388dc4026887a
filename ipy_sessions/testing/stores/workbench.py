"""What a contract works with: stores of its own, conversations to keep in them, and ways to say what was found."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, Self, TypeAlias

from ipy_sessions.encoding import encode
from ipy_sessions.entries import OUTSIDE_TREE, VERSION, Entry, Header
from ipy_sessions.identifiers import timestamp
from ipy_sessions.store.interface import Log, Store
from ipy_sessions.store.owner import Owner
from ipy_sessions.store.reading import Contents
from ipy_sessions.testing.fakes import FixedSource

SHOWN = 300  # characters of a value that a report shows


class LeftOutError(Exception):
    """A contract cannot be tried on this store; the reason is the message."""


def need(kept: object, sentence: str) -> None:
    """Break the contract unless something is so; the sentence says what was found instead."""
    if not kept:
        raise AssertionError(sentence)


def same(found: object, wanted: object, what: str) -> None:
    """Break the contract unless two values are equal."""
    need(found == wanted, f"{what}: found {_short(found)}, wanted {_short(wanted)}")


@contextmanager
def refuses(error: type[Exception], what: str) -> Iterator[list[Exception]]:
    """Break the contract unless an error of this kind is raised inside; it is then in the list."""
    caught: list[Exception] = []
    try:
        yield caught
    except error as raised:
        caught.append(raised)
    except Exception as raised:
        raise AssertionError(f"{what}: raised {raised!r:.{SHOWN}}, wanted {error.__name__}") from raised
    need(caught, f"{what}: nothing was raised, wanted {error.__name__}")


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}… ({len(text):,} characters)"


class Talk:
    """The lines of one conversation.

    Parameters
    ----------
    source
        Ids and times.
    version
        Of the format.
    fields
        What its header says.
    """

    def __init__(self, source: FixedSource, version: int = VERSION, **fields: Any) -> None:
        self.header = Header(version, source.new_id(), timestamp(source.now()), fields)
        self.entries: list[Entry] = []
        self._source = source

    def put(self, kind: str, *, parent_id: str | None = None, **fields: Any) -> bytes:
        """Add an entry and return its line; without a parent it follows the last step."""
        steps = [entry.id for entry in self.entries if entry.in_tree]
        if parent_id is None and kind not in OUTSIDE_TREE and steps:
            parent_id = steps[-1]
        entry = Entry(
            kind,
            len(self.entries) + 1,
            self._source.new_id(),
            parent_id,
            self.header.id,
            timestamp(self._source.now()),
            fields,
        )
        self.entries.append(entry)
        return encode(entry)

    def ask(self, text: str, **fields: Any) -> bytes:
        """Add a question and return its line."""
        return self.put("message", role="user", content=[{"type": "text", "text": text}], **fields)

    def answer(self, text: str, **fields: Any) -> bytes:
        """Add an answer and return its line."""
        more = {"model": "scripted", "usage": {"input_tokens": 2, "output_tokens": 3}, "stop_reason": "end_turn"}
        return self.put("message", role="assistant", content=[{"type": "text", "text": text}], **more | fields)

    @property
    def lines(self) -> list[bytes]:
        """Every line, the header's first."""
        return [encode(self.header), *map(encode, self.entries)]


class Workbench:
    """Stores for one contract.

    Parameters
    ----------
    make_store, age
        Those of `check_store`.
    """

    def __init__(self, make_store: Callable[[], Store], age: Callable[[Store], object] | None) -> None:
        self.source = FixedSource()
        """Ids and times, for all stores of this contract."""
        self.age = age
        self._make_store = make_store
        self._open = ExitStack()
        self.store = self.another()
        """The store."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(Exception):  # what a broken store says at its end is of no more interest
            self._open.close()

    def another(self) -> Store:
        """Return one more store, new and empty."""
        store = self._make_store()
        self._open.callback(store.close)
        return store

    def owner(self, notebook: str = "first.ipynb") -> Owner:
        """Return this process as somebody who opens a session; each time another."""
        return Owner.here(self.source.now(), Path("/work") / notebook)

    def talk(self, *texts: str, **fields: Any) -> Talk:
        """Return a conversation of questions and answers, in turn."""
        talk = Talk(self.source, **fields)
        for number, text in enumerate(texts):
            (talk.answer if number % 2 else talk.ask)(text)
        return talk

    def create(self, talk: Talk | Sequence[bytes], path: Path | None = None, store: Store | None = None) -> Log:
        """Give the store a new session and leave it open."""
        store = store or self.store
        lines = talk.lines if isinstance(talk, Talk) else talk
        session_id = talk.header.id if isinstance(talk, Talk) else self.source.new_id()
        log = store.create(path or store.path_for(session_id, self.source.now(), None), lines, self.owner())
        self._open.callback(log.close)
        return log

    def keep(self, talk: Talk | Sequence[bytes], path: Path | None = None, store: Store | None = None) -> Path:
        """Give the store a new session and let go of it; return its path."""
        log = self.create(talk, path, store)
        log.close()
        return log.path

    def keep_odd(self, lines: Sequence[bytes]) -> Path:
        """Give the store lines that are no good session; return their path.

        Raises
        ------
        LeftOutError
            When it takes only good ones.
        """
        try:
            return self.keep(lines)
        except Exception as error:
            raise LeftOutError(f"the store takes no such lines: {error}") from error

    def open(self, path: Path, owner: Owner | None = None) -> tuple[Contents, Log]:
        """Open a session of the store."""
        contents, log = self.store.open(path, owner or self.owner())
        self._open.callback(log.close)
        return contents, log

    def read(self, path: Path, store: Store | None = None) -> list[bytes]:
        """Return the lines of a session."""
        contents = (store or self.store).read(path)
        return [encode(contents.header), *map(encode, contents.tree)]


def append(log: Log, line: bytes) -> bytes:
    """Append one line as a session does; return what others have written since."""

    def repair(fragment: bytes) -> bytes:
        raise AssertionError(f"there was nothing to repair, and this was found: {_short(fragment)}")

    with log.alone:
        others = log.mend(repair)
        log.append(line)
    return others


Contract: TypeAlias = Callable[[Workbench], None]
"""Tries one thing that a store must keep; its docstring is that thing's sentence."""
