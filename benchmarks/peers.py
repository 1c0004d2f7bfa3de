"""The gateway beside its upstream called directly and, where it is installed, beside the LiteLLM proxy, in one run.

    pipenv run python -m benchmarks.peers --litellm .cache/litellm/bin/litellm [--workers 1 2] [--streams 100 250]

LiteLLM belongs in an environment of its own, which this makes:

    python3 -m venv .cache/litellm && .cache/litellm/bin/pip install 'litellm[proxy]'

For each number of workers, of each: seconds to the first answer, memory idle; through `/v1/chat/completions` whole
answers a second at concurrency 1 and 16, their time, what that is more than the upstream takes (at 1) and the CPU for
each; streams of a token every 50 ms, as in `benchmarks/streams.py`; a burst of 32 streams of 2,000 tokens, and memory
after it. Every table has each server started anew and left alone with its upstream.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks import processes, serving, streams
from tests.server import running

PATH = "/v1/chat/completions"
ASK = {"model": "mock", "messages": [{"role": "user", "content": "hi"}]}
TOKENS = 20
STARTS_WITHIN_S = 90


@dataclass(frozen=True)
class Peer:
    """Something that answers chat completions at an address.

    Args:
        pids: its first process; none of one that is not measured.
        started_s: from its command to its first answer.
    """

    name: str
    url: str
    pids: tuple[int, ...] = ()
    started_s: float = 0.0


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
        started = [str(Path(command).absolute()), "--config", str(config), "--host", "127.0.0.1", "--port", str(port)]
        started += ["--num_workers", str(workers)]
        began = time.monotonic()
        # It takes an upstream that says a word over and over for a broken one, and the mock does nothing else.
        env = os.environ | {"REPEATED_STREAMING_CHUNK_LIMIT": "1000000"}
        silent = subprocess.DEVNULL
        with subprocess.Popen(started, cwd=folder, env=env, stdout=silent, stderr=silent) as process:
            try:
                yield answering(f"LiteLLM proxy, {in_words(workers)}", f"http://127.0.0.1:{port}", process, began)
            finally:
                process.terminate()


@contextmanager
def ours(upstream: str, workers: int) -> Iterator[Peer]:
    settings = {"VISION_PROVIDER": "openai", "OPENAI_BASE_URL": upstream, "OPENAI_MODEL": "mock"}
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, running(Path(folder), WORKERS=str(workers), **settings) as server:
        yield answering(f"this server, {in_words(workers)}", server.url, server.process, began)


def in_words(workers: int) -> str:
    return f"{workers} worker{'s' * (workers > 1)}"


def answering(name: str, url: str, process: subprocess.Popen[bytes], began: float) -> Peer:
    """A peer that has just been started, as soon as it answers."""
    while time.monotonic() < began + STARTS_WITHIN_S:
        asked = urllib.request.Request(url + PATH, json.dumps(ASK).encode(), {"Content-Type": "application/json"})
        try:
            urllib.request.urlopen(asked, timeout=20).close()
        except OSError:
            time.sleep(0.05)
        else:
            return Peer(name, url, (process.pid,), time.monotonic() - began)
    raise SystemExit(f"{name} does not answer")


class Rates:
    """The table of whole answers; what the first peer takes is what the others' added time is counted from."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.direct: serving.Load | None = None
        heads = ("start s", "idle MB", "per s at 1", "p50 ms", "p99 ms", "added p50", "added p99")
        serving.row("whole answers", *heads, "per s at 16", "p50 ms", "p99 ms", "CPU ms each")

    def measure(self, peer: Peer) -> None:
        asked = [serving.request(PATH, json.dumps(ASK).encode())]
        idle = processes.memory_mb(peer.pids)
        asyncio.run(serving.load(peer.url, asked, 4, self.seconds / 4))
        before = processes.cpu_s(peer.pids)
        one, many = (asyncio.run(serving.load(peer.url, asked, count, self.seconds)) for count in (1, 16))
        used = (processes.cpu_s(peer.pids) - before) / (len(one.took) + len(many.took))
        self.direct = self.direct or one
        added = [one.percentile(rank) - self.direct.percentile(rank) for rank in (50, 99)]
        serving.row(
            peer.name,
            f"{peer.started_s:.1f}",
            f"{idle:.0f}",
            *in_cells(one),
            *(f"{more:.2f}" for more in added),
            *in_cells(many),
            f"{used * 1000:.2f}",
        )


def in_cells(found: serving.Load) -> list[str]:
    return [f"{found.rate:.0f}", f"{found.percentile(50):.2f}", f"{found.percentile(99):.2f}"]


def streamed(peer: Peer, count: int) -> streams.Target:
    mark, end = b'"content":" lorem"', b"[DONE]"
    return streams.Target(peer.name, [peer.url + PATH] * count, {**ASK, "stream": True}, mark, end, peer.pids)


def held(peer: Peer, counts: list[int]) -> None:
    for count in counts:
        streams.paced(streamed(peer, count))


def burst(peer: Peer) -> None:
    streams.burst(streamed(peer, streams.BURST_STREAMS))


def beside(url: str, measure: Callable[[Peer], None], workers: list[int], proxy: str | None) -> None:
    measure(Peer("upstream directly", url.removesuffix("/v1")))
    for number in workers:
        with ours(url, number) as peer:
            measure(peer)
        if proxy:
            with litellm(proxy, url, number) as peer:
                measure(peer)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--litellm", help="the proxy's command; left out without it")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--streams", type=int, nargs="+", default=[100, 250])
    options = parser.parse_args()
    with streams.upstream(TOKENS, 0.0) as url:
        beside(url, Rates(options.seconds).measure, options.workers, options.litellm)
    print("\n" + streams.HEAD)
    with streams.upstream(streams.EVENTS, streams.INTERVAL_S) as url:
        beside(url, lambda peer: held(peer, options.streams), options.workers, options.litellm)
    print("\n" + streams.BURST_HEAD)
    with streams.upstream(streams.BURST_EVENTS, 0.0) as url:
        beside(url, burst, options.workers, options.litellm)


if __name__ == "__main__":
    main()
