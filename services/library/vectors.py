"""The meanings that are kept, and the nearest among them.

One owner's vectors are one matrix in memory: NumPy multiplies 100,000 of 384 numbers in some 10 ms, which no index has
to make faster. The rows are the truth. Each change of an owner's vectors counts their revision up in the same
transaction, and a row remembers the revision it was written at; so a search sees by one number whether its matrix is
still right, whichever process wrote, and else reads what is new and no more.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, delete, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from models.database import Database, Work, dialect_of
from models.library import Embedding, EmbeddingRevision
from services.meaning.base import Rows

STORED = np.dtype("<f4")
KEPT_BYTES = 256 * 1024 * 1024
"""Memory for matrices; the one in use is kept even where it is larger."""
AT_ONCE = 500
"""Ids in one statement, below what every database takes."""


@dataclass(slots=True)
class Matrix:
    """An owner's vectors at a revision. Rows beyond `len(ids)` are room to grow."""

    revision: int = -1
    ids: list[str] = field(default_factory=list)
    places: dict[str, int] = field(default_factory=dict)
    rows: Rows = field(default_factory=lambda: np.zeros((0, 0), np.float32))
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def size(self) -> int:
        # Some 200 bytes are an id, its string and its place.
        return self.rows.nbytes + 200 * len(self.ids)

    def put(self, item_id: str, vector: Rows) -> None:
        place = self.places.get(item_id)
        if place is None:
            place = len(self.ids)
            if not self.ids:
                self.rows = np.zeros((64, len(vector)), np.float32)
            elif place == len(self.rows):
                self.rows = np.concatenate([self.rows, np.zeros_like(self.rows)])
            self.ids.append(item_id)
            self.places[item_id] = place
        self.rows[place] = vector

    def keep(self, ids: Collection[str]) -> None:
        """Let go of all others."""
        places = [place for place, item_id in enumerate(self.ids) if item_id in ids]
        self.rows = self.rows[places]
        self.ids = [self.ids[place] for place in places]
        self.places = {item_id: place for place, item_id in enumerate(self.ids)}


