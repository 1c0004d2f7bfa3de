"""The stream of a session's answer as one reader gets it: from where it was, then live, until the end."""

from __future__ import annotations

from collections.abc import Iterator

from flask import request

from routes import direct, wire
from routes.current import services
from services.answer_log import Entry
from services.generations import Generations

SILENCE_S = 10.0


class Shown:
    """What one reader has been shown.

    Args:
        seen: the number of the last token it has; of a stream with fewer tokens, it is shown what comes after them.
    """

    def __init__(self, seen: int) -> None:
        self._writer = wire.Frames()
        self._seen = seen
        self._skipping = seen > 0

    @property
    def closed(self) -> bool:
        return self._writer.closed

    def frames(self, some: list[Entry]) -> bytes:
        """The next entries, without those it has."""
        if self._skipping:
            some = [entry for entry in some if not self._skip(entry)]
        return b"".join(self._writer.encode(some))

    def _skip(self, entry: Entry) -> bool:
        if self._skipping and entry[0] == "token":
            self._writer.pass_over(entry[1])
            self._skipping = self._writer.tokens < self._seen
            return True
        if entry[1] in ("complete", "error", "close"):
            self._skipping = False
        return self._skipping


def whole(generations: Generations, message_id: str) -> bytes | None:
    """All frames of a message, once it is made; None where its end is not known."""
    shown = Shown(0)
    said = b"".join([shown.frames(some) for some in generations.follow(message_id, SILENCE_S)])
    return said if shown.closed else None


def frames(message_id: str, seen: int) -> Iterator[bytes]:
    """The frames of a message after token number `seen`, then live, with pings while it is silent."""
    shown = Shown(seen)
    outlet = direct.of(request.environ, shown.frames)
    for some in services().generations.follow(message_id, SILENCE_S, outlet):
        woken = outlet is not None and outlet.catch_up()
        out = shown.frames(some)
        if out or not (some or woken):
            yield out or wire.PING
            if outlet is not None:
                outlet.ready = True
        if shown.closed:
            return
    if outlet is not None:
        outlet.catch_up()
    if not shown.closed:
        yield b"".join(wire.Frames().encode(wire.lost(message_id)))
