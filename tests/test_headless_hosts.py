"""Hosts in which nobody watches, as commands: papermill, nbconvert, a script; and what they leave behind."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from hosts_kit import command, lines, messages, sessions, write_notebook
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from ipy_sessions.testing.script import Fault, Reply
from ipy_sessions.testing.server import MessagesServer

LOAD, ASK, AGAIN = "%load_ext ipy_sessions", "%%agent\nMy name is Alice", "%agent What is my name?"
TEXT = " ".join(f"word{number}" for number in range(40))
BROKEN_OFF = "reported overloaded_error (Overloaded). What came until then is kept; `%agent go on` asks for the rest."


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[MessagesServer]:
    """A server whose first model answers when none is named."""
    with MessagesServer() as server:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", server.url)
        monkeypatch.delenv("IPY_SESSIONS_MODEL")
        yield server


def papermill(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run papermill."""
    return command("-m", "papermill", "--no-progress-bar", *arguments)


def nbconvert(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run jupyter nbconvert."""
    return command("-m", "nbconvert", *arguments)


def outputs(path: Path, source: str) -> list[Any]:
    """Return what stands below the cell with this source in a saved notebook."""
    (cell,) = (cell for cell in nbformat.read(path, as_version=4).cells if cell.source == source)
    return list(cell.outputs)


def check_answers(path: Path) -> None:
    """Check what a run has left: one display a reply, in both forms, whole, and nothing of a widget."""
    where, reply = outputs(path, ASK)
    assert where.data["text/plain"].startswith("new session ")
    (second,) = outputs(path, AGAIN)
    for output, text in ((reply, "Nice to meet you, Alice!"), (second, "Your name is **Alice**.")):
        assert output.output_type == "display_data"
        assert set(output.data) == {"text/markdown", "text/plain"}
        assert re.search(re.escape(text) + r"\n\n<small>offline · .*jsonl`</small>$", output.data["text/markdown"])
        assert re.search(re.escape(text) + r"\n\noffline · .*jsonl$", output.data["text/plain"])
    assert "widgets" not in nbformat.read(path, as_version=4).metadata


def check_failure(folder: Path, told: str) -> None:
    """Check that one or two lines tell of a broken reply, and that what came of it is in the log."""
    assert told.count(BROKEN_OFF) == 1
    assert "ipy_sessions/" not in told  # no line of our own code: that would be a traceback
    answer = messages(folder)[-1]
    assert (answer["role"], answer["end"], answer["error"]["type"]) == ("assistant", "error", "overloaded_error")
    assert answer["content"][0]["text"].startswith("word0 word1 ")
    assert TEXT.startswith(answer["content"][0]["text"])


# papermill


def test_papermill_begins_a_session_with_each_run() -> None:
    """It does not tell where the notebook is: the answers are in its output, the sessions in the working directory."""
    Path("in").mkdir()
    Path("out").mkdir()
    write_notebook(Path("in/talk.ipynb"), LOAD, ASK, AGAIN)
    for name in ("monday", "tuesday"):
        done = papermill("in/talk.ipynb", f"out/{name}.ipynb")
        assert done.returncode == 0, done.stderr
        check_answers(Path(f"out/{name}.ipynb"))
    runs = sessions(Path())
    assert [len(run) for run in runs] == [6, 6]
    assert [(run[0]["notebook"], run[0]["key"].split(":")[2]) for run in runs] == [(None, "headless")] * 2
    assert list(Path().glob("*/.sessions")) == []


def test_papermill_that_injects_its_paths_has_the_session_beside_its_output() -> None:
    """With --inject-paths the session belongs to the notebook that papermill writes, and each run has one."""
    Path("out").mkdir()
    write_notebook(Path("talk.ipynb"), LOAD, ASK, AGAIN, "%session")
    for _ in range(2):
        done = papermill("--inject-paths", "talk.ipynb", "out/monday.ipynb")
        assert done.returncode == 0, done.stderr
        check_answers(Path("out/monday.ipynb"))
    (where,) = outputs(Path("out/monday.ipynb"), "%session")
    assert f"notebook  {Path('out/monday.ipynb').resolve()} (from papermill)" in where.data["text/plain"]
    runs = sessions(Path("out"))
    assert [len(run) for run in runs] == [6, 6]
    assert [(run[0]["notebook"], run[0]["key"].split(":")[2]) for run in runs] == [("monday.ipynb", "papermill")] * 2
    assert not Path(".sessions").exists()


def test_papermill_says_why_the_model_failed(server: MessagesServer) -> None:
    """A reply that breaks off fails the cell with one line, on the screen and in its output; the rest does not run."""
    server.push(Reply(TEXT, fault=Fault("error")))
    write_notebook(Path("talk.ipynb"), LOAD, ASK, "print('ran')")
    done = papermill("talk.ipynb", "out.ipynb")
    assert done.returncode != 0
    told = done.stderr.partition('Exception encountered at "In [2]":\n')[2]
    assert told.startswith(f"UsageError: {server.url} ")
    check_failure(Path(), told)
    below = outputs(Path("out.ipynb"), ASK)
    assert "broken off; what came until then is kept" in below[1].data["text/plain"]
    assert below[2].output_type == "error"
    assert below[2].traceback == [f"UsageError: {server.url} {BROKEN_OFF}"]
    assert outputs(Path("out.ipynb"), "print('ran')") == []


# nbconvert and nbclient


def test_nbconvert_executes_beside_the_notebook() -> None:
    """Started from anywhere, the sessions are beside the notebook; each run has its own."""
    Path("deep").mkdir()
    write_notebook(Path("deep/talk.ipynb"), LOAD, ASK, AGAIN)
    for _ in range(2):
        done = nbconvert("--to", "notebook", "--execute", "deep/talk.ipynb", "--output", "done.ipynb")
        assert done.returncode == 0, done.stderr
        check_answers(Path("deep/done.ipynb"))
    runs = sessions(Path("deep"))
    assert [len(run) for run in runs] == [6, 6]
    assert {run[0]["key"].split(":")[2] for run in runs} == {"headless"}
    assert not Path(".sessions").exists()


def test_an_exported_page_holds_the_answers(server: MessagesServer) -> None:
    """In HTML one reads the answer as Markdown, its thinking folded, and the small line below it; no kernel needed."""
    thinking = {"type": "thinking", "thinking": "They *greet* me,\nI greet back."}
    server.push(Reply([thinking, {"type": "text", "text": "Hello **Alice**, with `code`."}]))
    write_notebook(Path("talk.ipynb"), LOAD, ASK, AGAIN)
    done = nbconvert("--to", "html", "--execute", "talk.ipynb")
    assert done.returncode == 0, done.stderr
    page = Path("talk.html").read_text()
    folded, _, rest = page.partition("<details>")[2].partition("</details>")
    assert folded.startswith("<summary>thinking, 6 words</summary>")
    assert re.search(r"<blockquote>\s*<p>They \*greet\* me,<br\s*/?>\s*I greet back\.", folded)
    answer, _, footer = rest.partition("<small>")
    assert "<p>Hello <strong>Alice</strong>, with <code>code</code>.</p>" in answer
    assert re.match(
        r"claude-sonnet-5-5 · \d+ in, \d+ out · My name is Alice · <code>\.sessions/\S+</code></small>", footer
    )
    assert "<p>You said: What is my name?</p>" in page


LOOKS = ("%session pick", "%session tree", "%session show")


def check_static(cells: list[Any]) -> None:
    """Check that what can be clicked elsewhere is text and pictures here, and nothing of a widget."""
    pick, tree, show = ([output for output in cell.outputs if "data" in output] for cell in cells)
    kinds = {kind for output in (*pick, *tree, *show) for kind in output.data}
    assert kinds <= {"text/markdown", "text/plain", "image/svg+xml"}
    (table,) = pick
    assert "| \u25b8 0 | My name is Alice |" in table.data["text/markdown"]
    assert "`%session open " in table.data["text/markdown"]
    assert "image/svg+xml" in tree[0].data
    assert "Nice to meet you, Alice!" in show[0].data["text/markdown"]


def test_an_exported_page_holds_the_table_in_the_place_of_the_picker() -> None:
    """What is clicked in JupyterLab is a table, a picture and a transcript in HTML; nothing waits for a kernel."""
    write_notebook(Path("talk.ipynb"), LOAD, ASK, *LOOKS)
    done = nbconvert("--to", "html", "--execute", "talk.ipynb")
    assert done.returncode == 0, done.stderr
    page = Path("talk.html").read_text()
    shown = page[page.index("<main") :] if "<main" in page else page
    assert re.search(r"<td[^>]*>My name is Alice</td>", shown)
    assert "<code>%session open " in shown
    assert "data:image/svg+xml" in shown
    assert "widget-view+json" not in shown
    assert "live-" not in shown


def test_nbclient_gets_the_table_in_the_place_of_the_picker() -> None:
    """So does a program that runs a notebook, and the file that it writes holds no widget's state."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in (LOAD, ASK, *LOOKS)])
    NotebookClient(notebook, timeout=60).execute()
    check_static(notebook.cells[2:])
    assert "widgets" not in notebook.metadata


def test_nbclient_says_why_the_model_failed(server: MessagesServer) -> None:
    """The error that it raises ends in our line, and no page of traceback stands before it."""
    server.push(Reply(TEXT, fault=Fault("error")))
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in (LOAD, ASK, AGAIN)])
    with pytest.raises(CellExecutionError) as raised:
        NotebookClient(notebook, timeout=60).execute()
    check_failure(Path(), raised.value.traceback)
    assert [output.output_type for output in notebook.cells[1].outputs] == ["display_data", "display_data", "error"]
    assert notebook.cells[2].outputs == []


