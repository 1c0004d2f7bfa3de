"""The gateway beside its upstream called directly and, where it is installed, beside the LiteLLM proxy, in one run.

    pipenv run python -m benchmarks.peers --litellm /path/to/its/venv/bin/litellm

For 1 and 2 workers of each: whole answers a second at concurrency 1 and 16 through `/v1/chat/completions` with the time
that each takes and the CPU of the server for each, and N streams of a token every 50 ms with the share of tokens that
came within 50 ms of when they were due and the CPU of the server for each. LiteLLM belongs in an environment of its
own: `pip install 'litellm[proxy]'`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks import serving, streams
from tests.server import running

WORKERS = (1, 2)
PATH = "/v1/chat/completions"
ASK = {"model": "mock", "messages": [{"role": "user", "content": "hi"}]}


@dataclass
class Peer:
    """Something that answers chat completions at an address."""

    name: str
    url: str
    process: subprocess.Popen[bytes] | None = None


@contextmanager
def litellm(command: str, upstream: str, workers: int) -> Iterator[Peer]:
    """The proxy as its own documentation starts it, with one model and, as this server has it here, no key; so nobody
    but this machine reaches it."""
    port = serving.free_port()
    parameters = {"model": "openai/mock", "api_base": upstream, "api_key": "none"}
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "config.yaml"
        models = [{"model_name": "mock", "litellm_params": parameters}]
        open_to_all = {"dangerously_permit_weak_or_unset_master_key": True}
        config.write_text(json.dumps({"model_list": models, "general_settings": open_to_all}))
        started = [command, "--config", str(config), "--host", "127.0.0.1", "--port", str(port)]
        started += ["--num_workers", str(workers)]
        with subprocess.Popen(started, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            try:
                peer = Peer(f"LiteLLM proxy, {workers} workers", f"http://127.0.0.1:{port}", process)
                wait_for_answer(peer)
                yield peer
            finally:
                process.terminate()


@contextmanager
def ours(upstream: str, workers: int) -> Iterator[Peer]:
    settings = {"VISION_PROVIDER": "openai", "OPENAI_BASE_URL": upstream, "OPENAI_MODEL": "mock"}
    with tempfile.TemporaryDirectory() as folder, running(Path(folder), WORKERS=str(workers), **settings) as server:
        peer = Peer(f"this server, {workers} workers", server.url, server.process)
        wait_for_answer(peer)
        yield peer


def wait_for_answer(peer: Peer) -> None:
    end = time.monotonic() + 90
    while time.monotonic() < end:
        asked = urllib.request.Request(peer.url + PATH, json.dumps(ASK).encode(), {"Content-Type": "application/json"})
        try:
            urllib.request.urlopen(asked, timeout=20).close()
            return
        except OSError:
            time.sleep(0.2)
    raise SystemExit(f"{peer.name} does not answer")


def rates(peer: Peer, seconds: float) -> None:
    asked = [serving.request(urlsplit(peer.url).path + PATH, json.dumps(ASK).encode())]
    cells: list[str] = []
    used = count = 0.0
    for concurrency in (1, 16):
        before = streams.cpu_s(peer) if peer.process else 0.0
        found = asyncio.run(serving.load(urlsplit(peer.url).port or 80, asked, concurrency, seconds))
        used += streams.cpu_s(peer) - before if peer.process else 0.0
        count += len(found.took)
        cells += [f"{found.rate:.0f}", f"{found.percentile(50):.2f}", f"{found.percentile(99):.2f}"]
    cells.append(f"{used / count * 1000:.2f}")
    serving.row(peer.name, *cells)


def held(peer: Peer, count: int) -> None:
    body = {**ASK, "stream": True}
    mark, end = b'"content":" lorem"', b"[DONE]"
    streams.paced(streams.Target(peer.name, [peer.url + PATH] * count, body, mark, end, peer if peer.process else None))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--litellm", help="the proxy's command; left out without it")
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--streams", type=int, default=100)
    options = parser.parse_args()
    with streams.upstream(20, 0.0) as quick, streams.upstream(streams.EVENTS, streams.INTERVAL_S) as slow:
        serving.row("", "requests/s 1", "p50 ms", "p99 ms", "requests/s 16", "p50 ms", "p99 ms", "CPU ms each")
        beside(quick, lambda peer: rates(peer, options.seconds), options.litellm)
        print("\n" + streams.HEAD)
        beside(slow, lambda peer: held(peer, options.streams), options.litellm)


def beside(url: str, measure: Callable[[Peer], None], proxy: str | None) -> None:
    measure(Peer("upstream directly", url.removesuffix("/v1")))
    for workers in WORKERS:
        with ours(url, workers) as peer:
            measure(peer)
        if proxy:
            with litellm(proxy, url, workers) as peer:
                measure(peer)


if __name__ == "__main__":
    main()
