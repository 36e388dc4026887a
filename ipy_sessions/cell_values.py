"""What can be said of the cells of a notebook: what running one would do, and how one stands to the conversation.

Values, and pure. How they are found is the business of `planning` and `survey`, how they are shown that of `render`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PlanStep:
    """What running one line of a notebook would do.

    Parameters
    ----------
    position
        The number of its cell from the top of the notebook, from 1.
    cell
        Its cell's id; ``None`` where it has none.
    text
        The prompt; of what is no ask, the line.
    does
        ``"replay"``: it shows the logged answer of `turn`. ``"ask"``: it asks the model, at the end. ``"branch"``: it
        asks the model beside `turn`. ``"refuse"``: it fails, since only what is logged may be shown, and `turn` is
        what comes nearest. ``"elsewhere"``: it asks another session. ``"move"``: it moves the conversation or chooses
        another, which is not followed here. ``"error"``: it cannot be read.
    turn
        Number of that turn; one that the plan itself would make has the number that it will have. ``None`` for none.
    when
        When the turn was asked; empty where there is none yet.
    carried
        Numbers of the turns that come along to a new branch.
    left
        Numbers of the turns that are on the other branch then.
    note
        What else there is to say: why it cannot be read, where it asks, that it moves to another branch.
    in_block
        Whether it is indented, and so may run any number of times, or never; it counts once.
    depends
        Whether a line above moves the conversation, so that this may turn out otherwise.
    """

    position: int
    cell: str | None
    text: str
    does: str
    turn: int | None = None
    when: str = ""
    carried: tuple[int, ...] = ()
    left: tuple[int, ...] = ()
    note: str = ""
    in_block: bool = False
    depends: bool = False

    @property
    def asks(self) -> bool:
        """Whether it asks the model in this session."""
        return self.does in {"ask", "branch"}

    @property
    def fails(self) -> bool:
        """Whether the cell fails there, and what stands below does not run."""
        return self.does in {"refuse", "error"}


@dataclass(frozen=True, slots=True)
class CellState:
    """How one ask of a notebook stands to the conversation.

    Parameters
    ----------
    position
        The number of its cell from the top of the notebook, from 1; ``None`` for what is missing.
    cell
        Its cell's id; ``None`` where it has none.
    text
        The prompt; of what is missing, what was asked; of what cannot be read, the line.
    state
        ``"current"``: its answer is on the active branch. ``"changed"``: the cell has asked something else there, or
        has asked this before it was changed. ``"unfinished"``: its answer stopped early. ``"left behind"``: a moving
        command of a cell below has left it. ``"on another branch"``: its answer is there. ``"dropped"``: its turn was.
        ``"never asked"``: it has no turn. ``"missing"``: a turn of the active branch whose ask is not in the notebook
        any more. ``"elsewhere"``: it asks another session. ``"error"``: it cannot be read.
    turn
        Number of the turn that this was told by; ``None`` for none.
    when
        When that was asked; empty where there is none.
    out_of_order
        Whether the turn stands before one of a cell above it.
    doubled
        Whether another cell has the same id.
    note
        What else there is to say: why it cannot be read, where it asks.
    """

    position: int | None
    cell: str | None
    text: str
    state: str
    turn: int | None = None
    when: str = ""
    out_of_order: bool = False
    doubled: bool = False
    note: str = ""
