"""Which sessions may go: what is meant to stay stays, and what cannot be read removes nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ipy_sessions import SettingError
from ipy_sessions.retention import Candidate, Plan, Policy, plan

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
DAY = timedelta(days=1)

TIMES = st.timedeltas(timedelta(days=-3), timedelta(days=90)).map(lambda age: NOW - age)
CANDIDATES = st.lists(
    st.builds(
        Candidate,
        id=st.integers(0, 10**6).map(str),
        title=st.just("a title"),
        modified=TIMES | st.sampled_from([NOW, NOW - 30 * DAY, NOW - 31 * DAY]),
        size=st.integers(0, 5000),
        name=st.sampled_from([None, None, None, "", "alice"]),
        pinned=st.sampled_from([False, False, False, True]),
        labels=st.sampled_from([0, 0, 0, 2]),
        in_use=st.sampled_from([False, False, False, True]),
    ),
    max_size=20,
    unique_by=lambda candidate: candidate.id,
)
POLICIES = st.builds(
    Policy,
    older_than=st.none() | st.timedeltas(timedelta(seconds=1), 60 * DAY),
    keep=st.none() | st.integers(1, 15),
    max_bytes=st.none() | st.integers(1, 20_000),
)


def session(number: int, age: float = 0, size: int = 100, **more: Any) -> Candidate:
    """Return a session whose last message is so many days old."""
    return Candidate(
        path=f"{number:04}.jsonl",
        id=f"{number:04}",
        title=f"session {number}",
        modified=NOW - age * DAY,
        size=size,
        **more,
    )


def protected(candidate: Candidate) -> bool:
    """Tell whether somebody has named, pinned, labelled or opened it."""
    return bool(candidate.name or candidate.pinned or candidate.labels or candidate.in_use)


def rest(candidates: list[Candidate], planned: Plan) -> list[Candidate]:
    """Return what is there after a plan was carried out."""
    gone = {going.candidate.id for going in planned.going}
    return [candidate for candidate in candidates if candidate.id not in gone]


def said(planned: Plan) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Return titles and reasons."""
    return (
        [(going.candidate.title, going.reason) for going in planned.going],
        [(staying.candidate.title, staying.why) for staying in planned.staying],
    )


@given(CANDIDATES)
def test_by_default_nothing_goes(candidates: list[Candidate]) -> None:
    """A policy without limits removes nothing, and has nothing to say."""
    assert plan(candidates, Policy(), NOW) == Plan([], [])
    assert Policy.parse() == Policy()


@given(CANDIDATES, POLICIES)
def test_what_somebody_cares_for_never_goes(candidates: list[Candidate], policy: Policy) -> None:
    """Named, pinned, labelled and open ones stay, and a reason stands beside those that would have gone."""
    planned = plan(candidates, policy, NOW)
    assert not any(protected(going.candidate) for going in planned.going)
    assert all(protected(staying.candidate) and staying.why for staying in planned.staying)
    assert all(going.reason for going in planned.going)


@given(CANDIDATES, POLICIES)
@example([session(1, age=50, name="alice"), session(2)], Policy(keep=1))
def test_afterwards_the_limits_hold(candidates: list[Candidate], policy: Policy) -> None:
    """Age and bytes, unless only protected ones, or ones without a byte, remain; the number is of those that may go."""
    remain = rest(candidates, plan(candidates, policy, NOW))
    free = [candidate for candidate in remain if not protected(candidate)]
    if policy.older_than is not None:
        assert all(NOW - candidate.modified <= policy.older_than for candidate in free)
    if policy.keep is not None:
        assert len(free) <= policy.keep
    if policy.max_bytes is not None:
        assert sum(candidate.size for candidate in remain) <= policy.max_bytes or not any(one.size for one in free)


@given(CANDIDATES, POLICIES)
def test_a_plan_that_was_carried_out_leaves_nothing_to_do(candidates: list[Candidate], policy: Policy) -> None:
    """Planning again at the same time removes nothing more."""
    assert plan(rest(candidates, plan(candidates, policy, NOW)), policy, NOW).going == []


