"""What the server adds to a provider: requests per second, latency, uploads, memory and start.

    pipenv run python -m benchmarks.serving [--seconds 5] [--workers 1]

Everything runs on this machine in one go: a mock upstream (`benchmarks/upstream.py`), the server with the `openai`
provider pointed at it, and this process as the load. The upstream is also asked directly, and so is the least there can
be (`benchmarks/bare.py`): the ratios hold where the absolute figures do not. On two cores all share, and what is
measured is less than a server of its own would do.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import contextlib
import io
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
from PIL import Image

from benchmarks import processes

ROOT = Path(__file__).resolve().parents[1]
TOKENS = 20
PICTURES = 64


@dataclass(frozen=True)
class Load:
    """What a load did: how many answers, in how long, and the seconds each took."""

    seconds: float
    took: list[float]

    @property
    def rate(self) -> float:
        return len(self.took) / self.seconds

    def percentile(self, rank: int) -> float:
        """Milliseconds."""
        return float(np.percentile(self.took, rank)) * 1000


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def running(
    command: list[str], port: int, path: str, env: dict[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """A process that answers at `path` on `port`; stopped at the end."""
    process = subprocess.Popen(
        [sys.executable, *command],
        cwd=ROOT,
        env=os.environ | (env or {}),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for(f"http://127.0.0.1:{port}{path}", process)
        yield process
    finally:
        process.terminate()
        process.wait(30)


def wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if process.poll() is not None:
            raise SystemExit(f"{url}: the process ended with {process.returncode}")
        with contextlib.suppress(OSError):
            urllib.request.urlopen(url, timeout=1).close()
            return
        time.sleep(0.01)
    raise SystemExit(f"{url} did not answer")


async def answer(reader: asyncio.StreamReader) -> bytes:
    """One HTTP response's body, by its length or in chunks."""
    head = await reader.readuntil(b"\r\n\r\n")
    status = int(head[9:12])
    if not 200 <= status < 300:
        raise SystemExit(f"status {status}: {head.decode()}")
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return await reader.readexactly(int(line.split(b":")[1]))
    body = b""
    while size := int(await reader.readuntil(b"\r\n"), 16):
        body += (await reader.readexactly(size + 2))[:-2]
    await reader.readexactly(2)
    return body


def request(path: str, body: bytes, kind: str = "application/json") -> bytes:
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


async def load(url: str, requests: list[bytes], concurrency: int, seconds: float) -> Load:
    """Send requests over as many connections as `concurrency`, each the next when it has its answer."""
    at = urlsplit(url)
    took: list[float] = []
    end = time.monotonic() + seconds

    async def client(number: int) -> None:
        reader, writer = await asyncio.open_connection(at.hostname, at.port, limit=2**22)
        sent = number
        while time.monotonic() < end:
            began = time.perf_counter()
            writer.write(requests[sent % len(requests)])
            await answer(reader)
            took.append(time.perf_counter() - began)
            sent += concurrency
        writer.close()

    began = time.monotonic()
    await asyncio.gather(*(client(number) for number in range(concurrency)))
    return Load(time.monotonic() - began, took)


def multipart(data: bytes, name: str) -> tuple[bytes, str]:
    boundary = "a-boundary-no-jpeg-holds"
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'.encode()
    return head + data + f"\r\n--{boundary}--\r\n".encode(), f"multipart/form-data; boundary={boundary}"


def jpeg(megabytes: float, seed: int) -> bytes:
    """A JPEG of about that size: noise on a gradient."""
    rng = np.random.default_rng(seed)
    pixels = np.linspace(0, 200, 1600)[None, :, None] + rng.normal(0, 18, (1200, 1600, 3))
    image = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
    for quality in range(95, 20, -3):
        out = io.BytesIO()
        image.save(out, "JPEG", quality=quality)
        if out.tell() <= megabytes * 1024 * 1024:
            break
    return out.getvalue()


def upload(url: str, data: bytes) -> str:
    """Send a picture; its id."""
    body, kind = multipart(data, "photo.jpg")
    sent = urllib.request.Request(f"{url}/upload", body, {"Content-Type": kind})
    with urllib.request.urlopen(sent, timeout=60) as response:
        return str(json.load(response)["image_id"])


