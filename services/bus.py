"""News between threads, processes and hosts: bytes on a channel, to everybody who listens at that moment.

News may be lost (a listener that is slow, a Redis that is away): whoever must know looks into the database as well, at
once when it begins to listen and from time to time after.
"""

from __future__ import annotations

import logging
import threading
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from queue import Empty, Full, Queue
from typing import Any, Protocol

from models.base import new_id

log = logging.getLogger(__name__)

WAITING = 256
"""News a listener may have waiting; what comes then is not for it."""
PREFIX = "visual-assistant:bus:"
TIMEOUT_S = 1.0
AGAIN_S = 1.0
"""Seconds before a Redis that went away is tried again."""


class Listener:
    """What one subscriber is told. `ended` once the bus is stopped; `lost` once something was not waited for."""

    def __init__(self) -> None:
        self.ended = False
        self.lost = False
        self._waiting: Queue[bytes] = Queue(WAITING)

    def get(self, timeout_s: float) -> bytes | None:
        """The next news; None when none came in time, or the bus has stopped."""
        if self.ended:
            return None
        try:
            data = self._waiting.get(timeout=timeout_s)
        except Empty:
            return None
        return None if self.ended else data

    def tell(self, data: bytes) -> None:
        try:
            self._waiting.put_nowait(data)
        except Full:
            self.lost = True

    def end(self) -> None:
        self.ended = True
        self.tell(b"")


class Bus(Protocol):
    """`everywhere`: it reaches other processes and hosts too; where it does not, they look more often."""

    everywhere: bool

    def publish(self, channel: str, data: bytes) -> None:
        """Tell everybody who listens to the channel. Never waits for a listener, never raises."""
        ...

    @contextmanager
    def subscribe(self, channel: str) -> Iterator[Listener]:
        """Listen within the block: what is published after its begin is heard."""
        ...

    def end_listening(self) -> None:
        """Wake all listeners, now and from now on: the server stops."""
        ...

    def stop(self) -> None:
        """`end_listening`, and let go of everything."""
        ...


class LocalBus:
    """`Bus` within this process."""

    everywhere = False

    def __init__(self) -> None:
        self._listeners: defaultdict[str, list[Listener]] = defaultdict(list)
        self._lock = threading.Lock()
        self._ended = False

    def publish(self, channel: str, data: bytes) -> None:
        with self._lock:
            listeners = tuple(self._listeners.get(channel, ()))
        for listener in listeners:
            listener.tell(data)

    @contextmanager
    def subscribe(self, channel: str) -> Iterator[Listener]:
        listener = Listener()
        with self._lock:
            self._listeners[channel].append(listener)
            if self._ended:
                listener.end()
        try:
            yield listener
        finally:
            with self._lock:
                self._listeners[channel].remove(listener)
                if not self._listeners[channel]:
                    del self._listeners[channel]

    def end_listening(self) -> None:
        with self._lock:
            self._ended = True
            listeners = [listener for some in self._listeners.values() for listener in some]
        for listener in listeners:
            listener.end()

    def stop(self) -> None:
        self.end_listening()


class RedisBus:
    """`Bus` through Redis's publish and subscribe. Within this process it works without Redis as well.

    Args:
        url: `redis://`, `rediss://` or `unix://`.
    """

    everywhere = True

    def __init__(self, url: str) -> None:
        import redis
        from redis.backoff import NoBackoff
        from redis.retry import Retry

        self._failure = redis.RedisError
        self._client = redis.Redis.from_url(
            url, socket_timeout=TIMEOUT_S, socket_connect_timeout=TIMEOUT_S, retry=Retry(NoBackoff(), 0)
        )
        self._here = LocalBus()
        self._name = new_id().encode()
        self._pubsub: Any = None
        self._heard: dict[str, threading.Event] = {}
        self._listening: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._away = False
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def publish(self, channel: str, data: bytes) -> None:
        self._here.publish(channel, data)
        try:
            self._client.publish(PREFIX + channel, self._name + data)
        except self._failure as error:
            log.warning("news did not reach Redis: %s", type(error).__name__)

    @contextmanager
    def subscribe(self, channel: str) -> Iterator[Listener]:
        with self._here.subscribe(channel) as listener:
            self._listen_to(channel)
            try:
                yield listener
            finally:
                self._leave(channel)

    def end_listening(self) -> None:
        self._here.end_listening()

    def stop(self) -> None:
        self.end_listening()
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(timeout=2 * TIMEOUT_S)
        self._client.close()

    def _listen_to(self, channel: str) -> None:
        """Returns once Redis has said that it sends what comes, or has not said so for a while."""
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._listen, name="bus", daemon=True)
                self._thread.start()
            self._listening[channel] += 1
            heard = self._heard.setdefault(channel, threading.Event())
            if self._listening[channel] == 1:
                self._say("subscribe", channel)
        if not self._away:
            heard.wait(TIMEOUT_S)

    def _leave(self, channel: str) -> None:
        with self._lock:
            self._listening[channel] -= 1
            if not self._listening[channel]:
                del self._listening[channel], self._heard[channel]
                self._say("unsubscribe", channel)

    def _say(self, what: str, channel: str) -> None:
        if self._pubsub is None:
            return  # the thread subscribes to everything once it is connected
        try:
            getattr(self._pubsub, what)(PREFIX + channel)
        except self._failure as error:
            log.warning("Redis could not be told to %s: %s", what, type(error).__name__)

    def _listen(self) -> None:
        while not self._stopping.is_set():
            try:
                self._connect()
                while not self._stopping.is_set():
                    self._hear(self._pubsub.get_message(timeout=TIMEOUT_S / 2))
            except self._failure as error:
                self._away = True
                log.warning("Redis does not answer and is asked again in %d s: %s", AGAIN_S, type(error).__name__)
                self._stopping.wait(AGAIN_S)
            finally:
                self._disconnect()

    def _connect(self) -> None:
        pubsub: Any = self._client.pubsub()  # type: ignore[no-untyped-call]
        with self._lock:
            # One channel of its own, so that there is always something it listens to.
            pubsub.subscribe(PREFIX + self._name.decode(), *(PREFIX + channel for channel in self._heard))
            self._pubsub = pubsub
        self._away = False

    def _disconnect(self) -> None:
        with self._lock:
            pubsub, self._pubsub = self._pubsub, None
        if pubsub is not None:
            pubsub.close()

    def _hear(self, message: dict[str, Any] | None) -> None:
        if message is None:
            return
        channel = message["channel"].decode().removeprefix(PREFIX)
        if message["type"] == "subscribe":
            with self._lock:
                heard = self._heard.get(channel)
            if heard is not None:
                heard.set()
        elif message["type"] == "message" and not message["data"].startswith(self._name):
            self._here.publish(channel, message["data"][len(self._name) :])
