"""The magics, typed into a real shell."""

from __future__ import annotations

import errno
import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from conftest import Shell

import ipy_sessions as ses
from ipy_sessions.store.log import FileLog


def logged() -> list[dict[str, Any]]:
    """Return every message in the working folder's sessions, in order of time."""
    lines = [json.loads(line) for path in Path(".sessions").glob("*.jsonl") for line in path.read_bytes().splitlines()]
    return sorted((line for line in lines if line["type"] == "message"), key=lambda line: line["id"])


def prompts() -> list[str]:
    """Return what was asked, in order."""
    return [line["content"][0]["text"] for line in logged() if line["role"] == "user"]


def test_a_conversation_survives_the_kernel(make_shell: Callable[..., Shell], tmp_path: Path) -> None:
    """Say a name, restart, ask for it."""
    path = tmp_path / "work" / "analysis.ipynb"
    path.write_text("{}")
    shell = make_shell(notebook=path)
    assert "Nice to meet you, Alice!" in shell.run("%%agent My name is Alice")
    shell = make_shell(notebook=path)
    shown = shell.run("%%agent\nWhat's my name?")
    assert "continued My name is Alice, 2 messages, .sessions/" in shown
    assert "Your name is **Alice**." in shown
    frame = ses.history()
    assert list(frame["role"]) == ["user", "assistant"] * 2
    assert list(frame["notebook"].unique()) == ["analysis.ipynb"]


@pytest.mark.parametrize(
    ("cell", "prompt"),
    [
        ("%agent What is df?", "What is df?"),
        ("%agent What {x} costs $y, don't you know??", "What {x} costs $y, don't you know??"),
        ("if True:\n    %agent indented?", "indented?"),
        ("for _ in [1]:\n\t%agent in a loop ?", "in a loop ?"),
        ("x = 1\n%agent after code?", "after code?"),
        ("%%agent hello", "hello"),
        ("%%agent hello\n", "hello"),
        ("%%agent\nhello\n", "hello"),
        ("\n\n%%agent hello?", "hello?"),
        ("%%agent first {x}\nsecond $y\n%%third?", "first {x}\nsecond $y\n%%third?"),
        ("%%agent\n?", "?"),
    ],
)
def test_a_prompt_reaches_the_log_as_it_was_typed(terminal: Shell, cell: str, prompt: str) -> None:
    """No help, no expansion, no missing body; inside code as well."""
    terminal.run("x, y = 5, 6")
    terminal.run(cell)
    assert not terminal.failed
    assert prompts() == [prompt]


def test_our_lines_inside_a_string_are_left_alone(terminal: Shell) -> None:
    """Only what IPython would run is claimed."""
    shown = terminal.run("text = '''\n%agent what?\n'''\nprint(text)")
    assert "%agent what?" in shown
    assert prompts() == []


def test_an_empty_prompt_does_nothing_and_says_so(terminal: Shell) -> None:
    """No error, no turn, no file."""
    for cell in ("%agent", "%%agent", "%%agent\n\n  \n", "%agent --model offline"):
        assert "Nothing was asked: the prompt is empty." in terminal.run(cell)
        assert not terminal.failed
    assert list(Path.cwd().iterdir()) == []


@pytest.mark.parametrize(
    ("cell", "sentence"),
    [
        ("%%agent --modle x hi", "'--modle' is not understood; did you mean --model?"),
        ("%%agent --model gpt hi", "The model 'gpt' needs a key, and there is none; 'offline' needs none."),
        ("%agent -o 1 hi", "--out takes the name of a variable"),
        ("%session opne", "Did you mean `%session open`?"),
        ("%session open nobody", "There is no session 'nobody'"),
        ("%session open 3", "no list was shown yet"),
        ("%session rename x", "There is no session yet."),
        ("%session show", "There is no session yet."),
        ("%session settings on_start=new", "on_start does not belong to a session"),
        ("%agent -s 7 hi", "no list was shown yet"),
    ],
)
def test_a_mistake_is_one_line_and_fails_the_cell(terminal: Shell, cell: str, sentence: str) -> None:
    """Run All stops there; nothing is written; no traceback."""
    shown = terminal.run(cell)
    assert terminal.failed
    assert sentence in shown
    assert "Traceback" not in shown
    assert [sentence in line for line in shown.splitlines() if line and not line.startswith("new session")] == [True]
    assert list(Path.cwd().iterdir()) == []


