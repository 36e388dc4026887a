"""A session whose model is behind a server of the Messages API on this machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from model.talk import Talk

from ipy_sessions import Session, SessionManager, Settings
from ipy_sessions.testing import FixedSource, MessagesServer


@pytest.fixture
def serve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., tuple[Session, MessagesServer]]]:
    """Return a function that starts a server and a session that asks it; arguments are the server's and settings."""
    made: list[tuple[SessionManager, MessagesServer]] = []
    monkeypatch.delenv("IPY_SESSIONS_MODEL")

    def start(*steps: Any, settings: dict[str, Any] | None = None, **about: Any) -> tuple[Session, MessagesServer]:
        server = MessagesServer(*steps, **about).start()
        monkeypatch.setenv("ANTHROPIC_BASE_URL", server.url)
        chosen = Settings(**{"retry_wait": 0.01, "timeout": 5.0, **(settings or {})})
        manager = SessionManager(tmp_path / "work" / ".sessions", settings=chosen, source=FixedSource())
        made.append((manager, server))
        return manager.create("talk"), server

    yield start
    for manager, server in made:
        manager.close()
        server.stop()


@pytest.fixture(scope="module")
def one_talk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Talk]:
    """The kernel and the server of all these tests."""
    talk = Talk(tmp_path_factory.mktemp("talk"))
    yield talk
    talk.stop()


@pytest.fixture
def talk(one_talk: Talk) -> Talk:
    """A new session of theirs."""
    one_talk.begin()
    return one_talk
