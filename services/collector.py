"""The way to an OpenTelemetry collector: spans and figures go there over OTLP/HTTP, behind everything else.

Nothing waits for the collector. What it does not take in time is thrown away: spans that find 2,048 others waiting, and
at the end what could not be sent within `STOP_S`. Imported only where a collector is set; its threads belong to the
process that makes a `Collector`, which is a worker, never the process that forks them.
"""

from __future__ import annotations

import logging
import threading
import time
import uuid

from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.semconv.attributes.service_attributes import SERVICE_INSTANCE_ID, SERVICE_NAME
from opentelemetry.util.re import parse_env_headers

from config import Settings

NAME = "visual-assistant"
STOP_S = 2.0
"""Seconds the end of the process waits for what is still to be sent."""
TOLD_EVERY_S = 60.0
"""So often the log says the same of a collector that is away."""
TALKATIVE = (
    "opentelemetry.exporter.otlp.proto.http.trace_exporter",
    "opentelemetry.exporter.otlp.proto.http.metric_exporter",
    "opentelemetry.sdk._shared_internal",
)
"""Loggers that say something of every batch that was not taken."""

# https://github.com/open-telemetry/semantic-conventions-genai, docs/gen-ai/gen-ai-metrics.md
SECONDS = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92)
TOKENS = tuple(4**power for power in range(14))
# https://opentelemetry.io/docs/specs/semconv/http/http-metrics/
REQUEST_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)


class Collector:
    """Where spans are begun and figures noted down.

    Args:
        settings: `otel_endpoint` has to be set. The SDK's other variables (`OTEL_BSP_…`, `OTEL_TRACES_SAMPLER`, …) are
            the environment's.
    """

    def __init__(self, settings: Settings) -> None:
        for name in TALKATIVE:
            logging.getLogger(name).addFilter(_SELDOM)
        given = {SERVICE_NAME: settings.otel_service_name or NAME, SERVICE_INSTANCE_ID: str(uuid.uuid4())}
        resource = Resource.create(given).merge(OTELResourceDetector().detect())
        headers = parse_env_headers(settings.otel_headers or "", liberal=True)
        to = settings.otel_endpoint
        self._tracers = TracerProvider(resource=resource, shutdown_on_exit=False)
        self._tracers.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(f"{to}/v1/traces", headers=headers)))
        reader = PeriodicExportingMetricReader(OTLPMetricExporter(f"{to}/v1/metrics", headers=headers))
        self._meters = MeterProvider([reader], resource=resource, shutdown_on_exit=False)
        self.tracer = self._tracers.get_tracer(NAME)
        meter = self._meters.get_meter(NAME)
        self.call_seconds = meter.create_histogram(
            "gen_ai.client.operation.duration",
            "s",
            "Seconds a model's call took",
            explicit_bucket_boundaries_advisory=SECONDS,
        )
        self.first_chunk_seconds = meter.create_histogram(
            "gen_ai.client.operation.time_to_first_chunk",
            "s",
            "Seconds to a model's first word",
            explicit_bucket_boundaries_advisory=SECONDS,
        )
        self.tokens = meter.create_histogram(
            "gen_ai.client.token.usage", "{token}", "Tokens of a call", explicit_bucket_boundaries_advisory=TOKENS
        )
        self.request_seconds = meter.create_histogram(
            "http.server.request.duration",
            "s",
            "Seconds to the last byte of a response",
            explicit_bucket_boundaries_advisory=REQUEST_SECONDS,
        )

    def stop(self) -> None:
        """Send what there still is, for at most `STOP_S` seconds."""
        threads = [
            threading.Thread(target=each.shutdown, name="telemetry-stop", daemon=True)
            for each in (self._tracers, self._meters)
        ]
        for thread in threads:
            thread.start()
        end = time.monotonic() + STOP_S
        for thread in threads:
            thread.join(max(0.0, end - time.monotonic()))


class _Seldom(logging.Filter):
    """Lets the same be said once in `TOLD_EVERY_S`."""

    def __init__(self) -> None:
        super().__init__()
        self._said: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        at = time.monotonic()
        if at - self._said.get(str(record.msg), -TOLD_EVERY_S) < TOLD_EVERY_S:
            return False
        self._said[str(record.msg)] = at
        return True


_SELDOM = _Seldom()
