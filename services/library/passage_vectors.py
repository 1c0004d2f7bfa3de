"""The meanings of passages: made with them, or later where a model did not answer or is another now."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from threading import Event
from typing import Final, Literal

import numpy as np
from sqlalchemy import select

from models.database import Database, Work, held
from models.library import Document, DocumentChunk
from services.errors import ProviderError
from services.library.document_rows import CHUNK
from services.library.vectors import Vectors
from services.meaning.base import Embedder, Rows

log = logging.getLogger(__name__)

AT_ONCE: Final = 32
STEP: Final = 8
"""Passages that a stop waits for."""
SLICE_S: Final = 30.0
"""How long one document's are made in one go, before others have their turn."""


class PassageVectors:
    """Makes and keeps the vectors of passages.

    Args:
        stopping: set when this process stops.
    """

    def __init__(self, database: Database, vectors: Vectors, embedder: Embedder, stopping: Event) -> None:
        self.database = database
        self.vectors = vectors
        self.embedder = embedder
        self.stopping = stopping

    def make(self, passages: Sequence[tuple[str, str]]) -> Rows | None:
        """A vector for each heading and text; None where none can be made now, which words alone make up for until
        they can."""
        made = [np.zeros((0, self.embedder.dimensions), np.float32)]
        for begin in range(0, len(passages), STEP):
            if self.stopping.is_set():
                return None
            try:
                some = passages[begin : begin + STEP]
                made.append(self.embedder.passages([_told(heading, text) for heading, text in some]))
            except ProviderError as error:
                log.warning("passages have no vectors yet: %s", error)
                return None
        return np.concatenate(made)

    def keep(self, work: Work, owner_id: str, ids: Sequence[str], matrix: Rows) -> None:
        """Keep what `make` made, as part of the transaction that writes the passages."""
        self.vectors.put(work, CHUNK, owner_id, ids, matrix)

    def complete(self, document: Document) -> Literal["none", "later", "away"]:
        """Make those that a document's passages lack, for some time; whether afterwards none is lacking, the others
        are to be made later, or the model does not answer.

        Raises:
            DatabaseUnavailable
        """
        with self.database.look() as work:
            own = DocumentChunk.document_id == document.id
            ids = list(work.execute(select(DocumentChunk.id).where(own).order_by(DocumentChunk.position)).scalars())
        lacking = self.vectors.missing(CHUNK, document.owner_id, ids)
        until = time.monotonic() + SLICE_S
        for begin in range(0, len(lacking), AT_ONCE):
            if self.stopping.is_set() or not self._some(document, lacking[begin : begin + AT_ONCE]):
                return "away"
            if time.monotonic() > until:
                return "later"
        return "none"

    def _some(self, document: Document, ids: Sequence[str]) -> bool:
        asked = DocumentChunk.id.in_(ids)
        with self.database.look() as work:
            columns = select(DocumentChunk.id, DocumentChunk.heading, DocumentChunk.text)
            found = work.execute(columns.where(asked)).all()
        matrix = self.make([(row.heading, row.text) for row in found])
        if matrix is None:
            return False
        with self.database.change() as work:
            # Its passages do not go while their vectors come.
            work.execute(held(select(Document.id).where(Document.id == document.id)))
            still = set(work.execute(select(DocumentChunk.id).where(asked)).scalars())
            places = [place for place, row in enumerate(found) if row.id in still]
            self.keep(work, document.owner_id, [found[place].id for place in places], matrix[places])
        return True


def _told(heading: str, text: str) -> str:
    """A passage as its meaning is taken."""
    return f"{heading}\n{text}" if heading and not text.startswith(heading) else text
