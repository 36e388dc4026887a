"""The sessions of Claude Code: which lines of a file belong to which conversation.

A file is one session. Where its lines name several and one goes on from another, as after a resume, they are one
conversation, and it is called as the one that goes on; where they do not, each is a transcript. The lines of a
sub-agent, which older versions write between the others, are a transcript of their own.

How the format is told is in `claude_lines`, what becomes of a conversation in `claude_conversation`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePath
from typing import Any

from ipy_sessions.entries import blocks as as_blocks
from ipy_sessions.entries import is_content, text_of
from ipy_sessions.readers.claude_conversation import Conversation
from ipy_sessions.readers.claude_lines import NO_STEP, Head, heads, is_line
from ipy_sessions.readers.claude_steps import FORMAT
from ipy_sessions.readers.file import File
from ipy_sessions.readers.transcript import Draft, Transcript


class ClaudeCodeReader:
    """Claude Code's JSONL: steps with ``uuid``, ``parentUuid`` and ``sessionId``."""

    name = FORMAT

    def knows(self, file: File) -> bool:
        """Tell whether one of the first records is a line of Claude Code."""
        return any(map(is_line, file.beginning))

    def read(self, file: File) -> Iterator[Transcript]:
        """Yield each session, and behind it those of its sub-agents."""
        lines = heads(file)
        known = _known(lines)
        _name_sessions(lines, known, PurePath(file.path).stem)
        groups = _groups(lines)
        drafts = {key: Conversation(file, key, group, known).read() for key, group in groups.items()}
        agents = [key for key, group in groups.items() if group[0].isSidechain]
        calls = _Calls(file, lines) if agents else None
        for key in sorted(drafts, key=lambda key: groups[key][0].session):
            draft, first = drafts[key], groups[key][0]
            draft.fields |= _birth(file, groups[key], draft)
            if calls is not None and key in agents:
                parent = drafts.get(first.session)
                draft.fields |= {} if parent is None else {"parent_session": parent.id}
                draft.fields |= calls.of(groups[key])
            draft.bad_lines, file.bad_lines = file.bad_lines, []  # of the file, and told once
            yield draft.finish(file.path)


def _known(lines: Sequence[Head]) -> dict[str, Head]:
    """Return the lines by their ids; of two with one id a message, and else the first."""
    known = {line.uuid: line for line in lines if line.uuid is not None}
    if len(known) + [line.uuid for line in lines].count(None) == len(lines):  # as in most files
        return known
    known.clear()
    for line in lines:
        if line.uuid is not None:
            before = known.setdefault(line.uuid, line)
            if before is not line and line.is_message and not before.is_message:
                known[line.uuid] = line
    return known


def _name_sessions(lines: Sequence[Head], known: Mapping[str, Head], stem: str) -> None:
    """Set the session of each line; one that goes on from another takes it over."""
    there = dict.fromkeys([line.sessionId for line in lines if line.uuid is not None and line.sessionId])
    session = next(iter(there), None) or next((line.sessionId for line in lines if line.sessionId), None) or stem
    if len(there) <= 1:  # as in most files
        for line in lines:
            line.session = session
        return
    goes_on: dict[str, str] = {}
    for line in lines:
        if line.sessionId is not None and line.sessionId in there:
            session = line.sessionId
        line.session = session
        above = known.get(line.parentUuid) if line.parentUuid is not None else None
        if above is not None and above.session not in ("", session) and not (line.isSidechain or above.isSidechain):
            goes_on[_end(above.session, goes_on)] = session
            goes_on.pop(session, None)
    if goes_on:
        for line in lines:
            line.session = _end(line.session, goes_on)


def _end(session: str, goes_on: Mapping[str, str]) -> str:
    """Return the last of the sessions that go on from one."""
    while session in goes_on:
        session = goes_on[session]
    return session


def _groups(lines: Sequence[Head]) -> dict[str, list[Head]]:
    """Return the lines of each conversation, and set where each step is at home."""
    groups: dict[str, list[Head]] = defaultdict(list)
    roots: dict[str, str] = {}
    main = {line.session for line in lines if line.uuid is not None and not line.isSidechain}
    key = next((_key(line, {}) if line.isSidechain else line.session for line in lines if line.uuid is not None), "")
    for line in lines:
        if line.uuid is not None:
            key = _key(line, roots) if line.isSidechain else line.session
            line.home = "" if line.type in NO_STEP else key
        elif line.session in main or not key:
            key = line.session
        groups[key].append(line)
    return groups


def _key(line: Head, roots: dict[str, str]) -> str:
    """Return what a sub-agent's conversation is called: by the agent, or by its first step."""
    own = line.uuid or ""
    root = roots[own] = roots.get(line.parentUuid or "", own)
    return f"{line.session}/{line.agentId or root}"


def _birth(file: File, lines: Sequence[Head], draft: Draft) -> dict[str, Any]:
    """Return what a header says, as the first step does, and put the rest beside it."""
    first = next((line for line in lines if line.uuid is not None), lines[0])
    record = file.record(first.begin)
    branch = record.get("gitBranch")
    names = ("sessionId", "agentId", "version")
    draft.raw |= {name: record[name] for name in names if isinstance(record.get(name), str)}
    fields = {"cwd": record["cwd"]} if isinstance(record.get("cwd"), str) else {}
    return {**fields, "git": {"branch": branch}} if isinstance(branch, str) and branch else fields


class _Calls:
    """Which call of a tool each sub-agent came from.

    Newer versions name the agent beside the call's result; in older ones its first message is the call's prompt.
    """

    def __init__(self, file: File, lines: Sequence[Head]) -> None:
        self._file = file
        self._agents: dict[str, str] = {}
        self._prompts: dict[str, str] = {}
        for line in lines:
            if line.results:
                result = file.record(line.begin).get("toolUseResult")
                agent = result.get("agentId") if isinstance(result, dict) else None
                if isinstance(agent, str):
                    self._agents[agent] = line.results[0]
            elif line.calls:
                self._learn(line)

    def of(self, lines: Sequence[Head]) -> dict[str, Any]:
        """Return the field that says so, where that is known."""
        agent = next((line.agentId for line in lines if line.agentId), "")
        first = next((line for line in lines if line.is_message), None)
        text = "" if first is None else text_of(self._content(first))
        call = self._agents.get(agent) or self._prompts.get(text)
        return {} if call is None else {"parent_tool_use_id": call}

    def _learn(self, line: Head) -> None:
        for block in self._content(line):
            match block:
                case {"type": "tool_use", "id": str(call), "input": {"prompt": str(prompt)}}:
                    self._prompts.setdefault(prompt, call)

    def _content(self, line: Head) -> list[dict[str, Any]]:
        message = self._file.record(line.begin).get("message")
        content = message.get("content") if isinstance(message, dict) else None
        return as_blocks(content) if is_content(content) else []
