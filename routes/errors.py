"""The one table from what went wrong to an HTTP status, and the three shapes an error body has."""

from __future__ import annotations

import json
import logging
import re
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Literal

from flask import Flask, Response, jsonify, request
from gunicorn.http.errors import ParseException
from werkzeug.exceptions import BadRequest, HTTPException, RequestEntityTooLarge
from werkzeug.wrappers import Response as BaseResponse

from models.database import DatabaseUnavailable
from services import errors
from services.library.files import NO_ROOM

log = logging.getLogger(__name__)

Shape = Literal["openai", "detail", "problem"]

STATUS: dict[type[errors.AssistantError], int] = {
    errors.AssistantError: 500,
    errors.InvalidInput: 400,
    errors.WrongContentType: 415,
    errors.TooLarge: 413,
    errors.NotFound: 404,
    errors.Unauthorized: 401,
    errors.OriginRefused: 403,
    errors.KeyReused: 422,
    errors.Conflict: 409,
    errors.LimitExceeded: 429,
    errors.Interrupted: 503,
    errors.StorageUnavailable: 503,
    errors.NoWorker: 503,
    errors.ProviderError: 502,
    errors.ProviderTimeout: 504,
    errors.ProviderUnavailable: 503,
    errors.ProviderRateLimited: 503,
    errors.ProviderRejected: 502,
    errors.ProviderGarbage: 502,
}

TYPE = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}
"""OpenAI's names for kinds of errors; other 4xx are `invalid_request_error`, 5xx `server_error`."""

NAMES = {
    400: "invalid_request",
    404: "not_found",
    405: "method_not_allowed",
    408: "request_timeout",
    413: "request_too_large",
    414: "address_too_long",
    415: "unsupported_media_type",
    416: "range_not_satisfiable",
    417: "expectation_failed",
    429: "limit_exceeded",
    431: "headers_too_large",
    501: "not_implemented",
}
"""Codes of errors that the HTTP library raises."""

AGAIN_S = 5
"""Seconds after which to try again what one of this server's own parts could not do."""


def init(app: Flask) -> None:
    """Answer every error in the shape of the surface its path belongs to."""
    # An address with a slash too many is no other address: a redirect would be a page, and lose a POST's body.
    app.url_map.merge_slashes = False
    app.register_error_handler(errors.AssistantError, _known)
    app.register_error_handler(DatabaseUnavailable, _database)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(ParseException, lambda _error: _http(BadRequest()))
    app.register_error_handler(OSError, _system)
    app.register_error_handler(Exception, _unforeseen)


def status_of(error: errors.AssistantError) -> int:
    """The HTTP status of an error."""
    if isinstance(error, errors.AllProvidersFailed):
        return status_of(error.causes[-1])
    if (
        isinstance(error, errors.InvalidInput)
        and shape_here() == "problem"
        and not isinstance(error, errors.InvalidJSON)
    ):
        return 422
    return next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)


def shape_here() -> Shape:
    """The error shape of the surface that the request's path belongs to."""
    return shape_of(request.path)


def shape_of(path: str) -> Shape:
    """The error shape of the surface that a path belongs to."""
    if re.match(r"/api/v1(/|$)", path):
        return "detail"
    if re.match(r"/api/v2(/|$)", path):
        return "problem"
    return "openai"


def body(error: errors.AssistantError, status: int | None = None) -> dict[str, Any]:
    """The error body in the shape of the request's surface."""
    status = status or status_of(error)
    match shape_here():
        case "detail":
            return {"detail": error.message}
        case "problem":
            return _problem(error, status)
        case "openai":
            return openai_body(error.message, status, error.code, error.field)


def openai_body(message: str, status: int, code: str, param: str | None = None) -> dict[str, Any]:
    kind = "server_error" if status >= 500 else TYPE.get(status, "invalid_request_error")
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


def refusal(status: HTTPStatus) -> bytes:
    """The body for what cannot be read as a request, and so belongs to no surface."""
    code = NAMES.get(status, "internal_error" if status >= 500 else "invalid_request")
    return json.dumps(openai_body(_sentence(status), status, code)).encode()


