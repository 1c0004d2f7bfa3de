"""A mock of OpenAI's chat completions, fast enough not to be what a benchmark measures.

    pipenv run python benchmarks/upstream.py --port 9100 --events 100 --interval-ms 50 --latency-ms 50

Answers `POST .../chat/completions`, streamed when the body holds `"stream": true`, else whole. Every event is an HTTP
chunk of its own, as vendors send them; with no interval, events go out as fast as the socket takes them. `max_tokens`
in the request overrides `--events`. `GET` of any path answers `ok`. Prints one line with its address when it listens.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
from dataclasses import dataclass

MAX_TOKENS = re.compile(rb'"max_(?:completion_)?tokens":\s*(\d+)')
STREAMED = re.compile(rb'"stream":\s*true')
LENGTH = re.compile(rb"content-length:\s*(\d+)", re.IGNORECASE)
WORD = " lorem"
BURST_BYTES = 64 * 1024
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: %s\r\n%s\r\n"


@dataclass(frozen=True)
class Script:
    """How every answer goes: tokens of an answer, seconds before the first and between two of them."""

    events: int
    interval: float
    latency: float


def chunked(payload: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(payload), payload)


def event(delta: dict[str, str] | None, finish: str | None = None, usage: dict[str, int] | None = None) -> bytes:
    choices = [] if delta is None else [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}]
    frame = {
        "id": "chatcmpl-mock",
        "object": "chat.completion.chunk",
        "created": 1_760_000_000,
        "model": "mock",
        "system_fingerprint": "fp_0",
        "choices": choices,
        "usage": usage,
    }
    return chunked(b"data: " + json.dumps(frame, separators=(",", ":")).encode() + b"\n\n")


def usage_of(events: int) -> dict[str, int]:
    return {"prompt_tokens": 20, "completion_tokens": events, "total_tokens": 20 + events}


TOKEN = event({"content": WORD})
OPENING = event({"role": "assistant", "content": ""})
STREAM_HEAD = HEAD % (b"text/event-stream", b"Transfer-Encoding: chunked\r\n")


def closing(events: int) -> bytes:
    return event({}, "stop") + event(None, usage=usage_of(events)) + chunked(b"data: [DONE]\n\n") + b"0\r\n\r\n"


def whole(events: int) -> bytes:
    body = {
        "id": "chatcmpl-mock",
        "object": "chat.completion",
        "created": 1_760_000_000,
        "model": "mock",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": WORD * events}, "finish_reason": "stop"}],
        "usage": usage_of(events),
    }
    return plain(b"application/json", json.dumps(body).encode())


def plain(kind: bytes, body: bytes) -> bytes:
    return HEAD % (kind, b"Content-Length: %d\r\n" % len(body)) + body


class Upstream(asyncio.Protocol):
    """One client connection, kept alive; requests are answered one after another."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.received = bytearray()
        self.writable = asyncio.Event()
        self.writable.set()
        self.answering: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def connection_lost(self, _exc: Exception | None) -> None:
        if self.answering is not None:
            self.answering.cancel()

    def pause_writing(self) -> None:
        self.writable.clear()

    def resume_writing(self) -> None:
        self.writable.set()

    def data_received(self, data: bytes) -> None:
        self.received += data
        while (body := self.take_request()) is not None:
            self.answer(body)

    def take_request(self) -> bytes | None:
        head_end = self.received.find(b"\r\n\r\n")
        if head_end < 0:
            return None
        length = LENGTH.search(self.received, 0, head_end)
        end = head_end + 4 + (int(length[1]) if length else 0)
        if len(self.received) < end:
            return None
        body = bytes(self.received[head_end + 4 : end])
        del self.received[:end]
        return body

    def answer(self, body: bytes) -> None:
        if not body:
            self.transport.write(plain(b"text/plain", b"ok"))
            return
        wanted = MAX_TOKENS.search(body)
        events = int(wanted[1]) if wanted else self.script.events
        streamed = STREAMED.search(body) is not None
        quick = self.script.latency == 0 and (not streamed or (self.script.interval == 0 and events <= 64))
        if quick:
            self.transport.write(
                STREAM_HEAD + OPENING + TOKEN * events + closing(events) if streamed else whole(events)
            )
        else:
            self.answering = asyncio.create_task(self.answer_slowly(events, streamed))

    async def answer_slowly(self, events: int, streamed: bool) -> None:
        if self.script.latency:
            await asyncio.sleep(self.script.latency)
        if not streamed:
            self.transport.write(whole(events))
            return
        self.transport.write(STREAM_HEAD + OPENING)
        if self.script.interval:
            await self.paced(events)
        else:
            await self.burst(events)
        self.transport.write(closing(events))

    async def paced(self, events: int) -> None:
        loop = asyncio.get_running_loop()
        start = loop.time()
        for number in range(1, events + 1):
            self.transport.write(TOKEN)
            await asyncio.sleep(start + number * self.script.interval - loop.time())

    async def burst(self, events: int) -> None:
        per_write = max(1, BURST_BYTES // len(TOKEN))
        for sent in range(0, events, per_write):
            await self.writable.wait()
            self.transport.write(TOKEN * min(per_write, events - sent))
            await asyncio.sleep(0)


async def serve(host: str, port: int, script: Script) -> None:
    server = await asyncio.get_running_loop().create_server(lambda: Upstream(script), host, port, backlog=4096)
    print(f"http://{host}:{server.sockets[0].getsockname()[1]}/v1", flush=True)
    await server.serve_forever()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default 127.0.0.1)")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one (default)")
    parser.add_argument("--events", type=int, default=20, help="tokens of an answer (default 20)")
    parser.add_argument("--interval-ms", type=float, default=0, help="between two tokens (default 0)")
    parser.add_argument("--latency-ms", type=float, default=0, help="before an answer (default 0)")
    options = parser.parse_args()
    asyncio.run(
        serve(options.host, options.port, Script(options.events, options.interval_ms / 1000, options.latency_ms / 1000))
    )


if __name__ == "__main__":
    main()
