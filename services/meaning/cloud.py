"""What vendors' vectors have in common: batches, rows of length 1, remembered queries, and a circuit breaker."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Literal, Protocol

import numpy as np
from cachetools import LRUCache

from services.errors import ProviderError, ProviderGarbage, ProviderTimeout, ProviderUnavailable
from services.meaning.base import Around, Embedded, Rows, plainly, unit
from services.providers.circuit import Circuit

Purpose = Literal["query", "passage"]

BATCH = 100
"""Texts in one request, the least that a vendor allows."""
LONGEST_TEXT = 8000
"""Characters of a text that are sent; vendors refuse more than some 2,000 to 8,000 tokens."""
QUERIES_KEPT = 1000


class VendorEmbeddings(Protocol):
    """One vendor's call."""

    name: str
    model: str
    dimensions: int

    def embed(self, texts: Sequence[str], purpose: Purpose) -> Embedded:
        """A vector for each text.

        Raises:
            ProviderError
        """
        ...

    def close(self) -> None: ...


class CloudEmbedder:
    """`Embedder` over a vendor. While it is known to fail, calls fail at once instead of waiting for it."""

    def __init__(self, vendor: VendorEmbeddings, around: Around = plainly, circuit: Circuit | None = None) -> None:
        self.vendor = vendor
        self._around = around
        self.name = f"{vendor.name}/{vendor.model}@{vendor.dimensions}"
        self.dimensions = vendor.dimensions
        self._circuit = circuit or Circuit()
        self._queries: LRUCache[str, Rows] = LRUCache(QUERIES_KEPT)
        self._lock = threading.Lock()

    def queries(self, texts: Sequence[str]) -> Rows:
        """See `Embedder.queries`."""
        with self._lock:
            known = {text: self._queries[text] for text in texts if text in self._queries}
        new = [text for text in dict.fromkeys(texts) if text not in known]
        known |= dict(zip(new, self._rows(new, "query"), strict=True))
        with self._lock:
            self._queries.update({text: known[text] for text in new})
        return np.stack([known[text] for text in texts]) if texts else self._rows([], "query")

    def passages(self, texts: Sequence[str]) -> Rows:
        """See `Embedder.passages`."""
        return self._rows(texts, "passage")

    def close(self) -> None:
        self.vendor.close()

    def _rows(self, texts: Sequence[str], purpose: Purpose) -> Rows:
        rows = np.zeros((len(texts), self.dimensions), np.float32)
        for start in range(0, len(texts), BATCH):
            batch = [text[:LONGEST_TEXT] or " " for text in texts[start : start + BATCH]]
            rows[start : start + BATCH] = self._asked(batch, purpose)
        return unit(rows)

    def _asked(self, texts: Sequence[str], purpose: Purpose) -> Rows:
        if not self._circuit.admit():
            raise ProviderUnavailable("It failed and is left alone for a while.", provider=self.vendor.name)
        try:
            vendor = self.vendor
            made = self._around(vendor.name, vendor.model, vendor.dimensions, lambda: vendor.embed(texts, purpose))
            rows = self._checked(made.vectors, len(texts))
        except ProviderError as error:
            self._circuit.failed(costly=isinstance(error, ProviderTimeout), wait=error.retry_after)
            raise
        except BaseException:
            self._circuit.failed()
            raise
        self._circuit.succeeded()
        return rows

    def _checked(self, vectors: Sequence[Sequence[float]] | Rows, count: int) -> Rows:
        garbage = ProviderGarbage("The answer was not of the expected format.", provider=self.vendor.name)
        if len(vectors) != count or any(len(vector) != self.dimensions for vector in vectors):
            raise garbage
        try:
            rows = np.asarray(vectors, np.float32)
        except (TypeError, ValueError):
            raise garbage from None
        if not np.isfinite(rows).all():
            raise garbage
        return rows
