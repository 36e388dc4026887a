"""The page that a conversation becomes: what stands on it, on which branch, and what never does."""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from exchange_kit import Diary
from hostile_kit import HOSTILE
from hypothesis import given
from hypothesis import strategies as st

from ipy_sessions import Exchange, Session, SessionManager, assistant, user
from ipy_sessions.entries import VERSION, Entry, Header, NewEntry
from ipy_sessions.export.material import Material
from ipy_sessions.export.page.document import to_html
from ipy_sessions.export.page.nodes import nodes
from ipy_sessions.readers.registry import register
from ipy_sessions.tree import Tree

PICTURE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aGVsbG8="}}
DRAWING = {"type": "image", "source": {"type": "base64", "media_type": "image/svg+xml", "data": "PHN2Zy8+"}}
REPORT = {"type": "document", "title": "report.pdf", "source": {"type": "url", "url": "https://example.com/r.pdf"}}


@pytest.fixture
def session(manager: SessionManager) -> Session:
    """A conversation with branches, in which everything was said that there is."""
    session = manager.create("Al & <b>ice</b>")
    session.append(NewEntry("settings", {"model": "m", "system": "Be <brief>.", "options": {}}))
    session.append(user("one", cell_id="c1", execution_count=4))
    session.append(assistant("*first*", model="m", usage={"input_tokens": 1200, "output_tokens": 5}, cost_usd=0.5))
    session.label(1, "start")
    session.append(user([{"type": "text", "text": "look"}, PICTURE, DRAWING, REPORT]))
    call = {"type": "tool_use", "id": "t1", "name": "bash", "input": {"command": "ls <x>\nls", "many": [1]}}
    session.append(assistant([{"type": "thinking", "thinking": "a *b* c"}, call], model="m", stop_reason="tool_use"))
    session.append(user([{"type": "tool_result", "tool_use_id": "t1", "content": "no <x>", "is_error": True}]))
    session.append(assistant("so far", model="m", stop_reason=None, end="interrupted", latency_ms=1500))
    session.append(NewEntry("compaction", {"summary": "in **short**"}))
    session.rewind(1)
    session.append(user("two, again"))
    session.append(assistant("other", model="n"))
    return session


def page(manager: SessionManager, ref: Any, **options: Any) -> str:
    """Return the page that a session becomes."""
    return Exchange(manager).export(ref, "html", "page.html", force=True, **options).path.read_text()


def test_a_page_holds_every_branch(manager: SessionManager, session: Session) -> None:
    """The active one first, to be read without scripts; the others below it, folded; each says which it is."""
    written = page(manager, session)
    talk, others = written.split('<details id="others">')
    assert re.findall(r'<article id="(.+?)"', talk) == ["turn-1", "turn-3"]
    assert re.findall(r'<article id="(.+?)"', others) == ["turn-2"]
    assert 'id="turn-3" data-above="turn-1"' in talk
    assert "<span>2 of 2</span>" in talk
    assert 'href="#turn-2" aria-label="previous version, Turn 2"' in talk
    assert "turns</dt><dd>3, 1 of them on other branches" in written
    assert "look" not in page(manager, session, branch="active").split("<script>")[0].split("</style>")[1]


def test_a_turn_says_what_is_known_of_it(manager: SessionManager, session: Session) -> None:
    """Number, label, time, cell; model, tokens, cost, seconds; how it ended; summaries as cards."""
    written = page(manager, session)
    head = written.split('<article id="turn-1"')[1].split("</article>")[0]
    assert '<h2><a href="#turn-1">Turn 1</a></h2><bdi class="label">start</bdi>' in head
    assert re.search(r'<time datetime="20[^"]+Z">20\d\d-\d\d-\d\d \d\d:\d\d</time> · <span[^>]*>cell \[4\]', head)
    assert '<b>m</b><span class="facts">1,200 in, 5 out · $0.50</span>' in head
    assert '<p dir="auto"><em>first</em></p>' in head
    assert "stopped; what came until then is kept" in written
    assert '<span class="facts">1.5 s</span>' in written
    assert "what was said before, summed up" in written
    assert "in <strong>short</strong>" in written


def test_calls_stand_with_their_results(manager: SessionManager, session: Session) -> None:
    """Folded, what was given line by line; pictures of dots are seen, and everything else is named."""
    written = page(manager, session)
    call = re.search(r'<details class="call"><summary><b>bash</b>.*?</details>', written, re.DOTALL)
    assert call is not None
    assert "<code>ls &lt;x&gt; ls</code>" in call[0]
    assert "ls &lt;x&gt;\nls</pre>" in call[0]
    assert "no &lt;x&gt;</pre>" in call[0]
    assert "failed" in call[0]
    assert '<img src="data:image/png;base64,aGVsbG8="' in written
    assert "svg+xml;base64" not in written
    assert "image, image/svg+xml, 6 bytes" in written
    assert "document, report.pdf, https://example.com/r.pdf" in written
    assert "thinking, 3 words" in written
    assert "a *b* c</div>" in written
    assert "Be &lt;brief&gt;." in written


def test_the_title_is_text(manager: SessionManager, session: Session) -> None:
    """In the window's title, and above the page."""
    assert page(manager, session).count("Al &amp; &lt;b&gt;ice&lt;/b&gt;</") == 2


