"""What is wrong with a session's file: all of it is found, none of it is invented, and what can be mended is."""

from __future__ import annotations

import base64
import itertools
import json
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipy_sessions.context.tools import paired
from ipy_sessions.encoding import decode, encode
from ipy_sessions.entries import Block, Entry, Header, Message
from ipy_sessions.errors import LogLostError, NotASessionError, SessionReadOnlyError
from ipy_sessions.store.mending.verify import Finding, examine, repaired
from ipy_sessions.testing import FixedSource
from ipy_sessions.tree import Tree

SESSION = "01970000-0000-7000-8000-00003f9c2a11"
PARENT = "01960000-0000-7000-8000-00003f9c2a10"
HASH = "0123456789abcdef" * 4
TS = "2026-03-01T10:15:00.123Z"

KINDS = ["user", "assistant", "call", "settings", "compaction", "branch_summary", "blob", "surprise"]
ASIDE = ["info", "label", "leaf", "usage", "repair", "context_edit", "drop"]

FOLDER = Path(tempfile.mkdtemp())
NUMBERS = itertools.count()


@pytest.fixture(autouse=True, scope="module")
def _tidy() -> Iterator[None]:
    """Leave no files behind."""
    yield
    shutil.rmtree(FOLDER)


class Writer:
    """Writes the lines of a session, as the real one does."""

    def __init__(self, **header: Any) -> None:
        fields = {"notebook": "analysis.ipynb", "parent_session": None, **header}
        self.lines = [encode(Header(header.pop("version", 1), SESSION, TS, fields))]
        self.steps: list[str] = []

    def add(self, kind: str, *, parent: int = -1, session: str = SESSION, seq: int = 0, **fields: Any) -> str:
        """Add an entry that follows one of the steps, the last if nothing else is said; return its id."""
        own_id = f"01970000-0000-7000-8000-{len(self.lines):012}"
        above = self.steps[parent % len(self.steps)] if self.steps and kind not in ASIDE else None
        self.lines.append(encode(Entry(kind, seq or len(self.lines), own_id, above, session, TS, fields)))
        if kind not in ASIDE:
            self.steps.append(own_id)
        return own_id

    def say(self, role: str, *blocks: Block, **more: Any) -> str:
        """Add a message."""
        return self.add("message", role=role, content=list(blocks) or [{"type": "text", "text": "Zoë 😀\n"}], **more)

    def any(self, kind: str, parent: int) -> None:
        """Add what is usual for a kind of entry."""
        if not self.steps and kind in ("compaction", "branch_summary", "surprise"):
            self.say("user")  # without a parent they are no steps
        if kind in ("user", "assistant"):
            self.say(kind, parent=parent)
        elif kind == "call":
            call = f"toolu_{len(self.lines)}"
            self.say("assistant", use(call), use(f"{call}b"), parent=parent)
            self.say("user", result(call), result(f"{call}b"))
            del self.steps[-2]  # no other branch begins between them
        elif kind == "blob":
            block = {"type": "image", "source": {"type": "base64", "data": "", "blobs": {"data": {"sha256": HASH}}}}
            self.say("user", block, parent=parent)
        elif kind in ("label", "leaf", "context_edit", "drop"):
            target = self.steps[parent % len(self.steps)] if self.steps else None
            self.add(kind if target else "leaf", parent=parent, target_id=target, target_ids=[target], label="x")
        else:
            self.add(kind, parent=parent, text="…", content=None if kind == "surprise" else 5)


def use(call: str) -> Block:
    """Return a tool call."""
    return {"type": "tool_use", "id": call, "name": "run", "input": {"code": "1"}}


def result(call: str) -> Block:
    """Return a tool's result."""
    return {"type": "tool_result", "tool_use_id": call, "content": []}


@st.composite
def sessions(draw: st.DrawFn) -> list[bytes]:
    """Write a session of all kinds of entries, with branches."""
    writer = Writer()
    for kind in draw(st.lists(st.sampled_from(KINDS + ASIDE), min_size=1, max_size=12)):
        writer.any(kind, draw(st.just(-1) | st.integers(0, 20)))
    return writer.lines


