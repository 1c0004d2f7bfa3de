"""Counters and timings for Prometheus, held by the program that is counted, not by a module.

Several workers of one server write theirs to files of a folder, and whichever is asked adds them up.
"""

from __future__ import annotations

import os
import shutil
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest, values
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.registry import Collector

from models.database import DatabaseUnavailable
from services.cache import Cache
from services.content import Usage
from services.prices import Prices
from services.turns import Turn

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""The variable in which Prometheus's own client looks for the folder."""
Backlog = Callable[[], Mapping[tuple[str, str], int]]


class Metrics:
    """Everything `/metrics` shows.

    Args:
        caches: by the name they are shown under.
        backlog: what there is to do, by kind and state; asked when somebody looks.
        prices: without any, nothing is said of costs.
    """

    def __init__(self, caches: dict[str, Cache], backlog: Backlog = dict, prices: Prices | None = None) -> None:
        self.shared = FOLDER in os.environ
        if self.shared:
            # Chosen when the client was imported, which was before anybody knew of the folder.
            values.ValueClass = values.MultiProcessValue()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry()
        self.backlog = _Backlog(backlog)
        self.requests = Counter(
            "http_requests", "Requests answered", ["method", "endpoint", "status"], registry=self.registry
        )
        self.latency = Histogram(
            "http_request_seconds",
            "Seconds to the response's head",
            ["endpoint"],
            buckets=BUCKETS,
            registry=self.registry,
        )
        self.streams = Gauge("streams_open", "Streams being sent", registry=self.registry, multiprocess_mode="livesum")
        self.turns = Counter("turns", "Answers by how they ended", ["provider", "outcome"], registry=self.registry)
        self.tokens = Counter("tokens", "Tokens used", ["provider", "model", "kind"], registry=self.registry)
        self.prices = prices or {}
        self.cost = (
            Counter("cost_usd", "What those tokens cost", ["provider", "model"], registry=self.registry)
            if self.prices
            else None
        )
        self.first_text = Histogram(
            "first_text_seconds", "Seconds to the first text", ["provider"], buckets=BUCKETS, registry=self.registry
        )
        self.turn_time = Histogram(
            "turn_seconds", "Seconds to an answer's end", ["provider"], buckets=BUCKETS, registry=self.registry
        )
        self.voice = Histogram(
            "voice_stage_seconds",
            "Seconds by stage of a voice request",
            ["stage"],
            buckets=BUCKETS,
            registry=self.registry,
        )
        self._caches = _Caches(caches, self.registry)

    def answered(self, method: str, endpoint: str, status: int, seconds: float) -> None:
        """A request has been answered, as far as its head."""
        self.requests.labels(method, endpoint, status).inc()
        self.latency.labels(endpoint).observe(seconds)
        self._caches.count()

    def turn_ended(self, turn: Turn) -> None:
        provider = turn.provider or "none"
        self.turns.labels(provider, turn.outcome or "").inc()
        self.turn_time.labels(provider).observe(turn.elapsed_ms / 1000)
        self.used(provider, turn.model or "none", turn.usage)
        if turn.first_text_ms is not None:
            self.first_text.labels(provider).observe(turn.first_text_ms / 1000)

    def used(self, provider: str, model: str, usage: Usage) -> None:
        """A model has read and written so much."""
        self.tokens.labels(provider, model, "prompt").inc(usage.prompt_tokens)
        self.tokens.labels(provider, model, "completion").inc(usage.completion_tokens)
        price = self.prices.get((provider, model))
        if price is not None and self.cost is not None:
            self.cost.labels(provider, model).inc(price.of(usage))

    def text(self) -> bytes:
        """Prometheus's text format, of all workers together."""
        self._caches.count()
        shown: Collector = self.registry
        if self.shared:
            shown = MultiProcessCollector(None)  # type: ignore[no-untyped-call]
        everything = CollectorRegistry()
        everything.register(shown)
        everything.register(self.backlog)
        return generate_latest(everything)


class _Caches:
    """Brings what caches count of themselves to where workers' counts are added up."""

    def __init__(self, caches: dict[str, Cache], registry: CollectorRegistry) -> None:
        self.caches = caches
        self.lookups = Counter("cache_lookups", "Cache look-ups", ["cache", "outcome"], registry=registry)
        self.evictions = Counter("cache_evictions", "Values given up for room or age", ["cache"], registry=registry)
        self.held = Gauge("cache_bytes", "Bytes held", ["cache"], registry=registry, multiprocess_mode="livesum")
        self._told: dict[str, tuple[int, int, int]] = {}
        self._lock = threading.Lock()
        self.count()

    def count(self) -> None:
        for name, cache in self.caches.items():
            with self._lock:
                counts = (cache.counts.hits, cache.counts.misses, cache.counts.evictions)
                told, self._told[name] = self._told.get(name), counts
            hits, misses, evictions = (after - before for after, before in zip(counts, told or (0, 0, 0), strict=True))
            if counts != told:
                self.lookups.labels(name, "hit").inc(hits)
                self.lookups.labels(name, "miss").inc(misses)
                self.evictions.labels(name).inc(evictions)
                self.held.labels(name).set(cache.bytes)


class _Backlog(Collector):
    def __init__(self, ask: Backlog) -> None:
        self.ask = ask

    def collect(self) -> Iterator[Metric]:
        depth = GaugeMetricFamily("queue_depth", "What there is to do behind requests", labels=["kind", "state"])
        try:
            counts = self.ask()
        except DatabaseUnavailable:
            return  # the other figures are needed all the more
        for (kind, state), count in counts.items():
            depth.add_metric([kind, state], count)
        yield depth


@contextmanager
def sharing(data_dir: Path) -> Iterator[None]:
    """Have the workers that are started meanwhile share a folder for their counts. Folders of processes of this machine
    that are no more are taken away."""
    folder = data_dir / "temporary"
    host = socket.gethostname()
    for left in folder.glob(f"metrics-{host}-*"):
        pid = int(left.name.rpartition("-")[2])
        if pid == os.getpid() or not Path(f"/proc/{pid}").exists():
            shutil.rmtree(left, ignore_errors=True)
    mine = folder / f"metrics-{host}-{os.getpid()}"
    mine.mkdir(parents=True)
    os.environ[FOLDER] = str(mine)
    owner = os.getpid()
    try:
        yield
    finally:
        if os.getpid() == owner:  # a worker leaves this block as well
            del os.environ[FOLDER]
            shutil.rmtree(mine, ignore_errors=True)


def worker_gone(pid: int) -> None:
    """What a worker held goes with it; what it counted stays."""
    if FOLDER in os.environ:
        mark_process_dead(pid)  # type: ignore[no-untyped-call]
