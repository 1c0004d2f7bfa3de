"""One server with 1, 2 and 4 workers, and two hosts that share what they keep, beside their upstream, in one run.

    sudo pipenv run python -m benchmarks.hosts [--seconds 4] [--streams 100 200]

A host is a network namespace of its own with a server in it; PostgreSQL, Redis, the S3 server and the upstream are
reached over the network, and nginx stands before both as it is deployed (but for TLS, which the load would pay for). It
takes root and iproute2. Everything runs from the start on, and the sides take turns within each round: what one round
has to bear, all have. `x` is the part of the upstream's own requests; added are milliseconds beyond what it takes.

Streams are those of `benchmarks/streams.py`; nginx lets one address have 200.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import processes, serving, streams
from tests import hosts, nginx
from tests.server import Server, running

WORKERS = (1, 2, 4)
CONCURRENCY = (1, 16)
ROUNDS = 4
PICTURES = 16
NAMES = ("bench-a", "bench-b")
ROOT_END, HOST_END = "10.77.{}.1", "10.77.{}.2"


@dataclass(frozen=True)
class Side:
    """Something that is asked: where, what, and the processes whose CPU that takes."""

    name: str
    url: str
    pids: tuple[int, ...] = ()
    took: dict[int, list[serving.Load]] = field(default_factory=lambda: {count: [] for count in CONCURRENCY})
    cpu_s: list[float] = field(default_factory=list)

    def requests(self) -> list[bytes]:
        """Questions about pictures, which it is given; to the upstream, what a server asks it."""
        if not self.pids:
            return [serving.request("/v1/chat/completions", b'{"model": "m", "stream": true}')]
        images = [serving.upload(self.url, serving.jpeg(0.02, seed)) for seed in range(PICTURES)]
        return [serving.request(f"/chat/{image}", b'{"question": "What is in the picture?"}') for image in images]

    def ask(self, requests: list[bytes], concurrency: int, seconds: float) -> None:
        before = processes.cpu_s(self.pids)
        self.took[concurrency].append(asyncio.run(serving.load(self.url, requests, concurrency, seconds)))
        self.cpu_s.append(processes.cpu_s(self.pids) - before)

    def all(self, concurrency: int) -> serving.Load:
        """The loads of all rounds as one."""
        rounds = self.took[concurrency]
        return serving.Load(sum(one.seconds for one in rounds), [took for one in rounds for took in one.took])


@contextmanager
def namespaces() -> Iterator[None]:
    """A network for each host, a cable between it and this machine's own."""
    for number, name in enumerate(NAMES, 1):
        root, host = ROOT_END.format(number), HOST_END.format(number)
        for line in (
            f"ip netns add {name}",
            f"ip link add {name} type veth peer name eth0 netns {name}",
            f"ip address add {root}/24 dev {name}",
            f"ip link set {name} up",
            f"ip -n {name} address add {host}/24 dev eth0",
            f"ip -n {name} link set eth0 up",
            f"ip -n {name} link set lo up",
            f"ip -n {name} route add default via {root}",
        ):
            subprocess.run(line.split(), check=True)
    try:
        yield
    finally:
        for name in NAMES:
            subprocess.run(["ip", "netns", "delete", name], check=True)


class Kept:
    """What the two hosts share, on servers at this machine's end of the first cable."""

    def __init__(self) -> None:
        address = ROOT_END.format(1)
        self.postgres = hosts.Postgres(lasting=True)
        self.postgres.listen(address)
        self.redis = hosts.Redis(address)
        self.bucket = hosts.Bucket(address)

    def fresh(self) -> dict[str, str]:
        """The settings of servers that share what nobody has used yet."""
        return {
            "DATABASE_URL": self.postgres.fresh(),
            "REDIS_URL": self.redis.fresh(),
            "STORAGE_URL": self.bucket.fresh(),
            **{name.upper(): value for name, value in self.bucket.access.items()},
            "SECRET_KEY": "the same on both",
            "PROXIES": "1",
        }


