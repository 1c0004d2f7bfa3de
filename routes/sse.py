"""Server-sent events: framing, heartbeats, and noticing that the reader has left."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable, Iterator

import orjson
from flask import request

from routes import direct
from services.events import ChatEvent, TurnFailed, TurnStarted
from services.mailbox import Mailbox, Outlet
from services.turns import Turn, cut_short

HEARTBEAT_S = 10.0
"""A comment goes out after so much silence; proxies and phones drop what is silent for 30 seconds or more."""
FIRST_WAIT_S = 10.0
"""How long the status line waits for the first sign of the model, so that a failure can still be told by it."""
HEARTBEAT = b": still here\n\n"
Taken = tuple[list[ChatEvent], bool]
"""Events, and whether they were the last."""
HEADERS = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}


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
        self._mail: Mailbox[ChatEvent] = Mailbox()
        self._failure: BaseException | None = None
        turn.when_interrupted = self._cut_short
        context = contextvars.copy_context()
        self._thread = threading.Thread(target=context.run, args=(self._run,), name="pump", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            for happened in self.turn:
                self._mail.put([happened])
        except BaseException as error:  # noqa: BLE001 - raised again where it is waited for
            self._failure = error
        self._mail.end()

    def _cut_short(self) -> None:
        self._mail.put([TurnFailed(self.turn.message_id, cut_short(), self.turn.text)])
        self._mail.end()

    def begin(self) -> Taken:
        """The events up to the first sign of the model, or of its failure; fewer if that takes long."""
        taken, ended = self.take(FIRST_WAIT_S)
        if not ended and all(isinstance(happened, TurnStarted) for happened in taken):
            more, ended = self.take(FIRST_WAIT_S)
            taken += more
        return taken, ended

    def take(self, timeout_s: float) -> Taken:
        """What has happened and was not shown, and whether that was the end; nothing after `timeout_s` of silence.

        Raises:
            whatever the turn raised.
        """
        taken, ended = self._mail.take(timeout_s)
        if self._failure is not None:
            raise self._failure
        return taken, ended

    def show(self, outlet: Outlet[ChatEvent]) -> None:
        """Write there what happens while nobody takes it."""
        self._mail.lend(outlet)

    def leave(self) -> None:
        """End a turn whose reader has gone; one that has ended takes no notice."""
        self._mail.leave()
        self.turn.interrupt()


def stream(pump: Pump, begun: Taken, encode: Callable[[ChatEvent], bytes]) -> Iterator[bytes]:
    """Frames of a turn that is being pumped.

    Args:
        begun: what was already taken from the pump.
        encode: an event's frames; empty for one that is not shown.
    """

    def frames(happened: list[ChatEvent]) -> bytes:
        return b"".join(map(encode, happened))

    # Whoever ends a turn from outside writes here as well, and has no request of its own.
    of_request = contextvars.copy_context()
    outlet: direct.Direct[ChatEvent] | None = direct.of(
        request.environ, lambda happened: of_request.run(frames, happened)
    )
    taken, ended = begun
    woken = False
    try:
        while True:
            out = frames(taken)
            # What is not shown breaks no silence.
            if out or not (woken or ended):
                yield out or HEARTBEAT
                if outlet is not None and not outlet.ready:
                    outlet.ready = True
                    pump.show(outlet)
            if ended:
                return
            taken, ended = pump.take(HEARTBEAT_S)
            woken = outlet is not None and outlet.catch_up()
    finally:
        pump.leave()