@given(CANDIDATES, POLICIES, st.randoms())
def test_the_order_of_the_input_does_not_matter(candidates: list[Candidate], policy: Policy, random: Any) -> None:
    """A dry run shows what the real one does, in whatever order the files are found."""
    shuffled = list(candidates)
    random.shuffle(shuffled)
    assert plan(shuffled, policy, NOW) == plan(candidates, policy, NOW)


@given(CANDIDATES, POLICIES)
def test_no_more_goes_than_has_to(candidates: list[Candidate], policy: Policy) -> None:
    """Whatever went last could not have stayed."""
    planned = plan(candidates, policy, NOW)
    if not planned.going:
        return
    last = planned.going[-1].candidate
    remain = [*rest(candidates, planned), last]
    too_old = policy.older_than is not None and NOW - last.modified > policy.older_than
    too_many = policy.keep is not None and len(remain) > policy.keep
    too_large = policy.max_bytes is not None and sum(candidate.size for candidate in remain) > policy.max_bytes
    assert too_old or too_many or too_large


@given(CANDIDATES, POLICIES)
def test_the_oldest_go_first(candidates: list[Candidate], policy: Policy) -> None:
    """By the last message; and the plan tells them in that order."""
    planned = plan(candidates, policy, NOW)
    for told in ([one.candidate for one in planned.going], [one.candidate for one in planned.staying]):
        times = [min(candidate.modified, NOW) for candidate in told]
        assert times == sorted(times)


def test_each_goes_with_its_reason() -> None:
    """The first limit that it broke, in a few words."""
    sessions = [
        session(1, age=41),
        session(2, age=30.5, name="alice"),
        session(3, age=30.5, pinned=True, labels=1),
        session(4, age=20),
        session(5, age=10, size=600),
        session(6, age=1, in_use=True),
        session(7, size=300),
    ]
    assert said(plan(sessions, Policy(timedelta(days=30), keep=2, max_bytes=1000), NOW)) == (
        [
            ("session 1", "last message 41 days ago"),
            ("session 4", "more than 2"),
            ("session 5", "beyond 1 kB"),
        ],
        [("session 2", "named"), ("session 3", "pinned, labelled")],
    )


def test_the_open_session_stays_whatever_its_age() -> None:
    """And the plan says that it is open."""
    assert said(plan([session(1, age=400, in_use=True)], Policy.parse("1y"), NOW)) == ([], [("session 1", "open")])


@pytest.mark.parametrize(
    ("older_than", "age", "reason"),
    [
        ("12h", 13 / 24, "last message 13 hours ago"),
        ("1h", 1.5 / 24, "last message 1 hour ago"),
        ("1d", 1.9, "last message 45 hours ago"),
        ("1d", 2.1, "last message 2 days ago"),
        ("1y", 366, "last message 366 days ago"),
    ],
)
def test_an_age_is_told_in_hours_or_days(older_than: str, age: float, reason: str) -> None:
    """Hours below two days."""
    assert [going.reason for going in plan([session(1, age)], Policy.parse(older_than), NOW).going] == [reason]


def test_exactly_at_the_limit_it_stays() -> None:
    """Older than 30 days is more than 30 days; so is more than 2, and beyond 200 bytes."""
    sessions = [session(1, age=30), session(2)]
    assert plan(sessions, Policy(30 * DAY, keep=2, max_bytes=200), NOW) == Plan([], [])


def test_what_frees_nothing_stays() -> None:
    """A session without a byte does not go because others are large."""
    sessions = [session(1, age=3, size=0), session(2, age=2), session(3)]
    assert said(plan(sessions, Policy(max_bytes=100), NOW)) == ([("session 2", "beyond 100 B")], [])


def test_a_time_in_the_future_is_new() -> None:
    """A clock that was wrong makes no session older than others, and none newer than now."""
    sessions = [session(1, age=-1000), session(2), session(3, age=1)]
    assert [going.candidate.title for going in plan(sessions, Policy(keep=1), NOW).going] == ["session 3", "session 1"]