def test_only_our_own_script_and_style_are_allowed(manager: SessionManager, session: Session) -> None:
    """By the hash of what stands in the file; no address is, and no style or script of a transcript."""
    written = page(manager, session)
    policy = re.findall(r'http-equiv="Content-Security-Policy" content="(.+?)"', written)
    assert len(policy) == 1
    for tag in ("script", "style"):
        (own,) = re.findall(f"<{tag}>(.*?)</{tag}>", written, re.DOTALL)
        assert f"{tag}-src 'sha256-{b64encode(sha256(own.encode()).digest()).decode()}'" in policy[0]
    assert policy[0].startswith("default-src 'none'; ")
    assert not re.search(r"https?:|unsafe|\*", policy[0])


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_of_a_transcript_is_a_tag_of_the_page(manager: SessionManager, text: str) -> None:
    """Wherever it stands: in titles, questions, answers, thinking, names of tools and what they get and answer."""
    session = manager.create(text.replace("\ud800", "")[:60])
    clean = text.replace("\ud800", "")
    session.append(user([{"type": "text", "text": clean}, {"type": clean, "x": clean}], cell_id=clean))
    session.label(1, clean)
    call = {"type": "tool_use", "id": clean, "name": clean, "input": {clean: clean, "y": [clean]}}
    media = {"type": "base64", "media_type": clean, "data": clean}
    answer: list[dict[str, Any]] = [{"type": "thinking", "thinking": clean}, {"type": "text", "text": clean}, call]
    session.append(assistant(answer, model=clean, end=clean, stop_reason=None, error={"message": clean}))
    result = {
        "type": "tool_result",
        "tool_use_id": clean,
        "content": [{"type": "image", "source": media, "title": clean}],
    }
    session.append(user([result]))
    session.append(NewEntry("branch_summary", {"summary": clean}))
    written = page(manager, session)
    found = re.findall(r"<(script|style|meta|iframe|svg|base|form)\b", written)
    assert sorted(found) == ["meta"] * 4 + ["script", "style"]
    inside = re.sub(r"<style>.*?</style>|<script>.*?</script>|<head>.*?<title>", "", written, flags=re.DOTALL)
    for tag in re.findall(r"<[a-zA-Z][^>]*>", inside):
        assert not re.search(r"""\s(on\w+|style|srcdoc|formaction)\s*=""", re.sub(r'"[^"]*"', '""', tag)), tag


def test_a_page_of_another_agent(manager: SessionManager) -> None:
    """A transcript that is no session of ours becomes a page by its path, its secrets masked."""
    register(Diary())
    key = "sk-ant-api03-" + "a" * 95
    Path("diary.txt").write_text(f"DIARY one\nu1 - the key is {key}\na1 u1 so {key} it is\nb1 u1 or not\n")
    written = page(manager, "diary.txt")
    assert key not in written
    assert "masked" in written
    assert re.findall(r'<article id="(.+?)"', written) == ["turn-1", "turn-1-2", "turn-1-3"] or written.count(
        "<article"
    )


def test_what_was_dropped_is_not_on_the_page(manager: SessionManager, session: Session) -> None:
    """As no tree shows it; what is hidden from the model is there, and says so."""
    session.drop(2)
    session.hide(3)
    written = page(manager, session)
    assert 'id="turn-2"' not in written
    assert re.search(r'<article id="turn-3"[^>]* class="unsent"', written)
    assert "hidden from the model" in written


def test_an_empty_session_is_a_page(manager: SessionManager) -> None:
    """Which says that nothing was said."""
    assert "Nothing was said yet." in page(manager, manager.create("empty", temporary=True))


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["user", "assistant", "settings", "compaction", "leaf", "label", "drop"]), st.integers(-1, 12)
    )
)


@given(STEPS)
def test_any_tree_becomes_a_page(steps: list[tuple[str, int]]) -> None:
    """Circles, missing parents and entries in any order: each message that was not dropped stands there once."""
    entries = []
    for number, (kind, other) in enumerate(steps, 1):
        parent = f"e{other}" if other >= 0 else None
        fields: dict[str, Any] = {"target_id": parent, "label": "x", "summary": "y", "dropped": True}
        if kind in ("user", "assistant"):
            fields = {"role": kind, "content": [{"type": "text", "text": f"t{number}."}], "model": "m"}
        type_ = "message" if "role" in fields else kind
        above = None if kind in ("leaf", "label", "drop") else parent
        entries.append(
            Entry(type_, number, f"e{number}", above, "s", "2026-01-01T00:00:00.000Z", fields, fields.get("role"))
        )
    tree = Tree(entries)
    found = nodes(tree)
    placed = [entry.id for node in found for entry in node.entries]
    assert len(placed) == len(set(placed))
    assert len({node.name for node in found}) == len(found)
    for node in found:
        assert node in node.ways
        assert node.above is None or found.index(node.above) < found.index(node)
    written = to_html(Material(Header(VERSION, "s" * 8, "2026-01-01T00:00:00.000Z", {}), tree))
    assert written.count("<article") == len(found)
    assert {entry.id for entry in tree.path() if entry.type == "message"} <= set(placed)
