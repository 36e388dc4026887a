"""Searching finds what was said, all of it and nothing else, whichever bytes it is written with."""

from __future__ import annotations

import json
import re
import tempfile
import threading
import tracemalloc
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from unicodedata import normalize

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import ipy_sessions as ses
from ipy_sessions import CommandError, SessionManager, SettingError, assistant, user
from ipy_sessions.encoding import decode, encode
from ipy_sessions.entries import Entry, Header
from ipy_sessions.hit import Hit
from ipy_sessions.searching import lines as scanning
from ipy_sessions.searching.folding import Folded, fold
from ipy_sessions.searching.hits import COLUMNS, Hits
from ipy_sessions.searching.letters import LAST, SURROGATES
from ipy_sessions.searching.looking import Search
from ipy_sessions.searching.query import Query
from ipy_sessions.searching.said import Scope
from ipy_sessions.searching.sieve import Sieve, pattern_of
from ipy_sessions.table.corpus import Corpus, Own

TS = "2026-03-01T10:15:00.000Z"
# Signs that are escaped, made of several, folded to more, or the same as others when they are.
ODD = [
    *'aeiksStKzZ "\\/\n\t\0.;`0',
    *"äÄöß\u1e9e\u017f\ufb01\ufb00\ufb06\u0149\u1e96\u1e97\u1e98\u1e99\u01f0İ\u0131\u212a\u212bÅéǘệợ",
    *"\u0301\u0302\u0307\u0308\u0323\u031b\u0344\u0345µ\u03bcς\u03c3Σΐ\u1fd3ᾳйЙ한\u1112\u1161\u11ab日豈\uf900\u0958",
    *("👩\u200d🔬", "u\u0308", "\u2028", "\x85", "\x1b"),
]
SIGNS = st.sampled_from([sign for sign in ODD if len(sign) == 1]) | st.characters(
    codec="utf-8", exclude_categories=["Cs"]
)
TEXTS = st.text(SIGNS, max_size=12) | st.lists(st.sampled_from(ODD), max_size=8).map("".join)


PLAIN, ASCII, NUMBERS = "as the encoder writes", "nothing but ASCII", "letters by their numbers, too"


def written(texts: Sequence[str], how: str = PLAIN) -> bytes:
    """Return a session in which each text was said, in one of the ways of JSON."""
    header = Header(1, "s1", TS, {"name": "texts"})
    entries = [
        Entry("message", n, f"m{n}", f"m{n - 1}" if n > 1 else None, "s1", TS, asked(text))
        for n, text in enumerate(texts, start=1)
    ]
    lines = [encode(header), *map(encode, entries)]
    if how != PLAIN:
        lines = [json.dumps(json.loads(line)).replace("/", "\\/").encode() + b"\n" for line in lines]
    if how == NUMBERS:
        lines = [re.sub(rb"\\u....", lambda found: b"\\u" + found[0][2:].upper(), line) for line in lines]
        lines = [line.replace(b"k", rb"\u006B").replace(b"S", rb"\u0053") for line in lines]
    return b"".join(lines)


def asked(text: str) -> dict[str, object]:
    """Return the fields of a question."""
    return {"role": "user", "content": [{"type": "text", "text": text}]}


def ids_of(path: Path, query: Query, *, sieve: bool) -> list[str]:
    """Return the messages that are found in a file, in its order."""
    search = Search(Corpus([path]), query, Scope(), sieve=sieve)
    search.run()
    return sorted(hit.id for hit in search.hits())


def queried(what: str | Sequence[str], *, regex: bool = False, case: bool | None = None) -> Query | None:
    """Return a query; ``None`` for what cannot be one."""
    try:
        return Query(what, regex=regex, case=case)
    except CommandError:
        return None


CHANGES: Sequence[Callable[[str], str]] = [
    *(str, str.upper, str.lower, str.title),
    *(lambda text: normalize("NFD", text), lambda text: normalize("NFC", text)),
]


