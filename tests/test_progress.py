"""Whatever takes more than half a second says how far it has come; Stop ends it, and what was done stays."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from cli_kit import in_terminal, run
from conftest import Shell
from hosts_kit import Kernel, Terminal, write_notebook
from nbclient import NotebookClient
from progress_kit import Clock, Screen, stopping
from test_console import Console

import ipy_sessions as ses
from ipy_sessions import Exchange, SessionManager, Upkeep, assistant, user
from ipy_sessions.magics.extension import find
from ipy_sessions.magics.host import Host
from ipy_sessions.magics.output import Output
from ipy_sessions.magics.progress import Watched
from ipy_sessions.magics.stopped import Stopped
from ipy_sessions.table.frame import Table


@pytest.fixture
def clock() -> Clock:
    """A clock that stands still until it is moved."""
    return Clock()


def watched(clock: Clock, what: str = "files") -> tuple[Screen, Watched]:
    """Return a screen, and what shows there how far something has come."""
    screen = Screen()
    return screen, Watched(screen, what, clock)


def test_what_is_done_in_half_a_second_says_nothing(clock: Clock) -> None:
    """Neither while it goes on nor in the end."""
    screen, watch = watched(clock)
    with watch as progress:
        for done in range(1000):
            clock.now += 0.0004
            progress(done, 1000)
    assert screen.shown == []


def test_a_count_says_how_far_how_fast_and_how_long_still(clock: Clock) -> None:
    """And how to end it; at most five times a second, and in the end nothing is left of it."""
    screen, watch = watched(clock)
    with watch as progress:
        for done in range(0, 2000, 20):
            clock.now += 0.02
            progress(done, 2000)
    first, *_, last, gone = screen.shown
    assert first == "█████··············· 500 of 2,000 files · 962/s · 00:01 left · Ctrl-C ends it"
    assert last.startswith("█")
    assert gone == ""
    assert len(screen.shown) - 1 <= 1 + (2.0 - 0.5) / 0.2


def test_where_nobody_knows_how_many_there_are_it_counts(clock: Clock) -> None:
    """No bar, no time left."""
    screen, watch = watched(clock, "lines")
    with watch as progress:
        clock.now += 2
        progress(3000, 0)
    assert screen.shown == ["3,000 lines · 1,500/s · Ctrl-C ends it", ""]


def test_slow_work_has_tenths(clock: Clock) -> None:
    """Of files that take seconds each, and before the first is done."""
    screen, watch = watched(clock)
    with watch as progress:
        clock.now += 2
        progress(0, 4)
        clock.now += 2
        progress(1, 4)
    assert screen.shown[0] == "···················· 0 of 4 files · Ctrl-C ends it"
    assert screen.shown[1].startswith("█████··············· 1 of 4 files · 0.")


def test_stop_is_one_line_and_nothing_is_left_of_the_count(clock: Clock) -> None:
    """It goes on as an interrupt, so that queued cells do not run; another error goes on as it is."""
    screen, watch = watched(clock)

    def work() -> None:
        with watch as progress:
            clock.now += 1
            progress(1, 2)
            raise KeyboardInterrupt

    with pytest.raises(Stopped, match=r"^Stopped\.$"):
        work()
    assert screen.shown[-1] == ""
    with pytest.raises(ValueError, match="odd"), watched(clock)[1]:
        raise ValueError("odd")


def test_one_display_below_a_cell_which_is_empty_in_the_end(notebook: Shell, clock: Clock) -> None:
    """In both forms, updated in place; no widget that a saved notebook would keep."""
    notebook.run("pass")
    with Watched(Output(notebook.ip), "files", clock) as progress:
        for done in (5, 6, 7):
            clock.now += 1
            progress(done, 10)
    assert [set(output["data"]) for output in notebook.outputs] == [{"text/markdown", "text/plain"}] * 4
    assert notebook.outputs[0]["data"]["text/markdown"].startswith("`██████████··········` 5 of 10 files · 5.0/s · ")
    assert "Stop ends it" in notebook.outputs[0]["data"]["text/plain"]
    assert len({output["transient"]["display_id"] for output in notebook.outputs}) == 1
    assert notebook.final_outputs("text/markdown") == notebook.final_outputs("text/plain") == [""]


def test_a_terminal_that_nobody_watches_is_told_nothing(capsys: pytest.CaptureFixture[str], clock: Clock) -> None:
    """A pipe gets no line that would be written over."""
    with Watched(Output(None), "files", clock) as progress:
        clock.now += 1
        progress(5, 10)
    assert capsys.readouterr() == ("", "")


def test_a_script_imports_no_tqdm_and_says_nothing() -> None:
    """Neither do loading and a short list."""
    code = (
        "import sys, ipy_sessions as ses\n"
        "with ses.SessionManager('.sessions') as manager:\n"
        "    manager.create('a').append(ses.user('hi'))\n"
        "    manager.list(), ses.read('.sessions').turns.to_pandas(), ses.usage('.sessions')\n"
        "from IPython import InteractiveShell\n"
        "shell = InteractiveShell.instance()\n"
        "shell.run_line_magic('load_ext', 'ipy_sessions')\n"
        "shell.run_line_magic('session', 'list --all')\n"
        "print('tqdm' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "False"
    assert done.stderr == ""


# Everything that goes over many sessions is watched


@pytest.fixture
def many(notebook: Shell) -> Shell:
    """A shell whose folder has twelve sessions, whose watcher keeps what is told."""
    with SessionManager(".sessions") as manager:
        for number in range(12):
            session = manager.create()
            session.append(user(f"needle {number:02}"))
            session.append(assistant("yes", model="m", usage={"input_tokens": 3}, cost_usd=0.5))
            manager.close(session)
    return notebook


def host_of(shell: Shell) -> Host:
    """Return the kernel of a shell."""
    extension = find(shell.ip)
    assert extension is not None
    return extension.host


@pytest.fixture
def told(many: Shell) -> Iterator[dict[str, Any]]:
    """What was told of each kind, by a clock on which every look takes a second."""
    screens: dict[str, Screen] = {}
    host_of(many).watch = lambda what: Watched(screens.setdefault(what, Screen()), what, Clock(step=1))
    yield screens
    assert all(screen.shown[-1] == "" for screen in screens.values() if screen.shown)


@pytest.mark.parametrize(
    ("line", "kind", "count"),
    [
        ("list --all", "files", 12),
        ("search needle", "sessions", 12),
        ("sql select count(*) from messages", "files", 12),
        ("sql select count(*) from turns", "sessions", 12),
        ("usage --all", "sessions", 12),
        ("verify", "sessions", 12),
        ("redact needle --all", "sessions", 12),
        ("share --all --check", "sessions", 12),
        ("prune --keep 4", "sessions", 8),
        ("prune --keep 4 --yes", "sessions", 8),
    ],
)
def test_each_command_over_many_sessions_is_watched(
    line: str, kind: str, count: int, many: Shell, told: dict[str, Screen]
) -> None:
    """It says how many of how many are done."""
    many.run(f"%session {line}")
    assert not many.failed
    assert any(f" of {count} {kind}" in said for said in told[kind].shown)


def test_an_import_is_watched(many: Shell, told: dict[str, Screen]) -> None:
    """By its files."""
    write_transcripts(Path("from"), 3)
    assert "3 imported" in many.run("%session import from") or not many.failed
    assert any(" of 3 files" in said for said in told["files"].shown)


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("export markdown out.md", "entries"),
        ("export jsonl out.jsonl", "entries"),
        ("export notebook out.ipynb", "entries"),
        ("tree --all", "turns"),
    ],
)
def test_what_is_done_with_one_long_session_is_watched(
    line: str, kind: str, many: Shell, told: dict[str, Screen]
) -> None:
    """By what it has."""
    for _ in range(3):
        many.run("%agent hello")
    many.run(f"%session {line}")
    assert not many.failed
    assert any(kind in said for said in told[kind].shown)


def write_transcripts(folder: Path, count: int) -> None:
    """Write transcripts of another program."""
    folder.mkdir()
    for number in range(count):
        rows = [{"role": "user", "content": f"question {number}"}, {"role": "assistant", "content": "answer"}]
        (folder / f"{number}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


# Stop


def test_a_list_that_is_stopped_says_so_and_the_next_is_whole(many: Shell) -> None:
    """One line, and nothing half known stays."""
    host = host_of(many)
    watch, host.watch = host.watch, stopping(host.output, after=0, what="files")
    assert many.run("%session list --all").strip() == "Stopped."
    host.watch = watch
    shown = many.run("%session list --all")
    assert all(f"needle {number:02}" in shown for number in range(12))


def test_an_import_that_is_stopped_half_way_is_gone_on_with(many: Shell) -> None:
    """What was imported stays and is whole, the rest comes with the next import, and nothing twice."""
    host = host_of(many)
    write_transcripts(Path("from"), 5)
    watch, host.watch = host.watch, stopping(host.output, after=2, what="files")
    with SessionManager(".sessions") as manager:
        before = {row.id for row in manager.list()}
        assert many.run("%session import from").strip() == "Stopped."
        assert len(manager.list()) == len(before) + 2
        assert Upkeep(manager).verify() == []
        host.watch = watch
        many.run("%session import from")
        assert len(manager.list()) == len(before) + 5
        assert Upkeep(manager).verify() == []
        taken = Exchange(manager).import_files("from")
        assert [one.added for one in taken.done] == [0] * 5


def test_a_repair_that_is_stopped_has_mended_what_it_did(many: Shell) -> None:
    """Each file is as it was, or mended with its original in the trash; the rest is mended the next time."""
    paths = sorted(Path(".sessions").glob("*.jsonl"))
    for path in paths:
        path.write_bytes(path.read_bytes() + b"no line\n")
    host = host_of(many)
    watch, host.watch = host.watch, stopping(host.output, after=5, what="sessions")
    assert many.run("%session verify --repair").strip() == "Stopped."
    damaged = [path for path in paths if b"\nno line\n" in path.read_bytes()]
    assert len(damaged) == 7
    host.watch = watch
    many.run("%session verify --repair")
    assert not any(b"\nno line\n" in path.read_bytes() for path in paths)


def test_tables_and_functions_that_are_stopped_say_so(many: Shell) -> None:
    """A table that was stopped is made anew when it is wanted again."""
    host = host_of(many)
    tables = ses.read(".sessions")
    tables.corpus.watch = stopping(host.output, after=3, what="sessions")
    with pytest.raises(Stopped):
        tables.turns.to_arrow()
    tables.corpus.watch = host.watch
    assert len(tables.turns) == 12


def interrupted() -> Iterator[Any]:
    """Name conversations, and press Stop meanwhile."""
    yield from ()
    raise KeyboardInterrupt


@pytest.mark.parametrize("function", [ses.read, ses.usage, ses.usage_plot, ses.connect])
def test_a_function_that_is_stopped_anywhere_says_so_in_one_line(function: Callable[..., Any], many: Shell) -> None:
    """Also where nothing is counted; so does a query, a search, and a table while it is made."""
    del many
    with pytest.raises(Stopped, match=r"^Stopped\.$"):
        function(interrupted())
    with pytest.raises(Stopped):
        ses.sql("select 1", interrupted())
    with pytest.raises(Stopped):
        ses.search("needle", interrupted())
    table = Table("turns", interrupted, lambda what: Watched(Screen(), what))
    with pytest.raises(Stopped):
        table.to_arrow()


def test_a_script_that_is_stopped_is_stopped_as_any_other() -> None:
    """With a traceback that says where, as scripts have it."""
    code = (
        "import os, ipy_sessions as ses\ndef stop():\n    yield from ()\n    raise KeyboardInterrupt\nses.usage(stop())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr.splitlines()[-1] == "KeyboardInterrupt"


def test_python_functions_are_watched_in_a_session_of_ipython(many: Shell) -> None:
    """As the commands are, without a word of the user's."""
    assert isinstance(ses.read(".sessions").corpus.watch("files"), Watched)
    del many


