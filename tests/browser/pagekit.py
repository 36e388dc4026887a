"""What a test does to a notebook on a page beyond what `Lab` does: cells are put, changed, split, merged, all run."""

from __future__ import annotations

from pathlib import Path

from browser.labkit import Lab

PUT = """texts => {
    const model = jupyterapp.shell.currentWidget.content.model.sharedModel;
    model.insertCells(model.cells.length, texts.map(source => ({cell_type: 'code', source})));
}"""
SAY = "([index, text]) => jupyterapp.shell.currentWidget.content.widgets[index].model.sharedModel.setSource(text)"
SAYS = "() => jupyterapp.shell.currentWidget.content.widgets.map(cell => cell.model.sharedModel.source)"
SPLIT = """([index, line]) => {
    jupyterapp.shell.currentWidget.content.widgets[index].editor.setCursorPosition({line, column: 0});
    return jupyterapp.commands.execute('notebook:split-cell-at-cursor').then(() => null);
}"""


def put(lab: Lab, *texts: str) -> None:
    """Put cells at the end; several lines stay as they are, which they do not when they are typed."""
    lab.page.evaluate(PUT, list(texts))


def say(lab: Lab, index: int, text: str) -> None:
    """Have a cell say something else."""
    lab.page.evaluate(SAY, [index, text])


def says(lab: Lab) -> list[str]:
    """Return what the cells say."""
    return list(lab.page.evaluate(SAYS))


def run_all(lab: Lab) -> list[str]:
    """Run every cell of the saved notebook; return what each shows."""
    lab.save()
    lab.command("notebook:run-all-cells")
    lab.idle()
    return [lab.text(index) for index in range(lab.count())]


def change(lab: Lab, index: int, text: str) -> str:
    """Have a cell say something else, save, run it; return what it shows."""
    say(lab, index, text)
    lab.save()
    lab.run(index)
    return lab.text(index)


def split(lab: Lab, index: int, line: int) -> None:
    """Split a cell before a line."""
    lab.select(index)
    lab.page.evaluate(SPLIT, [index, line])


def merge(lab: Lab, index: int) -> None:
    """Merge a cell with the one below it."""
    lab.select(index)
    lab.command("notebook:extend-marked-cells-below")
    lab.command("notebook:merge-cells")


def reopen(lab: Lab, path: Path) -> None:
    """Open a notebook of the same server, in a kernel of its own."""
    lab.server.close_kernels()
    lab.open(path.relative_to(lab.server.root).as_posix())
