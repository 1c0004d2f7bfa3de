"""The data of server-sent events, out of bytes as they come from the network.

Format: https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation. Only `data` is kept:
OpenAI, Anthropic and Gemini all repeat the event's kind inside it. Own code where httpx2 has `EventSource`, because
this is the hot path (it takes one object and one text decoding per event less) and because a provider that sends
nothing but comments must run into its timeout, which `EventSource` cannot see.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator

MAX_EVENT_BYTES = 32 * 1024 * 1024


class BrokenStream(ValueError):
    """The bytes are no event stream: one event is longer than `MAX_EVENT_BYTES`."""


class SilentStream(TimeoutError):
    """Bytes came, but no whole event within the time allowed."""


class EventDecoder:
    """Takes bytes cut anywhere, gives the data of each whole event.

    Lines may end in LF, CRLF or CR; several `data` lines of one event are joined by LF; comments and other fields are
    passed over.
    """

    def __init__(self) -> None:
        self._line: list[bytes] = []
        self._data: list[bytes] = []
        self._size = 0
        self._after_cr = False

    def feed(self, chunk: bytes) -> list[bytes]:
        """The data of the events that `chunk` completes, in order.

        Raises:
            BrokenStream: an event is too long to be one.
        """
        if self._after_cr or b"\r" in chunk:
            chunk = self._with_lf(chunk)
        if b"\n" not in chunk:
            self._keep(chunk)
            return []
        if self._line:
            chunk = b"".join((*self._line, chunk))
            self._line.clear()
        lines = chunk.split(b"\n")
        rest = lines.pop()
        events = self._events(lines)
        self._size = sum(map(len, self._data))
        self._keep(rest)
        return events

    def flush(self) -> list[bytes]:
        """The event that lacks only its closing blank line when the stream ends, as some servers leave it."""
        return self.feed(b"\n\n")

    def _with_lf(self, chunk: bytes) -> bytes:
        if not chunk:
            return chunk
        if self._after_cr and chunk.startswith(b"\n"):
            chunk = chunk[1:]
        self._after_cr = chunk.endswith(b"\r")
        return chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")

    def _keep(self, part: bytes) -> None:
        if part:
            self._line.append(part)
        self._size += len(part)
        if self._size > MAX_EVENT_BYTES:
            raise BrokenStream("an event of the stream is too long")

    def _events(self, lines: list[bytes]) -> list[bytes]:
        events = []
        data = self._data
        for line in lines:
            if not line:
                if data:
                    events.append(data[0] if len(data) == 1 else b"\n".join(data))
                    data.clear()
            elif line.startswith(b"data:"):
                data.append(line[6:] if line.startswith(b"data: ") else line[5:])
            elif line == b"data":
                data.append(b"")
        return events


def event_batches(chunks: Iterable[bytes], idle: float) -> Iterator[list[bytes]]:
    """The data of events, those that arrived together in one list; never an empty list.

    Args:
        chunks: bytes of the body as they arrive; their own exceptions pass through.
        idle: seconds after which a stream of bytes without a whole event is given up.

    Raises:
        SilentStream, BrokenStream: see there.
    """
    decoder = EventDecoder()
    deadline = time.monotonic() + idle
    for chunk in chunks:
        if events := decoder.feed(chunk):
            yield events
            deadline = time.monotonic() + idle
        elif time.monotonic() > deadline:
            raise SilentStream("no event within the time allowed")
    if events := decoder.flush():
        yield events
