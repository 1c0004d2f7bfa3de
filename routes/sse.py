"""Server-sent events: framing, heartbeats, and noticing that the reader has left."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable, Iterator
from queue import Empty, SimpleQueue
from typing import TypeVar

import orjson

from services.events import ChatEvent, TurnFailed, TurnStarted
from services.turns import Turn, cut_short

HEARTBEAT_S = 10.0
"""A comment goes out after so much silence; proxies and phones drop what is silent for 30 seconds or more."""
FIRST_WAIT_S = 10.0
"""How long the status line waits for the first sign of the model, so that a failure can still be told by it."""
HEARTBEAT = b": still here\n\n"
HEADERS = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}

Item = TypeVar("Item")
Failure = BaseException


def data(value: object) -> bytes:
    """A frame without a name."""
    return b"data: " + orjson.dumps(value) + b"\n\n"


def event(name: str, value: object, event_id: int | None = None) -> bytes:
    """A frame with a name and, where a reader may come back to it, an id."""
    head = f"id: {event_id}\n" if event_id is not None else ""
    return f"event: {name}\n{head}".encode() + b"data: " + orjson.dumps(value) + b"\n\n"


class Pump:
    """Iterates a turn in a thread of its own, so that whoever waits for its events can do something meanwhile."""

    def __init__(self, turn: Turn) -> None:
        self.turn = turn
        self._queue: SimpleQueue[ChatEvent | Failure | None] = SimpleQueue()
        turn.when_interrupted = self._cut_short
        context = contextvars.copy_context()
        self._thread = threading.Thread(target=context.run, args=(self._run,), name="pump", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            for happened in self.turn:
                self._queue.put(happened)
            self._queue.put(None)
        except BaseException as error:  # noqa: BLE001 - raised again where it is waited for
            self._queue.put(error)

    def _cut_short(self) -> None:
        self._queue.put(TurnFailed(self.turn.message_id, cut_short(), self.turn.text))
        self._queue.put(None)

    def begin(self) -> list[ChatEvent | None]:
        """The events up to the first sign of the model, or of its failure; fewer if that takes long."""
        taken = self.take(FIRST_WAIT_S)
        if all(isinstance(happened, TurnStarted) for happened in taken):
            taken += self.take(FIRST_WAIT_S)
        return taken

    def take(self, timeout_s: float) -> list[ChatEvent | None]:
        """What has happened: at least one event, or an empty list after `timeout_s`. None stands for the end.

        Raises:
            whatever the turn raised.
        """
        try:
            first = self._queue.get(timeout=timeout_s)
        except Empty:
            return []
        taken = [first]
        while first is not None:
            try:
                taken.append(self._queue.get_nowait())
            except Empty:
                break
        for item in taken:
            if isinstance(item, BaseException):
                raise item
        return [item for item in taken if not isinstance(item, BaseException)]


def stream(pump: Pump, begun: list[ChatEvent | None], encode: Callable[[ChatEvent], bytes]) -> Iterator[bytes]:
    """Frames of a turn that is being pumped.

    Args:
        begun: events already taken from the pump.
        encode: an event's frames; empty for one that is not shown.
    """
    taken = begun
    try:
        while True:
            frames = b"".join(encode(happened) for happened in taken if happened is not None)
            if frames:
                yield frames
            elif not taken:
                yield HEARTBEAT
            if None in taken:
                return
            taken = pump.take(HEARTBEAT_S)
    finally:
        # Ends a turn whose reader has gone; one that has ended takes no notice.
        pump.turn.interrupt()