@contextmanager
def two_hosts(folder: Path, shared: dict[str, str]) -> Iterator[list[Side]]:
    """One of two hosts asked directly, and both through nginx."""
    with ExitStack() as stack:
        servers: list[Server] = []
        for number, name in enumerate(NAMES, 1):
            within = ("ip", "netns", "exec", name)
            started = running(folder / name, within=within, **shared, HOST=HOST_END.format(number))
            servers.append(stack.enter_context(started))
        first, second = servers
        before = stack.enter_context(nginx.running((first, second), tls=False))
        pids = (first.process.pid, second.process.pid, before.process.pid)
        yield [Side("one of two hosts", first.url, pids[:1]), Side("two hosts, nginx", before.url, pids)]


@contextmanager
def sides(url: str, kept: Kept | None) -> Iterator[list[Side]]:
    """The upstream, and all that is in front of it."""
    found = [Side("upstream directly", url.removesuffix("/v1"))]
    settings = {"VISION_PROVIDER": "openai", "OPENAI_BASE_URL": url, "OPENAI_MODEL": "mock", "LOG_LEVEL": "INFO"}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        for workers in WORKERS:
            server = stack.enter_context(running(folder / str(workers), **settings, WORKERS=str(workers)))
            found.append(Side(f"{workers} worker{'s' * (workers > 1)}", server.url, (server.process.pid,)))
        if kept is not None:
            found += stack.enter_context(two_hosts(folder, kept.fresh() | settings))
        yield found


def rates(found: list[Side], seconds: float) -> None:
    asked = [(each, each.requests()) for each in found]
    for each, requests in asked:
        asyncio.run(serving.load(each.url, requests, 16, 1))
    for _round in range(ROUNDS):
        for concurrency in CONCURRENCY:
            for each, requests in asked:
                each.ask(requests, concurrency, seconds / ROUNDS)
    direct = {concurrency: found[0].all(concurrency) for concurrency in CONCURRENCY}
    serving.row("/chat", "per s at 1", "x", "added p50", "added p99", "per s at 16", "x", "added p50", "CPU ms each")
    for each in found:
        one, many = each.all(1), each.all(16)
        serving.row(
            each.name,
            f"{one.rate:.0f}",
            f"{one.rate / direct[1].rate:.3f}",
            *(f"{one.percentile(rank) - direct[1].percentile(rank):.2f}" for rank in (50, 99)),
            f"{many.rate:.0f}",
            f"{many.rate / direct[16].rate:.3f}",
            f"{many.percentile(50) - direct[16].percentile(50):.2f}",
            f"{sum(each.cpu_s) / (len(one.took) + len(many.took)) * 1000:.2f}",
        )


def held(url: str, found: list[Side], counts: list[int]) -> None:
    for count in counts:
        print()
        for number, each in enumerate(found[1:]):
            upstream, *surfaces = streams.targets(url, each.url, each.pids, count)
            if number == 0:
                streams.paced(upstream)
            for target in surfaces:
                target.name = f"{each.name}: {target.name}"
                streams.paced(target)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=4, help="for each side and concurrency (default 4)")
    parser.add_argument("--streams", type=int, nargs="+", default=[100, 200])
    options = parser.parse_args()
    logging.getLogger("werkzeug").setLevel(logging.WARNING)  # the S3 server would name each request
    with ExitStack() as stack:
        kept, host = None, "127.0.0.1"
        if os.geteuid() == 0 and shutil.which("ip"):
            stack.enter_context(namespaces())
            kept, host = Kept(), ROOT_END.format(1)
        else:
            print("Two hosts are left out: network namespaces take root and iproute2.")
        with streams.upstream(serving.TOKENS, 0.0, host) as url, sides(url, kept) as found:
            rates(found, options.seconds)
        with streams.upstream(streams.EVENTS, streams.INTERVAL_S, host) as url, sides(url, kept) as found:
            print("\n" + streams.HEAD)
            held(url, found, options.streams)


if __name__ == "__main__":
    main()
