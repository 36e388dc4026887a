"""The command line among other programs: pipes, terminals, kernels that have a session open, and Tab."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from cli_kit import PROGRAM, folder, in_terminal, run
from processes_kit import Process

import ipy_sessions as ses

__all__ = ["folder"]


@pytest.fixture
def long() -> None:
    """Have a session here that fits neither a screen nor a pipe."""
    with ses.SessionManager(".sessions", settings=ses.Settings(model="offline", offline_delay=0)) as manager:
        session = manager.create("long")
        session.prompt("\n".join(f"line {number} of what was asked" for number in range(10_000)))


@pytest.mark.usefixtures("long")
def test_a_reader_that_has_gone_is_no_error() -> None:
    """`ipy-sessions show | head -1` prints its line and nothing on the error stream; the code is that of a pipe."""
    with subprocess.Popen([*PROGRAM, "show"], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == b"long\n"
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 141


@pytest.mark.usefixtures("long")
def test_ctrl_c_ends_it_without_a_traceback() -> None:
    """Ctrl-C while something is printed ends with 130, as every program of a shell, and says one word."""
    with subprocess.Popen([*PROGRAM, "show"], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.read(1) == b"l"  # it has begun, and the pipe is too short for all of it
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=60)[1] == b"ipy-sessions: Stopped.\n"
    assert process.returncode == 130


def test_a_session_that_a_kernel_has_open_is_read_and_left_to_it(folder: Path) -> None:
    """What is open elsewhere is listed, read, verified and rehearsed; pruning leaves it, and its kernel goes on."""
    with Process() as kernel:
        kernel.run(f"manager = SessionManager({str(folder)!r}, settings=Settings(model='offline', offline_delay=0))")
        kernel.run("session = manager.open(next(row for row in manager.list() if row.name is None))")
        kernel.run("session.prompt('said elsewhere')")
        assert "said elsewhere" in run("show", "1").out
        for words in (["list"], ["history", "1"], ["tree", "1"], ["verify"], ["export", "jsonl", "out", "--of", "1"]):
            assert run(*words).code == 0, words
        told = run("prune", "--max-bytes", "1KB", "--json").data
        assert sorted(one["reason"] for one in told["staying"]) == ["named", "open"]
        assert run("prune", "--max-bytes", "1KB", "--yes", "--json").data["going"] == []
        kernel.run("session.prompt('and once more')")
        kernel.run("manager.close()")
    assert "and once more" in run("show", "1").out


@pytest.mark.usefixtures("folder")
def test_a_terminal_has_colours_unless_they_are_not_wanted() -> None:
    """In a terminal heads are bold and speakers coloured; NO_COLOR and a dumb terminal get plain text."""
    assert "\x1b[1m#  session" in in_terminal("list")
    assert "\x1b[36m\x1b[1m[you, " in in_terminal("show", "alice")
    assert "\x1b[31m\x1b[1mipy-sessions:" in in_terminal("show", "bob")
    for plain in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
        for words in (["list"], ["show", "alice"], ["show", "bob"]):
            assert "\x1b" not in in_terminal(*words, **plain)


@pytest.mark.usefixtures("long", "folder")
def test_a_long_text_goes_through_the_pager_of_a_terminal() -> None:
    """PAGER shows what is longer than the screen, in a terminal alone; --no-pager prints it at once."""
    pager = "sed s/^/paged:/"
    assert "paged:line 9999 of" in in_terminal("show", "long", PAGER=pager)
    assert "paged:" not in in_terminal("show", "alice", PAGER=pager)
    assert "paged:" not in in_terminal("show", "long", "--no-pager", PAGER=pager)
    assert "paged:" not in in_terminal("show", "long", "--json", PAGER=pager)
    assert "paged:" not in run("show", "long", PAGER=pager).out


@pytest.mark.usefixtures("folder")
def test_less_is_told_to_show_colours(tmp_path: Path) -> None:
    """Less shows the colours of a conversation, and not their codes; a pager that is not known to gets none."""
    for name in ("less", "other"):
        pager = tmp_path / name
        pager.write_text('#!/bin/sh\necho "told: $LESS"\ncat\n')
        pager.chmod(0o755)
    with_less = in_terminal("show", "alice", PAGER=str(tmp_path / "less"), LINES="5")
    assert "told: -R" in with_less
    assert "\x1b[36m\x1b[1m[you, " in with_less
    assert "\x1b" not in in_terminal("show", "alice", PAGER=str(tmp_path / "other"), LINES="5")


@pytest.mark.usefixtures("folder")
def test_the_folder_is_found_by_option_variable_or_here(tmp_path: Path) -> None:
    """--dir comes first, before the command or behind it, then IPY_SESSIONS_DIRECTORY, then .sessions here."""
    other = tmp_path / "elsewhere"
    with ses.SessionManager(other, settings=ses.Settings(model="offline", offline_delay=0)) as manager:
        manager.create("other").prompt("hello")
    assert "alice" in run("list").out
    assert "other" in run("list", IPY_SESSIONS_DIRECTORY=str(other)).out
    assert "other" in run("--dir", str(other), "list").out
    assert "alice" in run("list", "--dir", ".sessions", IPY_SESSIONS_DIRECTORY=str(other)).out
    missing = run("list", IPY_SESSIONS_DIRECTORY="user")
    assert (missing.code, missing.out) == (1, "")
    assert "--dir PATH" in missing.err


BASH = shutil.which("bash")
TAB = """
eval "$(ipy-sessions completion bash)"
tab() {
    COMP_LINE="$1"; COMP_POINT=${#1}; COMP_WORDS=($1); COMP_TYPE=9; COMP_KEY=9
    [[ "$1" == *" " ]] && COMP_WORDS+=("")
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
    _python_argcomplete ipy-sessions "${COMP_WORDS[$COMP_CWORD]}" ""
    printf '%s\\n' "${COMPREPLY[@]}"
}
complete -p ipy-sessions > /dev/null && tab "$1"
"""


def _tab(typed: str, tmp_path: Path) -> list[str]:
    """Return what a real bash offers behind a line."""
    assert BASH is not None
    program = tmp_path / "bin" / "ipy-sessions"
    program.parent.mkdir(exist_ok=True)
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m ipy_sessions "$@"\n')
    program.chmod(0o755)
    path = f"{program.parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        [BASH, "-c", TAB, "bash", typed], capture_output=True, text=True, check=True, env={**os.environ, "PATH": path}
    )
    assert done.stderr == ""
    return [word.strip() for word in done.stdout.split("\n") if word.strip()]


@pytest.mark.skipif(BASH is None, reason="needs a bash")
@pytest.mark.usefixtures("folder")
def test_tab_completes_in_a_real_bash(tmp_path: Path) -> None:
    """Tab offers commands, options, names of sessions and formats, and of a folder that is not there nothing."""
    assert _tab("ipy-sessions sh", tmp_path) == ["show"]
    assert {"--older-than", "--yes", "--json"} <= set(_tab("ipy-sessions prune --", tmp_path))
    assert _tab("ipy-sessions show al", tmp_path) == ["alice"]
    assert "markdown" in _tab("ipy-sessions export ", tmp_path)
    assert "alice" in _tab("ipy-sessions export pi --of ", tmp_path)
    assert _tab("ipy-sessions --dir nowhere show al", tmp_path) == []


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_completion_of_each_shell_is_printed(shell: str) -> None:
    """Completion prints what each shell runs once, for this program."""
    ran = run("completion", shell)
    assert ran.code == 0
    assert "ipy-sessions" in ran.out
    assert "_ARGCOMPLETE" in ran.out
