"""Exports: what leaves, in which form, and what is never written over."""

from __future__ import annotations

import json
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import nbformat
import pyarrow.parquet as pq
import pytest
from conftest import Shell
from exchange_kit import Diary, pi_context, pi_records, texts
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from nbclient import NotebookClient

import ipy_sessions as ses
from ipy_sessions import Exchange, ExportError, SessionManager, assistant, user
from ipy_sessions.commands.agent import parse_agent
from ipy_sessions.entries import VERSION, Entry, Header
from ipy_sessions.export.material import Material
from ipy_sessions.export.pi import to_pi
from ipy_sessions.export.prose import aside, cited, prose
from ipy_sessions.export.registry import FORMATS
from ipy_sessions.readers.registry import register
from ipy_sessions.render.segments import segments
from ipy_sessions.tree import Tree

KEY = "sk-ant-api03-" + "a" * 95
PICTURE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aGVsbG8="}}
CALL = {"type": "tool_use", "id": "t1", "name": "read", "input": {"path": "a.py"}}
RESULT = {"type": "tool_result", "tool_use_id": "t1", "content": "```\nx\n```", "is_error": True}


@pytest.fixture
def exchange(manager: SessionManager) -> Exchange:
    """What leaves and comes, for a folder with one session, alice, in which everything was said that there is."""
    session = manager.create("alice")
    session.prompt("My name is Alice", cell_id="c1")
    session.prompt("What's my name?", options={"model": "offline", "max_tokens": 50})
    session.label(1, "start")
    session.rewind(1)
    session.append(user([{"type": "text", "text": "Look"}, PICTURE]))
    thought = {"type": "thinking", "thinking": "hm", "signature": "sealed"}
    answer = {"type": "text", "text": "# Now\n```python\nx = 1\n```\nand"}
    session.append(assistant([thought, answer, CALL], model="m", stop_reason="tool_use", usage={"input_tokens": 7}))
    session.append(user([RESULT]))
    session.append(assistant("done", model="m", cost_usd=0.5))
    manager.close(session)
    return Exchange(manager)


def exported(exchange: Exchange, name: str, path: str, **options: Any) -> bytes:
    """Return what a format makes of alice."""
    return exchange.export("alice", name, path, **options).path.read_bytes()


def test_every_format_is_named_where_it_is_typed(manager: SessionManager) -> None:
    """In the help, and in the sentence for one that there is none of."""
    from ipy_sessions.commands.session import session_help

    manager.create("alice").append(user("hi"))
    assert all(name in session_help("export") for name in FORMATS)
    with pytest.raises(
        ExportError, match=r"There is no format 'word'\. There are pi, jsonl, html, markdown, parquet, notebook"
    ):
        Exchange(manager).export("alice", "word")


def test_pi_gets_the_conversation_that_we_would_send(exchange: Exchange, manager: SessionManager) -> None:
    """Who said what, in the order of the active branch; results of tools are messages of their own there."""
    context = pi_context(exported(exchange, "pi", "a.jsonl"))
    ours = texts([dict(one) for one in manager.open("alice").build_context().messages])
    assert [one for one in texts(context) if one[0] != "toolResult"] == [one for one in ours if one[1]]
    assert [message["role"] for message in context] == [
        "user",
        "assistant",
        "user",
        "assistant",
        "toolResult",
        "assistant",
    ]
    answer, result = context[3], context[4]
    assert answer["content"][0] == {"type": "thinking", "thinking": "hm", "thinkingSignature": "sealed"}
    assert answer["content"][2] == {"type": "toolCall", "id": "t1", "name": "read", "arguments": {"path": "a.py"}}
    assert (answer["stopReason"], answer["usage"]["input"], answer["usage"]["totalTokens"]) == ("toolUse", 7, 7)
    assert (result["toolCallId"], result["toolName"], result["isError"]) == ("t1", "read", True)
    assert context[2]["content"][1] == {"type": "image", "data": "aGVsbG8=", "mimeType": "image/png"}
    assert context[5]["usage"]["cost"]["total"] == 0.5


