"""What was asked, as a list; and one of it in the next cell, as it was typed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from conftest import Shell
from hosts_kit import Kernel, Terminal, messages
from nbclient import NotebookClient

import ipy_sessions as ses
from ipy_sessions import user

ASKED = "%%agent --system 'Be \"brief\".' --max-tokens 200 --take 2\nMy name is Alice\n\n  {and} $more?"


class Payloads:
    """What keeps the payloads of a cell, as ipykernel does."""

    def __init__(self, shell: Any) -> None:
        self.given: list[str] = []
        shell.set_next_input = self.given.append


@pytest.fixture
def payloads(notebook: Shell) -> Payloads:
    """Return what the notebook's shell puts into next cells."""
    return Payloads(notebook.ip)


def test_prompts_are_listed_alone(notebook: Shell) -> None:
    """Turn, time, cell and first line; of the active branch."""
    assert "There is no session yet" in notebook.run("%session history --prompts")
    for cell in ("%%agent\nMy name is Alice\n\nand more", "%%agent\nnever mind", "%session rewind", "%%agent\nhello"):
        notebook.run(cell)
    head, *rows, hint = notebook.run("%session history --prompts").strip().splitlines()
    assert head.split() == ["turn", "asked", "cell", "prompt"]
    assert [(row.split()[0], row.split("]")[-1].strip()) for row in rows] == [
        ("1", "My name is Alice …"),
        ("3", "hello"),
    ]
    assert all(f"[{run}]" in row for run, row in zip((3, 6), rows, strict=True))
    assert "again N" in hint
    notebook.run("%session new")
    assert "Nothing was asked yet." in notebook.run("%session history --prompts")


def test_a_prompt_is_put_into_the_next_cell_as_it_was_typed(notebook: Shell, payloads: Payloads) -> None:
    """With its options; nothing is run, nothing is logged; run there, it is the same ask."""
    notebook.run(ASKED)
    before = ses.current().file.read_bytes()
    assert "What turn 1 asked is in the next cell. It was not run." in notebook.run("%session again 1")
    assert ses.current().file.read_bytes() == before
    notebook.run(payloads.given[0])
    first, second = ses.current().turns
    assert payloads.given[0].split("\n", 1)[1] == "My name is Alice\n\n  {and} $more?"
    assert first.ask.says_as(second.ask)
    assert second.ask.options == {"system": 'Be "brief".', "max_tokens": 200}


def test_labels_and_ends_of_ids_mean_a_turn(notebook: Shell, payloads: Payloads) -> None:
    """As everywhere; what means none is one sentence."""
    notebook.run("%%agent\nhello")
    notebook.run("%session label 1 the start")
    notebook.run("%session again the start")
    notebook.run(f"%session again {ses.current().turns.ids[0][-6:]}")
    assert payloads.given == ["%%agent\nhello"] * 2
    assert "no turn" in notebook.run("%session again 7").lower()
    assert notebook.failed


def test_what_the_next_cell_says_already_is_not_put_there_twice(notebook: Shell, payloads: Payloads) -> None:
    """When the notebook was saved with it, as Run All finds it; a changed one is another."""
    notebook.run("%%agent\nhello")
    for below, expected in (("%%agent\nhello", 0), ("%%agent\nhello, changed", 1)):
        cells = [{"id": "again", "source": "%session again 1"}, {"id": "below", "source": below}]
        Path("analysis.ipynb").write_text(json.dumps({"cells": cells}))
        notebook.run("%session again 1", at="again")
        assert len(payloads.given) == expected


def test_a_secret_comes_back_masked(notebook: Shell, payloads: Payloads, monkeypatch: pytest.MonkeyPatch) -> None:
    """As it stands in the log."""
    monkeypatch.setenv("SERVICE_TOKEN", "tok-1234567890abcdef")
    notebook.run("%%agent\nUse tok-1234567890abcdef for it")
    notebook.run("%session again 1")
    assert "tok-1234567890abcdef" not in payloads.given[0]
    assert "[masked " in payloads.given[0]


def test_what_a_cell_cannot_hold_is_said(notebook: Shell, payloads: Payloads) -> None:
    """An option of several lines, a picture; a question without a text is one sentence."""
    notebook.run("%%agent\nhello")
    session = ses.current()
    image = {"type": "image", "source": {"type": "url", "url": "https://example.org/a.png"}}
    session.append(user([{"type": "text", "text": "see"}, image], options={"system": "one\ntwo", "effort": "low"}))
    session.append(user([image]))
    shown = notebook.run("%session again 2")
    assert payloads.given == ["%%agent --effort low\nsee"]
    assert "Left out, since no line can hold it: system." in shown
    assert "What it asked with, beside the text, is not in the cell." in shown
    assert "Turn 3 says nothing that could be typed into a cell." in notebook.run("%session again 3")


def test_another_name_of_the_magic_is_used(notebook: Shell, payloads: Payloads) -> None:
    """The cell can be run as it comes."""
    notebook.run("%%agent\nhello")
    notebook.run("%config IPySessions.agent_magic = 'ask'")
    notebook.run("%session again 1")
    assert payloads.given == ["%%ask\nhello"]


def test_where_nobody_takes_it_it_is_printed(terminal: Shell) -> None:
    """A shell without a prompt; what is printed can be run."""
    terminal.run(ASKED)
    printed = terminal.run("%session again 1").strip("\n")
    terminal.run(printed)
    first, second = ses.current().turns
    assert first.ask.says_as(second.ask)


def test_a_notebook_that_nobody_watches_shows_it(tmp_path: Path) -> None:
    """Below the cell, by nbclient, which has no next cell to give."""
    cells = ["%load_ext ipy_sessions", "%agent hello", "%session again 1"]
    notebook: Any = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(tmp_path)}}).execute()
    (output,) = notebook.cells[2].outputs
    assert output["data"]["text/plain"] == "%%agent\nhello"
    assert output["data"]["text/markdown"] == "```\n%%agent\nhello\n```"


@pytest.fixture
def kernel() -> Iterator[Kernel]:
    """A real kernel with the extension loaded, in an empty folder."""
    kernel = Kernel(IPY_SESSIONS_OFFLINE_DELAY="0")
    yield kernel
    kernel.stop()


def test_a_front_end_is_given_it_with_the_reply(kernel: Kernel) -> None:
    """As a payload of ipykernel's, beside the line that says so."""
    kernel.run("%agent hello")
    request = kernel.send("%session again 1")
    assert list(kernel.messages(request))
    reply = next(
        one for one in iter(kernel.client.get_shell_msg, None) if one["parent_header"].get("msg_id") == request
    )
    assert reply["content"]["payload"] == [{"source": "set_next_input", "text": "%%agent\nhello", "replace": False}]


def test_a_terminals_next_prompt_is_filled() -> None:
    """In IPython's own line editor; Enter runs it, and not before."""
    terminal = Terminal("-m", "IPython", "--no-banner", "--colors=nocolor", kind="xterm")
    try:
        for number, line in enumerate(("%load_ext ipy_sessions", "%agent hello", "%session again 1"), start=1):
            terminal.until(rf"In \[{number}\]:")
            terminal.type(f"{line}\r")
        terminal.until(r"In \[4\]:")
        terminal.until("%%agent")
        terminal.until("hello")
        assert len(messages(Path())) == 2
        terminal.type("\x1b\r")  # Alt-Enter runs it as it is
        terminal.until(r"In \[5\]:")
    finally:
        terminal.close()
    assert [line["content"][0]["text"] for line in messages(Path()) if line["role"] == "user"] == ["hello", "hello"]
