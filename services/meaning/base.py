"""What turns texts into vectors whose closeness is likeness of meaning."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.float32]
"""One vector a row."""


@dataclass(frozen=True, slots=True)
class Embedded:
    """What one call of a model gave.

    Args:
        vectors: one for each text, not yet looked at.
        tokens: how many the texts were, where the vendor counts them.
    """

    vectors: Sequence[Sequence[float]] | Rows
    tokens: int | None = None


Around = Callable[[str, str, int, Callable[[], Embedded]], Embedded]
"""Makes a call of a model and gives back what it gave: provider, model, dimensions of its vectors, and the call."""


def plainly(_provider: str, _model: str, _dimensions: int, call: Callable[[], Embedded]) -> Embedded:
    """An `Around` that does nothing but call."""
    return call()


class Embedder(Protocol):
    """Makes vectors. Thread-safe."""

    @property
    def name(self) -> str:
        """What made a vector, with model and version: only vectors of one name can be compared."""
        ...

    @property
    def dimensions(self) -> int:
        """Length of a vector."""
        ...

    def queries(self, texts: Sequence[str]) -> Rows:
        """What people look for, as float32 of shape (texts, dimensions), each row of length 1.

        Raises:
            ProviderError: it cannot be made now.
        """
        ...

    def passages(self, texts: Sequence[str]) -> Rows:
        """What can be found; as `queries`.

        Raises:
            ProviderError: it cannot be made now.
        """
        ...

    def close(self) -> None: ...


def unit(rows: Rows) -> Rows:
    """The rows, each brought to length 1; one of zeros stays."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return (rows / np.where(lengths == 0, 1, lengths)).astype(np.float32)
