"""The rows of `docs/what_happens.md` that `test_rerun` leaves, in a real JupyterLab, beside a server that counts."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from browser.labkit import Lab, LabServer
from browser.pagekit import change, merge, put, reopen, run_all, say, says, split
from playwright.sync_api import Browser

from ipy_sessions.testing.server import MessagesServer

pytestmark = pytest.mark.browser

ASKS = [f"%%agent\nquestion {number}" for number in range(1, 5)]
NOTHING_ANSWERS = "%env ANTHROPIC_BASE_URL=http://127.0.0.1:9\n%load_ext ipy_sessions"


def heard(model: MessagesServer) -> list[str]:
    """Return what the user says in the last request."""
    return [said["content"][0]["text"] for said in model.asked[-1]["messages"] if said["role"] == "user"]


def test_each_ask_of_each_cell_is_a_place_of_its_own(asking: Lab, model: MessagesServer) -> None:
    """Several in one cell, the same words in several cells, other options, a second take: each costs one ask, once."""
    put(asking, "%agent one\n%agent two", "%%agent\nhi", "%%agent\nhi")
    run_all(asking)
    assert run_all(asking)[1].count("replayed") == 2
    assert len(model.asked) == 4
    assert change(asking, 1, "%agent one\n%agent two, changed").count("replayed") == 1
    assert (len(model.asked), heard(model)) == (5, ["one", "two, changed"])
    assert change(asking, 1, "%agent one\n%agent two").count("replayed") == 2
    assert "replayed" not in change(asking, 2, "%%agent --take 2\nhi")
    asking.run(2)
    assert "`--take 3` asks again" in asking.text(2)
    assert "`--take 3` asks again" in change(asking, 2, "%%agent\nhi")
    assert len(model.asked) == 6
    assert "This cell's options are others than at turn" in change(asking, 3, "%%agent --max-tokens 50\nhi")
    assert len(model.asked) == 7
    for _ in range(2):
        change(asking, 3, "%%agent --replay off\nhi")
    assert len(model.asked) == 9


def test_two_cells_of_one_id_cost_nothing_that_was_answered(asking: Lab, model: MessagesServer) -> None:
    """JupyterLab gives the second one an id of its own when it opens the file."""
    put(asking, *ASKS[:3])
    run_all(asking)
    written = json.loads(asking.path.read_text())
    written["cells"][2] |= {"id": written["cells"][1]["id"], "source": "%%agent\nanother"}
    asking.path.write_text(json.dumps(written))
    reopen(asking, asking.path)
    shown = run_all(asking)
    assert ["replayed" in text for text in shown[1:]] == [True, False, True]
    run_all(asking)
    assert (len(model.asked), heard(model)[-1]) == (4, "another")


def test_cells_that_are_split_merged_and_deleted(asking: Lab, model: MessagesServer) -> None:
    """The lower half keeps the id and branches; a merged cell is a new one; a deleted one's turn stays and is sent."""
    put(asking, "%%agent\nfirst\n%%agent\nsecond", *ASKS[:3])
    run_all(asking)
    split(asking, 1, 2)
    shown = run_all(asking)
    assert says(asking)[1:3] == ["%%agent\nfirst", "%%agent\nsecond"]
    assert "1 turn of the cells above comes along" in shown[2]
    assert "3 turns are on the other branch now" in shown[2]
    assert len(model.asked) == 9
    unmerged = asking.path.read_bytes()
    merge(asking, 3)
    assert "replayed" not in run_all(asking)[3]
    assert (len(model.asked), heard(model)[:3]) == (10, ["first", "second", "question 1"])
    asking.path.write_bytes(unmerged)
    reopen(asking, asking.path)
    assert says(asking)[3:] == ASKS[:3]
    assert all("replayed" in text for text in run_all(asking)[1:])
    assert len(model.asked) == 10
    asking.select(1)
    asking.command("notebook:delete-cell")
    assert all("replayed" in text for text in run_all(asking)[1:])
    assert len(model.asked) == 10
    cells = asking.ask("%session cells")
    assert "“first” | missing: its cell does not ask it any more | 6 (" in cells
    assert "Turn 6 is not sent any more." in asking.ask("%session hide 6")
    asking.ask("%agent and now?")
    assert "first" not in heard(model)


