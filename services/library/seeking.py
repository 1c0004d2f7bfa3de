"""One alternative of a query looked for among an owner's pictures."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select

from models.media import Image, ImageWords
from services.library import candidates, relevance
from services.library.found import Match
from services.library.image_index import KIND
from services.library.judging import Verdict, judge, judge_without
from services.library.query import Clause, Query
from services.library.seen_in_short import KINDS
from services.library.text_index import matching, pictures_with
from services.library.vectors import Vectors

AT_ONCE = 500
MOST_BY_MEANING = 1000
"""Pictures that are found by their meaning alone, at most."""
LEAST_RELEVANCE = 0.2


@dataclass(frozen=True, slots=True)
class Seeking:
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
        if self._only_without:
            yield from self._without(among)
            return
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
            yield _matched(row, verdict)

    @property
    def _only_without(self) -> bool:
        """Whether all that is asked of what is in a picture is that some things are not: then most pictures are found,
        and the text index tells without a look at what was seen in them."""
        return (
            bool(self.clause.things)
            and all(thing.concept and not thing.wanted for thing in self.clause.things)
            and not (self.clause.words or self.clause.unwanted or self.query.reads)
            and not any(kind in KINDS for kind, _wanted in self.query.kinds)
        )

    def _without(self, among: Collection[str] | None) -> Iterable[Match]:
        phrases = [phrase for thing in self.clause.things for phrase in candidates.phrases_of(thing)]
        perhaps = pictures_with(self.work, self.owner_id, *phrases)
        bare = candidates.bare_rows(self.owner_id).where(*self.conditions)
        alike: dict[bool, Match] = {}
        for row in self.work.execute(bare.execution_options(yield_per=5000)):
            if row.id in perhaps or (among is not None and row.id not in among):
                continue
            match = alike.get(row.measured)
            if match is None or self.query.periods:  # whose dates differ
                match = _matched(row, judge_without(row, self.query, self.clause, self.now))
                alike[row.measured] = match
            yield Match(row.id, row.created_at, match.relevance, match.confidence, match.matched)
        chosen = candidates.rows(self.owner_id).where(*self.conditions, matching(self.work, [phrases]))
        for row in self.work.execute(chosen.execution_options(yield_per=2000)):
            if among is None or row.id in among:
                verdict = judge(row, self.query, self.clause, self.now, None)
                if verdict is not None:
                    yield _matched(row, verdict)

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


def _matched(row: Any, verdict: Verdict) -> Match:
    return Match(
        row.id,
        row.created_at,
        round(min(1.0, verdict.relevance), 3),
        round(min(verdict.confidences), 3) if verdict.confidences else None,
        tuple(dict.fromkeys(verdict.reasons)),
    )
