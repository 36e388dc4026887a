"""The nine tables by name, whatever an engine makes of each of them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import cached_property
from typing import Generic, TypeVar

Made = TypeVar("Made")


class Nine(ABC, Generic[Made]):
    """The nine tables of some conversations; `schema.TABLES` says what their columns hold."""

    @abstractmethod
    def _table(self, name: str) -> Made:
        """Return a table, which is kept."""

    @cached_property
    def sessions(self) -> Made:
        """One row a session, a sub-agent's own ones included."""
        return self._table("sessions")

    @cached_property
    def messages(self) -> Made:
        """One row a message."""
        return self._table("messages")

    @cached_property
    def blocks(self) -> Made:
        """One row a content block."""
        return self._table("blocks")

    @cached_property
    def tools(self) -> Made:
        """One row a call of a tool, joined with its result; a call that was copied to a branch or a fork is one."""
        return self._table("tools")

    @cached_property
    def turns(self) -> Made:
        """One row a turn: a question and all that answers it."""
        return self._table("turns")

    @cached_property
    def usage(self) -> Made:
        """One row for whatever has cost something: the sums are never counted twice."""
        return self._table("usage")

    @cached_property
    def branches(self) -> Made:
        """One row a branch."""
        return self._table("branches")

    @cached_property
    def cells(self) -> Made:
        """One row a notebook's cell that has asked."""
        return self._table("cells")

    @cached_property
    def attachments(self) -> Made:
        """One row an image or a document in a message."""
        return self._table("attachments")
