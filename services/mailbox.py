"""From the thread that makes things to the one that shows them, and past it while it sleeps.

To wake a thread for each token of a stream costs more than all the rest of the token's way. So a reader that has shown
all there is lends out the place it writes to, and the maker's own thread writes there, for as long as nothing has to
wait. Where things come faster than readers are woken, they are gathered instead and written together.
"""

from __future__ import annotations

import threading
import time
from queue import Empty, SimpleQueue
from typing import Generic, Protocol, TypeVar

TOGETHER_S = 0.001
"""Things that come so soon after the last are worth a reader's thread, which takes several at once."""

Item = TypeVar("Item")


class Outlet(Protocol[Item]):
    """A reader's place to write to.

    Attributes:
        ready: whether another thread may write there already.
    """

    ready: bool

    def show(self, items: list[Item], /) -> bool:
        """Write without waiting; False if the reader itself has to see to the rest. Never raises."""


class Mailbox(Generic[Item]):
    """One reader's. `put` and `end` may be called from any thread, `take` from the reader's alone."""

    def __init__(self, outlet: Outlet[Item] | None = None) -> None:
        self._outlet = outlet
        self._queue: SimpleQueue[list[Item] | None] = SimpleQueue()
        self._asleep = False
        self._put_at = 0.0
        self._lock = threading.Lock()

    def put(self, items: list[Item]) -> None:
        """Show the items through the outlet if the reader sleeps, else hand them to it."""
        at = time.monotonic()
        with self._lock:
            apart = at - self._put_at > TOGETHER_S
            self._put_at = at
            if self._asleep and apart and self._outlet is not None:
                if self._outlet.show(items):
                    return
                items = []
            self._asleep = False
            self._queue.put(items)

    def end(self) -> None:
        """There is no more to come."""
        with self._lock:
            self._asleep = False
            self._queue.put(None)

    def lend(self, outlet: Outlet[Item]) -> None:
        """Have an outlet from now on."""
        with self._lock:
            self._outlet = outlet

    def leave(self) -> None:
        """The outlet is not written to any more."""
        with self._lock:
            self._outlet = None

    def take(self, timeout_s: float) -> tuple[list[Item], bool]:
        """What has come and was not shown, and whether that was the end.

        Nothing, and no end, means silence of `timeout_s`, or an outlet that could not show all.
        """
        began = time.monotonic()
        wait = timeout_s
        while True:
            with self._lock:
                self._asleep = self._outlet is not None and self._outlet.ready and self._queue.empty()
            try:
                return self._drained(self._queue.get(timeout=wait))
            except Empty:
                with self._lock:
                    wait = max(began, self._put_at) + timeout_s - time.monotonic()
                    if wait <= 0 and self._queue.empty():
                        self._asleep = False
                        return [], False
                    wait = max(wait, 0.0)

    def _drained(self, some: list[Item] | None) -> tuple[list[Item], bool]:
        taken: list[Item] = []
        while some is not None:
            taken += some
            try:
                some = self._queue.get_nowait()
            except Empty:
                return taken, False
        return taken, True