class Vectors:
    """The vectors of owners' pictures and passages.

    Args:
        model: `Embedder.name`; vectors of others are neither read nor touched, but by `drop`.
        kept_bytes: memory for matrices.
    """

    def __init__(self, database: Database, model: str, kept_bytes: int = KEPT_BYTES) -> None:
        self.database = database
        self.model = model
        self.kept_bytes = kept_bytes
        self._matrices: OrderedDict[tuple[str, str], Matrix] = OrderedDict()
        self._lock = threading.Lock()

    def put(self, work: Work, kind: str, owner_id: str, ids: Sequence[str], matrix: Rows) -> None:
        """Keep vectors, in place of those that were there, as part of the transaction `work`.

        Args:
            kind: `image` or `chunk`.
            ids: of the items, each once.
            matrix: float32, a row of length 1 for each.
        """
        if not ids:
            return
        revision = _next_revision(work, kind, owner_id)
        for start in range(0, len(ids), AT_ONCE):
            some = ids[start : start + AT_ONCE]
            work.execute(
                delete(Embedding).where(
                    Embedding.kind == kind, Embedding.item_id.in_(some), Embedding.model == self.model
                )
            )
            rows = [
                {
                    "kind": kind,
                    "item_id": item_id,
                    "model": self.model,
                    "owner_id": owner_id,
                    "revision": revision,
                    "vector": np.ascontiguousarray(vector, STORED).tobytes(),
                }
                for item_id, vector in zip(some, matrix[start : start + AT_ONCE], strict=True)
            ]
            work.execute(insert(Embedding), rows)

    def drop(self, work: Work, kind: str, owner_id: str, ids: Sequence[str]) -> None:
        """Forget what was kept of items, by whichever model, as part of the transaction `work`."""
        if not ids:
            return
        _next_revision(work, kind, owner_id)
        for start in range(0, len(ids), AT_ONCE):
            some = ids[start : start + AT_ONCE]
            work.execute(
                delete(Embedding).where(
                    Embedding.kind == kind, Embedding.owner_id == owner_id, Embedding.item_id.in_(some)
                )
            )

    def missing(self, kind: str, owner_id: str, ids: Sequence[str]) -> list[str]:
        """Those of which this model has kept nothing, in their order."""
        known: set[str] = set()
        with self.database.look() as work:
            for start in range(0, len(ids), AT_ONCE):
                some = ids[start : start + AT_ONCE]
                kept = select(Embedding.item_id).where(
                    Embedding.kind == kind,
                    Embedding.item_id.in_(some),
                    Embedding.model == self.model,
                    Embedding.owner_id == owner_id,
                )
                known |= set(work.execute(kept).scalars())
        return [item_id for item_id in ids if item_id not in known]

    def nearest(
        self, owner_id: str, kind: str, vector: Rows, limit: int, among: Collection[str] | None = None
    ) -> list[tuple[str, float]]:
        """The items whose meaning is nearest, the nearest first, each with its cosine.

        Args:
            vector: of length 1, shape (dimensions,).
            among: only these; None takes all of the owner's.
        """
        matrix = self._matrix(owner_id, kind)
        with matrix.lock:
            self._refresh(matrix, owner_id, kind)
            ids, places, rows = matrix.ids, None, matrix.rows[: len(matrix.ids)]
            if among is not None:
                places = np.fromiter(
                    (matrix.places[item_id] for item_id in among if item_id in matrix.places), dtype=np.int64
                )
                rows = rows[places]
            if not len(rows) or rows.shape[1] != len(vector):
                return []
            scores = rows @ vector
            best = np.argsort(-scores, kind="stable") if limit >= len(scores) else _top(scores, limit)
            found = [(ids[place if places is None else places[place]], float(scores[place])) for place in best]
        self._make_room()
        return found

    def _matrix(self, owner_id: str, kind: str) -> Matrix:
        with self._lock:
            matrix = self._matrices.setdefault((owner_id, kind), Matrix())
            self._matrices.move_to_end((owner_id, kind))
            return matrix

    def _make_room(self) -> None:
        with self._lock:
            while len(self._matrices) > 1 and sum(each.size for each in self._matrices.values()) > self.kept_bytes:
                self._matrices.popitem(last=False)

    def _refresh(self, matrix: Matrix, owner_id: str, kind: str) -> None:
        """Bring a matrix up to the rows. The caller holds its lock."""
        with self.database.look() as work:
            revision = _revision(work, kind, owner_id)
            if revision == matrix.revision:
                return
            mine = (Embedding.owner_id == owner_id, Embedding.kind == kind, Embedding.model == self.model)
            new = select(Embedding.item_id, Embedding.vector).where(*mine, Embedding.revision > matrix.revision)
            for item_id, vector in work.execute(new.execution_options(yield_per=2000)):
                matrix.put(item_id, np.frombuffer(vector, STORED))
            count = work.execute(select(func.count()).select_from(Embedding).where(*mine)).scalar_one()
            if count != len(matrix.ids):
                matrix.keep(set(work.execute(select(Embedding.item_id).where(*mine)).scalars()))
            matrix.revision = revision


def _top(scores: Rows, limit: int) -> NDArray[np.int64]:
    """Places of the `limit` highest scores, the highest first."""
    best: NDArray[np.int64] = np.argpartition(-scores, limit)[:limit]
    return best[np.argsort(-scores[best], kind="stable")]


def _revision(work: Connection, kind: str, owner_id: str) -> int:
    found = work.execute(
        select(EmbeddingRevision.revision).where(EmbeddingRevision.owner_id == owner_id, EmbeddingRevision.kind == kind)
    ).scalar()
    return found or 0


def _next_revision(work: Work, kind: str, owner_id: str) -> int:
    """Count the revision up. The row stays locked to the transaction's end, so revisions are committed in order."""
    counted = (
        update(EmbeddingRevision)
        .where(EmbeddingRevision.owner_id == owner_id, EmbeddingRevision.kind == kind)
        .values(revision=EmbeddingRevision.revision + 1)
        .returning(EmbeddingRevision.revision)
    )
    found = work.execute(counted).scalar()
    if found is None:
        # Two that begin at once agree: the second finds the first's row.
        begin = (sqlite if dialect_of(work) == "sqlite" else postgresql).insert(EmbeddingRevision)
        work.execute(begin.values(owner_id=owner_id, kind=kind, revision=0).on_conflict_do_nothing())
        found = work.execute(counted).scalar_one()
    return int(found)
