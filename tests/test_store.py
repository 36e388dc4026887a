"""Folders, names and masks."""

from __future__ import annotations

import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ipy_sessions import FolderError, SessionManager, SettingError, Settings
from ipy_sessions.store.folder import Folder, absolute, choose, relative
from ipy_sessions.store.interrupts import uninterrupted
from ipy_sessions.store.lease import Lease
from ipy_sessions.store.masking import Mask
from ipy_sessions.store.owner import Owner
from ipy_sessions.store.whole import SUFFIX

CREATED = datetime(2026, 3, 1, 10, 15, tzinfo=UTC)
NOBODY = 65534
ID = "01970000-0000-7000-8000-00003f9c2a11"


@pytest.mark.parametrize(
    ("notebook", "name"),
    [
        ("analysis", "analysis"),
        ("my analysis (copy) #2", "my_analysis_copy_2"),
        ("Zoe\u0308", "Zo\u00eb"),
        ("日本語", "日本語"),
        ("../..", "session"),
        ("x" * 300, "x" * 80),
        ("é" * 300, "é" * 40),
        ("CON:<>|?*", "CON"),
    ],
)
def test_a_files_name_is_safe_and_short(tmp_path: Path, notebook: str, name: str) -> None:
    """Time, the notebook's name, the end of the id."""
    file = Folder(tmp_path).file_for(ID, CREATED, Path("folder") / f"{notebook.replace('/', ':')}.ipynb")
    assert file.parent == tmp_path
    assert file.name == f"20260301T101500Z-{name}-9c2a11.jsonl"
    assert len(file.name.encode()) < 255


def test_notebooks_are_named_so_that_a_folder_can_move(tmp_path: Path) -> None:
    """Relative inside, absolute outside; and back."""
    folder = tmp_path / ".sessions"
    for path, written in (
        (tmp_path / "a" / "b.ipynb", "a/b.ipynb"),
        (Path("/elsewhere/c.ipynb"), "/elsewhere/c.ipynb"),
    ):
        assert relative(folder, path) == written
        assert absolute(folder, written) == path


def test_the_directory_is_a_setting(tmp_path: Path) -> None:
    """Beside the notebook, the user's, or a path; where the first cannot be written, the second, and that is said."""
    users = tmp_path / "home" / "data" / "ipy_sessions" / ".sessions"
    assert choose("notebook", tmp_path)[0].path == tmp_path / ".sessions"
    assert choose("user", tmp_path)[0].path == users
    assert choose("talks", tmp_path)[0].path == tmp_path / "talks"
    assert choose("/elsewhere", tmp_path)[0].path == Path("/elsewhere")
    if os.geteuid() == 0:
        os.seteuid(NOBODY)  # root may write anywhere
    try:
        folder, note = choose("notebook", Path("/usr"))
    finally:
        if os.getuid() == 0:
            os.seteuid(0)
    assert (folder.path, note) == (users, f"/usr cannot be written, so sessions are kept in {users}.")


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    """With another that can be chosen."""
    (tmp_path / "file").touch()
    with pytest.raises(FolderError, match=r"could not be created.*Choose another with `%config IPySessions.directory"):
        Folder(tmp_path / "file" / ".sessions").make()


