"""Another agent's format, for tests: lines that name a conversation, and lines that are its messages."""

from __future__ import annotations

from collections.abc import Iterator

from ipy_sessions.readers.file import File
from ipy_sessions.readers.transcript import Draft, Transcript

PAID = {"usage": {"input_tokens": 3, "output_tokens": 1}, "cost_usd": 0.25, "model": "jot"}


class JottingReader:
    """A reader of another package: ``JOT session KEY`` begins a conversation, ``JOT KEY ROLE TEXT`` is a message."""

    name = "jotting"

    def knows(self, file: File) -> bool:
        """Tell whether it is jotted."""
        return file.data.startswith(b"JOT ")

    def read(self, file: File) -> Iterator[Transcript]:
        """Yield the conversations of a file."""
        draft: Draft | None = None
        for line in file.text.splitlines():
            _, key, rest = line.split(" ", 2)
            if key == "session":
                if draft is not None:
                    yield draft.finish(file.path)
                draft = Draft(self.name, rest, "2026-01-01T00:00:00Z")
            elif draft is not None:
                role, text = rest.split(" ", 1)
                blocks = [{"type": "text", "text": text}]
                if role == "assistant":
                    blocks.append({"type": "tool_use", "id": f"call {key}", "name": "jot"})
                draft.add(
                    "message", {"role": role, "content": blocks, **(PAID if role == "assistant" else {})}, key=key
                )
        if draft is not None:
            yield draft.finish(file.path)


def jotted(session: str, keys: range, text: str = "well") -> str:
    """Return the lines of a conversation; messages of the same key in another one are copies."""
    lines = [f"JOT {key} {('user', 'assistant')[key % 2]} {text} {key}\n" for key in keys]
    return f"JOT session {session}\n" + "".join(lines)