def put(lines: Sequence[bytes] | bytes) -> Path:
    """Write the lines to a file of their own."""
    path = FOLDER / f"{next(NUMBERS)}.jsonl"
    path.write_bytes(lines if isinstance(lines, bytes) else b"".join(lines))
    return path


def found(lines: Sequence[bytes] | bytes | Path, *, blobs: bool = True, notebook: bool = True) -> list[Finding]:
    """Examine a file."""
    path = lines if isinstance(lines, Path) else put(lines)
    return examine(path, blob_exists=lambda _hash: blobs, notebook_exists=lambda _path: notebook)


def short(findings: Sequence[Finding]) -> list[tuple[str, int | None]]:
    """Return kinds and lines."""
    return [(finding.kind, finding.line) for finding in findings]


def mend(path: Path) -> tuple[int, list[bytes]]:
    """Mend a file; return the number of changes and the lines of the copy."""
    target = path.with_suffix(".new")
    changed = repaired(path, target, found(path), FixedSource())
    return changed, target.read_bytes().split(b"\n")[:-1]


def entry_of(line: bytes) -> Entry | None:
    """Return the entry on a line, if there is one."""
    try:
        entry = decode(line)
    except ValueError:
        return None
    return entry if isinstance(entry, Entry) else None


@given(sessions())
def test_an_undamaged_file_has_no_findings(lines: list[bytes]) -> None:
    """Whatever kinds of entries and branches it holds; and its mended copy is the same."""
    path = put(lines)
    assert found(path) == []
    assert mend(path) == (0, path.read_bytes().split(b"\n")[:-1])


