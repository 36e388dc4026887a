"""Loading adds a little, and unloading takes all of it back."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest
from conftest import Shell
from IPython.core.completer import provisionalcompleter

from ipy_sessions.magics.extension import find


def traces(ip: Any) -> dict[str, Any]:
    """Return every list of IPython's that loading may add to."""
    manager = ip.input_transformer_manager
    return {
        "line magics": set(ip.magics_manager.magics["line"]),
        "cell magics": set(ip.magics_manager.magics["cell"]),
        "lines": [str(type(one)) for one in (*manager.cleanup_transforms, *manager.token_transformers)],
        "matchers": len(ip.Completer.custom_matchers),
        "configurables": [type(one).__name__ for one in ip.configurables],
        "callbacks": {name: len(found) for name, found in ip.events.callbacks.items()},
    }


def completed(shell: Shell, line: str) -> list[str]:
    """Return the lines that Tab makes of one, by IPython's own completer."""
    with provisionalcompleter():
        found = list(shell.ip.Completer.completions(line, len(line)))
    return [line[: one.start] + one.text + line[one.end :] for one in found]


def test_unloading_removes_all_that_loading_added(terminal: Shell) -> None:
    """Magics, transformers, completer, configurable; and an open session is closed."""
    loaded = traces(terminal.ip)
    terminal.run("%agent hi")
    extension = find(terminal.ip)
    assert extension is not None
    session = extension.host.found(extension.host.place())
    terminal.run("%unload_ext ipy_sessions")
    bare = traces(terminal.ip)
    assert session is not None
    assert session.closed
    assert loaded["line magics"] - bare["line magics"] == {"agent", "session"}
    assert loaded["cell magics"] - bare["cell magics"] == {"agent", "session"}
    assert len(loaded["lines"]) - len(bare["lines"]) == 2
    assert (loaded["matchers"] - bare["matchers"], len(loaded["configurables"]) - len(bare["configurables"])) == (1, 1)
    assert loaded["callbacks"] == bare["callbacks"]
    assert "not found" in terminal.run("%%agent\nhi")
    terminal.run("%load_ext ipy_sessions")
    assert traces(terminal.ip) == loaded


def test_reloading_and_switching_leave_one_set_of_everything(terminal: Shell) -> None:
    """Nothing is shown twice, whatever happened before."""
    loaded = traces(terminal.ip)
    for _ in range(2):
        terminal.run("%reload_ext ipy_sessions")
    for number in range(100):
        terminal.run(f"%session new s{number}")
    assert traces(terminal.ip) == loaded
    shown = terminal.run("%agent My name is Alice")
    assert shown.count("Nice to meet you, Alice!") == 1
    assert shown.count("offline · ") == 1


def test_switching_does_not_make_memory_grow(terminal: Shell) -> None:
    """A hundred sessions cost no more than a few kilobytes after the first hundred."""
    extension = find(terminal.ip)
    assert extension is not None
    manager = extension.host.manager(extension.host.place())

    def switch(times: int) -> None:
        for _ in range(times):
            manager.begin("s").prompt("hi")

    switch(20)
    gc.collect()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        switch(100)
        gc.collect()
        assert tracemalloc.get_traced_memory()[0] - before < 100_000
    finally:
        tracemalloc.stop()


def test_other_names_can_be_chosen(terminal: Shell) -> None:
    """At once, lines and completion included; the old name is free again."""
    terminal.run("%config IPySessions.agent_magic = 'ask'")
    assert "Nice to meet you" in terminal.run("%ask My name is Alice?")
    assert "not found" in terminal.run("%%agent\nhi")
    assert "%ask --system" in completed(terminal, "%ask --s")
    assert "%%ask" in terminal.run("%%ask?")
    terminal.run("%config IPySessions.session_magic = 'talk'")
    assert "turns     1, 2 messages" in terminal.run("%talk")
    assert "not found" in terminal.run("%session")


def test_a_taken_name_is_left_to_its_owner(make_shell: Callable[..., Shell]) -> None:
    """Loading says so and how to choose another."""
    shell = make_shell()
    shell.run("%unload_ext ipy_sessions")
    shell.ip.register_magic_function(lambda *_: "theirs", "cell", "agent")
    shell.ip.user_ns["session"] = 1
    shown = shell.run("%load_ext ipy_sessions")
    assert f"%%agent belongs to {__name__} and stays." in shown
    assert "Choose another name: `%config IPySessions.agent_magic = 'name'`" in shown
    assert "You have a variable 'session': type %session with its percent sign" in shown
    shell.run("%%agent\nhi")
    assert shell.result.result == "theirs"
    assert "Nice to meet you" in shell.run("%config IPySessions.agent_magic = 'ask'\n%ask My name is Alice")
    shell.run("%unload_ext ipy_sessions")
    assert "agent" in shell.ip.magics_manager.magics["cell"]


def test_tab_completes_in_a_shell(terminal: Shell) -> None:
    """Subcommands, options, models and sessions, by IPython's own completer."""
    terminal.run("%session new alice in-wonderland")
    terminal.run("%agent hi")
    assert completed(terminal, "%session o") == ["%session open"]
    assert completed(terminal, "%%agent --mo") == ["%%agent --model"]
    assert completed(terminal, "%%agent --model of") == ["%%agent --model offline"]
    assert completed(terminal, "%session open ") == ["%session open alice in-wonderland"]
    assert completed(terminal, "%session list --al") == ["%session list --all"]


@pytest.mark.parametrize(
    ("environ", "imported"),
    [
        ({}, False),
        ({"ANTHROPIC_API_KEY": "sk-ant-not-a-key"}, True),
        ({"ANTHROPIC_API_KEY": "sk-ant-not-a-key", "IPY_SESSIONS_MODEL": "offline"}, False),
    ],
)
def test_the_sdk_is_imported_early_where_it_is_going_to_be_needed(environ: dict[str, str], imported: bool) -> None:
    """Beside everything else, when there is a credential; never when there is none, or when nobody is going to ask."""
    code = (
        "import sys, threading\n"
        "from IPython import InteractiveShell as S; S().run_line_magic('load_ext', 'ipy_sessions')\n"
        "for thread in threading.enumerate():\n"
        "    if thread.name == 'ipy_sessions imports anthropic': thread.join()\n"
        "print('anthropic' in sys.modules)"
    )
    clean = {name: value for name, value in os.environ.items() if name != "IPY_SESSIONS_MODEL"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=clean | environ, check=True)
    assert done.stdout.strip() == str(imported)
