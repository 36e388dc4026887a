"""What a format is given: one conversation, ready to leave.

It owns that no secret leaves and that payloads stand in their places, so that no format has to think of either.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec

from ipy_sessions.context.edits import hidden
from ipy_sessions.counting import summarise
from ipy_sessions.encoding import clean
from ipy_sessions.entries import Entry, Header
from ipy_sessions.readers.transcript import Transcript
from ipy_sessions.store.masking import Mask, unsigned_where_changed
from ipy_sessions.summary import SessionInfo
from ipy_sessions.transcripts import Content
from ipy_sessions.tree import Tree
from ipy_sessions.watching import Watch, unwatched, watched


class Material:
    """A conversation that is to be written down in another form.

    Parameters
    ----------
    header
        Which session it is.
    tree
        All its entries; secrets are masked, payloads in their places. Where it stands is the branch that is active.
    path
        The file that it comes from.
    watch
        Who watches while it is written.
    """

    def __init__(self, header: Header, tree: Tree, path: str = "", watch: Watch = unwatched) -> None:
        self.header, self.tree = header, tree
        self._path, self._watch = path, watch

    @cached_property
    def path(self) -> Sequence[Entry]:
        """The steps of the active branch."""
        return self.tree.path()

    @cached_property
    def messages(self) -> Sequence[Entry]:
        """The messages of the active branch."""
        return [entry for entry in self.path if entry.role in ("user", "assistant")]

    def written(self, entries: Sequence[Entry]) -> Iterator[Entry]:
        """Yield entries to what writes them, watched."""
        return watched(entries, self._watch, "entries")

    @cached_property
    def hidden(self) -> frozenset[str]:
        """Ids of the messages that are kept from the model, on every branch."""
        everything = list(self.tree)
        return hidden(everything, everything)

    @cached_property
    def info(self) -> SessionInfo:
        """The conversation, summed up."""
        return summarise(Path(self._path), self.header, self.tree)

    def active(self) -> Material:
        """Return the same with its active branch alone, and what stands outside the tree."""
        steps = {entry.id for entry in self.path}
        kept = [entry for entry in self.tree if entry.id in steps or (not entry.in_tree and entry.type != "leaf")]
        tree = Tree(kept)
        tree.leaf = self.tree.leaf
        return Material(self.header, tree, self._path, self._watch)


def material(transcript: Transcript, content: Content, mask: Mask, watch: Watch = unwatched) -> Material:
    """Return a transcript as formats take it.

    Parameters
    ----------
    transcript
        The conversation.
    content
        Gives the content of its entries with their payloads.
    mask
        Masks what must not leave.
    watch
        Who watches meanwhile, and while it is written.
    """
    header = msgspec.structs.replace(transcript.header, fields=clean(transcript.header.fields, mask))
    tree = Tree()
    for entry in watched(transcript.entries, watch, "entries"):
        if entry.id not in tree:  # a file that was changed by hand may have a line twice
            tree.add(_masked(entry, content, mask))
    return Material(header, tree, transcript.path, watch)


def _masked(entry: Entry, content: Content, mask: Mask) -> Entry:
    fields: dict[str, Any] = entry.fields
    if entry.type == "message":
        fields = {**fields, "content": content(entry)}
    masked = clean(fields, mask)
    if entry.role == "assistant":
        masked = unsigned_where_changed(masked, fields)
    return msgspec.structs.replace(entry, held=masked, line_role=entry.role)