def test_credentials_are_masked_by_value_and_by_shape() -> None:
    """As the environment is now; short values and other variables are no secrets."""
    environ = {"A_TOKEN": "abcdefgh-token", "B_API_KEY": "abcdefgh", "PASSWORD": "short", "HOME": "/home/alice-long"}
    mask = Mask(environ)
    assert mask("x abcdefgh-token y abcdefgh z") == "x [masked A_TOKEN] y [masked B_API_KEY] z"
    assert mask("short /home/alice-long") == "short /home/alice-long"
    assert mask("sk-ant-" + "api03-AbC_d-1234.") == "[masked API key]."
    more = {
        "PGPASSWORD": "pg-password",
        "MYSQL_PWD": "mysql-password",
        "DB_PASS": "db-password",
        "SECRET_KEY_BASE": "rails-key",
    }
    more |= {
        "GITHUB_PAT": "github-pat-1",
        "DATABASE_URL": "postgres://me:url-password@host/db",
        "PWD": "/home/alice-long",
    }
    assert Mask(more)(
        "pg-password mysql-password db-password github-pat-1 rails-key url-password /home/alice-long"
    ) == (
        "[masked PGPASSWORD] [masked MYSQL_PWD] [masked DB_PASS] [masked GITHUB_PAT] [masked SECRET_KEY_BASE] "
        "[masked DATABASE_URL] /home/alice-long"
    )
    environ["NEW_SECRET"] = "a-new-secret"
    assert mask("a-new-secret") == "a-new-secret"
    mask.refresh()
    assert mask("a-new-secret") == "[masked NEW_SECRET]"


def test_a_stop_waits_for_the_end_and_then_comes() -> None:
    """Inside, nothing; outside, the interrupt; afterwards the handler is the old one."""
    before = signal.getsignal(signal.SIGINT)
    reached: list[int] = []

    def work() -> None:
        with uninterrupted():
            os.kill(os.getpid(), signal.SIGINT)
            reached.extend(range(1000))

    with pytest.raises(KeyboardInterrupt):
        work()
    assert len(reached) == 1000
    assert signal.getsignal(signal.SIGINT) is before


def test_other_threads_and_other_handlers_are_left_alone() -> None:
    """Only the main thread is ever interrupted; an ignored signal stays ignored."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with uninterrupted():
            assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)
    seen: list[object] = []

    def work() -> None:
        with uninterrupted():
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [before]


@pytest.mark.parametrize("path", ["~nosuchuser/x", "a\0b"])
def test_what_cannot_be_a_folder_is_refused(path: str) -> None:
    """In one sentence, from Python and from the setting."""
    with pytest.raises(SettingError):
        Folder(Path(path))
    with pytest.raises(SettingError):
        choose(Settings(directory=path).directory, Path.cwd())


@pytest.mark.parametrize(
    "values",
    [
        {"on_start": 5},
        {"max_tokens": True},
        {"max_tokens": 10**20},
        {"max_tokens": "9"},
        {"offline_delay": float("inf")},
        {"offline_delay": -1},
        {"agent_magic": "two words"},
        {"agent_magic": "session"},
        {"persistence": "some"},
    ],
)
def test_settings_refuse_what_cannot_be(values: dict[str, Any]) -> None:
    """Each with its name in the sentence."""
    with pytest.raises(SettingError, match=next(iter(values))):
        Settings(**values)


def test_a_lease_that_was_waited_for_is_one_on_the_file_that_is_there(tmp_path: Path) -> None:
    """Not on the one that was replaced in the meantime, as by `redact`."""
    path, new = tmp_path / "a.jsonl", tmp_path / "new"
    path.write_bytes(b"1")
    new.write_bytes(b"2")
    owner = Owner.here(datetime(2026, 3, 1, tzinfo=UTC))
    first = Lease.open(path, owner)
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(Lease.open, path, owner, wait=30)
        while not waiting.running():
            time.sleep(0.01)
        time.sleep(0.2)
        new.replace(path)
        first.release()
        second = waiting.result()
    assert os.pread(second.fd, 1, 0) == b"2"
    second.release()


def test_what_a_crash_has_left_half_written_is_cleared_away(manager: SessionManager) -> None:
    """Once it is old; it never was in a list."""
    manager.create("alice").prompt("hi")
    manager.close()
    left = manager.store.path / f".left{SUFFIX}"
    left.write_bytes(b"half")
    manager.store.collect()
    assert left.exists()
    os.utime(left, (0, 0))
    manager.store.collect()
    assert not left.exists()
    assert manager.scan().skipped == []
