"""Sharing: what git gets of a session folder, and what is taken out before."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import Shell
from hypothesis import given, settings
from hypothesis import strategies as st
from test_upkeep import PICTURE, image, talk

from ipy_sessions import (
    FolderError,
    MemoryStore,
    SecretFoundError,
    Session,
    SessionBusyError,
    SessionManager,
    SessionNotFoundError,
    SessionReadOnlyError,
    Upkeep,
    assistant,
    user,
)
from ipy_sessions.entries import Entry, Header
from ipy_sessions.store.gitignore import with_lines
from ipy_sessions.store.mending.sharing import ABSOLUTE, Machine, cleared, traces
from ipy_sessions.store.reading import Contents
from ipy_sessions.tree import Tree

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="asks git itself")

WORD = "swordfish-" + "and-chips"


def git(folder: Path, *words: str, given: str = "") -> list[str]:
    """Return what git says of a folder, name by name."""
    done = subprocess.run(["git", *words], cwd=folder, input=given.encode(), capture_output=True, check=False)  # noqa: S607
    return [name for name in done.stdout.decode().split("\0") if name]


def added(folder: Path) -> list[str]:
    """Return what `git add` takes of a folder."""
    git(folder, "init", "--quiet")
    git(folder, "add", "--all")
    return sorted(git(folder, "ls-files", "-z"))


def header(session: Session) -> dict[str, Any]:
    """Return a session's first line."""
    fields: dict[str, Any] = json.loads(session.file.read_text().splitlines()[0])
    return fields


def test_git_gets_what_was_shared_and_nothing_else(manager: SessionManager) -> None:
    """Not the other sessions, nor payloads that only those refer to, nor what is disposable or in the trash."""
    upkeep, work = Upkeep(manager), manager.store.path.parent
    for name, data in (("alice", PICTURE), ("bob", PICTURE[:90_000])):
        session = manager.create(name)
        session.append(image(data))
        manager.close(session)
    talk(manager, "gone")
    upkeep.delete("gone")
    manager.list()
    (work / ".sessions" / ".cache").mkdir(exist_ok=True)
    for name in (".index", ".cache/x", ".crash.new", "blobs/.crash.new", "notes.txt"):
        (work / ".sessions" / name).write_text("x")
    assert added(work) == []
    alice, bob = (manager.row(name).path.name for name in ("alice", "bob"))
    blobs = [path.relative_to(work).as_posix() for path in upkeep.share("alice").files[1:]]
    shared = [".sessions/.gitignore", f".sessions/{alice}", *blobs]
    assert added(work) == sorted(shared)
    assert len(blobs) == 1
    done = upkeep.share("bob")
    more = [file.relative_to(work).as_posix() for file in done.files]
    assert added(work) == sorted([*shared, *more])
    assert more[0] == f".sessions/{bob}"
    assert upkeep.hidden([done]) == []


def test_paths_of_this_machine_are_taken_out_once(manager: SessionManager) -> None:
    """Entries keep their ids, places and times, the conversation goes on, and what is clean is not written again."""
    upkeep, work = Upkeep(manager), manager.store.path.parent
    manager.notebook = work / "analysis.ipynb"
    manager.notebook.write_text("{}")
    session = manager.create("alice")
    session.append(user("My name is Alice"))
    session.note(notebook="/elsewhere/of/mine/analysis.ipynb", tags=["/a/tag"], host="laptop")
    manager.close(session)
    before = list(manager.store.read(session.file).tree)
    assert header(session)["cwd"] == str(work)
    assert upkeep.share("alice").taken == ["cwd", "notebook", "host"]
    assert (header(session)["cwd"], header(session)["notebook"]) == (".", "analysis.ipynb")
    after = list(manager.store.read(session.file).tree)
    assert after[0] == before[0]
    assert [(one.id, one.seq, one.ts) for one in after] == [(one.id, one.seq, one.ts) for one in before]
    assert after[1].fields == {"notebook": "analysis.ipynb", "tags": ["/a/tag"], "host": None}
    status = session.file.stat()
    again = upkeep.share("alice")
    assert (again.taken, again.lines) == ([], [])
    assert (session.file.stat().st_ino, session.file.stat().st_mtime_ns) == (status.st_ino, status.st_mtime_ns)
    assert "Alice" in str(manager.open("alice").prompt("What is my name?"))
    assert upkeep.share("alice").taken == []
    manager.close()
    assert upkeep.verify() == []


