"""`prepared`: from what a user asks for to a search that can begin."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from ipy_sessions.errors import SettingError
from ipy_sessions.searching.looking import Search
from ipy_sessions.searching.query import Query
from ipy_sessions.searching.said import Scope
from ipy_sessions.table.corpus import Corpus, Named, several

SHOWN = 20  # hits, where no other number is asked for


def prepared(  # noqa: PLR0913 - each of them narrows the search
    what: str | Sequence[str],
    named: Named | Iterable[Named],
    *,
    regex: bool = False,
    case: bool | None = None,
    role: str | None = None,
    tool: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    notebook: str | None = None,
    deep: bool = False,
    limit: int | None = SHOWN,
) -> Search:
    """Return a search that has not begun; `magics.tables.search` describes the parameters."""
    if limit is not None and limit < 0:
        raise SettingError(f"limit is how many hits are wanted, from 0, and not {limit}.")
    query = Query(what, regex=regex, case=case)
    scope = Scope(role=role, tool=tool, since=since, until=until, notebook=notebook, deep=deep)
    return Search(Corpus(several(named)), query, scope, limit)
