"""What goes on behind the requests: durable queues, and threads of this process that take from them.

The rows of the database are the truth about what is to be done; a queue only says which to look at next. So a job that
is lost, or comes twice, does no harm: whoever runs it claims its row first, and `sweep` finds what nobody was told of.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from huey.storage import BaseStorage

log = logging.getLogger(__name__)

URGENT_POLL_S = 0.2
POLL_S = 1.0
"""How often a thread looks for what other processes have queued. What this one queues wakes it at once."""
STOP_S = 2.0
"""How long jobs under way may take to end; what is cut off is done again after the next start."""
AWAY_S = 10.0
"""Seconds for which a queue that did not answer is left alone; until then jobs stay in this process."""
REDIS_TIMEOUT_S = 1.0
BUSY_S = 5.0
"""How long the file of the queues may be held by another process."""
BACKGROUND_NICENESS = 5
"""Below requests, by Linux's measure, yet not so far that a question about a picture being looked at waits for long."""

Pace = Literal["urgent", "many", "one"]


@dataclass(frozen=True, slots=True)
class Work:
    """A kind of job.

    Args:
        run: does what the row of an id asks for, unless it is done or another's: it claims the row, does it, settles
            it, and returns soon when `Jobs.stopping` is set. What it raises is logged.
        waiting: ids of rows to be done now, those of dead processes taken back.
        pace: `urgent` where somebody waits for it: it has a thread of its own; `many` at a time, or `one`.
    """

    run: Callable[[str], None]
    waiting: Callable[[], Sequence[str]]
    pace: Pace = "many"


class Jobs:
    """The queues, by the name of the job, and this process's threads.

    Args:
        file: SQLite file of the queues, for the processes of one host.
        redis_url: keep them there instead, for the processes of all hosts.
        threads: jobs done at once in this process, apart from the urgent ones; with 0 it does none at all.
        stopping: set when this process stops; jobs that take long look at it.
        elsewhere: whether another process does jobs.
    """

    def __init__(
        self,
        works: Mapping[str, Work],
        file: Path,
        *,
        redis_url: str | None,
        threads: int,
        stopping: threading.Event,
        elsewhere: Callable[[], bool],
    ) -> None:
        self.works = dict(works)
        self.threads = threads
        self.stopping = stopping
        self._elsewhere = elsewhere
        self._queues = {name: _Queue(name, file, redis_url) for name in self.works}
        self._lanes: list[_Lane] = []
        self._swept = False

    def start(self) -> None:
        """Begin to take jobs; what is left from before comes with the first `sweep`."""
        self._lanes = [_Lane(names, urgent) for names, urgent in lanes(self.works, self.threads)]
        for number, lane in enumerate(self._lanes):
            lane.thread = threading.Thread(target=self._keep_on, args=(lane,), name=f"jobs-{number}", daemon=True)
            lane.thread.start()

    def stop(self) -> None:
        """Take no more, and wait a little for what is under way."""
        self.stopping.set()
        deadline = time.monotonic() + STOP_S
        for lane in self._lanes:
            lane.woken.set()
        for lane in self._lanes:
            if lane.thread is not None:
                lane.thread.join(max(0.0, deadline - time.monotonic()))
        if any(lane.alive for lane in self._lanes):
            log.warning("a job was cut off by the stop and is done again after the next start")
        self._lanes = []
        for queue in self._queues.values():
            queue.close()

    def alive(self) -> bool:
        """Whether jobs are done, by this process or another."""
        return any(lane.alive for lane in self._lanes) or self._elsewhere()

    def enqueue(self, name: str, item_id: str) -> None:
        """Have the row of an id looked at soon; call it when the row is committed. Never raises: a queue that cannot
        be reached is made up for here or by the next sweep."""
        self._queues[name].put(item_id)
        for lane in self._lanes:
            if name in lane.names:
                lane.woken.set()

    def sweep(self) -> None:
        """Queue what is to be done and is in no queue, where this process does jobs.

        Raises:
            DatabaseUnavailable
        """
        if self._lanes:
            # What was cut off by the end of the process before is in no queue, whatever else is.
            self._refill(anyway=not self._swept)
            self._swept = True

    def run_pending(self) -> int:
        """Do everything there is to do, now and in this thread; how many jobs that were."""
        self._refill(anyway=False)
        count = 0
        while done := sum(self._take_one(name) for name in self.works):
            count += done
        return count

    def _refill(self, *, anyway: bool) -> None:
        """Queue what waits, where the queue is empty, or `anyway`: what stands in it twice is done once."""
        for name, work in self.works.items():
            waiting = work.waiting()
            if waiting and (anyway or self._queues[name].empty()):
                for item_id in waiting:
                    self.enqueue(name, item_id)

    def _keep_on(self, lane: _Lane) -> None:
        if not lane.urgent:
            _step_back()
        while not self.stopping.is_set():
            lane.woken.clear()
            # One of each kind in turn, so that a long queue of one does not keep the others waiting.
            if not sum(self._take_one(name) for name in lane.names if not self.stopping.is_set()):
                lane.woken.wait(URGENT_POLL_S if lane.urgent else POLL_S)

    def _take_one(self, name: str) -> bool:
        """Do the next job of a kind; False where there is none."""
        item_id = self._queues[name].take()
        if item_id is None:
            return False
        try:
            self.works[name].run(item_id)
        except Exception:
            # The row is still claimed and comes back with the next sweep, until it was tried too often.
            log.exception("the job %s of %s failed", name, item_id)
        return True


