"""What happens when a cell runs: each row of the table in `docs/what_happens.md`, behind a notebook of this process."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sheet_kit import Sheet

import ipy_sessions as ses

NAME, COLOUR, WHAT = "%agent My name is Alice", "%agent count to 3", "%agent What is my name?"


@pytest.fixture
def sheet(make_shell: Callable[..., Any], tmp_path: Path) -> Sheet:
    """Return an empty notebook with a kernel."""
    return Sheet(make_shell, tmp_path / "work" / "analysis.ipynb")


@pytest.fixture
def three(sheet: Sheet) -> Sheet:
    """Return a notebook of three cells that were run: a name is told, something else, the name is asked for."""
    sheet.write(NAME, COLOUR, WHAT)
    sheet.run_all()
    return sheet


def active() -> list[str]:
    """Return what was asked on the active branch."""
    return [turn.ask.text for turn in ses.current().turns.active()]


def test_a_cell_that_runs_again_shows_the_logged_answer(three: Sheet) -> None:
    """It says so, asks nothing, moves nothing, and fills its variable."""
    before = three.lines
    shown = three.run("a")
    assert "Nice to meet you, Alice!" in shown
    assert "replayed from" in shown
    assert "`--take 2` asks again" in shown
    assert three.lines == before
    three.edit("c", "%agent -o reply What is my name?")
    assert three.lines == before
    assert "**Alice**" in str(three.shell.ip.user_ns["reply"])


def test_run_all_after_a_restart_asks_nothing(three: Sheet) -> None:
    """Once, twice, and after a restart in between."""
    three.run_all()
    three.restart()
    shown = three.run_all()
    assert all("replayed" in text for text in shown.values())
    assert "**Alice**" in shown["c"]
    assert three.asked == 3


def test_an_edit_branches_and_its_undo_comes_back_for_nothing(three: Sheet) -> None:
    """What stands above stays; the old answer is kept, and comes back with the old words."""
    shown = three.edit("b", "%agent count to 4")
    assert "has changed since turn 2" in shown
    assert "1 turn is on the other branch now" in shown
    assert "What is my name?" in shown
    assert "1 2 3 4" in shown
    assert active() == ["My name is Alice", "count to 4"]
    assert three.asked == 4
    shown = three.edit("b", COLOUR)
    assert "replayed" in shown
    assert active() == ["My name is Alice", "count to 3", "What is my name?"]
    assert three.asked == 4


def test_an_edit_keeps_what_the_cells_above_said_last(three: Sheet) -> None:
    """Cell a, changed and asked anew below, comes along when b is changed."""
    three.edit("a", "%agent My name is Bob")
    three.run("b")
    three.run("c")
    assert active() == ["My name is Bob", "count to 3", "What is my name?"]
    three.put("d", "%agent count to 5", above="b")
    three.run("d")
    shown = three.edit("b", "%agent count to 6")
    assert active() == ["My name is Bob", "count to 5", "count to 6"]
    assert "1 turn of the cells above comes along" in shown
    copies = [line for line in three.lines if "carried_from" in line]
    assert [line["role"] for line in copies] == ["user", "assistant"]
    assert all("usage" not in line and "cost_usd" not in line for line in copies)
    three.restart()
    asked = three.asked
    three.run_all()
    three.run_all()
    assert three.asked == asked + 1  # c, whose turn was on the other branch
    assert active() == ["My name is Bob", "count to 5", "count to 6", "What is my name?"]


def test_a_second_take_is_asked_for_once(three: Sheet) -> None:
    """And the first one comes back when the option is taken away, with the take that really asks again."""
    assert "replayed" not in three.edit("c", "%agent --take 2 What is my name?")
    assert "`--take 3` asks again" in three.run("c")
    assert "`--take 3` asks again" in three.edit("c", WHAT)
    assert three.asked == 4


def test_options_are_a_part_of_what_a_cell_says(three: Sheet) -> None:
    """Another option branches; a setting, a variable, and how it is replayed do not."""
    three.edit("c", "%agent -o reply --pace --replay auto What is my name?")
    assert three.asked == 3
    assert "This cell's options are others" in three.edit("c", "%agent --max-tokens 50 What is my name?")
    assert three.asked == 4


def test_a_stopped_turn_is_asked_again_as_a_sibling(sheet: Sheet, monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer that broke off is never shown as one."""
    monkeypatch.setenv("ANTHROPIC_API_KEY", "")
    sheet.write(NAME, WHAT)
    sheet.run("a")
    session = ses.current()
    session.append(ses.user("What is my name?", cell_id="b"))
    session.append(ses.assistant("Your", stop_reason=None, end="interrupted"))
    shown = sheet.run("b")
    assert "was not answered to its end" in shown
    assert "**Alice**" in shown
    assert [len(turn.entries) for turn in session.turns.behind(session.turns.active()[0].last)] == [2, 2]
    assert "replayed" in sheet.run("b")


