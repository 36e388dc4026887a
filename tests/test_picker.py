"""The picker as the kernel sees it: what leaves for the page, and what a click does."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from itertools import accumulate
from pathlib import Path
from typing import Any

import pytest
from conftest import Shell
from hosts_kit import command
from hypothesis import given
from hypothesis import strategies as st
from picker_kit import write_sessions
from processes_kit import Process

import ipy_sessions as ses
from ipy_sessions import Exchange, SessionInfo, SessionManager, assistant, user
from ipy_sessions.counting import make_outline
from ipy_sessions.errors import CommandError
from ipy_sessions.export.registry import FORMATS
from ipy_sessions.magics.picking import KernelSessions
from ipy_sessions.magics.twins import host
from ipy_sessions.render.markup import Markup
from ipy_sessions.render.offered import offered
from ipy_sessions.render.panels import Listing
from ipy_sessions.widgets import actions, columns
from ipy_sessions.widgets.columns import Listed
from ipy_sessions.widgets.picker import Picker
from ipy_sessions.widgets.preview import preview

_instances = pytest.importorskip("ipywidgets.widgets.widget")._instances  # every widget that is not closed

PAGE, NAMES, SCRIPT = 200_000, 500_000, 30_000  # bytes, at most


class Told(Picker):
    """A picker whose page keeps what it is told."""

    def __init__(self, sessions: KernelSessions) -> None:
        self.told: list[dict[str, Any]] = []
        super().__init__(sessions, sessions.look())

    def send(self, content: Mapping[str, Any], buffers: Any = None) -> None:
        """Keep a message, its buffer read."""
        self.told.append({**content, "buffer": json.loads(gzip.decompress(buffers[0])) if buffers else None})

    def ask(self, do: object, **more: Any) -> dict[str, Any]:
        """Send what a page sends; return the last of what comes back, if anything does."""
        self.told.clear()
        self.answer({"do": do, **more})
        return self.told[-1] if self.told else {}

    def titles(self) -> dict[str, int]:
        """Return the numbers of the rows by their titles, as the page has them now."""
        rows = read(self.ask("rest")["buffer"])
        return {row["title"]: row["number"] for row in rows}


def read(columns: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the rows of columns, as `picker_rows.js` reads them."""
    numbers, modified = (list(accumulate(columns[name])) for name in ("number", "modified"))
    return [
        {
            "number": numbers[at],
            "title": title,
            "more": columns["more"][at],
            "tail": columns["tail"][at],
            "modified": modified[at],
            "created": modified[at] - columns["age"][at],
            "flags": columns["flags"][at],
            "notebook": columns["notebooks"][columns["notebook"][at]],
            "model": columns["models"][columns["model"][at]],
            "tags": list(columns["tags"][columns["tag"][at]]),
            "owner": columns["owners"].get(str(at), ""),
        }
        for at, title in enumerate(columns["title"])
    ]


@pytest.fixture
def picker(notebook: Shell) -> Iterator[Told]:
    """The picker of a notebook whose folder has three sessions; in one of them she is."""
    with SessionManager(".sessions", notebook=Path("analysis.ipynb").resolve()) as manager:
        for name, text in (("alps", "over the Alps"), (None, "by the sea"), ("old", "long ago")):
            session = manager.create(name)
            session.append(user(text))
            session.append(assistant("A **good** way."))
            session.note(tags=["travel"])
    notebook.run("%session open old")
    notebook.run("pass")  # below which the picker stands
    shown = Told(KernelSessions(host(), host().place()))
    shown.show(Markup("static", "static"))
    yield shown
    shown.close()


# What leaves for the page

texts = st.text(max_size=40)
times = st.datetimes(min_value=datetime(2020, 1, 1), max_value=datetime(2040, 1, 1))  # noqa: DTZ001 - in UTC, as written


@st.composite
def rows(draw: Callable[..., Any]) -> Listed:
    """A row with anything in it."""
    written = {
        "notebook": draw(st.none() | texts),
        "name": draw(st.none() | texts),
        "tags": draw(st.lists(texts, max_size=3)),
        "pinned": draw(st.booleans()),
        "archived": draw(st.booleans()),
    }
    created, modified = (f"{draw(times).isoformat()}Z" for _ in range(2))
    outline = make_outline(
        "0198-" + draw(st.text("0123456789abcdef", min_size=8, max_size=12)),
        created,
        written,
        first_message=draw(st.text(max_size=300)),
        model=draw(st.none() | texts),
        modified=modified,
        interrupted=draw(st.booleans()),
    )
    info = SessionInfo("/x.jsonl", "cursor", draw(st.integers(0, 9)), outline.archived, outline, None)
    return Listed(draw(st.integers(0, 10_000)), info, draw(st.booleans()), draw(texts))


