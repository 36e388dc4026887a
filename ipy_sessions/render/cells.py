"""The saved notebook beside the conversation: what running it would do, and how its cells stand. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby

from ipy_sessions.cell_values import CellState, PlanStep
from ipy_sessions.render.markup import Markup, table
from ipy_sessions.render.panels import line, local, short, stacked

SHOWN = 40  # characters of a prompt
SENTENCE = 90  # characters of what is said of it, as of an error that names every option
NOTHING = "No cell of the saved notebook asks anything."


def plan(steps: Sequence[PlanStep], saved: str) -> Markup:
    """Return what running a notebook would do, and what that would cost.

    Parameters
    ----------
    steps
        From top to bottom.
    saved
        When the notebook was saved; empty when that is not known.
    """
    if not steps:
        return stacked([line(NOTHING), line(_seen(saved))])
    rows = [(str(step.position), _beginning(step.text), _does(step)) for step in steps]
    shown = table(("cell", "says", "running it"), rows, right=(0,))
    return stacked([shown, *map(line, [*_costs(steps), *_doubts(steps), _seen(saved)])])


def survey(states: Sequence[CellState], saved: str) -> Markup:
    """Return how the cells of a notebook stand to a conversation; the parameters are as for `plan`."""
    if not states:
        return stacked([line(NOTHING), line(_seen(saved))])
    rows = [("" if one.position is None else str(one.position), _beginning(one.text), *_stands(one)) for one in states]
    return stacked([table(("cell", "says", "is", "turn"), rows, right=(0,)), line(_seen(saved))])


def _beginning(text: str) -> str:
    return short(text, SHOWN)


def _does(step: PlanStep) -> str:
    said = {
        "replay": f"replay {_turn(step)}",
        "ask": "ask",
        "branch": f"branch at {_turn(step)}",
        "refuse": "refused: it is not logged" + (f"; nearest is {_turn(step)}" if step.turn else ""),
        "elsewhere": f"goes to {step.note}",
        "move": "moves the conversation, which is not followed here",
        "error": f"fails: {_cut(step.note)}",
    }[step.does]
    if step.does == "replay" and step.note:
        said += f", {step.note}"
    if step.carried:
        said += f"; {turns(step.carried)} {'comes' if len(step.carried) == 1 else 'come'} along"
    if step.left:
        said += f"; {turns(step.left)} {'is' if len(step.left) == 1 else 'are'} on the other branch then"
    return said


def _cut(sentence: str) -> str:
    return sentence if len(sentence) <= SENTENCE else f"{sentence[: SENTENCE - 1]}…"


def _turn(one: PlanStep | CellState) -> str:
    return f"turn {one.turn}" + (f" ({local(one.when)})" if one.when else "")


def turns(numbers: Sequence[int]) -> str:
    """Return the numbers of some turns in words: ``turns 2, 4-9``."""
    runs = []
    for _, run in groupby(enumerate(sorted(numbers)), lambda pair: pair[1] - pair[0]):
        found = [number for _, number in run]
        runs.append(f"{found[0]}-{found[-1]}" if len(found) > 1 else str(found[0]))
    return f"{'turn' if len(numbers) == 1 else 'turns'} {', '.join(runs)}"


def _costs(steps: Sequence[PlanStep]) -> Iterable[str]:
    """Yield what running everything asks, and where it stops."""
    asks = sum(step.asks for step in steps)
    others = sum(step.does == "elsewhere" for step in steps)
    yield f"Run All asks {_often(asks)}" + (f", and other sessions up to {_times(others)}." if others else ".")
    failing = next((number for number, step in enumerate(steps) if step.fails), None)
    if failing is not None:
        before = sum(step.asks for step in steps[:failing])
        yield f"It stops at cell {steps[failing].position}, which fails, after asking {_often(before)}."


def _often(asks: int) -> str:
    return f"the model {_times(asks)}" if asks else "nothing"


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count:,} times"


def _doubts(steps: Sequence[PlanStep]) -> Iterable[str]:
    """Yield what only running tells."""
    movers = [step for step in steps if step.does == "move"]
    if movers and steps[-1].depends:
        named = list(dict.fromkeys(str(step.position) for step in movers))
        where = f"cell{'' if len(named) == 1 else 's'} {', '.join(named)}"
        yield f"What stands below depends on the commands that move the conversation, in {where}."
    if any(step.in_block for step in steps):
        yield "What is indented counts once: how often a loop or a condition lets it run is not known."


def _seen(saved: str) -> str:
    return f"As the notebook was saved, {local(saved)}; what was changed since is not seen." if saved else ""


def _stands(one: CellState) -> tuple[str, str]:
    notes = [
        *(["out of order: it stands before a turn of a cell above"] if one.out_of_order else []),
        *(["another cell has its id"] if one.doubled else []),
    ]
    what = {
        "changed": "changed since",
        "left behind": "left behind by a moving command",
        "missing": "missing: its cell does not ask it any more",
        "elsewhere": f"goes to {one.note}",
        "error": f"cannot be read: {_cut(one.note)}",
    }.get(one.state, one.state)
    return "; ".join([what, *notes]), "" if one.turn is None else _turn(one).removeprefix("turn ")
