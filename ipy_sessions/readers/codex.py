"""Codex' rollouts: which lines are steps of the conversation, and how it went on after a rollback.

It owns what is one answer: items up to the next result, question or count of tokens. A rollback moves back by turns, so
it owns what a turn is for Codex, too. What an item says is `codex_items`' business. Lines have no ids; they are
called by their numbers.

Source: https://github.com/openai/codex, codex-rs/protocol/src/protocol.rs and core/src/thread_rollout_truncation.rs.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import PurePath
from typing import Any

import msgspec

from ipy_sessions.entries import Block
from ipy_sessions.readers.asked import Asked
from ipy_sessions.readers.codex_items import Item, is_context, item, usage_of
from ipy_sessions.readers.file import File, Record
from ipy_sessions.readers.transcript import Draft, Follows, Transcript

NAME = "codex"
TYPES = frozenset({"session_meta", "response_item", "compacted", "turn_context", "event_msg"})


class CodexReader:
    """Codex' JSONL: lines of five types, each with a ``payload``."""

    name = NAME

    def knows(self, file: File) -> bool:
        """Tell whether one of the first records is a line of a rollout."""
        return any(map(_is_line, file.beginning))

    def read(self, file: File) -> Iterator[Transcript]:
        """Yield the session; the first line that names one names it."""
        rollout = _Rollout(file)
        for record in file.records():
            rollout.add(record)
        rollout.draft.bad_lines = list(file.bad_lines)
        yield rollout.draft.finish(file.path)


class _Answer:
    """An answer, which grows while its items are read."""

    def __init__(self, key: str, model: str | None) -> None:
        self.key, self.model = key, model
        self.content: list[Block] = []
        self.left: list[dict[str, Any]] = []
        self.usage: dict[str, int] | None = None
        self.stopped = False

    def fields(self, _entry_id: str) -> dict[str, Any]:
        """Return the fields of its entry."""
        ends = {"text": "end_turn", "tool_use": "tool_use"}
        fields: dict[str, Any] = {"role": "assistant", "content": self.content}
        if self.model is not None:
            fields["model"] = self.model
        fields["stop_reason"] = ends.get(self.content[-1]["type"]) if self.content and not self.stopped else None
        if self.stopped:
            fields["end"] = "interrupted"
        if self.usage is not None:
            fields["usage"] = self.usage
        return {**fields, "source": {"format": NAME, "id": self.key, "raw": {"items": self.left}}}