def test_commands_in_cells_hold_when_everything_runs_again(asking: Lab, model: MessagesServer) -> None:
    """A rewind and two new sessions, Run All three times, once after a restart: nothing is asked or done again."""
    put(asking, "%session new daily", *ASKS[:2], "%session rewind", ASKS[2], "%session new other", ASKS[3])
    run_all(asking)
    assert (len(model.asked), heard(model)) == (4, ["question 4"])
    for _ in range(2):
        shown = run_all(asking)
        assert len(model.asked) == 4
        assert "with `--again` it begins another" in shown[1]
        assert "left it behind" in shown[3]
        assert "nothing is done again" in shown[4]
        assert all("replayed" in shown[index] for index in (2, 3, 5, 7))
        asking.restart()
    asking.run(0)
    asking.run(5)
    assert "continued **daily**" in asking.text(5)
    assert "replayed" in asking.text(5)
    plan = asking.ask("%session plan")
    assert "“question 2” | replay turn 2 (" in plan
    assert "which a command below has left behind" in plan
    assert "the commands that move the conversation, in cells 2, 5, 7." in plan
    assert "“question 3” | current" in asking.ask("%session cells")
    index = asking.type("%session tree")
    asking.run(index)
    asking.page.locator(".jp-Notebook .jp-Cell").nth(index).locator(".ips-tree svg").wait_for()
    asking.ask("%agent -s other aside")
    assert heard(model) == ["question 4", "aside"]
    asking.ask("%agent something new")
    assert heard(model) == ["question 1", "question 3", "something new"]


def test_switch_hide_and_fork_in_cells_are_done_once(asking: Lab, model: MessagesServer) -> None:
    """Run All three times, once after a restart: each says that nothing is done again, and what is sent stays so."""
    put(asking, *ASKS[:2], "%session rewind", ASKS[2], "%session switch 2", "%session hide 1")
    put(asking, "%session fork --name copy", "%%agent\nquestion 4")
    first = run_all(asking)
    assert "The conversation stands behind turn 2" in first[5]
    assert "Turn 1 is not sent any more." in first[6]
    assert "forked into **copy**" in first[7]
    assert (len(model.asked), heard(model)) == (4, ["question 2", "question 4"])
    asking.restart()
    for _ in range(2):
        shown = run_all(asking)
        assert all("nothing is done again" in shown[index] for index in (3, 5, 6))
        assert "with `--again` it begins another" in shown[7]
        assert all("replayed" in shown[index] for index in (1, 2, 4, 8))
        assert len(model.asked) == 4
    asking.ask("%agent and now?")
    assert heard(model) == ["question 2", "question 4", "and now?"]
    assert len(list(asking.folder.glob(".sessions/*.jsonl"))) == 2


def test_a_cell_whose_turn_was_dropped_asks_again_once(asking: Lab, model: MessagesServer) -> None:
    """A command that drops is done once, too: from the second Run All on everything is replayed."""
    put(asking, *ASKS[:2], "%session drop 2", ASKS[2])
    assert "Turn 2 is dropped. The conversation stands behind turn 1." in run_all(asking)[3]
    assert heard(model) == ["question 1", "question 3"]
    shown = run_all(asking)
    assert ["replayed" in text for text in shown[1:]] == [True, False, False, True]
    assert "nothing is done again" in shown[3]
    assert all("replayed" in text for index, text in enumerate(run_all(asking)[1:]) if index != 2)
    assert (len(model.asked), heard(model)) == (4, ["question 1", "question 3", "question 2"])


@pytest.mark.parametrize("take", [shutil.copy, shutil.move])
def test_a_notebook_that_leaves_its_sessions_begins_anew(
    asking: Lab, model: MessagesServer, take: Callable[[Path, Path], Path]
) -> None:
    """Copied or moved to another folder without them it asks everything, in a new session; the first one stays."""
    put(asking, *ASKS[:2])
    run_all(asking)
    home = asking.folder
    (log,) = home.glob(".sessions/*.jsonl")
    before = log.read_bytes()
    away = home.with_name(f"{home.name} away")
    away.mkdir()
    reopen(asking, Path(take(home / "talk.ipynb", away)))
    shown = run_all(asking)
    assert "new session" in shown[1]
    assert not any("replayed" in text for text in shown[1:])
    assert (len(model.asked), heard(model)) == (4, ["question 1", "question 2"])
    assert log.read_bytes() == before


