"""A cache of bytes in memory: locked, bounded by bytes and age, and made once when many ask at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from cachetools import TTLCache

from services.shared import Shared


@dataclass(slots=True)
class CacheCounts:
    """Since the start: how often a value was there, had to be made, or was pushed out for room or age."""

    hits: int = 0
    misses: int = 0
    evictions: int = 0


@dataclass(frozen=True, slots=True)
class Codec:
    """How a value becomes bytes and is read back; `unpack` raises `ValueError` for bytes of another making."""

    pack: Callable[[Any], bytes]
    unpack: Callable[[bytes], Any]


class Cache:
    """Values by key, the least recently used given up first.

    Args:
        max_bytes: the sizes of all values together never exceed this; a larger value is handed out but not kept.
        max_age_s: seconds a value is kept.
        size_of: bytes a value counts for.
        timer: seconds, monotonic.
        shared: asked before a value is made, and told of what was made, so that other processes need not make it.
        codec: for `shared`.
    """

    def __init__(
        self,
        max_bytes: int,
        max_age_s: float,
        size_of: Callable[[Any], int],
        timer: Callable[[], float] = time.monotonic,
        *,
        shared: Shared | None = None,
        codec: Codec | None = None,
    ) -> None:
        self.counts = CacheCounts()
        self._size_of = size_of
        self._lock = threading.Lock()
        self._values = _Counted(max_bytes, max_age_s, timer, size_of, self.counts)
        self._making: dict[Hashable, Future[Any]] = {}
        self._max_age_s = max_age_s
        self._shared = shared if codec is not None else None
        self._codec = codec

    def get(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """The value under `key`, made by `make` if it is not there. Callers who ask meanwhile wait for the same making.

        Raises:
            whatever `make` raises, to everyone who waited for it; nothing is kept then.
        """
        with self._lock:
            if key in self._values:
                self.counts.hits += 1
                return self._values[key]
            self.counts.misses += 1
            making = self._making.get(key)
            if making is None:
                mine: Future[Any] = Future()
                self._making[key] = mine
        if making is not None:
            return making.result()
        return self._make(key, make, mine)

    def _make(self, key: Hashable, make: Callable[[], Any], mine: Future[Any]) -> Any:
        try:
            value = self._shared_or_made(key, make)
        except BaseException as error:
            with self._lock:
                self._making.pop(key, None)
            mine.set_exception(error)
            raise
        with self._lock:
            # Forgotten while it was being made: whoever waits gets it, nobody later does.
            if self._making.pop(key, None) is mine and self._size_of(value) <= self._values.maxsize:
                self._values[key] = value
        mine.set_result(value)
        return value

    def _shared_or_made(self, key: Hashable, make: Callable[[], Any]) -> Any:
        if self._shared is None or self._codec is None:
            return make()
        name = _name(key)
        packed = self._shared.get(name)
        if packed is not None:
            try:
                return self._codec.unpack(packed)
            except ValueError:
                pass  # of another version of this program; made anew below
        value = make()
        self._shared.set(name, self._codec.pack(value), self._max_age_s)
        return value

    def forget(self, *keys: Hashable) -> None:
        """Drop values that are no longer true, here and in what is shared; another process may still have its own."""
        with self._lock:
            for key in keys:
                self._values.pop(key, None)
                self._making.pop(key, None)
        if self._shared is not None:
            for key in keys:
                self._shared.delete(_name(key))

    @property
    def bytes(self) -> int:
        with self._lock:
            return int(self._values.currsize)


def _name(key: Hashable) -> str:
    """A key as what is shared knows it."""
    return ":".join(str(part) for part in key) if isinstance(key, tuple) else str(key)


class _Counted(TTLCache[Hashable, Any]):
    """Counts what is pushed out, which the library does not."""

    def __init__(
        self,
        max_bytes: int,
        max_age_s: float,
        timer: Callable[[], float],
        size_of: Callable[[Any], int],
        counts: CacheCounts,
    ) -> None:
        super().__init__(max_bytes, max_age_s, timer=timer, getsizeof=size_of)
        self._counts = counts

    def popitem(self) -> tuple[Hashable, Any]:
        self._counts.evictions += 1
        return super().popitem()

    def expire(self, time: float | None = None) -> list[tuple[Hashable, Any]]:
        expired = super().expire(time)
        self._counts.evictions += len(expired)
        return expired
