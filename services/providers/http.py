"""The HTTP side that all cloud providers share: a client's settings, and one table from exception to ProviderError."""

from __future__ import annotations

import contextlib
import json
import logging
import math
import time
from collections.abc import Iterator, Mapping
from email.utils import parsedate_to_datetime
from typing import Any, Literal
from urllib.request import getproxies

import httpx2
import pydantic

from services.errors import (
    ProviderError,
    ProviderGarbage,
    ProviderRateLimited,
    ProviderRejected,
    ProviderTimeout,
    ProviderUnavailable,
)
from services.providers.config import OnRequest
from services.providers.sse import BrokenStream, SilentStream
from services.providers.transport import Urllib3Transport

log = logging.getLogger(__name__)

Fault = Literal["timeout", "unavailable", "rejected", "garbage", "status"]
FaultTable = tuple[tuple[type[Exception], Fault], ...]

CONNECT_TIMEOUT_S = 10.0
LONGEST_RETRY_AFTER_S = 3600.0
VENDOR_WORDS = 300

# The first row that an exception is an instance of decides; `status` goes by the vendor's HTTP status.
COMMON_FAULTS: FaultTable = (
    (httpx2.TimeoutException, "timeout"),
    (httpx2.HTTPStatusError, "status"),
    (httpx2.SSEError, "garbage"),
    (httpx2.DecodingError, "garbage"),
    (httpx2.TooManyRedirects, "garbage"),
    (httpx2.CookieConflict, "garbage"),
    (httpx2.UnsupportedProtocol, "rejected"),
    (httpx2.LocalProtocolError, "rejected"),
    (httpx2.InvalidURL, "rejected"),
    (httpx2.HTTPError, "unavailable"),
    (httpx2.StreamError, "unavailable"),
    (SilentStream, "timeout"),
    (TimeoutError, "timeout"),
    (OSError, "unavailable"),
    (BrokenStream, "garbage"),
    (json.JSONDecodeError, "garbage"),
    (UnicodeDecodeError, "garbage"),
    (pydantic.ValidationError, "garbage"),
)

# What vendors put into an error object inside a stream whose status was 200, as the status it would have had.
# OpenAI: https://platform.openai.com/docs/guides/error-codes; Anthropic: https://docs.anthropic.com/en/api/errors.
STATUS_OF_ERROR_TYPE = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "invalid_api_key": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "model_not_found": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "rate_limit_exceeded": 429,
    "insufficient_quota": 429,
    "api_error": 500,
    "server_error": 500,
    "timeout_error": 504,
    "overloaded_error": 529,
}


def timeouts(timeout: float) -> httpx2.Timeout:
    """`timeout` seconds for a byte to come; a connection must stand within `CONNECT_TIMEOUT_S` or that, if less."""
    return httpx2.Timeout(timeout, connect=min(timeout, CONNECT_TIMEOUT_S))


def http_client(timeout: float, on_request: OnRequest | None = None) -> httpx2.Client:
    """A pooled, thread-safe client for one vendor; `timeout` as in `timeouts`, `on_request` as in `ProviderConfig`."""
    return httpx2.Client(
        # Behind a proxy httpx2's own transport serves, which knows proxies.
        transport=None if getproxies() else Urllib3Transport(),
        timeout=timeouts(timeout),
        # The server's threads bound the calls at once; a pool limit would only make one call wait for another.
        limits=httpx2.Limits(max_connections=None, max_keepalive_connections=100, keepalive_expiry=30.0),
        # Compressing a stream of events makes every proxy on the way hold it back.
        headers={"Accept-Encoding": "identity"},
        follow_redirects=True,
        event_hooks={"request": [on_request]} if on_request else None,
    )


@contextlib.contextmanager
def provider_errors(provider: str, faults: FaultTable, secret: str | None = None) -> Iterator[None]:
    """Turn what an SDK or httpx2 raises inside the block, iteration included, into a `ProviderError`.

    Args:
        provider: name put on the error.
        faults: the SDK's own rows, looked at before `COMMON_FAULTS`.
        secret: the key, blotted out of the vendor's words where they are logged.

    Raises:
        ProviderError: without the vendor's words and with no cause attached, as those may hold the key; the words
            go to the log. Exceptions that are neither the SDK's nor httpx2's are bugs and pass through.
    """
    try:
        yield
    except ProviderError:
        raise
    except Exception as exc:
        error = provider_error(provider, exc, faults)
        if error is None:
            raise
        log.warning("%s: %s", provider, vendor_words(exc, secret))
        raise error from None