def test_a_notebook_that_was_not_saved_has_the_order_of_before(asking: Lab, model: MessagesServer) -> None:
    """A cell that the file does not have counts as below all others; saved, it has its place."""
    put(asking, *ASKS[:2])
    run_all(asking)
    asking.select(1)
    asking.command("notebook:insert-cell-above")
    say(asking, 1, "%%agent\nabove")
    asking.run(1)
    assert heard(model) == ["question 1", "question 2", "above"]
    say(asking, 2, "%%agent\nquestion 1, changed")
    asking.run(2)
    assert (len(model.asked), heard(model)) == (4, ["question 1, changed"])
    say(asking, 2, ASKS[0])
    asking.run(2)
    assert "replayed" in asking.text(2)
    assert "1 turn of the cells above comes along" in change(asking, 2, "%%agent\nquestion 1, saved")
    assert (len(model.asked), heard(model)) == (5, ["above", "question 1, saved"])


def test_a_notebook_is_renamed_moved_and_copied(asking: Lab, model: MessagesServer) -> None:
    """Its conversation is found; a copy beside it reads, and forks at its first new turn."""
    put(asking, *ASKS[:2])
    run_all(asking)
    asking.path.rename(asking.path.with_name("renamed.ipynb"))
    moved = asking.folder.rename(asking.folder.with_name("moved"))
    reopen(asking, moved / "renamed.ipynb")
    assert all("replayed" in text for text in run_all(asking)[1:])
    asking.ask("%agent question 3")
    assert heard(model) == ["question 1", "question 2", "question 3"]
    (log,) = moved.glob(".sessions/*.jsonl")
    before = log.read_bytes()
    assert b'"notebook":"renamed.ipynb"' in before
    asking.save()
    asking.open(Path(shutil.copy(asking.path, moved / "copy.ipynb")).relative_to(asking.server.root).as_posix())
    shown = run_all(asking)
    assert "reading **question 1**" in shown[1]
    assert all("replayed" in text for text in shown[1:])
    assert len(model.asked) == 3
    assert "forked into **question 1**" in asking.ask("%agent question 4")
    assert heard(model) == ["question 1", "question 2", "question 3", "question 4"]
    assert log.read_bytes() == before


def test_a_second_kernel_reads_until_the_first_lets_go(
    asking: Lab, model: MessagesServer, browser: Browser, tmp_path: Path
) -> None:
    """Another JupyterLab on the same folder shows what is logged, and says who has the session and what to type."""
    put(asking, *ASKS[:2])
    run_all(asking)
    second = LabServer(asking.server.root, tmp_path / "home")
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    try:
        other = Lab(page, second).open(asking.path.relative_to(second.root).as_posix())
        shown = run_all(other)
        assert "reading **question 1**" in shown[1]
        assert all("replayed" in text for text in shown[1:])
        refused = other.ask("%agent something new")
        for part in ("is open elsewhere", "talk.ipynb (process ", "--read-only`", "fork", "--wait"):
            assert part in refused
        assert len(model.asked) == 2
        asking.restart()
        assert "something new" in other.ask("%agent something new")
        assert len(model.asked) == 3
    finally:
        page.close()
        second.close_kernels()
        second.stop()


def test_what_was_recorded_is_shown_without_a_model_and_strictly(asking: Lab, model: MessagesServer) -> None:
    """Variables are filled, `--pace` shows it as it came; what is missing is refused with what differs."""
    haiku = "%%agent --max-tokens 50\nWrite a haiku about {}.\nUse the word snow."
    count = "%%agent --model offline{}\ncount to 100"
    put(asking, "%%agent -o reply\nhello", "print(reply.text)", count.format(""), haiku.format("winter"))
    recorded = run_all(asking)
    asking.restart()
    change(asking, 0, f"{NOTHING_ANSWERS}\n%config IPySessions.model = 'claude-haiku-4-5'")
    shown = run_all(asking)
    assert shown[2] == recorded[2] == "You said: hello\n"
    assert all("replayed" in shown[index] for index in (1, 3, 4))
    say(asking, 3, count.format(" --pace"))
    asking.run(3, wait=False)
    asking.until(lambda: " 20 " in asking.text(3) and " 99 " not in asking.text(3))
    asking.idle()
    assert "99 100" in asking.text(3)
    assert "replayed" in asking.text(3)
    change(asking, 0, f"{NOTHING_ANSWERS}\n%config IPySessions.replay = 'strict'")
    shown = run_all(asking)
    assert all("replayed" in shown[index] for index in (1, 3, 4))
    change(asking, 4, haiku.format("autumn"))
    said = asking.below(4)
    assert "- Write a haiku about winter.\n+ Write a haiku about autumn.\n  Use the word snow.\n" in said
    assert "%config IPySessions.replay = 'auto'" in said
    assert len(model.asked) == 2
