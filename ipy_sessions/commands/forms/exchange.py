"""What leaves the folder in another form, and what comes into it."""

from __future__ import annotations

from ipy_sessions.commands.form import Form, flag, value, words
from ipy_sessions.commands.values.exchange import BRANCHES, Export, Import

FORMS = (
    Form(
        "export",
        "Write the session in another form, beside the notebook or into a file. Secrets are masked in all of it.",
        lambda read: Export(read.format, " ".join(read.path), read.of or "", read.branch, read.force),
        (
            words("format", "html, markdown, notebook, pi, jsonl or parquet", nargs=None),
            words("path", "the file; by default called as the session is"),
            value("--of", "REF", "another session, as for open, or another agent's transcript by its path"),
            (
                "--branch",
                {"choices": BRANCHES, "help": "every branch, which html, pi and parquet hold, or the active one"},
            ),
            flag("--force", "write in the place of a file that is there"),
        ),
    ),
    Form(
        "import",
        "Make sessions out of other agents' transcripts, or of sessions elsewhere. Twice does no harm.",
        lambda read: Import(read.paths),
        (
            words(
                "paths",
                "files, folders, or patterns such as ~/.pi/agent/sessions/**/*.jsonl",
                nargs="+",
                metavar="PATH",
            ),
        ),
    ),
)