def test_pi_gets_every_branch_and_the_names_and_labels(exchange: Exchange) -> None:
    """Or the active branch alone. The same session gives the same bytes each time."""
    data = exported(exchange, "pi", "a.jsonl")
    records = pi_records(data)
    said = [text for record in records if record["type"] == "message" for _, text in texts([record["message"]])]
    assert "What's my name?" in said
    assert {"type": "session_info", "name": "alice"}.items() <= records[0].items()
    (label,) = (record for record in records if record["type"] == "label")
    target = next(record for record in records if record["id"] == label["targetId"])
    assert (label["label"], texts([target["message"]])) == ("start", [("user", "My name is Alice")])
    before = next(record for record in records if record["id"] == label["parentId"])
    assert before["message"]["content"][0]["text"].endswith("Your name is **Alice**.")  # where it stood then
    assert exported(exchange, "pi", "b.jsonl") == data
    assert b"What's my name?" not in exported(exchange, "pi", "c.jsonl", branch="active")


def test_summaries_are_those_of_pi() -> None:
    """A compaction names the first record that it keeps, or itself when it keeps none."""
    ts = "2026-01-01T00:00:00.000Z"
    said = [
        Entry("message", n, f"m{n}", f"m{n - 1}" if n > 1 else None, "s", ts, {"role": "user", "content": "hi"}, "user")
        for n in (1, 2)
    ]
    kept = Entry("compaction", 3, "c1", "m2", "s", ts, {"summary": "so far", "first_kept_id": "m2", "tokens_before": 9})
    none = Entry("compaction", 4, "c2", "c1", "s", ts, {"summary": "all", "first_kept_id": None})
    left = Entry("branch_summary", 5, "b1", "c2", "s", ts, {"summary": "that way", "from_id": "m1"})
    records = pi_records(to_pi(Material(Header(VERSION, "s" * 8, ts, {}), Tree([*said, kept, none, left]))))
    ids = [record["id"] for record in records]
    assert [record.get("firstKeptEntryId") for record in records[2:4]] == [ids[1], ids[3]]
    assert (records[2]["summary"], records[2]["tokensBefore"], records[3]["tokensBefore"]) == ("so far", 9, 0)
    assert (records[4]["type"], records[4]["summary"], records[4]["fromId"]) == ("branch_summary", "that way", ids[0])


@pytest.mark.parametrize(
    ("model", "source", "provider"),
    [
        ("claude-sonnet-5-5", None, "anthropic"),
        ("gpt-5", None, "openai"),
        ("gpt-5", {"format": "pi", "raw": {"message": {"provider": "github-copilot", "api": "x"}}}, "github-copilot"),
    ],
)
def test_pi_is_told_who_answered(manager: SessionManager, model: str, source: object, provider: str) -> None:
    """What it had said itself, or what the model's name tells."""
    session = manager.create("alice")
    session.append(user("hi"))
    session.append(assistant("hello", model=model, **({"source": source} if source else {})))
    assert pi_context(Exchange(manager).export(session, "pi").path.read_bytes())[1]["provider"] == provider


def test_what_is_hidden_is_not_sent_by_pi(manager: SessionManager) -> None:
    """Its line is there, and one that takes it out."""
    session = manager.create("alice")
    session.prompt("hide me")
    session.prompt("and not me")
    session.hide(1)
    context = pi_context(Exchange(manager).export(session, "pi").path.read_bytes())
    assert texts(context)[0] == ("user", "and not me")


def test_where_the_conversation_stands_is_where_pi_goes_on(manager: SessionManager) -> None:
    """Also after going back to the beginning, and behind another branch."""
    session = manager.create("alice")
    for text in ("one", "two"):
        session.prompt(text)
    session.rewind(2)
    write = lambda name: pi_context(Exchange(manager).export(session, "pi", name).path.read_bytes())  # noqa: E731
    assert write("a") == []
    session.prompt("three")
    session.switch_to(1)
    assert [text for role, text in texts(write("b")) if role == "user"] == ["one"]


STEPS = st.lists(st.tuples(st.sampled_from(["user", "assistant", "leaf", "label", "info", "odd"]), st.integers(-1, 12)))


@given(STEPS)
def test_any_tree_is_one_that_pi_can_follow(steps: list[tuple[str, int]]) -> None:
    """Circles, missing parents and entries in any order included; what is sent is what is on our path."""
    entries = []
    for number, (kind, other) in enumerate(steps, 1):
        parent = f"e{other}" if other >= 0 else None
        fields: dict[str, Any] = {"target_id": parent, "label": "x", "name": "y"}
        if kind in ("user", "assistant"):
            fields = {"role": kind, "content": [{"type": "text", "text": f"t{number}"}], "model": "m"}
        type_ = "message" if "role" in fields else kind
        above = parent if type_ in ("message", "odd") else None
        entries.append(
            Entry(type_, number, f"e{number}", above, "s", "2026-01-01T00:00:00.000Z", fields, fields.get("role"))
        )
    material = Material(Header(VERSION, "s" * 8, "2026-01-01T00:00:00.000Z", {}), Tree(entries))
    said = [text for _, text in texts(pi_context(to_pi(material)))]
    ours = [entry.text for entry in material.messages]
    circle = len(ours) != len(said)
    assert said == ours or (circle and ours[len(ours) - len(said) :] == said)


