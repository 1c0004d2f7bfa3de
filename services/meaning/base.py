"""What turns texts into vectors whose closeness is likeness of meaning."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.float32]
"""One vector a row."""


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