@st.composite
def searches(draw: st.DrawFn) -> tuple[list[str], list[str]]:
    """Return texts, and terms of which some stand in them, composed, taken apart or with another case."""
    texts = draw(st.lists(TEXTS, min_size=1, max_size=4))
    change, other = draw(st.sampled_from(CHANGES)), draw(st.sampled_from(CHANGES))
    source = draw(st.sampled_from(texts))
    start = draw(st.integers(0, max(0, len(source) - 1)))
    cut = source[start : start + draw(st.integers(1, 6))]
    terms = [*draw(st.lists(TEXTS, max_size=1)), change(cut)]
    return [other(text) for text in texts], terms


@settings(max_examples=400, deadline=None)
@given(searches(), st.sampled_from([PLAIN, ASCII, NUMBERS]), st.sampled_from([None, True, False]))
@example((['Straße "so" \\ C:\\temp'], ["STRASSE", '"so"', "C:\\temp"]), PLAIN, False)
@example((["İstanbul \u0149 \u212a"], ["i\u0307stanbul", "\u02bcN", "k"]), PLAIN, False)
@example((["a\u1ab0\u1ab5b"], ["a\u1ab5\u1ab0b"]), PLAIN, False)  # marks that are put into an order
@example((["ß\u0307\u0323"], ["ss\u0323\u0307"]), PLAIN, False)  # … behind what is folded to several
@example((["\u03b1\u0345\u0301"], ["\u03ac\u03b9"]), PLAIN, False)  # … of which one becomes a letter
@example((["\u03b1\u03ca\u0301"], ["\u03b1\u03b9\u0308\u0301"]), PLAIN, False)
@example((["\u1112\u1161\u11ab"], ["\ud55c"]), PLAIN, False)  # a syllable, taken apart
@example((["u\u0308ber", "\\u00fc"], ["ÜB"]), ASCII, False)
@example((["a\0b"], ["\0b"]), PLAIN, False)
def test_passing_lines_over_loses_nothing(found: tuple[list[str], list[str]], how: str, case: bool | None) -> None:
    """What is found by the bytes is what is found when every line is decoded, and that is what holds every term."""
    texts, terms = found
    query = queried(terms, case=case)
    if query is None:
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "texts.jsonl"
        path.write_bytes(written(texts, how))
        said = [decode(line) for line in path.read_bytes().split(b"\n")[1:-1]]
        slow = sorted(one.id for one in said if isinstance(one, Entry) and query.match(one.text) is not None)
        assert ids_of(path, query, sieve=True) == ids_of(path, query, sieve=False) == slow


SIMPLE = [*"abeiskz .;", "ä", "ß", "\u017f", "\u212a", "İ"]
PATTERNS = st.lists(
    st.sampled_from([*SIMPLE, "a?", "b*", "s+", "[ab]", "[^]s]", r"\s", r"\w", r"\b", "(?:is)", "a|b"]),
    min_size=1,
    max_size=6,
).map("".join)


@settings(max_examples=300, deadline=None)
@given(st.lists(TEXTS, min_size=1, max_size=4), PATTERNS, st.sampled_from([None, True, False]))
@example(["İ \u0131 \u212a \u017f"], "i", False)
@example(["x\u0131x"], "xix", False)
@example(["xix"], "x\u0131x", False)
@example(["xI\u0307x"], "xix", False)
@example(["x"], "e\u0301?x", False)
@example(["Abc 17"], r"abc \d+", False)
def test_a_regular_expression_loses_nothing_either(texts: list[str], pattern: str, case: bool | None) -> None:
    """The texts that its matches are known to hold stand in every one of them."""
    query = queried(pattern, regex=True, case=case)
    if query is None:
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "texts.jsonl"
        path.write_bytes(written(texts))
        assert ids_of(path, query, sieve=True) == ids_of(path, query, sieve=False)