# The command line


def test_the_command_line_says_it_in_a_terminal_alone() -> None:
    """Nothing of it stands in a pipe or beside JSON; Ctrl-C says one word."""
    with SessionManager(".sessions") as manager:
        manager.create("a").append(user("hi"))
    assert run("list").err == ""
    assert run("list", "--json").err == ""
    assert "\x1b[K" not in in_terminal("list")


def test_ctrl_c_on_the_command_line_is_one_sentence() -> None:
    """In a terminal, while many files are looked at; and the code by which a shell knows it."""
    write_transcripts(Path("from"), 3000)
    terminal = Terminal("-m", "ipy_sessions", "import", "from", kind="xterm")
    terminal.until(r"of 3,000 files · .* · Ctrl-C ends it")
    terminal.type("\x03")
    said = terminal.until(r"Stopped\.")
    assert "Traceback" not in said
    _, status = os.waitpid(terminal.child, 0)
    assert os.waitstatus_to_exitcode(status) == 130
    with SessionManager(".sessions") as manager:
        assert 0 < len(manager.list()) < 3000
        assert Upkeep(manager).verify() == []


# A real kernel


def test_a_kernel_shows_it_and_stop_ends_it() -> None:
    """One display, which is empty in the end, then one line; what was imported until then is there."""
    write_transcripts(Path("from"), 3000)
    kernel = Kernel()
    try:
        published = []
        request = kernel.send("%session import from")
        for message in kernel.messages(request):
            published.append(message)
            if len(published) == 4:
                os.kill(int(kernel.pid), signal.SIGINT)
    finally:
        kernel.stop()
    displays = [message for message in published if "display_data" in message["msg_type"]]
    assert len({message["content"]["transient"]["display_id"] for message in displays}) == 1
    assert "of 3,000 files" in displays[0]["content"]["data"]["text/markdown"]
    assert "Stop ends it" in displays[0]["content"]["data"]["text/plain"]
    assert displays[-1]["content"]["data"] == {"text/markdown": "", "text/plain": ""}
    (error,) = (message for message in published if message["msg_type"] == "error")
    assert error["content"]["traceback"] == ["Stopped."]
    with SessionManager(".sessions") as manager:
        assert 0 < len(manager.list()) < 3000
        assert Upkeep(manager).verify() == []


def test_where_nobody_watches_nothing_is_left_of_it() -> None:
    """A notebook that a program has run holds what was done, and no empty display."""
    write_transcripts(Path("from"), 600)
    write_notebook(Path("talk.ipynb"), "%load_ext ipy_sessions", "%session import from")
    notebook = nbformat.read("talk.ipynb", as_version=4)
    NotebookClient(notebook, timeout=120).execute()
    (output,) = notebook.cells[1].outputs
    assert "… and 550 more." in output.data["text/plain"]


def test_a_console_writes_a_line_over() -> None:
    """As a terminal does, since it shows no update of a display; in the end the line is gone."""
    write_transcripts(Path("from"), 600)
    console = Console()
    try:
        console.begin("%session import from")
        said = console.until("and 550 more")
    finally:
        console.close()
    assert re.search(r"\x1b\[K\S* \d[\d,]* of 600 files · \d+/s · \S+ left · Ctrl-C ends it", said)
    assert re.search(r"ends it\r\x1b\[K[^█]*$", said)
