"""The command line: what ``%session`` does, in a shell, without a kernel."""

from __future__ import annotations

import json
import pkgutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cli_kit import PROGRAM, Ran, folder, line, run

import ipy_sessions as ses
from ipy_sessions.cli.main import main
from ipy_sessions.cli.offers import OFFERS
from ipy_sessions.identifiers import timestamp
from ipy_sessions.searching.hits import COLUMNS
from ipy_sessions.table.schema import TABLES

__all__ = ["folder", "line"]

Line = Callable[..., Ran]

READS = (
    ["list"],
    ["list", "--json"],
    ["show"],
    ["show", "alice", "--last"],
    ["history", "alice", "--json"],
    ["tree", "alice"],
    ["usage"],
    ["sql", "SELECT count(*) FROM messages"],
    ["search", "Alice"],
    ["verify"],
    ["verify", "alice"],
    ["prune", "--max-bytes", "1KB"],
    ["prune", "--trash"],
    ["restore"],
    ["export", "pi", "../out.jsonl", "--of", "alice"],
)


@pytest.mark.usefixtures("folder")
def test_the_list_is_printed_as_plain_text() -> None:
    """`python -m ipy_sessions list` prints what %session list shows, and where it is piped no colours."""
    ran = run("list")
    assert ran.code == 0
    assert ran.err == ""
    assert [row.split()[:2] for row in ran.out.splitlines()] == [["#", "session"], ["1", "Grüße"], ["2", "alice"]]
    assert "\x1b" not in ran.out


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("words", [("list",), ("show", "alice"), ("--help",)], ids=" ".join)
def test_nothing_heavy_is_imported(words: tuple[str, ...]) -> None:
    """What one types often starts at once: no IPython, no frames, no SDK."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", *PROGRAM[1:], *words], capture_output=True, text=True, check=True
    )
    imported = {row.rpartition("|")[2].strip().partition(".")[0] for row in done.stderr.splitlines()}
    assert "ipy_sessions" in imported
    heavy = {
        "IPython",
        "ipykernel",
        "traitlets",
        "pandas",
        "pyarrow",
        "duckdb",
        "anthropic",
        "httpx2",
        "nbformat",
        "hyperscan",
    }
    assert imported.isdisjoint(heavy)


def test_a_session_is_meant_by_its_number_name_id_or_path(folder: Path, line: Line) -> None:
    """A reference is what it is in a notebook; a number is that of the list, and none means the latest session."""
    rows = line("list", "--json").data
    alice = next(row for row in rows if row["name"] == "alice")
    assert [row["number"] for row in rows] == [1, 2]
    for ref in ("2", "alice", alice["session"][-6:], alice["path"], f".sessions/{Path(alice['path']).name}"):
        assert line("show", ref, "--json").data["session"] == alice["session"], ref
    assert line("show", "--json").data["session"] == rows[0]["session"]
    assert line("--dir", str(folder), "show", "alice").out == line("show", "alice").out


def test_installing_brings_the_program() -> None:
    """`ipy-sessions` on PATH is the same program as `python -m ipy_sessions`."""
    written = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text())
    assert pkgutil.resolve_name(written["project"]["scripts"]["ipy-sessions"]) is main
    assert run("--version").out == f"ipy-sessions {ses.__version__}\n"


def test_every_session_is_listed(line: Line) -> None:
    """A notebook shows the latest 50; a shell gets all of them, for its pager or the next program of a pipe."""
    with ses.SessionManager(".sessions", settings=ses.Settings(model="offline", offline_delay=0)) as manager:
        for number in range(52):
            manager.create(f"s{number}").append(ses.user("hello"))
    assert len(line("list").out.splitlines()) == 53
    assert line("show", "52").out.startswith("s0\n")


@pytest.mark.parametrize("words", [("show",), ("history",), ("tree",), ("usage",), ("verify",)], ids=" ".join)
def test_a_path_means_a_session_anywhere(
    folder: Path, line: Line, words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A session can be named by its path where there is no folder of sessions at all."""
    path = next(str(path) for path in folder.glob("*.jsonl") if b'"alice"' in path.read_bytes())
    here = line(*words, "alice")
    assert here.code == 0
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    assert line(*words, path) == here
    assert line(*words, "nowhere.jsonl").code == 1