@dataclass(slots=True)
class _Lane:
    """A thread and the kinds of job it takes."""

    names: tuple[str, ...]
    urgent: bool
    woken: threading.Event = field(default_factory=threading.Event)
    thread: threading.Thread | None = None

    @property
    def alive(self) -> bool:
        return self.thread is not None and self.thread.is_alive()


def lanes(works: Mapping[str, Work], threads: int) -> list[tuple[tuple[str, ...], bool]]:
    """The kinds of job each thread takes, and whether they are urgent.

    Args:
        threads: those for what is not urgent.
    """
    if not threads:
        return []

    def of(*paces: Pace) -> tuple[str, ...]:
        return tuple(name for name, work in works.items() if work.pace in paces)

    background = [of("many", "one")] if threads == 1 else [of("one"), *[of("many")] * (threads - 1)]
    return [(names, urgent) for names, urgent in [(of("urgent"), True), *((n, False) for n in background)] if names]


class _Queue:
    """Ids of one kind of job, first in, first out, in huey's storage: its file, or Redis. huey's tasks are not used:
    they would be pickled, and an id is all there is to say. While the storage does not answer, ids are kept here.
    """

    def __init__(self, name: str, file: Path, redis_url: str | None) -> None:
        self.name = f"visual-assistant-{name}"
        self._file = file
        self._redis_url = redis_url
        self._storage: BaseStorage | None = None
        self._here: deque[str] = deque()
        self._lock = threading.Lock()
        self._closed = False
        self._away_until = 0.0
        self._failures: tuple[type[Exception], ...] = (sqlite3.Error,)
        if redis_url:
            from redis import RedisError

            self._failures = (RedisError,)

    def put(self, item_id: str) -> None:
        if self._ask(lambda storage: storage.enqueue(item_id.encode()) or True) is None:
            self._here.append(item_id)

    def take(self) -> str | None:
        try:
            return self._here.popleft()
        except IndexError:
            found: bytes | None = self._ask(lambda storage: storage.dequeue())
            return None if found is None else bytes(found).decode()

    def empty(self) -> bool:
        return not self._here and not self._ask(lambda storage: storage.queue_size())

    def close(self) -> None:
        with self._lock:
            self._closed = True
            if self._storage is not None:
                self._storage.close()

    def _ask(self, call: Callable[[BaseStorage], Any]) -> Any:
        """What the storage answers; None where it does not."""
        if self._closed or time.monotonic() < self._away_until:
            return None
        try:
            return call(self._opened())
        except self._failures as error:
            self._away_until = time.monotonic() + AWAY_S
            log.warning("the queue of jobs does not answer and is left alone for %d s: %s", AWAY_S, error)
            return None

    def _opened(self) -> BaseStorage:
        with self._lock:
            if self._storage is None:
                self._storage = (
                    _redis(self.name, self._redis_url) if self._redis_url else _sqlite(self.name, self._file)
                )
            return self._storage


def _sqlite(name: str, file: Path) -> BaseStorage:
    from huey.storage import SqliteStorage

    return SqliteStorage(name, filename=str(file), timeout=BUSY_S)


def _redis(name: str, url: str) -> BaseStorage:
    from huey.storage import RedisStorage
    from redis import ConnectionPool

    pool = ConnectionPool.from_url(url, socket_timeout=REDIS_TIMEOUT_S, socket_connect_timeout=REDIS_TIMEOUT_S)
    return RedisStorage(name, blocking=False, connection_pool=pool)


def _step_back() -> None:
    """Let this thread's work wait for that of requests, where the system can tell threads apart."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), BACKGROUND_NICENESS)