@given(st.lists(rows(), max_size=8))
def test_what_is_told_of_a_session_arrives(listed: list[Listed]) -> None:
    """Whatever it is called and says, the page reads what was known, and no id."""
    sent = json.loads(gzip.decompress(columns.packed(columns.columns(listed))))
    for row, one in zip(read(sent), listed, strict=True):
        info = one.info
        known = (info.title[:200], info.tail, one.number, one.flags, one.owner, info.notebook or "", info.model or "")
        assert tuple(row[name] for name in ("title", "tail", "number", "flags", "owner", "notebook", "model")) == tuple(
            value.encode("utf-8", "replace").decode() if isinstance(value, str) else value for value in known
        )
        assert row["modified"] == int(info.modified.timestamp())
        assert row["created"] == int(info.created.timestamp())
        assert info.id not in json.dumps(row)


def test_ten_thousand_sessions_are_small_on_their_way(tmp_path: Path) -> None:
    """The first page and the compressed rest stay within what a slow line carries; so does the script."""
    write_sessions(tmp_path / ".sessions", 10_000)
    listed = [Listed(number, row) for number, row in enumerate(SessionManager(tmp_path / ".sessions").list())]
    assert len(json.dumps(columns.columns(listed[:100]))) + len(Picker._esm) + len(Picker._css) < PAGE
    assert len(columns.packed(columns.columns(listed))) < NAMES


def test_the_script_is_small_and_loads_nothing() -> None:
    """It is under 30 kB with its style sheet, and names no address."""
    code = str(Picker._esm) + str(Picker._css)
    assert len(code.encode()) < SCRIPT
    assert "http" not in code
    assert "import" not in code.replace("!important", "")
    assert code.count("innerHTML") == 1  # of what `render.safe` has made


def test_a_preview_holds_nothing_that_runs(manager: SessionManager) -> None:
    """The last turns come as Markdown does, and a script in them as text; of many turns the last few."""
    session = manager.create()
    for turn in range(7):
        session.append(user(f"question {turn} <script>alert(1)</script>"))
        session.append(assistant('**bold** <img src=x onerror="alert(1)"> [x](javascript:alert(1))'))
    told = preview(session.tree)
    html = "".join(part["html"] for part in told["said"])
    assert (told["turns"], told["earlier"], len(told["said"])) == (7, 3, 8)
    assert "<strong>bold</strong>" in html
    assert "<script" not in html
    assert "<img" not in html
    assert 'href="javascript' not in html


# What a click does

OUTLINE = make_outline("id-1", "", {}, first_message="", model=None, modified="", interrupted=False)
ROW = SessionInfo("/x.jsonl", "", 1, False, OUTLINE, None)

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
names = st.sampled_from([*actions.ACTIONS, *actions.ALONE])
messages = st.dictionaries(st.sampled_from(["row", "name", "tags", "format", "at"]), anything, max_size=5)


@given(names | anything, messages)
def test_whatever_a_page_sends_is_a_command_or_is_refused(do: object, more: dict[str, Any]) -> None:
    """It raises nothing but the error that is shown, in one sentence."""
    said = ""
    try:
        actions.command({**more, "do": do}, lambda _number: ROW)
    except CommandError as error:
        said = str(error)
    assert "\n" not in said


@pytest.mark.parametrize("row", [None, True, -1, 3.0, 99, "0", [], {}])
def test_a_row_that_is_none_is_refused_in_the_picker(picker: Told, row: object) -> None:
    """In one sentence, and nothing is done."""
    told = picker.ask("delete", row=row)
    assert (told["kind"], told["well"]) == ("said", False)
    assert "not in this list any more" in told["text"]
    assert len(ses.SessionManager(".sessions").list()) == 3


@pytest.mark.parametrize(
    ("do", "more", "says", "holds"),
    [
        ("rename", {"name": " sea  side "}, "is now sea side", lambda row: row.name == "sea side"),
        ("rename", {"name": ""}, "is now by the sea", lambda row: row.name is None),
        (
            "tag",
            {"tags": "#summer, 2026"},
            "travel, summer, 2026",
            lambda row: row.tags == ("travel", "summer", "2026"),
        ),
        ("untag", {"tags": "travel"}, "has no tags", lambda row: row.tags == ()),
        ("pin", {}, "is pinned", lambda row: row.pinned),
        ("archive", {}, "is archived", lambda row: row.archived),
    ],
)
def test_each_mark_is_set_in_the_picker(
    picker: Told, do: str, more: dict[str, str], says: str, holds: Callable[[SessionInfo], bool]
) -> None:
    """What was clicked is written, said, and told to the page as one row."""
    number = picker.titles()["by the sea"]
    told = picker.ask(do, row=number, **more)
    assert (told["well"], told["do"]) == (True, do)
    assert says in told["text"]
    (row,) = [row for row in ses.SessionManager(".sessions").list(archived=None) if row.first_message == "by the sea"]
    assert holds(row)
    changed = picker.told[0]
    if changed["buffer"] is not None:  # a name that was none stays none
        assert [row["number"] for row in read(changed["buffer"])] == [number]


