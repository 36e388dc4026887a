"""The picker: all sessions in a list that is searched and sorted in the page, and what is done with one of them.

It owns what the page is told and when: the first rows at once, all of them behind that, and later what has changed. It
refuses to know where sessions are and how a command is carried out: both are given to it.

A session keeps the number that it was first sent with for as long as the picker lives, so that a click means what was
seen, whatever has come and gone since.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import traitlets

from ipy_sessions.encoding import whole_characters
from ipy_sessions.errors import CommandError, SessionsError
from ipy_sessions.render.markup import Markup
from ipy_sessions.summary import SessionInfo
from ipy_sessions.widgets.actions import Wanted, command
from ipy_sessions.widgets.columns import Listed, columns, packed
from ipy_sessions.widgets.live import HERE, Live, script
from ipy_sessions.widgets.preview import preview
from ipy_sessions.widgets.seen import Seen, Sessions

COMMENT = re.compile(r"^[ ]*/\*(?s:.*?)\*/\n|[ ]{2}// .*$", re.MULTILINE)
FIRST = 100  # rows that are there at once
NOTHING = Markup("<small>Nothing was chosen.</small>", "Nothing was chosen.")


def _lean(text: str) -> str:
    """Return a script or a style sheet without what only its readers need: a fifth of it."""
    return "\n".join(map(str.strip, COMMENT.sub("", text).splitlines()))


class Picker(Live):
    """The picker of one cell.

    Parameters
    ----------
    sessions
        Where its sessions are.
    seen
        What there is of them.
    """

    _esm = _lean(script("picker_rows.js", "picker_list.js", "picker_pane.js", "picker.js"))
    _css = _lean((HERE / "picker.css").read_text(encoding="utf-8"))
    page = traitlets.Dict().tag(sync=True)

    def __init__(self, sessions: Sessions, seen: Seen) -> None:
        self._sessions, self._seen = sessions, seen
        self._rows: list[SessionInfo] = []
        self._numbers: dict[Path, int] = {}
        self._same: dict[int, int] = {}
        first = self._listed(sorted(self._seen.rows, key=lambda row: row.archived)[:FIRST])
        page = {
            "columns": columns(first),
            "total": len(self._seen.rows),
            "shown": sum(not row.archived for row in self._seen.rows),
            "notebook": sessions.notebook,
            "formats": list(sessions.formats),
            "now": int(time.time()),
            "skipped": self._skipped(),
        }
        super().__init__(page=page)

    def answer(self, wanted: Wanted) -> None:
        """Do what the page asks for, or say in a sentence why not."""
        told: dict[str, Callable[[Wanted], object]] = {
            "rest": self._send_all,
            "fresh": self._send_changed,
            "preview": self._send_preview,
            "search": self._send_found,
            "close": lambda _: self.finish(NOTHING),
        }
        name = wanted.get("do")
        act = told.get(name, self._act) if isinstance(name, str) else self._act
        try:
            act(wanted)
        except SessionsError as error:
            self._say(wanted, str(error), well=False)
        except OSError as error:
            self._say(wanted, f"{error.strerror or error}.", well=False)

    # What is done

    def _act(self, wanted: Wanted) -> None:
        asked, leaves = command(wanted, self._find)
        said = self._sessions.carry_out(asked)
        if leaves:
            self.finish(said)
            return
        self._send_changed(wanted)
        self._say(wanted, said.plain)

    def _find(self, number: object) -> SessionInfo:
        """Return the row that a page means by a number."""
        if isinstance(number, int) and not isinstance(number, bool) and 0 <= number < len(self._rows):
            return self._rows[number]
        raise CommandError("That session is not in this list any more. Choose another one.")

    # What is told

    def _say(self, wanted: Wanted, text: str, *, well: bool = True) -> None:
        done = {name: wanted.get(name) for name in ("do", "row") if isinstance(wanted.get(name), str | int)}
        self.send({"kind": "said", "text": text, "well": well, **done})

    def _send_all(self, _: Wanted) -> None:
        self._seen = self._sessions.look()
        self._send_rows(self._listed(self._seen.rows), whole=True)

    def _send_changed(self, _: Wanted) -> None:
        """Tell the page what is new, what is otherwise than it was, and what is gone."""
        before, self._seen = self._seen, self._sessions.look()
        known, numbers = set(self._same), set(self._same.values())
        here = [(seen.current, seen.answering) for seen in (before, self._seen)]
        marked = {path for path, _ in here} if here[0] != here[1] else set()
        marked |= {path for path, _ in before.owners.items() ^ self._seen.owners.items()}
        listed = self._listed(self._seen.rows)
        told = {self._numbers.get(path) for path in marked if path is not None}
        changed = [one for one in listed if id(one.info) not in known or one.number in told]
        self._send_rows(changed, gone=sorted(numbers - set(self._same.values())))

    def _send_rows(self, listed: Sequence[Listed], *, whole: bool = False, gone: Sequence[int] = ()) -> None:
        told = {"kind": "rows", "whole": whole, "gone": list(gone), "skipped": self._skipped()}
        self.send(told, buffers=[packed(columns(listed))] if listed or whole else [])

    def _skipped(self) -> list[str]:
        return [f"{path.name}: {reason}" for path, reason in self._seen.skipped]

    def _listed(self, rows: Sequence[SessionInfo]) -> list[Listed]:
        """Return rows with their numbers, and remember which they are."""
        before, self._same = self._same, {}
        for row in rows:
            number = before.get(id(row))
            if number is None:
                number = self._numbers.setdefault(row.path, len(self._rows))
                self._rows[number : number + 1] = [row]
            self._same[id(row)] = number
        current = self._numbers.get(self._seen.current) if self._seen.current is not None else None
        owners = {self._numbers.get(path): owner for path, owner in self._seen.owners.items()}
        numbered = zip(self._same.values(), rows, strict=True)
        answering = current if self._seen.answering else None
        return [
            Listed(number, row, number == current, owners.get(number, ""), number == answering)
            for number, row in numbered
        ]

    def _send_preview(self, wanted: Wanted) -> None:
        row = self._find(wanted.get("row"))
        told = {"kind": "preview", "row": wanted["row"], "name": row.name}  # the whole of it, to be changed
        self.send({**told, **preview(self._sessions.tree(row))})

    def _send_found(self, wanted: Wanted) -> None:
        given = wanted.get("text")
        text = whole_characters(given) if isinstance(given, str) else ""  # no message holds half of one
        files, hits = self._sessions.search(text) if text.strip() else ((), ())
        pieces: dict[Path, list[tuple[str, bool]]] = {}
        for hit in hits:
            pieces.setdefault(Path(hit.path), [(piece.text, piece.meant) for piece in hit.pieces])
        numbers = ((self._numbers.get(path), pieces.get(path)) for path in files)
        self.send(
            {"kind": "found", "text": text, "found": [(number, said) for number, said in numbers if number is not None]}
        )
