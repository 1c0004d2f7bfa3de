"""What every request has in common, and the pages for those who run the server."""

from __future__ import annotations

import logging
import re
import time
import uuid
from pathlib import Path

import flask_openapi3_swagger
from flask import Flask, Response, g, jsonify, render_template, request, send_from_directory
from flask_cors import CORS
from werkzeug.exceptions import BadRequest
from werkzeug.sansio.utils import host_is_trusted

from routes import parsing
from routes.current import services
from routes.document import document
from routes.library_schemas import MAX_FILES, MAX_REQUEST_BYTES
from services.library.videos import MAX_BYTES as MAX_VIDEO_BYTES

log = logging.getLogger("access")

SWAGGER = Path(flask_openapi3_swagger.__file__).parent / "templates" / "swagger"

ONE_RANGE = re.compile(r"bytes\s*=\s*(\d+\s*-\s*\d*|-\s*\d+)", re.IGNORECASE)
SANE_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
COUNTED = frozenset({*METHODS, "HEAD"})
REQUEST_HEADERS = ["Content-Type", "Authorization", "X-Requested-With", "Idempotency-Key", "Last-Event-ID"]
RESPONSE_HEADERS = [
    "X-Request-ID",
    "X-Process-Time",
    "X-Response-Text",
    "X-Detected-Language",
    "X-Session-Id",
    "X-Conversation-Id",
    "X-Confidence",
    "X-Error-Message",
    "X-Error-Type",
    "X-Rate-Limit-Exceeded",
    "X-RateLimit-Limit",
    "X-RateLimit-Remaining",
    "X-RateLimit-Reset",
    "Retry-After",
    "Idempotent-Replayed",
]
ROOM = {
    "studio": 64 * 1024 * 1024,
    "gateway": 64 * 1024 * 1024,
    "images.upload": MAX_REQUEST_BYTES,
    "documents.upload": MAX_REQUEST_BYTES,
    "videos.upload": MAX_VIDEO_BYTES + 64 * 1024,
}
"""Bytes of a body on surfaces that take pictures in base64, two of 16 MB each, and where many files come at once."""
PARTS = {"images.upload": MAX_FILES + 100}
"""Parts of a form, where there may be more of them than usual."""
CSP = (
    "default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; object-src 'none'; "
    "base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
)


def init(app: Flask, origins: tuple[str, ...]) -> None:
    """Request ids, timing, access log, CORS and safety headers on every response."""
    CORS(
        app,
        origins=list(origins),
        methods=METHODS,
        allow_headers=REQUEST_HEADERS,
        expose_headers=RESPONSE_HEADERS,
        send_wildcard=origins == ("*",),
    )
    app.before_request(_begin)
    app.after_request(_end)
    if origins != ("*",):
        app.after_request(_vary_by_origin)
    app.add_url_rule("/healthz", view_func=healthz)
    app.add_url_rule("/metrics", view_func=metrics)
    app.add_url_rule("/docs", view_func=docs)
    app.add_url_rule("/docs/assets/<path:filename>", view_func=docs_asset)
    app.add_url_rule("/openapi.json", view_func=openapi)


def healthz() -> Response:
    """Alive: this process answers. Nothing else is looked at."""
    return jsonify({"status": "alive"})


def metrics() -> Response:
    return Response(services().metrics.text(), content_type="text/plain; version=0.0.4; charset=utf-8")


def docs() -> str:
    """The OpenAPI document to read and try."""
    return render_template("docs.html")


def docs_asset(filename: str) -> Response:
    """Swagger UI's own files, from its package."""
    return send_from_directory(SWAGGER, filename, max_age=86_400)


def openapi() -> Response:
    return jsonify(document())


def _begin() -> None:
    g.began = time.perf_counter()
    asked = request.headers.get("X-Request-ID", "")
    g.request_id = asked if SANE_ID.fullmatch(asked) else str(uuid.uuid4())
    services().start()
    room = ROOM.get(request.endpoint or "", ROOM.get(request.blueprint or ""))
    if room is not None:
        request.max_content_length = room
    request.max_form_parts = PARTS.get(request.endpoint or "", request.max_form_parts)
    parsing.expect_whole_body()
    if request.method != "GET" or not ONE_RANGE.fullmatch(request.headers.get("Range", "")):
        # The whole is the answer to any other range (RFC 9110, 14.2); Werkzeug would refuse it.
        request.environ.pop("HTTP_RANGE", None)
    named = request.environ.get("HTTP_HOST")
    # Werkzeug takes no underscore, which names inside a network may have.
    if named is not None and not host_is_trusted(named.replace("_", "-")):
        # It names no host that can be, and links would lead nowhere (RFC 9112, 3.2).
        raise BadRequest


def _vary_by_origin(response: Response) -> Response:
    """What is kept of an answer to one origin is none to another; flask-cors says so only to those it allows."""
    response.vary.add("Origin")
    return response


def _end(response: Response) -> Response:
    took = time.perf_counter() - g.began
    if response.status_code >= 400:
        parsing.discard_body()
    response.headers["X-Request-ID"] = g.request_id
    response.headers["X-Process-Time"] = f"{took:.4f}"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "same-origin"
    if response.mimetype == "text/html":
        response.headers.setdefault("Content-Security-Policy", CSP)
    endpoint = request.endpoint or "none"
    counted = services().metrics
    # Anything may be sent as a method, and each name of one would be kept for ever.
    method = request.method if request.method in COUNTED else "other"
    counted.answered(method, endpoint, response.status_code, took)
    if response.mimetype == "text/event-stream":
        counted.streams.inc()
        response.call_on_close(counted.streams.dec)
    log.info(
        "%s %s %d %.1f ms",
        request.method,
        # Percent-encoded as the client sent it: no line break or escape sequence reaches the log.
        request.environ.get("RAW_URI", request.path).split("?", 1)[0][:512].encode("unicode_escape").decode(),
        response.status_code,
        took * 1000,
        extra={
            "client": request.remote_addr,
            "endpoint": endpoint,
            "status": response.status_code,
            "milliseconds": round(took * 1000, 1),
            "request_id": g.request_id,
        },
    )
    return response
