"""Contracts: `SessionManager(store=…)` works with the store from end to end."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ipy_sessions.entries import user
from ipy_sessions.errors import SessionBusyError, SessionNotFoundError
from ipy_sessions.manager import SessionManager
from ipy_sessions.settings import Settings
from ipy_sessions.summary import SessionInfo
from ipy_sessions.table.history import history
from ipy_sessions.testing.fakes import ScriptedModel
from ipy_sessions.testing.stores.workbench import Contract, Workbench, need, refuses, same

PICTURE = base64.b64encode(bytes(range(256)) * 400).decode()


def goes_on(bench: Workbench) -> None:
    """A session that was created, asked and closed is opened by its name, goes on, and its history is whole."""
    with _manager(bench, "Hello, Alice") as manager:
        session = manager.create("alice")
        same(session.prompt("My name is Alice").text, "Hello, Alice", "the first reply")
    model = ScriptedModel("Alice")
    with _manager(bench, model) as manager:
        session = manager.open("alice")
        same(session.prompt("What is my name?").text, "Alice", "the second reply")
        texts = ["My name is Alice", "Hello, Alice", "What is my name?", "Alice"]
        sent = [message["content"][0]["text"] for message in model.requests[0].messages]
        same(sent, texts[:3], "what the model was sent")
        same(list(history(session)["text"]), texts, "the history")
    with _manager(bench) as manager:
        for ref in ("alice", session.id, manager.list()[0], session.file, str(session.file)):
            same(_texts(manager, ref), texts, f"the messages of what was opened by {ref!r}")
            manager.close(manager.open(ref))
        with refuses(SessionNotFoundError, "open what is not there"):
            manager.open("bob")


def written_at_once(bench: Workbench) -> None:
    """A session is in the store from its first user message on, each message when it is said, an empty one never."""
    with _manager(bench, "hello", "again") as manager:
        session = manager.create("alice")
        same(bench.store.rows().rows, [], "the rows before the first message")
        session.prompt("hi")
        same([row.message_count for row in bench.store.rows().rows], [2], "the messages in the store")
        session.note(tags=["a"])
        session.prompt("more")
        row = bench.store.rows().rows[0]
        same((row.message_count, row.tags, row.path), (4, ("a",), session.file), "the row")
        same(list(bench.store.read(session.file).tree), list(session.tree), "the entries")


def forked(bench: Workbench) -> None:
    """A fork begins as a copy and goes its own way; the session that it is from stays as it was."""
    with _manager(bench, "one", "two") as manager:
        first = manager.create("alice")
        first.prompt("hi")
        manager.close(first)
        before = bench.read(first.file)
        other = manager.fork("alice")
        other.prompt("on")
        same(bench.read(first.file), before, "the lines of the first one")
        same(other.header.fields.get("parent_session"), first.id, "where the fork is from")
        same(sorted(row.title for row in manager.list()), ["alice", "alice (fork)"], "the titles")
        same(_texts(manager, "alice (fork)"), ["hi", "one", "on", "two"], "the messages of the fork")


def listed(bench: Workbench) -> None:
    """Lists are sorted by the last message, narrowed by every filter, and turned by pages."""
    with _manager(bench, *["ok"] * 6) as manager:
        for number in range(6):
            session = manager.create(f"talk {number}")
            session.prompt(f"hi {number}", model="scripted")
            session.note(tags=["even"] if number % 2 == 0 else [], archived=number == 0)
        manager.close()
        names = [f"talk {number}" for number in (5, 4, 3, 2, 1)]
        rows = manager.list()
        same([row.name for row in rows], names, "the list")
        wanted = {
            "by name": (manager.list(name="talk 3"), ["talk 3"]),
            "by tag": (manager.list(tag="even"), ["talk 4", "talk 2"]),
            "by model": (manager.list(model="scripted"), names),
            "by another model": (manager.list(model="none"), []),
            "by key": (manager.list(key="agent:main:script"), names),
            "since": (manager.list(since=rows[1].modified), names[:2]),
            "until": (manager.list(until=rows[3].modified), names[3:]),
            "archived": (manager.list(archived=True), ["talk 0"]),
            "all": (manager.list(archived=None), [*names, "talk 0"]),
            "first page": (manager.list(limit=2), names[:2]),
            "second page": (manager.list(limit=2, after=rows[1].cursor), names[2:4]),
        }
        for what, (found, titles) in wanted.items():
            same([row.name for row in found], titles, what)


def one_manager_at_a_time(bench: Workbench) -> None:
    """Of two managers on a store one writes to a session; the other reads it, sees what is new, and forks it."""
    with _manager(bench, "one", "two", "three") as manager, _manager(bench, "other") as other:
        session = manager.create("alice")
        session.prompt("hi")
        with refuses(SessionBusyError, "open elsewhere"):
            other.open("alice")
        reader = other.open("alice", read_only=True)
        session.prompt("more")
        reader.refresh()
        same(list(reader.tree), list(session.tree), "the reader's entries")
        same(other.fork("alice").prompt("on").text, "other", "the fork's reply")
        manager.close(session)
        same(other.open("alice").append(user("mine now")).text, "mine now", "what the other writes afterwards")


def payload_round(bench: Workbench) -> None:
    """A picture leaves its line for the store's payloads and is sent to the model as it was."""
    source = {"type": "base64", "media_type": "image/png", "data": PICTURE}
    with _manager(bench, "a picture") as manager:
        manager.create("alice").append(user([{"type": "image", "source": source}]))
    model = ScriptedModel("a picture")
    with _manager(bench, model) as manager:
        session = manager.open("alice")
        session.prompt("what is it?")
        same(model.requests[0].messages[0]["content"][0]["source"], source, "the picture that the model is sent")
        size = sum(map(len, bench.read(session.file)))
        need(size < len(PICTURE), f"the lines have {size:,} bytes, and the picture is among them")


@contextmanager
def _manager(bench: Workbench, *scripts: str | ScriptedModel) -> Iterator[SessionManager]:
    """Return a manager on the store; its model says what it was told to."""
    given = [script for script in scripts if isinstance(script, ScriptedModel)]
    model = given[0] if given else ScriptedModel(*[script for script in scripts if isinstance(script, str)])
    settings = Settings(model="scripted")
    with SessionManager(
        store=bench.store, settings=settings, find_model=lambda _: model, source=bench.source
    ) as manager:
        yield manager


def _texts(manager: SessionManager, ref: str | Path | SessionInfo) -> list[str]:
    return [entry.text for entry in manager.open(ref).tree.path() if entry.type == "message"]


CONTRACTS: tuple[Contract, ...] = (
    goes_on,
    written_at_once,
    forked,
    listed,
    one_manager_at_a_time,
    payload_round,
)
