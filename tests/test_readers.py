"""How a format is told from a file, and how another agent's records become entries of ours."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipy_sessions.errors import NotASessionError
from ipy_sessions.identifiers import derived, milliseconds, moment
from ipy_sessions.manager import SessionManager
from ipy_sessions.readers.file import File
from ipy_sessions.readers.registry import read, reader_of, readers, register
from ipy_sessions.readers.transcript import Draft, Follows, Transcript, when
from ipy_sessions.tree import Tree


def test_our_own_session_is_read_as_it_was_written(tmp_path: Path) -> None:
    """Every entry, in its order, and the header."""
    with SessionManager(tmp_path) as manager:
        session = manager.create("told")
        session.prompt("hello")
        path, entries = session.file, list(session.tree)
    (transcript,) = read(File(str(path), path.read_bytes()))
    assert (transcript.id, transcript.format, transcript.entries) == (session.id, "ipy_sessions", entries)


def test_what_no_reader_knows_is_named() -> None:
    """The sentence says which file, and which formats there are."""
    with pytest.raises(NotASessionError, match=r"notes\.jsonl is no transcript of a format.*ipy_sessions"):
        list(read(File("notes.jsonl", b"{}\nhello\n")))


class Shouting:
    """A reader of another package: a line is a message."""

    name = "shouting"

    def knows(self, file: File) -> bool:
        """Tell whether it shouts."""
        return file.data.startswith(b"HEY")

    def read(self, file: File) -> Iterator[Transcript]:
        """Yield one conversation."""
        draft = Draft(self.name, file.path)
        draft.add("message", {"role": "user", "content": [{"type": "text", "text": file.text}]})
        yield draft.finish(file.path)


def test_another_package_adds_a_reader() -> None:
    """It is asked first, and takes the place of one of its name."""
    register(Shouting())
    register(Shouting())
    assert [reader.name for reader in readers()].count("shouting") == 1
    assert reader_of(File("x", b"HEY you")).name == "shouting"


def test_a_record_may_follow_one_that_comes_later() -> None:
    """Parents are set when all is read; one that never comes is reported as missing, and nothing is lost."""
    draft = Draft("other", "s", "2026-01-01T00:00:00Z")
    draft.add("message", {"role": "assistant", "content": []}, key="b", after=Follows("a"))
    draft.add("message", {"role": "user", "content": []}, key="a", after=Follows("gone"))
    transcript = draft.finish()
    assert transcript.entries[0].parent_id == transcript.entries[1].id
    assert Tree(transcript.entries).missing == [transcript.entries[1].parent_id]


def test_a_record_that_stands_twice_is_read_once() -> None:
    """The first stays as it is."""
    draft = Draft("other", "s")
    assert draft.add("message", {"role": "user"}, key="a") == draft.add("message", {"role": "assistant"}, key="a")
    assert [entry.role for entry in draft.finish().entries] == ["user"]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2026-01-02T03:04:05.678Z", "2026-01-02T03:04:05.678Z"),
        ("2026-01-02T03:04:05Z", "2026-01-02T03:04:05.000Z"),
        ("2026-01-02T04:04:05.678901+01:00", "2026-01-02T03:04:05.678Z"),
        (1767323045678, "2026-01-02T03:04:05.678Z"),
        (1767323045.5, "2026-01-02T03:04:05.500Z"),
        ("1969-12-31T23:59:59.999Z", "1969-12-31T23:59:59.999Z"),
        ("2026-99-02T03:04:05.678Z", None),
        ("2026-01-02T03:04:60.678Z", None),
        ("2026-01-02T03+04:05.678Z", None),
        (["2026-01-02T03:04:05.678Z"], None),
        ("yesterday", None),
        (True, None),
        (None, None),
        (float("nan"), None),
    ],
)
def test_times_of_every_kind_are_written_as_ours(written: object, read: str | None) -> None:
    """ISO 8601 of any zone, seconds and milliseconds; what is no time is none."""
    assert when(written) == read


@given(st.lists(st.text(), min_size=1), st.lists(st.text(), min_size=1), st.datetimes().map(str))
def test_an_id_is_the_same_for_the_same_and_another_for_another(one: list[str], other: list[str], ts: str) -> None:
    """Also when the parts differ only in where one of them ends."""
    assert derived(ts, *one) == derived(ts, *one)
    assert (derived(ts, *one) == derived(ts, *other)) == (one == other)


@given(st.uuids(version=4).map(str), st.uuids(version=4).map(str), st.text(), st.datetimes().map(str))
def test_an_id_that_comes_of_a_uuid_is_told_by_its_end(one: str, other: str, format: str, ts: str) -> None:  # noqa: A002
    """It is a UUIDv7 that ends as the other, and another's is another."""
    named = derived(ts, format, one)
    assert UUID(named).version == 7
    assert named[19:] == one[19:]
    assert (named == derived(ts, format, other)) == (one == other)


@given(st.datetimes(datetime.fromisoformat("1971-01-01"), datetime.fromisoformat("9998-01-01")), st.timezones())
def test_an_id_tells_its_time(time: datetime, zone: tzinfo) -> None:
    """To the millisecond, in whatever zone it was written, with or without a fraction of a second."""
    draft = Draft("theirs", "s")
    entry_id = draft.add("message", {"role": "user"}, ts=time.replace(tzinfo=zone).isoformat())
    (entry,) = draft.finish().entries
    assert int(entry_id[:13].replace("-", ""), 16) == milliseconds(moment(entry.ts))
    assert timedelta() <= time.replace(tzinfo=zone) - moment(entry.ts) < timedelta(milliseconds=1)


@given(st.lists(st.datetimes(min_value=datetime.fromisoformat("1971-01-01")), min_size=2))
def test_derived_ids_sort_by_time(times: list[datetime]) -> None:
    """As those of UUIDv7 do, to the millisecond."""
    written = sorted(when(str(time)) or "" for time in times)
    assert [derived(ts, "x")[:13] for ts in written] == sorted(derived(ts, "x")[:13] for ts in written)
