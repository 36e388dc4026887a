"""Two hundred turns of a real kernel with a server that fails, and a user who presses Stop, at random."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

from model.talk import Talk

from ipy_sessions import SessionManager, Settings, history
from ipy_sessions.entries import text_of
from ipy_sessions.store.reading import read
from ipy_sessions.testing import Drop, Fault, Reply, Status
from ipy_sessions.testing.rules import faults
from ipy_sessions.testing.script import Moment, Step

TURNS = 200
SEED = 20261121
KINDS: Any = ("error", "reset", "cut", "end", "bad_json")
STATUSES = (400, 401, 413, 429, 500, 502, 529)


def answer(number: int) -> str:
    """Return what the server says to a question, when it is let to."""
    return f"answer {number} " + "word " * (number % 40)


def steps(number: int, chance: random.Random) -> Sequence[Step]:
    """Return what the server does with a question: all well, a fault, an error, or silence."""
    thinking = [{"type": "thinking", "thinking": "Hm. " * 5, "signature": f"c2ln{number}"}]
    content: list[dict[str, Any]] = [{"type": "text", "text": answer(number)}]
    good = Reply(thinking + content if number % 7 == 0 else content, delay=0.001)
    what = chance.random()
    if what < 0.45:
        return [good]
    if what < 0.75:
        return [Reply(good.content, fault=Fault(chance.choice(KINDS), chance.choice(get_args(Moment)))), *[good] * 2]
    if what < 0.9:
        return [Status(chance.choice(STATUSES), "api_error", "Not now")] * chance.randint(1, 6) + [good]
    return [Drop()] * chance.randint(1, 3) + [good]


class Plan:
    """What the server does with each question, in its order; a request that comes late takes nobody else's step."""

    def __init__(self, chance: random.Random) -> None:
        self.left = {number: deque(steps(number, chance)) for number in range(TURNS)}

    def __call__(self, body: Mapping[str, Any]) -> Step:
        """Return the next step of the question that is asked."""
        number = int(body["messages"][-1]["content"][-1]["text"].split()[1])
        return self.left[number].popleft() if self.left[number] else Reply(answer(number))


def run(talk: Talk, number: int, chance: random.Random) -> None:
    """Ask a question, and press Stop in a third of all cases, at any time."""
    request = talk.kernel.send(f"%agent question {number}")
    timer = threading.Timer(chance.random() * 0.08, os.kill, [int(talk.kernel.pid), signal.SIGINT])
    if chance.random() < 1 / 3:
        timer.start()
    for message in talk.kernel.messages(request, timeout=20):
        if message["msg_type"] == "error":  # one line; a Stop just before or after our own code is IPython's to show
            lines = message["content"]["traceback"]
            ours = set(re.findall(r"ipy_sessions/([\w/]+\.py)", str(lines)))
            assert len(lines) == 1 or ours <= {"magics/extension.py"}, message["content"]
    timer.cancel()


def check_log(lines: list[dict[str, Any]]) -> None:
    """See to it that each question has one answer behind it: whole, or the beginning of the whole, with its reason."""
    assert [line["seq"] for line in lines[1:]] == list(range(1, len(lines)))
    said = [line for line in lines if line["type"] == "message"]
    numbers = [int(line["content"][0]["text"].split()[1]) for line in said if line["role"] == "user"]
    assert numbers == sorted(set(numbers))
    assert len(numbers) > TURNS // 2  # a Stop may come before a question is written
    assert [line["role"] for line in said] == ["user", "assistant"] * len(numbers)
    for number, reply in zip(numbers, said[1::2], strict=True):
        text = text_of(reply["content"])
        assert text == answer(number) if reply["stop_reason"] == "end_turn" else answer(number).startswith(text)
        assert (reply["stop_reason"] is None) == (reply.get("end") in ("interrupted", "error"))
    ends = [reply.get("end", "complete") for reply in said[1::2]]
    assert min(ends.count(end) for end in ("complete", "interrupted", "error")) > 10  # the chance was a fair one


def test_after_two_hundred_turns_everything_is_whole_and_agrees(talk: Talk) -> None:
    """Every line reads back, what is sent is valid, and the frame says what the server saw."""
    chance = random.Random(SEED)  # noqa: S311 - chance that can be had again
    talk.server.otherwise = Plan(chance)
    for number in range(TURNS):
        run(talk, number, chance)
    seen = talk.server.asked
    path = Path(talk.kernel.run("%session file").strip())
    lines = [json.loads(line) for line in path.read_bytes().splitlines()]
    check_log(lines)
    assert read(path).bad_lines == []
    with SessionManager(path.parent, settings=Settings(model="offline")) as manager:
        session = manager.open(path, read_only=True)
        frame = history(session)
        assert list(frame["text"]) == [text_of(line["content"]) for line in lines if line["type"] == "message"]
        questions = set(frame["text"][frame["role"] == "user"])
        for body in seen:  # the server refuses what is wrong; here each request is looked at once more
            assert list(faults(body)) == []
            assert body["messages"][-1]["content"][-1]["text"] in questions
        sent = seen[-1]["messages"]
        assert session.build_context().messages[: len(sent)] == sent
