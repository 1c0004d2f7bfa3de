"""Counters and timings for Prometheus, held by the program that is counted, not by a module."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from services.cache import Cache
from services.turns import Turn

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)


class Metrics:
    """Everything `/metrics` shows.

    Args:
        caches: by the name they are shown under.
    """

    def __init__(self, caches: dict[str, Cache]) -> None:
        self.registry = CollectorRegistry()
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
        self.streams = Gauge("streams_open", "Streams being sent", registry=self.registry)
        self.turns = Counter("turns", "Answers by how they ended", ["provider", "outcome"], registry=self.registry)
        self.tokens = Counter("tokens", "Tokens used", ["provider", "kind"], registry=self.registry)
        self.first_text = Histogram(
            "first_text_seconds", "Seconds to the first text", ["provider"], buckets=BUCKETS, registry=self.registry
        )
        self.voice = Histogram(
            "voice_stage_seconds",
            "Seconds by stage of a voice request",
            ["stage"],
            buckets=BUCKETS,
            registry=self.registry,
        )
        self.registry.register(_Caches(caches))

    def turn_ended(self, turn: Turn) -> None:
        provider = turn.provider or "none"
        self.turns.labels(provider, turn.outcome or "").inc()
        self.tokens.labels(provider, "prompt").inc(turn.usage.prompt_tokens)
        self.tokens.labels(provider, "completion").inc(turn.usage.completion_tokens)
        if turn.first_text_ms is not None:
            self.first_text.labels(provider).observe(turn.first_text_ms / 1000)

    def text(self) -> bytes:
        """Prometheus's text format."""
        return generate_latest(self.registry)


class _Caches(Collector):
    def __init__(self, caches: dict[str, Cache]) -> None:
        self.caches = caches

    def collect(self) -> Iterator[Metric]:
        lookups = CounterMetricFamily("cache_lookups", "Cache look-ups", labels=["cache", "outcome"])
        evictions = CounterMetricFamily("cache_evictions", "Values given up for room or age", labels=["cache"])
        held = GaugeMetricFamily("cache_bytes", "Bytes held", labels=["cache"])
        for name, cache in self.caches.items():
            lookups.add_metric([name, "hit"], cache.counts.hits)
            lookups.add_metric([name, "miss"], cache.counts.misses)
            evictions.add_metric([name], cache.counts.evictions)
            held.add_metric([name], cache.bytes)
        yield from (lookups, evictions, held)
