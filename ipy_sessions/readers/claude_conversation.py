"""The lines of one conversation of Claude Code as entries: what follows what, and where the conversation stands.

It owns how a tree that has one line for each block becomes one that has one entry for each message. An answer's lines
are one entry. The results of its calls, which Claude Code hangs each on its own call, stand one behind the other, so
that no path misses one. A summary stands behind what it sums up. It refuses to know what a line says
(`claude_steps`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ipy_sessions.readers.claude_lines import Head
from ipy_sessions.readers.claude_steps import FORMAT, Compaction, Kept, Message
from ipy_sessions.readers.file import File
from ipy_sessions.readers.transcript import LAST, Draft, Follows, LastOne

NAMES = {"custom-title": "customTitle", "agent-name": "agentName", "ai-title": "aiTitle", "summary": "summary"}
"""Types of lines that name a session, and the field that does; one that the user has typed counts most."""


class Conversation:
    """One conversation, while its lines are read.

    Parameters
    ----------
    file
        The file.
    key
        What it is called there.
    lines
        Its lines.
    known
        All steps in the file, by their ids; of two with one id the one that is read.
    """

    def __init__(self, file: File, key: str, lines: Sequence[Head], known: Mapping[str, Head]) -> None:
        self.draft = Draft(FORMAT, key, next((line.timestamp for line in lines if line.timestamp is not None), None))
        self._file, self._key, self._lines, self._known = file, key, lines, known
        self._flat = not any(line.parentUuid for line in lines)  # written by hand: a line follows the one before
        self._messages: dict[str, Message] = {}
        self._callers: dict[str, str | None] = {}
        self._answered: set[str] = set()
        self._results: dict[str, list[str]] = {}
        self._row: dict[str, list[str]] = {}
        self._open: Compaction | None = None
        self._near: dict[str, str] = {}
        self._last = self._leaf = ""
        self._rank = len(NAMES)

    def read(self) -> Draft:
        """Return all lines as a draft."""
        for line in self._lines:
            self._read(line)
        if self._leaf and self._near.get(self._last, self._last) != self._leaf:
            stood = {"target_id": self.draft.id_of(self._leaf), "from_id": self.draft.id_of(self._last)}
            self.draft.add("leaf", stood, key=f"leaf {self._leaf}", after=None)
        return self.draft

    def _read(self, line: Head) -> None:
        if line.uuid is not None and self._known[line.uuid] is not line:
            self.draft.keep("repeated", Kept(self._file, line), ts=line.timestamp, after=None)
        elif line.is_message and not (line.isMeta and not line.results):
            if line.isCompactSummary:
                self._sum_up(line)
            elif line.type == "user":
                self._ask(line)
            else:
                self._answer(line)
        elif line.subtype == "compact_boundary" and line.uuid is not None:
            self._compact(line)
        elif line.type in NAMES or line.type == "tag":
            self._inform(line)
        else:
            self._keep(line)

    def _ask(self, line: Head) -> None:
        after, results = self._after(line.parentUuid), line.results
        if results and not self._flat:
            after = self._behind_results(line, results) or after
        self._add(line, "message", Message(self._file, line), after)

    def _answer(self, line: Head) -> None:
        name = line.message.id if line.message is not None else None
        message = self._messages.get(name) if name else None
        if message is None:
            message = Message(self._file, line)
            self._add(line, "message", message, self._after(line.parentUuid))
            if name:
                self._messages[name] = message
        else:
            message.more += (line,)
            self._join(line, message.head.uuid or "")
        for call in line.calls:  # one that two messages claim is nobody's
            caller = message.head.uuid
            self._callers[call] = caller if self._callers.get(call, caller) == caller else None

    def _behind_results(self, line: Head, results: Sequence[str]) -> Follows | None:
        """Return the other results of the same answer that a line with one more of them follows, where there are."""
        caller = self._callers.get(results[0])
        new = self._answered.isdisjoint(results)
        self._answered.update(results)
        if caller is None or not new or line.uuid is None:
            return None
        row = self._row[line.uuid] = self._results.setdefault(caller, [])
        row.append(line.uuid)
        return Follows(row[-2]) if len(row) > 1 else None

    def _compact(self, line: Head) -> None:
        self._open = Compaction(self._file, line)
        above = line.logicalParentUuid or line.parentUuid
        self._add(line, "compaction", self._open, self._after(above if above in self._known else None) or LAST)

    def _sum_up(self, line: Head) -> None:
        if self._open is not None and self._open.head.uuid is not None:
            self._open.summary = line
            self._join(line, self._open.head.uuid)
            self._open = None
        else:
            self._add(line, "compaction", Compaction(self._file, line), self._after(line.parentUuid) or LAST)

    def _inform(self, line: Head) -> None:
        record = self._file.record(line.begin)
        says = record.get(NAMES.get(line.type, line.type))
        rank = list(NAMES).index(line.type) if line.type in NAMES else 0
        fields: dict[str, object] = {}
        if line.type == "tag" and isinstance(says, str):
            fields = {"tags": [says] if says else []}
        elif line.type != "tag" and isinstance(says, str) and says and rank <= self._rank and self._is_here(record):
            self._rank = rank
            fields = {"name": says}
        if fields:
            self.draft.add("info", fields, key=line.uuid, ts=line.timestamp, after=None, raw=record)
        else:
            self._keep(line)

    def _is_here(self, record: Mapping[str, object]) -> bool:
        """Tell whether a line speaks of this conversation: older files begin with the summaries of others."""
        leaf = record.get("leafUuid")
        return not isinstance(leaf, str) or (leaf in self._known and self._known[leaf].home == self._key)

    def _keep(self, line: Head) -> None:
        kind, step = "meta" if line.isMeta else line.type, Kept(self._file, line)
        after = self._after(line.parentUuid) if line.uuid is not None and line.home else None
        self.draft.keep(kind, step, key=line.uuid, ts=line.timestamp, after=after)
        if line.uuid is None or after is None:
            line.home = ""  # what follows it begins the conversation
        else:
            above = after.key if isinstance(after, Follows) else self._last
            self._near[line.uuid] = self._near.get(above, above)
            self._last = line.uuid

    def _add(self, line: Head, kind: str, step: Message | Compaction, after: Follows | LastOne | None) -> None:
        key = self._last = self._leaf = line.uuid or ""
        self.draft.add(kind, step, key=key, ts=line.timestamp, after=after, role=line.type)

    def _join(self, line: Head, key: str) -> None:
        """Make a line part of an entry that is there."""
        if line.uuid is not None:
            self.draft.also(line.uuid, self.draft.id_of(key) or "")
            self._near[line.uuid] = key
        row = self._results.get(key)
        self._leaf = row[-1] if row else key

    def _after(self, above: str | None) -> Follows | LastOne | None:
        """Return what follows a line of some id, which may be none of this conversation's steps, or have results."""
        if self._flat:
            return LAST
        line = self._known.get(above) if above is not None else None
        if line is not None and line.home != self._key:
            above = self._step_above(line)
        if above is None:
            return None
        return Follows(self._row[above][-1] if above in self._row else above)

    def _step_above(self, line: Head) -> str | None:
        """Return the first step of this conversation on the way up from a line that is none."""
        seen: set[str] = set()
        above = line.parentUuid
        while above is not None and above not in seen and above in self._known:
            if self._known[above].home == self._key:
                break
            seen.add(above)
            above = self._known[above].parentUuid
        return above
