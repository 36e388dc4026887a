"""What can be typed, as values: one class for each thing that a line may mean, in a module for each kind of them.

Pure data: how they are typed is the business of `agent` and `forms`, what they do that of `magics`.
"""

from ipy_sessions.commands.values.about import File, Help, Set, Where
from ipy_sessions.commands.values.ask import Ask
from ipy_sessions.commands.values.cells import Cells, Plan
from ipy_sessions.commands.values.command import Command
from ipy_sessions.commands.values.exchange import BRANCHES, Export, Import
from ipy_sessions.commands.values.life import Close, Continue, Fork, Keep, List, New, Open, Rename
from ipy_sessions.commands.values.lookback import SUMS, Again, Compare, History, Show, Tree, Usage
from ipy_sessions.commands.values.picking import Pick
from ipy_sessions.commands.values.queries import Sql
from ipy_sessions.commands.values.search import Search
from ipy_sessions.commands.values.travel import Drop, Hide, Label, Rewind, Switch
from ipy_sessions.commands.values.upkeep import Delete, Mark, Prune, Redact, Restore, Share, Tag, Verify

__all__ = [
    "BRANCHES",
    "SUMS",
    "Again",
    "Ask",
    "Cells",
    "Close",
    "Command",
    "Compare",
    "Continue",
    "Delete",
    "Drop",
    "Export",
    "File",
    "Fork",
    "Help",
    "Hide",
    "History",
    "Import",
    "Keep",
    "Label",
    "List",
    "Mark",
    "New",
    "Open",
    "Pick",
    "Plan",
    "Prune",
    "Redact",
    "Rename",
    "Restore",
    "Rewind",
    "Search",
    "Set",
    "Share",
    "Show",
    "Sql",
    "Switch",
    "Tag",
    "Tree",
    "Usage",
    "Verify",
    "Where",
]