# Each takes the lines and the number of one behind the header, and returns the lines of a damaged file.
DAMAGES: dict[str, Callable[[list[bytes], int], list[bytes]]] = {
    "cut": lambda lines, at: [*lines[:at], lines[at][: len(lines[at]) // 2]],
    "cut before the newline": lambda lines, at: [*lines[:at], lines[at][:-1]],
    "cut inside a character": lambda lines, at: [*lines[:at], '{"type":"message","text":"😀'.encode()[:-2]],
    "cut after one byte": lambda lines, at: [*lines[:at], lines[at][:1]],
    "garbage": lambda lines, at: [*lines[:at], b"garbage \xff\n", *lines[at:]],
    "an empty line": lambda lines, at: [*lines[:at], b"\n", *lines[at:]],
    "another value": lambda lines, at: [*lines[:at], b'["a", 1]\n', *lines[at:]],
    "another header": lambda lines, at: [*lines[:at], lines[0], *lines[at:]],
    "NULs before": lambda lines, at: [*lines[:at], b"\0" * 40 + lines[at], *lines[at + 1 :]],
    "NULs instead": lambda lines, at: [*lines[:at], b"\0" * len(lines[at]), *lines[at + 1 :]],
    "NULs at the end": lambda lines, _at: [*lines, b"\0" * 4096],
    "a line twice": lambda lines, at: [*lines, lines[at]],
    "a line twice in a row": lambda lines, at: [*lines[:at], lines[at], *lines[at:]],
    "an id twice": lambda lines, at: [*lines, lines[at].replace(b"2026", b"2027")],
    "a byte order mark": lambda lines, _at: [b"\xef\xbb\xbf", *lines],
    "another session's": lambda lines, at: [*lines[:at], lines[at].replace(SESSION.encode(), b"x"), *lines[at + 1 :]],
    "two lines in one": lambda lines, at: [*lines[:at], lines[at][:-1], b"{", *lines[at + 1 :]],
    "another number": lambda lines, at: [
        *lines[:at],
        lines[at].replace(b'"seq":', b'"seq":9'),
        *lines[at + 1 :],
    ],
    "taken out": lambda lines, at: [*lines[:at], *lines[at + 1 :]] if at + 1 < len(lines) else [*lines, b"{"],
    "changed places": lambda lines, at: [*lines[:1], *lines[at:], *lines[1:at]] if at > 1 else [*lines, b"{"],
}


@pytest.mark.parametrize("damage", DAMAGES)
@given(data=st.data(), lines=sessions())
def test_every_damage_is_found(damage: str, lines: list[bytes], data: st.DataObject) -> None:
    """Wherever it is; but for whole lines that are missing at the end, which nothing in the file tells of."""
    at = data.draw(st.integers(1, len(lines) - 1))
    assert found(DAMAGES[damage](lines, at))


def disfigure(lines: list[bytes], data: st.DataObject) -> bytes:
    """Damage a file in several ways at once, bytes anywhere included."""
    for damage in data.draw(st.lists(st.sampled_from(sorted(DAMAGES)), max_size=4, unique=True)):
        lines = [line + b"\n" for line in b"".join(DAMAGES[damage](lines, len(lines) // 2)).split(b"\n")]
        lines = lines if len(lines) > 1 else [*lines, b"\n"]
    raw = bytearray(b"".join(lines))
    for _ in range(data.draw(st.integers(0, 4))):
        place = data.draw(st.integers(len(lines[0]), len(raw)))
        raw[place : place + data.draw(st.integers(0, 60))] = data.draw(
            st.binary(max_size=8) | st.sampled_from([b"\n", b"\0", b"\r\n", b'"', b"{}", b"\xff", b'"id":"x",'])
        )
    return bytes(raw)


@given(sessions(), st.data())
def test_whatever_happened_it_is_told_and_a_copy_mended(lines: list[bytes], data: st.DataObject) -> None:
    """All lines of the copy are JSON, every line that could be read is among them, and no bytes are lost."""
    raw = disfigure(lines, data)
    path = put(raw)
    findings = found(path)
    assert all(finding.text and finding.cure for finding in findings)
    assert all(("--repair" in finding.cure) == (finding.repair is not None) for finding in findings)
    changed, mended = mend(path)
    assert path.read_bytes() == raw
    assert [finding for finding in found(path.with_suffix(".new")) if finding.repair] == []
    assert all(isinstance(json.loads(line), dict) for line in mended)
    assert changed == len({finding.line for finding in findings if finding.repair})

    first: dict[str, bytes] = {}
    lost = []
    for line in raw.split(b"\n")[1:]:
        entry = entry_of(line)
        if entry is None or first.setdefault(entry.id, line).strip() != line.strip():
            lost += [line] if line.strip() else []
    kept = [line for line in mended[1:] if line in set(first.values())]
    assert kept == list(first.values())
    added = [json.loads(line) for line in mended[1:] if line not in set(first.values())]
    assert [fragment_of(entry) for entry in added] == lost


def fragment_of(entry: dict[str, Any]) -> bytes:
    """Return the bytes that a repair entry keeps."""
    assert entry["type"] == "repair"
    assert entry["session"] == SESSION
    text = entry["fragment"]
    fragment = base64.b64decode(text) if entry["encoding"] == "base64" else text.encode()
    assert len(fragment) == entry["bytes"]
    return fragment


@given(st.binary(max_size=200), st.booleans())
def test_any_bytes_are_examined_or_refused(raw: bytes, header: bool) -> None:
    """A file that does not begin with a header is no session; behind one, nothing raises."""
    if header:
        found(Writer().lines[0] + raw)
    else:
        with pytest.raises(NotASessionError, match="It was left untouched"):
            found(raw)


def test_what_cannot_be_opened_is_the_callers_business(tmp_path: Path) -> None:
    """As the system says it."""
    with pytest.raises(FileNotFoundError):
        found(tmp_path / "nothing")
    with pytest.raises(IsADirectoryError):
        found(tmp_path)


def damaged(change: Callable[[list[bytes]], list[bytes]]) -> Path:
    """Write a session of five messages, changed somehow."""
    writer = Writer()
    for number in range(5):
        writer.say("assistant" if number % 2 else "user")
    return put(change(writer.lines))


@pytest.mark.parametrize(
    ("change", "text", "changed"),
    [
        (lambda lines: [*lines, b'{"ty'], "Line 7, the last, breaks off; there are 4 bytes of it.", 1),
        (lambda lines: [*lines[:-1], lines[-1][:-1]], "Line 6, the last, is whole but for its newline.", 1),
        (lambda lines: [lines[0][:-1]], "Line 1, the last, is whole but for its newline.", 1),
        (lambda lines: [*lines[:2], b"oh\n", *lines[3:]], "Line 3 cannot be read: not JSON: JSON is malformed", 1),
        (lambda lines: [*lines, b"\r\n"], "Line 7 is empty.", 1),
        (lambda lines: [*lines, lines[2]], "Line 7 is line 3 once more.", 1),
        (lambda lines: [*lines, lines[2].replace(b"Zo", b"Ja")], "Line 7 has the id of line 3 and says something", 1),
        (lambda lines: [b"\xef\xbb\xbf", *lines], "The file begins with a byte order mark, which JSON does not", 1),
        (
            lambda lines: [*lines[:5], lines[5].replace(b'"seq":5', b'"seq":4')],
            "Line 6 has the number 4, and line 5",
            0,
        ),
        (
            lambda lines: [*lines[:5], lines[5].replace(b'"seq":5', b'"seq":8')],
            "from 5 to 7 are missing: 3 of them.",
            0,
        ),
        (lambda lines: [*lines[:5], lines[5].replace(b'"seq":5,', b"")], "Line 6 has no number, or one below 1.", 0),
        (lambda lines: [lines[0], lines[1], lines[3], lines[2], *lines[4:]], "number 2 and stands below number 3.", 0),
        (lambda lines: [*lines[:4], lines[4].replace(SESSION.encode(), b"y"), lines[5]], "to the session 'y'.", 0),
        (lambda lines: [*lines[:4], lines[4].replace(SESSION.encode(), b""), lines[5]], "names no session.", 0),
    ],
)
def test_one_damage_is_one_finding(change: Callable[[list[bytes]], list[bytes]], text: str, changed: int) -> None:
    """With its line, and mended where that is possible."""
    path = damaged(change)
    findings = [finding for finding in found(path) if finding.kind != "missing parent"]
    assert len(findings) == 1
    assert text in findings[0].text
    assert mend(path)[0] == changed
    assert not any(finding.repair for finding in found(path.with_suffix(".new")))


def test_a_line_that_was_taken_out_leaves_a_gap_and_a_child_without_parent() -> None:
    """Nothing is mended: the gap is evidence, and readers bridge it."""
    path = damaged(lambda lines: [*lines[:3], *lines[4:]])
    assert short(found(path)) == [("gap in seq", 4), ("missing parent", 4)]
    assert found(path)[0].text == "Above line 4 the entry with the number 3 is missing."
    assert mend(path) == (0, path.read_bytes().split(b"\n")[:-1])


def test_a_line_that_cannot_be_read_explains_its_gap() -> None:
    """Its number is not told as missing, and the entry that keeps it has it."""
    path = damaged(lambda lines: [*lines[:3], b"garbage\n", *lines[4:]])
    assert short(found(path)) == [("bad line", 4), ("missing parent", 5)]
    _, mended = mend(path)
    assert [json.loads(line)["seq"] for line in mended[1:]] == [1, 2, 3, 4, 5]
    kept = json.loads(mended[3])
    assert kept["fragment"] == "garbage"
    assert kept["reason"].startswith("Line 4 cannot be read: not JSON")
    assert kept["parent_id"] is None
    assert short(found(path.with_suffix(".new"))) == [("missing parent", 5)]


def test_what_was_put_between_two_lines_is_kept_without_a_number() -> None:
    """There is none free, and none is changed."""
    path = damaged(lambda lines: [*lines[:3], b"garbage\n", b"\xff\n", *lines[3:], b'{"torn'])
    assert [json.loads(line)["seq"] for line in mend(path)[1][1:]] == [1, 2, 0, 0, 3, 4, 5, 6]
    assert found(path.with_suffix(".new")) == []


def test_no_number_is_given_twice() -> None:
    """Not even where the numbers begin anew in the middle of the file."""
    path = damaged(lambda lines: [*lines, b"a\n", lines[5].replace(b"0005", b"0009"), b"b\n"])
    assert [json.loads(line)["seq"] for line in mend(path)[1][6:]] == [6, 5, 0]


def test_another_line_with_a_taken_id_explains_its_gap_and_a_copy_does_not() -> None:
    """What stood there is on the one, and lost behind the other, whatever its line ends with."""
    path = damaged(lambda lines: [*lines[:3], lines[1].replace(b"Zo", b"Ja"), *lines[4:]])
    assert short(found(path)) == [("doubled id", 4), ("missing parent", 5)]
    assert [json.loads(line)["seq"] for line in mend(path)[1][1:]] == [1, 2, 3, 4, 5]
    path = damaged(lambda lines: [*lines[:3], lines[1].replace(b"\n", b"\r\n"), *lines[4:]])
    assert short(found(path)) == [("doubled id", 4), ("gap in seq", 5), ("missing parent", 5)]
    assert [json.loads(line)["seq"] for line in mend(path)[1][1:]] == [1, 2, 4, 5]


def test_a_number_at_the_end_of_all_numbers_has_none_behind_it() -> None:
    """However odd the numbers, the copy can be written."""
    path = damaged(lambda lines: [*lines[:5], lines[5].replace(b'"seq":5', b'"seq":9223372036854775807'), b"{"])
    assert json.loads(mend(path)[1][-1])["seq"] == 0


def test_circles_are_found_once_each() -> None:
    """Also one of a single entry; readers cut them."""
    writer = Writer()
    ids = [writer.say("user") for _ in range(4)]
    lines = writer.lines
    lines[1] = lines[1].replace(b'"parent_id":null', f'"parent_id":"{ids[2]}"'.encode())
    lines[4] = lines[4].replace(ids[2].encode(), ids[3].encode())
    assert short(found(lines)) == [("circle", 2), ("circle", 5)]


def test_a_fork_holds_the_lines_of_its_ancestors() -> None:
    """Copied as they are, with gaps in their numbers; below its own lines other sessions are foreign."""
    writer = Writer(parent_session=PARENT)
    for seq, session in ((2, "grandparent"), (5, "grandparent"), (7, PARENT), (9, PARENT), (10, SESSION)):
        writer.say("user", session=session, seq=seq)
    assert found(writer.lines) == []
    assert found([*writer.lines[:3], b"garbage\n", *writer.lines[3:]])[0].kind == "bad line"
    path = put([writer.lines[0], b"garbage\n", *writer.lines[1:]])
    mend(path)
    assert found(path.with_suffix(".new")) == []
    writer.say("user", session="stranger", seq=11)
    assert short(found(writer.lines)) == [("foreign session", 7)]


def test_a_call_without_a_result_is_told_and_needs_nothing() -> None:
    """As after a Stop: at the end, before another question, and on one of two branches."""
    writer = Writer()
    writer.say("user")
    writer.say("assistant", use("a"), use("b"))
    assert short(found(writer.lines)) == [("dangling tool call", 3)] * 2
    writer.say("user", result("a"))
    writer.add("settings", model="offline")
    writer.say("user", result("b"))
    assert found(writer.lines) == []
    writer.say("user", parent=1)  # another branch, on which nothing is answered
    findings = found(writer.lines)
    assert [finding.text for finding in findings] == [
        "The tool call on line 3 has no result right behind it ('a').",
        "The tool call on line 3 has no result right behind it ('b').",
    ]
    assert findings[0].cure == "Nothing is needed: when the conversation is sent, it is answered or left out."


def test_calls_and_results_may_stand_on_several_lines() -> None:
    """An answer of several entries is one message to the model; a line that was lost between them parts nothing."""
    writer = Writer()
    writer.say("user")
    writer.say("assistant", use("a"))
    writer.say("assistant", use("b"))
    writer.add("settings", model="offline")
    writer.say("user", result("a"), result("b"))
    assert found(writer.lines) == []
    lines = [*writer.lines[:4], b"garbage\n", *writer.lines[5:]]
    assert short(found(lines)) == [("bad line", 5), ("missing parent", 6)]


def test_a_result_without_its_call_is_told() -> None:
    """One of a call that was never made, one that came too late, and one that came twice."""
    writer = Writer()
    writer.say("user", result("never"))
    writer.say("assistant", use("late"))
    writer.say("user")
    writer.say("assistant", use("twice"))
    writer.say("user", result("late"), result("twice"), result("twice"))
    assert [(one.line, one.text.split("(")[1]) for one in found(writer.lines)] == [
        (2, "'never')."),
        (3, "'late')."),
        (6, "'late')."),
        (6, "'twice')."),
    ]


@pytest.mark.parametrize(
    ("kind", "fields", "text"),
    [
        (
            "leaf",
            {"target_id": "gone"},
            "Line 3 moves the conversation to the entry 'gone', which is no step.",
        ),
        ("leaf", {}, "Line 3 moves the conversation to no entry."),
        ("leaf", {"target_id": 5}, "Line 3 moves the conversation to no entry."),
        ("leaf", {"target_id": None}, ""),
        ("leaf", {"target_id": "THE FIRST"}, ""),
        ("label", {"target_id": "gone", "label": "x"}, "Line 3 labels the entry 'gone', which is not in the file."),
        ("label", {"target_id": None, "label": "x"}, "Line 3 labels no entry."),
        ("label", {"target_id": "THE FIRST", "label": None}, ""),
        ("context_edit", {"target_ids": ["gone"]}, "Line 3 hides or shows the entry 'gone', which is not in the file."),
        ("context_edit", {"target_ids": "gone"}, "Line 3 hides or shows no entry."),
        ("context_edit", {"target_ids": ["gone", "THE FIRST"]}, ""),
        ("context_edit", {"target_ids": ["its original"]}, ""),
        ("drop", {"target_id": "gone"}, "Line 3 drops or brings back the entry 'gone', which is not in the file."),
        ("drop", {"target_id": None}, "Line 3 drops or brings back no entry."),
        ("drop", {"target_id": "THE FIRST", "dropped": True}, ""),
    ],
)
def test_what_names_nothing_is_told_and_needs_nothing(kind: str, fields: dict[str, Any], text: str) -> None:
    """Readers pass such a move, label or edit over, and nothing is mended; a fork's copies may name what it has not."""
    writer = Writer(parent_session=PARENT)
    first = writer.say("user", carried_from="its original")
    given = json.loads(json.dumps(fields).replace("THE FIRST", first))
    writer.add(kind, **given)
    path = put(writer.lines)
    findings = found(path)
    assert [finding.text for finding in findings] == [text] * bool(text)
    assert all((one.kind, one.repair) == ("missing target", None) for one in findings)
    assert all("Nothing is needed" in one.cure and "%session" in one.cure for one in findings)
    assert mend(path) == (0, path.read_bytes().split(b"\n")[:-1])
    writer.lines[2] = writer.lines[2].replace(SESSION.encode(), PARENT.encode())
    assert found(writer.lines) == []


BLOCKS = st.lists(st.tuples(st.sampled_from(["use", "result", "text"]), st.sampled_from("abc")), max_size=3)


@given(st.lists(st.tuples(st.sampled_from(["user", "assistant"]), BLOCKS, st.integers(0, 9)), max_size=9))
def test_calls_dangle_where_the_context_would_have_to_mend_them(said: list[tuple[str, Any, int]]) -> None:
    """What is found here is what is answered, or left out, when a branch of the file is sent; and nothing else is."""
    writer = Writer()
    for number, (role, kinds, parent) in enumerate(said):
        own = [use(f"{name}{number}") for kind, name in kinds if kind == "use" and role == "assistant"]
        own = list({block["id"]: block for block in own}.values())
        above = range(number)
        answers = [result(f"{name}{one}") for kind, name in kinds if kind == "result" for one in above]
        writer.say(role, *own, *(answers if role == "user" else []), text(f"{number}"), parent=parent)
    entries = [entry for line in writer.lines if (entry := entry_of(line))]
    tree = Tree(entries)
    branches = [joined(tree.path(leaf)) for leaf in tree.leaves]
    assert bool(found(writer.lines)) == any(
        sorted_blocks(branch) != sorted_blocks(paired(branch)) for branch in branches
    )


def text(words: str) -> Block:
    """Return a text block."""
    return {"type": "text", "text": words}


def joined(path: Sequence[Entry]) -> list[Message]:
    """Return a branch as messages whose roles take turns."""
    messages: list[Message] = []
    for entry in path:
        if messages and messages[-1]["role"] == entry.role:
            messages[-1]["content"] += entry.content
        else:
            messages.append(Message(role=str(entry.role), content=entry.content))
    return messages


def sorted_blocks(messages: Sequence[Message]) -> list[list[str]]:
    """Return the blocks of each message, whatever their order."""
    return [sorted(map(json.dumps, message["content"])) for message in messages]


def test_blobs_that_are_not_there_are_found_however_deep() -> None:
    """In any content, asked for once each; what is no hash is no reference."""
    deep: Any = {"blobs": {"text": {"sha256": HASH}}}
    for _ in range(150):
        deep = [{"inner": deep}]
    writer = Writer()
    writer.say("user", {"type": "tool_result", "tool_use_id": "x", "content": deep})
    writer.say(
        "user",
        {"blobs": {"text": {"sha256": "f" * 64}}},
        {"blobs": {"text": {"sha256": HASH}}},
        {"blobs": {"text": {"sha256": "no"}}},
        {"blobs": 1},
    )
    asked: list[str] = []

    def exists(sha256: str) -> bool:
        asked.append(sha256)
        return sha256 != HASH

    findings = examine(put(writer.lines), blob_exists=exists, notebook_exists=lambda _path: True)
    assert short([one for one in findings if one.kind == "missing blob"]) == [("missing blob", 2), ("missing blob", 3)]
    assert sorted(asked) == [HASH, "f" * 64]
    assert findings[-1].text == "Line 3 refers to the blob 0123456789ab…, which is not there."


def test_a_notebook_that_was_moved_is_found() -> None:
    """The one that the session was last seen in."""
    writer = Writer()
    assert short(found(writer.lines, notebook=False)) == [("moved notebook", 1)]
    writer.add("info", notebook="moved.ipynb")
    (finding,) = found(writer.lines, notebook=False)
    assert (finding.line, finding.text) == (2, "The notebook 'moved.ipynb' is not where line 2 says.")
    writer.add("info", notebook=None)
    assert found(writer.lines, notebook=False) == []


def test_a_newer_version_is_left_to_it() -> None:
    """One finding, whatever else its lines are, and no repair."""
    lines = [encode(Header(2, SESSION, TS, {})), b'{"what":"ever"}\n']
    path = put(lines)
    (finding,) = found(path)
    assert (finding.kind, finding.line) == ("newer version", 1)
    assert "version 2 of the format" in finding.text
    with pytest.raises(SessionReadOnlyError, match="version 2"):
        repaired(path, path.with_suffix(".new"), [finding], FixedSource())
    assert not path.with_suffix(".new").exists()


def test_a_copy_is_new_private_and_whole_or_not_there() -> None:
    """Nothing is overwritten, and of a copy that could not be written nothing is left."""
    path = damaged(lambda lines: [*lines, b"garbage"])
    findings = found(path)
    with pytest.raises(FileExistsError):
        repaired(path, path, findings, FixedSource())
    target = path.with_suffix(".new")

    class Broken(FixedSource):
        def new_id(self) -> str:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        repaired(path, target, findings, Broken())
    assert not target.exists()
    repaired(path, target, findings, FixedSource())
    assert stat.S_IMODE(target.stat().st_mode) == 0o600


def test_a_file_that_has_changed_since_is_not_mended() -> None:
    """What was shown is what is done."""
    path = damaged(lambda lines: [*lines, b"garbage"])
    findings = found(path)
    with path.open("ab") as file:
        file.write(b" and more\n")
    with pytest.raises(LogLostError, match="Type `%session verify` again"):
        repaired(path, path.with_suffix(".new"), findings, FixedSource())