def test_one_cell_with_several_asks(sheet: Sheet) -> None:
    """Each is a place of its own; when the second changes, the first stays."""
    sheet.write(f"{NAME}\n{WHAT}")
    sheet.run("a")
    assert sheet.run("a").count("replayed") == 2
    shown = sheet.edit("a", f"{NAME}\n{COLOUR}")
    assert shown.count("replayed") == 1
    assert active() == ["My name is Alice", "count to 3"]
    assert sheet.asked == 3


def test_the_same_prompt_in_several_cells_is_asked_for_each(sheet: Sheet) -> None:
    """Cells are told apart by their ids, not by what they say."""
    sheet.write("%agent hi", "%agent hi")
    sheet.run_all()
    sheet.run_all()
    assert sheet.asked == 2
    assert active() == ["hi", "hi"]


def test_two_cells_of_one_id_are_told_apart_by_their_prompts(three: Sheet) -> None:
    """As after copying a cell by hand; it is said."""
    text = three.path.read_text().replace('"id": "c"', '"id": "b"')
    three.path.write_text(text)
    shown = three.shell.run("%agent count to 7", at="b")
    assert "Two cells of the notebook have the id" in shown
    assert "replayed" in three.shell.run(COLOUR, at="b")
    assert "replayed" in three.shell.run("%agent count to 7", at="b")
    assert three.asked == 4


def test_cells_that_are_moved_inserted_and_deleted_cost_nothing(three: Sheet) -> None:
    """The order of the conversation stays as it was."""
    three.put("c", WHAT, above="a")
    three.run_all()
    assert three.asked == 3
    del three.cells["b"]
    three.save()
    three.run_all()
    assert three.asked == 3
    three.put("d", "%agent count to 9", above="a")
    assert "replayed" not in three.run_all()["d"]
    assert three.asked == 4
    assert active()[-1] == "count to 9"


def test_a_rewind_in_a_cell_holds_when_everything_runs_again(three: Sheet) -> None:
    """The turn that it left behind is shown and costs nothing; the rewind is not done twice."""
    three.write("%session rewind", "%agent count to 8")
    three.run("d")
    three.run("e")
    assert active() == ["My name is Alice", "count to 3", "count to 8"]
    for _ in range(2):
        shown = three.run_all()
        assert "left it behind" in shown["c"]
        assert "nothing is done again" in shown["d"]
        assert active() == ["My name is Alice", "count to 3", "count to 8"]
    assert three.asked == 4
    three.restart()
    three.run_all()
    assert three.asked == 4


def test_a_rewind_that_was_undone_goes_back_again(sheet: Sheet) -> None:
    """What was asked behind it is replayed there, and not asked behind the turn that it had left."""
    sheet.write(NAME, COLOUR, "%session rewind", WHAT)
    sheet.run_all()
    ses.current().switch_to(2)
    shown = sheet.run_all()
    assert "1 turn back" in shown["c"]
    assert "replayed" in shown["d"]
    assert active() == ["My name is Alice", "What is my name?"]
    assert sheet.asked == 3
    ses.current().switch_to(2)
    sheet.write("%session switch 2")
    sheet.run_all()
    before = sheet.lines
    assert "nothing is done again" in sheet.run_all()["c"]
    assert sheet.lines == before