def test_lines_are_roles_and_contents(exchange: Exchange) -> None:
    """Text alone as a string, tools and pictures as blocks; no thinking."""
    lines = [json.loads(line) for line in exported(exchange, "jsonl", "a.jsonl").decode().splitlines()]
    assert lines[0] == {"role": "user", "content": "My name is Alice"}
    assert lines[2] == {"role": "user", "content": [{"type": "text", "text": "Look"}, PICTURE]}
    assert [block["type"] for block in lines[3]["content"]] == ["text", "tool_use"]
    assert lines[4]["content"] == [RESULT]
    assert [line["role"] for line in lines] == ["user", "assistant"] * 3


def headings(text: str) -> list[str]:
    """Return the headings that a reader of Markdown sees, each with its level."""
    tokens = MarkdownIt().parse(text)
    return [
        f"{token.tag} {tokens[number + 1].content}"
        for number, token in enumerate(tokens)
        if token.type == "heading_open" and token.level == 0
    ]


def test_markdown_is_a_document_to_read(exchange: Exchange) -> None:
    """Title, turns, who spoke; headings of answers below those of the document; calls and their results folded."""
    text = exported(exchange, "markdown", "a.md").decode()
    assert headings(text) == ["h1 alice", "h2 Turn 1", "h2 Turn 3", "h3 Now"]
    assert "```python\nx = 1\n```" in text
    assert "<details><summary>calls read</summary>" in text
    assert "````text\n```\nx\n```\n````" in text
    assert "> My name is Alice" in text
    assert "What's my name?" not in text


PIECES = st.lists(
    st.sampled_from(
        [
            "# h",
            "```",
            "~~~",
            "```py",
            "    ```",
            "- a",
            "text",
            "===",
            "---",
            "<!-- x",
            "\\<b>",
            "</details>",
            "``` `x",
            "",
        ]
    )
)


@given(PIECES)
def test_no_answer_breaks_what_stands_around_it(lines: list[str]) -> None:
    """Whatever it leaves open: what follows is a heading of the document, and no HTML of it is obeyed."""
    for written in (prose("\n".join(lines)), cited("\n".join(lines))):
        assert headings(f"# a\n\n{written}\n\n# b")[-1] == "h1 b"
        assert all(
            one in ("h1 a", "h1 b") or one[:2] not in ("h1", "h2") for one in headings(f"# a\n\n{written}\n\n# b")
        )
        tokens = MarkdownIt().parse(written)
        inline = [child for token in tokens for child in token.children or ()]
        assert not [token for token in (*tokens, *inline) if token.type in ("html_block", "html_inline")]


def test_what_a_tool_is_called_is_no_markdown() -> None:
    """Nor is what it was given, or what came back."""
    call = {**CALL, "name": "x\n\n# y</summary>", "input": {"a": "```\n# z"}}
    result = {**RESULT, "content": "~~~\n# z\n```"}
    written = "\n\n".join(["# a", aside(call), aside(result), aside({"type": "odd\n\n# y"}), "# b"])
    assert headings(written) == ["h1 a", "h1 b"]


@given(PIECES)
def test_segments_are_the_text(lines: list[str]) -> None:
    """Cut apart, no word is lost; what is added is the fence of a block that was left open."""
    found = "".join(line for part in segments("\n".join(lines)) for line in part.lines)
    for word in ("h", "a", "text", "py", "x", "<!--", "</details>"):
        assert found.count(word) == "".join(lines).count(word)


def test_a_notebook_holds_prompts_answers_and_code(exchange: Exchange) -> None:
    """Each prompt with the id of its cell; it is a valid notebook."""
    exported(exchange, "notebook", "a.ipynb")
    notebook = nbformat.read("a.ipynb", as_version=4)
    nbformat.validate(notebook)
    code = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    assert code == ["%load_ext ipy_sessions", "%%agent\nMy name is Alice", "%%agent\nLook", "x = 1"]
    assert notebook.cells[2].id == "c1"
    assert "### Now" in "\n".join(cell.source for cell in notebook.cells)


