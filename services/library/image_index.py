"""Keeping what pictures can be found by true: their words, what was seen in short, and their meaning.

`update` is called when a picture was analysed and when its title or description changes. What was uploaded and waits to
be analysed is found by its name meanwhile: `catch_up` sees to that before a search. A meaning that could not be made,
for the vendor was away or another model is asked now, is made by `embed_missing` later.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, Select, exists, literal, select, update
from sqlalchemy.dialects import postgresql, sqlite

from models.chats import Conversation, Message
from models.database import Database, Work, dialect_of, held
from models.library import Embedding
from models.media import Analysis, ConversationImage, Image, ImageWords
from services.errors import ProviderError
from services.library.image_words import Findable, Texts, findable
from services.library.vectors import Vectors
from services.meaning.base import Embedder
from services.vision.facts import Facts
from services.vision.facts_json import from_json

log = logging.getLogger(__name__)

KIND = "image"
READY = "ready"
AT_ONCE = 200
MOST_WAITING = 2000
"""Pictures waiting to be analysed that a search looks at; the newest. Nobody has more of them for long."""


class ImageIndex:
    """Writes `ImageWords` and the vectors of pictures.

    Args:
        embedder, vectors: of the same model.
    """

    def __init__(self, database: Database, embedder: Embedder, vectors: Vectors) -> None:
        self.database = database
        self.embedder = embedder
        self.vectors = vectors

    def update(self, owner_id: str, image_id: str) -> None:
        """Bring what a picture can be found by up to what is known of it now. One that is gone is passed over.

        Where the embedder fails the words are kept all the same, and its meaning follows later.

        Raises:
            DatabaseUnavailable
        """
        for row in self._rows(Image.owner_id == owner_id, Image.id == image_id):
            found = _composed(row)
            with self.database.write() as work:
                _keep(work, row, found)
            if not self._embed(owner_id, {image_id: found.meaning}):
                with self.database.write() as work:
                    # One that is missing is made later; one that is old would stay.
                    self.vectors.drop(work, KIND, owner_id, [image_id])

    def reword(self, owner_id: str, image_ids: Sequence[str]) -> None:
        """Bring the words up to what is said of some pictures now; their meanings follow with `update`.

        Raises:
            DatabaseUnavailable
        """
        for start in range(0, len(image_ids), AT_ONCE):
            some = list(image_ids[start : start + AT_ONCE])
            found = [(row, _composed(row)) for row in self._rows(Image.owner_id == owner_id, Image.id.in_(some))]
            with self.database.write() as work:
                for row, words in found:
                    _keep(work, row, words)

    def catch_up(self, owner_id: str) -> None:
        """Make findable what an owner uploaded and what waits to be analysed.

        Raises:
            DatabaseUnavailable
        """
        rows = self._rows(Image.owner_id == owner_id, Image.analysis_status != READY)
        changed = [(row, found) for row in rows if _differs(row, found := _composed(row))]
        if changed:
            with self.database.write() as work:
                for row, found in changed:
                    _keep(work, row, found)

    def embed_missing(self, seconds: float = 5.0) -> int:
        """Make meanings that analysed pictures lack, until none is left or the time is up; how many were made."""
        made, until = 0, time.monotonic() + seconds
        while time.monotonic() < until:
            has = exists().where(
                Embedding.kind == KIND, Embedding.item_id == Image.id, Embedding.model == self.vectors.model
            )
            rows = self._rows(Image.analysis_status == READY, ~has, limit=AT_ONCE)
            wanted: dict[str, dict[str, str]] = {}
            for row in rows:
                wanted.setdefault(row.owner_id, {})[row.id] = _composed(row).meaning
            if not rows or not all(self._embed(owner_id, texts) for owner_id, texts in wanted.items()):
                break
            made += len(rows)
        return made

    def forget(self, work: Work, owner_id: str, image_ids: Sequence[str]) -> None:
        """Let go of the meanings of pictures that are deleted in the transaction `work`; their words go with them."""
        self.vectors.drop(work, KIND, owner_id, image_ids)

    def _embed(self, owner_id: str, texts: dict[str, str]) -> bool:
        try:
            # A picture of which nothing can be said still gets a vector, so that it is not asked for again.
            rows = self.embedder.passages([text or "photo" for text in texts.values()])
        except ProviderError as error:
            log.warning("%d pictures have no meaning yet: %s", len(texts), error)
            return False
        with self.database.write() as work:
            # Whoever deleted a picture meanwhile has dropped its vector already.
            asked = select(Image.id).where(Image.id.in_(list(texts))).order_by(Image.id)
            there = set(work.execute(held(asked)).scalars())
            places = [place for place, image_id in enumerate(texts) if image_id in there]
            self.vectors.put(work, KIND, owner_id, [list(texts)[place] for place in places], rows[places])
        return True

    def _rows(self, *conditions: Any, limit: int = MOST_WAITING) -> Sequence[Row[Any]]:
        query = _known().where(*conditions).order_by(Image.created_at.desc()).limit(limit)
        with self.database.read() as session:
            return session.execute(query).all()


def told_first() -> Any:
    """The first answer of the conversation that began with a picture's upload, as a column beside `Image`."""
    return (
        select(Message.content)
        .join(Conversation, Conversation.id == Message.conversation_id)
        .join(ConversationImage, ConversationImage.conversation_id == Conversation.id)
        .where(ConversationImage.image_id == Image.id, Conversation.surface == "classic", Message.seq == 1)
        .limit(1)
        .correlate(Image)
        .scalar_subquery()
        .label("told")
    )


def _known() -> Select[Any]:
    return (
        select(
            Image.id,
            Image.owner_id,
            Image.filename,
            Image.title,
            Image.description,
            Image.taken_at,
            Analysis.facts,
            ImageWords.words,
            ImageWords.seen,
            told_first(),
        )
        .outerjoin(Analysis, Analysis.sha256 == Image.sha256)
        .outerjoin(ImageWords, ImageWords.image_id == Image.id)
    )


def _composed(row: Row[Any]) -> Findable:
    texts = Texts(row.filename, row.title or "", row.description or "", row.told or "")
    return findable(texts, _facts(row.facts))


def _facts(stored: dict[str, Any] | None) -> Facts | None:
    if stored is None:
        return None
    try:
        # What an earlier version measured will do until it is measured anew: what was found so far stays findable.
        return from_json(stored, earlier=True)
    except ValueError:
        return None


def _differs(row: Row[Any], found: Findable) -> bool:
    return (row.words, row.seen) != (found.words, found.seen)


def _keep(work: Work, row: Row[Any], found: Findable) -> None:
    values = {"words": found.words, "seen": found.seen, "read": found.read}
    changed = update(ImageWords).where(ImageWords.image_id == row.id).values(values).returning(ImageWords.number)
    if work.execute(changed).first() is None:
        # In one statement with the look for it: a picture deleted meanwhile gets no words.
        columns = [Image.id, Image.owner_id, *(literal(value) for value in values.values())]
        there = held(select(*columns).where(Image.id == row.id))
        add = (sqlite if dialect_of(work) == "sqlite" else postgresql).insert(ImageWords)
        work.execute(add.from_select(["image_id", "owner_id", *values], there).on_conflict_do_nothing())
    facts = _facts(row.facts)
    if facts is not None and facts.capture.taken_at and row.taken_at is None:
        capture = facts.capture
        work.execute(
            update(Image)
            .where(Image.id == row.id)
            .values(taken_at=capture.taken_at, latitude=capture.latitude, longitude=capture.longitude)
        )