def _files(folder: Path) -> dict[str, Any]:
    return {str(path): (path.stat().st_mtime_ns, path.is_file() and path.read_bytes()) for path in folder.rglob("*")}


@pytest.mark.parametrize("words", READS, ids=" ".join)
def test_a_command_that_reads_leaves_the_folder_as_it_is(folder: Path, line: Line, words: list[str]) -> None:
    """Looking changes nothing: no index, no lock's record, no time."""
    before = _files(folder), folder.stat().st_mtime_ns
    assert line(*words).code == 0
    assert (_files(folder), folder.stat().st_mtime_ns) == before


def test_an_index_that_is_there_stays_as_it_is(folder: Path, line: Line) -> None:
    """The index that kernels have made is read and not written, also when a file is new."""
    with ses.SessionManager(folder) as manager:
        manager.list()
    (folder / "new.jsonl").write_text('{"type":"session","version":1,"id":"one-more-00","ts":"2026-03-01T00:00:00Z"}\n')
    before = _files(folder)
    assert len(line("list", "--json").data) == 3
    assert _files(folder) == before


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["lst"], 2, "Did you mean list?"),
        (["list", "--nam=x"], 2, "did you mean --name?"),
        (["show", "bob"], 1, "'bob'"),
        (["show", "9"], 1, "its last is 2"),
        (["show", "long" * 100], 1, "longlong"),
        (["show", "~nobody-here/x.jsonl"], 1, "nobody-here"),
        (["--dir", "nowhere", "list"], 1, "--dir PATH"),
        (["prune"], 1, "`ipy-sessions prune --older-than 90d`"),
        (["prune", "--older-than", "soon"], 1, "soon"),
        (["list", "--since", "soon"], 1, "2026-03-01"),
        (["export", "papyrus"], 1, "There is no format"),
        (["completion", "tcsh"], 2, "tcsh"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
@pytest.mark.usefixtures("folder")
def test_a_mistake_is_one_sentence_and_an_exit_code(line: Line, words: list[str], code: int, said: str) -> None:
    """What was typed wrong ends with 2, what cannot be done with 1; a line on the error stream says why."""
    ran = line(*words)
    assert (ran.code, ran.out) == (code, "")
    assert ran.err.startswith("ipy-sessions: ")
    assert ran.err.count("\n") == 1
    assert said in ran.err


def test_verify_ends_with_1_when_something_is_wrong(folder: Path, line: Line) -> None:
    """A script can tell damage by the exit code; a repair ends with 0, and so does verify afterwards."""
    assert line("verify").code == 0
    file = min(folder.glob("*.jsonl"))
    file.write_bytes(file.read_bytes() + b'{"type":"mess')
    ran = line("verify")
    assert ran.code == 1
    assert "`%session" not in ran.out
    found = line("verify", "--json")
    assert found.code == 1
    assert [(one["kind"], one["path"]) for one in found.data["findings"]] == [("torn tail", str(file))]
    assert line("verify", "--repair").code == 0
    assert line("verify").code == 0


def test_prune_only_tells_until_it_is_told_yes(folder: Path, line: Line) -> None:
    """Prune is a rehearsal; with --yes the sessions are in the trash, and restore brings them back."""
    with ses.SessionManager(folder, settings=ses.Settings(model="offline", offline_delay=0)) as manager:
        manager.create().prompt("one more")
    told = line("prune", "--keep", "1", "--json").data
    assert [one["title"] for one in told["going"]] == ["Grüße aus Köln"]
    assert len(line("list", "--json").data) == 3
    done = line("prune", "--keep", "1", "--yes")
    assert "ipy-sessions restore" in done.out
    assert [row["title"] for row in line("list", "--json").data] == ["one more", "alice"]
    assert line("restore", told["going"][0]["session"][-6:]).code == 0
    assert len(line("list", "--json").data) == 3


def test_a_conversation_leaves_and_comes_back(folder: Path, line: Line, tmp_path: Path) -> None:
    """Export writes a file here, and import makes sessions of it in a folder that it creates."""
    out = line("export", "pi", "--of", "alice", "--json").data
    assert Path(out["path"]) == Path("alice.pi.jsonl").absolute()
    other = tmp_path / "other" / ".sessions"
    done = line("import", "alice.pi.jsonl", "--dir", str(other), "--json").data
    assert [(one["title"], one["format"], one["is_new"]) for one in done["sessions"]] == [("alice", "pi", True)]
    assert done["skipped"] == []
    assert [row["title"] for row in line("list", "--dir", str(other), "--json").data] == ["alice"]
    assert folder.is_dir()


def test_a_transcript_is_exported_where_there_is_no_folder(folder: Path, line: Line, tmp_path: Path) -> None:
    """Another agent's file needs no folder of sessions; a folder that is missing is made by import alone."""
    line("export", "pi", "there.jsonl", "--of", "alice")
    assert "`ipy-sessions import there.jsonl`" in line("show", "there.jsonl").err
    missing = str(tmp_path / "missing")
    assert line("--dir", missing, "export", "markdown", "there.md", "--of", "there.jsonl").code == 0
    assert "My name is Alice" in Path("there.md").read_text()
    for words in (["prune", "--keep", "1", "--yes"], ["verify", "--repair"], ["restore", "alice"]):
        assert line("--dir", missing, *words).code == 1
    assert not Path(missing).exists()
    assert folder.is_dir()


def _written(value: Any) -> Any:
    return timestamp(value) if hasattr(value, "isoformat") else value


def test_the_data_of_a_conversation_are_the_rows_of_the_tables(folder: Path, line: Line) -> None:
    """What history --json and tree --json say is what ses.read says, column by column, with times in UTC."""
    file = ses.read(next(path for path in folder.glob("*.jsonl") if b'"alice"' in path.read_bytes()))
    whole = file.turns.to_arrow().to_pylist()
    told = line("tree", "alice", "--json").data
    assert [{name: _written(row[name]) for name in row} for row in whole] == told
    active = ses.read(file.sessions.to_arrow()["path"][0].as_py(), branch="active").messages.to_arrow().to_pylist()
    assert line("history", "alice", "--json").data == [{name: _written(row[name]) for name in row} for row in active]
    asked = line("history", "alice", "--prompts", "--json").data
    assert [row["turn"] for row in asked] == [1, 3]


@pytest.mark.usefixtures("folder")
def test_the_data_of_a_list_have_the_names_of_the_tables(line: Line) -> None:
    """What stands for the same is called the same in --json and in the table of sessions."""
    columns = {column.name for column in TABLES["sessions"]} - {"format", "unknown"}
    rows = line("list", "--json").data
    assert all(columns <= set(row) for row in rows)
    assert [row["messages"] for row in rows] == [2, 6]


@pytest.mark.usefixtures("folder")
def test_show_gives_the_content_as_it_was_sent(line: Line) -> None:
    """What show --json has is the blocks of each message, with --last of the last answer alone."""
    told = line("show", "alice", "--json").data
    assert [one["role"] for one in told["messages"]] == ["user", "assistant"] * 2
    assert told["messages"][0]["content"] == [{"type": "text", "text": "My name is Alice"}]
    last = line("show", "alice", "--last", "--json").data["messages"]
    assert [one["id"] for one in last] == [told["messages"][-1]["id"]]


@pytest.mark.usefixtures("folder")
def test_usage_is_summed_up(line: Line) -> None:
    """What usage --json has is the three sums, each with its own columns."""
    told = line("usage", "--json").data
    assert list(told) == ["session", "model", "day"]
    assert [row["answers"] for row in told["session"]] == [3, 1]
    assert line("usage", "alice", "--by", "model", "--json").data["model"][0]["answers"] == 3


def test_what_was_said_moves_no_cursor(line: Line) -> None:
    """A conversation is data: its control characters are written out, in text and in JSON."""
    said = "title \x1b]0;owned\x07 red \x1b[31m and \x9b2J, half \ud83d"
    with ses.SessionManager(".sessions", settings=ses.Settings(model="offline", offline_delay=0)) as manager:
        manager.create(name="odd").prompt(said)
    for words in (["show"], ["show", "--json"], ["history"], ["tree"], ["list"]):
        ran = line(*words)
        assert ran.code == 0
        assert not {"\x1b", "\x07", "\x9b"} & set(ran.out), words
    assert "red ␛[31m and" in line("show").out
    assert "red \x1b[31m and \x9b2J" in json.loads(line("show", "--json").out)["messages"][0]["text"]


@pytest.mark.parametrize("name", OFFERS)
def test_the_help_of_a_command_speaks_of_a_terminal(name: str, capsys: pytest.CaptureFixture[str], line: Line) -> None:
    """No help on the command line sends its reader into a notebook or to a command by its notebook's name."""
    with pytest.raises(SystemExit) as left:
        line(name, "--help")
    text = capsys.readouterr().out
    assert left.value.code == 0
    assert not [word for word in OFFERS if f"%session {word}" in text]
    assert "as for open" not in text
    assert "this notebook" not in text


@pytest.mark.usefixtures("folder")
def test_search_ends_as_grep_does(line: Line) -> None:
    """What is found ends with 0 and says what shows it, by the end of its session's id; nothing found ends with 1."""
    ran = line("search", "python")
    alice = line("show", "alice", "--json").data["session"]
    assert ran.code == 0
    assert f"`ipy-sessions show {alice[-6:]} --turn 3`" in ran.out
    assert "Python" in line("show", alice[-6:], "--turn", "3").out
    assert line("search", "nowhere-said").code == 1
    nothing = line("search", "nowhere-said", "--json")
    assert (nothing.code, nothing.data) == (1, [])


def test_search_needs_no_folder_for_files_that_are_named(folder: Path, line: Line) -> None:
    """What is looked through can stand anywhere; its rows have the columns of a frame of hits."""
    hits = line("--dir", "nowhere", "search", "Köln", "--user", "--in", str(folder), "--json").data
    assert [(hit["role"], hit["snippet"]) for hit in hits] == [("user", "Grüße aus Köln")]
    assert list(hits[0]) == [column.name for column in COLUMNS]


@pytest.mark.usefixtures("folder")
def test_a_query_finds_rows(line: Line) -> None:
    """Rows of sql are a table to read, or data; values come from --set, and only reading is allowed."""
    ran = line("sql", "SELECT role, count(*) AS n FROM messages WHERE role = $who GROUP BY role", "--set", "who=user")
    assert [row.split() for row in ran.out.splitlines()] == [["role", "n"], ["user", "4"]]
    odd = (
        "SELECT 'nan'::DOUBLE AS x, 1.5::DECIMAL(4, 2) AS d, TIMESTAMPTZ '2026-03-01 10:00:00+02' AS t, 'ab'::BLOB AS b"
    )
    assert line("sql", odd, "--json").data == [{"x": None, "d": 1.5, "t": "2026-03-01T08:00:00.000Z", "b": "6162"}]
    assert line("sql", "SELECT title FROM sessions WHERE false", "--json").data == []
    assert line("sql", "DELETE FROM messages").code == 1
    assert line("sql", "SELECT $who", "--set", "who").code == 2
    assert line("sql").code == 2


@pytest.mark.usefixtures("folder")
def test_one_turn_is_data_too(line: Line) -> None:
    """What show --turn --json has are the messages of that turn, on whichever branch."""
    told = line("show", "alice", "--turn", "2", "--json").data["messages"]
    assert [one["text"] for one in told] == ["What's my name?", "Your name is **Alice**."]
