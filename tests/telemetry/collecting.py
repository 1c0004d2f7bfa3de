"""An OpenTelemetry collector as far as it takes in: OTLP over HTTP on loopback, its protobufs read."""

from __future__ import annotations

import gzip
import itertools
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

WITHIN_S = 15.0


@dataclass(frozen=True)
class Span:
    name: str
    kind: int
    trace_id: str
    span_id: str
    parent_id: str
    failed: bool
    attributes: dict[str, Any]
    resource: dict[str, Any]
    seconds: float


@dataclass(frozen=True)
class Point:
    """One histogram's data for one set of attributes."""

    name: str
    unit: str
    attributes: dict[str, Any]
    resource: dict[str, Any]
    count: int
    sum: float
    bounds: tuple[float, ...]


@dataclass
class Collecting:
    """What has come in.

    Attributes:
        raw: every body, to look for what must not be there.
    """

    url: str
    headers: list[dict[str, str]] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)
    metrics: list[list[Point]] = field(default_factory=list)
    came: threading.Condition = field(default_factory=threading.Condition)

    def wait(self, there: Callable[[list[Span]], bool]) -> list[Span]:
        """The spans, as soon as those that are there suffice."""
        with self.came:
            assert self.came.wait_for(lambda: there(self.spans), WITHIN_S), [span.name for span in self.spans]
            return list(self.spans)

    def named(self, start: str, count: int = 1) -> list[Span]:
        """`count` spans whose names begin so."""
        all_of_them = self.wait(lambda spans: sum(span.name.startswith(start) for span in spans) >= count)
        return [span for span in all_of_them if span.name.startswith(start)]

    def points(self, name: str, there: Callable[[list[Point]], bool] = bool) -> list[Point]:
        """The newest points of a histogram of each process, as soon as they suffice."""

        def newest() -> list[Point]:
            by_process = {
                (point.resource["service.instance.id"], tuple(sorted(point.attributes.items()))): point
                for points in self.metrics
                for point in points
                if point.name == name
            }
            return list(by_process.values())

        with self.came:
            assert self.came.wait_for(lambda: there(newest()), WITHIN_S), newest()
            return newest()

    def take(self, path: str, headers: dict[str, str], body: bytes) -> None:
        body = gzip.decompress(body) if headers.get("content-encoding") == "gzip" else body
        with self.came:
            self.headers.append(headers)
            self.raw.append(body)
            if path == "/v1/traces":
                self.spans += _spans(ExportTraceServiceRequest.FromString(body))
            elif path == "/v1/metrics":
                self.metrics.append(_points(ExportMetricsServiceRequest.FromString(body)))
            self.came.notify_all()


@contextmanager
def collecting(
    answer: Callable[[BaseHTTPRequestHandler], None] | None = None,
) -> Iterator[Collecting]:
    """A collector, stopped at the end of the block.

    Args:
        answer: answers in place of what a collector does.
    """

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if answer is not None:
                answer(self)
                return
            into.take(self.path, {name.lower(): value for name, value in self.headers.items()}, body)
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_args: object) -> None:
            """Nothing is said."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    into = Collecting(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield into
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def mad(request: BaseHTTPRequestHandler) -> None:
    """Answers with what is no HTTP, with a page that says no, and then never while the test lasts."""
    match next(_TURNS):
        case 0:
            request.wfile.write(b"\x00\x01 this is no HTTP \xff" * 10)
        case 1:
            request.wfile.write(b"HTTP/1.1 400 No\r\nContent-Length: 7\r\n\r\n<html>?")
        case _:
            time.sleep(30)
    request.close_connection = True


_TURNS = itertools.count()


def _spans(request: ExportTraceServiceRequest) -> Iterator[Span]:
    for of_resource in request.resource_spans:
        resource = _values(of_resource.resource.attributes)
        for scope in of_resource.scope_spans:
            for span in scope.spans:
                assert not span.events, "an event may hold what was said"
                yield Span(
                    span.name,
                    span.kind,
                    span.trace_id.hex(),
                    span.span_id.hex(),
                    span.parent_span_id.hex(),
                    span.status.code == 2,
                    _values(span.attributes),
                    resource,
                    (span.end_time_unix_nano - span.start_time_unix_nano) / 1e9,
                )


def _points(request: ExportMetricsServiceRequest) -> list[Point]:
    return [
        Point(
            metric.name,
            metric.unit,
            _values(point.attributes),
            _values(of_resource.resource.attributes),
            point.count,
            point.sum,
            tuple(point.explicit_bounds),
        )
        for of_resource in request.resource_metrics
        for scope in of_resource.scope_metrics
        for metric in scope.metrics
        for point in metric.histogram.data_points
    ]


def _values(pairs: Any) -> dict[str, Any]:
    return {pair.key: _value(pair) for pair in pairs}


def _value(pair: KeyValue) -> Any:
    def plain(value: AnyValue) -> Any:
        kind = value.WhichOneof("value")
        if kind == "array_value":
            return [plain(each) for each in value.array_value.values]
        return getattr(value, kind)

    return plain(pair.value)
