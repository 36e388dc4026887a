"""A server's model in a real kernel: what is shown, what Tab offers, what never appears."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from model.talk import Talk

from ipy_sessions.testing import Fault, Reply, Status

KEY = "sk-ant-api03-" + "k3Y" * 9


def test_tab_offers_models_and_their_options(talk: Talk) -> None:
    """Those of the server; in a cell and on a line; and the names of sessions."""
    talk.kernel.run("%session new alice and bob")
    talk.kernel.run("%agent hi")
    for line, expected in (
        ("%%agent --model mo", ["%%agent --model model-a"]),
        ("%agent -m o", ["%agent -m offline"]),
        ("%%agent --eff", ["%%agent --effort"]),
        ("%%agent --effort me", ["%%agent --effort medium"]),
        ("%session settings model=mo", ["%session settings model=model-a"]),
        ("%session o", ["%session open"]),
        ("%session open ali", ["%session open alice and bob"]),
        ("%session show --l", ["%session show --last"]),
        ("%session help mo", ["%session help model"]),
    ):
        answer = talk.kernel.client.complete(line, len(line), reply=True, timeout=20)["content"]
        assert [line[: answer["cursor_start"]] + match for match in answer["matches"]] == expected


def test_tab_knows_claude_without_a_server(talk: Talk) -> None:
    """Also where there is no key yet."""
    talk.kernel.run("import os; address = os.environ.pop('ANTHROPIC_BASE_URL')")
    line = "%%agent --model claude-son"
    try:
        answer = talk.kernel.client.complete(line, len(line), reply=True, timeout=20)["content"]
    finally:
        talk.kernel.run("os.environ['ANTHROPIC_BASE_URL'] = address")
    assert "claude-sonnet-5-5" in [line[answer["cursor_start"] :] and match for match in answer["matches"]]


def test_help_is_found_where_it_is_looked_for(talk: Talk) -> None:
    """``%%agent?`` names every option, ``%session help model`` the ways to a model, ``help open`` its command."""
    request = talk.kernel.client.execute("%%agent?", reply=True, timeout=20)
    (page,) = [payload["data"]["text/plain"] for payload in request["content"]["payload"]]
    for option in ("--model", "--thinking", "--effort", "--stop", "--cache", "--out"):
        assert option in page
    assert "ANTHROPIC_BASE_URL" in talk.kernel.run("%session help model")
    assert "Go on with a session" in talk.kernel.run("%session help open")


def test_the_last_answer_is_repainted(talk: Talk) -> None:
    """As it stood below its cell: text, thinking, how it ended."""
    thought = {"type": "thinking", "thinking": "Let me see.", "signature": "c2ln"}
    talk.server.push(Reply([thought, {"type": "text", "text": "one two three four"}], fault=Fault("reset", "last")))
    below = talk.kernel.run("%agent hi")
    assert talk.kernel.run("%session show --last") == below
    assert "[thinking, 3 words]\n\none two three four\n\nmodel-a · " in below
    talk.kernel.run("%session new")
    assert "has no answer to its last question. Ask again." in talk.kernel.run("%session show --last")


def test_a_repainted_answer_that_broke_off_says_why(talk: Talk) -> None:
    """Whoever closed the page too early learns what those learn who watched."""
    talk.server.push(Reply("one two three four", fault=Fault("reset")))
    talk.kernel.run("%agent hi")
    shown = talk.kernel.run("%session show --last")
    assert shown.startswith("one two\n\nbroken off; what came until then is kept · model-a · ")
    assert "lost the connection. What came until then is kept; `%agent go on` asks for the rest." in shown


@pytest.fixture
def keyed(talk: Talk) -> Talk:
    """The kernel with a key in its environment."""
    talk.kernel.run(f"import os; os.environ['ANTHROPIC_API_KEY'] = {KEY!r}")
    return talk


def test_no_key_in_anything_that_a_kernel_says(keyed: Talk) -> None:
    """Not in an answer that repeats it, an error, a long traceback, the settings, the frame, the SDK's log, a file."""
    published: list[dict[str, Any]] = []

    def run(cell: str) -> str:
        messages = list(keyed.kernel.messages(keyed.kernel.send(cell)))
        published.extend(message for message in messages if message["msg_type"] != "execute_input")
        return json.dumps([message["content"] for message in messages], default=str)

    said = [{"type": "thinking", "thinking": f"It is {KEY}", "signature": "c2ln"}, {"type": "text", "text": f"{KEY}!"}]
    keyed.server.push(Reply(said, pieces=40), Status(401, "authentication_error", f"invalid key {KEY}"))
    keyed.server.push(Status(429, "rate_limit_error", f"{KEY} is busy", {"retry-after": "0"}), "Hello.")
    run("%xmode Verbose")
    run("import logging; logging.basicConfig(level=logging.DEBUG, force=True)")
    for _ in range(3):
        run("%agent hi")
    for cell in ("%tb", "%session settings", "%session", "%session show", "%session history", "%session show --last"):
        run(cell)
    run("import ipy_sessions as ses; ses.current(), vars(ses.current())")
    run("ses.current().prompt('hi', model=5)")  # an error of ours, with every frame's variables
    run("logging.basicConfig(level=logging.WARNING, force=True)")
    run("%xmode Context")
    assert keyed.server.requests[0].headers["authorization"] == f"Bearer {KEY}"
    assert "[masked ANTHROPIC_API_KEY]" in json.dumps(published, default=str)
    assert [message for message in published if KEY in json.dumps(message, default=str)] == []
    keyed.kernel.run("del os.environ['ANTHROPIC_API_KEY']")
    assert [path for path in Path(keyed.folder).rglob("*") if path.is_file() and KEY.encode() in path.read_bytes()] == [
        path for path in Path(keyed.folder).rglob("history.sqlite*") if KEY.encode() in path.read_bytes()
    ]  # IPython's own history has the cell in which the test typed it