class _Rollout:
    """A rollout, while its lines are read."""

    def __init__(self, file: File) -> None:
        meta = next((one for one in file.beginning if one.get("type") == "session_meta"), {})
        payload = meta.get("payload")
        says = payload if isinstance(payload, dict) else {}
        name = says.get("id")
        begun = says.get("timestamp") or next((one["timestamp"] for one in file.beginning if "timestamp" in one), None)
        self.draft = Draft(NAME, name if isinstance(name, str) and name else PurePath(file.path).stem, begun)
        self._meta = False
        self._at: str | None = None
        self._model: str | None = None
        self._open: _Answer | None = None
        self._answer: _Answer | None = None
        self._turns: list[str | None] = []  # what each question on the way here follows
        self._spent: object = None

    def add(self, record: Record) -> None:
        """Add one line."""
        kind, payload = record.says.get("type"), record.says.get("payload")
        event = payload.get("type") if isinstance(payload, dict) and kind == "event_msg" else None
        if isinstance(payload, dict):
            rest = {name: value for name, value in record.says.items() if name not in ("timestamp", "type", "payload")}
            payload = {**payload, "(line)": rest} if rest else payload
        read = EVENTS.get(event) if isinstance(event, str) else LINES.get(kind) if isinstance(kind, str) else None
        if read is None or not isinstance(payload, dict) or not read(self, record, payload):
            name = f"{kind}/{event}" if isinstance(event, str) else str(kind)
            self.draft.keep(name, record.says, key=self._key(record), ts=record.says.get("timestamp"), after=None)

    def _key(self, record: Record) -> str:
        """Return what a line is called; other sessions have lines of the same number."""
        return f"{self.draft.key}:{record.line}"

    def begin(self, _record: Record, payload: dict[str, Any]) -> bool:
        if self._meta or payload.get("id") not in (self.draft.key, None):
            return False
        self._meta = True
        taken = ["id"]
        if isinstance(payload.get("cwd"), str):
            self.draft.fields["cwd"] = payload["cwd"]
            taken.append("cwd")
        git = payload.get("git")
        if isinstance(git, dict):
            self.draft.fields["git"] = {"branch": git.get("branch"), "commit": git.get("commit_hash")}
        self.draft.raw |= {name: value for name, value in payload.items() if name not in taken}
        return True

    def choose(self, record: Record, payload: dict[str, Any]) -> bool:
        model = payload.get("model")
        if not isinstance(model, str) or model == self._model:
            return False
        self._model = model
        effort = payload.get("effort")
        left = {name: value for name, value in payload.items() if name != "model"}
        self._step(record, "settings", Asked(model, effort if isinstance(effort, str) else "").fields, left)
        return True

    def say(self, record: Record, payload: dict[str, Any]) -> bool:
        said = item(payload, record.line)
        if said is None or (said.role == "user" and is_context(said.blocks)):
            return self.hint(record, payload)
        if said.role == "assistant":
            self._answer_with(record, said)
            return True
        if any(block["type"] != "tool_result" for block in said.blocks) or not said.blocks:
            self._turns.append(self._at)
            self._answer = None
        self._step(record, "message", {"role": "user", "content": said.blocks}, said.left)
        return True

    def hint(self, record: Record, payload: dict[str, Any]) -> bool:
        """Keep what a model was told that is no message of ours where it stands."""
        if self._at is None:
            return False
        name = payload.get("role", payload.get("type"))
        after, key = Follows(self._at), self._key(record)
        self.draft.keep(f"response_item/{name}", record.says, key=key, ts=record.says.get("timestamp"), after=after)
        self._at, self._open = key, None
        return True

    def _answer_with(self, record: Record, said: Item) -> None:
        answer = self._open
        if answer is None:
            answer = _Answer(self._key(record), self._model)
            self._step(record, "message", answer)
            self._open = self._answer = answer
        answer.content += said.blocks
        answer.left.append(said.left)

    def _step(
        self, record: Record, kind: str, fields: dict[str, Any] | _Answer, left: Mapping[str, Any] | None = None
    ) -> None:
        after = None if self._at is None else Follows(self._at)
        ts, role = record.says.get("timestamp"), "assistant" if isinstance(fields, _Answer) else None
        self._at, self._open = self._key(record), None
        self.draft.add(kind, fields, key=self._at, ts=ts, after=after, raw=left, role=role)

    def compact(self, record: Record, payload: dict[str, Any]) -> bool:
        """Add a summary; of the history that replaces the one before, which repeats it, what it is told by is kept."""
        left = {name: value for name, value in payload.items() if name != "message"}
        history = left.get("replacement_history")
        if isinstance(history, list):
            mark = hashlib.sha256(msgspec.json.encode(history)).hexdigest()
            left["replacement_history"] = {"count": len(history), "sha256": mark}
        summary = payload.get("message")
        if not isinstance(summary, str):
            return False
        self._step(record, "compaction", {"summary": summary, "first_kept_id": None}, left)
        self._answer = None
        return True

    def roll_back(self, record: Record, payload: dict[str, Any]) -> bool:
        turns = payload.get("num_turns")
        if not isinstance(turns, int) or isinstance(turns, bool) or turns < 1 or not self._turns:
            return False
        first = max(0, len(self._turns) - turns)
        target = self._turns[first]
        del self._turns[first:]
        moved = {"target_id": target and self.draft.id_of(target), "from_id": self._at and self.draft.id_of(self._at)}
        ts = record.says.get("timestamp")
        self.draft.add("leaf", moved, key=self._key(record), ts=ts, after=None, raw=payload)
        self._at, self._open, self._answer = target, None, None
        return True

    def spend(self, record: Record, payload: dict[str, Any]) -> bool:
        """Give an answer its usage; the same total again is told when something else has changed."""
        info = payload.get("info")
        last = info.get("last_token_usage") if isinstance(info, dict) else None
        if not isinstance(info, dict) or not isinstance(last, dict):
            return False
        total = info.get("total_token_usage")
        usage = usage_of(last)
        if not usage or (total is not None and total == self._spent):
            return False
        self._spent = total
        if self._answer is not None and self._answer.usage is None:
            self._answer.usage = usage
            self._answer.left.append(payload)
        else:
            ts = record.says.get("timestamp")
            self.draft.add("usage", {"usage": usage}, key=self._key(record), ts=ts, after=None, raw=payload)
        self._open = None
        return True

    def stop(self, _record: Record, payload: dict[str, Any]) -> bool:
        answer = self._answer
        if answer is None or answer.key != self._at:
            return False
        answer.stopped = True
        answer.left.append(payload)
        self._open = None
        return True

    def rename(self, record: Record, payload: dict[str, Any]) -> bool:
        name = payload.get("thread_name")
        if name is not None and not isinstance(name, str):
            return False
        ts = record.says.get("timestamp")
        self.draft.add("info", {"name": name or None}, key=self._key(record), ts=ts, after=None, raw=payload)
        return True


LINES = {
    "session_meta": _Rollout.begin,
    "turn_context": _Rollout.choose,
    "response_item": _Rollout.say,
    "compacted": _Rollout.compact,
}
EVENTS = {
    "thread_rolled_back": _Rollout.roll_back,
    "token_count": _Rollout.spend,
    "turn_aborted": _Rollout.stop,
    "thread_name_updated": _Rollout.rename,
}


def _is_line(record: Mapping[str, Any]) -> bool:
    kind = record.get("type")
    return isinstance(kind, str) and kind in TYPES and isinstance(record.get("payload"), dict)
