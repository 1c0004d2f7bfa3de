"""How often something may be done: counted in this process, or in Redis for all of them."""

from __future__ import annotations

import logging
import math
import re
import time
from dataclasses import dataclass
from typing import cast

import limits
from limits.errors import StorageError
from limits.storage import Storage, storage_from_string
from limits.strategies import MovingWindowRateLimiter

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is left of a rate.

    Args:
        resets: Unix seconds at which the oldest use stops counting.
    """

    allowed: bool
    limit: int
    remaining: int
    resets: float

    @property
    def reset_at(self) -> int:
        return math.ceil(self.resets)

    @property
    def retry_after_s(self) -> int:
        return max(1, math.ceil(self.resets - time.time()))


class Rate:
    """A rate such as `10/minute`, for each of many names, over a moving window.

    Args:
        redis_url: count there, once for all processes; None counts in this one.
    """

    def __init__(self, rate: str, redis_url: str | None = None) -> None:
        self._item = limits.parse(rate)
        self._here = MovingWindowRateLimiter(storage_from_string("memory://"))
        self._shared = MovingWindowRateLimiter(_shared(redis_url)) if redis_url else None

    def take(self, *names: str) -> Allowance:
        """Use the rate once, if there is anything left of it. While Redis is away, each process counts for itself."""
        if self._shared is not None:
            try:
                return self._take(self._shared, names)
            except StorageError as error:
                log.warning("rates are counted in this process: Redis does not answer (%s)", error)
        return self._take(self._here, names)

    def _take(self, window: MovingWindowRateLimiter, names: tuple[str, ...]) -> Allowance:
        allowed = window.hit(self._item, *names)
        left = window.get_window_stats(self._item, *names)
        if left.reset_time > time.time() + self._item.get_expiry() + 1:
            # Used in the future: the clock has been set back, and nobody waits until it is there again.
            window.clear(self._item, *names)
            allowed = window.hit(self._item, *names)
            left = window.get_window_stats(self._item, *names)
        return Allowance(allowed, self._item.amount, max(0, left.remaining), left.reset_time)


def _shared(redis_url: str) -> Storage:
    url = re.sub(r"^unix://", "redis+unix://", redis_url)
    return cast(Storage, storage_from_string(url, wrap_exceptions=True, socket_timeout=1, socket_connect_timeout=1))
