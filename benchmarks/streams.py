"""Streams held at once, on schedule, through the real server: session streams and classic ones beside the upstream.

    pipenv run python -m benchmarks.streams --streams 100 300 500

Starts benchmarks/upstream.py, which says a token every 50 ms, and the server as a user runs it, each in a process of
its own, and reads N streams at once from this one. Prints for each row the share of tokens that came within 50 ms of
when the upstream had them due, how late the 99th of 100 was, the median time to the first token, CPU of the server for
each token, and its memory for each stream. A last table is a burst: 32 streams of 2,000 tokens as fast as they come.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import json
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from PIL import Image

from benchmarks import processes
from config import ROOT
from tests.server import Server, running

EVENTS, INTERVAL_S = 100, 0.05
BURST_STREAMS, BURST_EVENTS = 32, 2_000
LATE_S = 0.05
SESSIONS = "/api/v2/chat/sessions"
HEADS = ("in time", "p99 ms", "first ms", "µs/token", "idle MB", "KB each")
HEAD = f"{'':36} {'streams':>7} {'whole':>7} " + " ".join(f"{head:>8}" for head in HEADS)
BURST_HEAD = f"{'burst':36} {'tokens':>9} {'tokens/s':>9} {'µs/token':>9} {'most MB':>9}"


@dataclass
class Target:
    """What is asked: the address of each stream, its body, what every token's frame holds and what the last one; and
    the ids of the processes that answer, where they are measured."""

    name: str
    addresses: list[str]
    body: dict[str, Any]
    mark: bytes
    end: bytes
    pids: tuple[int, ...] = ()


@dataclass
class Stream(asyncio.Protocol):
    """One request on a connection of its own; when each token came, in seconds from the request."""

    target: Target
    address: str
    done: asyncio.Future[None]
    came: list[float] = field(default_factory=list)
    tail: bytes = b""
    last: bytes = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        body = json.dumps(self.target.body).encode()
        url = urlsplit(self.address)
        transport.write(
            f"POST {url.path} HTTP/1.1\r\nHost: {url.netloc}\r\nContent-Type: application/json\r\n"
            f"Connection: close\r\nContent-Length: {len(body)}\r\n\r\n".encode()
            + body
        )
        self.sent = time.perf_counter()

    def data_received(self, data: bytes) -> None:
        now = time.perf_counter() - self.sent
        text = self.tail + data
        self.came += [now] * text.count(self.target.mark)
        self.last = (self.last + data)[-128:]
        if self.target.end in self.last:
            self.transport.close()
        # A mark that was cut is counted with its end.
        self.tail = text[-len(self.target.mark) + 1 :]

    def connection_lost(self, _exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_result(None)


async def read_all(target: Target, spread_s: float) -> list[Stream]:
    """Read every stream to its end; they begin one after another within `spread_s`."""
    loop = asyncio.get_running_loop()
    streams = []
    for number, address in enumerate(target.addresses):
        stream = Stream(target, address, loop.create_future())
        url = urlsplit(address)
        await loop.create_connection(lambda stream=stream: stream, url.hostname, url.port)  # type: ignore[misc]
        streams.append(stream)
        await asyncio.sleep(spread_s / len(target.addresses) if number else 0)
    await asyncio.wait_for(asyncio.gather(*(stream.done for stream in streams)), 180)
    return streams


async def watch(pids: tuple[int, ...], peak: list[float]) -> None:
    while pids:
        peak.append(processes.memory_mb(pids))
        await asyncio.sleep(1)


async def measured(target: Target, spread_s: float) -> tuple[list[Stream], float, float, float]:
    """The streams, the servers' CPU seconds, their memory before and at most (MB)."""
    before, cpu = processes.memory_mb(target.pids), processes.cpu_s(target.pids)
    peak = [before]
    watcher = asyncio.create_task(watch(target.pids, peak))
    streams = await read_all(target, spread_s)
    watcher.cancel()
    return streams, processes.cpu_s(target.pids) - cpu, before, max(peak)