@pytest.mark.parametrize(
    ("size", "words"),
    [
        ("500MB", "beyond 500 MB"),
        ("2GiB", "beyond 2 GiB"),
        ("1.5 GB", "beyond 1500 MB"),
        (123, "beyond 123 B"),
        ("2tib", "beyond 2 TiB"),
    ],
)
def test_a_size_is_told_as_it_was_meant(size: str | int, words: str) -> None:
    """Exactly, in units that make it a whole number."""
    sessions = [session(1, size=10**15)]
    assert [going.reason for going in plan(sessions, Policy.parse(max_bytes=size), NOW).going] == [words]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ({"older_than": "30d"}, Policy(older_than=30 * DAY)),
        ({"older_than": "2w"}, Policy(older_than=14 * DAY)),
        ({"older_than": "12h"}, Policy(older_than=DAY / 2)),
        ({"older_than": "1y"}, Policy(older_than=365 * DAY)),
        ({"older_than": "1.5 years"}, Policy(older_than=547.5 * DAY)),
        ({"older_than": "1 day"}, Policy(older_than=DAY)),
        ({"older_than": "100Y"}, Policy(older_than=36500 * DAY)),
        ({"keep": "100"}, Policy(keep=100)),
        ({"keep": 100}, Policy(keep=100)),
        ({"max_bytes": "500MB"}, Policy(max_bytes=500_000_000)),
        ({"max_bytes": "2GiB"}, Policy(max_bytes=2 * 1024**3)),
        ({"max_bytes": "64 kib"}, Policy(max_bytes=65_536)),
        ({"max_bytes": "1.5kB"}, Policy(max_bytes=1500)),
        ({"max_bytes": "800B"}, Policy(max_bytes=800)),
        ({"max_bytes": 800}, Policy(max_bytes=800)),
    ],
)
def test_limits_are_typed_as_one_says_them(typed: dict[str, Any], meant: Policy) -> None:
    """Ages in hours, days, weeks and years; sizes in both kinds of units."""
    assert Policy.parse(**typed) == meant


BAD = {
    "older_than": [
        *("", "30", "d", "0d", "0.0d", "-1d", "+1d", "nan", "nand", "infd", "1e3d", "30 bananas", "1m", "6mo", "1d2h"),
        *("30d ", " 30d", "30d\n", "1,5d", "٣d", "101y", "9" * 19 + "y", "9" * 400 + "d", "0.000000001h"),
        *(30, 30.0, True, float("nan"), b"30d", [30]),
    ],
    "keep": ["", "0", "-1", "+1", "1.5", "1e3", "nan", "1_000", "1,000", "٣", "all", " 5", 0, -1, 1.5, True, 10**10],
    "max_bytes": [
        *("", "500", "MB", "0MB", "-1MB", "nan", "nanMB", "1e3MB", "500M", "2G", "1 bananas", "0.1B", "9" * 19 + "TB"),
        *(0, -1, 1.5, float("nan"), float("inf"), True, 10**19, b"1MB"),
    ],
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in BAD.items() for value in values])
def test_what_is_no_limit_is_refused(name: str, value: Any) -> None:
    """In one sentence, with what was found and what can be typed; so a slip of the hand removes nothing."""
    example_of = {"older_than": "'30d'", "keep": "100", "max_bytes": "'500MB'"}[name]
    with pytest.raises(SettingError, match=f"^{name} is .*such as .*{example_of}.*, and not ") as caught:
        Policy.parse(**{name: value})
    assert f"{value!r:.60}" in str(caught.value)
    with pytest.raises(SettingError, match=f"^{name} is "):
        Policy(**{name: cast("Any", object() if isinstance(value, str) else value)})


@given(st.text() | st.from_regex(r"\A[0-9.]{0,6} ?[a-zA-Z]{0,5}\Z"))
def test_whatever_is_typed_is_a_limit_or_one_sentence(text: str) -> None:
    """Nothing else is ever raised, and no limit is zero."""
    for name in ("older_than", "keep", "max_bytes"):
        try:
            policy = Policy.parse(**{name: text})
        except SettingError:
            continue
        assert getattr(policy, name)
