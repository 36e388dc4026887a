"""Going over conversations and keeping what is found: files of ours by their bytes, all others by their readers.

What was copied, to another branch or into a fork, is found where it was said, and once. What is kept of each message
is what ranks it; what is shown of the best is looked up when all of them are known.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from itertools import chain, groupby
from unicodedata import normalize

from ipy_sessions.encoding import decode
from ipy_sessions.entries import Entry
from ipy_sessions.errors import NotASessionError
from ipy_sessions.hit import Hit
from ipy_sessions.readers.transcript import Transcript
from ipy_sessions.searching.conversation import Searched
from ipy_sessions.searching.hits import Hits
from ipy_sessions.searching.lines import scanned
from ipy_sessions.searching.query import Match, Query
from ipy_sessions.searching.ranking import Found, ranked
from ipy_sessions.searching.said import Passage, Scope
from ipy_sessions.searching.sieve import Sieve
from ipy_sessions.searching.snippets import snippet
from ipy_sessions.table.corpus import Corpus, Own
from ipy_sessions.watching import Progress

APART = "\n\0\n"  # between the passages of a message, so that no phrase goes over an end


class Search:
    """One search; it may be stopped at any moment, and tells what was found by then.

    Parameters
    ----------
    corpus
        Where is looked.
    query
        What is looked for.
    scope
        What of it is looked at.
    limit
        How many of the best hits are told.
    sieve
        Whether lines that cannot be meant are passed over; ``False`` decodes all of them, which finds the same.
    """

    def __init__(
        self, corpus: Corpus, query: Query, scope: Scope, limit: int | None = None, *, sieve: bool = True
    ) -> None:
        self.corpus, self._query, self._scope, self._limit = corpus, query, scope, limit
        self._sieve = Sieve(query if sieve else None)
        self._found: list[Found] = []
        self.done = 0
        """How many conversations were looked through."""

    def run(self, progress: Progress | None = None) -> None:
        """Look through all of it; `progress` is told how many conversations of how many were looked through."""
        own = self.corpus.own
        with closing(scanned(own, self._sieve)) as files:
            for file, lines in files:
                self._tell(progress, len(own))
                self._look(file.path, file.session, self._entries(file, lines))
                self.done += 1
        for part in chain(self.corpus.given_parts(), self.corpus.other_parts()):
            transcript = part.transcript
            self._tell(progress, max(len(own), self.done))
            self._look(transcript, transcript.id, (one for one in transcript.entries if one.type == "message"))
            self.done += 1

    def hits(self) -> Hits:
        """Return what was found so far, the best first."""
        best = ranked(self._found)[: self._limit]
        shown: dict[int, Hit] = {}
        places = sorted(range(len(best)), key=lambda place: best[place][0].session)
        for _, some in groupby(places, key=lambda place: best[place][0].session):
            group = list(some)
            conversation = Searched(best[group[0]][0].source)  # read once, and let go of before the next
            for place in group:
                found, score = best[place]
                hit = self._hit(conversation, found, score)
                if hit is not None:
                    shown[place] = hit
        sessions = len({found.session for found in self._found})
        skipped = [f"{path}: {reason}" for path, reason in self.corpus.skipped]
        return Hits([shown[place] for place in sorted(shown)], len(self._found), sessions, skipped)

    def sources(self) -> list[str | Transcript]:
        """Return the conversations in which something was found so far, each once, the best first."""
        sources = {found.session: found.source for found, _ in ranked(self._found)}
        return list(sources.values())

    def _tell(self, progress: Progress | None, total: int) -> None:
        if progress is not None:
            progress(self.done, total)

    def _entries(self, file: Own, lines: Iterator[bytes]) -> Iterator[Entry]:
        """Yield the messages of a file that may be meant; damaged lines are passed over."""
        try:
            for line in lines:
                try:
                    entry = decode(line)
                except ValueError:
                    continue
                if isinstance(entry, Entry) and entry.type == "message":
                    yield entry
        except OSError as error:
            self.corpus.skip(file.path, str(error))

    def _look(self, source: str | Transcript, session: str, entries: Iterable[Entry]) -> None:
        conversation = Searched(source)
        seen: set[str] = set()
        for entry in entries:
            if entry.id in seen or self._is_copy(entry, session) or not self._scope.takes(entry):
                continue
            text = _text(self._scope.passages(entry, conversation.name_of))
            counts = self._query.counts(text)
            if counts is not None and self._scope.is_of(conversation.notebook if self._scope.notebook else None):
                seen.add(entry.id)
                self._found.append(Found(source, session, entry.id, entry.ts, counts, len(text)))

    def _is_copy(self, entry: Entry, session: str) -> bool:
        return "carried_from" in entry.fields or (entry.session != session and entry.session in self.corpus.sessions)

    def _hit(self, conversation: Searched, found: Found, score: float) -> Hit | None:
        """Return what is shown of a message; ``None`` when its file was changed or taken away since it was found."""
        try:
            part = conversation.part
            entry = part.tree[found.entry]
        except (NotASessionError, OSError, KeyError):
            return None
        passages = self._scope.passages(entry, conversation.name_of)
        match = self._query.match(_text(passages))
        if match is None:
            return None
        held = _holding(passages, match)
        return Hit(
            session=found.session,
            title=conversation.title,
            turn=conversation.turn_of(entry),
            role=str(entry.role),
            kind=held.kind,
            tool=held.tool,
            ts=entry.ts,
            pieces=snippet(match),
            score=score,
            id=entry.id,
            path=part.transcript.path,
            notebook=conversation.notebook,
            format=part.transcript.format,
        )


def _text(passages: Sequence[Passage]) -> str:
    return APART.join(passage.text for passage in passages)


def _holding(passages: Sequence[Passage], match: Match) -> Passage:
    """Return the passage in which the first term stands first."""
    first, end = match.spans[0][0].start, 0
    for passage in passages:
        end += len(normalize("NFC", passage.text)) + len(APART)
        if first < end:
            return passage
    return passages[-1]