def provider_error(provider: str, exc: Exception, faults: FaultTable) -> ProviderError | None:
    """The error that stands for `exc`, or None if it is in no table."""
    fault = next((fault for kind, fault in (*faults, *COMMON_FAULTS) if isinstance(exc, kind)), None)
    match fault:
        case None:
            return None
        case "timeout":
            return ProviderTimeout("No answer within the time allowed.", provider=provider)
        case "unavailable":
            return ProviderUnavailable("No connection, or it broke off.", provider=provider)
        case "rejected":
            return ProviderRejected("The request could not be made with these settings.", provider=provider)
        case "garbage":
            return ProviderGarbage("The answer was not of the expected format.", provider=provider)
        case "status":
            return status_error(provider, status_of(exc), wait_of(exc))


def status_of(exc: Exception) -> int | None:
    """The HTTP status an SDK's exception carries, under whichever name."""
    for holder in (exc, getattr(exc, "response", None)):
        for field in ("status_code", "code"):
            value = getattr(holder, field, None)
            if isinstance(value, int):
                return value
    return None


def status_error(provider: str, status: int | None, wait: float | None = None) -> ProviderError:
    """The error for a vendor's HTTP status; None, 1xx to 3xx and nonsense are garbage."""
    kind: type[ProviderError]
    match status:
        case 429:
            kind, message = ProviderRateLimited, "Too many requests."
        case 401 | 403:
            kind, message = ProviderRejected, "The key was refused."
        case 404:
            kind, message = ProviderRejected, "There is no such model or address."
        case 408:
            kind, message = ProviderTimeout, "The vendor timed out."
        case int() if 400 <= status < 500:
            kind, message = ProviderRejected, f"The request was refused (status {status})."
        case int() if 500 <= status < 600:
            kind, message = ProviderUnavailable, f"The vendor failed (status {status})."
        case _:
            kind, message = ProviderGarbage, "The answer was not of the expected format."
    return kind(message, provider=provider, retry_after=wait, status=status)


def streamed_error(provider: str, error: Any, secret: str | None = None) -> ProviderError:
    """The error for an `error` object inside a stream that began with status 200.

    Args:
        error: the object as parsed; `code` or `type` may hold a status or a name of `STATUS_OF_ERROR_TYPE`.
    """
    fields = error if isinstance(error, dict) else {}
    log.warning("%s: error in the stream: %s", provider, blotted(json.dumps(error), secret))
    for value in (fields.get("code"), fields.get("type")):
        status = STATUS_OF_ERROR_TYPE.get(value) if isinstance(value, str) else value
        if isinstance(status, int) and 400 <= status < 600:
            return status_error(provider, status)
    return status_error(provider, 500)


def wait_of(exc: Exception) -> float | None:
    """Seconds a vendor asked to wait, in its answer's header or, as Google does, in a `google.rpc.RetryInfo`."""
    headers = getattr(getattr(exc, "response", None), "headers", None) or {}
    wait = retry_after(headers)
    match getattr(exc, "details", None):
        case {"error": {"details": [*details]}} if wait is None:
            delays = [detail.get("retryDelay") for detail in details if isinstance(detail, dict)]
            return next((retry_after({"retry-after": str(delay).removesuffix("s")}) for delay in delays if delay), None)
    return wait


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds a `Retry-After` header asks to wait (RFC 9110, 10.2.3: seconds or a date), at most an hour."""
    value = headers.get("retry-after")
    if value is None:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(value).timestamp() - time.time()
        except ValueError:
            return None
    return min(max(seconds, 0.0), LONGEST_RETRY_AFTER_S) if math.isfinite(seconds) else None


def vendor_words(exc: Exception, secret: str | None) -> str:
    """What an exception says, with its kind and that of its cause, fit for a log."""
    kinds = [type(each).__name__ for each in (exc, exc.__cause__) if each is not None]
    return blotted(f"{' of '.join(kinds)}: {exc}", secret)


def blotted(text: str, secret: str | None) -> str:
    """`text` on one line, cut to `VENDOR_WORDS` characters, without the key."""
    if secret:
        text = text.replace(secret, "[key]")
    return "".join(char if char.isprintable() else " " for char in text)[:VENDOR_WORDS]
