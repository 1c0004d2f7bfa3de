"""Finding pictures by what was seen in them, by words and by meaning: only what matches, the likeliest first, and why.

The database chooses candidates by their columns and by the text index; of these alone what was seen is read. What the
rules did not understand of a query is looked for in two ways at once, by its words and by its meaning, and both
together say how likely a picture is meant (`relevance.py`).
"""

from __future__ import annotations

import logging
import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select

from models.database import Database
from models.media import Analysis, Image, ImageWords
from services.errors import ProviderError
from services.library import candidates, query_parts, relevance
from services.library.found import Hit, Known, Match, Matches, SearchType
from services.library.image_index import KIND, ImageIndex, told_first
from services.library.judging import Verdict, judge
from services.library.query import Clause, Query, understand
from services.library.query_things import Thing
from services.library.text_index import matching, pictures_with
from services.library.vectors import Vectors

log = logging.getLogger(__name__)

AT_ONCE = 500
MOST_BY_MEANING = 1000
"""Pictures that are found by their meaning alone, at most."""
LEAST_RELEVANCE = 0.2


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
                seeking = _Seeking(
                    self.index.vectors, work, owner_id, query, clause, now, conditions, by_words=by_words, perhaps=perhaps
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


@dataclass(frozen=True, slots=True)
class _Seeking:
    """One alternative of a query looked for.

    Args:
        conditions: what the database chooses by.
        by_words: whether words that were not understood are looked for as they are.
        perhaps: whether what is only possibly there counts.
    """

    vectors: Vectors
    work: Connection
    owner_id: str
    query: Query
    clause: Clause
    now: datetime
    conditions: list[Any]
    by_words: bool
    perhaps: bool

    def found(self, vector: Any, among: Collection[str] | None) -> Iterable[Match]:
        """Every picture that matches the alternative."""
        having = self._having_words()
        with_all = set.intersection(*(ids for _weight, ids in having.values())) if having else set()
        near = self._near(vector, among, named=bool(with_all))
        least_share = relevance.BESIDE_NAMED if with_all else relevance.LEAST_SHARE
        unwanted = set().union(*(pictures_with(self.work, self.owner_id, word) for word in self.clause.unwanted))
        for row in self._rows(near):
            if row.id in unwanted or (among is not None and row.id not in among):
                continue
            verdict = judge(row, self.query, self.clause, self.now, near.get(row.id), perhaps=self.perhaps)
            if verdict is None or not self._meant(row.id, having, near, verdict, least_share):
                continue
            yield Match(
                row.id,
                row.created_at,
                round(min(1.0, verdict.relevance), 3),
                round(min(verdict.confidences), 3) if verdict.confidences else None,
                tuple(dict.fromkeys(verdict.reasons)),
            )

    @property
    def _alone(self) -> bool:
        """Whether words are all there is to go by."""
        return all(thing.is_vague for thing in self.clause.things)

    def _rows(self, near: dict[str, float]) -> Iterable[Any]:
        chosen = candidates.rows(self.owner_id).where(*self.conditions)
        if not self.clause.sought:
            yield from self.work.execute(chosen.execution_options(yield_per=2000))
            return
        done: set[str] = set()
        if self.by_words or not self.clause.words:
            with_words = chosen.where(matching(self.work, [self.clause.sought]))
            for row in self.work.execute(with_words.execution_options(yield_per=2000)):
                done.add(row.id)
                yield row
        rest = [image_id for image_id in near if image_id not in done]
        for start in range(0, len(rest), AT_ONCE):
            yield from self.work.execute(chosen.where(Image.id.in_(rest[start : start + AT_ONCE])))

    def _having_words(self) -> dict[str, tuple[float, set[str]]]:
        """For each word what it weighs, rare ones more, and the pictures that have it."""
        if not (self.clause.words and self.by_words):
            return {}
        count = select(func.count()).select_from(ImageWords).where(ImageWords.owner_id == self.owner_id)
        total = self.work.execute(count).scalar_one()
        found = {word: pictures_with(self.work, self.owner_id, word) for word in self.clause.words}
        return {word: (math.log1p(total / (1 + len(ids))), ids) for word, ids in found.items()}

    def _near(self, vector: Any, among: Collection[str] | None, *, named: bool) -> dict[str, float]:
        """Centred cosines of pictures whose meaning is near enough to count.

        Args:
            named: a picture has every word.
        """
        if vector is None:
            return {}
        nearest = self.vectors.nearest(self.owner_id, KIND, vector, MOST_BY_MEANING, among)
        if not nearest:
            return {}
        beside = relevance.BESIDE_NAMED if named else relevance.NEXT_TO_BEST
        least = max(relevance.NEAR if self._alone else relevance.NEAR_BESIDE, nearest[0][1] * beside)
        return {image_id: cosine for image_id, cosine in nearest if cosine >= least}

    def _meant(
        self,
        image_id: str,
        having: dict[str, tuple[float, set[str]]],
        near: dict[str, float],
        verdict: Verdict,
        least_share: float,
    ) -> bool:
        """Whether the words that were not understood speak for a picture, and how much."""
        if not self.clause.words:
            return bool(verdict.parts)
        there = [word for word, (_weight, ids) in having.items() if image_id in ids]
        weights = sum(weight for weight, _ids in having.values())
        share = sum(having[word][0] for word in there) / weights if weights else 0.0
        cosine = near.get(image_id)
        enough = share > least_share if self._alone else share > 0
        if not (enough or cosine is not None):
            return False
        verdict.parts.append(relevance.of_words(share, cosine))
        verdict.reasons += [f"word: {word}" for word in there]
        if cosine is not None and f"meaning {cosine:.2f}" not in verdict.reasons:
            verdict.reasons.append(f"meaning {cosine:.2f}")
        return verdict.relevance >= LEAST_RELEVANCE


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