@pytest.mark.parametrize("case", [True, False])
def test_what_one_character_may_stand_for_is_known(case: bool) -> None:
    """Every character of Unicode is found by what it is compared as and by parts of that, composed or taken apart."""
    patterns: dict[str, re.Pattern[bytes]] = {}
    for sign in (chr(code) for code in range(0x80, LAST) if code not in SURROGATES):
        folded, apart = fold(sign, case=case), normalize("NFD", sign)
        if sign == folded == apart or ("\uac00" < sign < "\ud7a4" and ord(sign) % 397):  # few syllables stand for all
            continue
        for part in {folded, folded[1:], folded[:-1], *folded} - {""}:
            if part not in patterns:
                patterns[part] = re.compile(pattern_of(part, case=case))
            for raw in (sign, apart):
                assert patterns[part].search(raw.encode())
                assert patterns[part].search(json.dumps(raw).encode())


@pytest.mark.parametrize(
    ("what", "passes", "stays"),
    [
        (
            "pancake",
            ["A Pancake", r"pan\u0063ake", "PANCA\u212aE"],
            ["pan", "cakepan", r"\u001b[0m", "pancak"],
        ),
        ("two words", ["words, two", "twowords"], ["two", "word two"]),
        ("straße", ["STRASSE", "stra\u1e9ee"], ["strase", "strasze"]),
        ("über", ["u\u0308ber", "Über"], ["uber", "ber", "uxber"]),
        ('say "a/b\\c"', [r"say a/b\\c", r"say A\/B\\C"], [r"say a/b", r"say a/b\c"]),
        ("한국", ["한국", normalize("NFD", "한국")], ["한글", "국한"]),
    ],
)
def test_what_cannot_be_meant_is_passed_over(what: str, passes: Sequence[str], stays: Sequence[str]) -> None:
    """Line by line, and hardly more is let through than what is found."""
    may_hold = Sieve(Query(what)).test()
    assert [may_hold(memoryview(line.encode())) for line in passes] == [True] * len(passes)
    assert [may_hold(memoryview(line.encode())) for line in stays] == [False] * len(stays)


@pytest.mark.parametrize("sign", ["x", "s", "é", "한", "\u0301", "\0", "\u03b9"])
def test_a_text_of_any_length_is_found(manager: SessionManager, sign: str) -> None:
    """Also where all of it is too much for one pattern."""
    manager.create("long").append(user(f"{sign * 10_000}."))
    assert sought(manager, sign * 10_000).total == 1
    assert sought(manager, [sign * length for length in range(9_000, 9_100)]).total == 1


@given(TEXTS, st.integers(0, 20), st.integers(1, 5), st.booleans())
def test_a_place_that_was_found_is_shown_where_it_stands(text: str, start: int, length: int, case: bool) -> None:
    """What is shown, compared as it was found, holds what was found."""
    folded = Folded(text, case=case)
    found = folded.text[start : start + length]
    if found:
        span = folded.span(start, start + len(found))
        assert found in fold(folded.shown[span.start : span.end], case=case)


@pytest.fixture
def told(manager: SessionManager) -> SessionManager:
    """Three sessions, one of which calls a tool."""
    first = manager.create("roads")
    first.note(notebook="work/Roads.ipynb")
    first.append(user("Which road leads to Rome?"))
    first.append(assistant("All roads lead to Rome; the road by the sea is the longest road."))
    first.append(user("and to Vienna?"))
    first.append(assistant("The road over the Alps."))
    tools = manager.create("tools")
    tools.append(user("Look for Vienna"))
    call = {"type": "tool_use", "id": "c1", "name": "bash", "input": {"command": "grep -r Vienna .", "port": 8080}}
    tools.append(assistant([{"type": "thinking", "thinking": "grepping", "signature": ""}, call]))
    tools.append(user([{"type": "tool_result", "tool_use_id": "c1", "content": "notes.txt: Vienna <b>1683</b>"}]))
    tools.append(assistant("In notes.txt."))
    return manager


def sought(manager: SessionManager, what: str | Sequence[str], **narrowed: object) -> Hits:
    """Return what is found in a folder."""
    found: Hits = ses.search(what, manager.store.path, **narrowed)  # type: ignore[arg-type]
    return found