def test_no_two_cells_have_one_id(manager: SessionManager) -> None:
    """Also where one cell has asked twice, or ids are none that a notebook can have."""
    session = manager.create("alice")
    for cell in ("c1", "c1", "title", "no id at all", "cell-7"):
        session.prompt("hi", cell_id=cell)
    cells = nbformat.read(Exchange(manager).export(session, "notebook").path, as_version=4).cells
    prompts = [cell.id for cell in cells if cell.source.startswith("%%agent")]
    assert len({cell.id for cell in cells}) == len(cells)
    assert (prompts[0], prompts[-1], len(set(prompts))) == ("c1", "cell-7", 5)


def test_a_notebook_runs(manager: SessionManager) -> None:
    """The prompts are asked again, with the options that were typed; code that raises stops nothing."""
    session = manager.create("alice")
    session.prompt("My name is Alice", cell_id="c1", options={"model": "offline", "stop_sequences": ["x y"]})
    session.append(user("Some code"))
    session.append(assistant("```python\n1 / 0\n```\n```python\nprint('so far')\n```"))
    session.prompt("What's my name?")
    path = Exchange(manager).export(session, "notebook", "a.ipynb").path
    notebook = nbformat.read(path, as_version=4)
    assert notebook.cells[2].source.startswith("%%agent --model offline --stop 'x y'\n")
    NotebookClient(notebook, resources={"metadata": {"path": str(path.parent)}}).execute()
    shown = json.dumps(notebook.cells)
    assert "Your name is **Alice**." in str(notebook.cells[-2].outputs)
    assert "so far" in shown
    assert "ZeroDivisionError" in shown


def test_a_prompt_of_a_notebook_is_read_as_it_was_typed(manager: SessionManager) -> None:
    """Whatever its options begin with; one that no line can hold is left out, so that the cell still runs."""
    session = manager.create("alice")
    session.prompt("hi", options={"model": "offline", "system": "-brief", "stop_sequences": ["--", "a\rb"]})
    session.prompt("hi", options={"model": "offline", "stop_sequences": ["--end"]})
    cells = nbformat.read(Exchange(manager).export(session, "notebook").path, as_version=4).cells
    typed = [cell.source.split("\n", 1) for cell in cells if cell.source.startswith("%%agent")]
    read = [parse_agent(line.removeprefix("%%agent"), body) for line, body in typed]
    assert [ask.prompt for ask in read] == ["hi", "hi"]
    assert [ask.options for ask in read] == [
        {"model": "offline", "system": "-brief"},
        {"model": "offline", "stop_sequences": ("--end",)},
    ]


@pytest.mark.parametrize("name", list(FORMATS))
def test_nothing_leaves_with_a_secret(manager: SessionManager, name: str) -> None:
    """Also out of a transcript of another agent, which nobody has masked."""
    register(Diary())
    Path("diary.txt").write_text(f"DIARY one\nu1 - the key is {KEY}\na1 u1 so {KEY} it is\n")
    written = Exchange(manager).export("diary.txt", name, "out").path.read_bytes()
    if name == "parquet":  # which is compressed
        written = str(pq.read_table(BytesIO(written)).to_pylist()).encode()
    assert (KEY.encode() in written, b"masked API key" in written) == (False, True)


def test_parquet_holds_the_messages_as_the_table_does(exchange: Exchange, manager: SessionManager) -> None:
    """The same rows and types as ses.read has, on all branches or on the active one."""
    told = pq.read_table(BytesIO(exported(exchange, "parquet", "a.parquet")))
    assert told.schema.equals(ses.schema("messages"))
    table = ses.read(manager.row("alice")).messages.to_arrow()
    assert told["id"].to_pylist() == table["id"].to_pylist()
    active = pq.read_table(BytesIO(exported(exchange, "parquet", "b.parquet", branch="active")))
    assert 0 < len(active) < len(told)


@pytest.mark.parametrize("name", list(FORMATS))
def test_an_empty_session_can_be_exported(manager: SessionManager, name: str) -> None:
    """It is valid in each format."""
    done = Exchange(manager).export(manager.create("alice"), name)
    assert done.messages == 0
    if name == "notebook":
        nbformat.validate(nbformat.read(done.path, as_version=4))