@pytest.mark.parametrize(("do", "undo", "mark"), [("pin", "unpin", "pinned"), ("archive", "unarchive", "archived")])
def test_a_mark_is_taken_away_again(picker: Told, do: str, undo: str, mark: str) -> None:
    """By the other button."""
    number = picker.titles()["alps"]
    picker.ask(do, row=number)
    assert f"no longer {mark}" in picker.ask(undo, row=number)["text"]


def test_what_was_deleted_comes_back(picker: Told) -> None:
    """It goes into the trash, and Undo brings it back under its number."""
    number = picker.titles()["alps"]
    told = picker.ask("delete", row=number)
    assert "alps is in the trash" in told["text"]
    assert picker.told[0]["gone"] == [number]
    assert picker.ask("restore", row=number)["well"]
    assert picker.titles()["alps"] == number


@pytest.mark.parametrize("name", [name for name in FORMATS if name != "parquet"])
def test_a_session_is_exported(picker: Told, name: str) -> None:
    """Beside the notebook, in each format."""
    told = picker.ask("export", row=picker.titles()["alps"], format=name)
    assert told["well"], told["text"]
    assert list(Path().glob(f"alps*{FORMATS[name].suffix}"))


def test_what_cannot_be_done_is_said(picker: Told) -> None:
    """A format that there is not, a tag that is none, an action of another version."""
    row = picker.titles()["alps"]
    assert "'odd'" in picker.ask("export", row=row, format="odd")["text"]
    assert "A tag is a word" in picker.ask("tag", row=row, tags=" ")["text"]
    assert "cannot do 'fly'" in picker.ask("fly", row=row)["text"]


@pytest.mark.parametrize(
    ("do", "line", "current"),
    [
        ("open", "opened alps", "alps"),
        ("read", "opened to read alps", "alps"),
        ("fork", "forked into alps (fork)", "alps (fork)"),
        ("new", "new session", None),
        ("continue", "continued", "old"),
    ],
)
def test_choosing_leaves_one_line(picker: Told, notebook: Shell, do: str, line: str, current: str | None) -> None:
    """The line that the command says stands where the list stood; and the kernel is in the session."""
    picker.ask(do, row=picker.titles()["alps"])
    left = [text for text in notebook.final_outputs("text/plain") if text]
    assert len(left) == 1
    assert line in left[0]
    assert "\n" not in left[0]
    assert host().manager(host().place()).current.name == current  # type: ignore[union-attr]


def test_closing_leaves_one_line(picker: Told, notebook: Shell) -> None:
    """Nothing was chosen, and nothing has changed."""
    picker.ask("close")
    assert [text for text in notebook.final_outputs("text/plain") if text] == ["Nothing was chosen."]
    assert ses.current().name == "old"


def test_the_session_in_use_is_marked(picker: Told, notebook: Shell) -> None:
    """The one that she is in, and after a switch the other one; both are told."""
    flags = {row["title"]: row["flags"] & columns.CURRENT for row in read(picker.ask("rest")["buffer"])}
    assert [title for title, current in flags.items() if current] == ["old"]
    notebook.run("%session open alps")
    changed = {row["title"]: row["flags"] & columns.CURRENT for row in read(picker.ask("fresh")["buffer"])}
    assert changed == {"old": 0, "alps": columns.CURRENT}


def test_an_answer_that_is_coming_is_not_one_that_was_broken_off(picker: Told) -> None:
    """While it streams the session in use is no interrupted one; when it was stopped it is."""

    def interrupted() -> int:
        (row,) = [row for row in read(picker.ask("rest")["buffer"]) if row["title"] == "old"]
        return int(row["flags"] & columns.INTERRUPTED)

    stream = ses.current().stream("My name is Alice")
    next(stream)
    assert not interrupted()
    stream.close()
    assert interrupted()