def test_every_word_has_to_stand_in_the_message(told: SessionManager) -> None:
    """In any order; a phrase stands as it was typed, over a line break, too."""
    assert [hit.turn for hit in sought(told, "rome road")] == [1, 1]
    assert [hit.role for hit in sought(told, '"lead to rome" sea')] == ["assistant"]
    assert not sought(told, '"rome lead"')
    assert {hit.title for hit in sought(told, ["Vienna"], role="user")} == {"tools", "roads"}


def test_capitals_matter_when_one_is_typed(told: SessionManager) -> None:
    """Or when that is asked for, and not when it is declined."""
    assert sought(told, "rome").total == sought(told, "Rome").total == 2
    assert sought(told, "ROME").total == sought(told, "rome", case=True).total == 0
    assert sought(told, "ROME", case=False).total == 2


def test_what_is_folded_away_is_found_on_demand(told: SessionManager) -> None:
    """Thinking, calls and results; or those of one tool alone."""
    assert sought(told, "grep").total == 0
    assert [(hit.kind, hit.tool) for hit in sought(told, "grepping", deep=True)] == [("thinking", None)]
    found = sought(told, "vienna", tool="Bash")
    assert {(hit.kind, hit.tool) for hit in found} == {("call", "bash"), ("result", "bash")}
    assert sought(told, "8080", tool="bash").total == 1
    assert not sought(told, "vienna", tool="python")


def test_sessions_and_messages_can_be_narrowed(told: SessionManager) -> None:
    """By notebook and by date."""
    assert {hit.title for hit in sought(told, "vienna", notebook="Roads")} == {"roads"}
    hit = sought(told, "alps")[0]
    at = datetime.fromisoformat(hit.ts)
    assert sought(told, "alps", since=at, until=at).total == 1
    assert not sought(told, "alps", since=at + timedelta(milliseconds=1))
    assert not sought(told, "alps", until=at - timedelta(milliseconds=1))
    with pytest.raises(SettingError, match="time zone"):
        sought(told, "alps", since=datetime(2026, 1, 1))  # noqa: DTZ001 - that is the mistake
    with pytest.raises(SettingError, match="'2026-01-01' is no moment"):
        sought(told, "alps", until="2026-01-01")


def test_what_says_it_more_often_comes_first_and_of_equals_the_later(manager: SessionManager) -> None:
    """By BM25, and then by date; all of them are counted when few are told."""
    session = manager.create("ranked")
    for text in ("fox and hen, early", "fox fox fox fox", "fox and hen, later"):
        session.append(user(text))
    hits = sought(manager, "fox")
    assert [hit.snippet for hit in hits] == ["fox fox fox fox", "fox and hen, later", "fox and hen, early"]
    few = sought(manager, "fox", limit=1)
    assert (len(few), few.total, few.sessions) == (1, 3, 1)
    assert "the best 1 are shown" in repr(few)


def test_what_was_copied_is_found_once(told: SessionManager) -> None:
    """Where it was said: neither a fork nor a branch that carries it along doubles it."""
    told.fork("roads", name="copy")
    assert [hit.title for hit in sought(told, "alps")] == ["roads"]


def test_a_damaged_line_is_passed_over(told: SessionManager) -> None:
    """And what stands around it is found; so is a last line that has no end yet."""
    path = told.open("roads").file
    told.close()
    lines = path.read_bytes().split(b"\n")
    path.write_bytes(b"\n".join([*lines[:3], b'{"type":"message","road":', *lines[3:-1]]))
    assert sought(told, "rome").total == 2
    assert sought(told, "alps").total == 1


def test_a_line_longer_than_any_piece_is_read_whole(manager: SessionManager) -> None:
    """The words at its end are found."""
    session = manager.create("long")
    session.append(user("needle " + "hay " * scanning.PIECE + "pin"))
    session.append(user("pin"))
    assert sought(manager, "needle pin").total == 1


def test_of_several_words_any_may_be_the_rare_one(manager: SessionManager) -> None:
    """Whichever of them is in most sessions."""
    for number in range(24):
        session = manager.create(f"session {number}")
        session.append(user(f"quick zebra {'meets a pancake' if number % 10 == 0 else ''}"))
    for what in ("zebra pancake", "pancake zebra", "zebra quick pancake"):
        assert sorted(hit.title for hit in sought(manager, what)) == ["session 0", "session 10", "session 20"]


