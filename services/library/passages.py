"""Finding passages of documents by their words and their meaning together."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import func, select

from models.database import Database
from models.library import Document, DocumentChunk, DocumentPage
from services.errors import DocumentNotFound, ProviderError
from services.library import quotes
from services.library.document_rows import CHUNK
from services.library.passage_words import Word, count, present, ranked, share, words_of
from services.library.vectors import Vectors
from services.meaning.base import Embedder, Rows

CANDIDATES: Final = 100
"""Passages looked at for their words, and as many for their meaning."""
CUT_OFF: Final = 0.25
"""Relevance below which a passage is none; chosen with the weights below."""
NEAR: Final = 0.30
"""Centred cosine from which the meaning is a reason by itself."""
# Fitted by `benchmarks/passages.py --fit` on the tuning half of its labelled questions: logistic regression.
BIAS, OF_MEANING, OF_WORDS, OF_BOTH = -6.70, 19.22, 1.71, 2.11
BIAS_OF_WORDS, OF_WORDS_ALONE = -4.47, 9.69
SENTENCES: Final = 24
"""Sentences whose meanings are compared in one search, for quotations where no words agree."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A passage that was found.

    Args:
        start, end: its place in the text of its page.
        quote: what of it answers, exactly as on the page.
        relevance: 0-1, how likely it is what was looked for.
        matched: what speaks for it: words as they stand in it, and `meaning`.
    """

    chunk_id: str
    document_id: str
    filename: str
    title: str | None
    page: int
    heading: str
    text: str
    start: int
    end: int
    quote: str
    relevance: float
    matched: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """Passages, the most relevant first, of `total` that are relevant; `by_meaning` is false where only words could be
    compared."""

    passages: list[Passage]
    total: int
    by_meaning: bool


class PassageSearch:
    """Search over the passages of owners.

    Args:
        vectors, embedder: of the same model, which is a centred one.
    """

    def __init__(self, database: Database, vectors: Vectors, embedder: Embedder) -> None:
        self.database = database
        self.vectors = vectors
        self.embedder = embedder

    def find(
        self, owner_id: str, query: str, document_ids: Sequence[str] | None = None, limit: int = CANDIDATES
    ) -> list[Passage]:
        """See `search`."""
        return self.search(owner_id, query, document_ids, limit=limit).passages

    def search(
        self,
        owner_id: str,
        query: str,
        document_ids: Sequence[str] | None = None,
        *,
        limit: int = CANDIDATES,
        offset: int = 0,
    ) -> Found:
        """The passages that answer, the most relevant first; none where nothing does.

        Args:
            query: in any language; no character of it has a meaning of its own.
            document_ids: look in these alone.

        Raises:
            DocumentNotFound: one of the documents is not there.
        """
        words = words_of(query)
        vector = self._vector(query)
        rows, weights = self._candidates(owner_id, words, vector, document_ids)
        nearness: dict[str, float] = {}
        if vector is not None:
            ids = [row.id for row in rows]
            nearness = dict(self.vectors.nearest(owner_id, CHUNK, vector, max(1, len(ids)), among=ids))
        judged = []
        for row in rows:
            there = present(words, f"{row.heading}\n{row.filename if not row.title else row.title}\n{row.text}")
            near = nearness.get(row.id)
            relevance = judge(share(words, weights, there), near)
            if relevance >= CUT_OFF:
                reasons = tuple(dict.fromkeys(there.values()))
                judged.append((relevance, row, reasons + (("meaning",) if (near or 0) >= NEAR else ())))
        judged.sort(key=lambda each: (-each[0], each[1].document_id, each[1].position))
        best = judged[offset : offset + limit]
        quoted = self._quotes([row for _relevance, row, _reasons in best], words, weights, vector)
        passages = [
            _passage(row, quote, relevance, reasons or ("meaning",))
            for (relevance, row, reasons), quote in zip(best, quoted, strict=True)
        ]
        return Found(passages, len(judged), by_meaning=vector is not None)

    def _vector(self, query: str) -> Rows | None:
        try:
            vector: Rows = self.embedder.queries([query])[0]
            return vector
        except ProviderError:
            return None

    def _candidates(
        self, owner_id: str, words: Sequence[Word], vector: Rows | None, document_ids: Sequence[str] | None
    ) -> tuple[list[Any], dict[str, float]]:
        """Rows of passages that may be relevant, and the weight of each word: the rarer, the heavier."""
        mine = DocumentChunk.owner_id == owner_id
        among: Collection[str] | None = None
        with self.database.look() as work:
            if document_ids is not None:
                own = (Document.owner_id == owner_id, Document.id.in_(document_ids))
                known = set(work.execute(select(Document.id).where(*own)).scalars())
                missing = sorted(set(document_ids) - known)
                if missing:
                    raise DocumentNotFound(
                        "There is no document with this id.", context={"document_ids": missing}, field="document_ids"
                    )
                within = select(DocumentChunk.id).where(mine, DocumentChunk.document_id.in_(known))
                among = list(work.execute(within).scalars())
            total = work.execute(select(func.count()).select_from(DocumentChunk).where(mine)).scalar_one()
            weights = {word.stem: math.log(1 + total / (1 + count(work, owner_id, word))) for word in words}
            ids = ranked(work, owner_id, words, CANDIDATES, document_ids)
        if vector is not None:
            ids += [item_id for item_id, _ in self.vectors.nearest(owner_id, CHUNK, vector, CANDIDATES, among=among)]
        with self.database.look() as work:
            rows = work.execute(_rows(list(dict.fromkeys(ids)))).all()
        return list(rows), weights

    def _quotes(
        self, rows: Sequence[Any], words: Sequence[Word], weights: Mapping[str, float], vector: Rows | None
    ) -> list[str]:
        """What to quote of each passage. Where its words do not tell, the meanings of its sentences do."""
        left = SENTENCES
        made = []
        for row in rows:
            spans = quotes.candidates(row.text, {row.heading, *(str(text) for _start, text, _level in row.headings)})
            places = quotes.best(row.text, spans, words, weights)
            place = quotes.fullest(row.text, spans, places, words, weights)
            if vector is not None and 1 < len(places) <= left:
                left -= len(places)
                place = places[self._nearest(row.text, [spans[each] for each in places], vector, places.index(place))]
            start, end = quotes.cut(row.text, spans, place, words)
            quote = row.text[start:end]
            made.append(quote if quote in row.page_text else row.text)
        return made

    def _nearest(self, text: str, spans: Sequence[tuple[int, int]], vector: Rows, otherwise: int) -> int:
        try:
            return int((self.embedder.passages([text[start:end] for start, end in spans]) @ vector).argmax())
        except ProviderError:
            return otherwise


def judge(agreement: float, nearness: float | None) -> float:
    """How likely a passage answers: the share of the question's words it has, and how near its meaning is.

    Args:
        agreement: 0-1, see `passage_words.share`.
        nearness: centred cosine; None where it has no vector.
    """
    if nearness is None:
        return 1 / (1 + math.exp(-(BIAS_OF_WORDS + OF_WORDS_ALONE * agreement)))
    near = max(0.0, nearness)
    return 1 / (1 + math.exp(-(BIAS + OF_MEANING * near + OF_WORDS * agreement + OF_BOTH * near * agreement)))


def _rows(ids: Sequence[str]) -> Any:
    return (
        select(
            DocumentChunk.id,
            DocumentChunk.document_id,
            DocumentChunk.page,
            DocumentChunk.position,
            DocumentChunk.start,
            DocumentChunk.end,
            DocumentChunk.heading,
            DocumentChunk.text,
            DocumentPage.text.label("page_text"),
            DocumentPage.headings,
            Document.filename,
            Document.title,
        )
        .join(Document, Document.id == DocumentChunk.document_id)
        .join(
            DocumentPage,
            (DocumentPage.document_id == DocumentChunk.document_id) & (DocumentPage.number == DocumentChunk.page),
        )
        .where(DocumentChunk.id.in_(ids))
    )


def _passage(row: Any, quote: str, relevance: float, matched: tuple[str, ...]) -> Passage:
    return Passage(
        chunk_id=row.id,
        document_id=row.document_id,
        filename=row.filename,
        title=row.title,
        page=row.page,
        heading=row.heading,
        text=row.text,
        start=row.start,
        end=row.end,
        quote=quote,
        relevance=round(relevance, 4),
        matched=matched,
    )