def test_a_session_that_is_open_elsewhere_says_by_whom(picker: Told) -> None:
    """It is refused with the ways on, and stays in the list."""
    number = picker.titles()["alps"]
    with SessionManager(".sessions") as other:
        other.open("alps")
        told = picker.ask("open", row=number)
    assert not told["well"]
    assert "is open in this kernel, by another SessionManager" in told["text"]


def test_the_page_is_told_who_has_a_session_open(picker: Told) -> None:
    """Another kernel opens one, which the page learns; and that it was let go of."""
    number = picker.titles()["alps"]
    with Process() as other:
        other.run("manager = SessionManager('.sessions'); manager.open('alps')")
        (row,) = read(picker.ask("fresh")["buffer"])
        assert (row["number"], row["flags"] & columns.CURRENT) == (number, 0)
        assert f"process {other.pid}" in row["owner"]
        assert "is open elsewhere" in picker.ask("delete", row=number)["text"]
        other.run("manager.close()")
        (row,) = read(picker.ask("fresh")["buffer"])
        assert row["owner"] == ""


# What has changed meanwhile


def test_the_page_is_told_what_has_changed_and_nothing_else(picker: Told) -> None:
    """A session that appears, one that is gone on with, one that goes; and nothing where nothing has happened."""
    titles = picker.titles()
    assert picker.ask("fresh") == {"kind": "rows", "whole": False, "gone": [], "skipped": [], "buffer": None}
    with SessionManager(".sessions") as other:
        other.create("new here").append(user("hello"))
        other.open("alps").append(user("and back"))
    changed = read(picker.ask("fresh")["buffer"])
    assert {row["title"]: row["number"] for row in changed} == {"new here": 3, "alps": titles["alps"]}
    path = next(row.path for row in ses.SessionManager(".sessions").list() if row.name == "new here")
    path.unlink()
    assert picker.ask("fresh")["gone"] == [3]


def test_a_session_in_memory_alone_is_listed_and_seen(picker: Told, notebook: Shell) -> None:
    """It has no file, and can be looked at and opened all the same."""
    notebook.run("%session new --temp aside")
    notebook.run("%%agent\nMy name is Alice")
    number = picker.titles()["aside"]
    told = picker.ask("preview", row=number)
    assert "Alice" in told["said"][0]["html"]
    assert picker.ask("fresh")["buffer"] is None


def test_the_session_in_use_is_listed_before_its_first_message(picker: Told, notebook: Shell) -> None:
    """She has just begun it: it is no file yet, and is marked all the same; it can be looked at and named."""
    notebook.run("%session new fresh start")
    (row,) = [row for row in read(picker.ask("rest")["buffer"]) if row["title"] == "fresh start"]
    assert row["flags"] & columns.CURRENT
    assert picker.ask("preview", row=row["number"])["said"] == []
    assert picker.ask("rename", row=row["number"], name="renamed")["well"]
    assert picker.titles()["renamed"] == row["number"]
    assert "No session yet" not in notebook.run("%session pick")


def test_full_text_finds_what_names_do_not(picker: Told) -> None:
    """Answers are looked through, too; what holds it comes with some of what was said around it."""
    titles = picker.titles()
    found = dict(picker.ask("search", text="good way")["found"])
    assert set(found) == set(titles.values())
    assert ["good", True] in [list(piece) for piece in found[titles["alps"]]]
    assert picker.ask("search", text=" ")["found"] == []


def test_files_that_are_no_sessions_are_told_of(picker: Told) -> None:
    """Each by its name and the reason, as soon as it is there, and no more when it is mended."""
    bad = Path(".sessions/odd.jsonl")
    bad.write_text("{not json\n")
    told = picker.ask("fresh")
    assert (told["buffer"], len(told["skipped"])) == (None, 1)
    assert told["skipped"][0].startswith("odd.jsonl: ")
    bad.unlink()
    assert picker.ask("fresh")["skipped"] == []


def test_a_picture_without_a_word_is_named(manager: SessionManager, tmp_path: Path) -> None:
    """In the preview, in the tree and in the page's list of turns: an empty line would say that nothing was asked."""
    dot = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aGVsbG8="}}
    session = manager.create("pictures")
    session.append(user([dot]))
    session.append(user([{"type": "text", "text": "And this?"}, dot, dot]))
    first, second = preview(session.tree)["said"]
    assert "(image)" in first["html"]
    assert "And this?" in second["html"]
    assert "(image, image)" in second["html"]
    assert "(image)" in ses.draw(session).plain
    page = Exchange(manager).export(session, "html", tmp_path / "pictures.html").path.read_text()
    assert "<bdi>(image)</bdi>" in page


