"""What can be typed, as values: one class for each thing that a line may mean."""

from __future__ import annotations

from typing import Any, TypeAlias

import msgspec


class Ask(msgspec.Struct, frozen=True):
    """``%%agent``: ask the model.

    Parameters
    ----------
    prompt
        What to ask, as it was typed: the first line's text, then the body.
    options
        What was given for this turn alone: ``model``, ``system``, ``max_tokens`` and so on, as `Parameters` has them.
    session
        Reference of the session that this ask alone goes to; ``None`` for the current one.
    out
        Name of the variable that gets the reply; ``None`` for none.
    take
        Which answer to it is meant, from 1.
    replay
        The setting `replay` for this ask alone; ``None`` for what holds.
    pace
        Whether a logged answer is shown as slowly as it came.
    """

    prompt: str
    options: dict[str, Any] = {}
    session: str | None = None
    out: str | None = None
    take: int = 1
    replay: str | None = None
    pace: bool = False


class Where(msgspec.Struct, frozen=True):
    """``%session`` alone: say which session this is."""


class New(msgspec.Struct, frozen=True):
    """``%session new``: begin another session, once a cell; `temporary` keeps it in memory alone."""

    name: str = ""
    temporary: bool = False
    again: bool = False


class Open(msgspec.Struct, frozen=True):
    """``%session open``: go on with the session that is meant, or only read it; wait so many seconds for its owner."""

    ref: str
    read_only: bool = False
    wait: float = 0.0


class Fork(msgspec.Struct, frozen=True):
    """``%session fork``: go on in a copy of this session, or of another, up to its end or to a turn; once a cell."""

    ref: str = ""
    name: str | None = None
    at: str = ""
    again: bool = False


class List(msgspec.Struct, frozen=True):
    """``%session list``: show the notebook's sessions, or all of the folder.

    Parameters
    ----------
    all
        Those of every notebook.
    wanted
        What narrows the list: the parameters of `SessionManager.list` as they were typed.
    archived
        The archived ones instead.
    """

    all: bool = False
    wanted: dict[str, str] = {}
    archived: bool = False


class Tag(msgspec.Struct, frozen=True):
    """``%session tag``: give tags to this session or another, or take them away."""

    tags: list[str]
    ref: str = ""
    remove: bool = False


class Mark(msgspec.Struct, frozen=True):
    """``%session pin`` and ``%session archive``: mark this session or another, or take the mark away."""

    mark: str
    ref: str = ""
    on: bool = True


class Delete(msgspec.Struct, frozen=True):
    """``%session delete``: put a session into the trash."""

    ref: str


class Restore(msgspec.Struct, frozen=True):
    """``%session restore``: show the trash, or bring a session back from it."""

    ref: str = ""


class Prune(msgspec.Struct, frozen=True):
    """``%session prune``: show what would go by age, number and size, or let it go; of the trash, for good."""

    limits: dict[str, str] = {}
    trash: bool = False
    yes: bool = False


class Verify(msgspec.Struct, frozen=True):
    """``%session verify``: say what is wrong with a session's file, or with any of the folder; put it right."""

    ref: str = ""
    repair: bool = False


class Redact(msgspec.Struct, frozen=True):
    """``%session redact``: take a text, or whatever looks like a secret, out of what is written already."""

    text: str = ""
    ref: str = ""
    all: bool = False


class Share(msgspec.Struct, frozen=True):
    """``%session share``: let a repository have this session or another, or all; only say what that would do."""

    ref: str = ""
    all: bool = False
    check: bool = False
    redact: bool = False


BRANCHES = ("all", "active")
"""What an export can hold."""


class Export(msgspec.Struct, frozen=True):
    """``%session export``: write this session, or another agent's transcript, in another form.

    Parameters
    ----------
    format
        What that form is called.
    path
        The file; empty for one beside the notebook.
    ref
        Which session, or the path of a transcript; empty for this one.
    branch
        ``"all"`` or ``"active"``; ``None`` for what the format holds.
    force
        Write in the place of a file that is there.
    """

    format: str
    path: str = ""
    ref: str = ""
    branch: str | None = None
    force: bool = False


class Import(msgspec.Struct, frozen=True):
    """``%session import``: make sessions out of transcripts, or add to them what is new there."""

    paths: list[str]


class Continue(msgspec.Struct, frozen=True):
    """``%session continue``: go on with the latest session."""