def test_what_looks_like_a_secret_stops_it(manager: SessionManager, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sentence says where it stands and how it goes; nothing was written. With `redact` it is taken out."""
    upkeep, session = Upkeep(manager), manager.create("alice")
    session.append(user("hi"))
    session.append(assistant("hello"))
    session.append(user([{"type": "text", "text": f"It is {WORD}."}, {"type": "text", "text": "x"}]))
    manager.close(session)
    monkeypatch.setenv("MY_TOKEN", WORD)
    before = session.file.read_bytes()
    checked = upkeep.share("alice", check=True)
    assert checked.secrets == [("MY_TOKEN", "turn 2")]
    with pytest.raises(SecretFoundError) as raised:
        upkeep.share("alice")
    told = "alice was not shared: something that looks like a secret stands in turn 2 (MY_TOKEN). `%session redact --of"
    assert str(raised.value).startswith(told)
    assert session.file.read_bytes() == before
    assert added(manager.store.path.parent) == []
    done = upkeep.share("alice", redact=True)
    assert (done.redacted, done.secrets, done.taken) == (1, [], ["cwd"])
    assert WORD not in session.file.read_text()
    assert len(added(manager.store.path.parent)) == 2


def test_a_secret_in_a_payload_stops_it_too(manager: SessionManager, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is not on the line is looked at as well."""
    session = manager.create("alice")
    session.append(image(b"PNG" + WORD.encode() + PICTURE))
    manager.close(session)
    blobs = sorted((manager.store.path / "blobs").iterdir())
    monkeypatch.setenv("MY_TOKEN", WORD)
    with pytest.raises(SecretFoundError, match=r"stands in turn 1 \(secret\)"):
        Upkeep(manager).share("alice")
    assert sorted((manager.store.path / "blobs").iterdir()) == blobs


def test_checking_changes_nothing(manager: SessionManager) -> None:
    """Also of a session that is open here, which stays open."""
    session = manager.create("alice")
    session.append(user("hi"))
    before = {path: path.read_bytes() for path in manager.store.path.rglob("*") if path.is_file()}
    told = Upkeep(manager).share(session, check=True)
    assert (told.taken, told.lines) == (["cwd"], ["!/.gitignore", f"!/{session.file.name}"])
    assert {path: path.read_bytes() for path in before} == before
    assert not session.closed


def test_names_in_texts_are_pointed_at_and_left(manager: SessionManager) -> None:
    """The home folder, the user and the machine, each with the turns; a name within a path is not told twice."""
    session = manager.create("alice")
    session.append(user("Read /home/ann/data.csv"))
    session.append(assistant("/home/anna has nothing to do with it; box-7 has."))
    session.append(user("ann, and annual figures"))
    contents = manager.store.read(session.file)
    clear = cleared(contents, manager.store.path)
    found = traces(clear, manager.store.blobs, Machine("/home/ann", "ann", "box-7"))
    assert found == [
        ("your home folder, /home/ann,", "turn 1"),
        ("this computer's name, box-7,", "turn 1"),
        ("your user name, ann,", "turn 2"),
    ]
    assert traces(clear, manager.store.blobs, Machine("", "root", "")) == []


def test_what_cannot_be_shared_is_told_in_a_sentence(manager: SessionManager) -> None:
    """In memory alone, in another folder, open elsewhere, damaged; and a `.gitignore` that cannot be written."""
    upkeep = Upkeep(manager)
    with pytest.raises(SessionReadOnlyError, match="these sessions are in none"):
        Upkeep(SessionManager(store=MemoryStore())).share("alice")
    unwritten = manager.create("bob", temporary=True)
    unwritten.append(user("hi"))
    with pytest.raises(SessionReadOnlyError, match="in memory alone"):
        upkeep.share(unwritten)
    session = talk(manager, "alice")
    moved = manager.store.path.parent / "moved.jsonl"
    moved.write_bytes(session.file.read_bytes())
    with pytest.raises(SessionNotFoundError, match="only sessions of this folder"):
        upkeep.share(moved)
    with SessionManager(manager.store.path) as other:
        other.open("alice")
        with pytest.raises(SessionBusyError, match="--read-only"):
            upkeep.share("alice")
    (manager.store.path / ".gitignore").write_bytes(b"\xff")
    with pytest.raises(FolderError, match="Mend or delete it, then share again"):
        upkeep.share("alice")
    with session.file.open("ab") as file:
        file.write(b"garbage\n")
    with pytest.raises(SessionReadOnlyError, match="verify --repair"):
        upkeep.share("alice")


def test_the_users_own_gitignore_stays(manager: SessionManager) -> None:
    """Lines are added behind what is there; where it was deleted, what is disposable stays out all the same."""
    talk(manager, "alice")
    path, work = manager.store.path / ".gitignore", manager.store.path.parent
    path.write_text("# mine\n*")
    Upkeep(manager).share("alice")
    assert path.read_text().startswith("# mine\n*\n!/.gitignore\n!/2026")
    path.unlink()
    talk(manager, "gone")
    talk(manager, "bob")
    Upkeep(manager).delete("gone")
    Upkeep(manager).share("alice")
    names = [Path(name).name for name in added(work)]
    assert [name for name in names if not name.endswith(".jsonl")] == [".gitignore"]
    assert len(names) == 3


def test_a_rule_from_above_is_told(manager: SessionManager) -> None:
    """A repository may ignore the whole folder, and then no line in it helps."""
    talk(manager, "alice")
    work = manager.store.path.parent
    git(work, "init", "--quiet")
    (work / ".gitignore").write_text("*.csv\n.sessions/\n")
    upkeep = Upkeep(manager)
    assert upkeep.hidden([upkeep.share("alice")]) == ["`.sessions/` in line 2 of .gitignore"]


def test_it_is_shared_from_cells(make_shell: Callable[..., Shell], monkeypatch: pytest.MonkeyPatch) -> None:
    """A table says what was done, and the conversation goes on as it was."""
    shell = make_shell()
    assert "no session yet" in shell.run("%session share")
    assert "There is no session to share yet." in shell.run("%session share --all")
    shell.run("%session new alice\n%agent My name is Alice")
    shown = shell.run("%session share --check")
    assert "would be shared" in shown
    assert "Nothing was done. The same without `--check` does it." in shown
    shown = shell.run("%session share")
    assert "taken out" in shown
    assert "cwd" in shown
    assert "takes of the folder what was shared, and no more." in shown
    assert "Your name is **Alice**." in shell.run("%agent What's my name?")
    shell.run(f"%session new bob\n%agent {WORD}")
    monkeypatch.setenv("MY_TOKEN", WORD)
    assert "looks like a secret, and would stop it: turn 1 (MY_TOKEN)" in shell.run("%session share --check")
    shown = shell.run("%session share --all")
    assert "bob was left as it is: bob was not shared" in shown
    assert "What looks like a secret was taken out of bob." in shell.run("%session share bob --redact")
    assert len(added(Path.cwd())) == 3
    assert "Either 'bob' is shared, or the whole folder" in shell.run("%session share bob --all")


def test_a_shared_session_that_goes_on_gets_no_new_paths(make_shell: Callable[..., Shell], tmp_path: Path) -> None:
    """Not even where its folder is far from its notebook, which is then known by its name."""
    notebook = tmp_path / "work" / "analysis.ipynb"
    notebook.write_text("{}")
    far = tmp_path / "far" / ".sessions"
    shell = make_shell(notebook=notebook, directory=str(far))
    shell.run("%session new alice\n%agent My name is Alice")
    (file,) = far.glob("*.jsonl")
    assert str(tmp_path) in file.read_text()
    assert "key, notebook, cwd" in shell.run("%session share")
    shell.run("%agent What is my name?")
    shell.run("%session close\n%session open alice\n%agent How many turns is this?")
    assert "turn 3" in file.read_text()
    assert str(tmp_path) not in file.read_text()


def test_a_shared_conversation_travels_with_its_notebook(make_shell: Callable[..., Shell], tmp_path: Path) -> None:
    """Whoever clones the repository sees the answers, in strict replay too, and goes on from there."""
    work, clone = tmp_path / "work", tmp_path / "clone"
    cells = {"a": "%session new alice", "b": "%agent My name is Alice", "c": "%agent What is my name?"}
    (work / "analysis.ipynb").write_text(json.dumps({"cells": [{"id": cell} for cell in cells]}))
    shell = make_shell(notebook=work / "analysis.ipynb")
    for cell, source in cells.items():
        shell.run(source, cell)
    shell.run("%session share")
    assert len(added(work)) == 3
    git(work, "-c", "user.name=ann", "-c", "user.email=ann@example.org", "commit", "--quiet", "-m", "A lesson")
    git(tmp_path, "clone", "--quiet", "work", "clone")
    shell = make_shell(notebook=clone / "analysis.ipynb", replay="strict")
    (file,) = (clone / ".sessions").glob("*.jsonl")
    before = file.read_bytes()
    for cell, source in cells.items():
        shown = shell.run(source, cell)
    assert "Your name is **Alice**." in shown
    assert "replayed from" in shown
    assert file.read_bytes() == before
    shell.run("%config IPySessions.replay = 'auto'")
    assert "This is turn 3" in shell.run("%agent How many turns is this?")
    assert str(tmp_path) not in file.read_text()


NAMES = st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=12).filter(
    lambda name: name not in {".", ".."} and name.lower() not in {".git", ".gitignore"} and len(name.encode()) < 100
)