def test_half_a_character_is_looked_for_as_it_is_written(picker: Told) -> None:
    """JavaScript cuts emoji in two, and UTF-8 has no form for a half: sessions have a replacement character for it."""
    with SessionManager(".sessions") as other:
        other.create("cut").append(user("half a \ud83d"))
    found = [number for number, _ in picker.ask("search", text="\ud83d")["found"]]
    assert found == []  # it was not listed yet
    number = picker.titles()["cut"]
    told = picker.ask("search", text="half \ud83d")
    assert [one for one, _ in told["found"]] == [number]
    assert json.dumps(told["text"], ensure_ascii=False).encode()


def test_a_cell_that_runs_again_has_one_picker(notebook: Shell) -> None:
    """The one that stood there is closed with all that belongs to it; two in one run of a cell both stay."""
    notebook.run("%session new alice")
    before = len(_instances)
    notebook.run("%session pick", at="picks")
    one = len(_instances) - before
    assert one > 0
    notebook.run("%session pick", at="picks")
    assert len(_instances) - before == one
    notebook.run("%session pick\n%session tree", at="picks")
    assert len(_instances) - before == 2 * one
    notebook.run("%session pick", at="another")
    assert len(_instances) - before == 3 * one


@pytest.mark.usefixtures("notebook")
def test_a_picker_that_is_done_leaves_nothing_in_the_kernel() -> None:
    """Nor does ipywidgets keep anything that it has made for it."""
    before = len(_instances)
    shown = Told(KernelSessions(host(), host().place()))
    shown.show(Markup("static", "static"))
    shown.ask("close")
    assert len(_instances) == before


# Where nothing can be clicked


def infos(*names: str) -> tuple[SessionInfo, ...]:
    """Return rows of these names; the ids of their sessions end in different ways."""
    with SessionManager(".sessions") as manager:
        for name in names:
            manager.create(name).append(user("hello"))
        rows = {row.name: row for row in manager.list()}
    return tuple(rows[name] for name in names)


def test_the_table_says_what_opens_the_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By its number here and by its id elsewhere; the one in use alone is opened by its id."""
    monkeypatch.chdir(tmp_path)
    alps, sea = infos("alps", "sea")
    now = alps.modified
    assert offered(Listing(None, (sea, alps)), now).plain.endswith(f"`%session open {sea.tail}`.")
    assert offered(Listing(alps, (sea,)), now).plain.endswith(f"`%session open {sea.tail}`.")
    alone = offered(Listing(alps, ()), now).plain
    assert "%session open 1" not in alone
    assert alone.endswith(f"`%session open {alps.tail}`.")


def test_the_table_stays_narrow_and_tells_what_is_no_session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A long name is cut; of many files that are none the first are named, and the others counted."""
    monkeypatch.chdir(tmp_path)
    skipped = [(Path(f"odd{number}.jsonl"), "Not a session.") for number in range(7)]
    (row,) = infos("a long name " * 20)
    shown = offered(Listing(None, (row,)), row.modified, skipped).plain
    assert max(map(len, shown.splitlines())) < 140
    assert "Skipped odd4.jsonl: Not a session." in shown
    assert "2 more files" in shown
    assert "Skipped odd0" in offered(Listing(None, ()), row.modified, skipped[:1]).plain


def test_a_terminal_gets_a_table(terminal: Shell) -> None:
    """With what opens each of them."""
    assert "No session yet" in terminal.run("%session pick")
    terminal.run("%session new alice")
    terminal.run("%%agent\nhello")
    terminal.run("%session new bob")
    terminal.run("%%agent\nhello")
    shown = terminal.run("%session pick")
    assert "alice" in shown
    assert "%session open 1" in shown
    assert "opened alice" in terminal.run("%session open 1")


def test_python_shows_it_too(terminal: Shell) -> None:
    """`ses.pick()` is `%session pick`."""
    assert "No session yet" in terminal.run("import ipy_sessions as ses; ses.pick()")


def test_plain_python_says_what_to_type_there() -> None:
    """There is no kernel and no magic: one sentence names what there is."""
    done = command("-c", "import ipy_sessions as ses; ses.pick()")
    assert done.stderr.splitlines()[-1].endswith(
        "Plain Python has SessionManager: `SessionManager('.sessions').list()`."
    )


def test_another_session_is_renamed_by_what_means_it(terminal: Shell) -> None:
    """`%session rename NAME --of REF` leaves the one that she is in."""
    terminal.run("%session new alice")
    terminal.run("%%agent\nhello")
    terminal.run("%session new bob")
    assert "alice is now Alice B." in terminal.run("%session rename Alice B --of alice")
    assert ses.current().name == "bob"
    assert "bob is now Bob." in terminal.run("%session rename Bob --of 0")
