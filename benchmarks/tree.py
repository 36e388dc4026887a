"""The tree of a session: drawing it, and deciding what running a cell comes to.

To draw is to find the turns and their order and to write both forms; beside it stands writing these to a file. Deciding
is measured in a session whose every cell has asked once, with all of these cells in the notebook, beside listing the
ids of the questions. The first decision after opening reads every question, and is reported apart.
"""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from figures import Figure, medians

from ipy_sessions import Session, SessionManager, assistant, user
from ipy_sessions.ask import Ask
from ipy_sessions.replay import Append, Branch, Decision, Order, Replay, decide

DRAWN, DECIDED = 1000, 10_000  # turns
FORKS = 0.1  # share of turns that begin a branch somewhere before
ROUNDS = 15
NAME = f"deciding in {DECIDED:,} turns"


def tree() -> list[Figure]:
    """Draw a tree with branches, and decide in a long conversation."""
    with tempfile.TemporaryDirectory() as folder, SessionManager(Path(folder) / ".sessions") as manager:
        return [*_drawing(manager, Path(folder)), *_deciding(manager)]


# Drawing


def _drawing(manager: SessionManager, folder: Path) -> list[Figure]:
    from ipy_sessions import draw

    session = _forked(manager.create("forked"))
    path, forms = folder / "picture", draw(session, whole=True)
    for number in range(1, DRAWN + 1):
        if f">{number}</tspan>" not in forms.svg or f" {number} [" not in forms.plain:
            raise AssertionError(f"turn {number} is not drawn")
    drawn, some, floor = medians(
        ROUNDS,
        lambda: draw(session, whole=True),
        lambda: draw(session),
        lambda: path.write_text(forms.svg + forms.plain),
    )
    name = f"drawing {DRAWN:,} turns with branches, as SVG and text"
    return [
        Figure(f"{name}: all", drawn * 1000, floor * 1000, "ms", "ours", 500),
        Figure(f"{name}: the nearest", some * 1000, floor * 1000, "ms", "ours", None),
    ]


def _forked(session: Session) -> Session:
    """Ask so many turns, some of them behind any other."""
    chance = random.Random(20260301)  # noqa: S311 - a tree is no secret
    for number in range(1, DRAWN + 1):
        if number > 1 and chance.random() < FORKS:
            session.switch_to(chance.randrange(1, number))
        _asked(session, number)
    return session


def _asked(session: Session, number: int, edit: str = "") -> None:
    session.append(user(_text(number, edit), cell_id=f"cell-{number}", execution_count=number))
    session.append(assistant("An answer with some words in it. " * 10))


def _text(number: int, edit: str) -> str:
    return f"Question {number}, as long as questions in notebooks often are {edit}"


# Deciding


def _deciding(manager: SessionManager) -> list[Figure]:
    session = manager.create("long")
    for number in range(1, DECIDED + 1):
        _asked(session, number)
    manager.close(session)
    session = manager.open(session.file)
    began = time.perf_counter()
    _decided(session, DECIDED, Replay)()
    opened = (time.perf_counter() - began) * 1000
    first = _measured(
        session,
        {
            "replay of the last cell": _decided(session, DECIDED, Replay),
            "edit of the last cell": _decided(session, DECIDED, Branch, "edited"),
            "edit of a cell in the middle": _decided(session, DECIDED // 2, Branch, "edited"),
            "edit of the first cell": _decided(session, 1, Branch, "edited"),
        },
    )
    session.move(None)
    _asked(session, 1, "edited")
    then = _measured(
        session,
        {
            "undo of an edit of the first cell": _decided(session, 1, Replay),
            "the cell below that edit": _decided(session, 2, Append),
        },
    )
    return [Figure(f"{NAME}: the first after opening", opened, first[0].floor, "ms", "ours", None), *first, *then]


def _measured(session: Session, steps: dict[str, Callable[[], None]]) -> list[Figure]:
    floor, *found = medians(ROUNDS, lambda: session.turns.ids, *steps.values())
    return [
        Figure(f"{NAME}: {what}", took * 1000, floor * 1000, "ms", "ours", 5)
        for what, took in zip(steps, found, strict=True)
    ]


def _decided(session: Session, number: int, kind: type[Decision], edit: str = "") -> Callable[[], None]:
    """Return the step that decides what running a cell comes to, edited or not."""
    order = Order(tuple(f"cell-{number}" for number in range(1, DECIDED + 1)))
    ask = Ask(_text(number, edit), cell=f"cell-{number}")

    def step() -> None:
        decision = decide(session.turns, ask, order)
        if type(decision) is not kind:
            raise AssertionError(f"{decision!r:.200} and no {kind.__name__}")

    return step