class Close(msgspec.Struct, frozen=True):
    """``%session close``: let go of the session."""


class Keep(msgspec.Struct, frozen=True):
    """``%session keep``: write a session that is in memory alone to its file."""


class Rename(msgspec.Struct, frozen=True):
    """``%session rename``: give the session a name, or take it away."""

    name: str | None


class Rewind(msgspec.Struct, frozen=True):
    """``%session rewind``: go back so many turns."""

    turns: int = 1


class Switch(msgspec.Struct, frozen=True):
    """``%session switch``: stand behind another turn."""

    turn: str


class Label(msgspec.Struct, frozen=True):
    """``%session label``: give a turn a label, or, when that is empty, take it away."""

    turn: str
    label: str = ""


class Hide(msgspec.Struct, frozen=True):
    """``%session hide`` and ``unhide``: keep a turn from being sent, or send it again."""

    turn: str
    on: bool = True


class Drop(msgspec.Struct, frozen=True):
    """``%session drop`` and ``undrop``: leave out a turn and all that follows it, or bring it back."""

    turn: str
    on: bool = True


class Plan(msgspec.Struct, frozen=True):
    """``%session plan``: what running the notebook would do, with `replay` as it is set or as it is given."""

    ref: str = ""
    replay: str | None = None


class Cells(msgspec.Struct, frozen=True):
    """``%session cells``: how the notebook's cells stand to this conversation, or to another."""

    ref: str = ""


class Tree(msgspec.Struct, frozen=True):
    """``%session tree``: the branches of this session or another, of a large one around the leaf; or every turn."""

    ref: str = ""
    all: bool = False


class Compare(msgspec.Struct, frozen=True):
    """``%session compare``: two turns' branches or two sessions, turn by turn; an empty one is the active branch."""

    first: str
    second: str = ""


class History(msgspec.Struct, frozen=True):
    """``%session history``: the conversation as a DataFrame, also bound to `df` if one is named; or what was asked."""

    df: str | None = None
    prompts: bool = False


class Again(msgspec.Struct, frozen=True):
    """``%session again``: put what a turn asked into the next cell, as it was typed; nothing is asked."""

    turn: str


class Usage(msgspec.Struct, frozen=True):
    """``%session usage``: what was spent by this notebook's sessions, by one, or by all of the folder.

    Parameters
    ----------
    ref
        One session; empty for those of this notebook.
    by
        ``"session"``, ``"model"`` or ``"day"``; ``None`` for all three.
    all
        The sessions of every notebook.
    """

    ref: str = ""
    by: str | None = None
    all: bool = False


class Sql(msgspec.Struct, frozen=True):
    """``%session sql``: what a query finds in the folder's conversations, also bound to `df` when one is named."""

    query: str
    df: str | None = None


class Show(msgspec.Struct, frozen=True):
    """``%session show``: the conversation to read, of this session or another; one turn, or its last answer alone."""

    ref: str = ""
    last: bool = False
    turn: str = ""


class Search(msgspec.Struct, frozen=True):
    """``%session search``: find messages by what they say.

    Parameters
    ----------
    what
        Words and phrases, each as it stands; or, where quotes were left in it, the line as it was typed.
    narrowed
        What narrows the search: ``regex``, ``case``, ``role``, ``tool``, ``notebook``, ``deep`` and ``limit`` as
        `magics.tables.search` takes them.
    dates
        ``since`` and ``until`` as they were typed.
    here
        Only the sessions of this notebook.
    paths
        Files, folders and patterns to look in, in place of the kernel's sessions.
    """

    what: str | list[str]
    narrowed: dict[str, Any] = {}
    dates: dict[str, str] = {}
    here: bool = False
    paths: list[str] = []


class File(msgspec.Struct, frozen=True):
    """``%session file``: where the file is."""


class Set(msgspec.Struct, frozen=True):
    """``%session settings``: show the settings, or change what belongs to the session."""

    changes: dict[str, str] = {}


class Help(msgspec.Struct, frozen=True):
    """``%session help``: what there is to type."""

    command: str = ""


Command: TypeAlias = (
    Where | New | Open | Fork | List | Continue | Close | Keep | Rename | Tag | Mark | Delete | Restore | Prune
    | Verify | Redact | Share | Export | Import | Rewind | Switch | Label | Hide | Drop | Plan | Cells | Tree | Compare
    | History | Again | Search | Sql | Show | Usage | File | Set | Help
)  # fmt: skip