def test_the_answer_is_one_display_with_a_last_line_in_small_print(notebook: Shell) -> None:
    """Markdown and plain text under one display id; the place is logged."""
    notebook.run("%session new alice")
    notebook.run("%%agent\nMy name is Alice", at="cell-1")
    assert len({output["transient"]["display_id"] for output in notebook.outputs}) == 1
    (markdown,) = notebook.final_outputs("text/markdown")
    assert re.search(
        r"\n\n<small>offline · \d+ in, \d+ out · alice · `\.sessions/\d{8}T\d{6}Z-analysis-\w{6}\.jsonl`</small>$",
        markdown,
    )
    assert [(line.get("cell_id"), line["role"]) for line in logged()] == [("cell-1", "user"), (None, "assistant")]


def test_options_hold_for_their_cell(terminal: Shell) -> None:
    """And the reply can be had as a variable."""
    terminal.run("%%agent --max-tokens 5 -o reply\ncount to 100")
    reply = terminal.ip.user_ns["reply"]
    assert isinstance(reply, ses.Reply)
    assert (len(str(reply)), reply.stop_reason) == (20, "max_tokens")
    assert "1 2 3" in terminal.run("%agent count to 100")


def test_an_ask_can_go_to_another_session_alone(terminal: Shell) -> None:
    """Created with a line if unknown; the current session stays."""
    terminal.run("%agent hello")
    assert "new session bob" in terminal.run("%agent -s bob My name is Bob")
    assert "new session" not in terminal.run("%agent -s bob What is my name?")
    assert terminal.run("%session").splitlines()[0].startswith("session   hello")
    frame = ses.history()
    assert list(frame["text"][frame["role"] == "user"]) == ["hello"]


def test_the_tutorials_way_through_two_sessions(terminal: Shell) -> None:
    """Rust in one, tea in another, back to the first by its number."""
    terminal.run("%agent my favourite language is Rust")
    terminal.run("%session new")
    terminal.run("%agent I like tea")
    shown = terminal.run("%session list").splitlines()
    assert re.match(r"▸ 0  I like tea +2  ", shown[1])
    assert re.match(r"  1  my favourite language is Rust +2  ", shown[2])
    assert "opened my favourite language is Rust, 2 messages" in terminal.run("%session open 1")
    assert "**Rust**" in terminal.run("%agent what is my favourite language?")


def test_a_number_means_the_row_that_was_shown(terminal: Shell) -> None:
    """Even when sessions have appeared since."""
    for name in ("a", "b"):
        terminal.run(f"%session new {name}")
        terminal.run(f"%agent I am in {name}")
    terminal.run("%session list")
    other = ses.SessionManager(".sessions", settings=ses.Settings(offline_delay=0))
    other.create("newer").prompt("hi")
    other.close()
    assert "opened a," in terminal.run("%session open 1")
    assert "The list has no row 5: its last is 1." in terminal.run("%session open 5")


def test_lifecycle_commands(terminal: Shell) -> None:
    """continue, rename, close, keep, file: each says what it did."""
    assert "No session is open." in terminal.run("%session close")
    assert "new session draft, in memory alone, %session keep writes it" in terminal.run("%session new draft --temp")
    assert "in memory alone, %session keep writes it" in terminal.run("%agent hi")
    assert "`%session keep` writes it to" in terminal.run("%session file")
    assert "kept draft, 2 messages, .sessions/" in terminal.run("%session keep")
    assert "renamed to hi, 2 messages" in terminal.run("%session rename --clear")
    assert "renamed to final, 2 messages" in terminal.run("%session rename final")
    assert "Closed final." in terminal.run("%session close")
    assert "continued final, 2 messages" in terminal.run("%session continue")
    assert re.search(r"\.sessions/\d{8}T\d{6}Z-session-\w{6}\.jsonl$", terminal.run("%session file").strip())
    assert "already in final" in terminal.run("%session open final")
    assert "Another session is called 'final' too" in terminal.run("%session new final")


def test_where_am_i(notebook: Shell) -> None:
    """Session, turns, tokens, cost, model, file, and what told the notebook's path."""
    assert "none yet: ask something" in notebook.run("%session")
    notebook.run("%agent My name is Alice")
    shown = notebook.run("%session")
    for expected in (
        "My name is Alice (",
        "1, 2 messages",
        " in, ",
        "$0.00",
        "offline",
        ".sessions/",
        "the setting notebook",
    ):
        assert expected in shown


