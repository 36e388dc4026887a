"""A prompt that is wanted again, in a real JupyterLab, beside a server that counts what it is asked."""

from __future__ import annotations

import pytest
from browser.labkit import Lab

from ipy_sessions.testing.server import MessagesServer

pytestmark = pytest.mark.browser


def source(lab: Lab, index: int) -> str:
    """Return what a cell says."""
    text: str = lab.page.evaluate(
        "index => jupyterapp.shell.currentWidget.content.widgets[index].model.sharedModel.getSource()", index
    )
    return text


def test_a_prompt_comes_into_the_cell_below_and_is_not_run(asking: Lab, model: MessagesServer) -> None:
    """As it was typed, options and all; run there, it is asked as it was; no second one comes when it is there."""
    typed = "%%agent --system 'Be brief.' --max-tokens 300\nquestion 1\n\n  {x}?"
    asking.ask(typed)
    asking.ask("%%agent\nquestion 2")
    prompts = asking.ask("%session history --prompts")
    assert "question 1 …" in prompts
    above = asking.type("%session again 1")
    asking.type("below = 1")
    asking.run(above)
    assert "What turn 1 asked is in the next cell. It was not run." in asking.text(above)
    assert source(asking, above + 1) == typed
    assert source(asking, above + 2) == "below = 1"
    assert asking.outputs(above + 1) == []
    assert len(model.asked) == 2
    asking.save()
    asking.run(above)
    assert "The next cell asks what turn 1 asked already." in asking.text(above)
    assert source(asking, above + 2) == "below = 1"
    asking.run(above + 1)
    assert len(model.asked) == 3
    assert model.asked[-1]["max_tokens"] == 300
    assert model.asked[-1]["messages"][-1]["content"][0]["text"] == "question 1\n\n  {x}?"