def test_a_new_session_at_the_top_of_a_notebook_that_runs_every_day(sheet: Sheet) -> None:
    """The cell goes on with the session that it began, and begins another when it is told."""
    sheet.write("%session new daily", NAME, WHAT)
    for _ in range(3):
        shown = sheet.run_all()
        sheet.restart()
    assert "with `--again` it begins another" in shown["a"]
    assert sheet.asked == 2
    sheet.edit("a", "%session new daily --again")
    sheet.run("b")
    assert sheet.asked == 3


def test_several_sessions_in_one_notebook(sheet: Sheet) -> None:
    """Each cell stays with the session that answered it, whatever ran last."""
    sheet.write(NAME, WHAT, "%session new other", "%agent My name is Bob", WHAT)
    first = sheet.run_all()
    assert "**Bob**" in first["e"]
    for _ in range(2):
        shown = sheet.run_all()
        assert ("**Alice**" in shown["b"], "**Bob**" in shown["e"]) == (True, True)
        sheet.restart()
    shown = {cell: sheet.run(cell) for cell in reversed(sheet.cells)}
    assert ("**Alice**" in shown["b"], "**Bob**" in shown["e"]) == (True, True)
    assert sheet.asked == 4


def test_a_renamed_notebook_keeps_its_conversation(three: Sheet) -> None:
    """Found by its cells; nothing is asked."""
    new = three.path.with_name("renamed.ipynb")
    three.path.rename(new)
    three.path = new
    three.restart()
    assert "**Alice**" in three.run_all()["c"]
    assert three.asked == 3


def test_a_notebook_that_moves_with_its_sessions_keeps_its_conversation(three: Sheet, tmp_path: Path) -> None:
    """And one that moves without them begins anew."""
    there = tmp_path / "there"
    shutil.copytree(three.path.parent, there)
    three.path = there / three.path.name
    three.restart()
    three.run_all()
    assert three.asked == 3
    alone = tmp_path / "alone"
    alone.mkdir()
    three.path = Path(shutil.copy(three.path, alone))
    three.restart()
    three.run_all()
    assert three.asked == 3  # in the new folder, where these are the first


def test_a_copy_beside_its_original_reads_and_forks_at_its_first_new_turn(three: Sheet) -> None:
    """The original's session is not written by the copy."""
    file = ses.current().file
    three.shell.run("%session close")
    before = file.read_bytes()
    three.path = Path(shutil.copy(three.path, three.path.with_name("copy.ipynb")))
    three.restart()
    shown = three.run_all()
    assert "reading My name is Alice" in shown["a"]
    assert "**Alice**" in shown["c"]
    assert (three.asked, file.read_bytes()) == (3, before)
    assert "forked into" in three.edit("c", "%agent count to 9")
    assert file.read_bytes() == before
    assert ses.current().notebook == "copy.ipynb"
    assert active() == ["My name is Alice", "count to 3", "count to 9"]


def test_a_second_kernel_shows_what_is_logged_and_asks_nothing(make_shell: Callable[..., Any], tmp_path: Path) -> None:
    """What is new is refused with the ways on, and works when the first kernel is gone."""
    path = tmp_path / "work" / "analysis.ipynb"
    sheet = Sheet(make_shell, path)
    sheet.write(NAME, WHAT)
    with ses.SessionManager(".sessions", notebook=path) as other:
        session = other.create("alice")
        session.prompt("My name is Alice", cell_id="a")
        assert "Nice to meet you, Alice!" in sheet.run("a")
        assert "is open in this kernel, by another SessionManager" in sheet.run("b")
        assert "replayed" in sheet.run("a")
        assert sheet.asked == 1
    assert "**Alice**" in sheet.run("b")
    assert sheet.asked == 2


def test_an_ask_to_a_session_that_is_busy_shows_what_is_logged(sheet: Sheet) -> None:
    """What is new there is refused with who has it, and the conversation of the notebook goes on."""
    sheet.write(COLOUR, "%agent -s side My name is Alice")
    sheet.run_all()
    sheet.restart()
    with ses.SessionManager(".sessions") as other:
        other.open("side")
        assert "Nice to meet you, Alice!" in sheet.run_all()["b"]
        assert "is open in this kernel, by another SessionManager" in sheet.edit("b", "%agent -s side hello")
        assert "replayed" in sheet.run("a")
    assert sheet.asked == 2
    assert "replayed" not in sheet.run("b")
    assert active() == ["count to 3"]


