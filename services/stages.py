"""How long the stages of a request took: the newest of each, for percentiles."""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Iterable, Mapping

import numpy as np

NEWEST = 2000


class Stages:
    """Seconds by stage, and counts by kind, since the start of this process. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seconds: dict[str, deque[float]] = {}
        self._counts: dict[str, Counter[str]] = {}

    def took(self, seconds: Mapping[str, float]) -> None:
        """One request's seconds, by stage."""
        with self._lock:
            for stage, value in seconds.items():
                self._seconds.setdefault(stage, deque(maxlen=NEWEST)).append(value)

    def count(self, **kinds: str) -> None:
        """One more of each kind, such as `language="hi"`."""
        with self._lock:
            for kind, value in kinds.items():
                self._counts.setdefault(kind, Counter())[value] += 1

    def counts(self, kind: str) -> dict[str, int]:
        with self._lock:
            return dict(self._counts.get(kind, {}))

    def percentiles(self, of: Iterable[int] = (50, 95, 99)) -> dict[str, dict[str, float]]:
        """By stage: `p50`, `p95`, `p99` in seconds over the newest requests, and how many those are."""
        with self._lock:
            taken = {stage: np.array(values) for stage, values in self._seconds.items()}
        return {
            stage: {f"p{rank}": round(float(np.percentile(values, rank)), 4) for rank in of} | {"count": len(values)}
            for stage, values in taken.items()
        }
