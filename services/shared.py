"""What several processes and hosts keep together: bytes by key in Redis. Without it each keeps its own."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any, Protocol

log = logging.getLogger(__name__)

PREFIX = "visual-assistant:"
TIMEOUT_S = 1.0
AWAY_S = 10.0
"""Seconds for which a Redis that did not answer is left alone: everything works without it, only slower."""


class Shared(Protocol):
    """Bytes by key. A store that cannot be reached has nothing and takes nothing; it never raises."""

    def get(self, key: str) -> bytes | None: ...

    def set(self, key: str, data: bytes, max_age_s: float) -> None: ...

    def delete(self, key: str) -> None: ...

    def close(self) -> None: ...


class RedisShared:
    """`Shared` in Redis.

    Args:
        url: `redis://`, `rediss://` or `unix://`.
        timer: seconds, monotonic.
    """

    def __init__(self, url: str, timer: Callable[[], float] = time.monotonic) -> None:
        import redis

        self._failure = redis.RedisError
        self._client = redis.Redis.from_url(url, socket_timeout=TIMEOUT_S, socket_connect_timeout=TIMEOUT_S)
        self._timer = timer
        self._away_until = 0.0

    def get(self, key: str) -> bytes | None:
        found: bytes | None = self._ask(lambda: self._client.get(PREFIX + key))
        return found

    def set(self, key: str, data: bytes, max_age_s: float) -> None:
        self._ask(lambda: self._client.set(PREFIX + key, data, ex=max(1, int(max_age_s))))

    def delete(self, key: str) -> None:
        self._ask(lambda: self._client.delete(PREFIX + key))

    def close(self) -> None:
        self._client.close()

    def _ask(self, call: Callable[[], Any]) -> Any:
        if self._timer() < self._away_until:
            return None
        try:
            return call()
        except self._failure as error:
            self._away_until = self._timer() + AWAY_S
            log.warning("Redis does not answer and is left alone for %d s: %s", AWAY_S, type(error).__name__)
            return None
