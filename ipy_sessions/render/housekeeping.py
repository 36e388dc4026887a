"""What house-keeping shows: what is in the trash, what would go, what is damaged."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Protocol

from ipy_sessions.findings import Finding
from ipy_sessions.render.markup import Markup, table
from ipy_sessions.render.panels import line, stacked, when
from ipy_sessions.retention import Going, Plan
from ipy_sessions.summary import SessionInfo

SHOWN = 50  # rows of a table
OF_A_KIND = 5  # findings of one kind that are shown; the others are counted


class Verified(Protocol):
    """What was found in one session's file: `upkeep.Verified`."""

    @property
    def path(self) -> Path:
        """The file."""

    @property
    def findings(self) -> Sequence[Finding]:
        """What is wrong with it."""

    @property
    def original(self) -> Path | None:
        """Where the damaged file is after a repair."""


class Spot(Protocol):
    """Something that was found in a session: `sharing.Spot`."""

    @property
    def what(self) -> str:
        """What it is."""

    @property
    def where(self) -> str:
        """Where it stands."""


class Shared(Protocol):
    """What sharing one session did or would do: `rewriting.Shared`."""

    @property
    def row(self) -> SessionInfo:
        """The session."""

    @property
    def files(self) -> Sequence[Path]:
        """Its file and its payloads."""

    @property
    def taken(self) -> Sequence[str]:
        """Fields that told of this machine."""

    @property
    def redacted(self) -> int:
        """Entries that a secret was taken out of."""

    @property
    def secrets(self) -> Sequence[Spot]:
        """What would stop it."""

    @property
    def traces(self) -> Sequence[Spot]:
        """What tells of the user, and stays."""


def trash(rows: Sequence[SessionInfo], now: datetime) -> Markup:
    """Return what is in the trash."""
    if not rows:
        return line("The trash is empty.")
    shown = table(("session", "id", "last message"), [(row.title, row.tail, when(row, now)) for row in rows[:SHOWN]])
    return stacked([shown, *_more(rows), line("`%session restore ID` brings one back.")])


def would_prune(plan: Plan) -> Markup:
    """Return what a policy would put into the trash, and what protects the rest."""
    rows = [(going.candidate.title, going.candidate.id[-6:], going.reason) for going in plan.going]
    kept = [f"{one.candidate.title} stays: it is {one.why}." for one in plan.staying[:5]]
    if len(plan.staying) > 5:  # noqa: PLR2004 - as many as are named above
        kept.append(f"{len(plan.staying) - 5} more stay: named, pinned, labelled or open.")
    if not rows:
        return stacked([line("Nothing would go."), *map(line, kept)])
    shown = table(("would go", "id", "because"), rows[:SHOWN])
    told = f"{_sessions(len(rows))} would go into the trash. The same with `--yes` does it."
    return stacked([shown, *_more(rows), *map(line, kept), line(told)])


def pruned(gone: Sequence[Going]) -> Markup:
    """Return what went into the trash."""
    if not gone:
        return line("Nothing went.")
    shown = table(("went", "id", "because"), [(one.candidate.title, one.candidate.id[-6:], one.reason) for one in gone])
    return stacked([shown, line(f"{_sessions(len(gone))} went into the trash. `%session restore` shows it.")])


def would_empty(going: Sequence[tuple[SessionInfo, str]]) -> Markup:
    """Return what of the trash would be deleted."""
    if not going:
        return line("Nothing would go.")
    shown = table(("would go for good", "id", "because"), [(row.title, row.tail, why) for row, why in going[:SHOWN]])
    return stacked(
        [shown, *_more(going), line(f"{_sessions(len(going))} would go for good. The same with `--yes` does it.")]
    )


def emptied(gone: Sequence[tuple[SessionInfo, str]], blobs: int) -> Markup:
    """Return what was deleted."""
    return line(f"{_sessions(len(gone))} and {blobs:,} payload{'' if blobs == 1 else 's'} were deleted for good.")