@pytest.fixture
def many(tmp_path: Path) -> list[Own]:
    """Files that several threads share: the rare word stands in every third, a common one in all lines."""
    files = []
    for number in range(12):
        texts = [f"common {'hay ' * 10_000}"] * 50 + ["common needle"] * (number % 3 == 0)
        path = tmp_path / f"{number:02}.jsonl"
        path.write_bytes(written(texts).replace(b'"s1"', b'"s%d"' % number))
        files.append(Own(str(path), f"s{number}", path.stat().st_size))
    assert sum(file.size for file in files) > 2 * scanning.SHARE
    return files


def test_files_that_are_read_at_once_are_told_in_their_order(many: list[Own]) -> None:
    """Each with its lines; one that is gone is an error where its turn comes, and the others are told."""
    gone = Own("gone.jsonl", "gone", 0)
    told = []
    for file, lines in scanning.scanned([*many[:7], gone, *many[7:]], Sieve(Query("needle"))):
        if file is gone:
            with pytest.raises(FileNotFoundError):
                list(lines)
        else:
            told.append((file, [b"needle" in line for line in lines]))
    assert told == [(file, [True] * (number % 3 == 0)) for number, file in enumerate(many)]


def test_a_search_that_is_stopped_leaves_no_thread(many: list[Own]) -> None:
    """And tells what it has found by then."""
    search = Search(Corpus([Path(many[0].path).parent]), Query("needle"), Scope())
    threads = threading.active_count()

    def stop(done: int, total: int) -> None:
        assert total == len(many)
        if done == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        search.run(stop)
    assert threading.active_count() == threads
    assert [Path(str(hit.path)).name for hit in search.hits()] == ["00.jsonl", "03.jsonl"]
    assert search.done == 5


def test_the_lines_of_a_large_file_are_not_gathered(many: list[Own]) -> None:
    """Also where every one of them may be meant, and where threads read other files."""
    path = Path(many[0].path)
    path.write_bytes(path.read_bytes() * (scanning.ALONE // many[0].size + 2))
    large = Own(str(path), "s0", path.stat().st_size)
    tracemalloc.start()
    try:
        count = sum(1 for _, lines in scanning.scanned([large, large, large], Sieve(Query("common"))) for _ in lines)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert count == 3 * path.read_bytes().count(b"common")
    assert peak < 3 * large.size / 4


def test_hits_are_a_frame_of_fixed_columns(told: SessionManager) -> None:
    """The same without any."""
    full, empty = sought(told, "vienna").to_pandas(), sought(told, "nothing at all").to_pandas()
    assert list(full.columns) == [column.name for column in COLUMNS]
    assert full.dtypes.equals(empty.dtypes)
    assert len(full) == 2


def test_what_was_said_is_shown_as_data(told: SessionManager) -> None:
    """No tag and no table of it takes effect; what was looked for is marked."""
    (hit,) = sought(told, "1683", tool="bash")
    assert isinstance(hit, Hit)
    markdown = sought(told, "1683", tool="bash")._repr_markdown_()
    assert r"\<b\><b>1683</b>\</b\>" in markdown
    assert "«1683»" in repr(sought(told, "1683", tool="bash"))


@pytest.mark.parametrize(
    ("what", "narrowed", "says"),
    [
        ("", {}, "nothing to look for"),
        ("(", {"regex": True}, "no regular expression"),
        ("x", {"role": "system"}, "user or assistant"),
    ],
)
def test_what_cannot_be_looked_for_is_named(
    told: SessionManager, what: str, narrowed: dict[str, object], says: str
) -> None:
    """In one sentence."""
    with pytest.raises(CommandError, match=says):
        sought(told, what, **narrowed)


def test_a_limit_is_a_number(told: SessionManager) -> None:
    """A negative one is a mistake."""
    with pytest.raises(SettingError, match="limit"):
        sought(told, "x", limit=-1)
