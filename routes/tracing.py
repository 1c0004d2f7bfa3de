"""A span of every request, in the names of OpenTelemetry's HTTP conventions; imported only where a collector is set
(https://opentelemetry.io/docs/specs/semconv/http/)."""

from __future__ import annotations

import re
import time
from typing import Any

from flask import Flask, Response, g, request
from opentelemetry import context, trace
from opentelemetry.semconv.attributes import (
    client_attributes,
    error_attributes,
    http_attributes,
    server_attributes,
    url_attributes,
    user_agent_attributes,
)
from opentelemetry.trace import Span, SpanKind, StatusCode

from routes.ops import METHODS
from services.telemetry import TRACEPARENT, Telemetry

UNTOLD = frozenset({"healthz", "metrics"})
"""Endpoints that machines ask every few seconds."""
FIELDS = ("traceparent", "tracestate")
OTHER = "_OTHER"
PORT = re.compile(r":[0-9]*$")
REQUEST_ID = f"{http_attributes.HTTP_RESPONSE_HEADER_TEMPLATE}.x-request-id"


def init(app: Flask, telemetry: Telemetry) -> None:
    """Begin a span with each request, before anything else sees it, and end it with the last byte of the response."""
    seconds = telemetry.collector.request_seconds

    def begin() -> None:
        if request.endpoint in UNTOLD:
            return
        route = request.url_rule.rule if request.url_rule else None
        g.shared = _shared(route)
        method = g.shared[http_attributes.HTTP_REQUEST_METHOD]
        name = "HTTP" if method == OTHER else method
        parent = TRACEPARENT.extract({field: request.headers[field] for field in FIELDS if field in request.headers})
        g.span = telemetry.collector.tracer.start_span(
            f"{name} {route}" if route else name, parent, SpanKind.SERVER, g.shared | _alone()
        )
        g.within = context.attach(trace.set_span_in_context(g.span, parent))
        g.span_began = time.perf_counter()

    def end(response: Response) -> Response:
        if "span" in g:
            span, shared, began = g.span, g.shared, g.span_began
            _answered(span, shared, response.status_code, g.get("request_id"))

            def sent() -> None:
                seconds.record(time.perf_counter() - began, shared, trace.set_span_in_context(span))
                span.end()

            if request.url_rule and request.url_rule.websocket:
                sent()  # it is over, and nobody closes what is left of it
            else:
                response.call_on_close(sent)
        return response

    def leave(_error: BaseException | None) -> None:
        if "within" in g:
            context.detach(g.pop("within"))

    app.before_request(begin)
    app.after_request(end)
    app.teardown_request(leave)


def _shared(route: str | None) -> dict[str, Any]:
    """What the span and the figures are both told: nothing that a client can make up, or there would be figures of
    everything."""
    shared: dict[str, Any] = {
        http_attributes.HTTP_REQUEST_METHOD: request.method if request.method in (*METHODS, "HEAD") else OTHER,
        url_attributes.URL_SCHEME: "https" if request.is_secure else "http",
    }
    if route:
        shared[http_attributes.HTTP_ROUTE] = route
    return shared


def _alone() -> dict[str, Any]:
    """What the span alone is told. The query is left out: links are signed there."""
    return {
        server_attributes.SERVER_ADDRESS: PORT.sub("", request.host[:256]),
        url_attributes.URL_PATH: request.path,
        client_attributes.CLIENT_ADDRESS: request.remote_addr or "",
        user_agent_attributes.USER_AGENT_ORIGINAL: request.user_agent.string[:256],
    }


def _answered(span: Span, shared: dict[str, Any], status: int, request_id: str | None) -> None:
    shared[http_attributes.HTTP_RESPONSE_STATUS_CODE] = status
    span.set_attribute(http_attributes.HTTP_RESPONSE_STATUS_CODE, status)
    if request_id:
        span.set_attribute(REQUEST_ID, [request_id])
    if status >= 500:
        shared[error_attributes.ERROR_TYPE] = str(status)
        span.set_attribute(error_attributes.ERROR_TYPE, str(status))
        span.set_status(StatusCode.ERROR)