def verified(found: Sequence[Verified], orphans: int, skipped: Sequence[tuple[Path, str]], *, repaired: bool) -> Markup:
    """Return what is wrong, and the cure of each."""
    kinds: dict[str, list[tuple[str, str, str, str]]] = {}
    for one in found:
        for finding in one.findings:
            if not (one.original is not None and finding.repair):
                row = one.path.name, str(finding.line or ""), finding.text, finding.cure
                kinds.setdefault(finding.kind, []).append(row)
    rows = [row for of_kind in kinds.values() for row in of_kind[:OF_A_KIND]]
    parts = [table(("file", "line", "found", "cure"), rows, right=(1,))] if rows else []
    for kind, of_kind in kinds.items():
        if len(of_kind) > OF_A_KIND:
            parts.append(line(f"{len(of_kind) - OF_A_KIND:,} more like this: {kind}."))
    parts += [line(f"{one.path.name} was mended; the damaged file is {one.original}.") for one in found if one.original]
    parts += [line(f"{path.name} is no session: {reason}") for path, reason in skipped]
    if orphans and repaired:
        parts.append(line(f"{orphans:,} payloads that no session refers to were deleted."))
    elif orphans:
        parts.append(line(f"{orphans:,} payloads belong to no session. `%session verify --repair` deletes them."))
    return stacked(parts) if parts else line("Nothing is wrong.")


def redacted(entries: int, sessions: int, refused: Sequence[tuple[str, str]] = ()) -> Markup:
    """Return how much was taken out, and of which sessions nothing could be, each with the reason."""
    left = [line(f"{title} was left as it is: {reason}") for title, reason in refused]
    if not entries:
        return stacked([line("Nothing was found to take out."), *left])
    said = "It may still stand in the notebook, in its outputs, in IPython's history and in other sessions (`--all`)."
    done = f"Taken out of {entries:,} {'entry' if entries == 1 else 'entries'} of {_sessions(sessions)}. {said}"
    return stacked([line(done), *left])


def shared(done: Sequence[Shared], hidden: Sequence[str], refused: Sequence[tuple[str, str]] = ()) -> Markup:
    """Return what can be committed now, what was taken out for that, and what git ignores all the same."""
    said = [line(f"What looks like a secret was taken out of {one.row.title}.") for one in done if one.redacted]
    rules = "; ".join(hidden[:OF_A_KIND])
    if hidden:
        said.append(line(f"git ignores them all the same, by {rules}. Take that out, and it takes what was shared."))
    elif done:
        said.append(line("Commit them with the notebook: `git add` takes of the folder what was shared, and no more."))
    return _sharing("shared", done, said, refused)


def would_share(done: Sequence[Shared], refused: Sequence[tuple[str, str]] = ()) -> Markup:
    """Return what sharing would do, and what would stop it."""
    said = []
    for one in done:
        if one.secrets:
            places = _listed([f"{spot.where} ({spot.what})" for spot in one.secrets])
            text = f"Something in {one.row.title} looks like a secret, and would stop it: {places}."
            said.append(line(f"{text} `%session redact --of {one.row.tail}` takes it out, and so does `--redact`."))
    said += [line("Nothing was done. The same without `--check` does it.")] if done else []
    return _sharing("would be shared", done, said, refused)


def _sharing(what: str, done: Sequence[Shared], said: Sequence[Markup], refused: Sequence[tuple[str, str]]) -> Markup:
    rows = [
        (one.row.title, one.row.tail, f"{len(one.files) - 1:,}", ", ".join(one.taken) or "nothing")
        for one in done[:SHOWN]
    ]
    parts = [table((what, "id", "payloads", "taken out"), rows, right=(2,)), *_more(done)] if rows else []
    if not rows and not refused:
        parts = [line("There is no session to share yet.")]
    for one in done:
        places: dict[str, list[str]] = {}
        for spot in one.traces:
            places.setdefault(spot.what, []).append(spot.where)
        parts += [
            line(f"In {one.row.title}, {name} stands in {_listed(where)}: left for you to judge.")
            for name, where in places.items()
        ]
    parts += [line(f"{title} was left as it is: {reason}") for title, reason in refused]
    return stacked([*parts, *said])


def _listed(places: Sequence[str]) -> str:
    more = f" and {len(places) - OF_A_KIND:,} more" if len(places) > OF_A_KIND else ""
    return ", ".join(places[:OF_A_KIND]) + more


def _sessions(count: int) -> str:
    return f"{count:,} session{'' if count == 1 else 's'}"


def _more(rows: Sequence[object]) -> list[Markup]:
    return [line(f"… and {len(rows) - SHOWN:,} more.")] if len(rows) > SHOWN else []