def test_show_history_and_help(terminal: Shell) -> None:
    """Looking back and looking up."""
    assert ses.history().empty
    terminal.run("%session new alice")
    terminal.run("%agent My name is Alice")
    terminal.run("%session history --df frame")
    frame = terminal.ip.user_ns["frame"]
    assert isinstance(frame, pd.DataFrame)
    assert terminal.result.result is frame
    assert "[you, 20" in terminal.run("%session show")
    terminal.run("%session label 1 'the name'")
    terminal.run("%session hide 1")
    assert "· turn 1 · “the name” · cell [3] · hidden]\n~ My name is Alice" in terminal.run("%session show")
    terminal.run("%session new")
    assert "Nice to meet you, Alice!" in terminal.run("%session show alice")
    assert "Begin another session." in terminal.run("%session help")
    assert "usage: %session open" in terminal.run("%session help open")
    assert "--max-tokens N" in terminal.run("%%agent?")


def test_settings_say_where_each_value_comes_from(
    make_shell: Callable[..., Shell], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Session, %config, environment, IPython's files, default: the nearest wins."""
    monkeypatch.setenv("IPY_SESSIONS_SYSTEM", "from the environment")
    shell = make_shell(system="from a file", max_tokens=7)

    def row(name: str) -> str:
        shown = shell.run("%session settings").splitlines()
        return next(" ".join(line.split()) for line in shown if line.startswith(f"{name} "))

    assert row("system") == "system from the environment IPY_SESSIONS_SYSTEM"
    assert row("max_tokens") == "max_tokens 7 IPython's config"
    assert row("model") == "model offline IPY_SESSIONS_MODEL"
    shell.run("%config IPySessions.max_tokens = 8")
    assert row("max_tokens") == "max_tokens 8 %config"
    assert row("system") == "system from the environment IPY_SESSIONS_SYSTEM"
    shell.run("%agent hi")
    assert row("max_tokens") == "max_tokens 8 this session"
    shell.run("%session settings max_tokens=9")
    assert row("max_tokens") == "max_tokens 9 this session"
    assert ses.current().parameters.max_tokens == 9


def test_a_bad_setting_is_refused_in_one_line_and_changes_nothing(
    make_shell: Callable[..., Shell], monkeypatch: pytest.MonkeyPatch
) -> None:
    """By %config and in the environment."""
    monkeypatch.setenv("IPY_SESSIONS_MAX_TOKENS", "many")
    shell = make_shell()
    for _ in range(2):
        shown = shell.run("%config IPySessions.on_start = 'x'")
        assert shown.strip() == "on_start can be 'continue' or 'new' or 'ask', and not 'x'."
    assert shell.run("%config IPySessions.on_start = 5").strip() == "on_start is text, and not 5."
    assert shell.run("%config IPySessions.system = 'Be brief.'").strip() == ""
    assert "on_start  continue  default" in re.sub(r" {2,}", "  ", shell.run("%session settings"))
    assert "IPySessions.on_start" in shell.run("%config IPySessions")
    assert "max_tokens  16000" in re.sub(r" {3,}", "  ", shell.run("%session settings"))
    shell.run("%reload_ext ipy_sessions")
    shell.run("%agent hi")
    assert not shell.failed


@pytest.mark.parametrize(("on_start", "said"), [("new", "new session "), ("continue", "continued ")])
def test_on_start_says_which_session_a_fresh_kernel_takes(
    make_shell: Callable[..., Shell], on_start: str, said: str
) -> None:
    """The latest, or a new one; in one line."""
    make_shell().run("%agent My name is Alice")
    assert said in make_shell(on_start=on_start).run("%agent What is my name?")


def test_on_start_ask_asks_nobody_before_it_is_told(make_shell: Callable[..., Shell]) -> None:
    """The line says what to type."""
    shell = make_shell(on_start="ask")
    assert "Choose the session first: `%session continue`" in shell.run("%agent hi")
    assert shell.failed
    shell.run("%session new")
    shell.run("%agent hi")
    assert prompts() == ["hi"]


def test_a_fresh_kernel_takes_the_session_that_last_answered_the_cell(
    make_shell: Callable[..., Shell], tmp_path: Path
) -> None:
    """Rather than the notebook's latest."""
    path = tmp_path / "work" / "analysis.ipynb"
    path.write_text("{}")
    shell = make_shell(notebook=path)
    for number in (1, 2):
        shell.run(f"%session new session-{number}")
        shell.run("%agent hi", at=f"cell-{number}")
    shell = make_shell(notebook=path)
    assert "continued session-1" in shell.run("%agent hi again", at="cell-1")
    shell = make_shell(notebook=path)
    assert "continued session-1" in shell.run("%agent hi", at="cell-3")


def test_a_headless_run_begins_a_new_session(make_shell: Callable[..., Shell], tmp_path: Path) -> None:
    """Nbclient runs cells without ids and without a way to ask back."""
    path = tmp_path / "work" / "analysis.ipynb"
    path.write_text("{}")
    for _ in range(2):
        shell = make_shell(notebook=path)
        shell.ip.kernel.has_ids = shell.ip.kernel.stdin = False
        assert "new session" in shell.run("%agent hi")
    assert len(list(Path(".sessions").glob("*.jsonl"))) == 2


def test_a_notebook_renamed_while_the_kernel_runs_keeps_its_session(notebook: Shell, tmp_path: Path) -> None:
    """The log learns the new name, and a fresh kernel finds it."""
    notebook.run("%agent My name is Alice")
    renamed = tmp_path / "work" / "renamed.ipynb"
    (tmp_path / "work" / "analysis.ipynb").rename(renamed)
    notebook.run(f"%config IPySessions.notebook = {str(renamed)!r}")
    assert "**Alice**" in notebook.run("%agent What is my name?")
    assert ses.current().notebook == "renamed.ipynb"
    assert [row.notebook for row in ses.SessionManager(".sessions").list(notebook=renamed)] == ["renamed.ipynb"]


def test_persistence_none_and_directory_are_settings(make_shell: Callable[..., Shell], tmp_path: Path) -> None:
    """In memory alone, in the user's folder, in a folder of one's own."""
    shell = make_shell(persistence="none")
    assert "in memory alone" in shell.run("%agent hi")
    assert list(Path.cwd().iterdir()) == []
    for setting, folder in (
        ("user", tmp_path / "home" / "data" / "ipy_sessions" / ".sessions"),
        ("mine", Path("mine")),
    ):
        shell = make_shell(directory=setting)
        shell.run("%agent hi")
        assert len(list(folder.glob("*.jsonl"))) == 1


def test_python_functions_outside_a_kernel_say_what_is_missing() -> None:
    """A script names its session."""
    for function in (ses.history, ses.current):
        with pytest.raises(ses.SessionsError, match="%load_ext ipy_sessions"):
            function()


def test_a_name_of_digits_can_be_opened(terminal: Shell) -> None:
    """When the list has no such row."""
    terminal.run("%session new 2024")
    terminal.run("%agent hi")
    terminal.run("%session new")
    terminal.run("%session list")
    assert "opened 2024," in terminal.run("%session open 2024")
    assert "new session" not in terminal.run("%agent -s 2024 on")


def test_an_ask_for_a_session_that_is_open_goes_there(terminal: Shell) -> None:
    """One that is in memory alone stays there."""
    terminal.run("%session new draft --temp")
    assert "new session" not in terminal.run("%agent -s draft hi")
    assert list(Path.cwd().iterdir()) == []


def test_an_answer_with_spaces_around_it_is_printed_once(terminal: Shell) -> None:
    """What was printed is not printed again at the end."""
    assert terminal.run("%agent --max-tokens 7 hi").count("I am the offline model") == 1


@pytest.mark.parametrize("host", ["terminal", "notebook"])
def test_an_answer_that_cannot_be_written_is_shown_all_the_same(host: str, request: pytest.FixtureRequest) -> None:
    """With the way to keep it; and keep keeps it."""
    terminal = request.getfixturevalue(host)
    terminal.run("%agent hi")
    room = iter([True])

    def write(fd: int, data: bytes | memoryview) -> int:
        if not next(room, False):
            raise OSError(errno.ENOSPC, "No space left on device")
        return os.write(fd, data)

    log = ses.current()._recorder._log
    assert isinstance(log, FileLog)
    log._write = write
    shown = terminal.run("%agent count to 3")
    log._write = os.write
    assert "1 2 3" in shown
    assert "not written yet, %session keep tries again" in shown
    assert "No space left on device" in shown
    assert terminal.failed
    assert "kept hi" in terminal.run("%session keep")
    assert len(list(Path(".sessions").glob("*.jsonl"))) == 1
    terminal.run("%agent on")
    assert prompts() == ["hi", "count to 3", "on"]
    assert [line["role"] for line in logged()] == ["user", "assistant"] * 3


def test_a_disk_that_cannot_be_flushed_does_not_hide_the_answer(notebook: Shell) -> None:
    """The whole answer is shown, and the error."""
    notebook.run("%agent hi")

    def refuse(_fd: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    log = ses.current()._recorder._log
    assert isinstance(log, FileLog)
    log._sync = refuse
    shown = notebook.run("%agent count to 30")
    log._sync = os.fsync
    assert notebook.failed
    assert "could not be written: Input/output error" in shown
    assert "29 30\n\noffline" in shown


def test_a_masked_answer_is_printed_once(terminal: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also when what stands in the log is not what was streamed."""
    monkeypatch.setenv("MY_TOKEN", "1 2 3 4 5 6 7 8")
    shown = terminal.run("%agent -o reply count to 9")
    assert shown.count("I am the offline model") == 1
    assert "[masked MY_TOKEN] 9" in str(terminal.ip.user_ns["reply"])


def test_the_session_that_last_answered_a_cell_is_not_the_latest(
    make_shell: Callable[..., Shell], tmp_path: Path
) -> None:
    """What counts is when it answered that cell."""
    path = tmp_path / "work" / "analysis.ipynb"
    path.write_text("{}")
    shell = make_shell(notebook=path)
    for cell, name in (("cell-1", "b"), ("cell-1", "a"), ("cell-2", "b")):
        shell.run(f"%session open {name}" if cell == "cell-2" else f"%session new {name}", at=cell)
        shell.run("%agent hi", at=cell)
    shell = make_shell(notebook=path)
    assert "continued a," in shell.run("%agent hi", at="cell-1")


def test_the_number_of_the_cell_is_logged(terminal: Shell) -> None:
    """As it stands in its brackets."""
    terminal.run("%agent hi")
    number = len(terminal.ip.user_ns["In"]) - 1
    assert [line["execution_count"] for line in logged() if line["role"] == "user"] == [number]
    assert terminal.ip.user_ns["In"][number] == "get_ipython().run_line_magic('agent', 'hi')"


def test_looking_opens_nothing(terminal: Shell) -> None:
    """A bare %session says what an ask would continue."""
    terminal.run("%session new alice")
    terminal.run("%agent hi")
    terminal.run("%session close")
    assert "none open; an ask continues alice" in terminal.run("%session")
    assert "continued" not in terminal.run("%session settings")
    assert "continued alice" in terminal.run("%session history")


def test_an_empty_session_keeps_its_name(terminal: Shell) -> None:
    """It can be opened again, and keep says that there is nothing to write yet."""
    terminal.run("%session new keepme --temp")
    assert "keepme is empty." in terminal.run("%session keep")
    terminal.run("%session new other")
    assert "opened keepme" in terminal.run("%session open keepme")
    terminal.run("%agent hi")
    assert len(list(Path(".sessions").glob("*.jsonl"))) == 1


def test_a_switch_while_a_reply_streams_is_one_line(terminal: Shell) -> None:
    """The reply stays, and so does the session."""
    for name in ("other", "hi"):
        terminal.run(f"%session new {name}")
        terminal.run("%agent hi")
    events = ses.current().stream("count to 3")
    next(events)
    for line in ("new", "open other", "close"):
        shown = terminal.run(f"%session {line}")
        assert shown.strip().startswith("UsageError: hi is still answering, so the session stays.")
    list(events)
    assert "1 2 3" in terminal.run("%session show")


def test_a_terminal_waits_for_the_body(terminal: Shell) -> None:
    """`%%agent` and Enter asks for more; an empty line ends it; `%agent?` is help."""
    check = terminal.ip.input_transformer_manager.check_complete
    assert check("%%agent\n")[0] == "incomplete"
    assert check("%%agent hello")[0] == "incomplete"
    assert check("%%agent hello\n\n")[0] == "complete"
    assert "--max-tokens" in terminal.run("%agent?")
    assert prompts() == []


def test_a_second_kernel_is_told_who_has_the_session(make_shell: Callable[..., Shell], tmp_path: Path) -> None:
    """With the three ways on, each of which works."""
    path = tmp_path / "work" / "analysis.ipynb"
    path.write_text("{}")
    with ses.SessionManager(".sessions", notebook=path) as other:
        session = other.create("alice")
        session.prompt("My name is Alice")
        shell = make_shell(notebook=path)
        refused = shell.run("%%agent What's my name?")
        assert "is open in this kernel, by another SessionManager." in refused
        for way in (f"`%session open {session.info().tail} --read-only`", "%session fork", "--wait 60`"):
            assert way in refused
        assert "in alice" in shell.run("%session open alice --read-only")
        assert "was opened to read" in shell.run("%agent hi")
        session.prompt("I like tea.")
        assert "I like tea." in shell.run("%session show")
        assert "is open in this kernel" in shell.run("%session open alice --wait 0.2")
        assert "forked into alice (fork)" in shell.run("%session fork alice")
        assert "Your name is **Alice**." in shell.run("%%agent What's my name?")
    assert "opened alice" in shell.run("%session open alice --wait 1")


def test_the_house_is_kept_from_cells(make_shell: Callable[..., Shell]) -> None:
    """Marks, the trash, pruning, verifying and redacting, each in a line that says what was done."""
    shell = make_shell()
    shell.run("%session new alice\n%agent the password is swordfish!")
    assert "alice has the tags draft, review." in shell.run("%session tag draft review")
    assert "alice" in shell.run("%session list --tag draft")
    assert "alice is pinned." in shell.run("%session pin")
    assert "alice is archived." in shell.run("%session archive")
    assert "alice is no longer archived." in shell.run("%session archive --off")
    assert "Nothing is wrong." in shell.run("%session verify")
    shell.run("word = 'swordfish!'")
    assert "Taken out of 1 entry of 1 session." in shell.run("%session redact $word")
    assert "swordfish" not in Path(ses.SessionManager(".sessions").list()[0].path).read_text()
    assert "no text in it" in shell.run("%session redact $nothing")
    assert "alice is in the trash." in shell.run("%session delete alice")
    assert "alice" in shell.run("%session restore")
    assert "Back in the list: .sessions" in shell.run("%session restore alice")
    shell.run("%session new\n%agent bob was here")
    shell.run("%session close")
    assert "Say what may go" in shell.run("%session prune")
    assert "Nothing would go." in shell.run("%session prune --older-than 1h")
    assert "'30d'" in shell.run("%session prune --older-than soon")
    shown = shell.run("%session prune --max-bytes 1kB")
    assert "bob was here" in shown
    assert "alice stays: it is named, pinned." in shown
    assert "would go into the trash. The same with `--yes` does it." in shown
    assert "1 session went into the trash." in shell.run("%session prune --max-bytes 1kB --yes")
    assert "1 session would go for good." in shell.run("%session prune --trash")
    assert "1 session and 0 payloads were deleted for good." in shell.run("%session prune --trash --yes")


def test_tidying_at_load_is_off_until_it_is_asked_for(
    make_shell: Callable[..., Shell], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What cannot be parsed does nothing; a number that was typed puts the rest into the trash, and says so."""
    with ses.SessionManager(".sessions") as manager:
        for text in ("one", "two", "three"):
            manager.create().prompt(text)
    make_shell()
    assert len(manager.list()) == 3
    monkeypatch.setenv("IPY_SESSIONS_PRUNE_KEEP", "few")
    make_shell()
    assert len(manager.list()) == 3
    monkeypatch.setenv("IPY_SESSIONS_PRUNE_KEEP", "1")
    make_shell()
    assert [row.title for row in manager.list()] == ["three"]


def test_patterns_of_ones_own_are_masked_from_the_next_ask_on(make_shell: Callable[..., Shell]) -> None:
    """A pattern that is none is refused in one line, and the old ones hold."""
    shell = make_shell()
    shell.run("%agent my badge is B-1234")
    shell.run("%config IPySessions.secrets = [r'badge is (?P<secret>B-[0-9]+)']")
    shell.run("%agent my badge is B-1234")
    assert prompts() == ["my badge is B-1234", "my badge is [masked secret]"]
    assert "is no regular expression" in shell.run("%config IPySessions.secrets = ['(']")
    shell.run("%agent my badge is B-1234")
    assert prompts()[-1] == "my badge is [masked secret]"
    assert "Taken out of 1 entry" in shell.run("%session redact")
    assert "B-1234" not in "".join(prompts())


def test_reset_forgets_variables_and_no_session(make_shell: Callable[..., Shell]) -> None:
    """The conversation is not in the namespace."""
    shell = make_shell()
    shell.run("%agent My name is Alice")
    shell.run("x = 1")
    shell.run("%reset -f")
    assert "Your name is **Alice**." in shell.run("%agent What's my name?")
    assert len(list(Path(".sessions").glob("*.jsonl"))) == 1
