"""Answers under way, told to readers in other processes and hosts: each message's log in a bounded Redis stream.

A process has one thread that waits for all the streams that anybody in it follows, and for what others ask of it. While
Redis is away nothing is lost: the database has it all, only later.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import orjson

from models.database import DatabaseUnavailable
from services.answer_log import Entry, Log
from services.shared import PREFIX

if TYPE_CHECKING:
    from redis.typing import EncodableT, FieldT

log = logging.getLogger(__name__)

ANSWER = f"{PREFIX}answer:"
"""Before the id of a message: its stream. Each item holds entries, and where in the log the first of them stands."""
ORDERS = f"{PREFIX}orders:"
"""Before the id of a process: the stream of what others ask of it."""
ITEMS = 20_000
"""Items of one stream, about; the oldest go. Readers who miss one turn to the database."""
KEEP_S = 600
"""Seconds after its last item that a stream is kept."""
WAIT_S = 0.5
TIMEOUT_S = 1.0
AWAY_S = 2.0
"""Seconds for which a Redis that did not answer is left alone."""
SILENT_S = 1.0
"""A stream that says nothing for so long: is its answer still being made?"""


class Relay:
    """Both ends of the streams, for one process.

    Args:
        worker_id: names this process on the messages it makes.
        cancel: called with a message's id when another process wants it stopped.
        being_made: those of some messages whose answers are still being made, by any process.
    """

    def __init__(
        self,
        url: str,
        worker_id: str,
        cancel: Callable[[str], object],
        being_made: Callable[[Collection[str]], Collection[str]],
    ) -> None:
        import redis

        self._failure = redis.RedisError
        self._asking = redis.Redis.from_url(url, socket_timeout=TIMEOUT_S, socket_connect_timeout=TIMEOUT_S)
        self._waiting = redis.Redis.from_url(
            url, socket_timeout=WAIT_S + TIMEOUT_S, socket_connect_timeout=TIMEOUT_S, max_connections=1
        )
        self._orders = ORDERS + worker_id
        self._cancel = cancel
        self._being_made = being_made
        self._followed: dict[str, _Followed] = {}
        self._away_until = 0.0
        self._lock = threading.Lock()
        self._telling = threading.Lock()
        self._stopping = threading.Event()
        self._listener: threading.Thread | None = None

    def tell(self, logs: Sequence[Log]) -> None:
        """Tell other processes of what the logs have that they have not been told of."""
        if time.monotonic() < self._away_until:
            return
        self.listen()
        with self._telling:
            grown = [(made, made.entries[made.relayed :], made.closed) for made in logs]
            grown = [(made, new, closed) for made, new, closed in grown if new or closed]
            if not grown or not self._ask(lambda: self._add(grown)):
                # Whatever has become of the streams meanwhile: they are told anew from the start.
                for made, _new, _closed in grown:
                    made.relayed = 0
                return
            for made, new, _closed in grown:
                made.relayed += len(new)

    def told(self, message_id: str, known: int) -> list[Entry]:
        """What others were told of an answer after its first `known` entries; nothing while Redis is away."""
        found = self._ask(lambda: self._asking.xrange(ANSWER + message_id)) or []
        more: list[Entry] = []
        for _number, item in found:
            at = int(item[b"at"]) - known
            if at > len(more):
                break  # what came between has been lost
            more += orjson.loads(item[b"entries"])[len(more) - at :]
        return more

    def cancel(self, worker_id: str, message_id: str) -> bool:
        """Ask a process to stop an answer; whether it could be asked."""
        return self._order(ORDERS + worker_id, {"cancel": message_id})

    @contextmanager
    def following(self, message_id: str) -> Iterator[Log | None]:
        """The log of an answer as another process makes it: it is `broken` where only the database knows more. None
        while Redis is away."""
        self.listen()
        with self._lock:
            followed = self._followed.get(message_id)
            if followed is None or followed.log.closed:
                followed = self._followed[message_id] = _Followed(Log(message_id))
            followed.readers += 1
        try:
            # It wakes the thread that waits for the streams known until now.
            yield followed.log if self._order(self._orders, {"follow": message_id}) else None
        finally:
            with self._lock:
                followed.readers -= 1
                if not followed.readers and self._followed.get(message_id) is followed:
                    del self._followed[message_id]

    def stop(self) -> None:
        self._stopping.set()
        self._order(self._orders, {"stop": ""})
        if self._listener is not None:
            self._listener.join(WAIT_S + TIMEOUT_S)
            self._ask(lambda: self._asking.delete(self._orders))
        self._asking.close()
        self._waiting.close()

    def listen(self) -> None:
        """Begin to wait for what others say, if that has not begun."""
        with self._lock:
            if self._listener is None:
                self._listener = threading.Thread(target=self._listen, name="relay", daemon=True)
                self._listener.start()

    def _add(self, grown: Sequence[tuple[Log, list[Entry], bool]]) -> bool:
        pipe = self._asking.pipeline(transaction=False)
        for made, new, closed in grown:
            item: dict[FieldT, EncodableT] = {"at": made.relayed, "entries": orjson.dumps(new), "last": int(closed)}
            pipe.xadd(ANSWER + made.message_id, item, maxlen=ITEMS, approximate=True)
            pipe.expire(ANSWER + made.message_id, KEEP_S)
        pipe.execute()
        return True

    def _order(self, to: str, order: dict[FieldT, EncodableT]) -> bool:
        def add() -> bool:
            pipe = self._asking.pipeline(transaction=False)
            pipe.xadd(to, order, maxlen=ITEMS, approximate=True)
            pipe.expire(to, KEEP_S)
            pipe.execute()
            return True

        return bool(self._ask(add))

    def _ask(self, call: Callable[[], Any]) -> Any:
        if time.monotonic() < self._away_until:
            return None
        try:
            return call()
        except self._failure as error:
            self._leave_alone(error)
            return None

    def _leave_alone(self, error: Exception) -> None:
        self._away_until = time.monotonic() + AWAY_S
        log.warning("Redis does not answer; streams go through the database meanwhile: %s", type(error).__name__)

    def _listen(self) -> None:
        heard = "0"
        while not self._stopping.is_set():
            with self._lock:
                followed = dict(self._followed)
            streams: dict[Any, Any] = {ANSWER + message_id: each.heard for message_id, each in followed.items()}
            try:
                found: Any = self._waiting.xread({self._orders: heard} | streams, block=int(WAIT_S * 1000))
            except self._failure as error:
                self._leave_alone(error)
                for each in followed.values():
                    each.log.break_off()
                self._stopping.wait(AWAY_S)
                continue
            for name, items in found or ():
                if name.decode() == self._orders:
                    heard = items[-1][0]
                    self._obey(items)
                else:
                    followed[name.decode().removeprefix(ANSWER)].take(items)
            self._look_after(followed.values())

    def _obey(self, items: Sequence[tuple[bytes, dict[bytes, bytes]]]) -> None:
        for _number, order in items:
            if message_id := order.get(b"cancel"):
                threading.Thread(target=self._cancel, args=(message_id.decode(),), name="cancel", daemon=True).start()

    def _look_after(self, followed: Collection[_Followed]) -> None:
        """Break off streams whose maker is gone, or has ended them where Redis did not hear of it."""
        long_ago = time.monotonic() - SILENT_S
        silent = [each for each in followed if each.heard_at < long_ago and not each.log.closed]
        if not silent:
            return
        try:
            going_on = self._being_made([each.log.message_id for each in silent])
        except DatabaseUnavailable as error:
            log.warning("nothing is known of streams that have fallen silent: %s", error)
            return
        for each in silent:
            each.heard_at = time.monotonic()
            if each.log.message_id not in going_on:
                each.log.break_off()


class _Followed:
    """An answer that another process makes.

    Attributes:
        heard: the number of the last item of its stream.
    """

    def __init__(self, made: Log) -> None:
        self.log = made
        self.heard: bytes | str = "0"
        self.heard_at = time.monotonic()
        self.readers = 0

    def take(self, items: Sequence[tuple[bytes, dict[bytes, bytes]]]) -> None:
        self.heard, self.heard_at = items[-1][0], time.monotonic()
        for _number, item in items:
            at, have = int(item[b"at"]), len(self.log.entries)
            if at > have:
                # What came before has been lost by Redis, or was too long ago.
                self.log.break_off()
                return
            # What is told again, after a Redis that did not answer, is known.
            self.log.append(orjson.loads(item[b"entries"])[have - at :], last=item[b"last"] == b"1")
