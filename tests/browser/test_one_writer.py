"""Two kernels and one conversation, as somebody in JupyterLab meets them."""

from __future__ import annotations

import os

import pytest
from browser.labkit import Lab

from ipy_sessions import SessionBusyError, SessionManager

pytestmark = pytest.mark.browser


def test_a_kernel_that_has_the_session_is_named_and_waited_for(lab: Lab) -> None:
    """Another program is told the notebook and the process; reading works; a restart of the kernel lets go at once."""
    lab.ask("%%agent\nMy name is Alice")
    pid = lab.ask("import os; print(os.getpid())").strip()
    with SessionManager(lab.folder / ".sessions") as other:
        with pytest.raises(SessionBusyError) as refused:
            other.open("My name is Alice")
        assert f"{lab.path.name} (process {pid} on " in str(refused.value)
        reader = other.open("My name is Alice", read_only=True)
        assert reader.info().message_count == 2
        lab.ask("%%agent\nWhat's my name?")
        assert reader.refresh()
        assert reader.info().message_count == 4
        lab.restart()
        held = other.open("My name is Alice", wait=10)
        shown = lab.ask("%load_ext ipy_sessions\n%agent hello")
        assert f"is open elsewhere: a program without a notebook (process {os.getpid()} on " in shown
        assert "--read-only`" in shown
        other.close(held)
        lab.ask("%agent hello")
    for line, said in (
        ("%session tag draft", "has the tags draft."),
        ("%session pin", "is pinned."),
        ("%session list", "My name is Alice"),
        ("%session prune --max-bytes 1kB", "My name is Alice stays: it is pinned."),
        ("%session verify", "Nothing is wrong."),
        ("%session delete 0", "is in the trash. `%session restore"),
        ("%session restore", "My name is Alice"),
    ):
        assert said in lab.ask(line)