@settings(max_examples=25, deadline=None)
@given(st.sets(NAMES, max_size=5), st.sets(NAMES, max_size=5))
def test_git_understands_every_name(shared: set[str], others: set[str]) -> None:
    """Stars, brackets, spaces, backslashes, exclamation marks: the lines mean these files and no others."""
    names = [name for name in sorted(shared) if "\n" not in name and "\r" not in name]
    with tempfile.TemporaryDirectory() as written:
        folder = Path(written)
        git(folder, "init", "--quiet")
        lines, added_once = with_lines("*\n", names)
        assert with_lines(lines, names) == (lines, [])
        assert len(added_once) == len(names) + 1
        (folder / ".gitignore").write_bytes(lines.encode())
        asked = sorted({*names, *others})
        hidden = git(folder, "check-ignore", "-z", "--stdin", given="".join(f"./{name}\0" for name in asked))
    assert hidden == [f"./{name}" for name in asked if name not in names]


TEXTS = st.text(max_size=8) | st.sampled_from(
    ["/home/ann/x", "/w/x.ipynb", "~/x", "C:\\a\\b", "file:///w/y", "/", "\\\\h\\s"]
)
PLAIN = TEXTS | st.none() | st.integers()
VALUES = st.recursive(PLAIN, lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner), max_leaves=5)
FIELDS = st.sampled_from(["name", "key", "notebook", "cwd", "git", "host", "else"])


def paths(value: Any) -> list[str]:
    """Return the absolute paths that a value holds."""
    if isinstance(value, str):
        return [value] if ABSOLUTE.match(value) else []
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [path for item in items for path in paths(item)]


@given(st.dictionaries(FIELDS, VALUES), st.dictionaries(FIELDS, VALUES))
def test_no_path_survives_and_twice_is_once(fields: dict[str, Any], said: dict[str, Any]) -> None:
    """Whatever a header and an info entry hold, but for names, which are the user's own words."""
    tree = Tree([Entry("info", 1, "info", None, "session", "", said)])
    clear = cleared(Contents(Header(1, "session", "", fields), tree, []), Path("/w/.sessions"))
    for line in clear.everything:
        assert paths({name: value for name, value in line.fields.items() if name != "name"}) == []
    again = cleared(Contents(clear.header, Tree(clear.entries), []), Path("/w/.sessions"))
    assert again.taken == []
    assert again.everything == clear.everything