def row(name: str, *cells: object) -> None:
    print(f"{name:34}" + "".join(f"{cell:>12}" for cell in cells), flush=True)


def compare(concurrency: int, seconds: float, sides: dict[str, tuple[str, list[bytes]]]) -> None:
    """The same load on each side; the second is what the others are compared with."""
    loads = {}
    for name, (url, requests) in sides.items():
        asyncio.run(load(url, requests, concurrency, 1))
        loads[name] = asyncio.run(load(url, requests, concurrency, seconds))
    bare = list(loads.values())[1]
    for name, found in loads.items():
        row(
            f"{name}, concurrency {concurrency}",
            f"{found.rate:.0f}",
            f"{found.percentile(50):.2f}",
            f"{found.percentile(99):.2f}",
            f"{found.rate / bare.rate:.2f}",
        )


def measure(seconds: float, workers: int) -> None:
    upstream_port, port, bare_port = free_port(), free_port(), free_port()
    url = f"http://127.0.0.1:{port}"
    upstream = ["benchmarks/upstream.py", "--port", str(upstream_port), "--events", str(TOKENS)]
    with tempfile.TemporaryDirectory() as folder, running(upstream, upstream_port, "/"):
        env = {
            "PORT": str(port),
            "DATA_DIR": folder,
            "WORKERS": str(workers),
            "VISION_PROVIDER": "openai",
            "OPENAI_BASE_URL": f"http://127.0.0.1:{upstream_port}/v1",
            "FETCH_MODELS": "false",
            "TTS_PROVIDER": "local",
            "STT_PROVIDER": "local",
            "LOG_LEVEL": "WARNING",
        }
        for start in ("first start", "next start"):
            began = time.monotonic()
            with running(["app.py"], port, "/healthz", env):
                up = time.monotonic() - began
                upload(url, jpeg(0.02, 1))
                row(f"{start}, seconds to listen / to answer", f"{up:.2f}", f"{time.monotonic() - began:.2f}")
        with running(["app.py"], port, "/healthz", env) as server:
            row("memory idle (MB)", f"{processes.memory_mb((server.pid,)):.0f}")
            images = [upload(url, jpeg(0.02, seed)) for seed in range(PICTURES)]
            asked = [request(f"/chat/{image}", b'{"question": "What is in the picture?"}') for image in images]
            picture = base64.b64encode(jpeg(0.02, 0)).decode()
            content = [{"type": "image_url", "image_url": {"url": f"data:image/jpeg;base64,{picture}"}}]
            body = json.dumps({"model": "m", "stream": True, "messages": [{"role": "user", "content": content}]})
            direct = [request("/v1/chat/completions", body.encode())]
            print()
            row("", "requests/s", "p50 ms", "p99 ms", "x bare Flask")
            with running(["benchmarks/bare.py", str(bare_port)], bare_port, "/healthz", env):
                least = [request("/chat", b"{}")]
                for concurrency in (1, 16):
                    compare(
                        concurrency,
                        seconds,
                        {
                            "upstream directly": (f"http://127.0.0.1:{upstream_port}", direct),
                            "bare Flask with the SDK": (f"http://127.0.0.1:{bare_port}", least),
                            "/chat": (url, asked),
                        },
                    )
            print()
            sent = [request("/upload", *multipart(jpeg(1.0, seed), "photo.jpg")) for seed in range(4)]
            uploads = asyncio.run(load(url, sent, 4, seconds))
            size = statistics.mean(len(each) for each in sent) / 1024 / 1024
            row(f"uploads of {size:.2f} MB, concurrency 4", f"{uploads.rate:.1f}/s", f"{uploads.percentile(50):.0f} ms")
            row("memory after load (MB)", f"{processes.memory_mb((server.pid,)):.0f}")


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--seconds", type=float, default=5)
    arguments.add_argument("--workers", type=int, default=1)
    given = arguments.parse_args()
    measure(given.seconds, given.workers)
