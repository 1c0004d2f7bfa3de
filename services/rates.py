"""How often something may be done: counted in this process, or in Redis for all of them."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

import limits


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is left of a rate.

    Args:
        reset_at: Unix seconds at which the oldest use stops counting.
    """

    allowed: bool
    limit: int
    remaining: int
    reset_at: int

    @property
    def retry_after_s(self) -> int:
        return max(1, math.ceil(self.reset_at - time.time()))


class Rate:
    """A rate such as `10/minute`, for each of many names, over a moving window.

    Args:
        redis_url: count there, once for all processes; None counts in this one.
    """

    def __init__(self, rate: str, redis_url: str | None = None) -> None:
        self._item = limits.parse(rate)
        storage = limits.storage.storage_from_string(redis_url or "memory://")
        self._window = limits.strategies.MovingWindowRateLimiter(storage)

    def take(self, *names: str) -> Allowance:
        """Use the rate once, if there is anything left of it."""
        allowed = self._window.hit(self._item, *names)
        left = self._window.get_window_stats(self._item, *names)
        return Allowance(allowed, self._item.amount, max(0, left.remaining), math.ceil(left.reset_time))