def paced(target: Target) -> None:
    streams, cpu, before, peak = asyncio.run(measured(target, 2.0))
    late = sorted(came - number * INTERVAL_S for stream in streams for number, came in enumerate(stream.came))
    count = len(target.addresses)
    whole = sum(len(stream.came) == EVENTS for stream in streams)
    first = statistics.median(stream.came[0] for stream in streams if stream.came)
    print(
        f"{target.name:36} {count:7} {whole:7} {sum(lateness <= LATE_S for lateness in late) / (count * EVENTS):8.1%} "
        f"{late[int(len(late) * 0.99)] * 1000:8.1f} {first * 1000:8.1f} {cpu / (count * EVENTS) * 1e6:8.0f} "
        f"{before:8.0f} {(peak - before) / count * 1024:8.0f}",
        flush=True,
    )


def burst(target: Target) -> None:
    began = time.perf_counter()
    streams, cpu, _before, peak = asyncio.run(measured(target, 0.0))
    took = time.perf_counter() - began
    tokens = sum(len(stream.came) for stream in streams)
    print(f"{target.name:36} {tokens:9,} {tokens / took:9,.0f} {cpu / tokens * 1e6:9.1f} {peak:9.0f}", flush=True)


@contextmanager
def upstream(events: int, interval_s: float, host: str = "127.0.0.1") -> Iterator[str]:
    command = [sys.executable, str(ROOT / "benchmarks" / "upstream.py")]
    command += ["--host", host, "--events", str(events), "--interval-ms", str(interval_s * 1000)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


def post(url: str, body: bytes, kind: str) -> dict[str, Any]:
    request = urllib.request.Request(url, data=body, headers={"Content-Type": kind})
    with urllib.request.urlopen(request, timeout=60) as response:
        return dict(json.load(response))


def targets(url: str, server: str, pids: tuple[int, ...], count: int) -> list[Target]:
    """The upstream itself, and the two surfaces of the server behind which it stands."""
    picture = io.BytesIO()
    Image.new("RGB", (64, 64), "red").save(picture, "JPEG")
    part = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.jpg"\r\n\r\n%s\r\n--x--\r\n'
    sent = part % picture.getvalue(), "multipart/form-data; boundary=x"
    # All at once: each is answered when the upstream has said what it has to say about the picture.
    with ThreadPoolExecutor() as pool:
        uploads = [pool.submit(post, f"{server}/upload", *sent) for _ in range(min(count, 8))]
        images = [upload.result()["image_id"] for upload in uploads]
    # No pictures in the sessions: it is the stream that is measured.
    empty = json.dumps({"use_all_images": False}).encode()
    sessions = [post(server + SESSIONS, empty, "application/json")["session_id"] for _ in range(count)]
    ask = {"model": "mock", "stream": True, "messages": [{"role": "user", "content": "hi"}]}
    mark, end = b'"content":" lorem"', b"[DONE]"
    return [
        Target("upstream", [f"{url}/chat/completions"] * count, ask, mark, end),
        Target(
            "/chat-stream",
            [f"{server}/chat-stream/{images[number % len(images)]}" for number in range(count)],
            {"question": "Tell me all."},
            mark,
            end,
            pids,
        ),
        Target(
            "session stream",
            [f"{server}{SESSIONS}/{session}/messages/stream" for session in sessions],
            {"message": "Tell me all."},
            b"event: token",
            b'{"type":"close"',
            pids,
        ),
    ]


@contextmanager
def served(url: str, most: int) -> Iterator[Server]:
    with tempfile.TemporaryDirectory() as folder:
        settings = {"VISION_PROVIDER": "openai", "OPENAI_BASE_URL": url, "OPENAI_MODEL": "mock"}
        with running(Path(folder), **settings, THREADS=str(max(640, most + 40))) as server:
            yield server


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--streams", type=int, nargs="+", default=[100, 300, 500])
    options = parser.parse_args()
    print(HEAD)
    with upstream(EVENTS, INTERVAL_S) as url:
        for count in options.streams:
            with served(url, count) as server:
                for target in targets(url, server.url, (server.process.pid,), count):
                    paced(target)
    print("\n" + BURST_HEAD)
    with upstream(BURST_EVENTS, 0.0) as url, served(url, BURST_STREAMS) as server:
        for target in targets(url, server.url, (server.process.pid,), BURST_STREAMS):
            burst(target)


if __name__ == "__main__":
    main()