def test_a_server_that_is_gone_is_one_line_and_the_question_is_kept(
    server: MessagesServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing answers there: the cell says so, and the log holds the question and how it ended."""
    server.stop()
    monkeypatch.setenv("IPY_SESSIONS_RETRIES", "0")
    monkeypatch.setenv("IPY_SESSIONS_MODEL", "some-model")
    write_notebook(Path("talk.ipynb"), LOAD, ASK)
    done = papermill("talk.ipynb", "out.ipynb")
    assert f"UsageError: Nothing answers at {server.url}: is the server running?" in done.stderr
    assert "ipy_sessions/" not in done.stderr.partition("Exception encountered")[2]
    question, answer = messages(Path())
    assert question["content"][0]["text"] == "My name is Alice"
    assert (answer["end"], answer["content"]) == ("error", [])


# A script


def test_a_script_needs_no_ipython(server: MessagesServer) -> None:
    """The README's way in Python: the sessions are where the script says, and IPython is not even imported."""
    server.push("Nice to meet you!", Reply(TEXT, fault=Fault("error")))
    Path("ask.py").write_text(SCRIPT)
    done = command("ask.py")
    assert (done.returncode, done.stderr) == (0, "")
    check_failure(Path(), done.stdout)
    assert done.stdout.splitlines()[0] == "Nice to meet you!"
    assert done.stdout.splitlines()[-1] == "2 questions, IPython: False"
    assert lines(Path())[0]["key"].split(":")[2] == "script"
    again = command("-c", "import ipy_sessions as ses; print(ses.SessionManager('.sessions').open('bob').prompt('?'))")
    assert again.stdout == "You said: ?\n"
    assert [message["role"] for message in server.asked[-1]["messages"]] == ["user", "assistant"] * 2 + ["user"]


SCRIPT = """
import sys
import ipy_sessions as ses

with ses.SessionManager(".sessions") as manager:
    session = manager.create(name="bob")
    print(session.prompt("My name is Bob"))
    try:
        for event in session.stream("Go on"):
            if isinstance(event, ses.TextDelta):
                print(event.text, end="")
    except ses.ModelError as error:
        print()
        print(error)
    history = ses.history(session)
print(f"{(history['role'] == 'user').sum()} questions, IPython: {'IPython' in sys.modules}")
"""
