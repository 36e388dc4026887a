"""What pi makes of a file, written down from its documents; and a format of another agent that is made up."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, TypeAlias

from ipy_sessions.readers.file import File
from ipy_sessions.readers.transcript import Draft, Follows, Transcript

Record: TypeAlias = dict[str, Any]


def pi_records(data: bytes) -> list[Record]:
    """Return the records of a file, and check that pi can follow them: ids are few digits, none comes twice."""
    records: list[Record] = [json.loads(line) for line in data.decode().splitlines()]
    first, rest = records[0], records[1:]
    assert (first["type"], first["version"]) == ("session", 3)
    seen: set[str] = set()
    for record in rest:
        assert len(record["id"]) == 8
        assert int(record["id"], 16) >= 0
        assert record["id"] not in seen
        assert record["parentId"] is None or record["parentId"] in seen
        seen.add(record["id"])
    return rest


def pi_context(data: bytes) -> list[Record]:
    """Return the messages that pi would send: those on the way to its last record, as far as none took them out."""
    records = pi_records(data)
    by_id = {record["id"]: record for record in records}
    path: list[Record] = []
    at = records[-1]["id"] if records else None
    while at is not None:
        path.insert(0, by_id[at])
        at = by_id[at]["parentId"]
    gone = {record["targetId"] for record in path if record["type"] == "context_edit"}
    return [one["message"] for one in path if one["type"] == "message" and one["id"] not in gone]


def texts(messages: list[Record]) -> list[tuple[str, str]]:
    """Return who said what, of messages in either form."""
    return [
        (message["role"], "".join(block.get("text", "") for block in message["content"] if block["type"] == "text"))
        for message in messages
    ]


class Diary:
    """A format of nobody's: ``DIARY name``, then lines of ``id parent text``; one that begins with ``?`` is unknown.

    A line with ``!`` for a parent is a sub-agent's, who has a conversation of its own.
    """

    name = "diary"

    def knows(self, file: File) -> bool:
        """Tell whether it begins as one."""
        return file.data.startswith(b"DIARY ")

    def read(self, file: File) -> Iterator[Transcript]:
        """Yield the conversation, and that of the sub-agent if there is one."""
        head, *lines = file.text.splitlines()
        began = "2999-01-02T03:04:05Z" if head.endswith(" 2999") else "2026-01-02T03:04:05Z"
        draft = Draft(self.name, head.split()[1], began)
        sub = Draft(self.name, head.split()[1] + "/sub", "2026-01-02T03:04:05Z")
        sub.fields["parent_session"] = draft.id
        for number, line in enumerate(lines, 2):
            key, parent, *words = line.split(" ")
            if not words:
                draft.bad_lines.append(number)
            elif parent == "!":
                sub.add("message", _message("user", words), key=key)
            elif line.startswith("?"):
                draft.keep("mood", {"type": "mood", "is": " ".join(words)}, key=key)
            else:
                role = "assistant" if key.startswith("a") else "user"
                after = None if parent == "-" else Follows(parent)
                draft.add("message", _message(role, words), key=key, after=after)
        yield draft.finish(file.path)
        if len(sub):
            yield sub.finish(file.path)


def _message(role: str, words: list[str]) -> Record:
    content = [{"type": "text", "text": " ".join(words)}]
    answered = {"model": "diarist", "stop_reason": "end_turn", "usage": {"output_tokens": 5}}
    return {"role": role, "content": content, **(answered if role == "assistant" else {})}
