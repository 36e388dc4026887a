"""What a click in a tree may mean, whoever sends it."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ipy_sessions.commands.values import Fork, Hide, Label, Show, Switch
from ipy_sessions.widgets.tree import meant

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=6,
)


def test_each_button_means_one_command() -> None:
    """What is clicked is what `%session` would be told."""
    assert meant({"do": "switch", "turn": "2"}) == Switch("2")
    assert meant({"do": "fork", "turn": "2"}) == Fork(at="2", again=True)
    assert meant({"do": "hide", "turn": "2"}) == Hide("2", on=True)
    assert meant({"do": "unhide", "turn": "2"}) == Hide("2", on=False)
    assert meant({"do": "label", "turn": "2", "label": "a"}) == Label("2", "a")
    assert meant({"do": "show", "turn": "2"}) == Show(turn="2")


@given(st.dictionaries(st.sampled_from(["do", "turn", "label"]) | st.text(max_size=5), JSON))
def test_any_other_message_means_nothing(message: dict[str, Any]) -> None:
    """A page may send what it likes: only what names a turn by a text, and a thing to do, is carried out."""
    known = message.get("do") in ("switch", "fork", "hide", "unhide", "label", "show")
    if meant(message) is not None:
        assert known
        assert isinstance(message["turn"], str)