def test_nothing_is_written_over(exchange: Exchange, manager: SessionManager) -> None:
    """But with `force`; and never a session, nor the notebook."""
    path = exchange.export("alice", "markdown").path
    assert path == manager.store.path.parent / "alice.md"
    with pytest.raises(ExportError, match=r"alice\.md is there already\. Name another file, or say `--force`"):
        exchange.export("alice", "markdown")
    path.write_text("older")
    assert exchange.export("alice", "markdown", force=True).path.read_text().startswith("# alice")
    log = manager.row("alice").path
    with pytest.raises(ExportError, match="is in the folder of the sessions"):
        exchange.export("alice", "jsonl", log, force=True)
    manager.notebook = Path("n.ipynb").resolve()
    with pytest.raises(ExportError, match="or the notebook that runs"):
        exchange.export("alice", "notebook", "n.ipynb", force=True)
    with pytest.raises(ExportError, match="is a folder"):
        exchange.export("alice", "markdown", ".")
    with pytest.raises(ExportError, match="could not be written: No such file"):
        exchange.export("alice", "markdown", "no/where.md")
    with pytest.raises(ExportError, match="holds one branch"):
        exchange.export("alice", "markdown", "x.md", branch="all")
    assert sorted(path.name for path in Path().iterdir() if not path.name.startswith(".")) == ["alice.md"]


def test_payloads_are_put_back(manager: SessionManager) -> None:
    """What was too large for its line leaves with it."""
    session = manager.create("alice")
    session.append(user([{**RESULT, "content": "word " * 20_000}]))
    session.append(user("hi"))
    assert len(Exchange(manager).export(session, "jsonl").path.read_bytes()) > 100_000


def test_the_command_says_what_was_written(notebook: Shell) -> None:
    """In one line; a second time it is refused in one."""
    notebook.run("%agent My name is Alice")
    notebook.run("%session rename my talk")
    assert "Exported my talk, 2 messages, to `my_talk.md`." in notebook.run("%session export markdown")
    assert "is there already" in notebook.run("%session export markdown")
    assert "to `b.jsonl`." in notebook.run("%session export pi b.jsonl --branch active --of 0")
    assert "There is no format" in notebook.run("%session export word")


def test_another_agents_transcript_is_exported(notebook: Shell) -> None:
    """By its path; what else stands in its file is told of."""
    register(Diary())
    Path("diary.txt").write_text("DIARY one\nu1 - hello\na1 u1 hi\ns1 ! to the other\n")
    told = notebook.run("%session export markdown --of diary.txt")
    assert "Exported hello, 2 messages, to `hello.md`. The transcript holds another conversation" in told
    assert "no session" in notebook.run("%session export markdown --of nothing.txt")


def test_a_read_only_session_is_let_go_of(exchange: Exchange, manager: SessionManager) -> None:
    """Nothing stays open behind an export."""
    exchange.export("alice", "jsonl")
    assert len(manager.opened) == 0
    session = manager.open("alice")
    exchange.export(session, "jsonl", "x")
    assert not session.closed


def test_an_exported_notebook_replays(make_shell: Callable[..., Shell], tmp_path: Path) -> None:
    """Its prompts have the cells of the original: beside the session's folder nothing is asked again."""
    original = tmp_path / "work" / "analysis.ipynb"
    original.write_text('{"cells": [{"id": "c1"}, {"id": "c2"}]}')
    shell = make_shell(notebook=original)
    shell.run("%%agent --model offline\nMy name is Alice", at="c1")
    shell.run("%%agent\nWhat's my name?", at="c2")
    shell.run("%session export notebook copy.ipynb")
    copy = nbformat.read("copy.ipynb", as_version=4)
    prompts = [cell for cell in copy.cells if cell.source.startswith("%%agent")]
    shell = make_shell(notebook=tmp_path / "work" / "copy.ipynb")
    for cell in prompts:
        assert "replayed from" in shell.run(cell.source, at=cell.id)


def test_an_exported_notebook_replays_where_nobody_watches(
    manager: SessionManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A strict run finds each ask by what it says, and asks nothing."""
    session = manager.create("alice")
    session.prompt("My name is Alice", options={"model": "offline", "system": 'Don\'t be "odd"'})
    session.prompt("What's my name?")
    path = Exchange(manager).export(session, "notebook", "a.ipynb").path
    manager.close(session)
    monkeypatch.setenv("IPY_SESSIONS_REPLAY", "strict")
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, resources={"metadata": {"path": str(path.parent.resolve())}}).execute()
    assert str(notebook.cells).count("replayed from") == 4  # each in both forms
