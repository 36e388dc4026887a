"""What a line of the log is: it comes back as it was written, whatever it holds."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipy_sessions.encoding import clean, decode, encode
from ipy_sessions.entries import Entry, Header, assistant, user

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None))
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4), max_leaves=12
)
FIELD_NAMES = st.text(min_size=1).filter(
    lambda name: name not in {"type", "seq", "id", "parent_id", "session", "ts", "version", "content"}
)


def same(text: str) -> str:
    """Mask nothing."""
    return text


@given(VALUES)
def test_cleaning_twice_changes_nothing_more(value: object) -> None:
    """What was cleaned once is clean, so memory and disk hold the same."""
    once = clean(value, same)
    assert clean(once, same) == once


@given(st.dictionaries(FIELD_NAMES, VALUES), st.text(min_size=1), st.none() | st.text())
def test_an_entry_comes_back_as_it_was_written(fields: dict[str, object], kind: str, parent: str | None) -> None:
    """Encoding and decoding is the identity, unknown types and fields included."""
    fields = clean(fields, same)
    kind, parent = clean([kind, parent], same)
    if kind in {"session", "message"}:
        kind += "!"
    entry = Entry(kind, 7, "an-id", parent, "a-session", "2026-03-01T10:15:00.000Z", fields)
    line = encode(entry)
    assert decode(line) == entry
    assert encode(decode(line)) == line


@given(st.dictionaries(FIELD_NAMES, VALUES))
def test_a_line_is_one_line_for_everybody(fields: dict[str, object]) -> None:
    """Python's and Unicode's line separators never stand raw in a line, and the standard library reads it strictly."""
    line = encode(Header(1, "an-id", "2026-03-01T10:15:00.000Z", clean(fields, same)))
    text = line.decode("utf-8")
    assert text.splitlines() == [text[:-1]]

    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    assert json.loads(text, parse_constant=refuse)["id"] == "an-id"


def test_odd_values_become_what_json_has() -> None:
    """Not-a-number is null, lone surrogates are replaced, pairs are joined, large integers keep their digits."""
    odd = {"nan": math.nan, "inf": -math.inf, "lone": "a\ud800b", "pair": "\ud83d\ude00", "big": 2**70, 3: (1, 2)}
    assert clean(odd, same) == {"nan": None, "inf": None, "lone": "a�b", "pair": "😀", "big": str(2**70), "3": [1, 2]}


def test_numpy_numbers_become_pythons() -> None:
    """Numbers out of a frame can be logged."""
    cleaned = clean({"i": np.int64(3), "f": np.float32(0.5), "b": np.bool_(True), "n": np.float64("nan")}, same)
    assert cleaned == {"i": 3, "f": 0.5, "b": True, "n": None}
    assert [type(value) for value in cleaned.values()] == [int, float, bool, type(None)]


def test_what_json_has_no_form_for_is_refused_by_name() -> None:
    """An object that cannot be logged raises before anything is written."""
    with pytest.raises(TypeError, match=r"not so for set: \{1\}"):
        clean({"content": {1}}, same)


def test_cleaning_masks_every_string_keys_included() -> None:
    """The mask sees all text."""
    assert clean({"key": ["a secret", {"secret": 1}]}, lambda text: text.replace("secret", "***")) == {
        "key": ["a ***", {"***": 1}]
    }


def test_an_entry_shares_nothing_with_what_it_was_made_from() -> None:
    """Changing a list afterwards does not change what was logged."""
    original = {"tags": ["a"]}
    cleaned = clean(original, same)
    original["tags"].append("b")
    assert cleaned == {"tags": ["a"]}


@pytest.mark.parametrize("content", ["", ', "content": [1]', ', "content": 5'])
def test_a_message_whose_content_was_spoiled_by_hand_is_kept_and_says_nothing(content: str) -> None:
    """Nothing of the line is lost, and what asks for its blocks gets none."""
    entry = decode(b'{"type": "message", "id": "x"%s, "note": 1}' % content.encode())
    assert isinstance(entry, Entry)
    assert (entry.content, entry.text, entry.fields["note"]) == ([], "", 1)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"type": "message", "id": "x", "conte', "not JSON"),
        (b"[1, 2]", "not a JSON object"),
        (b'{"seq": 1}', "without a type and an id"),
        (b'{"type": "info", "id": "x", "seq": "1"}', "of the wrong kind"),
        (b'{"type": "info", "id": "x", "parent_id": 5}', "of the wrong kind"),
        (b'{"type": "session", "id": "x"}', "without a version"),
        (b"\xff\xfe", "not JSON"),
    ],
)
def test_a_bad_line_says_what_is_wrong_with_it(line: bytes, reason: str) -> None:
    """Each kind of damage has its words."""
    with pytest.raises(ValueError, match=reason):
        decode(line)


def test_a_message_has_blocks_whichever_way_it_was_given() -> None:
    """Text and blocks are two ways of saying the same; two equal messages are equal."""
    assert user("hi") == user([{"type": "text", "text": "hi"}])
    assert assistant("hi").fields["stop_reason"] == "end_turn"
    assert assistant("hi", stop_reason=None).fields["stop_reason"] is None
