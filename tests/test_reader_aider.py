"""aider's history: several chats in one Markdown file."""

from __future__ import annotations

from ipy_sessions.readers.file import File
from ipy_sessions.readers.registry import read
from ipy_sessions.readers.transcript import Transcript

BEGUN = "\n# aider chat started at 2026-01-02 03:04:05\n\n"


def aider(text: str) -> list[Transcript]:
    """Return the chats of a history."""
    return list(read(File(".aider.chat.history.md", text.encode())))


def said(transcript: Transcript) -> list[tuple[str | None, str]]:
    """Return who has said what."""
    return [(entry.role, entry.text) for entry in transcript.entries]


def test_each_chat_is_a_conversation() -> None:
    """With its own time; one in which nothing was said is none."""
    first, second = aider(f"{BEGUN}\n#### one  \n\nOne.\n\n{BEGUN}> Aider v0.86  \n{BEGUN}\n#### two  \n\nTwo.\n\n")
    assert (said(first), said(second)) == (
        [("user", "one"), ("assistant", "One.")],
        [("user", "two"), ("assistant", "Two.")],
    )
    assert first.header.ts == "2026-01-02T03:04:05.000Z"
    assert first.id != second.id


def test_chats_that_begin_alike_are_two() -> None:
    """A script may start two in one second with the same words."""
    one, other = aider(f"{BEGUN}\n#### go  \n{BEGUN}\n#### go  \n")
    assert one.id != other.id


def test_what_looks_like_a_prompt_in_an_answer_is_the_answers() -> None:
    """Its own lines end with two spaces; a prompt may have several lines, and an empty one between two."""
    answer = "First:\n\n#### A heading\n\n> a quotation\n\n# A title"
    (chat,) = aider(f"{BEGUN}\n#### one  \n####   \n#### two  \n\n{answer}\n\n")
    assert said(chat) == [("user", "one\n\ntwo"), ("assistant", answer)]


def test_a_file_whose_spaces_an_editor_has_cut_off_is_read_by_its_marks() -> None:
    """Two prompts have an empty line between them."""
    prompts = "#### /add b.py\n> Added b.py\n\n#### one\n####\n#### two\n"
    (chat,) = aider(f"{BEGUN}\n{prompts}\nAn answer.\n\n\n#### three\n\n#### four\n")
    assert [text for _, text in said(chat)] == ["/add b.py", "one\n\ntwo", "An answer.", "three", "four"]
    assert chat.entries[0].fields["source"]["raw"] == {"told": "Added b.py"}


def test_the_program_tells_model_tokens_and_cost() -> None:
    """Rounded, as it has rounded them; and whether an answer was stopped."""
    (chat,) = aider(
        f"{BEGUN}> Aider v0.86  \n> Main model: sonnet with diff edit format  \n\n#### one  \n\nOne.\n\n"
        "> Tokens: 2.3k sent, 1.1k cache write, 7 cache hit, 120 received.  \n"
        "> Cost: $0.0123 message, $1.05 session.  \n"
        "\n#### two  \n\nTw\n\n> ^C KeyboardInterrupt  \n"
    )
    _, one, _, two = chat.entries
    assert one.usage == {
        "input_tokens": 2300,
        "cache_creation_input_tokens": 1100,
        "cache_read_input_tokens": 7,
        "output_tokens": 120,
    }
    assert (one.cost_usd, one.fields["model"], one.fields["stop_reason"]) == (0.0123, "sonnet", "end_turn")
    assert (two.cost_usd, two.fields["stop_reason"], two.fields["end"]) == (None, None, "interrupted")
    assert chat.header.fields["source"]["raw"]["told"].startswith("Aider v0.86")