def test_a_busy_session_that_a_cell_has_begun_is_written_to_when_it_is_free(sheet: Sheet) -> None:
    """Also when that cell has run several times in the meantime."""
    sheet.write("%session new daily", NAME)
    sheet.run_all()
    sheet.restart()
    with ses.SessionManager(".sessions") as other:
        other.open("daily")
        sheet.run_all()
        assert "replayed" in sheet.run_all()["b"]
    sheet.write(WHAT)
    assert "**Alice**" in sheet.run("c")


@pytest.mark.parametrize("settings", [{}, {"persistence": "none"}, {"on_start": "new"}, {"on_start": "ask"}])
def test_a_cell_belongs_to_its_session_when_it_runs_by_itself(sheet: Sheet, settings: dict[str, str]) -> None:
    """A cell above goes back to its own, one below to the session that the command above it has chosen."""
    sheet.restart(**settings)
    sheet.write("%session new one", NAME, "%session new two", COLOUR)
    sheet.run_all()
    assert "Nice to meet you, Alice!" in sheet.run("b")
    assert "replayed" in sheet.run("b")
    assert "replayed" in sheet.run("d")
    assert active() == ["count to 3"]
    sheet.run("b")
    sheet.write("%agent count to 4")
    sheet.run("e")
    assert active() == ["count to 3", "count to 4"]


def test_a_kernel_that_begins_anew_leaves_the_sessions_of_the_one_before(sheet: Sheet) -> None:
    """Its cells belong to what was begun in it."""
    sheet.write(NAME)
    sheet.run("a")
    sheet.restart(on_start="new")
    sheet.write(COLOUR)
    sheet.run("b")
    assert "replayed" not in sheet.run("a")
    assert active() == ["count to 3", "My name is Alice"]


