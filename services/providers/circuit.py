"""A circuit breaker for one provider.

Own code, as neither library fits: pybreaker holds its lock while the guarded call runs, so that calls go one at a
time, and circuitbreaker lets every waiting call through as a probe; both guard a function's return, where here the
first token of a stream decides.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Literal

State = Literal["closed", "open", "half-open"]

FAILURES_TO_OPEN = 3
COOL_DOWN_S = 30.0
LONGEST_COOL_DOWNS = 8


class Circuit:
    """Whether a provider may be asked. Thread-safe.

    Closed, every call goes through. After `failures_to_open` failures in a row, or one that is `costly`, it opens:
    no call goes through for `cool_down` seconds. Then it is half-open: one call goes through as a probe and settles
    whether it closes or opens again, then for twice as long, up to `LONGEST_COOL_DOWNS` times.

    Args:
        failures_to_open: failures in a row that open it.
        cool_down: seconds it stays open.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        failures_to_open: int = FAILURES_TO_OPEN,
        cool_down: float = COOL_DOWN_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._failures_to_open = failures_to_open
        self._cool_down = cool_down
        self._clock = clock
        self._lock = threading.Lock()
        self._failures = 0
        self._open_until: float | None = None
        self._probing = False
        self._cool_downs = 1

    @property
    def state(self) -> State:
        with self._lock:
            return self._state()

    def admit(self) -> bool:
        """Whether a call may go now. One that may must be followed by one of the three below."""
        with self._lock:
            match self._state():
                case "closed":
                    return True
                case "open":
                    return False
                case "half-open":
                    if self._probing:
                        return False
                    self._probing = True
                    return True

    def succeeded(self) -> None:
        """The provider works."""
        with self._lock:
            self._failures = 0
            self._open_until = None
            self._probing = False
            self._cool_downs = 1

    def failed(self, *, costly: bool = False, wait: float | None = None) -> None:
        """The provider does not work.

        Args:
            costly: to find out took so long that the next call shall not.
            wait: seconds the vendor asked to be left alone; opens at once and for no less than that.
        """
        with self._lock:
            self._failures += 1
            if self._probing:
                self._cool_downs = min(self._cool_downs * 2, LONGEST_COOL_DOWNS)
            if costly or wait is not None or self._probing or self._failures >= self._failures_to_open:
                until = self._clock() + max(self._cool_down * self._cool_downs, wait or 0.0)
                self._open_until = max(until, self._open_until or until)
            self._probing = False

    def abandoned(self) -> None:
        """The call ended before it showed anything: its caller left, or the request was at fault."""
        with self._lock:
            self._probing = False

    def _state(self) -> State:
        if self._open_until is None:
            return "closed"
        return "open" if self._clock() < self._open_until else "half-open"
