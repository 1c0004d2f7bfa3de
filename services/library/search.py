"""Finding pictures by what was seen in them, by words and by meaning: only what matches, the likeliest first, and why.

The database chooses candidates by their columns and by the text index; of these alone what was seen is read. What the
rules did not understand of a query is looked for in two ways at once, by its words and by its meaning, and both
together say how likely a picture is meant (`relevance.py`).
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import select

from models.database import Database
from models.media import Analysis, Image
from services.errors import ProviderError
from services.library import candidates, query_parts, relevance
from services.library.found import Hit, Known, Match, Matches, SearchType
from services.library.image_index import ImageIndex, told_first
from services.library.query import Clause, Query, understand
from services.library.query_things import Thing
from services.library.seeking import Seeking

log = logging.getLogger(__name__)

AT_ONCE = 500


class ImageSearch:
    """Searches the pictures of owners.

    Args:
        index: of the same database.
    """

    def __init__(self, database: Database, index: ImageIndex) -> None:
        self.database = database
        self.index = index

    def find(
        self, owner_id: str, text: str, now: datetime, *, among: Collection[str] | None = None
    ) -> tuple[Query, list[Hit]]:
        """What was understood, and every picture that matches, the most relevant first.

        Args:
            now: the caller's time, with their zone.
            among: only these.

        Raises:
            DatabaseUnavailable
        """
        found = self.match(owner_id, text, now, among=among)
        return found.query, self.hits(owner_id, found.matches)

    def match(
        self,
        owner_id: str,
        text: str,
        now: datetime,
        *,
        among: Collection[str] | None = None,
        search_type: SearchType | None = None,
        without: Collection[str] = (),
    ) -> Matches:
        """What was understood, and every picture that matches.

        Args:
            now: the caller's time, with their zone.
            among: only these.
            without: parts of what is understood, as `Query.filters` has them, that were not meant.
            search_type: how to look for what was not understood: `keyword` by its words alone, `semantic` by its
                meaning alone; None or `hybrid` by both.

        Raises:
            DatabaseUnavailable
        """
        self.index.catch_up(owner_id)
        query = query_parts.without(understand(text, now), without)
        words_left = bool(query.words)
        if query.is_empty:
            return Matches(query, (), "semantic")
        clauses = query.clauses or (Clause(),)
        meanings = [self._meaning(clause, search_type) for clause in clauses]
        best: dict[str, Match] = {}

        def keep(matches: Iterable[Match]) -> None:
            for match in matches:
                if match.image_id not in best or match.relevance > best[match.image_id].relevance:
                    best[match.image_id] = match

        with self.database.look() as work:
            fixed = candidates.conditions(work, owner_id, query)

            def seek(clause: Clause, meant: Any, *, perhaps: bool = False) -> Iterable[Match]:
                conditions = [*fixed, *candidates.having(work, query, clause)]
                by_words = search_type != "semantic"
                seeking = Seeking(
                    self.index.vectors,
                    work,
                    owner_id,
                    query,
                    clause,
                    now,
                    conditions,
                    by_words=by_words,
                    perhaps=perhaps,
                )
                return seeking.found(meant, among)

            for clause, meant in zip(clauses, meanings, strict=True):
                keep(seek(clause, meant))
            if not best:
                for clause in clauses:
                    for one, missing in _either(clause):
                        keep(_instead(match, missing) for match in seek(one, None))
            if not best:
                # Beside pictures that surely have it, what may have it is noise; alone it is better than nothing.
                for clause, meant in zip(clauses, meanings, strict=True):
                    keep(seek(clause, meant, perhaps=True))
        return Matches(query, tuple(sorted(best.values(), key=_order)), _type(words_left, meanings, search_type))

    def hits(self, owner_id: str, matches: Sequence[Match]) -> list[Hit]:
        """Matches with their pictures, in their order; one that was deleted meanwhile is left out."""
        known: dict[str, Known] = {}
        with self.database.read() as session:
            for start in range(0, len(matches), AT_ONCE):
                ids = [match.image_id for match in matches[start : start + AT_ONCE]]
                rows = session.execute(
                    select(Image, Analysis.caption, told_first())
                    .outerjoin(Analysis, Analysis.sha256 == Image.sha256)
                    .where(Image.id.in_(ids), Image.owner_id == owner_id)
                )
                known |= {image.id: Known(image, caption or "", told or "") for image, caption, told in rows}
        return [
            Hit(known[match.image_id], match.relevance, match.confidence, match.matched)
            for match in matches
            if match.image_id in known
        ]

    def _meaning(self, clause: Clause, search_type: SearchType | None) -> Any:
        """The vector of an alternative's words; None where it has none, or none can be made now."""
        if not clause.meaning or search_type == "keyword":
            return None
        try:
            return self.index.embedder.queries([clause.meaning])[0]
        except ProviderError as error:
            log.warning("searching by words alone: %s", error)
            return None


def _either(clause: Clause) -> Iterable[tuple[Clause, Sequence[Thing]]]:
    """Of a clause that is loose one for each thing that is wanted, with what it does without."""
    wanted = [thing for thing in clause.things if thing.wanted]
    if clause.loose and len(wanted) > 1:
        for one in wanted:
            missing = [thing for thing in wanted if thing != one]
            yield replace(clause, things=tuple(thing for thing in clause.things if thing not in missing)), missing


def _instead(match: Match, missing: Sequence[Thing]) -> Match:
    """A match that has a part alone of what was named."""
    return replace(
        match,
        relevance=round(match.relevance * relevance.EITHER, 3),
        matched=(*match.matched, *(f"missing: {thing.words}" for thing in missing)),
    )


def _order(match: Match) -> tuple[float, float, str]:
    """The likeliest first, then the newest; the id keeps pages apart."""
    return -match.relevance, -match.created_at.timestamp(), match.image_id


def _type(words_left: bool, vectors: list[Any], asked: SearchType | None) -> SearchType:
    if not words_left or asked == "semantic":
        return "semantic"
    return "hybrid" if any(vector is not None for vector in vectors) else "keyword"
