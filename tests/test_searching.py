"""Searching finds what was said, all of it and nothing else, whichever bytes it is written with."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
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
from ipy_sessions.readers.file import File
from ipy_sessions.readers.registry import read
from ipy_sessions.searching import lines as scanning
from ipy_sessions.searching.folding import Folded, fold
from ipy_sessions.searching.hits import COLUMNS, Hits
from ipy_sessions.searching.letters import LAST, SURROGATES, letter
from ipy_sessions.searching.looking import Search
from ipy_sessions.searching.query import Query
from ipy_sessions.searching.said import Scope
from ipy_sessions.searching.sieve import Sieve, sieve_of
from ipy_sessions.session import Session
from ipy_sessions.table.corpus import Corpus

TS = "2026-03-01T10:15:00.000Z"
# Signs that are escaped, made of several, folded to more, or the same as others when they are.
ODD = [
    *'aeiksStKzZ "\\/\n\t\0.;`0',
    *"äÄößẞſßﬁﬀﬆŉẖẗẘẙẚǰİıKÅÅéǘệợ̛̣́̈ͅμµςσΣΐᾳйЙ한ᄒ\u1161\u11ab日豈豈क़",
    "👩\u200d🔬",
    "ü",
    "\u2028",
    "\x85",
    "\x1b",
]
SIGNS = st.sampled_from([sign for sign in ODD if len(sign) == 1]) | st.characters(
    codec="utf-8", exclude_categories=["Cs"]
)
TEXTS = st.text(SIGNS, max_size=12) | st.lists(st.sampled_from(ODD), max_size=8).map("".join)


def written(texts: Sequence[str], *, escaping: bool) -> bytes:
    """Return a session in which each text was said, as the encoder or as Python's own JSON writes it."""
    header = Header(1, "s1", TS, {"name": "texts"})
    entries = [
        Entry("message", n, f"m{n}", f"m{n - 1}" if n > 1 else None, "s1", TS, asked(text))
        for n, text in enumerate(texts, start=1)
    ]
    lines = [encode(line) for line in (header, *entries)]
    if escaping:
        lines = [json.dumps(json.loads(line)).replace("/", "\\/").encode() + b"\n" for line in lines]
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


@st.composite
def searches(draw: st.DrawFn) -> tuple[list[str], list[str]]:
    """Return texts, and terms of which some stand in them, composed, taken apart or with another case."""
    texts = draw(st.lists(TEXTS, min_size=1, max_size=4))
    change = draw(st.sampled_from([str, str.upper, str.lower, str.title, lambda text: normalize("NFD", text)]))
    other = draw(st.sampled_from([str, str.upper, lambda text: normalize("NFD", text)]))
    source = draw(st.sampled_from(texts))
    start = draw(st.integers(0, max(0, len(source) - 1)))
    cut = source[start : start + draw(st.integers(1, 6))]
    terms = draw(st.lists(TEXTS, max_size=1)) + [change(cut)]
    return [other(text) for text in texts], terms


@settings(max_examples=400, deadline=None)
@given(searches(), st.booleans(), st.sampled_from([None, True, False]))
@example((['Straße "so" \\ C:\\temp'], ["STRASSE", '"so"', "C:\\temp"]), False, False)
@example((["İstanbul ŉ K"], ["i\u0307stanbul", "ʼN", "k"]), False, False)
@example((["u\u0308ber", "\\u00fc"], ["ÜB"]), True, False)
def test_passing_lines_over_loses_nothing(
    found: tuple[list[str], list[str]], escaping: bool, case: bool | None
) -> None:
    """What is found by the bytes is what is found when every line is decoded, and that is what holds every term."""
    texts, terms = found
    query = queried(terms, case=case)
    if query is None:
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "texts.jsonl"
        path.write_bytes(written(texts, escaping=escaping))
        said = [decode(line) for line in path.read_bytes().split(b"\n")[1:-1]]
        slow = sorted(one.id for one in said if isinstance(one, Entry) and query.match(one.text) is not None)
        assert ids_of(path, query, sieve=True) == ids_of(path, query, sieve=False) == slow


PATTERNS = st.lists(
    st.sampled_from([*"abeiskz .;", "ä", "ß", "ſ", "K", "İ", "a?", "b*", "s+", "[ab]", "[^]s]", r"\s", r"\w", r"\b", "(?:is)", "a|b"]),
    min_size=1,
    max_size=6,
).map("".join)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(TEXTS, min_size=1, max_size=4), PATTERNS, st.sampled_from([None, True, False]))
@example(["İ ı K ſ"], "i", False)
@example(["Abc 17"], r"abc \d+", False)
def test_a_regular_expression_loses_nothing_either(texts: list[str], pattern: str, case: bool | None) -> None:
    """The texts that its matches are known to hold stand in every one of them."""
    query = queried(pattern, regex=True, case=case)
    if query is None:
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "texts.jsonl"
        path.write_bytes(written(texts, escaping=False))
        assert ids_of(path, query, sieve=True) == ids_of(path, query, sieve=False)