def test_what_was_recorded_with_one_model_is_shown_without_it(three: Sheet, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a key nor the default model of the day is a part of the ask."""
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    three.restart(model="claude-sonnet-5-5")
    assert "**Alice**" in three.run_all()["c"]
    assert three.asked == 3


def test_strict_shows_what_is_logged_and_refuses_the_rest(three: Sheet) -> None:
    """With what differs line by line and the way to record it; nothing is written."""
    before = {path: path.read_bytes() for path in three.path.parent.rglob("*.jsonl")}
    three.restart(replay="strict")
    assert "**Alice**" in three.run_all()["c"]
    shown = three.edit("b", "%agent count to 4")
    assert three.shell.failed
    for part in ("- count to 3", "+ count to 4", "IPY_SESSIONS_REPLAY=auto", "no model was asked"):
        assert part in shown
    assert "+ --max-tokens 50" in three.edit("c", "%agent --max-tokens 50 What is my name?")
    assert "Nothing is logged" not in three.shell.run("%agent count to 30", at="zzz")
    assert three.shell.failed
    assert {path: path.read_bytes() for path in three.path.parent.rglob("*.jsonl")} == before


def test_off_asks_always(three: Sheet) -> None:
    """At the end of the conversation."""
    three.restart(replay="off")
    assert "replayed" not in three.run("a")
    assert three.asked == 4
    assert active()[-1] == "My name is Alice"


def test_hosts_without_cell_ids_match_by_text(three: Sheet) -> None:
    """Each turn once: the second time it is a new ask."""
    three.restart()
    three.shell.ip.kernel.has_ids = False
    three.shell.ip.user_ns["__vsc_ipynb_file__"] = str(three.path)
    for cell in ("a", "b", "c"):
        assert "replayed" in three.run(cell)
    assert "replayed" not in three.run("b")
    assert three.asked == 4


def test_nobody_watching_begins_anew_unless_replay_is_set(three: Sheet) -> None:
    """With it, asks are matched in order, and what is new goes into a fork."""
    for environ, asked in (({}, 6), ({"replay": "strict"}, 6), ({"replay": "strict"}, 6)):
        three.restart(**environ)
        three.shell.ip.kernel.has_ids = three.shell.ip.kernel.stdin = False
        shown = three.run_all()
        assert "**Alice**" in shown["c"]
        assert three.asked == asked


def test_a_hidden_turn_is_not_sent_and_can_be_shown_again(three: Sheet) -> None:
    """The log keeps it; a second time nothing is done."""
    three.write("%session hide 1", WHAT)
    three.run("d")
    assert "**Alice**" not in three.run("e")
    assert three.run_all()["a"].count("replayed") == 1
    three.shell.run("%session unhide 1")
    assert "**Alice**" in three.edit("e", "%agent --take 2 What is my name?")


def test_a_cell_that_rewinds_no_more_leaves_nothing_behind(sheet: Sheet) -> None:
    """Its command was written over, so what it took back belongs to the conversation again, once."""
    sheet.write(NAME, COLOUR)
    sheet.run_all()
    sheet.write("%session rewind")
    sheet.run("c")
    assert "left it behind" in sheet.run("b")
    sheet.edit("c", WHAT)
    for _ in range(2):
        sheet.run_all()
        assert active() == ["My name is Alice", "What is my name?", "count to 3"]
    assert sheet.asked == 4


def test_the_sessions_settings_of_now_hold_wherever_it_is_asked(sheet: Sheet) -> None:
    """Also on a branch that begins before they were given."""
    sheet.write("%session settings system='Be brief.'", NAME)
    sheet.run_all()
    sheet.edit("a", "%session settings system='Be long.'")
    sheet.edit("b", "%agent My name is Bob")
    sent = ses.current().build_context().parameters
    assert sent is not None
    assert sent.system == "Be long."
    assert ses.current().parameters.system == "Be long."


def test_a_masked_prompt_is_the_same_where_the_secret_is_not_known(
    sheet: Sheet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on another machine; and a text that differs elsewhere is another."""
    monkeypatch.setenv("MY_TOKEN", "swordfish-1234")
    sheet.write("%agent Is swordfish-1234 a good password?")
    sheet.run_all()
    assert "[masked MY_TOKEN]" in sheet.lines[1]["content"][0]["text"]
    monkeypatch.delenv("MY_TOKEN")
    sheet.restart()
    assert "replayed" in sheet.run("a")
    assert sheet.asked == 1
    assert "replayed" not in sheet.edit("a", "%agent Is any of these words a good password?")
    assert "replayed" not in sheet.edit("a", "%agent Is photosynthesis a good password?")


def test_a_copy_of_a_notebook_that_begins_a_session_reads_that_of_its_original(sheet: Sheet) -> None:
    """Its first new turn, or its first move, goes into a fork, with which the same cell goes on."""
    sheet.write("%session new daily", NAME, WHAT)
    sheet.run_all()
    sheet.shell.run("%session close")
    sheet.path = Path(shutil.copy(sheet.path, sheet.path.with_name("copy.ipynb")))
    sheet.restart()
    assert "reading daily" in sheet.run_all()["a"]
    assert sheet.asked == 2
    assert "forked into daily" in sheet.shell.run("%session rewind")
    assert active() == ["My name is Alice"]
    sheet.restart()
    shown = sheet.run_all()
    assert "with `--again` it begins another" in shown["a"]
    assert ses.current().notebook == "copy.ipynb"
    assert sheet.asked == 4  # the two, and their copies in the fork


def test_the_plan_knows_which_session_a_cell_belongs_to(sheet: Sheet) -> None:
    """What another session of the notebook has answered is not told as an ask, nor as never asked."""
    sheet.write(NAME, WHAT, "%session new other", "%agent My name is Bob")
    sheet.run_all()
    assert "goes to the session My name is Alice" in sheet.shell.run("%session plan")
    shown = sheet.shell.run("%session cells")
    assert "goes to the session My name is Alice" in shown
    assert "never asked" not in shown


def test_a_session_that_is_still_empty_waits_for_the_cells_below_its_command(sheet: Sheet) -> None:
    """Also when a cell above runs in between."""
    sheet.write(NAME, "%session new", WHAT)
    sheet.run("a")
    sheet.run("b")
    assert "replayed" in sheet.run("a")
    assert "**Alice**" not in sheet.run("c")
    assert active() == ["What is my name?"]