def _problem(error: errors.AssistantError, status: int) -> dict[str, Any]:
    """RFC 9457."""
    context = dict(error.context)
    found = context.pop("errors", None)
    problem: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": error.message,
        "code": "VALIDATION_ERROR" if isinstance(error, errors.InvalidInput) and status == 422 else error.code.upper(),
    }
    if problem["code"] == "VALIDATION_ERROR":
        problem["errors"] = found or [{"field": error.field or "", "message": error.message}]
    if context:
        problem["context"] = context
    return problem


def _answer(error: errors.AssistantError, status: int) -> Response:
    response = jsonify(body(error, status))
    response.status_code = status
    if shape_here() == "problem":
        response.mimetype = "application/problem+json"
    if status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    if isinstance(error, errors.ProviderError):
        if error.retry_after is not None:
            response.headers["Retry-After"] = str(max(1, round(error.retry_after)))
    elif status == 503:
        response.headers["Retry-After"] = str(AGAIN_S)
    if isinstance(error, errors.LimitExceeded):
        response.headers.update(month_over(error.context))
    return response


def of_month(limit: int, used: int, reset_date: str) -> dict[str, str]:
    """The headers of a rate limit, for the limit of a month that ends at `reset_date` (ISO 8601)."""
    reset = datetime.fromisoformat(reset_date).replace(tzinfo=UTC).timestamp()
    return {
        "X-RateLimit-Limit": str(limit),
        "X-RateLimit-Remaining": str(max(0, limit - used)),
        "X-RateLimit-Reset": str(round(reset)),
    }


def month_over(context: Mapping[str, Any]) -> dict[str, str]:
    """The headers of a refusal whose context tells of a month's limit; none for another."""
    if "reset_date" not in context:
        return {}
    told = of_month(context["monthly_limit"], context["monthly_limit"], context["reset_date"])
    return told | {"Retry-After": str(max(1, int(told["X-RateLimit-Reset"]) - round(time.time())))}


def _known(error: errors.AssistantError) -> Response:
    return _answer(error, status_of(error))


def _database(error: DatabaseUnavailable) -> Response:
    log.error("the database does not answer: %s", error)
    return _answer(errors.StorageUnavailable(errors.DATABASE_AWAY), 503)


def _http(error: HTTPException) -> BaseResponse:
    status = error.code or 500
    if error.response is not None or status < 400:
        return error.get_response()  # a ready response, or a redirect
    known = errors.AssistantError(_sentence(status), code=_code(error, status))
    response = _answer(known, status)
    for name, value in error.get_headers():
        if name in ("Allow", "Retry-After", "Content-Range"):
            response.headers[name] = value
    return response


def _code(error: HTTPException, status: int) -> str:
    if isinstance(error, RequestEntityTooLarge) and request.path == "/upload":
        return "file_too_large"
    return NAMES.get(status, "internal_error" if status >= 500 else "invalid_request")


def _sentence(status: int) -> str:
    """Words of this program's own: a library's may hold a path or a decoder's message."""
    words = {
        400: "The request cannot be read.",
        404: "There is nothing at this address.",
        405: "This address does not take this method.",
        408: "The request did not arrive in time.",
        413: "The request is too large.",
        414: "The address is too long.",
        415: "The request's content type is not read here.",
        416: "The file does not reach this range.",
        417: "The request expects what this server does not do.",
        429: "Too many requests. Please wait.",
        431: "The request's headers are too large.",
        501: "The request is coded in a way that is not read here.",
    }
    return words.get(status, "Something went wrong." if status >= 500 else "The request cannot be answered.")


def _system(error: OSError) -> Response:
    if error.errno not in NO_ROOM:
        return _unforeseen(error)
    log.error("there is no room on the disk: %s", error.strerror)
    return _answer(errors.StorageUnavailable("There is no room for the request now. Please try again."), 503)


def _unforeseen(error: Exception) -> Response:
    log.exception("a request failed on something nobody foresaw", exc_info=error)
    return _answer(errors.AssistantError("Something went wrong."), 500)
